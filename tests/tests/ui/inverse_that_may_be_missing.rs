use pullback::differentiable;
use pullback::nalgebra::DMatrix;

#[differentiable]
fn f(a: &DMatrix<f64>) -> f64 {
    if a.clone().try_inverse().is_some() { a.sum() } else { 0.0 }
}

#[differentiable]
fn g(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let x = a.clone().lu().solve(b).unwrap_or(b.clone());
    x.sum()
}

#[differentiable]
fn h(a: &DMatrix<f64>) -> f64 {
    if let Some(inverse) = a.clone().try_inverse() { inverse.sum() } else { 0.0 }
}

fn main() {}
