use pullback::derivative;

fn f(x: f64) -> f64 {
    x
}

#[derivative]
fn f_vjp(x: f64, dy: f64) -> f64 {
    x * dy
}

#[derivative(of = g)]
fn g_vjp(x: f64, n: f64, dy: f64) -> f64 {
    x * n * dy
}

fn g(x: f64, n: f64) -> f64 {
    f(x) * n
}

fn main() {}
