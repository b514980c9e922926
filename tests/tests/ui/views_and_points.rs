use pullback::differentiable;
use pullback::nalgebra::{DMatrixView, DVectorView, DVectorViewMut, Dyn, Point3};

#[differentiable]
fn f(x: DVectorViewMut<f64>, m: &DMatrixView<f64>, s: DVectorView<f64, Dyn, Dyn>) -> f64 {
    x.norm() + m.norm() + s.norm()
}

#[differentiable]
fn g(p: &Point3<f64>) -> f64 {
    p.x
}

fn main() {}
