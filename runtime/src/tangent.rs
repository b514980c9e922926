//! Values as lists of their numbers.

use nalgebra::{Const, DMatrix, Dyn, OMatrix, SMatrix};

/// A parameter, result or gradient, seen as the list of its numbers.
///
/// ```
/// use pullback::Tangent;
///
/// let mut pair = (1.0_f64, vec![2.0_f32, 3.0]);
/// pair.set_number(2, 5.0);
/// assert_eq!((pair.size(), pair.number(0), pair.number(2)), (3, 1.0, 5.0));
/// ```
pub trait Tangent {
    /// How many numbers there are.
    fn size(&self) -> usize;
    /// Number `k`.
    fn number(&self, k: usize) -> f64;
    /// Replaces number `k`.
    fn set_number(&mut self, k: usize, value: f64);
    /// The precision of the numbers: the difference between 1 and the next one.
    fn epsilon(&self) -> f64;
}

macro_rules! number {
    ($($t:ident)*) => {
        $(impl Tangent for $t {
            fn size(&self) -> usize {
                1
            }
            fn number(&self, _k: usize) -> f64 {
                f64::from(*self)
            }
            fn set_number(&mut self, _k: usize, value: f64) {
                *self = value as $t;
            }
            fn epsilon(&self) -> f64 {
                f64::from($t::EPSILON)
            }
        })*
    };
}

number! { f32 f64 }

/// What has no derivative has no numbers.
macro_rules! nothing {
    ($($t:ty)*) => {
        $(impl Tangent for $t {
            fn size(&self) -> usize {
                0
            }
            fn number(&self, _k: usize) -> f64 {
                0.0
            }
            fn set_number(&mut self, _k: usize, _value: f64) {}
            fn epsilon(&self) -> f64 {
                0.0
            }
        })*
    };
}

nothing! { () bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

impl<T: Tangent> Tangent for [T] {
    fn size(&self) -> usize {
        self.iter().map(T::size).sum()
    }
    fn number(&self, k: usize) -> f64 {
        let each = self[0].size();
        self[k / each].number(k % each)
    }
    fn set_number(&mut self, k: usize, value: f64) {
        let each = self[0].size();
        self[k / each].set_number(k % each, value);
    }
    fn epsilon(&self) -> f64 {
        self.first().map_or(0.0, T::epsilon)
    }
}

macro_rules! as_slice {
    ($([$($g:tt)*] $t:ty $(, $bound:path)?;)*) => {
        $(impl<T: Tangent $(+ $bound)?, $($g)*> Tangent for $t {
            fn size(&self) -> usize {
                self.as_slice().size()
            }
            fn number(&self, k: usize) -> f64 {
                self.as_slice().number(k)
            }
            fn set_number(&mut self, k: usize, value: f64) {
                self.as_mut_slice().set_number(k, value);
            }
            fn epsilon(&self) -> f64 {
                self.as_slice().epsilon()
            }
        })*
    };
}

as_slice! {
    [] Vec<T>;
    [const N: usize] [T; N];
    [] DMatrix<T>, nalgebra::Scalar;
    [const C: usize] OMatrix<T, Dyn, Const<C>>, nalgebra::Scalar;
    [const R: usize] OMatrix<T, Const<R>, Dyn>, nalgebra::Scalar;
    [const R: usize, const C: usize] SMatrix<T, R, C>, nalgebra::Scalar;
}

macro_rules! tuple {
    ($($t:ident $i:tt),*) => {
        impl<$($t: Tangent),*> Tangent for ($($t,)*) {
            fn size(&self) -> usize {
                0 $(+ self.$i.size())*
            }
            fn number(&self, mut k: usize) -> f64 {
                $(if k < self.$i.size() {
                    return self.$i.number(k);
                }
                k -= self.$i.size();)*
                unreachable!("number {k} past the end")
            }
            fn set_number(&mut self, mut k: usize, value: f64) {
                $(if k < self.$i.size() {
                    return self.$i.set_number(k, value);
                }
                k -= self.$i.size();)*
                unreachable!("number {k} past the end")
            }
            fn epsilon(&self) -> f64 {
                0.0_f64 $(.max(self.$i.epsilon()))*
            }
        }
    };
}

tuple! { A 0 }
tuple! { A 0, B 1 }
tuple! { A 0, B 1, C 2 }
tuple! { A 0, B 1, C 2, D 3 }
tuple! { A 0, B 1, C 2, D 3, E 4 }
tuple! { A 0, B 1, C 2, D 3, E 4, F 5 }
tuple! { A 0, B 1, C 2, D 3, E 4, F 5, G 6 }
tuple! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7 }
