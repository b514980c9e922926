use pullback::differentiable;

#[differentiable]
fn f<T: Copy>(x: f64, _y: T) -> f64 {
    x
}

fn main() {}
