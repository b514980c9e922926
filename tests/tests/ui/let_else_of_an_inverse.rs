use pullback::differentiable;
use pullback::nalgebra::DMatrix;

#[differentiable]
fn f(a: &DMatrix<f64>) -> f64 {
    let Some(inverse) = a.clone().try_inverse() else { return 0.0 };
    inverse.sum()
}

fn main() {}
