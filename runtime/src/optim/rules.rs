//! How one number changes: each rule once, for the CPU and for GPUs.
//!
//! The kernels of `optim/gpu` are made by calling the same functions with numbers that write down what is done with them
//! (`tests/tests/ptx/optim.rs`).

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What rules compute with: `f32`, `f64`, and what writes down a computation.
pub trait Real:
    Copy
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A coefficient, rounded to this type as PyTorch does.
    fn of(x: f64) -> Self;
    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// A power.
    #[must_use]
    fn power(self, exponent: Self) -> Self;
    /// `yes` unless `self` is zero.
    #[must_use]
    fn choose(self, yes: Self, no: Self) -> Self;
    /// `yes` if `self` is less than `other`.
    #[must_use]
    fn less(self, other: Self, yes: Self, no: Self) -> Self;
}

macro_rules! real {
    ($($t:ident)*) => {
        $(impl Real for $t {
            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn power(self, exponent: Self) -> Self {
                // As on a GPU: one rounding in a fused product, whatever the machine.
                crate::math::$t::powf::<true>(self, exponent)
            }
            #[inline(always)]
            fn choose(self, yes: Self, no: Self) -> Self {
                if self != 0.0 { yes } else { no }
            }
            #[inline(always)]
            fn less(self, other: Self, yes: Self, no: Self) -> Self {
                if self < other { yes } else { no }
            }
        })*
    };
}

real! { f32 f64 }

/// How one number changes, given its derivative and K remembered numbers.
///
/// Of its coefficients C are always the same, and D depend on the learning rate or the number of steps taken before: those are
/// computed from these and I numbers.
pub trait Rule<const K: usize, const C: usize, const I: usize, const D: usize>:
    Copy + Send + Sync + Debug + 'static
{
    /// What its kernels are called.
    const NAME: &'static str;
    /// The constant coefficients.
    fn constants(&self) -> [f64; C];
    /// What the others are computed from.
    fn inputs(&self) -> [f64; I];
    /// The others.
    fn schedule<T: Real>(inputs: &[T; I], rate: T, steps: T) -> [T; D];
    /// The parameter after a step.
    fn update<T: Real>(constants: &[T; C], scheduled: &[T; D], param: T, grad: T, slots: &mut [T; K]) -> T;
}

/// A rule that goes down by the learning rate, whatever the number of steps.
macro_rules! downhill {
    () => {
        fn inputs(&self) -> [f64; 0] {
            []
        }
        fn schedule<T: Real>(_inputs: &[T; 0], rate: T, _steps: T) -> [T; 1] {
            [-rate]
        }
    };
}
pub(super) use downhill;

/// A truth value as a coefficient.
pub(super) fn truth(x: bool) -> f64 {
    if x { 1.0 } else { 0.0 }
}

/// What becomes of a gradient before anything else: its sign, and a penalty on large parameters.
#[derive(Clone, Copy, Debug)]
pub struct Shaped {
    /// -1 uphill.
    pub sign: f64,
    /// What multiple of the parameter is added.
    pub weight_decay: f64,
}

impl Shaped {
    pub(super) fn new(maximize: bool, weight_decay: f64) -> Shaped {
        Shaped { sign: if maximize { -1.0 } else { 1.0 }, weight_decay }
    }

    pub(super) fn constants(&self) -> [f64; 3] {
        [self.sign, self.weight_decay, truth(self.weight_decay != 0.0)]
    }
}

/// The gradient of a loss with a penalty on large parameters, from the coefficients of [`Shaped`].
#[inline(always)]
pub(super) fn shaped<T: Real>([sign, weight_decay, decays]: [T; 3], param: T, grad: T) -> T {
    let grad = sign * grad;
    // a parameter that is not finite stays out of it where nothing decays
    decays.choose(grad + weight_decay * param, grad)
}

/// The coefficients of [`lerp`].
pub(super) fn weights(weight: f64) -> [f64; 3] {
    [weight, 1.0 - weight, truth(weight < 0.5)]
}

/// The point at a weight on the way from `a` to `b`, by the formula that is exact at the nearer end.
#[inline(always)]
pub(super) fn lerp<T: Real>([weight, rest, near]: [T; 3], a: T, b: T) -> T {
    near.choose(a + weight * (b - a), b - (b - a) * rest)
}
