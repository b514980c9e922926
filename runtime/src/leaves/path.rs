//! Where a leaf is in a value.

use std::fmt;

/// Where a leaf is in a value; prints as `layers.0.weight`. It is a list on the stack, so a walk allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    last: Segment<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Segment<'p> {
    Root,
    Field(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The value itself; prints as nothing.
    pub const ROOT: Path<'static> = Path { parent: None, last: Segment::Root };

    /// A field below.
    #[must_use]
    pub fn field(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), last: Segment::Field(name) }
    }

    /// An element below.
    #[must_use]
    pub fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), last: Segment::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.last, Segment::Root) {
                f.write_str(".")?;
            }
        }
        match self.last {
            Segment::Root => Ok(()),
            Segment::Field(name) => f.write_str(name),
            Segment::Index(index) => index.fmt(f),
        }
    }
}
