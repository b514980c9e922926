//! The attribute macro of [pullback](https://docs.rs/pullback).

mod types;
