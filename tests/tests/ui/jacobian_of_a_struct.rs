use pullback::{Differentiable, differentiable};

#[derive(Differentiable, Clone)]
struct Model {
    w: f64,
    b: f64,
}

#[differentiable(modes(jacobian))]
fn f(m: &Model, x: f64) -> Model {
    Model { w: m.w * x, ..m.clone() }
}

#[differentiable(modes(hessian))]
fn g(m: &Model, x: f64) -> f64 {
    m.w * m.b * x
}

fn main() {}
