//! From memory order to the file's, which is row-major, and back.

use crate::leaves::{Order, Shape};

/// For each number of a row-major array, its place in memory.
pub(super) fn places(shape: &Shape, order: Order) -> impl Iterator<Item = usize> + use<'_> {
    let dims = shape.dims();
    let count = dims.iter().product();
    (0..count).map(move |k| match order {
        Order::RowMajor => k,
        Order::ColumnMajor => {
            let (mut rest, mut place) = (k, 0);
            // the last index changes first in the file and is worth most in memory
            for (axis, n) in dims.iter().enumerate().rev() {
                place += (rest % n) * dims[..axis].iter().product::<usize>();
                rest /= n;
            }
            place
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_major_arrays_are_transposed() {
        let of = |dims: &[usize], order| places(&Shape::new(dims), order).collect::<Vec<_>>();
        assert_eq!(of(&[2, 3], Order::ColumnMajor), [0, 2, 4, 1, 3, 5]);
        assert_eq!(of(&[2, 3], Order::RowMajor), [0, 1, 2, 3, 4, 5]);
        assert_eq!(of(&[2, 2, 2], Order::ColumnMajor), [0, 4, 2, 6, 1, 5, 3, 7]);
        assert_eq!(of(&[3], Order::ColumnMajor), [0, 1, 2]);
        assert_eq!(of(&[], Order::ColumnMajor), [0]);
        assert_eq!(of(&[0, 2], Order::ColumnMajor), [0; 0]);
    }
}
