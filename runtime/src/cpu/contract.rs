//! Matrix products: nalgebra's, on slices whose last axis is contiguous.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, DVectorView, DVectorViewMut, RealField};

/// A matrix as it is stored, row after row, with its rows and columns.
type Rows<'a, T> = (&'a [T], usize, usize);

/// `C = A B`, with A (B) read transposed if `TA` (`TB`). Each matrix comes with its rows and columns as it is stored, row
/// after row.
pub fn matmul<T: RealField + Copy, const TA: bool, const TB: bool>(
    c: &mut [T],
    (a, a_rows, a_columns): Rows<'_, T>,
    (b, b_rows, b_columns): Rows<'_, T>,
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
pub fn matvec<T: RealField + Copy, const TA: bool>(y: &mut [T], (a, rows, columns): Rows<'_, T>, x: &[T]) {
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

/// A matrix with the same elements at the same row and column.
fn dense<T: RealField + Copy>((a, rows, columns): Rows<'_, T>) -> DMatrix<T> {
    DMatrix::from_row_slice(rows, columns, a)
}

/// Right-hand sides: one vector, or the rows of a matrix.
pub trait Rhs<'a, T> {
    /// The elements.
    fn elements(self) -> &'a [T];
}

impl<'a, T> Rhs<'a, T> for &'a [T] {
    fn elements(self) -> &'a [T] {
        self
    }
}

impl<'a, T> Rhs<'a, T> for Rows<'a, T> {
    fn elements(self) -> &'a [T] {
        self.0
    }
}

/// `A x = b`, for a vector b or for each row of a matrix, with A read transposed if `TA`.
///
/// # Panics
/// If A is singular.
pub fn solve<'a, T: RealField + Copy, const TA: bool>(x: &mut [T], a: Rows<'_, T>, b: impl Rhs<'a, T>) {
    let n = a.1;
    if n == 0 {
        return;
    }
    x.copy_from_slice(b.elements());
    let a = if TA { dense(a).transpose() } else { dense(a) };
    // The rows of right-hand sides are, column after column, its columns.
    let count = x.len() / n;
    let mut columns = DMatrixViewMut::from_slice(x, n, count);
    assert!(a.lu().solve_mut(&mut columns), "a singular system of equations");
}

/// The inverse of a matrix.
///
/// # Panics
/// If it is singular.
pub fn inverse<T: RealField + Copy>(inverse: &mut [T], a: Rows<'_, T>) {
    let found = dense(a).try_inverse().expect("the inverse of a singular matrix");
    inverse.copy_from_slice(found.transpose().as_slice());
}

/// The determinant of a matrix.
pub fn det<T: RealField + Copy>(a: Rows<'_, T>) -> T {
    dense(a).determinant()
}

/// The derivative of the determinant with respect to each element.
pub fn cofactor<T: RealField + Copy>(cofactors: &mut [T], a: Rows<'_, T>) {
    let n = a.1;
    let a = dense(a);
    for i in 0..n {
        for j in 0..n {
            let minor = a.clone().remove_row(i).remove_column(j).determinant();
            cofactors[i * n + j] = if (i + j) % 2 == 0 { minor } else { -minor };
        }
    }
}

/// The upper triangular U with `Uᵀ U = A`, from the upper triangle of A.
///
/// # Panics
/// Unless A is positive definite.
pub fn cholesky<T: RealField + Copy>(u: &mut [T], (a, n, _): Rows<'_, T>) {
    // nalgebra reads the lower triangle of the transposed matrix, and gives the transposed factor.
    let lower = DMatrix::from_column_slice(n, n, a).cholesky();
    let lower = lower.expect("the Cholesky factor of a matrix that is not positive definite").l();
    u.copy_from_slice(lower.as_slice());
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

    #[test]
    fn solutions() {
        let a = [2.0, 1.0, 0.0, 4.0];
        let (mut x, mut z) = ([0.0; 2], [0.0; 4]);
        solve::<f64, false>(&mut x, (&a, 2, 2), &[4.0, 8.0][..]);
        assert_eq!(x, [1.0, 2.0]);
        solve::<f64, true>(&mut x, (&a, 2, 2), &[2.0, 9.0][..]);
        assert_eq!(x, [1.0, 2.0]);
        solve::<f64, false>(&mut z, (&a, 2, 2), (&[4.0, 8.0, 2.0, 0.0][..], 2, 2));
        assert_eq!(z, [1.0, 2.0, 1.0, 0.0]);
        inverse(&mut z, (&a, 2, 2));
        assert_eq!(z, [0.5, -0.125, 0.0, 0.25]);
    }

    #[test]
    fn determinants() {
        let a = [2.0, 1.0, 3.0, 4.0];
        assert_eq!(det((&a, 2, 2)), 5.0);
        let mut c = [0.0; 4];
        cofactor(&mut c, (&a, 2, 2));
        assert_eq!(c, [4.0, -3.0, -1.0, 2.0]);
        let mut one = [7.0];
        cofactor(&mut one, (&[0.0], 1, 1));
        assert_eq!(one, [1.0]);
    }

    #[test]
    fn factors() {
        let mut u = [9.0; 4];
        // The lower triangle is not read.
        cholesky(&mut u, (&[4.0, 2.0, f64::NAN, 5.0], 2, 2));
        assert_eq!(u, [2.0, 1.0, 0.0, 2.0]);
    }
}
