//! Matrix products: nalgebra's, on slices whose last axis is contiguous.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, DVectorView, DVectorViewMut, RealField};

use super::Number;

/// A matrix as it is stored, row after row, with its rows and columns.
type Rows<'a, T> = (&'a [T], usize, usize);

/// Products with an axis this short are written out; nalgebra hands longer ones to blocked code.
const SHORT: usize = 5;

/// The derivative of a determinant of up to this many rows is always computed from minors, which is exact for singular
/// matrices; for larger ones they take too long.
const WRITTEN_MINORS: usize = 4;

/// `C = A B`, with A (B) read transposed if `TA` (`TB`).
pub fn matmul<T: Number + RealField, const TA: bool, const TB: bool>(
    c: &mut [T],
    a: Rows<'_, T>,
    b: Rows<'_, T>,
) {
    let (rows, inner) = if TA { (a.2, a.1) } else { (a.1, a.2) };
    let columns = if TB { b.1 } else { b.2 };
    if rows.min(inner).min(columns) <= SHORT {
        return short_matmul::<T, TA, TB>(c, (a.0, rows), (b.0, columns), inner);
    }
    // What is stored row after row is, column after column, the transposed matrix: Cᵀ = Bᵀ Aᵀ. Its small products read
    // past the end of views with such strides (nalgebra 0.35), so they are not left to it.
    let a_strides = if TA { (rows, 1) } else { (1, inner) };
    let b_strides = if TB { (inner, 1) } else { (1, columns) };
    let mut c = DMatrixViewMut::from_slice(c, columns, rows);
    let a = DMatrixView::from_slice_with_strides(a.0, inner, rows, a_strides.0, a_strides.1);
    let b = DMatrixView::from_slice_with_strides(b.0, columns, inner, b_strides.0, b_strides.1);
    c.gemm(T::one(), &b, &a, T::zero());
}

fn short_matmul<T: Number + RealField, const TA: bool, const TB: bool>(
    c: &mut [T],
    (a, rows): (&[T], usize),
    (b, columns): (&[T], usize),
    inner: usize,
) {
    c.fill(T::zero());
    for i in 0..rows {
        let c = &mut c[i * columns..][..columns];
        for k in 0..inner {
            let factor = if TA { a[k * rows + i] } else { a[i * inner + k] };
            for (j, c) in c.iter_mut().enumerate() {
                let b = if TB { b[j * inner + k] } else { b[k * columns + j] };
                *c += factor * b;
            }
        }
    }
}

/// `y = A x`, with A read transposed if `TA`. A comes with its rows and columns as it is stored, row after row.
pub fn matvec<T: Number + RealField, const TA: bool>(y: &mut [T], (a, rows, columns): Rows<'_, T>, x: &[T]) {
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
    if n > WRITTEN_MINORS
        && let Some(inverse) = regular_inverse(&a)
    {
        // The transposed inverse, row after row, is the inverse, column after column.
        let det = a.determinant();
        return cofactors.iter_mut().zip(inverse.iter()).for_each(|(c, &e)| *c = det * e);
    }
    for i in 0..n {
        for j in 0..n {
            let minor = a.clone().remove_row(i).remove_column(j).determinant();
            cofactors[i * n + j] = if (i + j) % 2 == 0 { minor } else { -minor };
        }
    }
}

/// The inverse of a matrix, unless it is singular or so nearly singular that little of the inverse is right.
fn regular_inverse<T: RealField + Copy>(a: &DMatrix<T>) -> Option<DMatrix<T>> {
    let inverse = a.clone().try_inverse()?;
    let condition = a.norm() * inverse.norm();
    (condition < T::default_epsilon().sqrt().recip()).then_some(inverse)
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
    fn long_products_agree_with_short_ones() {
        let n = 7;
        let a: Vec<f64> = (0..n * n).map(|k| (k as f64 * 0.7).sin()).collect();
        let b: Vec<f64> = (0..n * n).map(|k| (k as f64 * 1.3).cos()).collect();
        let (mut c, mut d) = (vec![0.0; n * n], vec![0.0; n * n]);
        let close = |c: &[f64], d: &[f64]| c.iter().zip(d).all(|(c, d)| (c - d).abs() < 1e-14);
        matmul::<_, true, false>(&mut c, (&a, n, n), (&b, n, n));
        short_matmul::<_, true, false>(&mut d, (&a, n), (&b, n), n);
        assert!(close(&c, &d));
        matmul::<_, false, true>(&mut c, (&a, n, n), (&b, n, n));
        short_matmul::<_, false, true>(&mut d, (&a, n), (&b, n), n);
        assert!(close(&c, &d));
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
