//! `#[differentiable]`: fused forward and backward code from a plain Rust function, at compile time.
