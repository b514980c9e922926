//! Functions that are generic over the float type, called from annotated functions in every way.

use pullback::nalgebra::{DMatrix, DVector};
use pullback::nn::sigmoid as logistic_function;
use pullback::nn::{self, log_softmax, mse_loss, relu, sigmoid, softmax};
use pullback::{differentiable, special};

#[differentiable]
fn single(x: f32) -> f32 {
    sigmoid(x) * 2.0
}

#[differentiable]
fn double(x: f64) -> f64 {
    nn::sigmoid(x) * pullback::nn::sigmoid(-x)
}

/// Both precisions in one function.
#[differentiable]
fn mixed(x: f32, y: f64) -> f64 {
    sigmoid(x) as f64 + sigmoid(y)
}

/// A literal learns its type from what it meets later.
#[differentiable]
fn literal(x: f32) -> f32 {
    let mut h = 0.0;
    for _ in 0..3 {
        h = sigmoid(h) * x;
    }
    h
}

/// Nothing tells the type of the literal: it is `f64`.
#[differentiable]
fn default(x: f64) -> f64 {
    let half = sigmoid(0.0);
    half * x
}

#[differentiable]
fn as_value(w: &DMatrix<f32>, x: &DVector<f32>) -> f32 {
    (w * x).map(relu).map(sigmoid).sum()
}

#[differentiable]
fn lists(x: &[f64], y: &DVector<f64>) -> f64 {
    let p = softmax(x);
    mse_loss(&p, y.as_slice()) + special::log_sum_exp(&p) - log_softmax(y.as_slice())[0]
}

/// Under another name, in closures, as values, of literals alone.
#[differentiable]
fn otherwise(x: &[f32]) -> f32 {
    let twice = |v: f32| logistic_function(logistic_function(v));
    let all: f32 = x.iter().map(|v| twice(*v)).sum();
    let direct: f32 = x.iter().copied().map(relu).fold(0.0, |a, b| a + b);
    all + direct * sigmoid(sigmoid(0.5)) + special::xlogy(0.5, x[0])
}

/// Functions of this crate that call the library's can be called in turn.
#[differentiable]
fn through(x: f64) -> f64 {
    double(double(x))
}

fn logistic(x: f64) -> (f64, f64) {
    let s = 1.0 / (1.0 + (-x).exp());
    (s, s * (1.0 - s))
}

#[test]
fn the_instance_of_the_arguments_type() {
    let (value, slope) = single::value_and_grad(0.5);
    let (s, d) = logistic(0.5);
    assert!((value - 2.0 * s as f32).abs() < 1e-6 && (slope - 2.0 * d as f32).abs() < 1e-6);
    let (value, slope) = double::value_and_grad(0.5);
    assert!((value - d).abs() < 1e-15);
    assert!((slope - d * (1.0 - 2.0 * s)).abs() < 1e-15);
    let grad = mixed::grad(0.5, 0.5);
    assert!((grad.x as f64 - grad.y).abs() < 1e-7 && (grad.y - d).abs() < 1e-15);
}

#[test]
fn literals() {
    literal::check(0.7).unwrap();
    otherwise::check(&[0.7, -0.2, 1.5]).unwrap();
    assert_eq!(literal::value_and_grad(0.7).0, literal(0.7));
    assert_eq!(default::value_and_grad(3.0), (1.5, 0.5));
}

#[test]
fn vectors_matrices_and_calls_of_calls() {
    let (w, x) = (DMatrix::from_row_slice(2, 2, &[0.5, -1.0, 2.0, 0.25]), DVector::from_vec(vec![1.0, 0.2]));
    as_value::check(&w, &x).unwrap();
    lists::check(&[0.1, -0.4, 2.0], &DVector::from_vec(vec![0.3, 0.3, 0.4])).unwrap();
    through::check(0.3).unwrap();
}

#[differentiable(wrt(w, b))]
fn classifier(w: f32, b: f32, x: &[f32], y: &[f32]) -> f32 {
    let logits: Vec<f32> = x.iter().map(|x| w * x + b).collect();
    nn::binary_cross_entropy_with_logits(&logits, y)
}

/// They fuse: value and gradient are one loop that reads the data once.
#[test]
fn fused_into_the_caller() {
    let text = classifier::explain();
    let loops = text.split("// Its loops over data.").nth(1).expect("a list of loops");
    assert_eq!(loops.matches(" iterations; ").count(), 1, "{loops}");
    assert!(loops.contains("streams [x, y]; writes 0 arrays, reduces 3 numbers"), "{loops}");
    assert!(!text.contains("call @"), "{text}");
}
