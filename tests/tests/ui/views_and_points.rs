use pullback::differentiable;
use pullback::nalgebra::{DMatrixView, DVectorView, Point3};

#[differentiable]
fn f(x: DVectorView<f64>, m: &DMatrixView<f64>) -> f64 {
    x.norm() + m.norm()
}

#[differentiable]
fn g(p: &Point3<f64>) -> f64 {
    p.x
}

fn main() {}
