//! The compiler behind [pullback](https://docs.rs/pullback): an IR, its text form, reverse and forward
//! differentiation, simplification, and fusion into nests. It has no dependencies and knows no Rust syntax.
//!
//! `ARCHITECTURE.md` at the root of the repository maps it.

#![warn(unreachable_pub)]

pub mod ad;
pub mod fuse;
pub mod glue;
pub mod ir;
pub mod math;
pub mod ops;
pub mod opt;
pub mod ptx;
mod rewrite;
