//! What most programs need: `use pullback::prelude::*;`.
//!
//! ```
//! use pullback::prelude::*;
//!
//! #[differentiable]
//! fn area(width: f64, height: f64) -> f64 {
//!     width * height
//! }
//!
//! let gradient: Grad<area> = area::grad(2.0, 3.0);
//! assert_eq!((gradient.width, gradient.height), (3.0, 2.0));
//! ```

pub use crate::{CheckError, Differentiable, Function, Grad, Placed, Workspace, derivative, differentiable};
