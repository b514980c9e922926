use pullback::differentiable;

#[differentiable(wrt(z))]
fn f(x: f64, y: std::collections::HashMap<u32, f64>) -> f64 {
    x
}

#[differentiable]
fn g<const N: usize>(x: &[f64; N]) -> f64
where
    [f64; N]: Sized,
{
    x[0]
}

fn main() {}
