//! Optimised IR to Rust: the companion of an annotated function.
//!
//! [`companion`] prints everything that is generated for a function. [`code`] prints statements, [`launch`] and [`run`]
//! the nests, [`params`] and [`cotangents`] what lies between Rust values and IR values, [`surface`] what users call.

mod arrays;
mod check;
mod code;
mod cotangents;
mod gpu;
mod items;
mod launch;
mod loops;
mod matrices;
mod modes;
mod names;
mod nest;
mod nested;
mod on;
pub(crate) mod params;
mod plan;
mod reduce;
mod run;
mod scalar;
mod stages;
mod strips;
pub(crate) mod surface;
mod sweep;
#[cfg(test)]
mod tests;
mod uses;

pub(crate) use surface::companion;

use pullback_kernels::ir::{Func, Module};

use crate::types::Mode;

/// The derivatives of a function, optimised.
pub(crate) struct Derivatives {
    /// What they call: the functions without IR.
    pub(crate) module: Module,
    /// Parameters as the function's; results: the function's, then the cotangents of the `wrt` leaves that are floats.
    /// `None` unless the function returns one float.
    pub(crate) value_and_grad: Option<Func>,
    /// Parameters as the function's, then a cotangent per float leaf of its result; results: the function's, then the
    /// cotangents of the `wrt` leaves that are floats.
    pub(crate) vjp: Func,
    /// The module with the results that count as constants, if there are such: the others have none of them.
    pub(crate) whole: Option<Module>,
    /// The derivatives asked for with `modes(..)`.
    pub(crate) modes: Vec<Derived>,
    /// What `explain` returns.
    pub(crate) explain: String,
}

/// A derivative asked for with `modes(..)`, optimised: the function that `pullback_kernels::ad` has for it.
pub(crate) struct Derived {
    /// What it is.
    pub(crate) mode: Mode,
    /// Its IR.
    pub(crate) func: Func,
    /// How it is computed, in words.
    pub(crate) how: &'static str,
}
