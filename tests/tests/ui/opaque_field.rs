use pullback::{Differentiable, differentiable};

#[derive(Differentiable)]
struct Model {
    w: f64,
    #[no_diff]
    name: String,
}

#[differentiable]
fn f(m: &Model) -> f64 {
    m.w * m.name.len() as f64
}

#[differentiable]
fn g(w: f64) -> Model {
    Model { w, name: String::new() }
}

fn main() {}
