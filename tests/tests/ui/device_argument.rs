use pullback::nalgebra::DVector;
use pullback::{Device, Differentiable, Placed, Tensor, differentiable};

#[derive(Differentiable)]
struct Line {
    w: DVector<f64>,
    b: f64,
}

#[derive(Differentiable)]
struct Other {
    w: DVector<f64>,
}

#[differentiable]
fn loss(line: &Line, x: &DVector<f64>, scale: f64) -> f64 {
    scale * (line.w.dot(x) + line.b)
}

fn calls(device: &Device, line: &Placed<Line>, other: &Placed<Other>, x: &Tensor<f64>, single: &Tensor<f32>) {
    let _ = loss::on(device).value(line, x, 1.0);
    let _ = loss::on(device).value(other, x, 1.0);
    let _ = loss::on(device).value(line, single, 1.0);
    let _ = loss::on(device).value(line, x, &1.0);
}

fn main() {}
