//! Fits a cubic to a sine with gradients worked out by hand: the baseline that `sine_autograd` does without.
//!
//! The tutorials' NumPy version, in f64: y = a + b x + c x² + d x³ at 2,000 points on [-π, π], gradient descent on the
//! sum of squared errors.
//!
//!     cargo run --release --example sine_manual [-- --random SEED]

use nalgebra::DVector;

/// The sum of squared errors and its gradient: every line of the forward pass has its mirror image in the backward
/// pass, and nothing but care keeps the two in step.
pub fn loss_and_grad([a, b, c, d]: [f64; 4], x: &DVector<f64>, y: &DVector<f64>) -> (f64, [f64; 4]) {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    let error = y_pred - y;
    let loss = error.norm_squared();

    let grad_y_pred = 2.0 * error;
    let grad_a = grad_y_pred.sum();
    let grad_b = grad_y_pred.dot(x);
    let grad_c = grad_y_pred.dot(&x.map(|x| x.powi(2)));
    let grad_d = grad_y_pred.dot(&x.map(|x| x.powi(3)));
    (loss, [grad_a, grad_b, grad_c, grad_d])
}

/// Gradient descent on the loss from `start`; `log` sees each step's number and loss.
pub fn fit(start: [f64; 4], steps: usize, mut log: impl FnMut(usize, f64)) -> [f64; 4] {
    let pi = std::f64::consts::PI;
    let x = DVector::from_fn(2000, |i, _| -pi + i as f64 * (2.0 * pi / 1999.0));
    let y = x.map(f64::sin);
    let learning_rate = 1e-6;

    let mut params = start;
    for step in 0..steps {
        let (loss, grad) = loss_and_grad(params, &x, &y);
        log(step, loss);
        for (param, grad) in params.iter_mut().zip(grad) {
            *param -= learning_rate * grad;
        }
    }
    params
}

fn main() -> Result<(), String> {
    let start = pullback_examples::start([0.5, -0.3, 0.2, 0.1])?;
    let [a, b, c, d] = fit(start, 2000, |step, loss| {
        if step % 100 == 99 {
            println!("{step} {loss}");
        }
    });
    println!("Result: y = {a} + {b} x + {c} x^2 + {d} x^3");
    Ok(())
}
