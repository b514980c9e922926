use pullback::differentiable;
use pullback::nalgebra::{DMatrix, RowDVector};

#[differentiable]
fn f(a: &DMatrix<f64>, b: &RowDVector<f64>) -> f64 {
    a.clone().lu().solve(b).unwrap().sum()
}

fn main() {}
