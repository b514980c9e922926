//! Calls on devices: what may be passed, and what comes back.

use std::borrow::Borrow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::DeviceError;
#[cfg(feature = "cuda")]
use crate::cuda::{Array, Gpu, Leaf};
#[cfg(feature = "cuda")]
use std::sync::Arc;

/// What generated code knows of a parameter that is an array of floats.
#[doc(hidden)]
pub trait Parameter {
    /// The type of the elements.
    type Elem: crate::tensor::Float;
    /// The parameter's type, references stripped.
    type Target: ?Sized;
    /// The type of its gradient, which owns its elements.
    type Made: Borrow<Self::Target>;
    /// The parameter's name.
    const NAME: &'static str;
    /// The lengths of its axes as far as the type fixes them: rows and columns for matrices.
    const SHAPE: &'static [Option<usize>];
    /// Whether elements of a column are neighbours, rather than those of a row.
    const COLUMNS: bool;
    /// The elements.
    fn elements(of: &Self::Target) -> &[Self::Elem];
    /// The lengths of the axes, the one of neighbours last.
    fn dims(of: &Self::Target) -> Vec<usize>;
    /// A value from its elements and such lengths, as many as there are elements.
    fn make(data: &[Self::Elem], dims: &[usize]) -> Self::Made;
}

/// What may stand for a parameter `P` in a call on a device: the host's value as in a call of the function itself, or a
/// tensor.
pub trait Argument<P: Parameter> {
    /// What the gradient comes back as.
    type Grad;
    /// The value in the host's memory.
    #[doc(hidden)]
    type Held: Borrow<P::Target>;

    /// The value in the host's memory.
    #[doc(hidden)]
    fn hold(self) -> Result<Self::Held, DeviceError>;

    /// The gradient, from one in the host's memory.
    #[doc(hidden)]
    fn give_back(grad: P::Made) -> Self::Grad;

    /// The value in the GPU's memory.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn leaf(self, gpu: &Arc<Gpu>) -> Result<Leaf<P::Elem>, DeviceError>;

    /// The gradient, from one in the GPU's memory.
    #[cfg(feature = "cuda")]
    #[doc(hidden)]
    fn gradient(leaf: Leaf<P::Elem>) -> Result<Self::Grad, DeviceError>;
}

/// A host value in the GPU's memory.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn upload<P: Parameter>(of: &P::Target, gpu: &Arc<Gpu>) -> Result<Leaf<P::Elem>, DeviceError> {
    Ok(Leaf { dims: P::dims(of), array: Array::upload(gpu, P::elements(of))? })
}

/// A gradient in the host's memory.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub fn download<P: Parameter>(leaf: &Leaf<P::Elem>) -> Result<P::Made, DeviceError> {
    Ok(P::make(leaf.array.host()?, &leaf.dims))
}

/// A type that stands for a parameter.
#[doc(hidden)]
#[macro_export]
macro_rules! __parameter {
    (
        $marker:ident, $elem:ty, $target:ty => $made:ty, $name:literal, $shape:expr, $columns:literal,
        |$x:ident| $elements:expr, $dims:expr, |$data:ident, $lens:ident| $make:expr
    ) => {
        #[derive(Clone, Copy, Debug)]
        #[doc = "Stands for a parameter."]
        pub enum $marker {}

        impl $crate::on::Parameter for $marker {
            type Elem = $elem;
            type Target = $target;
            type Made = $made;
            const NAME: &'static str = $name;
            const SHAPE: &'static [::core::option::Option<usize>] = &$shape;
            const COLUMNS: bool = $columns;
            fn elements($x: &$target) -> &[$elem] {
                $elements
            }
            fn dims($x: &$target) -> ::std::vec::Vec<usize> {
                ::std::vec::Vec::from($dims)
            }
            fn make($data: &[$elem], $lens: &[usize]) -> $made {
                $make
            }
        }
    };
}

/// Host values behind a reference as arguments. For a slice these are slices, arrays and vectors.
#[doc(hidden)]
#[macro_export]
macro_rules! __host_argument {
    ($marker:ty, [$elem:ty]) => {
        $crate::__argument!([$marker, 'a], &'a [$elem], &'a [$elem], |x| x);
        $crate::__argument!([$marker, 'a], &'a ::std::vec::Vec<$elem>, &'a [$elem], |x| &x[..]);
        $crate::__argument!([$marker, 'a, const N: usize], &'a [$elem; N], &'a [$elem], |x| &x[..]);
    };
    ($marker:ty, $target:ty) => {
        $crate::__argument!([$marker, 'a], &'a $target, &'a $target, |x| x);
    };
}

/// Host values as arguments by value.
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_argument {
    ($marker:ty, $target:ty) => {
        $crate::__argument!([$marker,], $target, $target, |x| x);
    };
}

/// One type of host values, what is kept of one during the call, and how that is made.
#[doc(hidden)]
#[macro_export]
macro_rules! __argument {
    ([$marker:ty, $($generics:tt)*], $own:ty, $held:ty, |$x:ident| $hold:expr) => {
        impl<$($generics)*> $crate::on::Argument<$marker> for $own {
            type Grad = <$marker as $crate::on::Parameter>::Made;
            type Held = $held;
            fn hold(self) -> ::core::result::Result<Self::Held, $crate::DeviceError> {
                let $x = self;
                ::core::result::Result::Ok($hold)
            }
            fn give_back(grad: Self::Grad) -> Self::Grad {
                grad
            }
            $crate::__argument_on_gpu!($marker);
        }
    };
}

/// The part of an argument that is about GPUs.
#[cfg(not(feature = "cuda"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __argument_on_gpu {
    ($marker:ty) => {};
}

/// The part of an argument that is about GPUs.
#[cfg(feature = "cuda")]
#[doc(hidden)]
#[macro_export]
macro_rules! __argument_on_gpu {
    ($marker:ty) => {
        fn leaf(
            self,
            gpu: &::std::sync::Arc<$crate::cuda::Gpu>,
        ) -> ::core::result::Result<
            $crate::cuda::Leaf<<$marker as $crate::on::Parameter>::Elem>,
            $crate::DeviceError,
        > {
            $crate::on::upload::<$marker>(
                ::core::borrow::Borrow::borrow(&$crate::on::Argument::<$marker>::hold(self)?),
                gpu,
            )
        }
        fn gradient(
            leaf: $crate::cuda::Leaf<<$marker as $crate::on::Parameter>::Elem>,
        ) -> ::core::result::Result<Self::Grad, $crate::DeviceError> {
            $crate::on::download::<$marker>(&leaf)
        }
    };
}

/// Runs a computation whose panics are errors: what panics in a call of the function itself.
#[doc(hidden)]
pub fn guarded<T>(f: impl FnOnce() -> Result<T, DeviceError>) -> Result<T, DeviceError> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(DeviceError::Panicked(text.unwrap_or_else(|| "without a message".to_string())))
    })
}
