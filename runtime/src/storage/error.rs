//! What can be wrong with a file of parameters.

use std::fmt;

use crate::DeviceError;

/// Why parameters could not be saved or loaded. Prints as a sentence that begins with the file.
#[derive(Debug)]
#[non_exhaustive]
pub enum StorageError {
    /// A file cannot be read or written.
    File {
        /// The file.
        file: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file is not in the format.
    Format {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file holds something else than what is to be loaded.
    Differs {
        /// The file.
        file: String,
        /// In what.
        differences: Vec<Difference>,
    },
    /// The device that the value is on failed.
    Device {
        /// The file.
        file: String,
        /// What went wrong there.
        error: DeviceError,
    },
}

/// A difference between a file and what is to be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Difference {
    /// The file lacks an array.
    Missing { name: String },
    /// The file has an array too many.
    Extra { name: String },
    /// An array's shapes differ.
    Shape { name: String, file: Vec<usize>, expected: Vec<usize> },
    /// An array's types differ.
    Type { name: String, file: String, expected: String },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing { name } => write!(f, "`{name}` is not in the file"),
            Difference::Extra { name } => write!(f, "`{name}` is only in the file"),
            Difference::Shape { name, file, expected } => {
                write!(f, "`{name}` has shape {file:?} in the file but should have {expected:?}")
            }
            Difference::Type { name, file, expected } => {
                write!(f, "`{name}` is {file} in the file but should be {expected}")
            }
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::File { file, error } => write!(f, "{file}: {error}"),
            StorageError::Device { file, error } => write!(f, "{file}: {error}"),
            StorageError::Format { file, problem } => write!(f, "{file}: {problem}"),
            StorageError::Differs { file, differences } => {
                let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
                write!(f, "{file}: {}", list.join("; "))
            }
        }
    }
}

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StorageError::File { error, .. } => Some(error),
            StorageError::Device { error, .. } => Some(error),
            _ => None,
        }
    }
}
