use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    let mut v = vec![x];
    while v[v.len() - 1] < 10.0 {
        v.push(v[v.len() - 1] * 1.5 + 0.1);
    }
    v.iter().sum()
}

#[differentiable]
fn g(x: &[f64]) -> f64 {
    let mut lists = (vec![1.0], vec![2.0]);
    for v in x {
        lists.0.push(*v);
    }
    lists.0.iter().sum::<f64>() * lists.1[0]
}

fn main() {}
