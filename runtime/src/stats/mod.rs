//! Statistics of lists of numbers.

#[doc(hidden)]
pub mod functions;

#[doc(inline)]
pub use functions::{mean, median, standard_deviation, variance};
