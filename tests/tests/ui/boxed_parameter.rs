use pullback::differentiable;

#[differentiable]
fn f(x: Box<f64>) -> f64 {
    *x
}

fn main() {}
