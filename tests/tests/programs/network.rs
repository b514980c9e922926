//! A network of two layers with tanh, on a batch.

use nalgebra::{DMatrix, DVector};
use pullback::differentiable;

use crate::common::{assert_close, differences, random};

/// Mean squared error; samples are columns.
#[differentiable(wrt(w1, b1, w2, b2))]
pub(crate) fn loss(
    w1: &DMatrix<f64>,
    b1: &DVector<f64>,
    w2: &DMatrix<f64>,
    b2: &DVector<f64>,
    x: &DMatrix<f64>,
    y: &DMatrix<f64>,
) -> f64 {
    let mut hidden = w1 * x;
    for j in 0..hidden.ncols() {
        for i in 0..hidden.nrows() {
            hidden[(i, j)] = (hidden[(i, j)] + b1[i]).tanh();
        }
    }
    let mut out = w2 * hidden;
    for j in 0..out.ncols() {
        for i in 0..out.nrows() {
            out[(i, j)] += b2[i];
        }
    }
    (out - y).norm_squared() / y.ncols() as f64
}

#[test]
fn gradient_against_differences() {
    let (inputs, hidden, outputs, batch) = (3, 4, 2, 6);
    let sizes = [hidden * inputs, hidden, outputs * hidden, outputs];
    let at: Vec<f64> = random(6, sizes.iter().sum()).iter().map(|v| 2.0 * v - 1.0).collect();
    let x = DMatrix::from_vec(inputs, batch, random(7, inputs * batch));
    let y = DMatrix::from_vec(outputs, batch, random(8, outputs * batch));
    let split = |p: &[f64]| {
        let mut rest = p;
        let mut take = |n: usize| {
            let (head, tail) = rest.split_at(n);
            rest = tail;
            head.to_vec()
        };
        let w1 = DMatrix::from_vec(hidden, inputs, take(sizes[0]));
        let b1 = DVector::from_vec(take(sizes[1]));
        let w2 = DMatrix::from_vec(outputs, hidden, take(sizes[2]));
        let b2 = DVector::from_vec(take(sizes[3]));
        (w1, b1, w2, b2)
    };
    let f = |p: &[f64]| {
        let (w1, b1, w2, b2) = split(p);
        loss(&w1, &b1, &w2, &b2, &x, &y)
    };
    let (w1, b1, w2, b2) = split(&at);
    let (value, grad) = loss::value_and_grad(&w1, &b1, &w2, &b2, &x, &y);
    assert_close(&[value], &[f(&at)], 1e-12);
    let got = [grad.w1.as_slice(), grad.b1.as_slice(), grad.w2.as_slice(), grad.b2.as_slice()].concat();
    assert_close(&got, &differences(f, &at), 1e-8);
}
