use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    println!("{x}");
    let y = unsafe { std::mem::zeroed::<f64>() };
    let z = x.sin() + y;
    z
}

fn main() {}
