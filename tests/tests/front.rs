//! The attribute end to end: values and gradients of small functions against what is known of them.

use nalgebra::DVector;
use pullback::{derivative, differentiable};

/// Sum of squared errors of y = a + b x + c x² + d x³.
#[differentiable(wrt(a, b, c, d))]
fn loss(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

#[test]
fn cubic() {
    let x = DVector::from_fn(100, |i, _| i as f32 / 50.0 - 1.0);
    let y = x.map(f32::sin);
    let (value, grad) = loss::value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &y);
    assert!((value - loss(0.5, -0.3, 0.2, 0.1, &x, &y)).abs() < 1e-3);
    let by_hand: f32 =
        x.iter().zip(&y).map(|(x, y)| 2.0 * (0.5 - 0.3 * x + 0.2 * x * x + 0.1 * x * x * x - y) * x).sum();
    assert!((grad.b - by_hand).abs() < 1e-2, "{} {by_hand}", grad.b);
    assert!(loss::check(0.5, -0.3, 0.2, 0.1, &x, &y).is_ok());
}

#[differentiable]
fn square(x: f64) -> f64 {
    x * x
}

mod inner {
    use pullback::differentiable;

    const SCALE: f64 = 3.0;

    /// Reads a constant that its callers cannot name.
    #[differentiable]
    pub fn scaled(x: f64) -> f64 {
        SCALE * super::square(x)
    }
}

#[differentiable]
fn chained(x: f64, y: f64) -> f64 {
    inner::scaled(x) + square(y) * cube_rule(x)
}

fn cube_rule(x: f64) -> f64 {
    x * x * x
}

/// A wrong derivative, to see that it is the one used.
#[derivative(of = cube_rule)]
fn cube_rule_vjp(x: f64, dy: f64) -> f64 {
    100.0 * dy * x
}

#[test]
fn calls_and_rules() {
    let (value, grad) = chained::value_and_grad(2.0, 3.0);
    assert_eq!(value, 12.0 + 9.0 * 8.0);
    assert_eq!(grad.x, 12.0 + 9.0 * 200.0);
    assert_eq!(grad.y, 6.0 * 8.0);
    assert_eq!(cube_rule::grad(2.0), 200.0);
}

#[test]
fn in_a_body() {
    #[differentiable]
    fn local(x: f64) -> f64 {
        square(x) + 1.0
    }
    assert_eq!(local::value_and_grad(3.0), (10.0, 6.0));
}
