//! Tests of the whole project. What several test binaries share is here.

pub mod args;
pub mod calls;
pub mod close;
pub mod dual;
pub mod random;
pub mod random_ir;
pub mod random_rust;
pub mod shrink;

/// The README's programs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
