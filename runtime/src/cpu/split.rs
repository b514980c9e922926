//! Arrays that a nest writes, split along its outer axis.

/// Something to write that can be cut in two along the outer axis.
pub trait Split: Send + Sized {
    /// What comes before index `at` of the outer axis, and what comes from there on.
    fn split(self, at: usize) -> (Self, Self);
}

/// Rows of `width` elements each.
#[derive(Debug)]
pub struct Rows<'a, T> {
    /// The elements, row after row.
    pub data: &'a mut [T],
    /// The length of a row.
    pub width: usize,
}

impl<T: Send> Split for &mut [T] {
    #[inline]
    fn split(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

impl<T: Send> Split for Rows<'_, T> {
    #[inline]
    fn split(self, at: usize) -> (Self, Self) {
        let (near, far) = self.data.split_at_mut(at * self.width);
        (Rows { data: near, width: self.width }, Rows { data: far, width: self.width })
    }
}

impl Split for () {
    fn split(self, _at: usize) -> (Self, Self) {
        ((), ())
    }
}

/// Pairs nest, so that any number of arrays can be written: `(a, (b, (c, ())))`.
impl<A: Split, B: Split> Split for (A, B) {
    #[inline]
    fn split(self, at: usize) -> (Self, Self) {
        let ((a, c), (b, d)) = (self.0.split(at), self.1.split(at));
        ((a, b), (c, d))
    }
}
