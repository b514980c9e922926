use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    let square = pullback::detach(|y: f64| y * y);
    square(x)
}

fn main() {}
