//! Optimizers, with the update rules of PyTorch.
//!
//! An optimizer walks over the [leaves](crate::leaves) of parameters and their gradient, keeps what it remembers in the same
//! shapes, and updates each leaf in one pass.
//!
//! ```
//! use pullback::differentiable;
//! use pullback::optim::Sgd;
//!
//! #[differentiable(wrt(a, b))]
//! fn loss(a: f64, b: f64, x: &[f64], y: &[f64]) -> f64 {
//!     x.iter().zip(y).map(|(x, y)| (a + b * x - y).powi(2)).sum()
//! }
//!
//! let (x, y) = ([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0]);
//! let (mut a, mut b) = (0.0, 0.0);
//! let mut optimizer = Sgd::new(0.02).momentum(0.5);
//! for _ in 0..300 {
//!     let grad = loss::grad(a, b, &x, &y);
//!     optimizer.step((&mut a, &mut b), &grad);
//! }
//! assert!((a - 1.0).abs() < 1e-9 && (b - 2.0).abs() < 1e-9);
//! ```
//!
//! Parameters are whatever has leaves: `&mut model` for a struct that derives `Differentiable`, `&mut w` for an array or a matrix,
//! a tuple of such references. The gradient is what `grad` returned, its leaves in the same order.
//!
//! Parameters on a [device](crate::Device) change there, with the same bits as on the CPU, and what the optimizer remembers is there too. A tensor that
//! shares its memory with another is copied first.

mod adagrad;
mod adam;
mod clip;
mod compare;
mod error;
#[cfg(feature = "cuda")]
mod gpu;
mod rates;
mod rmsprop;
#[doc(hidden)]
pub mod rules;
mod schedule;
mod sgd;
mod state;
mod update;

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use clip::{clip_norm, clip_norm_queued, clip_value};
pub use error::LeafError;
pub use rmsprop::RmsProp;
pub use schedule::{Cosine, Exponential, Schedule, StepDecay};
pub use sgd::Sgd;
pub use state::State;

use rates::Rates;

/// The rules, for whoever makes their kernels.
#[doc(hidden)]
pub mod all_rules {
    pub use super::adagrad::Sum;
    pub use super::adam::{Largest, Moments};
    pub use super::rmsprop::{Centered, CenteredMomentum, Root, WithMomentum};
    pub use super::sgd::{Dampened, Descent, Momentum};
}

use crate::leaves::{Leaves, LeavesMut};

/// An update rule with what it remembers.
///
/// Generic code takes `&mut impl Optimizer` or `&mut dyn Optimizer`; [`step`](Optimizer::step) is what loops call.
pub trait Optimizer {
    /// Updates the parameters once. Nothing changes if an error is returned.
    ///
    /// # Errors
    /// If leaves of parameters and gradient differ in number, shape, type or order, or are not those of the steps before.
    fn update(&mut self, params: &mut dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError>;

    /// Makes room for what the rule remembers of these parameters, as the first step does: for loading.
    fn prepare(&mut self, params: &dyn Leaves);

    /// The learning rate of the next step.
    fn learning_rate(&self) -> f64;

    /// Changes the learning rate, of all steps from the next on, also of those that a [`Recording`](crate::Recording) has
    /// recorded. While one records, this is an error of the recording: the rate is set between its runs, or all
    /// [`rates`](Sgd::rates) are known from the start.
    fn set_learning_rate(&mut self, rate: f64);

    /// The number of steps and what the rule remembers.
    fn state(&self) -> &State;

    /// The state, to be changed.
    fn state_mut(&mut self) -> &mut State;

    /// Updates the parameters once.
    ///
    /// # Errors
    /// As [`update`](Optimizer::update).
    fn try_step(&mut self, mut params: impl LeavesMut, grad: &(impl Leaves + ?Sized)) -> Result<(), LeafError>
    where
        Self: Sized,
    {
        self.update(&mut params, &grad)
    }

    /// Updates the parameters once.
    ///
    /// # Panics
    /// Where [`update`](Optimizer::update) returns an error.
    #[track_caller]
    fn step(&mut self, params: impl LeavesMut, grad: &(impl Leaves + ?Sized))
    where
        Self: Sized,
    {
        if let Err(error) = self.try_step(params, grad) {
            panic!("{error}");
        }
    }
}

/// The parts of an optimizer that all have in common: fields `rate` and `state`, and methods that need no trait.
macro_rules! common {
    ($t:ident) => {
        impl $t {
            /// Updates the parameters once.
            ///
            /// # Panics
            /// If leaves of parameters and gradient differ in number, shape, type or order, or are not those of the steps
            /// before.
            #[track_caller]
            pub fn step(&mut self, params: impl $crate::LeavesMut, grad: &(impl $crate::Leaves + ?Sized)) {
                $crate::optim::Optimizer::step(self, params, grad);
            }

            /// Updates the parameters once.
            ///
            /// # Errors
            /// Where [`step`](Self::step) panics; then nothing has changed.
            pub fn try_step(
                &mut self,
                params: impl $crate::LeavesMut,
                grad: &(impl $crate::Leaves + ?Sized),
            ) -> Result<(), $crate::optim::LeafError> {
                $crate::optim::Optimizer::try_step(self, params, grad)
            }

            /// The learning rate of each step, counted as [`State::steps`](crate::optim::State::steps) does: step k takes
            /// `rates[k]`, and those after the last take the last. A [`Schedule`](crate::optim::Schedule) has
            /// [`per_step`](crate::optim::Schedule::per_step). On a GPU the rates lie there, so that recorded steps find
            /// theirs.
            ///
            /// # Panics
            /// If there are none.
            #[must_use]
            #[track_caller]
            pub fn rates(self, rates: &[f64]) -> $t {
                $t { rates: $crate::optim::rates::Rates::new(rates), ..self }
            }

            /// The learning rate of the next step.
            #[must_use]
            pub fn learning_rate(&self) -> f64 {
                self.rates.at(self.state.steps())
            }

            /// Changes the learning rate, of all steps from the next on, also of those that a
            /// [`Recording`](crate::Recording) has recorded: see [`Optimizer`](crate::optim::Optimizer).
            pub fn set_learning_rate(&mut self, rate: f64) {
                self.rates = $crate::optim::rates::Rates::constant(rate);
                self.state.change_rates(&self.rates);
            }
        }
    };
}
use common;

/// The methods of [`Optimizer`] that all implement alike.
macro_rules! methods {
    () => {
        fn learning_rate(&self) -> f64 {
            self.rates.at(self.state.steps())
        }
        fn set_learning_rate(&mut self, rate: f64) {
            self.rates = $crate::optim::rates::Rates::constant(rate);
            self.state.change_rates(&self.rates);
        }
        fn state(&self) -> &$crate::optim::State {
            &self.state
        }
        fn state_mut(&mut self) -> &mut $crate::optim::State {
            &mut self.state
        }
    };
}
use methods;
