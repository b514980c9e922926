//! The text form, read.

use super::Module;

/// Where and why the text is no module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads a module.
///
/// # Errors
/// On the first syntax error, unknown name or ill-typed instruction.
pub fn parse(_text: &str) -> Result<Module, ParseError> {
    todo!()
}
