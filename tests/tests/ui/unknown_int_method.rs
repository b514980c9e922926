use pullback::differentiable;

#[differentiable]
fn f(x: f64, #[no_diff] n: u32) -> f64 {
    x * n.count_ones() as f64
}

fn main() {}
