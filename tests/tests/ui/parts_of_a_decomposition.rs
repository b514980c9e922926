use pullback::differentiable;
use pullback::nalgebra::DMatrix;

#[differentiable]
fn f(a: &DMatrix<f64>) -> f64 {
    a.clone().lu().u().sum()
}

#[differentiable]
fn g(a: &DMatrix<f64>) -> f64 {
    a.clone().cholesky().unwrap().inverse().sum()
}

#[differentiable]
fn h(a: &DMatrix<f64>) -> f64 {
    a.clone().qr().r().sum()
}

fn main() {}
