//! Fusion into nests.

pub mod horizontal;
mod nest;
pub mod scatter;
#[cfg(test)]
mod tests;
mod uses;
pub mod vertical;

pub use nest::{NestInfo, Pattern, Read, nest_info};
pub(crate) use uses::{cost, cost_of, substitute, uses};
