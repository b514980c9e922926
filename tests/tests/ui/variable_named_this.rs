use pullback::{Differentiable, differentiable};

#[derive(Differentiable)]
struct Model {
    w: f64,
}

#[differentiable]
impl Model {
    fn f(&self, x: f64) -> f64 {
        let this = self.w * x;
        this * this
    }
}

fn main() {}
