use pullback::{Differentiable, differentiable};

#[derive(Differentiable)]
struct Model {
    w: f64,
}

#[differentiable]
impl Model {
    fn f<T: Into<f64>>(&self, x: T) -> f64 {
        self.w * x.into()
    }
}

fn main() {}
