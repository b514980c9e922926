use pullback::differentiable;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    let best = x.iter().max_by(|a, b| if *a < *b { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater });
    *best.unwrap()
}

fn main() {}
