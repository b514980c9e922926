use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    x.erf()
}

fn main() {}
