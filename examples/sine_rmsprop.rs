//! Fits a cubic to a sine as a linear model of x, x² and x³, with RMSprop.
//!
//! The tutorials' "PyTorch: optim": weights and a bias, the sum of squared errors, learning rate 0.001. The optimizer takes
//! the parameters as they are, here an array and a number.
//!
//!     cargo run --release --example sine_rmsprop

use pullback::differentiable;
use pullback::optim::RmsProp;

/// The sum of squared errors of y = w · (x, x², x³) + b.
#[differentiable(wrt(w, b))]
fn loss(w: &[f64; 3], b: f64, x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in x.iter().zip(y) {
        let y_pred = w[0] * x + w[1] * x.powi(2) + w[2] * x.powi(3) + b;
        sum += (y_pred - y).powi(2);
    }
    sum
}

/// Weights and bias after some steps; `log` sees each step's number and loss.
pub fn fit(steps: usize, mut log: impl FnMut(usize, f64)) -> ([f64; 3], f64) {
    let pi = std::f64::consts::PI;
    let x: Vec<f64> = (0..2000).map(|i| -pi + f64::from(i) * (2.0 * pi / 1999.0)).collect();
    let y: Vec<f64> = x.iter().map(|x| x.sin()).collect();

    let (mut w, mut b) = ([0.1, -0.2, 0.05], 0.3);
    let mut optimizer = RmsProp::new(1e-3);
    for step in 0..steps {
        let (value, grad) = loss::value_and_grad(&w, b, &x, &y);
        log(step, value);
        optimizer.step((&mut w, &mut b), &grad);
    }
    (w, b)
}

fn main() {
    let (w, b) = fit(2000, |step, loss| {
        if step % 100 == 99 {
            println!("{step} {loss}");
        }
    });
    println!("Result: y = {b} + {} x + {} x^2 + {} x^3", w[0], w[1], w[2]);
}
