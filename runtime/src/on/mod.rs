//! Calls on devices: what may be passed, and what comes back.

use std::borrow::Borrow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nalgebra::{Dim, Matrix};

use crate::differentiable::inside;
use crate::tensor::Float;
use crate::{DeviceError, Differentiable, Tensor};

mod buffers;
#[cfg(feature = "cuda")]
mod columns;
mod lists;
pub use buffers::Fillable;
#[cfg(feature = "cuda")]
pub use columns::{Column, Columns, Element, alone, flatten_part, flatten_slices, next_value, stack_part};
pub use lists::{Listed, held_list, placed_list};
#[cfg(feature = "cuda")]
pub use lists::{list_columns, list_gradient};

#[cfg(feature = "cuda")]
use crate::cuda::Gpu;
#[cfg(feature = "cuda")]
use std::sync::Arc;

/// A value as the arrays and numbers that programs for GPUs take: one column for each number of an element, whatever the lists
/// around it.
#[doc(hidden)]
pub trait Flat: Differentiable {
    /// The columns of values: those of the runs one after the other, whose number is the product of `dims`.
    #[cfg(feature = "cuda")]
    fn flatten(runs: &[&[Self]], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError>;

    /// The columns of values that are on a device.
    #[cfg(feature = "cuda")]
    fn stack(items: &[&Self::Placed], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError>;
}

/// A value of the host that is made from the columns that programs for GPUs return.
#[doc(hidden)]
pub trait FromColumns: Sized {
    /// Whether there are columns.
    const NUMBERS: bool;

    /// As many values as the product of `lead`.
    #[cfg(feature = "cuda")]
    fn unflatten(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Self>, DeviceError>;
}

/// A tangent, which is made from such columns on the device as well.
#[doc(hidden)]
pub trait Cotangent: Differentiable + FromColumns {
    /// As many values as the product of `lead`.
    #[cfg(feature = "cuda")]
    fn unstack(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Self::Placed>, DeviceError>;
}

/// The type of a parameter, references stripped.
#[doc(hidden)]
pub trait Parameter {
    /// A value of it that owns what it holds.
    type Owned: Borrow<Self> + Flat<Tangent = Self::Tangent>;
    /// The type of its gradient.
    type Tangent: Cotangent;

    /// A copy.
    fn owned(&self) -> Self::Owned;

    /// Its columns.
    #[cfg(feature = "cuda")]
    fn columns(&self, out: &mut Columns) -> Result<(), DeviceError>;
}

impl<T: Flat> Parameter for T
where
    T::Tangent: Cotangent,
{
    type Owned = T;
    type Tangent = T::Tangent;

    fn owned(&self) -> T {
        self.copied()
    }

    #[cfg(feature = "cuda")]
    fn columns(&self, out: &mut Columns) -> Result<(), DeviceError> {
        T::flatten(&[std::slice::from_ref(self)], &[], out)
    }
}

impl<T: Flat> Parameter for [T]
where
    T::Tangent: Cotangent,
{
    type Owned = Vec<T>;
    type Tangent = Vec<T::Tangent>;

    fn owned(&self) -> Vec<T> {
        self.iter().map(T::copied).collect()
    }

    #[cfg(feature = "cuda")]
    fn columns(&self, out: &mut Columns) -> Result<(), DeviceError> {
        T::flatten(&[self], &[self.len()], out)
    }
}

/// What may stand for a parameter of type `P` in a call on a device: the host's value as in a call of the function itself, a
/// tensor, or a struct that was moved to a device.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand for a parameter of type `{P}` in a call on a device",
    label = "not what the function takes there",
    note = "pass a float by value and anything else as the function itself takes it; or a reference to a `Tensor` of floats of the same \
            type, or to what `to(&device)` made of a struct"
)]
pub trait Argument<P: Parameter + ?Sized> {
    /// What the gradient comes back as.
    type Grad;
    /// The value in the host's memory.
    #[doc(hidden)]
    type Held: Borrow<P>;

    /// The value in the host's memory. The parameter's name is for errors.
    #[doc(hidden)]
    fn hold(self, name: &str) -> Result<Self::Held, DeviceError>;

    /// The gradient, from one in the host's memory.
    #[doc(hidden)]
    fn give_back(grad: P::Tangent) -> Result<Self::Grad, DeviceError>;

    /// The value as the columns that a program for a GPU takes.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn columns(self, gpu: &Arc<Gpu>, name: &str) -> Result<Columns, DeviceError>;

    /// The gradient, from what a program for a GPU returned.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn gradient(columns: Columns) -> Result<Self::Grad, DeviceError>;
}

/// Values of the host as arguments: their type, what is kept of one during the call, and how that is made.
#[doc(hidden)]
#[macro_export]
macro_rules! __host_arguments {
    ($([$($generics:tt)*] $own:ty, for $param:ty, as $held:ty, |$x:ident| $hold:expr, where [$($bounds:tt)*];)*) => {
        $(impl<$($generics)*> $crate::on::Argument<$param> for $own
        where
            $($bounds)*
        {
            type Grad = <$param as $crate::on::Parameter>::Tangent;
            type Held = $held;
            fn hold(self, _name: &str) -> ::core::result::Result<Self::Held, $crate::DeviceError> {
                let $x = self;
                ::core::result::Result::Ok($hold)
            }
            fn give_back(grad: Self::Grad) -> ::core::result::Result<Self::Grad, $crate::DeviceError> {
                ::core::result::Result::Ok(grad)
            }
            $crate::__on_gpu! {
                fn columns(
                    self,
                    gpu: &::std::sync::Arc<$crate::cuda::Gpu>,
                    name: &str,
                ) -> ::core::result::Result<$crate::on::Columns, $crate::DeviceError> {
                    let held = $crate::on::Argument::<$param>::hold(self, name)?;
                    $crate::on::host_columns::<$param>(::core::borrow::Borrow::borrow(&held), gpu, name)
                }
                fn gradient(
                    columns: $crate::on::Columns,
                ) -> ::core::result::Result<Self::Grad, $crate::DeviceError> {
                    $crate::on::host_value(columns)
                }
            }
        })*
    };
}

/// What is on a device as arguments.
#[doc(hidden)]
#[macro_export]
macro_rules! __placed_arguments {
    ($([$($generics:tt)*] $own:ty, for $param:ty, where [$($bounds:tt)*];)*) => {
        $(impl<$($generics)*> $crate::on::Argument<$param> for $own
        where
            $($bounds)*
        {
            type Grad = $crate::Placed<<$param as $crate::on::Parameter>::Tangent>;
            type Held = <$param as $crate::on::Parameter>::Owned;
            fn hold(self, name: &str) -> ::core::result::Result<Self::Held, $crate::DeviceError> {
                $crate::on::held::<$param>(self, name)
            }
            fn give_back(
                grad: <$param as $crate::on::Parameter>::Tangent,
            ) -> ::core::result::Result<Self::Grad, $crate::DeviceError> {
                $crate::Differentiable::to(&grad, &$crate::Device::cpu())
            }
            $crate::__on_gpu! {
                fn columns(
                    self,
                    gpu: &::std::sync::Arc<$crate::cuda::Gpu>,
                    name: &str,
                ) -> ::core::result::Result<$crate::on::Columns, $crate::DeviceError> {
                    $crate::on::placed_columns::<<$param as $crate::on::Parameter>::Owned>(self, gpu, name)
                }
                fn gradient(
                    columns: $crate::on::Columns,
                ) -> ::core::result::Result<Self::Grad, $crate::DeviceError> {
                    $crate::on::placed_gradient::<<$param as $crate::on::Parameter>::Tangent>(columns)
                }
            }
        })*
    };
}

/// What is for GPUs only.
#[cfg(not(feature = "cuda"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __on_gpu {
    ($($code:tt)*) => {};
}

/// What is for GPUs only.
#[cfg(feature = "cuda")]
#[doc(hidden)]
#[macro_export]
macro_rules! __on_gpu {
    ($($code:tt)*) => { $($code)* };
}

/// A value in the host's memory, from its form on a device.
#[doc(hidden)]
pub fn held<P: Parameter + ?Sized>(
    placed: &crate::Placed<P::Owned>,
    name: &str,
) -> Result<P::Owned, DeviceError> {
    inside(name, P::Owned::from_placed(placed))
}

/// The columns of a value of the host.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn host_columns<P: Parameter + ?Sized>(
    value: &P,
    gpu: &Arc<Gpu>,
    name: &str,
) -> Result<Columns, DeviceError> {
    let mut columns = Columns::new(gpu);
    inside(name, value.columns(&mut columns))?;
    Ok(columns)
}

/// A value in the host's memory.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn host_value<T: FromColumns>(mut columns: Columns) -> Result<T, DeviceError> {
    next_value(&mut columns)
}

/// The columns of a value that is on a device.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn placed_columns<T: Flat>(
    placed: &T::Placed,
    gpu: &Arc<Gpu>,
    name: &str,
) -> Result<Columns, DeviceError> {
    let mut columns = Columns::new(gpu);
    inside(name, T::stack(&[placed], &[], &mut columns))?;
    Ok(columns)
}

/// A gradient on the device.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn placed_gradient<T: Cotangent>(mut columns: Columns) -> Result<T::Placed, DeviceError> {
    Ok(T::unstack(&mut columns, &[])?.pop().expect("one was asked for"))
}

__host_arguments! {
    [] f32, for f32, as f32, |x| x, where [];
    [] f64, for f64, as f64, |x| x, where [];
    ['a, T: Flat, const N: usize] &'a [T; N], for [T], as &'a [T], |x| x, where [T::Tangent: Cotangent];
    ['a, T: Flat] &'a Vec<T>, for Vec<T>, as &'a Vec<T>, |x| x, where [T::Tangent: Cotangent];
    ['a, T: Flat, const N: usize] &'a [T; N], for [T; N], as &'a [T; N], |x| x, where [T::Tangent: Cotangent];
    [T: Flat, const N: usize] [T; N], for [T; N], as [T; N], |x| x, where [T::Tangent: Cotangent];
    ['a, T, R: Dim, C: Dim, S] &'a Matrix<T, R, C, S>, for Matrix<T, R, C, S>, as &'a Matrix<T, R, C, S>, |x| x,
        where [Matrix<T, R, C, S>: Flat, <Matrix<T, R, C, S> as Differentiable>::Tangent: Cotangent];
}

__placed_arguments! {
    [E: Float, P: Parameter + ?Sized] &Tensor<E>, for P,
        where [P::Owned: Differentiable<Placed = Tensor<E>>, P::Tangent: Differentiable<Placed = Tensor<E>>];
}

/// A number that a program left in a GPU's memory.
#[cfg(feature = "cuda")]
#[doc(hidden)]
#[must_use]
pub fn left_on_gpu<T: Float>(array: crate::cuda::Array<T>) -> Tensor<T> {
    Tensor::of_array(crate::leaves::Shape::new(&[]), crate::leaves::Order::RowMajor, array)
}

/// What pulls cotangents back on a device: from one of a function's value to the gradient.
pub type Pull<'pull, Seed, Grad> = Box<dyn Fn(Seed) -> Result<Grad, DeviceError> + 'pull>;

/// Runs a computation whose panics are errors: what panics in a call of the function itself.
#[doc(hidden)]
pub fn guarded<T>(f: impl FnOnce() -> Result<T, DeviceError>) -> Result<T, DeviceError> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(DeviceError::Panicked(text.unwrap_or_else(|| "without a message".to_string())))
    })
}
