use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    println!("{x}");
    // SAFETY: never run: this file does not compile.
    let y = unsafe { std::mem::zeroed::<f64>() };
    let z = x.sin() + y;
    z
}

fn main() {}
