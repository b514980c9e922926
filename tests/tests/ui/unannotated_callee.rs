use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    plain(x) * 2.0
}

fn plain(x: f64) -> f64 {
    x
}

fn main() {}
