//! A CUDA driver for tests: a `libcuda.so` with the entry points that cust and pullback call. Kernels run in
//! [`pullback_ptxsim`], each launch in another order of blocks and warps.
//!
//! As on a GPU, what is put on a stream happens later: at the latest when somebody waits for it, and the streams take
//! turns at random. Copies from page-locked memory read it only then. A fault in a kernel comes back from the next call
//! that waits, and from every call after that until the context is reset; the particulars go to standard error.
//!
//! It is a `libcublas.so` as well.
//!
//! `PULLBACK_FAKECUDA_SEED` sets the first of the random orders. With `PULLBACK_FAKECUDA_IDLE` nothing is launched and nothing comes
//! back, so that one can measure what the host does for a launch.

mod abi;
mod blas;
mod driver;

pub use driver::{Code, Driver};
