use pullback::differentiable;
use pullback::nalgebra::SMatrix;

#[differentiable]
fn f(a: &SMatrix<f64, 2, 3>) -> f64 {
    a.determinant()
}

fn main() {}
