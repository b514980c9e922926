use pullback::{Device, Differentiable, Placed, Tensor, differentiable};

#[derive(Differentiable)]
struct Point {
    x: f64,
}

#[derive(Differentiable)]
struct Other {
    x: f64,
}

#[differentiable]
fn fill(points: &[Point], out: &mut [f64]) {
    for (p, o) in points.iter().zip(out) {
        *o = p.x;
    }
}

fn calls(device: &Device, points: &[Placed<Point>], others: &[Placed<Other>], single: &mut Tensor<f32>) {
    let out = &mut [0.0; 3];
    let _ = fill::on(device).value(points, out);
    let _ = fill::on(device).value(others, out);
    let _ = fill::on(device).value(points, single);
}

fn main() {}
