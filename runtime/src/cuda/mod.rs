//! CUDA, through cust: GPUs, memory, launches, graphs. With the feature `cuda` only.
//!
//! The driver is opened when a program first asks for a GPU, so a program built with this feature starts on machines
//! without one. Nothing here panics on what a driver says: errors are [`DeviceError`](crate::DeviceError)s.

mod array;
mod buffer;
mod capture;
mod cublas;
mod element;
mod gpu;
mod graph;
mod launch;
mod link;
mod memory;
mod modules;
mod product;
mod raw;
mod room;
mod run;
mod status;
mod table;

pub use array::{Array, Leaf, Tape, offset};
pub use buffer::Buffer;
pub(crate) use capture::{Trace, count_replays, is_on as is_recording, refuse};
pub use cublas::{CUBLAS_FROM, use_cublas_library};
pub use element::Element;
pub use gpu::Gpu;
pub use graph::Graph;
pub use launch::Arg;
pub use modules::Usage;
pub use product::{Product, STEP, TILE, stretches};
#[doc(hidden)]
pub use pullback_cuda_shim::use_library;
pub use room::{NO_ROOM, Room, SCRATCH_BYTES, blocks_at_once};
pub use run::{
    BLOCK, COPIES_BYTES, Given, Kernel, MAX_BLOCKS, MAX_COPIES, Number, Out, PARTIAL_BYTES, Param, Results,
    copy_count, count, grid,
};
pub(crate) use table::blocks;
pub use table::{CHUNK, ROWS, Row, Table};
