use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    let y = checked(x)?;
    y
}

fn checked(x: f64) -> Option<f64> {
    Some(x)
}

fn main() {}
