//! What can be wrong with data.

use std::fmt;

/// Why data could not be read. Prints as a sentence that says where.
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be read.
    File {
        /// The file.
        file: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// What a file holds is wrong.
    Content {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// The column's name, if it is one field that is wrong.
        column: Option<String>,
        /// What is wrong.
        problem: String,
    },
    /// A table has no such column.
    Column {
        /// The name that was asked for.
        name: String,
        /// Whether there is a column of that name with text instead of numbers, or numbers instead of text.
        other_kind: bool,
        /// The names that there are.
        names: Vec<String>,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::File { file, error } => write!(f, "{file}: {error}"),
            DataError::Content { file, line, column: Some(column), problem } => {
                write!(f, "{file}:{line}: column `{column}`: {problem}")
            }
            DataError::Content { file, line, column: None, problem } => write!(f, "{file}:{line}: {problem}"),
            DataError::Column { name, other_kind: true, .. } => {
                write!(f, "`{name}` is a column of the other kind: numbers and text are asked for separately")
            }
            DataError::Column { name, names, .. } => {
                write!(f, "there is no column `{name}`; the columns are `{}`", names.join("`, `"))
            }
        }
    }
}

impl std::error::Error for DataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DataError::File { error, .. } => Some(error),
            _ => None,
        }
    }
}
