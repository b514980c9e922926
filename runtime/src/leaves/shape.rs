//! What an array of numbers looks like: its lengths, and its order in memory.

use std::fmt;

/// How an array lies in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The last index changes first, as in Rust's nested arrays, NumPy and safetensors.
    RowMajor,
    /// The first index changes first, as in nalgebra's matrices.
    ColumnMajor,
}

/// The greatest number of axes of a leaf.
const AXES: usize = 8;

/// The lengths of an array along its axes; prints as `[2, 3]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Shape {
    dims: [usize; AXES],
    axes: usize,
}

impl Shape {
    /// The shape with these lengths.
    ///
    /// # Panics
    /// If there are more than eight.
    #[must_use]
    pub fn new(lengths: &[usize]) -> Shape {
        lengths.iter().fold(Shape::default(), |shape, &n| shape.then(n))
    }

    /// The shape with one more axis, whose index changes before those there are.
    ///
    /// # Panics
    /// If there are eight already.
    #[must_use]
    pub fn then(mut self, n: usize) -> Shape {
        assert!(self.axes < AXES, "an array with more than {AXES} axes");
        self.dims[self.axes] = n;
        self.axes += 1;
        self
    }

    /// Whether arrays of this shape lie in memory the same way in either order: at most one axis is longer than 1.
    #[must_use]
    pub fn lies_one_way(&self) -> bool {
        self.dims().iter().filter(|&&n| n != 1).count() <= 1
    }

    /// The lengths.
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.axes]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dims().fmt(f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
