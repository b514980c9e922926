//! The loop around a model, a loss, an optimizer and data, with what people hang into it.
//!
//! ```
//! use pullback::data::Batches;
//! use pullback::optim::Adam;
//! use pullback::train::{EarlyStopping, Trainer};
//! use pullback::{Differentiable, differentiable};
//!
//! #[derive(Differentiable)]
//! struct Line {
//!     slope: f64,
//!     offset: f64,
//! }
//!
//! #[differentiable(wrt(line))]
//! fn loss(line: &Line, x: &[f64], y: &[f64]) -> f64 {
//!     x.iter().zip(y).map(|(x, y)| (line.slope * x + line.offset - y).powi(2)).sum::<f64>() / x.len() as f64
//! }
//!
//! let x: Vec<f64> = (0..100).map(|i| f64::from(i) / 50.0 - 1.0).collect();
//! let y: Vec<f64> = x.iter().map(|x| 3.0 * x + 1.0).collect();
//!
//! let mut line = Line { slope: 0.0, offset: 0.0 };
//! let history = Trainer::new(Adam::new(0.05))
//!     .epochs(500)
//!     .batches(Batches::shuffled(100, 20, 1))
//!     .on_epoch(EarlyStopping::new(10))
//!     .fit(&mut line, &(x, y), |line, (x, y)| loss::value_and_grad(line, x, y))?;
//! assert!((line.slope - 3.0).abs() < 1e-2 && (line.offset - 1.0).abs() < 1e-2);
//! assert!(history.last() < history.first());
//! # Ok::<(), pullback::train::TrainError>(())
//! ```
//!
//! A plain loop is as short; the trainer is for what comes on top. A callback is anything that implements [`Callback`]; closures
//! that take an [`Epoch`] and a model do.

mod callbacks;
#[cfg(feature = "indicatif")]
mod progress;

use std::fmt;

#[cfg(feature = "safetensors")]
pub use callbacks::Checkpoints;
pub use callbacks::{Callback, EarlyStopping, Epoch, Flow};
#[cfg(feature = "indicatif")]
pub use progress::Progress;

use crate::DeviceError;
use crate::data::{Batches, Rows};
use crate::leaves::{Leaves, LeavesMut};
use crate::optim::{LeafError, Optimizer, Schedule};

/// Trains models: see the [module](self).
pub struct Trainer<'a, M, O> {
    optimizer: O,
    epochs: u64,
    batches: Option<Batches>,
    schedule: Option<Box<dyn Schedule + 'a>>,
    validation: Option<Validation<'a, M>>,
    callbacks: Vec<Box<dyn Callback<M, O> + 'a>>,
}

/// The loss of a model on data that it is not trained on.
type Validation<'a, M> = Box<dyn FnMut(&M) -> f64 + 'a>;

impl<M, O: fmt::Debug> fmt::Debug for Trainer<'_, M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("optimizer", &self.optimizer)
            .field("epochs", &self.epochs)
            .finish_non_exhaustive()
    }
}

/// Why training ended early with an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// Parameters and gradient do not fit.
    Leaf(LeafError),
    /// The loss or its gradient could not be computed on a device.
    Device(DeviceError),
    /// The loss is not finite. The model is as it was before the batch.
    Loss {
        /// The epoch, counted from 0.
        epoch: u64,
        /// The loss.
        loss: f64,
    },
    /// A callback failed.
    Callback(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::Leaf(error) => error.fmt(f),
            TrainError::Device(error) => error.fmt(f),
            TrainError::Loss { epoch, loss } => {
                write!(f, "the loss is {loss} in epoch {epoch}: the learning rate may be too large")
            }
            TrainError::Callback(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TrainError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TrainError::Leaf(error) => Some(error),
            TrainError::Device(error) => Some(error),
            TrainError::Callback(error) => Some(&**error),
            TrainError::Loss { .. } => None,
        }
    }
}

impl<'a, M: LeavesMut, O: Optimizer> Trainer<'a, M, O> {
    /// One epoch over all data at once.
    pub fn new(optimizer: O) -> Trainer<'a, M, O> {
        Trainer {
            optimizer,
            epochs: 1,
            batches: None,
            schedule: None,
            validation: None,
            callbacks: Vec::new(),
        }
    }

    /// How many epochs to train for.
    #[must_use]
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.epochs = epochs;
        self
    }

    /// Takes the data in batches. They must be made for as many rows as the data have.
    #[must_use]
    pub fn batches(mut self, batches: Batches) -> Self {
        self.batches = Some(batches);
        self
    }

    /// Sets the learning rate at the beginning of each epoch.
    #[must_use]
    pub fn schedule(mut self, schedule: impl Schedule + 'a) -> Self {
        self.schedule = Some(Box::new(schedule));
        self
    }

    /// Finds the loss on other data after each epoch; early stopping looks at it.
    #[must_use]
    pub fn validate(mut self, loss: impl FnMut(&M) -> f64 + 'a) -> Self {
        self.validation = Some(Box::new(loss));
        self
    }

    /// Calls something after each epoch, in the order in which it was added.
    #[must_use]
    pub fn on_epoch(mut self, callback: impl Callback<M, O> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// The optimizer, for loading a checkpoint into it before training goes on.
    pub fn optimizer_mut(&mut self) -> &mut O {
        &mut self.optimizer
    }

    /// Trains the model. `step` returns value and gradient of the loss for a batch, which has the type of the data.
    ///
    /// Returns the mean loss over the batches of each epoch.
    ///
    /// # Errors
    /// If gradient and model do not fit, the loss is not finite, or a callback fails.
    pub fn fit<D: Rows, L: Into<f64>, G: Leaves>(
        &mut self,
        model: &mut M,
        data: &D,
        mut step: impl FnMut(&M, &D) -> (L, G),
    ) -> Result<History, TrainError> {
        self.try_fit(model, data, |model, batch| Ok(step(model, batch)))
    }

    /// As [`fit`](Trainer::fit), with a step that may fail: of a model that is on a [device](crate::Device).
    ///
    /// ```
    /// use pullback::optim::Adam;
    /// use pullback::train::Trainer;
    /// use pullback::{Device, Differentiable, differentiable};
    ///
    /// #[derive(Differentiable)]
    /// struct Line {
    ///     slope: f64,
    ///     offset: f64,
    /// }
    ///
    /// #[differentiable(wrt(line))]
    /// fn loss(line: &Line, x: &[f64], y: &[f64]) -> f64 {
    ///     x.iter().zip(y).map(|(x, y)| (line.slope * x + line.offset - y).powi(2)).sum()
    /// }
    ///
    /// let device = Device::best();
    /// let mut line = Line { slope: 0.0, offset: 0.0 }.to(&device)?;
    /// let data = (vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]);
    /// Trainer::new(Adam::new(0.1)).epochs(500).try_fit(&mut line, &data, |line, (x, y)| {
    ///     loss::on(&device).value_and_grad(line, x, y)
    /// })?;
    /// assert!((line.to_host()?.slope - 2.0).abs() < 1e-2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`fit`](Trainer::fit), and those of the step.
    pub fn try_fit<D: Rows, L: Into<f64>, G: Leaves>(
        &mut self,
        model: &mut M,
        data: &D,
        mut step: impl FnMut(&M, &D) -> Result<(L, G), DeviceError>,
    ) -> Result<History, TrainError> {
        let mut history = History { losses: Vec::new() };
        let mut buffer = data.take_rows(&[]);
        for epoch in 0..self.epochs {
            if let Some(schedule) = &self.schedule {
                self.optimizer.set_learning_rate(schedule.rate(epoch));
            }
            let loss = self.epoch(epoch, model, (data, &mut buffer), &mut step)?;
            history.losses.push(loss);
            let seen = Epoch {
                number: epoch,
                epochs: self.epochs,
                loss,
                validation: self.validation.as_mut().map(|loss| loss(model)),
                learning_rate: self.optimizer.learning_rate(),
            };
            if self.tell(&seen, model)? == Flow::Stop {
                break;
            }
        }
        for callback in &mut self.callbacks {
            callback.end(model, &self.optimizer).map_err(TrainError::Callback)?;
        }
        Ok(history)
    }

    /// One pass over the data; returns the mean loss of its batches.
    fn epoch<D: Rows, L: Into<f64>, G: Leaves>(
        &mut self,
        epoch: u64,
        model: &mut M,
        (data, buffer): (&D, &mut D),
        step: &mut impl FnMut(&M, &D) -> Result<(L, G), DeviceError>,
    ) -> Result<f64, TrainError> {
        let count = self.batches.as_ref().map_or(1, Batches::per_epoch);
        let mut sum = 0.0;
        for _ in 0..count {
            let batch = match &mut self.batches {
                Some(batches) => {
                    data.take_rows_into(batches.next_batch(), buffer);
                    &*buffer
                }
                None => data,
            };
            let (loss, grad) = step(model, batch).map_err(TrainError::Device)?;
            let loss = loss.into();
            if !loss.is_finite() {
                return Err(TrainError::Loss { epoch, loss });
            }
            self.optimizer.update(model, &grad).map_err(TrainError::Leaf)?;
            sum += loss;
        }
        Ok(sum / count as f64)
    }

    /// Calls all callbacks, even if one of them wants to stop.
    fn tell(&mut self, epoch: &Epoch, model: &M) -> Result<Flow, TrainError> {
        let mut flow = Flow::Continue;
        for callback in &mut self.callbacks {
            if callback.epoch(epoch, model, &self.optimizer).map_err(TrainError::Callback)? == Flow::Stop {
                flow = Flow::Stop;
            }
        }
        Ok(flow)
    }
}

/// The losses of the epochs.
#[derive(Clone, PartialEq, Debug)]
pub struct History {
    /// The mean loss over the batches of each epoch.
    pub losses: Vec<f64>,
}

impl History {
    /// The first epoch's loss; NaN if there was no epoch.
    #[must_use]
    pub fn first(&self) -> f64 {
        self.losses.first().copied().unwrap_or(f64::NAN)
    }

    /// The last epoch's loss; NaN if there was no epoch.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.losses.last().copied().unwrap_or(f64::NAN)
    }
}
