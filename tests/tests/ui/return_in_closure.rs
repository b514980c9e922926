use pullback::differentiable;

#[differentiable]
fn f(x: &nalgebra::DVector<f64>) -> f64 {
    x.map(|v| {
        if v < 0.0 {
            return 0.0;
        }
        v.sqrt()
    })
    .sum()
}

fn main() {}
