use pullback::differentiable;

#[differentiable(wrt(x))]
fn f(#[no_diff] x: f64) -> f64 {
    x
}

fn main() {}
