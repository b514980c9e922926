//! Gradient descent.

use super::update::{Real, Rule};
use super::{LeafError, Optimizer, State, common, methods};
use crate::leaves::{Leaves, LeavesMut};

/// Gradient descent, with or without momentum: `torch.optim.SGD`.
///
/// With `g` the gradient plus `weight_decay` times the parameter, `v ← momentum v + (1 - dampening) g` (at the first step
/// `v = g`), and `p ← p - rate v`, or with Nesterov's rule `p ← p - rate (g + momentum v)`.
///
/// ```
/// use pullback::optim::Sgd;
///
/// let mut optimizer = Sgd::new(0.1).momentum(0.9).nesterov(true);
/// let mut w = [1.0f64, 2.0];
/// optimizer.step(&mut w, &[1.0, 0.0]);
/// assert!((w[0] - 0.81).abs() < 1e-15 && w[1] == 2.0);
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    rate: f64,
    momentum: f64,
    dampening: f64,
    weight_decay: f64,
    nesterov: bool,
    maximize: bool,
    state: State,
}

impl Sgd {
    /// Plain gradient descent.
    #[must_use]
    pub fn new(rate: f64) -> Sgd {
        Sgd {
            rate,
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            nesterov: false,
            maximize: false,
            state: State::default(),
        }
    }

    /// How much of the last step goes into the next; 0 at first.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Sgd {
        Sgd { momentum, ..self }
    }

    /// How much less of the gradient goes into the momentum; 0 at first.
    #[must_use]
    pub fn dampening(self, dampening: f64) -> Sgd {
        Sgd { dampening, ..self }
    }

    /// What multiple of the parameter is added to its gradient; 0 at first.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Sgd {
        Sgd { weight_decay, ..self }
    }

    /// Whether momentum is Nesterov's.
    #[must_use]
    pub fn nesterov(self, nesterov: bool) -> Sgd {
        Sgd { nesterov, ..self }
    }

    /// Whether to go uphill.
    #[must_use]
    pub fn maximize(self, maximize: bool) -> Sgd {
        Sgd { maximize, ..self }
    }

    fn rule(&self) -> Descent {
        Descent {
            rate: -self.rate,
            sign: if self.maximize { -1.0 } else { 1.0 },
            weight_decay: self.weight_decay,
            momentum: self.momentum,
            fresh: if self.state.steps() == 0 { 1.0 } else { 1.0 - self.dampening },
            nesterov: self.nesterov,
        }
    }
}

common! { Sgd }

impl Optimizer for Sgd {
    fn update(&mut self, params: &mut dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
        let rule = self.rule();
        if self.momentum == 0.0 {
            self.state.step(params, grad, ([], 0.0), rule)
        } else {
            self.state.step(params, grad, (["momentum_buffer"], 0.0), rule)
        }
    }

    fn prepare(&mut self, params: &dyn Leaves) {
        let slots: &[_] = if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] };
        self.state.prepare(params, slots, 0.0);
    }

    methods! {}
}

#[derive(Clone, Copy)]
struct Descent {
    rate: f64,
    sign: f64,
    weight_decay: f64,
    momentum: f64,
    fresh: f64,
    nesterov: bool,
}

impl Descent {
    #[inline(always)]
    fn gradient<T: Real>(&self, param: T, grad: T) -> T {
        decayed(param, T::of(self.sign) * grad, self.weight_decay)
    }
}

/// The gradient of a loss with a penalty on large parameters.
#[inline(always)]
pub(super) fn decayed<T: Real>(param: T, grad: T, weight_decay: f64) -> T {
    // a parameter that is not finite stays out of it where nothing decays
    if weight_decay == 0.0 { grad } else { grad + T::of(weight_decay) * param }
}

impl Rule<0> for Descent {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, _: &mut [T; 0]) -> T {
        param + T::of(self.rate) * self.gradient(param, grad)
    }
}

impl Rule<1> for Descent {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [velocity]: &mut [T; 1]) -> T {
        let (grad, momentum) = (self.gradient(param, grad), T::of(self.momentum));
        *velocity = momentum * *velocity + T::of(self.fresh) * grad;
        let direction = if self.nesterov { grad + momentum * *velocity } else { *velocity };
        param + T::of(self.rate) * direction
    }
}
