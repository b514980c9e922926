use pullback::differentiable;

#[differentiable]
fn f(x: f64, n: usize) -> f64 {
    if let Ok(m) = u32::try_from(n) { x * m as f64 } else { x }
}

fn main() {}
