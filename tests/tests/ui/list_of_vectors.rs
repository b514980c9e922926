use nalgebra::Vector2;
use pullback::differentiable;

#[differentiable]
fn f(points: &[Vector2<f64>]) -> f64 {
    points[0].x
}

fn main() {}
