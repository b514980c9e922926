use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    let mut y = x;
    #[cfg(debug_assertions)]
    {
        y *= 2.0;
    }
    y
}

#[differentiable]
fn g(x: f64, #[cfg(unix)] y: f64) -> f64 {
    x * y
}

fn main() {}
