//! Adagrad.

use super::rules::{Real, Rule, Shaped, shaped};
use super::{LeafError, Optimizer, Rates, State, common, methods};
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
    rates: Rates,
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
            rates: Rates::constant(rate),
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
            rate_decay: self.rate_decay,
            eps: self.eps,
            shaped: Shaped::new(self.maximize, self.weight_decay),
        };
        self.state.step(params, grad, (["sum"], self.initial_sum), (rule, &self.rates))
    }

    fn prepare(&mut self, params: &dyn Leaves) {
        self.state.prepare(params, &["sum"], self.initial_sum);
    }

    methods! {}
}

/// Adagrad.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    rate_decay: f64,
    eps: f64,
    shaped: Shaped,
}

impl Rule<1, 4, 1, 1> for Sum {
    const NAME: &'static str = "adagrad";
    fn constants(&self) -> [f64; 4] {
        let [a, b, c] = self.shaped.constants();
        [self.eps, a, b, c]
    }
    fn inputs(&self) -> [f64; 1] {
        [self.rate_decay]
    }
    fn schedule<T: Real>(&[decay]: &[T; 1], rate: T, steps: T) -> [T; 1] {
        [-rate / (T::of(1.0) + steps * decay)]
    }
    #[inline(always)]
    fn update<T: Real>(
        &[eps, a, b, c]: &[T; 4],
        &[rate]: &[T; 1],
        param: T,
        grad: T,
        [sum]: &mut [T; 1],
    ) -> T {
        let grad = shaped([a, b, c], param, grad);
        *sum = *sum + grad * grad;
        param + rate * (grad / (sum.sqrt() + eps))
    }
}
