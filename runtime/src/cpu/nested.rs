//! Jacobians and Hessians as places to write to.

use nalgebra::{DefaultAllocator, Dim, OMatrix, Scalar, allocator::Allocator};

/// The elements of a matrix of any kind, in memory order, after it took the shape asked for.
///
/// # Panics
/// If a side that the type fixes is asked to differ.
pub fn matrix<T: Scalar, R: Dim, C: Dim>(
    place: &mut OMatrix<T, R, C>,
    rows: usize,
    columns: usize,
    zero: T,
) -> &mut [T]
where
    DefaultAllocator: Allocator<R, C>,
{
    if place.shape() != (rows, columns) {
        *place = OMatrix::from_element_generic(R::from_usize(rows), C::from_usize(columns), zero);
    }
    place.as_mut_slice()
}

/// The next number of a list that was computed for a place.
///
/// # Panics
/// If the place has more numbers than the list.
#[inline]
pub fn next<T>(from: &mut impl Iterator<Item = T>) -> T {
    from.next().expect("as many numbers as the place has")
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector, Matrix2};

    use super::*;

    #[test]
    fn matrices_take_their_shape() {
        let mut dynamic = DMatrix::<f64>::zeros(0, 0);
        assert_eq!(matrix(&mut dynamic, 2, 3, 0.5), [0.5; 6]);
        let mut nested = DVector::<Vec<f32>>::from_element(0, Vec::new());
        assert_eq!(matrix(&mut nested, 2, 1, vec![1.0]), [vec![1.0], vec![1.0]]);
        let mut fixed = Matrix2::<f64>::identity();
        assert_eq!(matrix(&mut fixed, 2, 2, 0.0), [1.0, 0.0, 0.0, 1.0]);
    }
}
