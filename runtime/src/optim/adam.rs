//! Adam and AdamW.

use super::rmsprop::lerp;
use super::sgd::decayed;
use super::update::{Real, Rule};
use super::{LeafError, Optimizer, State, common, methods};
use crate::leaves::{Leaves, LeavesMut};

macro_rules! adam {
    ($(#[$doc:meta])* $t:ident, $weight_decay:literal, $decoupled:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $t {
            rate: f64,
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
                    rate,
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
                // in floating point: an `i32` may not hold the number of steps
                let correction = |beta: f64| 1.0 - beta.powf((self.state.steps() + 1) as f64);
                let (first, second) = self.betas;
                Moments {
                    size: -self.rate / correction(first),
                    root: correction(second).sqrt(),
                    betas: self.betas,
                    eps: self.eps,
                    sign: if self.maximize { -1.0 } else { 1.0 },
                    weight_decay: if $decoupled { 0.0 } else { self.weight_decay },
                    shrink: if $decoupled { 1.0 - self.rate * self.weight_decay } else { 1.0 },
                }
            }
        }

        common! { $t }

        impl Optimizer for $t {
            fn update(&mut self, params: &mut dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
                let moments = self.moments();
                match *self.slots() {
                    [a, b] => self.state.step(params, grad, ([a, b], 0.0), moments),
                    [a, b, c] => self.state.step(params, grad, ([a, b, c], 0.0), moments),
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

#[derive(Clone, Copy)]
struct Moments {
    size: f64,
    root: f64,
    betas: (f64, f64),
    eps: f64,
    sign: f64,
    weight_decay: f64,
    shrink: f64,
}

impl Moments {
    /// Takes the gradient into the means; returns the shrunk parameter.
    #[inline(always)]
    fn take<T: Real>(&self, param: T, grad: T, mean: &mut T, square: &mut T) -> T {
        let grad = decayed(param, T::of(self.sign) * grad, self.weight_decay);
        *mean = lerp(*mean, grad, 1.0 - self.betas.0);
        *square = T::of(self.betas.1) * *square + T::of(1.0 - self.betas.1) * (grad * grad);
        T::of(self.shrink) * param
    }

    #[inline(always)]
    fn go<T: Real>(&self, param: T, mean: T, square: T) -> T {
        param + T::of(self.size) * (mean / (square.sqrt() / T::of(self.root) + T::of(self.eps)))
    }
}

impl Rule<2> for Moments {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [mean, square]: &mut [T; 2]) -> T {
        let param = self.take(param, grad, mean, square);
        self.go(param, *mean, *square)
    }
}

impl Rule<3> for Moments {
    #[inline(always)]
    fn update<T: Real>(&self, param: T, grad: T, [mean, square, largest]: &mut [T; 3]) -> T {
        let param = self.take(param, grad, mean, square);
        // not `max`: a NaN must not be forgotten
        *largest = if *square < *largest { *largest } else { *square };
        self.go(param, *mean, *largest)
    }
}
