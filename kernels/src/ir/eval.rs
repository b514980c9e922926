//! The interpreter: the oracle that every pass and back end is held to.

use super::{Lit, Module, Scalar};

/// A dense array, the last axis contiguous.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// The type of the elements.
    pub elem: Scalar,
    /// The lengths of the axes.
    pub shape: Vec<usize>,
    /// The elements.
    pub data: Vec<Lit>,
}

/// What a value is at run time.
#[derive(Clone, PartialEq, Debug)]
pub enum Datum {
    /// One number.
    Scalar(Lit),
    /// An array.
    Array(Array),
    /// A tape.
    Tape(Vec<Datum>),
}

/// Why the interpreter stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EvalError(pub String);

/// Runs the module's function of that name.
///
/// # Errors
/// What the program would panic on: an index out of bounds, a failed assertion, extents that differ; and calls of
/// external functions.
pub fn eval(_module: &Module, _func: &str, _args: &[Datum]) -> Result<Vec<Datum>, EvalError> {
    todo!()
}
