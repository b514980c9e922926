//! The attribute macro of [pullback](https://docs.rs/pullback).

#[allow(dead_code)] // until the front end calls it
mod emit;
mod types;
