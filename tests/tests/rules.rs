//! Rules of one's own for functions of the language: `#[differentiable(rule = ..)]`.

use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use pullback::differentiable;

/// x³ with a slope of its own, so that it shows which one was taken.
#[differentiable(rule = cube_vjp, modes(jvp, hessian))]
fn cube(x: f64) -> f64 {
    x * x * x
}

#[differentiable]
fn cube_vjp(x: f64, dy: f64) -> f64 {
    10.0 * x * x * dy
}

#[differentiable(modes(jvp))]
fn energy(x: &[f64], scale: f64) -> f64 {
    x.iter().map(|x| scale * cube(*x)).sum()
}

#[test]
fn a_rule_governs_the_function_and_its_callers() {
    assert_eq!(cube::value_and_grad(2.0), (8.0, 40.0));
    assert_eq!(cube::jvp(2.0, 0.5), (8.0, 20.0));
    // The rule has a derivative too.
    assert_eq!(cube::hessian(2.0), 40.0);
    let grad = energy::grad(&[1.0, 2.0], 3.0);
    assert_eq!((&grad.x[..], grad.scale), (&[30.0, 120.0][..], 9.0));
    assert_eq!(energy::jvp(&[1.0, 2.0], 3.0, &[1.0, 0.0], 1.0), (27.0, 39.0));
}

/// Softmax: the rule needs one pass where the derivative of the body needs more.
#[differentiable(rule = softmax_vjp)]
fn softmax(x: &DVector<f64>) -> DVector<f64> {
    let weights = x.map(f64::exp);
    let sum = weights.sum();
    weights / sum
}

#[differentiable]
fn softmax_vjp(x: &DVector<f64>, dy: &DVector<f64>) -> DVector<f64> {
    let y = softmax_value(x);
    let mean = y.dot(dy);
    y.component_mul(&dy.map(|d| d - mean))
}

#[differentiable]
fn softmax_value(x: &DVector<f64>) -> DVector<f64> {
    let weights = x.map(f64::exp);
    let sum = weights.sum();
    weights / sum
}

#[differentiable(wrt(x))]
fn expected(x: &DVector<f64>, payoff: &DVector<f64>) -> f64 {
    softmax(x).dot(payoff)
}

#[differentiable(wrt(x))]
fn expected_plainly(x: &DVector<f64>, payoff: &DVector<f64>) -> f64 {
    softmax_value(x).dot(payoff)
}

#[test]
fn a_rule_of_vectors_is_the_derivative() {
    let (x, payoff) = (dvector![0.5, -1.0, 2.0, 0.0], dvector![1.0, -2.0, 0.5, 3.0]);
    let (value, grad) = expected::value_and_grad(&x, &payoff);
    let (want, plain) = expected_plainly::value_and_grad(&x, &payoff);
    assert!((value - want).abs() < 1e-15 && (grad - plain).norm() < 1e-15);
    expected::check(&x, &payoff).unwrap();
    let (y, pull) = softmax::vjp(&x);
    assert!((y.sum() - 1.0).abs() < 1e-15);
    assert!((pull(payoff.clone()) - expected::grad(&x, &payoff)).norm() < 1e-15);
}

/// |det A| with the classical rule, arrays and numbers mixed; the power has no derivative here.
#[differentiable(rule = volume_vjp)]
fn volume(a: &DMatrix<f64>, scale: f64, #[no_diff] power: i32) -> f64 {
    (a.determinant() * scale).powi(power)
}

#[differentiable]
fn volume_vjp(a: &DMatrix<f64>, scale: f64, power: i32, dy: f64) -> (DMatrix<f64>, f64) {
    let det = a.determinant();
    let slope = dy * power as f64 * (det * scale).powi(power - 1);
    let inverse = a.clone().try_inverse().unwrap().transpose();
    (inverse * (slope * scale * det), slope * det)
}

#[test]
fn a_rule_of_matrices_and_numbers() {
    let a = dmatrix![2.0, 1.0; 0.5, 3.0];
    let (value, grad) = volume::value_and_grad(&a, 1.5, 2);
    assert!((value - 68.0625).abs() < 1e-12, "{value}");
    // 2 (5.5 · 1.5) · 1.5 · cofactors, and 2 (5.5 · 1.5) · 5.5.
    let want = dmatrix![3.0, -0.5; -1.0, 2.0] * 24.75;
    assert!((grad.a - want).norm() < 1e-12);
    assert!((grad.scale - 90.75).abs() < 1e-12);
    volume::check(&a, 1.5, 2).unwrap();
}

mod elsewhere {
    pub mod rules {
        #[pullback::differentiable]
        pub fn clipped_vjp(x: f64, dy: f64) -> f64 {
            if x.abs() < 1.0 { dy } else { 0.0 }
        }
    }

    /// The straight-through estimator: rounds, with the slope 1 near zero.
    #[pullback::differentiable(rule = rules::clipped_vjp)]
    pub fn rounded(x: f64) -> f64 {
        x.round()
    }
}

#[differentiable]
fn quantized(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        sum += elsewhere::rounded(*x).powi(2) + x;
    }
    sum
}

#[test]
fn functions_and_rules_have_paths() {
    let (value, grad) = quantized::value_and_grad(&[0.75, 2.0]);
    assert_eq!((value, &grad[..]), (7.75, &[3.0, 1.0][..]));
}
