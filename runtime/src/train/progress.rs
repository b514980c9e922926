//! A bar that shows how far training is.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Callback, Epoch, Flow};

/// A progress bar with loss and learning rate, on standard error. Where that is no terminal nothing is written.
///
/// For [`Trainer::on_epoch`](super::Trainer::on_epoch), or by hand in a loop of one's own:
///
/// ```
/// use pullback::train::Progress;
///
/// let progress = Progress::new(100);
/// for epoch in 0..100u64 {
///     progress.show(epoch + 1, 1.0 / (epoch + 1) as f64, 0.01);
/// }
/// progress.finish();
/// ```
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of `total` steps.
    #[must_use]
    pub fn new(total: u64) -> Progress {
        let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {eta} {msg}");
        let bar = ProgressBar::new(total).with_style(style.expect("the template is well formed"));
        Progress { bar }
    }

    /// So many steps are done.
    pub fn show(&self, done: u64, loss: f64, learning_rate: f64) {
        self.bar.set_message(message(loss, learning_rate));
        self.bar.set_position(done);
    }

    /// The bar stays as it is.
    pub fn finish(&self) {
        self.bar.abandon();
    }

    /// Whether nothing is written, since standard error is no terminal.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }
}

fn message(loss: f64, learning_rate: f64) -> String {
    format!("loss {loss:.6}, rate {learning_rate}")
}

impl<M, O> Callback<M, O> for Progress {
    fn epoch(&mut self, epoch: &Epoch, _: &M, _: &O) -> Result<Flow, Box<dyn Error + Send + Sync>> {
        self.bar.set_length(epoch.epochs);
        self.show(epoch.number + 1, epoch.loss, epoch.learning_rate);
        Ok(Flow::Continue)
    }

    fn end(&mut self, _: &M, _: &O) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal would show; elsewhere the bar keeps quiet.
    #[test]
    fn a_bar_knows_how_far_it_is() {
        use std::io::IsTerminal;
        let progress = Progress::new(10);
        progress.show(5, 0.25, 0.01);
        assert_eq!((progress.bar.position(), progress.bar.message()), (5, "loss 0.250000, rate 0.01".into()));
        progress.finish();
        assert!(progress.bar.is_finished());
        assert_eq!(progress.is_hidden(), !std::io::stderr().is_terminal());
    }
}
