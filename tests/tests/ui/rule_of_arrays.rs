use pullback::derivative;

fn f(x: &[f64]) -> f64 {
    x[0]
}

#[derivative(of = f)]
fn f_vjp(x: &[f64], dy: f64) -> Vec<f64> {
    x.iter().map(|v| v * dy).collect()
}

fn main() {}
