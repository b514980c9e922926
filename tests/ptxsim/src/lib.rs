//! Runs PTX text on the CPU, for tests.
//!
//! [`parse`] reads the subset of PTX that pullback emits and somewhat more, and refuses the rest; [`launch`] runs a grid.
//! Blocks, warps and diverged parts of a warp take turns in an order drawn from a seed. Checked on the way:
//!
//! - the bounds and the initialisation of every byte of global, shared and local memory, and of every register;
//! - races: two accesses to a byte, one of them a write, that no barrier and no fence with an atomic puts in order;
//! - divergence: barriers, shuffles and votes that not all named lanes reach;
//! - arithmetic that the assembler may contract (`mul.f32` without `.rn`), loads through the read-only cache (`.nc`)
//!   of what the same launch wrote, alignment, and integer division by zero.

mod alu;
mod decode;
mod launch;
mod lex;
mod memory;
mod module;
mod parse;
mod race;
mod warp;

pub use launch::{Launch, Stats, launch};
pub use memory::Gpu;
pub use module::{Func, Module};
pub use parse::{ParseError, parse};

use std::fmt;

/// What went wrong while a grid ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// An address outside of every buffer, or beyond the end of one.
    OutOfBounds,
    /// Memory or a register was read that nothing had written.
    Uninitialised,
    /// Two accesses to a byte that nothing orders, at least one of them a write.
    Race,
    /// A barrier, shuffle or vote that not all lanes reach which it names.
    Divergence,
    /// No warp can run any more.
    Deadlock,
    /// An address that is no multiple of the access's size.
    Misaligned,
    /// `trap`, or an integer divided by zero.
    Trap,
    /// The launch does not fit the kernel, or the program does something that this interpreter does not model.
    Unsupported,
    /// The launch ran longer than it was allowed.
    Timeout,
}

/// What went wrong, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The kind.
    pub kind: FaultKind,
    /// The place in the text and the particulars.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>) -> Fault {
        Fault { kind, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Fault {}
