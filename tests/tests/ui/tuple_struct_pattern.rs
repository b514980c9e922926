use pullback::differentiable;

#[differentiable]
fn f(x: f64, n: usize) -> f64 {
    if let Some(m) = n.checked_sub(1) { x * m as f64 } else { x }
}

fn main() {}
