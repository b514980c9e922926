//! What rewriting passes stand on, those of `opt` as those of `fuse` and `glue`: the walk, and what is known of values.

mod cursor;
pub(crate) mod facts;
mod known;

pub(crate) use cursor::Cursor;
pub(crate) use known::{Known, Linear};
