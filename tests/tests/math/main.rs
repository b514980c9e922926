//! The mathematical functions: the runtime's Rust is what the IR prints as, computes what the interpreter computes, and
//! is as accurate as the table of operations says.

mod accuracy;
mod functions;
mod interpreter;
mod lanes;
mod special;
