//! The tables of the guide's page on conventions, row by row.

use pullback::nalgebra::Vector2;
use pullback::{differentiable, nn, special, stats};

macro_rules! numbers {
    ($($name:ident($($x:ident),*) = $body:expr;)*) => {
        $(#[differentiable] fn $name($($x: f64),*) -> f64 { $body })*
    };
}

numbers! {
    abs(x) = x.abs();
    max(x, y) = x.max(y);
    min(x, y) = x.min(y);
    clamp(x) = x.clamp(0.0, 1.0);
    relu(x) = nn::relu(x);
    leaky_relu(x) = nn::leaky_relu(x, 0.25);
    floor(x) = x.floor();
    round(x) = x.round();
    trunc(x) = x.trunc();
    signum(x) = x.signum();
    fract(x) = x.fract();
    rem(x, y) = x % y;
    rem_euclid(x, y) = x.rem_euclid(y);
    hypot(x, y) = x.hypot(y);
    atan2(y, x) = y.atan2(x);
    copysign(x, y) = x.copysign(y);
    sqrt(x) = x.sqrt();
    cbrt(x) = x.cbrt();
    ln(x) = x.ln();
    asin(x) = x.asin();
    acos(x) = x.acos();
    atanh(x) = x.atanh();
    acosh(x) = x.acosh();
    powf(x, y) = x.powf(y);
    powi(x) = x.powi(0);
    xlogy(x, y) = special::xlogy(x, y);
    softplus(x) = nn::softplus(x);
    sigmoid(x) = nn::sigmoid(x);
    root_squared(x) = x.sqrt() * x.sqrt();
    threshold(x, t) = if x > t { x * x } else { 0.0 };
    truncated(x) = (x as i64) as f64;
}

#[differentiable]
fn norm(x: &Vector2<f64>) -> f64 {
    x.norm()
}

#[differentiable]
fn deviation(x: &[f64]) -> f64 {
    stats::standard_deviation(x)
}

#[differentiable]
fn median(x: &[f64]) -> f64 {
    stats::median(x)
}

#[test]
fn corners_and_ties() {
    assert_eq!(abs::grad(0.0), 0.0);
    let (tie, low) = (max::grad(2.0, 2.0), min::grad(2.0, 2.0));
    assert_eq!((tie.x, tie.y, low.x, low.y), (0.5, 0.5, 0.5, 0.5));
    let grad = max::grad(f64::NAN, 2.0);
    assert_eq!((grad.x, grad.y), (0.0, 1.0));
    assert_eq!((clamp::grad(0.0), clamp::grad(0.5), clamp::grad(1.0)), (0.0, 1.0, 0.0));
    assert_eq!((relu::grad(0.0), leaky_relu::grad(0.0)), (0.0, 0.25));
    assert_eq!([floor::grad(1.5), round::grad(1.2), trunc::grad(1.5), signum::grad(0.5)], [0.0; 4]);
    assert_eq!(fract::grad(1.5), 1.0);
    let (plain, euclid) = (rem::grad(7.5, 2.0), rem_euclid::grad(-7.5, 2.0));
    assert_eq!((plain.x, plain.y, euclid.x, euclid.y), (1.0, -3.0, 1.0, 4.0));
    assert_eq!(norm::grad(&Vector2::zeros()), Vector2::zeros());
    let (origin, angle) = (hypot::grad(0.0, 0.0), atan2::grad(0.0, 0.0));
    assert!(origin.x.is_nan() && origin.y.is_nan());
    assert_eq!((angle.y, angle.x), (0.0, 0.0));
    let grad = copysign::grad(2.0, -1.0);
    assert_eq!((grad.x, grad.y), (-1.0, 0.0));
    assert_eq!(median::grad(&[3.0, 1.0, 2.0]), [0.0, 0.0, 1.0]);
}

#[test]
fn ends_of_the_domain() {
    let infinite = f64::INFINITY;
    assert_eq!((sqrt::value_and_grad(0.0), cbrt::value_and_grad(0.0)), ((0.0, infinite), (0.0, infinite)));
    assert_eq!(ln::value_and_grad(0.0), (-infinite, infinite));
    let (root, log) = (sqrt::value_and_grad(-1.0), ln::value_and_grad(-2.0));
    assert!(root.0.is_nan() && root.1.is_nan() && log.0.is_nan() && log.1 == -0.5);
    assert_eq!((asin::grad(1.0), acos::grad(-1.0), acosh::grad(1.0)), (infinite, -infinite, infinite));
    assert_eq!((asin::grad(-1.0), atanh::grad(1.0), atanh::grad(-1.0)), (infinite, infinite, infinite));
    let (zero, one) = (powf::grad(0.0, 0.0), powf::grad(0.0, 1.0));
    assert_eq!((powf(0.0, 0.0), powi(0.0), powi::grad(0.0)), (1.0, 1.0, 0.0));
    assert_eq!((zero.x, one.x, one.y), (0.0, 1.0, 0.0));
    let grad = xlogy::grad(0.0, 0.0);
    assert_eq!((xlogy(0.0, 0.0), grad.x, grad.y), (0.0, 0.0, 0.0));
    assert_eq!((softplus::value_and_grad(1e4), sigmoid::value_and_grad(-1e4)), ((1e4, 1.0), (0.0, 0.0)));
    assert_eq!(deviation::value_and_grad(&[2.0, 2.0]), (0.0, vec![0.0, 0.0]));
}

#[test]
fn zeros_branches_and_constants() {
    assert_eq!(root_squared::value_and_grad(0.0), (0.0, 0.0));
    let grad = threshold::grad(2.0, 1.0);
    assert_eq!((grad.x, grad.t), (4.0, 0.0));
    assert_eq!(truncated::value_and_grad(2.7), (2.0, 0.0));
}
