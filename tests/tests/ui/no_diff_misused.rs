use pullback::{Differentiable, differentiable};

#[derive(Differentiable)]
struct Model {
    w: f64,
    #[no_diff = "b"]
    b: f64,
}

#[derive(Differentiable)]
struct Frozen {
    #[no_diff]
    w: f64,
}

#[differentiable]
fn f(m: &Frozen) -> f64 {
    m.w
}

fn main() {}
