//! The tutorials' models on the driver for tests, against the CPU.

use nalgebra::DVector;
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
