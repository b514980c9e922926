//! Adam and AdamW.

use super::rules::{Real, Rule, Shaped, lerp, shaped, weights};
use super::{LeafError, Optimizer, Rates, State, common, methods};
use crate::leaves::{Leaves, LeavesMut};

macro_rules! adam {
    ($(#[$doc:meta])* $t:ident, $weight_decay:literal, $decoupled:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $t {
            rates: Rates,
            betas: (f64, f64),
            eps: f64,
            weight_decay: f64,
            amsgrad: bool,
            maximize: bool,
            state: State,
        }

        impl $t {
            /// β₁ = 0.9, β₂ = 0.999, ε = 1e-8, and the weight decay that PyTorch has.
            #[must_use]
            pub fn new(rate: f64) -> $t {
                $t {
                    rates: Rates::constant(rate),
                    betas: (0.9, 0.999),
                    eps: 1e-8,
                    weight_decay: $weight_decay,
                    amsgrad: false,
                    maximize: false,
                    state: State::default(),
                }
            }

            /// How much of the running means of the gradient and of its square is kept each step; 0.9 and 0.999 at first.
            #[must_use]
            pub fn betas(self, first: f64, second: f64) -> $t {
                $t { betas: (first, second), ..self }
            }

            /// What is added to the root; 1e-8 at first.
            #[must_use]
            pub fn eps(self, eps: f64) -> $t {
                $t { eps, ..self }
            }

            /// How strongly large parameters are pulled towards zero.
            #[must_use]
            pub fn weight_decay(self, weight_decay: f64) -> $t {
                $t { weight_decay, ..self }
            }

            /// Whether to divide by the largest mean square so far.
            #[must_use]
            pub fn amsgrad(self, amsgrad: bool) -> $t {
                $t { amsgrad, ..self }
            }

            /// Whether to go uphill.
            #[must_use]
            pub fn maximize(self, maximize: bool) -> $t {
                $t { maximize, ..self }
            }

            fn slots(&self) -> &'static [&'static str] {
                if self.amsgrad { &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] } else { &["exp_avg", "exp_avg_sq"] }
            }

            fn moments(&self) -> Moments {
                Moments {
                    betas: self.betas,
                    eps: self.eps,
                    shaped: Shaped::new(self.maximize, if $decoupled { 0.0 } else { self.weight_decay }),
                    shrink: if $decoupled { self.weight_decay } else { 0.0 },
                }
            }
        }

        common! { $t }

        impl Optimizer for $t {
            fn update(&mut self, params: &mut dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
                let (moments, rates) = (self.moments(), &self.rates);
                match *self.slots() {
                    [a, b] => self.state.step(params, grad, ([a, b], 0.0), (moments, rates)),
                    [a, b, c] => self.state.step(params, grad, ([a, b, c], 0.0), (Largest(moments), rates)),
                    _ => unreachable!("two or three slots"),
                }
            }

            fn prepare(&mut self, params: &dyn Leaves) {
                self.state.prepare(params, self.slots(), 0.0);
            }

            methods! {}
        }
    };
}

adam! {
    /// Steps by running means of the gradient and of its square, corrected for their start at zero: `torch.optim.Adam`
    /// (Kingma and Ba, 2015).
    ///
    /// `m ← β₁ m + (1 - β₁) g`, `s ← β₂ s + (1 - β₂) g²`, `p ← p - rate m̂ / (√ŝ + ε)` with `m̂ = m / (1 - β₁ᵗ)` and
    /// `ŝ = s / (1 - β₂ᵗ)` at step t. Weight decay is added to the gradient.
    ///
    /// ```
    /// use pullback::optim::Adam;
    ///
    /// let mut optimizer = Adam::new(0.1).betas(0.8, 0.9);
    /// let mut w = vec![1.0, 1.0];
    /// optimizer.step(&mut w, &[3.0, -0.5]);
    /// // the first step is by the learning rate, whatever the slope
    /// assert!((w[0] - 0.9f64).abs() < 1e-8 && (w[1] - 1.1f64).abs() < 1e-8);
    /// ```
    Adam, 0.0, false
}

adam! {
    /// [`Adam`](super::Adam) with weight decay that bypasses the running means: `torch.optim.AdamW` (Loshchilov and Hutter,
    /// 2019). `p ← (1 - rate · weight_decay) p` comes before the step; the weight decay is 0.01 at first.
    ///
    /// ```
    /// use pullback::optim::AdamW;
    ///
    /// let mut optimizer = AdamW::new(0.1).weight_decay(0.5);
    /// let mut w = 2.0;
    /// optimizer.step(&mut w, &0.0);
    /// assert!((w - 2.0 * 0.95f64).abs() < 1e-15);
    /// ```
    AdamW, 0.01, true
}

/// Adam and AdamW.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    betas: (f64, f64),
    eps: f64,
    shaped: Shaped,
    shrink: f64,
}

/// With the largest mean square so far.
#[derive(Clone, Copy, Debug)]
pub struct Largest(Moments);

impl Moments {
    /// The step's size, what the root of the mean square is divided by, and what parameters are multiplied by.
    #[inline(always)]
    fn corrections<T: Real>(&[first, second, shrink]: &[T; 3], rate: T, steps: T) -> [T; 3] {
        let step = steps + T::of(1.0);
        let correction = |beta: T| T::of(1.0) - beta.power(step);
        [-rate / correction(first), correction(second).sqrt(), T::of(1.0) - rate * shrink]
    }

    /// Takes the gradient into the means.
    #[inline(always)]
    fn take<T: Real>(constants: &[T; 9], param: T, grad: T, mean: &mut T, square: &mut T) {
        let [a, b, c, x, y, z, keep, rest, _] = *constants;
        let grad = shaped([a, b, c], param, grad);
        *mean = lerp([x, y, z], *mean, grad);
        *square = keep * *square + rest * (grad * grad);
    }

    #[inline(always)]
    fn go<T: Real>(eps: T, &[size, root, shrink]: &[T; 3], param: T, mean: T, square: T) -> T {
        shrink * param + size * (mean / (square.sqrt() / root + eps))
    }
}

impl Rule<2, 9, 3, 3> for Moments {
    const NAME: &'static str = "adam";
    fn constants(&self) -> [f64; 9] {
        let [a, b, c] = self.shaped.constants();
        let [x, y, z] = weights(1.0 - self.betas.0);
        [a, b, c, x, y, z, self.betas.1, 1.0 - self.betas.1, self.eps]
    }
    fn inputs(&self) -> [f64; 3] {
        [self.betas.0, self.betas.1, self.shrink]
    }
    fn schedule<T: Real>(inputs: &[T; 3], rate: T, steps: T) -> [T; 3] {
        Moments::corrections(inputs, rate, steps)
    }
    #[inline(always)]
    fn update<T: Real>(
        constants: &[T; 9],
        scheduled: &[T; 3],
        param: T,
        grad: T,
        [mean, square]: &mut [T; 2],
    ) -> T {
        Moments::take(constants, param, grad, mean, square);
        Moments::go(constants[8], scheduled, param, *mean, *square)
    }
}

impl Rule<3, 9, 3, 3> for Largest {
    const NAME: &'static str = "amsgrad";
    fn constants(&self) -> [f64; 9] {
        self.0.constants()
    }
    fn inputs(&self) -> [f64; 3] {
        self.0.inputs()
    }
    fn schedule<T: Real>(inputs: &[T; 3], rate: T, steps: T) -> [T; 3] {
        Moments::corrections(inputs, rate, steps)
    }
    #[inline(always)]
    fn update<T: Real>(
        constants: &[T; 9],
        scheduled: &[T; 3],
        param: T,
        grad: T,
        [mean, square, largest]: &mut [T; 3],
    ) -> T {
        Moments::take(constants, param, grad, mean, square);
        // not `max`: a NaN must not be forgotten
        *largest = square.less(*largest, *largest, *square);
        Moments::go(constants[8], scheduled, param, *mean, *largest)
    }
}
