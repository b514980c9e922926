//! `#[differentiable]`: fused forward and backward code from a plain Rust function, at compile time.
//!
//! ```
//! use pullback::differentiable;
//! use pullback::nalgebra::DVector;
//!
//! /// Sum of squared errors of y = a + b x + c x² + d x³.
//! #[differentiable(wrt(a, b, c, d))]
//! fn loss(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
//!     let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
//!     (y_pred - y).norm_squared()
//! }
//!
//! let x = DVector::from_fn(200, |i, _| i as f32 / 100.0 - 1.0);
//! let y = x.map(f32::sin);
//! let (value, grad) = loss::value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &y);
//! assert_eq!(value, loss::value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &y).0);
//! assert!((value - loss(0.5, -0.3, 0.2, 0.1, &x, &y)).abs() < 1e-3 * value);
//! assert!(grad.a > 0.0 && grad.b < 0.0);
//! ```
//!
//! The function stays as it is. Beside it there is a type of its name with
//!
//! - `value_and_grad(args)`: the value and the gradient, in one pass over the data;
//! - `grad(args)`: the gradient;
//! - `value_and_grad_into(args, &mut workspace)`: the same without allocating, see [`Workspace`];
//! - `on(&device)`: value and gradient on a CPU or a GPU, of host values or tensors, see [`Tensor`];
//! - `vjp(args)`: the value and its pullback, also for functions that return arrays or tuples;
//! - `check(args)`: the gradient against differences, see [`CheckError`];
//! - `explain()`: the function and its derivative as IR, and the loops that run.
//!
//! The [guide] explains the language, the conventions, and the rest.
//!
//! A gradient is shaped like the parameter; several parameters give a struct with their names.

#![warn(unreachable_pub)]

// Generated code names this crate.
extern crate self as pullback;

pub mod check;
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod data;
mod detach;
mod device;
#[doc(hidden)]
pub mod differentiable;
mod function;
mod generic;
pub mod guide;
pub mod leaves;
#[doc(hidden)]
pub mod math;
pub mod nn;
pub mod on;
pub mod optim;
#[cfg(feature = "plotters")]
pub mod plot;
pub mod prelude;
mod random;
mod recording;
pub mod shape;
#[cfg(any(feature = "argmin", feature = "levenberg-marquardt"))]
pub mod solvers;
pub mod special;
pub mod stats;
#[cfg(feature = "safetensors")]
pub mod storage;
mod tangent;
pub mod tensor;
pub mod train;

pub use check::CheckError;
pub use detach::detach;
pub use device::{Device, DeviceError};
#[doc(hidden)]
pub use differentiable::{__Constant, __constant, __known};
pub use differentiable::{Differentiable, Placed};
pub use function::{Function, Grad, Workspace};
pub use generic::Real;
pub use leaves::{Leaves, LeavesMut};
pub use nalgebra;
#[doc(hidden)]
pub use pullback_macros::__resume;
pub use pullback_macros::{Differentiable, derivative, differentiable};
pub use random::Random;
pub use recording::Recording;
pub use tangent::Tangent;
pub use tensor::Tensor;
