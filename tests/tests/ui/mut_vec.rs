use pullback::differentiable;

#[differentiable]
fn f(x: f64, out: &mut Vec<f64>) -> f64 {
    out[0] = x;
    x
}

fn main() {}
