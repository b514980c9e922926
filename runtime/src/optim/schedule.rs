//! Learning rates that change from epoch to epoch.

/// A learning rate for each epoch.
///
/// ```
/// use pullback::optim::{Schedule, Sgd, StepDecay};
///
/// let schedule = StepDecay::new(0.1, 30, 0.5);
/// let mut optimizer = Sgd::new(schedule.rate(0));
/// for epoch in 0..60 {
///     optimizer.set_learning_rate(schedule.rate(epoch));
/// }
/// assert_eq!(optimizer.learning_rate(), 0.05);
/// ```
pub trait Schedule {
    /// The learning rate of an epoch, counted from 0.
    fn rate(&self, epoch: u64) -> f64;

    /// The rates of so many epochs of so many steps each, for [`rates`](super::Sgd::rates) of an optimizer.
    ///
    /// ```
    /// use pullback::optim::{Exponential, Schedule, Sgd};
    ///
    /// let rates = Exponential::new(1.0, 0.5).per_step(3, 2);
    /// assert_eq!(rates, [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
    /// let mut optimizer = Sgd::new(1.0).rates(&rates);
    /// let mut w = 4.0;
    /// for _ in 0..3 {
    ///     optimizer.step(&mut w, &1.0);
    /// }
    /// assert_eq!((w, optimizer.learning_rate()), (1.5, 0.5));
    /// ```
    fn per_step(&self, epochs: u64, steps: u64) -> Vec<f64> {
        (0..epochs).flat_map(|epoch| (0..steps).map(move |_| epoch)).map(|epoch| self.rate(epoch)).collect()
    }
}

/// Any function from an epoch to a rate is a schedule.
impl<F: Fn(u64) -> f64> Schedule for F {
    fn rate(&self, epoch: u64) -> f64 {
        self(epoch)
    }
}

/// Multiplies the rate by a factor every so many epochs: `torch.optim.lr_scheduler.StepLR`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StepDecay {
    initial: f64,
    every: u64,
    factor: f64,
}

impl StepDecay {
    /// From `initial`, by `factor` every `every` epochs.
    ///
    /// # Panics
    /// If `every` is 0.
    #[must_use]
    pub fn new(initial: f64, every: u64, factor: f64) -> StepDecay {
        assert!(every > 0, "StepDecay: a rate that changes every 0 epochs");
        StepDecay { initial, every, factor }
    }
}

impl Schedule for StepDecay {
    fn rate(&self, epoch: u64) -> f64 {
        self.initial * self.factor.powf((epoch / self.every) as f64)
    }
}

/// Multiplies the rate by a factor each epoch: `torch.optim.lr_scheduler.ExponentialLR`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Exponential {
    initial: f64,
    factor: f64,
}

impl Exponential {
    /// From `initial`, by `factor` each epoch.
    #[must_use]
    pub fn new(initial: f64, factor: f64) -> Exponential {
        Exponential { initial, factor }
    }
}

impl Schedule for Exponential {
    fn rate(&self, epoch: u64) -> f64 {
        self.initial * self.factor.powf(epoch as f64)
    }
}

/// Lowers the rate along half a cosine, then raises it again: `torch.optim.lr_scheduler.CosineAnnealingLR`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cosine {
    initial: f64,
    epochs: u64,
    minimum: f64,
}

impl Cosine {
    /// From `initial` to 0 in `epochs` epochs.
    ///
    /// # Panics
    /// If `epochs` is 0.
    #[must_use]
    pub fn new(initial: f64, epochs: u64) -> Cosine {
        assert!(epochs > 0, "Cosine: a rate that falls in 0 epochs");
        Cosine { initial, epochs, minimum: 0.0 }
    }

    /// The lowest rate; 0 at first.
    #[must_use]
    pub fn minimum(self, minimum: f64) -> Cosine {
        Cosine { minimum, ..self }
    }
}

impl Schedule for Cosine {
    fn rate(&self, epoch: u64) -> f64 {
        let angle = std::f64::consts::PI * epoch as f64 / self.epochs as f64;
        self.minimum + (self.initial - self.minimum) * (1.0 + angle.cos()) / 2.0
    }
}
