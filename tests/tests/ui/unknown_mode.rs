use pullback::differentiable;

#[differentiable(modes(gradient))]
fn f(x: f64) -> f64 {
    x
}

fn main() {}
