use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    twice!(x)
}

macro_rules! twice {
    ($x:expr) => {
        2.0 * $x
    };
}
use twice;

fn main() {}
