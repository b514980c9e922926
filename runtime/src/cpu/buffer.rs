//! Buffers that are reused from call to call, and gradients as places to write to.

use nalgebra::{DMatrix, DVector, RowDVector, SMatrix};

/// A buffer of `len` elements, with whatever it held before. Allocates only if it must grow.
#[inline]
pub fn buffer<T: Copy + Default>(storage: &mut Vec<T>, len: usize) -> &mut [T] {
    if storage.len() != len {
        storage.resize(len, T::default());
    }
    storage
}

/// Copies an array.
#[inline]
pub fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    to.copy_from_slice(from);
}

/// The component of each element of a slice of tuples, as an array of its own.
#[inline]
pub fn gather<'a, E, T>(storage: &'a mut Vec<T>, elements: &[E], component: impl Fn(&E) -> T) -> &'a [T] {
    storage.clear();
    storage.extend(elements.iter().map(component));
    storage
}

/// The number of elements of an array with these extents.
#[inline]
#[must_use]
pub fn product(extents: &[i64]) -> usize {
    extents.iter().map(|&n| super::extent(n)).product()
}

/// A gradient as a place to write to: it takes the shape asked for, and hands out its elements.
pub trait Storage {
    /// The type of the elements.
    type Elem;
    /// The elements, in the IR's order, after the shape is what `shape` says (outer axis first). Allocates only if the
    /// shape changes.
    fn shaped(&mut self, shape: &[usize]) -> &mut [Self::Elem];
}

impl<T: Copy + Default> Storage for Vec<T> {
    type Elem = T;
    fn shaped(&mut self, shape: &[usize]) -> &mut [T] {
        buffer(self, shape.iter().product())
    }
}

macro_rules! dynamic {
    ($($t:ident, $shape:ident => $r:expr, $c:expr, $($new:expr),+;)*) => {
        $(impl<T: nalgebra::Scalar + Copy + Default> Storage for $t<T> {
            type Elem = T;
            fn shaped(&mut self, $shape: &[usize]) -> &mut [T] {
                if self.shape() != ($r, $c) {
                    *self = $t::from_element($($new),+, T::default());
                }
                self.as_mut_slice()
            }
        })*
    };
}

dynamic! {
    DVector, s => s[0], 1, s[0];
    RowDVector, s => 1, s[0], s[0];
    DMatrix, s => s[1], s[0], s[1], s[0];
}

impl<T: nalgebra::Scalar, const R: usize, const C: usize> Storage for SMatrix<T, R, C> {
    type Elem = T;
    fn shaped(&mut self, _shape: &[usize]) -> &mut [T] {
        self.as_mut_slice()
    }
}
