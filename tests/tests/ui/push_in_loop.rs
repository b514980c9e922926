use pullback::differentiable;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    let mut v = Vec::new();
    for e in x {
        v.push(e * e);
    }
    v[0]
}

fn main() {}
