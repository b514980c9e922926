//! RMSprop.

use super::sgd::decayed;
use super::update::{Real, Rule};
use super::{LeafError, Optimizer, State, common, methods};
use crate::leaves::{Leaves, LeavesMut};

/// Steps divided by the root of the gradient's mean square: `torch.optim.RMSprop`.
///
/// `s ← α s + (1 - α) g²` and `p ← p - rate g / (√s + ε)`. Centered, the running mean of the gradient, squared, is taken off
/// `s`; with momentum, `v ← momentum v + g / (√s + ε)` and `p ← p - rate v`.
///
/// ```
/// use pullback::optim::RmsProp;
///
/// let mut optimizer = RmsProp::new(0.1).alpha(0.75).eps(0.0);
/// let mut w = 1.0;
/// optimizer.step(&mut w, &0.3);
/// assert!((w - 0.8f64).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct RmsProp {
    rate: f64,
    alpha: f64,
    eps: f64,
    momentum: f64,
    weight_decay: f64,
    centered: bool,
    maximize: bool,
    state: State,
}

impl RmsProp {
    /// α = 0.99, ε = 1e-8, without momentum, not centered.
    #[must_use]
    pub fn new(rate: f64) -> RmsProp {
        RmsProp {
            rate,
            alpha: 0.99,
            eps: 1e-8,
            momentum: 0.0,
            weight_decay: 0.0,
            centered: false,
            maximize: false,
            state: State::default(),
        }
    }

    /// How much of the running mean is kept each step; 0.99 at first.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> RmsProp {
        RmsProp { alpha, ..self }
    }

    /// What is added to the root; 1e-8 at first.
    #[must_use]
    pub fn eps(self, eps: f64) -> RmsProp {
        RmsProp { eps, ..self }
    }

    /// How much of the last step goes into the next; 0 at first.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> RmsProp {
        RmsProp { momentum, ..self }
    }

    /// What multiple of the parameter is added to its gradient; 0 at first.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> RmsProp {
        RmsProp { weight_decay, ..self }
    }

    /// Whether to divide by the root of the variance instead of the mean square.
    #[must_use]
    pub fn centered(self, centered: bool) -> RmsProp {
        RmsProp { centered, ..self }
    }

    /// Whether to go uphill.
    #[must_use]
    pub fn maximize(self, maximize: bool) -> RmsProp {
        RmsProp { maximize, ..self }
    }

    fn slots(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum == 0.0) {
            (false, true) => &["square_avg"],
            (false, false) => &["square_avg", "momentum_buffer"],
            (true, true) => &["square_avg", "grad_avg"],
            (true, false) => &["square_avg", "grad_avg", "momentum_buffer"],
        }
    }
}

common! { RmsProp }

impl Optimizer for RmsProp {
    fn update(&mut self, params: &mut dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
        let root = Root {
            rate: -self.rate,
            sign: if self.maximize { -1.0 } else { 1.0 },
            alpha: self.alpha,
            eps: self.eps,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
        };
        match *self.slots() {
            [a] => self.state.step(params, grad, ([a], 0.0), root),
            [a, b, c] => self.state.step(params, grad, ([a, b, c], 0.0), root),
            [a, b] if self.centered => self.state.step(params, grad, ([a, b], 0.0), Centered(root)),
            [a, b] => self.state.step(params, grad, ([a, b], 0.0), WithMomentum(root)),
            _ => unreachable!("one to three slots"),
        }
    }

    fn prepare(&mut self, params: &dyn Leaves) {
        self.state.prepare(params, self.slots(), 0.0);
    }

    methods! {}
}

#[derive(Clone, Copy)]
struct Root {
    rate: f64,
    sign: f64,
    alpha: f64,
    eps: f64,
    momentum: f64,
    weight_decay: f64,
}

impl Root {
    /// The gradient with its sign and decay.
    #[inline(always)]
    fn gradient<T: Real>(&self, param: T, grad: T) -> T {
        decayed(param, T::of(self.sign) * grad, self.weight_decay)
    }

    #[inline(always)]
    fn square<T: Real>(&self, square: T, grad: T) -> T {
        T::of(self.alpha) * square + T::of(1.0 - self.alpha) * (grad * grad)
    }

    #[inline(always)]
    fn mean<T: Real>(&self, mean: T, grad: T) -> T {
        lerp(mean, grad, 1.0 - self.alpha)
    }

    #[inline(always)]
    fn direction<T: Real>(&self, grad: T, square: T) -> T {
        grad / (square.sqrt() + T::of(self.eps))
    }
}

/// The point at `weight` on the way from `a` to `b`, by the formula that is exact at the nearer end.
#[inline(always)]
pub(super) fn lerp<T: Real>(a: T, b: T, weight: f64) -> T {
    if weight < 0.5 { a + T::of(weight) * (b - a) } else { b - (b - a) * T::of(1.0 - weight) }
}

#[derive(Clone, Copy)]
struct Centered(Root);

#[derive(Clone, Copy)]
struct WithMomentum(Root);

impl Rule<1> for Root {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [square]: &mut [T; 1]) -> T {
        let grad = self.gradient(param, grad);
        *square = self.square(*square, grad);
        param + T::of(self.rate) * self.direction(grad, *square)
    }
}

impl Rule<2> for Centered {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [square, mean]: &mut [T; 2]) -> T {
        let grad = self.0.gradient(param, grad);
        *square = self.0.square(*square, grad);
        *mean = self.0.mean(*mean, grad);
        param + T::of(self.0.rate) * self.0.direction(grad, *square - *mean * *mean)
    }
}

impl Rule<2> for WithMomentum {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [square, velocity]: &mut [T; 2]) -> T {
        let grad = self.0.gradient(param, grad);
        *square = self.0.square(*square, grad);
        *velocity = T::of(self.0.momentum) * *velocity + self.0.direction(grad, *square);
        param + T::of(self.0.rate) * *velocity
    }
}

impl Rule<3> for Root {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [square, mean, velocity]: &mut [T; 3]) -> T {
        let grad = self.gradient(param, grad);
        *square = self.square(*square, grad);
        *mean = self.mean(*mean, grad);
        let direction = self.direction(grad, *square - *mean * *mean);
        *velocity = T::of(self.momentum) * *velocity + direction;
        param + T::of(self.rate) * *velocity
    }
}
