use pullback::{Differentiable, differentiable};

#[derive(Differentiable)]
struct Model {
    w: f64,
}

#[differentiable]
impl Model {
    fn power(&self, n: usize) -> f64 {
        if n == 0 { 1.0 } else { self.w * self.power(n - 1) }
    }
}

fn main() {}
