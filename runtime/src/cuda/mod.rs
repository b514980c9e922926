//! CUDA, through cust: GPUs, memory, launches, graphs. With the feature `cuda` only.
//!
//! The driver is opened when a program first asks for a GPU, so a program built with this feature starts on machines
//! without one. Nothing here panics on what a driver says: errors are [`DeviceError`](crate::DeviceError)s.

mod buffer;
mod gpu;
mod graph;
mod launch;

pub use buffer::Buffer;
pub use gpu::Gpu;
pub use graph::Graph;
pub use launch::Arg;
#[doc(hidden)]
pub use pullback_cuda_shim::use_library;
