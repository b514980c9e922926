//! What generated code runs on: loops over lanes, threads, reductions, buffers and the tape.
//!
//! Users meet [`force`], [`Level`] and [`level`] here; everything else is called by generated code.

mod buffer;
mod contract;
mod dispatch;
mod index;
mod lanes;
mod nested;
mod reduce;
mod split;
mod tape;

pub use buffer::{Storage, buffer, collected, gather, gather_all, sized};
pub use contract::{cholesky, cofactor, det, inverse, matmul, matvec, solve};
pub use dispatch::{LaneChoice, Lanes, Level, Nest, force, launch, level};
pub use index::{at, extent, offset, part};
pub use lanes::{Number, add_lanes, muladd, tree};
pub use nested::{matrix, next};
pub use reduce::{Arg, Limits, argmax, argmin, max, min};
pub use split::{Rows, Split, Whole};
pub use tape::{Stack, Tape, Taped};
