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

mod elsewhere {
    use pullback::differentiable;
    use pullback_tests::calls;

    /// Calls functions of another crate.
    #[differentiable]
    pub fn far(x: f64, v: &[f64]) -> f64 {
        calls::logistic(x) + 2.0 * calls::mean_logistic(v) + pullback_tests::calls::calls_opaque(v) * x
    }
}

#[test]
fn across_crates() {
    let v = [0.5, -1.0];
    let (value, grad) = elsewhere::far::value_and_grad(0.3, &v);
    assert!((value - elsewhere::far(0.3, &v)).abs() < 1e-14);
    let logistic = |x: f64| 1.0 / (1.0 + (-1.5 * x).exp());
    let slope = |x: f64| 1.5 * logistic(x) * (1.0 - logistic(x));
    assert!((grad.x - (slope(0.3) + v[0] * v[0] + v[1] * v[1])).abs() < 1e-12);
    // The rule of `opaque` is three times too large.
    for (g, x) in grad.v.iter().zip(v) {
        assert!((g - (slope(x) + 0.3 * 6.0 * x)).abs() < 1e-12);
    }
}

#[differentiable]
fn vector_valued(x: &DVector<f64>, s: f64) -> DVector<f64> {
    x.map(|x| (x * s).sin())
}

#[differentiable]
fn pair(x: f64, y: [f64; 2]) -> (f64, [f64; 2]) {
    (x * y[0], [x, y[1] * y[1]])
}

#[differentiable]
fn fills(x: &[f64], out: &mut [f64]) -> f64 {
    for (o, x) in out.iter_mut().zip(x) {
        *o = x * x;
    }
    out[0] * 3.0
}

#[differentiable]
fn uses_filled(x: &[f64]) -> f64 {
    let mut squares = vec![0.0; x.len()];
    let first = fills(x, &mut squares);
    first + squares.iter().sum::<f64>()
}

#[test]
fn results() {
    let x = DVector::from_vec(vec![0.1, 0.2]);
    let (_, pull) = vector_valued::vjp(&x, 2.0);
    let grad = pull(DVector::from_vec(vec![1.0, 0.0]));
    assert!((grad.x[0] - 2.0 * 0.2_f64.cos()).abs() < 1e-14 && grad.x[1] == 0.0);
    let ((a, b), pull) = pair::vjp(2.0, [3.0, 5.0]);
    assert_eq!((a, b), (6.0, [2.0, 25.0]));
    let grad = pull((1.0, [10.0, 100.0]));
    assert_eq!((grad.x, grad.y), (13.0, [2.0, 1000.0]));
    assert_eq!(uses_filled::value_and_grad(&[2.0, 3.0]), (25.0, vec![16.0, 6.0]));
}
