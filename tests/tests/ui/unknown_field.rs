use pullback::{Differentiable, differentiable};

#[derive(Differentiable)]
struct Model {
    weight: f64,
    bias: f64,
}

#[differentiable]
fn f(m: &Model, x: f64) -> f64 {
    m.wait * x
}

fn main() {}
