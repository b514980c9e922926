//! Special functions for annotated functions: stable forms of logarithms and exponentials, and the functions of statistics
//! and physics that `f64` lacks.

#[doc(hidden)]
pub mod functions;

#[doc(inline)]
pub use functions::{log_add_exp, log_sum_exp, logit, sinc, xlog1py, xlogy};
