//! Types with a tangent.

use nalgebra::{Const, DMatrix, Dyn, OMatrix, SMatrix};

/// A type that differentiable functions take and return. `#[derive(Differentiable)]` makes a struct one.
///
/// ```
/// use pullback::nalgebra::DVector;
/// use pullback::{Differentiable, differentiable};
///
/// #[derive(Differentiable)]
/// struct Line {
///     slope: f64,
///     offset: f64,
///     #[no_diff]
///     scale: f64,
/// }
///
/// #[differentiable(wrt(line))]
/// fn loss(line: &Line, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
///     (x.map(|x| line.scale * (line.slope * x + line.offset)) - y).norm_squared()
/// }
///
/// let line = Line { slope: 1.0, offset: 2.0, scale: 1.0 };
/// let x = DVector::from_vec(vec![0.0, 1.0]);
/// let (value, grad) = loss::value_and_grad(&line, &x, &x);
/// // A derivative is called like what it is the derivative by.
/// assert_eq!((value, grad.slope, grad.offset), (8.0, 4.0, 8.0));
/// ```
pub trait Differentiable: Sized {
    /// What a gradient has of a value: of a struct a struct with the same fields, without those that are `#[no_diff]`;
    /// of what has no derivative `()`.
    type Tangent;

    /// A zero tangent with the lengths of the value.
    fn zeros_like(&self) -> Self::Tangent;

    /// A copy, also of structs that are not `Clone`.
    #[doc(hidden)]
    fn copied(&self) -> Self;
}

/// A type that can be differentiated; what an error about one that cannot names.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to differentiable functions",
    label = "not known",
    note = "write `#[derive(pullback::Differentiable)]` on a struct, and `#[pullback::differentiable]` on a type alias or on an enum \
            without payload"
)]
pub trait __Known {}

#[diagnostic::do_not_recommend]
impl<T: Differentiable> __Known for T {}

/// Generated code names it, so that a type that cannot be differentiated is told what to derive.
#[doc(hidden)]
pub fn __known<T: __Known>() {}

/// A constant that a method of a type reads, for callers that may not be able to name it.
#[doc(hidden)]
pub trait __Constant<const KEY: u64> {
    /// The constant's type.
    type Type;
    /// The constant.
    const VALUE: Self::Type;
}

/// The constant of a type that is a part of another, found without its name.
#[doc(hidden)]
#[inline(always)]
#[must_use]
pub const fn __constant<const KEY: u64, S, T: __Constant<KEY>>(_part: for<'s> fn(&'s S) -> &'s T) -> T::Type {
    T::VALUE
}

macro_rules! number {
    ($($t:ident $tangent:ty, $zero:expr;)*) => {
        $(impl Differentiable for $t {
            type Tangent = $tangent;
            fn zeros_like(&self) -> $tangent {
                $zero
            }
            fn copied(&self) -> $t {
                *self
            }
        })*
    };
}

number! {
    f32 f32, 0.0; f64 f64, 0.0;
    bool (), (); i8 (), (); i16 (), (); i32 (), (); i64 (), (); isize (), ();
    u8 (), (); u16 (), (); u32 (), (); u64 (), (); usize (), ();
}

impl<T: Differentiable> Differentiable for Vec<T> {
    type Tangent = Vec<T::Tangent>;
    fn zeros_like(&self) -> Vec<T::Tangent> {
        self.iter().map(T::zeros_like).collect()
    }
    fn copied(&self) -> Vec<T> {
        self.iter().map(T::copied).collect()
    }
}

impl<T: Differentiable, const N: usize> Differentiable for [T; N] {
    type Tangent = [T::Tangent; N];
    fn zeros_like(&self) -> [T::Tangent; N] {
        std::array::from_fn(|k| self[k].zeros_like())
    }
    fn copied(&self) -> [T; N] {
        std::array::from_fn(|k| self[k].copied())
    }
}

macro_rules! matrix {
    ($([$($g:tt)*] $t:ty;)*) => {
        $(impl<T: nalgebra::Scalar + Default, $($g)*> Differentiable for $t {
            type Tangent = $t;
            fn zeros_like(&self) -> $t {
                self.map(|_| T::default())
            }
            fn copied(&self) -> $t {
                self.clone()
            }
        })*
    };
}

matrix! {
    [] DMatrix<T>;
    [const C: usize] OMatrix<T, Dyn, Const<C>>;
    [const R: usize] OMatrix<T, Const<R>, Dyn>;
    [const R: usize, const C: usize] SMatrix<T, R, C>;
}

macro_rules! tuple {
    ($($t:ident $i:tt),*) => {
        impl<$($t: Differentiable),*> Differentiable for ($($t,)*) {
            type Tangent = ($($t::Tangent,)*);
            fn zeros_like(&self) -> Self::Tangent {
                ($(self.$i.zeros_like(),)*)
            }
            fn copied(&self) -> Self {
                ($(self.$i.copied(),)*)
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
