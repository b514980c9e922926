use pullback::differentiable;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    let mut s = 0.0;
    let mut it = x.iter();
    while let Some(v) = it.next() {
        s += v;
    }
    s
}

fn main() {}
