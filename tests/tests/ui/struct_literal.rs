use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    let p = Point { x, y: 2.0 };
    p.x * p.y
}

struct Point {
    x: f64,
    y: f64,
}

fn main() {}
