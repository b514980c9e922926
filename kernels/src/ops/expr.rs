//! Lines of mathematics (`2.0 * a / y`) to IR.

use crate::ir::{Builder, Value};

/// Appends the code of a line of mathematics in `a`, `b`, `c`, `d` (the arguments) and `y` (the result).
pub fn expand(_b: &mut Builder, _text: &str, _args: &[Value], _y: Value) -> Value {
    todo!()
}
