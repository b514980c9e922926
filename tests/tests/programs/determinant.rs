//! A determinant by elimination with partial pivoting: rows are swapped and overwritten, and the loops are triangular.

use nalgebra::DMatrix;
use pullback::differentiable;

use crate::common::{assert_close, random};

#[differentiable]
pub(crate) fn determinant(m: &DMatrix<f64>) -> f64 {
    let n = m.nrows();
    let mut a = m.clone();
    let mut det = 1.0;
    for k in 0..n {
        let mut pivot = k;
        for i in k + 1..n {
            if a[(i, k)].abs() > a[(pivot, k)].abs() {
                pivot = i;
            }
        }
        if pivot != k {
            for j in 0..n {
                let t = a[(k, j)];
                a[(k, j)] = a[(pivot, j)];
                a[(pivot, j)] = t;
            }
            det = -det;
        }
        det *= a[(k, k)];
        for i in k + 1..n {
            let factor = a[(i, k)] / a[(k, k)];
            for j in k + 1..n {
                a[(i, j)] -= factor * a[(k, j)];
            }
        }
    }
    det
}

#[test]
fn gradient_is_the_cofactor_matrix() {
    for n in [1, 2, 3, 5, 8, 13] {
        let m = DMatrix::from_vec(n, n, random(n as u64, n * n).iter().map(|v| 2.0 * v - 1.0).collect());
        let (value, grad) = determinant::value_and_grad(&m);
        let expected = m.determinant() * m.clone().try_inverse().unwrap().transpose();
        assert_close(&[value], &[m.determinant()], 1e-11);
        assert_close(grad.as_slice(), expected.as_slice(), 1e-9);
    }
}
