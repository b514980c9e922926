//! One attention head: softmax(Q Kᵀ / √d) V, row by row.

use nalgebra::DMatrix;
use pullback::differentiable;

use crate::common::{assert_close, differences, random};

#[differentiable(wrt(wq, wk, wv))]
pub(crate) fn head(
    x: &DMatrix<f64>,
    wq: &DMatrix<f64>,
    wk: &DMatrix<f64>,
    wv: &DMatrix<f64>,
    target: &DMatrix<f64>,
) -> f64 {
    let q = x * wq;
    let k = x * wk;
    let v = x * wv;
    let scale = 1.0 / (q.ncols() as f64).sqrt();
    let scores = &q * k.transpose() * scale;
    let n = x.nrows();
    let mut weights = DMatrix::zeros(n, n);
    for i in 0..n {
        let top = scores.row(i).max();
        let mut sum = 0.0;
        for j in 0..n {
            weights[(i, j)] = (scores[(i, j)] - top).exp();
            sum += weights[(i, j)];
        }
        for j in 0..n {
            weights[(i, j)] /= sum;
        }
    }
    (weights * v - target).norm_squared()
}

#[test]
fn gradient_against_differences() {
    let (n, d, h) = (5, 4, 3);
    let matrix = |r: usize, c: usize, v: &[f64]| DMatrix::from_column_slice(r, c, v);
    let x = matrix(n, d, &random(3, n * d));
    let target = matrix(n, h, &random(4, n * h));
    let at: Vec<f64> = random(5, 3 * d * h).iter().map(|v| 4.0 * v - 2.0).collect();
    let part = |p: &[f64], k: usize| matrix(d, h, &p[k * d * h..(k + 1) * d * h]);
    let f = |p: &[f64]| head(&x, &part(p, 0), &part(p, 1), &part(p, 2), &target);
    let (value, grad) = head::value_and_grad(&x, &part(&at, 0), &part(&at, 1), &part(&at, 2), &target);
    assert_close(&[value], &[f(&at)], 1e-12);
    let got = [grad.wq.as_slice(), grad.wk.as_slice(), grad.wv.as_slice()].concat();
    assert_close(&got, &differences(f, &at), 1e-8);
}
