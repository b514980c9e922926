//! `#[differentiable]`: fused forward and backward code from a plain Rust function, at compile time.

pub mod cpu;

pub use nalgebra;
