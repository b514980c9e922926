use pullback::differentiable;

use pullback::detach;

#[differentiable]
fn f(x: f64) -> f64 {
    x * detach(x)
}

fn main() {}
