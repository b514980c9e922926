//! Fusion into nests.

pub mod horizontal;
pub mod scatter;
mod uses;
pub mod vertical;
