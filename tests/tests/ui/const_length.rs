use pullback::differentiable;

#[differentiable]
fn f(x: [f64; N]) -> f64 {
    x[0]
}

const N: usize = 3;

fn main() {}
