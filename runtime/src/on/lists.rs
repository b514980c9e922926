//! Lists as arguments: of the host's values, or of structs that are on a device.

use std::borrow::Borrow;
#[cfg(feature = "cuda")]
use std::sync::Arc;

use super::{Argument, Cotangent, Flat};
#[cfg(feature = "cuda")]
use super::{Columns, host_columns, host_value, placed_gradient};
#[cfg(feature = "cuda")]
use crate::cuda::Gpu;
use crate::differentiable::inside;
use crate::{Device, DeviceError, Differentiable};

type Res<T> = Result<T, DeviceError>;

/// What may stand for an element of a list of `T` in a call on a device: the host's value, or a struct that was moved to a device.
#[diagnostic::on_unimplemented(
    message = "a list of `{Self}` cannot stand for a list of `{T}` in a call on a device",
    label = "not a list of what the function takes there",
    note = "pass a list as the function itself takes it; or one of what `to(&device)` made of structs, or a reference to a `Tensor` where \
            the elements are floats"
)]
pub trait Listed<T: Flat>: Sized {
    /// What the gradient of a list comes back as.
    type Grads;
    /// A list in the host's memory.
    #[doc(hidden)]
    type Held<'a>: Borrow<[T]>
    where
        Self: 'a;

    /// The list in the host's memory. The parameter's name is for errors.
    #[doc(hidden)]
    fn hold_all<'a>(list: &'a [Self], name: &str) -> Res<Self::Held<'a>>;

    /// The gradient, from one in the host's memory.
    #[doc(hidden)]
    fn give_all_back(grads: Vec<T::Tangent>) -> Res<Self::Grads>;

    /// The list as the columns that a program for a GPU takes.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn all_columns(list: &[Self], gpu: &Arc<Gpu>, name: &str) -> Res<Columns>;

    /// The gradient, from what a program for a GPU returned.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn gradients(columns: Columns) -> Res<Self::Grads>;
}

impl<T: Flat> Listed<T> for T
where
    T::Tangent: Cotangent,
{
    type Grads = Vec<T::Tangent>;
    type Held<'a>
        = &'a [T]
    where
        T: 'a;

    fn hold_all<'a>(list: &'a [T], _name: &str) -> Res<&'a [T]> {
        Ok(list)
    }

    fn give_all_back(grads: Vec<T::Tangent>) -> Res<Vec<T::Tangent>> {
        Ok(grads)
    }

    #[cfg(feature = "cuda")]
    fn all_columns(list: &[T], gpu: &Arc<Gpu>, name: &str) -> Res<Columns> {
        host_columns(list, gpu, name)
    }

    #[cfg(feature = "cuda")]
    fn gradients(columns: Columns) -> Res<Vec<T::Tangent>> {
        host_value(columns)
    }
}

/// The form of a struct on a device as an element of lists.
#[doc(hidden)]
#[macro_export]
macro_rules! __placed_list {
    ($placed:ty, $host:ty) => {
        impl $crate::on::Listed<$host> for $placed {
            type Grads = ::std::vec::Vec<$crate::Placed<<$host as $crate::Differentiable>::Tangent>>;
            type Held<'a> = ::std::vec::Vec<$host>;
            fn hold_all<'a>(
                list: &'a [Self],
                name: &str,
            ) -> ::core::result::Result<Self::Held<'a>, $crate::DeviceError> {
                $crate::on::held_list(list, name)
            }
            fn give_all_back(
                grads: ::std::vec::Vec<<$host as $crate::Differentiable>::Tangent>,
            ) -> ::core::result::Result<Self::Grads, $crate::DeviceError> {
                $crate::on::placed_list(&grads)
            }
            $crate::__on_gpu! {
                fn all_columns(
                    list: &[Self],
                    gpu: &::std::sync::Arc<$crate::cuda::Gpu>,
                    name: &str,
                ) -> ::core::result::Result<$crate::on::Columns, $crate::DeviceError> {
                    $crate::on::list_columns::<$host>(list, gpu, name)
                }
                fn gradients(
                    columns: $crate::on::Columns,
                ) -> ::core::result::Result<Self::Grads, $crate::DeviceError> {
                    $crate::on::list_gradient::<<$host as $crate::Differentiable>::Tangent>(columns)
                }
            }
        }
    };
}

/// A list in the host's memory, from one of structs on a device.
#[doc(hidden)]
pub fn held_list<T: Differentiable>(list: &[T::Placed], name: &str) -> Res<Vec<T>> {
    inside(name, list.iter().map(T::from_placed).collect())
}

/// A gradient of such a list, from one in the host's memory.
#[doc(hidden)]
pub fn placed_list<T: Differentiable>(grads: &[T]) -> Res<Vec<T::Placed>> {
    grads.iter().map(|grad| grad.to(&Device::cpu())).collect()
}

/// The columns of a list of structs on a device.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn list_columns<T: Flat>(list: &[T::Placed], gpu: &Arc<Gpu>, name: &str) -> Res<Columns> {
    let (mut columns, items) = (Columns::new(gpu), list.iter().collect::<Vec<_>>());
    inside(name, T::stack(&items, &[list.len()], &mut columns))?;
    Ok(columns)
}

/// The gradient of such a list.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn list_gradient<T: Cotangent>(columns: Columns) -> Res<crate::Placed<Vec<T>>> {
    placed_gradient::<Vec<T>>(columns)
}

macro_rules! lists {
    ($($list:ty)*) => {
        $(impl<'a, T: Flat, Q: Listed<T>> Argument<[T]> for &'a $list
        where
            T::Tangent: Cotangent,
        {
            type Grad = Q::Grads;
            type Held = Q::Held<'a>;
            fn hold(self, name: &str) -> Res<Self::Held> {
                Q::hold_all(self, name)
            }
            fn give_back(grads: Vec<T::Tangent>) -> Res<Self::Grad> {
                Q::give_all_back(grads)
            }
            #[cfg(feature = "cuda")]
            fn columns(self, gpu: &Arc<Gpu>, name: &str) -> Res<Columns> {
                Q::all_columns(self, gpu, name)
            }
            #[cfg(feature = "cuda")]
            fn gradient(columns: Columns) -> Res<Self::Grad> {
                Q::gradients(columns)
            }
        })*
    };
}

// Arrays are the host's: the type of the elements of `&[]` is known then.
lists! { [Q] Vec<Q> }
