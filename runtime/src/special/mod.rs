//! Special functions for annotated functions: stable forms of logarithms and exponentials, and the functions of statistics
//! and physics that `f64` lacks.

#[doc(hidden)]
pub mod functions;
mod primitive;

pub use functions::{
    digamma, erf, erfc, ln_beta, ln_gamma, log_add_exp, log_sum_exp, logit, normal_cdf, sinc, trigamma,
    xlog1py, xlogy,
};
pub(crate) use primitive::Primitive;
