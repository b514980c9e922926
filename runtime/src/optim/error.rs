//! What can be wrong with parameters and a gradient.

use std::fmt;

use crate::DeviceError;

/// Why parameters could not be updated. Prints as a sentence that names the leaf and both sides.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LeafError {
    /// Parameters and gradient, or parameters and the optimizer's state, have different numbers of leaves.
    Count {
        /// The leaf that stands alone.
        leaf: String,
        /// What has the leaf: "the parameters".
        with: &'static str,
        /// What lacks it: "the gradient".
        without: &'static str,
    },
    /// A leaf's shapes differ.
    Shape {
        /// The leaf.
        leaf: String,
        /// The parameter's shape.
        parameter: Vec<usize>,
        /// What else has a shape: "its gradient".
        other: &'static str,
        /// That shape.
        shape: Vec<usize>,
    },
    /// A leaf's types or memory orders differ.
    Kind {
        /// The leaf.
        leaf: String,
        /// What the parameter is.
        parameter: String,
        /// What else it is compared with: "its gradient".
        other: &'static str,
        /// What that is.
        kind: String,
    },
    /// The leaf of the parameters and that of the gradient at the same place have different names.
    Name {
        /// The parameter's name.
        parameter: String,
        /// The gradient's name.
        gradient: String,
    },
    /// The device of the parameters failed.
    Device(DeviceError),
}

/// How the leaf of a value without parts is called in messages.
pub(super) fn quoted(leaf: &str) -> String {
    if leaf.is_empty() { "the parameter".into() } else { format!("`{leaf}`") }
}

impl fmt::Display for LeafError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeafError::Count { leaf, with, without } => {
                write!(f, "{} is in {with} but not in {without}", quoted(leaf))
            }
            LeafError::Shape { leaf, parameter, other, shape } => {
                write!(f, "{} has shape {parameter:?} but {other} {shape:?}", quoted(leaf))
            }
            LeafError::Kind { leaf, parameter, other, kind } => {
                write!(f, "{} is {parameter} but {other} {kind}", quoted(leaf))
            }
            LeafError::Device(error) => error.fmt(f),
            LeafError::Name { parameter, gradient } => {
                write!(
                    f,
                    "`{parameter}` of the parameters meets `{gradient}` of the gradient: give them in one order"
                )
            }
        }
    }
}

impl std::error::Error for LeafError {}

/// So that a step in what a device [records](crate::Device::record) ends with `?`.
impl From<LeafError> for DeviceError {
    fn from(error: LeafError) -> DeviceError {
        match error {
            LeafError::Device(error) => error,
            other => DeviceError::Shape(other.to_string()),
        }
    }
}
