//! Matrix products: nalgebra's, on slices whose last axis is contiguous.

use nalgebra::{DMatrixView, DVectorView, DVectorViewMut, DMatrixViewMut, RealField};

/// `C = A B`, with A (B) read transposed if `TA` (`TB`). Each matrix comes with its rows and columns as it is stored, row
/// after row.
pub fn matmul<T: RealField + Copy, const TA: bool, const TB: bool>(
    c: &mut [T],
    (a, a_rows, a_columns): (&[T], usize, usize),
    (b, b_rows, b_columns): (&[T], usize, usize),
) {
    // What is stored row after row is, column after column, the transposed matrix: Cᵀ = Bᵀ Aᵀ.
    let (rows, inner) = if TA { (a_columns, a_rows) } else { (a_rows, a_columns) };
    let columns = if TB { b_rows } else { b_columns };
    let mut c = DMatrixViewMut::from_slice(c, columns, rows);
    let (one, zero) = (T::one(), T::zero());
    let a_strides = if TA { (a_columns, 1) } else { (1, a_columns) };
    let b_strides = if TB { (b_columns, 1) } else { (1, b_columns) };
    let a = DMatrixView::from_slice_with_strides(a, inner, rows, a_strides.0, a_strides.1);
    let b = DMatrixView::from_slice_with_strides(b, columns, inner, b_strides.0, b_strides.1);
    c.gemm(one, &b, &a, zero);
}

/// `y = A x`, with A read transposed if `TA`. A comes with its rows and columns as it is stored, row after row.
pub fn matvec<T: RealField + Copy, const TA: bool>(y: &mut [T], (a, rows, columns): (&[T], usize, usize), x: &[T]) {
    let (n, m) = (y.len(), x.len());
    let mut y = DVectorViewMut::from_slice(y, n);
    let x = DVectorView::from_slice(x, m);
    let transposed = DMatrixView::from_slice(a, columns, rows);
    if TA {
        y.gemv(T::one(), &transposed, &x, T::zero());
    } else {
        y.gemv_tr(T::one(), &transposed, &x, T::zero());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    #[test]
    fn products_of_rows() {
        let mut c = [0.0; 4];
        let b = [1.0, 0.5, -1.0, 2.0, 0.0, 3.0];
        matmul::<_, false, false>(&mut c, (&A, 2, 3), (&b, 3, 2));
        assert_eq!(c, [-1.0, 13.5, -1.0, 30.0]);
        // The same matrices, stored transposed.
        let (at, bt) = ([1.0, 4.0, 2.0, 5.0, 3.0, 6.0], [1.0, -1.0, 0.0, 0.5, 2.0, 3.0]);
        for k in 0..3 {
            let mut d = [7.0; 4];
            match k {
                0 => matmul::<_, true, false>(&mut d, (&at, 3, 2), (&b, 3, 2)),
                1 => matmul::<_, false, true>(&mut d, (&A, 2, 3), (&bt, 2, 3)),
                _ => matmul::<_, true, true>(&mut d, (&at, 3, 2), (&bt, 2, 3)),
            }
            assert_eq!(c, d);
        }
    }

    #[test]
    fn products_with_vectors() {
        let (mut y, mut z) = ([0.0; 2], [0.0; 3]);
        matvec::<_, false>(&mut y, (&A, 2, 3), &[1.0, 0.0, -1.0]);
        assert_eq!(y, [-2.0, -2.0]);
        matvec::<_, true>(&mut z, (&A, 2, 3), &[1.0, 2.0]);
        assert_eq!(z, [9.0, 12.0, 15.0]);
    }

    #[test]
    fn empty_inner_axis_gives_zeros() {
        let mut c = [5.0; 4];
        matmul::<f64, false, false>(&mut c, (&[], 2, 0), (&[], 0, 2));
        assert_eq!(c, [0.0; 4]);
        matvec::<f64, false>(&mut c[..2], (&[], 2, 0), &[]);
        matvec::<f64, true>(&mut c[2..], (&[], 0, 2), &[]);
        assert_eq!(c, [0.0; 4]);
    }
}
