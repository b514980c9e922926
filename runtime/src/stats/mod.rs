//! Statistics of lists of numbers.

#[doc(hidden)]
pub mod functions;

pub use functions::{mean, median, standard_deviation, variance};
