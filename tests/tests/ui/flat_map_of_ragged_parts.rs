use pullback::differentiable;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    (0..x.len()).flat_map(|i| (0..i).map(move |j| x[i] * x[j])).sum()
}

fn main() {}
