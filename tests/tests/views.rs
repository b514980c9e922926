//! Views as parameters: rows and blocks of larger matrices, with strides.

use pullback::differentiable;
use pullback::nalgebra::{
    DMatrix, DMatrixView, DVector, DVectorView, Matrix3, SMatrixView, Vector3, VectorView3,
};

#[differentiable(modes(jvp, hvp, hessian, jacobian))]
fn cubes(x: DVectorView<f64>, scale: f64) -> f64 {
    scale * x.iter().map(|x| x * x * x).sum::<f64>()
}

#[differentiable]
fn form(m: DMatrixView<'_, f64>, v: VectorView3<f64>, b: SMatrixView<'_, f64, 2, 3>) -> f64 {
    let w = b * v;
    (0..m.nrows()).map(|i| (0..m.ncols()).map(|j| m[(i, j)] * w[i] * v[j]).sum::<f64>()).sum()
}

#[differentiable]
fn of_halves(x: &DVector<f64>, scale: f64) -> f64 {
    let n = x.len() / 2;
    let low: DVectorView<f64> = x.rows(0, n);
    cubes(low, scale) - cubes(x.rows(n, n), 1.0)
}

#[differentiable(modes(jvp))]
fn moved<'a>(x: DVectorView<'a, f32>, #[no_diff] by: DVectorView<'a, f32>) -> DVector<f32> {
    (x + by) * 2.0
}

#[differentiable]
#[allow(clippy::needless_lifetimes)] // what is tested
fn named<'a, 'b>(x: &'a [f64], y: &'b [f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

#[test]
fn names_of_lifetimes() {
    let (grad, pull) = (named::grad(&[1.0, 2.0], &[3.0, 4.0]), named::vjp(&[1.0, 2.0], &[3.0, 4.0]).1);
    assert_eq!((&grad.x[..], &grad.y[..]), (&[3.0, 4.0][..], &[1.0, 2.0][..]));
    assert_eq!(pull(1.0), grad);
}

#[test]
fn a_part_of_a_vector() {
    let x = DVector::from_vec(vec![1.0, 2.0, -3.0, 0.5, 4.0]);
    let part = x.rows(1, 3);
    let (value, grad) = cubes::value_and_grad(part, 2.0);
    assert_eq!(value, cubes(part, 2.0));
    assert_eq!(grad.x, DVector::from_vec(vec![24.0, 54.0, 1.5]));
    assert_eq!(grad.scale, 8.0 - 27.0 + 0.125);
    assert_eq!(cubes::check(part, 2.0), Ok(()));
    let pull = cubes::vjp(part, 2.0).1;
    assert_eq!((pull(1.0), pull(0.0).scale), (grad, 0.0));
}

#[test]
fn modes_take_directions_as_vectors() {
    let (x, d) = (DVector::from_vec(vec![1.0, 2.0]), DVector::from_vec(vec![0.5, -1.0]));
    let (value, slope) = cubes::jvp(x.as_view(), 2.0, &d, 1.0);
    assert_eq!((value, slope), (18.0, 2.0 * (3.0 * 0.5 - 12.0) + 9.0));
    let hessian = cubes::hessian(x.as_view(), 2.0);
    assert_eq!(hessian.x.x, DMatrix::from_row_slice(2, 2, &[12.0, 0.0, 0.0, 24.0]));
    assert_eq!(cubes::hvp(x.as_view(), 2.0, &d, 0.0).1.x, DVector::from_vec(vec![6.0, -24.0]));
    assert_eq!(cubes::jacobian(x.as_view(), 2.0).x, DVector::from_vec(vec![6.0, 24.0]));
}

#[test]
fn blocks_with_strides() {
    let big = DMatrix::from_fn(5, 6, |i, j| (i as f64 - 1.3) * 0.7 + (j as f64 * 1.1).sin());
    let (m, v, b) = (big.view((1, 2), (2, 3)), Vector3::new(0.3, -0.4, 1.2), Matrix3::new_scaling(0.5));
    let b = b.fixed_rows::<2>(1).clone_owned();
    let (value, grad) = form::value_and_grad(m, v.as_view(), b.as_view());
    assert_eq!((grad.m.shape(), grad.b.shape()), ((2, 3), (2, 3)));
    let w = b * v;
    assert!((value - (w.transpose() * m * v)[0]).abs() < 1e-14);
    assert!((grad.m - w * v.transpose()).norm() < 1e-14);
    assert!((grad.b - (m * v) * v.transpose()).norm() < 1e-14);
    assert!((grad.v - (m.transpose() * w + b.transpose() * (m * v))).norm() < 1e-14);
    assert_eq!(form::check(m, v.as_view(), b.as_view()), Ok(()));
}

#[test]
fn callers_pass_parts() {
    let x = DVector::from_vec(vec![1.0, 2.0, -3.0, 0.5]);
    let (value, grad) = of_halves::value_and_grad(&x, 2.0);
    assert_eq!(value, of_halves(&x, 2.0));
    assert_eq!(grad.x, DVector::from_vec(vec![6.0, 24.0, -27.0, -0.75]));
}

#[test]
fn vectors_out() {
    let x = DVector::from_vec(vec![1.0f32, 2.0, 3.0]);
    let (value, pull) = moved::vjp(x.rows(0, 2), x.rows(1, 2));
    assert_eq!(value, DVector::from_vec(vec![6.0, 10.0]));
    assert_eq!(pull(DVector::from_vec(vec![1.0, -1.0])), DVector::from_vec(vec![2.0, -2.0]));
    assert_eq!(moved::check(x.rows(0, 2), x.rows(1, 2)), Ok(()));
}
