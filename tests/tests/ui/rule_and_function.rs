use pullback::{derivative, differentiable};

fn f(x: f64) -> f64 {
    x * x
}

#[differentiable]
#[derivative(of = f)]
fn f_vjp(x: f64, dy: f64) -> f64 {
    2.0 * x * dy
}

#[differentiable]
#[differentiable]
fn g(x: f64) -> f64 {
    x
}

fn main() {}
