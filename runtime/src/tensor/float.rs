//! The types of elements.

use std::fmt;

use nalgebra::RealField;

use crate::cpu;

/// The type of a tensor's elements, as a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dtype {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
        })
    }
}

/// What a GPU wants of an element.
#[cfg(feature = "cuda")]
#[doc(hidden)]
pub trait Stored: crate::on::Element {
    /// What tensors do on a GPU.
    fn kernels() -> &'static super::gpu::Kernels;
}

/// What a GPU wants of an element.
#[cfg(not(feature = "cuda"))]
#[doc(hidden)]
pub trait Stored: Copy + Default + Send + Sync + 'static {}

/// A type of elements: `f32` or `f64`.
pub trait Float: Stored + cpu::Number + RealField + Copy {
    /// The type as a value.
    const DTYPE: Dtype;

    /// The nearest number of this type.
    #[must_use]
    fn nearest(x: f64) -> Self;
}

macro_rules! float {
    ($($t:ident $upper:ident)*) => {
        $(impl Float for $t {
            const DTYPE: Dtype = Dtype::$upper;

            fn nearest(x: f64) -> $t {
                x as $t
            }
        }

        #[cfg(not(feature = "cuda"))]
        impl Stored for $t {}

        #[cfg(feature = "cuda")]
        impl Stored for $t {
            fn kernels() -> &'static super::gpu::Kernels {
                &super::kernels::$upper
            }
        })*
    };
}

float! { f32 F32 f64 F64 }
