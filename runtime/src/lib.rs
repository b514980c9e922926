//! `#[differentiable]`: fused forward and backward code from a plain Rust function, at compile time.

pub mod check;
pub mod cpu;
mod function;
#[doc(hidden)]
pub mod math;
pub mod shape;
mod tangent;

pub use check::CheckError;
pub use function::{Function, Grad, Workspace};
pub use nalgebra;
#[doc(hidden)]
pub use pullback_macros::__resume;
pub use pullback_macros::{derivative, differentiable};
pub use tangent::Tangent;
