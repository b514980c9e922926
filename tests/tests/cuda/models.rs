//! The tutorials' models on the driver for tests, against the CPU.

use nalgebra::{DMatrix, DVector};
use pullback::{Device, DeviceError, differentiable};

use crate::gpu;

#[differentiable(wrt(a, b, c, d))]
fn cubic(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

#[test]
fn a_cubic() {
    let (_one, _gpu) = gpu();
    let device = Device::cuda(0).unwrap();
    let x = DVector::from_fn(2000, |i, _| i as f32 / 1000.0 - 1.0);
    let y = x.map(f32::sin);
    let (value, grad) = cubic::on(&device).value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &y).unwrap();
    let (want, slopes) = cubic::value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &y);
    assert!((value - want).abs() <= 1e-6 * want, "{value} {want}");
    assert!((grad.a - slopes.a).abs() <= 1e-5 * slopes.a.abs(), "{grad:?} {slopes:?}");
    let short = y.rows(0, 1999).into_owned();
    let error = cubic::on(&device).value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &short).unwrap_err();
    assert_eq!(error, DeviceError::Shape("cubic: `x` has 2000 elements but `y` has 1999".into()));
}

/// A network of one hidden layer: the mean squared error over a batch, samples in columns.
#[differentiable(wrt(w1, b1, w2))]
fn network(
    w1: &DMatrix<f32>,
    b1: &DVector<f32>,
    w2: &DMatrix<f32>,
    x: &DMatrix<f32>,
    y: &DMatrix<f32>,
) -> f32 {
    let mut hidden = w1 * x;
    for j in 0..hidden.ncols() {
        for i in 0..hidden.nrows() {
            hidden[(i, j)] = (hidden[(i, j)] + b1[i]).tanh();
        }
    }
    let out = w2 * hidden;
    (out - y).norm_squared() / y.ncols() as f32
}

#[test]
fn a_network() {
    let (_one, _gpu) = gpu();
    let device = Device::cuda(0).unwrap();
    let wave = |r: usize, c: usize, k: f32| DMatrix::from_fn(r, c, |i, j| ((i * c + j) as f32 * k).sin());
    let (w1, w2, x, y) = (wave(7, 3, 0.7), wave(2, 7, 0.3), wave(3, 1100, 0.11), wave(2, 1100, 0.05));
    let b1 = DVector::from_fn(7, |i, _| i as f32 * 0.1);
    let (value, grad) = network::on(&device).value_and_grad(&w1, &b1, &w2, &x, &y).unwrap();
    let (want, slopes) = network::value_and_grad(&w1, &b1, &w2, &x, &y);
    assert!((value - want).abs() <= 1e-5 * want, "{value} {want}");
    let scale = slopes.w1.amax();
    assert!((grad.w1 - slopes.w1).amax() <= 1e-5 * scale);
    assert!((grad.b1 - slopes.b1).amax() <= 1e-5 * scale);
    assert!((grad.w2 - slopes.w2).amax() <= 1e-5 * scale);
    assert_eq!(network::on(&device).value(&w1, &b1, &w2, &x, &y).unwrap(), value);
}
