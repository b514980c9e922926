use pullback::differentiable;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    // SAFETY: never run: this file does not compile.
    unsafe { *x.get_unchecked(0) }
}

fn main() {}
