//! What functions fill: buffers of the host and tensors.

use std::borrow::BorrowMut;
#[cfg(feature = "cuda")]
use std::sync::Arc;

use nalgebra::{Dim, Matrix};

#[cfg(feature = "cuda")]
use super::{Columns, host_columns, host_value, placed_columns, placed_gradient};
use super::{Cotangent, Flat, FromColumns, Parameter, held};
#[cfg(feature = "cuda")]
use crate::cuda::Gpu;
use crate::tensor::Float;
use crate::{Device, DeviceError, Differentiable, Tensor};

type Res<T> = Result<T, DeviceError>;

/// What a function may fill on a device in the place of a buffer of type `P`: the host's, or a tensor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be filled on a device in the place of a `{P}`",
    label = "not what the function fills there",
    note = "pass `&mut` of what the function itself fills, or of a `Tensor` of floats of the same type"
)]
pub trait Fillable<P: Parameter + ?Sized> {
    /// What the gradient by the contents before the call comes back as.
    type Grad;

    /// The contents, in the host's memory. The parameter's name is for errors.
    #[doc(hidden)]
    fn hold(&self, name: &str) -> Res<P::Owned>;

    /// New contents.
    #[doc(hidden)]
    fn put(&mut self, contents: P::Owned) -> Res<()>;

    /// The gradient, from one in the host's memory.
    #[doc(hidden)]
    fn give_back(grad: P::Tangent) -> Res<Self::Grad>;

    /// The contents as the columns that a program for a GPU takes.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn columns(&self, gpu: &Arc<Gpu>, name: &str) -> Res<Columns>;

    /// New contents, from what a program for a GPU returned.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn put_columns(&mut self, columns: Columns) -> Res<()>;

    /// The gradient, from what a program for a GPU returned.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn gradient(columns: Columns) -> Res<Self::Grad>;
}

/// Buffers of the host: their type, and how new contents get there.
macro_rules! host {
    ($([$($generics:tt)*] $own:ty, for $param:ty, |$to:ident, $from:ident| $put:expr, where [$($bounds:tt)*];)*) => {
        $(impl<$($generics)*> Fillable<$param> for $own
        where
            $($bounds)*
        {
            type Grad = <$param as Parameter>::Tangent;
            fn hold(&self, _name: &str) -> Res<<$param as Parameter>::Owned> {
                Ok(std::borrow::Borrow::<$param>::borrow(self).owned())
            }
            fn put(&mut self, $from: <$param as Parameter>::Owned) -> Res<()> {
                let $to: &mut $param = self.borrow_mut();
                $put;
                Ok(())
            }
            fn give_back(grad: Self::Grad) -> Res<Self::Grad> {
                Ok(grad)
            }
            #[cfg(feature = "cuda")]
            fn columns(&self, gpu: &Arc<Gpu>, name: &str) -> Res<Columns> {
                host_columns::<$param>(std::borrow::Borrow::borrow(self), gpu, name)
            }
            #[cfg(feature = "cuda")]
            fn put_columns(&mut self, columns: Columns) -> Res<()> {
                Fillable::<$param>::put(self, host_value(columns)?)
            }
            #[cfg(feature = "cuda")]
            fn gradient(columns: Columns) -> Res<Self::Grad> {
                host_value(columns)
            }
        })*
    };
}

host! {
    [] f32, for f32, |to, from| *to = from, where [];
    [] f64, for f64, |to, from| *to = from, where [];
    [T: Flat + FromColumns] [T], for [T], |to, from| set(to, from), where [T::Tangent: Cotangent];
    [T: Flat + FromColumns] Vec<T>, for [T], |to, from| set(to, from), where [T::Tangent: Cotangent];
    [T: Flat + FromColumns, const N: usize] [T; N], for [T], |to, from| set(to, from), where [T::Tangent: Cotangent];
    [T: Flat + FromColumns, const N: usize] [T; N], for [T; N], |to, from| *to = from, where [T::Tangent: Cotangent];
    [T, R: Dim, C: Dim, S] Matrix<T, R, C, S>, for Matrix<T, R, C, S>, |to, from| *to = from, where [
        Matrix<T, R, C, S>: Flat + FromColumns,
        <Matrix<T, R, C, S> as Differentiable>::Tangent: Cotangent
    ];
}

/// As many elements as there were.
fn set<T>(to: &mut [T], from: Vec<T>) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = from);
}

impl<E: Float, P: Parameter + ?Sized> Fillable<P> for Tensor<E>
where
    P::Owned: Differentiable<Placed = Tensor<E>>,
    P::Tangent: Differentiable<Placed = Tensor<E>>,
{
    type Grad = Tensor<E>;

    fn hold(&self, name: &str) -> Res<P::Owned> {
        held::<P>(self, name)
    }

    fn put(&mut self, contents: P::Owned) -> Res<()> {
        self.copy_from(&contents.to(&self.device())?)
    }

    fn give_back(grad: P::Tangent) -> Res<Tensor<E>> {
        grad.to(&Device::cpu())
    }

    #[cfg(feature = "cuda")]
    fn columns(&self, gpu: &Arc<Gpu>, name: &str) -> Res<Columns> {
        placed_columns::<P::Owned>(self, gpu, name)
    }

    #[cfg(feature = "cuda")]
    fn put_columns(&mut self, columns: Columns) -> Res<()> {
        self.copy_from(&placed_gradient::<P::Tangent>(columns)?)
    }

    #[cfg(feature = "cuda")]
    fn gradient(columns: Columns) -> Res<Tensor<E>> {
        placed_gradient::<P::Tangent>(columns)
    }
}
