//! The CUDA driver, opened on first use.
//!
//! cust links `-lcuda`, and a program that is linked so does not start without the library. This crate defines every
//! entry point that cust_raw declares as a jump through a table. At first all of the table leads to code that opens
//! `libcuda.so.1`, fills the table with its addresses and jumps again; without the library (or without one of its
//! functions) an entry returns an error code instead, which a caller sees as "no device".
//!
//! Linux on x86-64 and aarch64; empty elsewhere and without the feature `driver`.

#[cfg(all(feature = "driver", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod driver;

#[cfg(all(
    feature = "driver",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub use driver::{is_present, use_library};
