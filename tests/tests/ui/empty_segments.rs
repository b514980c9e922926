use pullback::differentiable;

#[differentiable(checkpoint(every = 0))]
fn f(x: f64) -> f64 {
    x
}

fn main() {}
