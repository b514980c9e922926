//! What happens after an epoch.

use std::error::Error;

/// What there is to know after an epoch.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Epoch {
    /// Its number, counted from 0.
    pub number: u64,
    /// How many epochs there will be.
    pub epochs: u64,
    /// The mean loss over its batches.
    pub loss: f64,
    /// The loss on other data, if it is asked for.
    pub validation: Option<f64>,
    /// The learning rate.
    pub learning_rate: f64,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Flow {
    Continue,
    Stop,
}

/// Something that is called after each epoch.
pub trait Callback<M, O> {
    /// An epoch is over.
    ///
    /// # Errors
    /// Whatever went wrong; training ends with it.
    fn epoch(
        &mut self,
        epoch: &Epoch,
        model: &M,
        optimizer: &O,
    ) -> Result<Flow, Box<dyn Error + Send + Sync>>;

    /// The last epoch is over, whatever ended it but an error.
    ///
    /// # Errors
    /// Whatever went wrong.
    fn end(&mut self, _model: &M, _optimizer: &O) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

/// A closure that looks.
impl<M, O, F: FnMut(&Epoch, &M)> Callback<M, O> for F {
    fn epoch(&mut self, epoch: &Epoch, model: &M, _: &O) -> Result<Flow, Box<dyn Error + Send + Sync>> {
        self(epoch, model);
        Ok(Flow::Continue)
    }
}

/// Stops when the loss has not fallen for some epochs: the one on other data, if the trainer finds that.
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    patience: u64,
    least: f64,
    best: f64,
    waited: u64,
}

impl EarlyStopping {
    /// Stops after `patience` epochs without a new lowest loss.
    #[must_use]
    pub fn new(patience: u64) -> EarlyStopping {
        EarlyStopping { patience, least: 0.0, best: f64::INFINITY, waited: 0 }
    }

    /// By how much the loss must fall below the lowest one to count; 0 at first.
    #[must_use]
    pub fn at_least(self, least: f64) -> EarlyStopping {
        EarlyStopping { least, ..self }
    }
}

impl<M, O> Callback<M, O> for EarlyStopping {
    fn epoch(&mut self, epoch: &Epoch, _: &M, _: &O) -> Result<Flow, Box<dyn Error + Send + Sync>> {
        let loss = epoch.validation.unwrap_or(epoch.loss);
        if loss < self.best - self.least {
            (self.best, self.waited) = (loss, 0);
        } else {
            self.waited += 1;
        }
        Ok(if self.waited >= self.patience { Flow::Stop } else { Flow::Continue })
    }
}

/// Saves a [checkpoint](crate::storage::save_checkpoint) every so many epochs, and at the end.
#[cfg(feature = "safetensors")]
#[derive(Clone, Debug)]
pub struct Checkpoints {
    path: std::path::PathBuf,
    every: u64,
}

#[cfg(feature = "safetensors")]
impl Checkpoints {
    /// Writes to `path` every `every` epochs.
    ///
    /// # Panics
    /// If `every` is 0.
    #[must_use]
    pub fn new(path: impl Into<std::path::PathBuf>, every: u64) -> Checkpoints {
        assert!(every > 0, "Checkpoints: one every 0 epochs");
        Checkpoints { path: path.into(), every }
    }
}

#[cfg(feature = "safetensors")]
impl<M: crate::Leaves, O: crate::optim::Optimizer> Callback<M, O> for Checkpoints {
    fn epoch(
        &mut self,
        epoch: &Epoch,
        model: &M,
        optimizer: &O,
    ) -> Result<Flow, Box<dyn Error + Send + Sync>> {
        if (epoch.number + 1).is_multiple_of(self.every) {
            crate::storage::save_checkpoint(&self.path, model, optimizer)?;
        }
        Ok(Flow::Continue)
    }

    fn end(&mut self, model: &M, optimizer: &O) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(crate::storage::save_checkpoint(&self.path, model, optimizer)?)
    }
}
