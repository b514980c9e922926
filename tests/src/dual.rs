//! Dual numbers: an evaluation of the same program that knows nothing of the compiler.

use std::cmp::Ordering;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A number and its derivative along one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual {
    /// The number.
    pub value: f64,
    /// The derivative.
    pub slope: f64,
}

impl Dual {
    /// A constant.
    pub fn constant(value: f64) -> Dual {
        Dual { value, slope: 0.0 }
    }

    fn chain(self, value: f64, partial: f64) -> Dual {
        Dual { value, slope: if self.slope == 0.0 { 0.0 } else { partial * self.slope } }
    }
}

/// Methods of `f64`, each with its derivative by hand.
macro_rules! methods {
    ($($name:ident: $x:ident, $y:ident => $partial:expr;)*) => {
        impl Dual {
            $(#[doc = concat!("As `f64::", stringify!($name), "`.")]
            pub fn $name(self) -> Dual {
                let $x = self.value;
                let $y = $x.$name();
                self.chain($y, $partial)
            })*
        }
    };
}

methods! {
    sin: x, _y => x.cos();
    cos: x, _y => -x.sin();
    exp: _x, y => y;
    tanh: _x, y => 1.0 - y * y;
    atan: x, _y => 1.0 / (1.0 + x * x);
    sqrt: _x, y => 0.5 / y;
    ln: x, _y => 1.0 / x;
    abs: x, _y => if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { 0.0 };
    recip: x, _y => -1.0 / (x * x);
}

impl Dual {
    /// As `f64::powi`.
    pub fn powi(self, n: i32) -> Dual {
        self.chain(self.value.powi(n), f64::from(n) * self.value.powi(n - 1))
    }

    /// As `f64::max`; a tie is shared.
    pub fn max(self, other: Dual) -> Dual {
        pick(self, other, self.value > other.value)
    }

    /// As `f64::min`; a tie is shared.
    pub fn min(self, other: Dual) -> Dual {
        pick(self, other, self.value < other.value)
    }
}

fn pick(a: Dual, b: Dual, first: bool) -> Dual {
    match a.value == b.value {
        true => Dual { value: a.value, slope: (a.slope + b.slope) / 2.0 },
        false if first => a,
        false => b,
    }
}

impl Add for Dual {
    type Output = Dual;
    fn add(self, o: Dual) -> Dual {
        Dual { value: self.value + o.value, slope: self.slope + o.slope }
    }
}

impl Sub for Dual {
    type Output = Dual;
    fn sub(self, o: Dual) -> Dual {
        Dual { value: self.value - o.value, slope: self.slope - o.slope }
    }
}

impl Mul for Dual {
    type Output = Dual;
    fn mul(self, o: Dual) -> Dual {
        Dual { value: self.value * o.value, slope: self.slope * o.value + self.value * o.slope }
    }
}

impl Div for Dual {
    type Output = Dual;
    fn div(self, o: Dual) -> Dual {
        let value = self.value / o.value;
        Dual { value, slope: (self.slope - value * o.slope) / o.value }
    }
}

impl Neg for Dual {
    type Output = Dual;
    fn neg(self) -> Dual {
        Dual { value: -self.value, slope: -self.slope }
    }
}

macro_rules! assign {
    ($($t:ident $f:ident $op:tt;)*) => {
        $(impl $t for Dual {
            fn $f(&mut self, o: Dual) {
                *self = *self $op o;
            }
        })*
    };
}

assign! { AddAssign add_assign +; SubAssign sub_assign -; MulAssign mul_assign *; DivAssign div_assign /; }

impl Sum for Dual {
    fn sum<I: Iterator<Item = Dual>>(iter: I) -> Dual {
        iter.fold(Dual::default(), |a, b| a + b)
    }
}

impl<'a> Sum<&'a Dual> for Dual {
    fn sum<I: Iterator<Item = &'a Dual>>(iter: I) -> Dual {
        iter.copied().sum()
    }
}

impl Product for Dual {
    fn product<I: Iterator<Item = Dual>>(iter: I) -> Dual {
        iter.fold(Dual::constant(1.0), |a, b| a * b)
    }
}

impl PartialEq for Dual {
    fn eq(&self, o: &Dual) -> bool {
        self.value == o.value
    }
}

impl PartialOrd for Dual {
    fn partial_cmp(&self, o: &Dual) -> Option<Ordering> {
        self.value.partial_cmp(&o.value)
    }
}
