//! Annotated functions that tests call from another crate.

use pullback::{derivative, differentiable};

/// Read by [`logistic`]; its callers cannot name it.
const SLOPE: f64 = 1.5;

/// The logistic function of a scaled argument.
#[differentiable]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-SLOPE * x).exp())
}

/// Its mean over a list.
#[differentiable]
pub fn mean_logistic(x: &[f64]) -> f64 {
    x.iter().map(|x| logistic(*x)).sum::<f64>() / x.len() as f64
}

/// A function of which the compiler knows nothing but its rule.
pub fn opaque(x: f64, n: usize) -> f64 {
    x.powi(n as i32)
}

/// The rule, three times too large, so that its use shows.
#[derivative(of = opaque)]
pub fn opaque_vjp(x: f64, n: usize, dy: f64) -> f64 {
    3.0 * dy * n as f64 * x.powi(n as i32 - 1)
}

/// Calls it in a closure.
#[differentiable]
pub fn calls_opaque(x: &[f64]) -> f64 {
    x.iter().map(|x| opaque(*x, 2)).sum()
}
