use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    g(x) * 2.0
}

#[differentiable]
fn g(x: f64) -> f64 {
    println!("{x}");
    x
}

fn main() {}
