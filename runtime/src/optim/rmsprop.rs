//! RMSprop.

use super::rules::{Real, Rule, Shaped, downhill, lerp, shaped, weights};
use super::{LeafError, Optimizer, Rates, State, common, methods};
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
    rates: Rates,
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
            rates: Rates::constant(rate),
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
        let root =
            Root { alpha: self.alpha, eps: self.eps, shaped: Shaped::new(self.maximize, self.weight_decay) };
        let (rates, momentum) = (&self.rates, self.momentum);
        match *self.slots() {
            [a] => self.state.step(params, grad, ([a], 0.0), (root, rates)),
            [a, b, c] => {
                self.state.step(params, grad, ([a, b, c], 0.0), (CenteredMomentum { root, momentum }, rates))
            }
            [a, b] if self.centered => {
                self.state.step(params, grad, ([a, b], 0.0), (Centered { root }, rates))
            }
            [a, b] => self.state.step(params, grad, ([a, b], 0.0), (WithMomentum { root, momentum }, rates)),
            _ => unreachable!("one to three slots"),
        }
    }

    fn prepare(&mut self, params: &dyn Leaves) {
        self.state.prepare(params, self.slots(), 0.0);
    }

    methods! {}
}

/// RMSprop.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    alpha: f64,
    eps: f64,
    shaped: Shaped,
}

/// Divided by the root of the variance.
#[derive(Clone, Copy, Debug)]
pub struct Centered {
    root: Root,
}

/// With momentum.
#[derive(Clone, Copy, Debug)]
pub struct WithMomentum {
    root: Root,
    momentum: f64,
}

/// With both.
#[derive(Clone, Copy, Debug)]
pub struct CenteredMomentum {
    root: Root,
    momentum: f64,
}

/// The coefficients of [`Root`], and those of its mean.
const ROOT: usize = 6;
const CENTERED: usize = ROOT + 3;

impl Root {
    fn coefficients(&self) -> [f64; ROOT] {
        let [a, b, c] = self.shaped.constants();
        [a, b, c, self.eps, self.alpha, 1.0 - self.alpha]
    }

    fn centered(&self) -> [f64; CENTERED] {
        let [a, b, c, d, e, f] = self.coefficients();
        let [x, y, z] = weights(1.0 - self.alpha);
        [a, b, c, d, e, f, x, y, z]
    }

    /// The gradient with its sign and decay, taken into the mean of squares.
    #[inline(always)]
    fn take<T: Real>([a, b, c, _, alpha, rest]: [T; ROOT], param: T, grad: T, square: &mut T) -> T {
        let grad = shaped([a, b, c], param, grad);
        *square = alpha * *square + rest * (grad * grad);
        grad
    }

    /// The direction by the variance.
    #[inline(always)]
    fn direction<T: Real>(constants: [T; CENTERED], param: T, grad: T, square: &mut T, mean: &mut T) -> T {
        let [a, b, c, eps, e, f, x, y, z] = constants;
        let grad = Root::take([a, b, c, eps, e, f], param, grad, square);
        *mean = lerp([x, y, z], *mean, grad);
        grad / ((*square - *mean * *mean).sqrt() + eps)
    }
}

impl Rule<1, ROOT, 0, 1> for Root {
    const NAME: &'static str = "rmsprop";
    fn constants(&self) -> [f64; ROOT] {
        self.coefficients()
    }
    downhill! {}
    #[inline(always)]
    fn update<T: Real>(
        constants: &[T; ROOT],
        &[rate]: &[T; 1],
        param: T,
        grad: T,
        [square]: &mut [T; 1],
    ) -> T {
        let [_, _, _, eps, ..] = *constants;
        let grad = Root::take(*constants, param, grad, square);
        param + rate * (grad / (square.sqrt() + eps))
    }
}

impl Rule<2, CENTERED, 0, 1> for Centered {
    const NAME: &'static str = "rmsprop_centered";
    fn constants(&self) -> [f64; CENTERED] {
        self.root.centered()
    }
    downhill! {}
    #[inline(always)]
    fn update<T: Real>(
        constants: &[T; CENTERED],
        &[rate]: &[T; 1],
        param: T,
        grad: T,
        [square, mean]: &mut [T; 2],
    ) -> T {
        param + rate * Root::direction(*constants, param, grad, square, mean)
    }
}

impl Rule<2, { ROOT + 1 }, 0, 1> for WithMomentum {
    const NAME: &'static str = "rmsprop_momentum";
    fn constants(&self) -> [f64; ROOT + 1] {
        let [a, b, c, d, e, f] = self.root.coefficients();
        [a, b, c, d, e, f, self.momentum]
    }
    downhill! {}
    #[inline(always)]
    fn update<T: Real>(
        &[a, b, c, eps, e, f, momentum]: &[T; ROOT + 1],
        &[rate]: &[T; 1],
        param: T,
        grad: T,
        [square, velocity]: &mut [T; 2],
    ) -> T {
        let grad = Root::take([a, b, c, eps, e, f], param, grad, square);
        *velocity = momentum * *velocity + grad / (square.sqrt() + eps);
        param + rate * *velocity
    }
}

impl Rule<3, { CENTERED + 1 }, 0, 1> for CenteredMomentum {
    const NAME: &'static str = "rmsprop_centered_momentum";
    fn constants(&self) -> [f64; CENTERED + 1] {
        let [a, b, c, d, e, f, x, y, z] = self.root.centered();
        [a, b, c, d, e, f, x, y, z, self.momentum]
    }
    downhill! {}
    #[inline(always)]
    fn update<T: Real>(
        &[a, b, c, d, e, f, x, y, z, momentum]: &[T; CENTERED + 1],
        &[rate]: &[T; 1],
        param: T,
        grad: T,
        [square, mean, velocity]: &mut [T; 3],
    ) -> T {
        let direction = Root::direction([a, b, c, d, e, f, x, y, z], param, grad, square, mean);
        *velocity = momentum * *velocity + direction;
        param + rate * *velocity
    }
}
