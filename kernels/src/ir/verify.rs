//! The verifier: collects every violation.

use super::{Func, Module};

/// One thing that is wrong with a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation(pub String);

/// Checks a function, calls into the module included.
///
/// # Errors
/// All violations found.
pub fn verify_func(_module: &Module, _func: &Func) -> Result<(), Vec<Violation>> {
    todo!()
}

/// Checks every function of a module.
///
/// # Errors
/// All violations found.
pub fn verify(_module: &Module) -> Result<(), Vec<Violation>> {
    todo!()
}
