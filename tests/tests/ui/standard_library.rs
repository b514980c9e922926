use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    let start = std::time::Instant::now();
    let size = core::mem::size_of::<f64>() as f64;
    x * size + start.elapsed().as_secs_f64()
}

fn main() {}
