//! Gradient descent.

use super::rules::{Real, Rule, Shaped, downhill, shaped, truth};
use super::{LeafError, Optimizer, Rates, State, common, methods};
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
    rates: Rates,
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
            rates: Rates::constant(rate),
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

    fn descent(&self) -> Descent {
        Descent { shaped: Shaped::new(self.maximize, self.weight_decay) }
    }

    fn momentum_rule(&self) -> Momentum {
        Momentum { descent: self.descent(), momentum: self.momentum, nesterov: self.nesterov }
    }
}

common! { Sgd }

impl Optimizer for Sgd {
    fn update(&mut self, params: &mut dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
        let (descent, momentum, slot) = (self.descent(), self.momentum_rule(), (["momentum_buffer"], 0.0));
        if self.momentum == 0.0 {
            self.state.step(params, grad, ([], 0.0), (descent, &self.rates))
        } else if self.dampening == 0.0 {
            self.state.step(params, grad, slot, (momentum, &self.rates))
        } else {
            let dampened = Dampened { momentum, fresh: 1.0 - self.dampening };
            self.state.step(params, grad, slot, (dampened, &self.rates))
        }
    }

    fn prepare(&mut self, params: &dyn Leaves) {
        let slots: &[_] = if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] };
        self.state.prepare(params, slots, 0.0);
    }

    methods! {}
}

/// Gradient descent.
#[derive(Clone, Copy, Debug)]
pub struct Descent {
    shaped: Shaped,
}

/// With momentum.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    descent: Descent,
    momentum: f64,
    nesterov: bool,
}

/// With less of the gradient in the momentum, after the first step.
#[derive(Clone, Copy, Debug)]
pub struct Dampened {
    momentum: Momentum,
    fresh: f64,
}

impl Rule<0, 3, 0, 1> for Descent {
    const NAME: &'static str = "descent";
    fn constants(&self) -> [f64; 3] {
        self.shaped.constants()
    }
    downhill! {}
    #[inline(always)]
    fn update<T: Real>(constants: &[T; 3], &[rate]: &[T; 1], param: T, grad: T, _: &mut [T; 0]) -> T {
        param + rate * shaped(*constants, param, grad)
    }
}

impl Momentum {
    #[inline(always)]
    fn go<T: Real>(
        [a, b, c, momentum, nesterov]: [T; 5],
        rate: T,
        param: T,
        grad: T,
        velocity: &mut T,
        take: impl Fn(T) -> T,
    ) -> T {
        let grad = shaped([a, b, c], param, grad);
        *velocity = momentum * *velocity + take(grad);
        param + rate * nesterov.choose(grad + momentum * *velocity, *velocity)
    }
}

impl Rule<1, 5, 0, 1> for Momentum {
    const NAME: &'static str = "momentum";
    fn constants(&self) -> [f64; 5] {
        let [a, b, c] = self.descent.constants();
        [a, b, c, self.momentum, truth(self.nesterov)]
    }
    downhill! {}
    #[inline(always)]
    fn update<T: Real>(
        constants: &[T; 5],
        &[rate]: &[T; 1],
        param: T,
        grad: T,
        [velocity]: &mut [T; 1],
    ) -> T {
        Momentum::go(*constants, rate, param, grad, velocity, |grad| grad)
    }
}

impl Rule<1, 5, 1, 2> for Dampened {
    const NAME: &'static str = "dampened";
    fn constants(&self) -> [f64; 5] {
        self.momentum.constants()
    }
    fn inputs(&self) -> [f64; 1] {
        [self.fresh]
    }
    fn schedule<T: Real>(&[fresh]: &[T; 1], rate: T, steps: T) -> [T; 2] {
        [-rate, steps.choose(fresh, T::of(1.0))]
    }
    #[inline(always)]
    fn update<T: Real>(
        constants: &[T; 5],
        &[rate, fresh]: &[T; 2],
        param: T,
        grad: T,
        [velocity]: &mut [T; 1],
    ) -> T {
        Momentum::go(*constants, rate, param, grad, velocity, |grad| fresh * grad)
    }
}
