use pullback::{Differentiable, differentiable};

#[derive(Differentiable)]
struct Model {
    w: f64,
}

impl Model {
    fn scaled(&self, x: f64) -> f64 {
        self.w * x
    }
}

#[differentiable]
fn f(m: &Model, x: f64) -> f64 {
    m.scaled(x)
}

fn main() {}
