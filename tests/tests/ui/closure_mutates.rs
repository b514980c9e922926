use pullback::differentiable;

#[differentiable]
fn f(x: &nalgebra::DVector<f64>) -> f64 {
    let mut n = 0.0;
    let y = x.map(|v| {
        n += 1.0;
        v * n
    });
    y.sum()
}

fn main() {}
