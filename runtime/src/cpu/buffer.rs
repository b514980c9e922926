//! Buffers that are reused from call to call, and gradients as places to write to.

use nalgebra::{Const, DMatrix, Dyn, OMatrix, SMatrix};

/// A buffer of `len` elements, with whatever it held before. Allocates only if it must grow.
#[inline]
pub fn buffer<T: Copy + Default>(storage: &mut Vec<T>, len: usize) -> &mut [T] {
    if storage.len() != len {
        storage.resize(len, T::default());
    }
    storage
}

/// The elements of a matrix, one after the other.
#[inline]
pub fn collected<'a, 'e, T: Copy + 'e>(
    storage: &'a mut Vec<T>,
    elements: impl Iterator<Item = &'e T>,
) -> &'a [T] {
    storage.clear();
    storage.extend(elements.copied());
    storage
}

/// The component of each element of a slice of tuples, as an array of its own.
#[inline]
pub fn gather<'a, E, T>(storage: &'a mut Vec<T>, elements: &[E], component: impl Fn(&E) -> T) -> &'a [T] {
    storage.clear();
    storage.extend(elements.iter().map(component));
    storage
}

/// An array that is a component of each element of a slice of structs, as an array of one more axis.
#[inline]
pub fn gather_all<'a, E, T>(
    storage: &'a mut Vec<T>,
    elements: &[E],
    append: impl Fn(&E, &mut Vec<T>),
) -> &'a [T] {
    storage.clear();
    elements.iter().for_each(|e| append(e, storage));
    storage
}

/// A gradient as a place to write to: it takes the shape asked for, and hands out its elements.
pub trait Storage {
    /// The type of the elements.
    type Elem;
    /// The elements, in the IR's order, after the shape is what `shape` says (outer axis first). Allocates only if the
    /// shape changes.
    fn shaped(&mut self, shape: &[usize]) -> &mut [Self::Elem];
}

impl<T: nalgebra::Scalar + Copy + Default> Storage for DMatrix<T> {
    type Elem = T;
    fn shaped(&mut self, shape: &[usize]) -> &mut [T] {
        if self.shape() != (shape[1], shape[0]) {
            *self = DMatrix::from_element(shape[1], shape[0], T::default());
        }
        self.as_mut_slice()
    }
}

/// `DVector`, and matrices with a fixed number of columns.
impl<T: nalgebra::Scalar + Copy + Default, const C: usize> Storage for OMatrix<T, Dyn, Const<C>> {
    type Elem = T;
    fn shaped(&mut self, shape: &[usize]) -> &mut [T] {
        let rows = shape[shape.len() - 1];
        if self.nrows() != rows {
            *self = OMatrix::from_element_generic(Dyn(rows), Const::<C>, T::default());
        }
        self.as_mut_slice()
    }
}

/// `RowDVector`, and matrices with a fixed number of rows.
impl<T: nalgebra::Scalar + Copy + Default, const R: usize> Storage for OMatrix<T, Const<R>, Dyn> {
    type Elem = T;
    fn shaped(&mut self, shape: &[usize]) -> &mut [T] {
        if self.ncols() != shape[0] {
            *self = OMatrix::from_element_generic(Const::<R>, Dyn(shape[0]), T::default());
        }
        self.as_mut_slice()
    }
}

impl<T: nalgebra::Scalar, const R: usize, const C: usize> Storage for SMatrix<T, R, C> {
    type Elem = T;
    fn shaped(&mut self, _shape: &[usize]) -> &mut [T] {
        self.as_mut_slice()
    }
}

/// The gradient of a slice: as many elements as the slice has.
#[inline]
pub fn sized<T: Clone>(storage: &mut Vec<T>, len: usize, zero: T) -> &mut [T] {
    if storage.len() != len {
        storage.resize(len, zero);
    }
    storage
}
