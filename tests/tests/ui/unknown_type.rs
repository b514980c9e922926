use pullback::differentiable;

#[differentiable]
fn f(x: f64, _m: &Model) -> f64 {
    x
}

struct Model;

fn main() {}
