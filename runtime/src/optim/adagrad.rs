//! Adagrad.

use super::sgd::decayed;
use super::update::{Real, Rule};
use super::{LeafError, Optimizer, State, common, methods};
use crate::leaves::{Leaves, LeavesMut};

/// Steps divided by the root of the sum of all squared gradients: `torch.optim.Adagrad` (Duchi, Hazan and Singer, 2011).
///
/// `s ← s + g²` and `p ← p - rate / (1 + t · rate_decay) · g / (√s + ε)`, with t counted from 0.
///
/// ```
/// use pullback::optim::Adagrad;
///
/// let mut optimizer = Adagrad::new(0.5).initial_sum(0.75).eps(0.0);
/// let mut w = 1.0;
/// optimizer.step(&mut w, &0.5);
/// assert!((w - 0.75f64).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Adagrad {
    rate: f64,
    rate_decay: f64,
    eps: f64,
    initial_sum: f64,
    weight_decay: f64,
    maximize: bool,
    state: State,
}

impl Adagrad {
    /// ε = 1e-10, sums from 0.
    #[must_use]
    pub fn new(rate: f64) -> Adagrad {
        Adagrad {
            rate,
            rate_decay: 0.0,
            eps: 1e-10,
            initial_sum: 0.0,
            weight_decay: 0.0,
            maximize: false,
            state: State::default(),
        }
    }

    /// How fast the learning rate falls; 0 at first.
    #[must_use]
    pub fn rate_decay(self, rate_decay: f64) -> Adagrad {
        Adagrad { rate_decay, ..self }
    }

    /// What is added to the root; 1e-10 at first.
    #[must_use]
    pub fn eps(self, eps: f64) -> Adagrad {
        Adagrad { eps, ..self }
    }

    /// Where the sums of squares begin; 0 at first. No effect after the first step.
    #[must_use]
    pub fn initial_sum(self, initial_sum: f64) -> Adagrad {
        Adagrad { initial_sum, ..self }
    }

    /// What multiple of the parameter is added to its gradient; 0 at first.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Adagrad {
        Adagrad { weight_decay, ..self }
    }

    /// Whether to go uphill.
    #[must_use]
    pub fn maximize(self, maximize: bool) -> Adagrad {
        Adagrad { maximize, ..self }
    }
}

common! { Adagrad }

impl Optimizer for Adagrad {
    fn update(&mut self, params: &mut dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
        let rule = Sum {
            rate: -self.rate / (1.0 + self.state.steps() as f64 * self.rate_decay),
            eps: self.eps,
            sign: if self.maximize { -1.0 } else { 1.0 },
            weight_decay: self.weight_decay,
        };
        self.state.step(params, grad, (["sum"], self.initial_sum), rule)
    }

    fn prepare(&mut self, params: &dyn Leaves) {
        self.state.prepare(params, &["sum"], self.initial_sum);
    }

    methods! {}
}

#[derive(Clone, Copy)]
struct Sum {
    rate: f64,
    eps: f64,
    sign: f64,
    weight_decay: f64,
}

impl Rule<1> for Sum {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [sum]: &mut [T; 1]) -> T {
        let grad = decayed(param, T::of(self.sign) * grad, self.weight_decay);
        *sum = *sum + grad * grad;
        param + T::of(self.rate) * (grad / (sum.sqrt() + T::of(self.eps)))
    }
}
