use pullback::differentiable;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    let mut n = 0;
    let mut it = x.iter();
    while n < 3 || it.next().is_some() {
        n += 1;
    }
    x[n]
}

fn main() {}
