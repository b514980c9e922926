//! Fits a straight line to ten points by the length of the error vector, which is not a sum: ‖y_pred - y‖₂ / n.
//!
//! Gradient descent in f64 from zero. The loss is a square root of a sum, so that its gradient needs the sum before it
//! can be scaled; value and gradient still come from one pass over the points.
//!
//!     cargo run --release --example line_fit

use nalgebra::DVector;
use pullback::differentiable;

/// The length of the error vector of y = slope x + intercept, over the number of points.
#[differentiable(wrt(slope, intercept))]
fn error(slope: f64, intercept: f64, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
    let y_pred = x.map(|x| slope * x + intercept);
    (y_pred - y).norm() / x.len() as f64
}

/// Gradient descent on the error from zero; `log` sees each step's number, error and gradient.
pub fn fit(steps: usize, mut log: impl FnMut(usize, f64, [f64; 2])) -> [f64; 2] {
    let x = DVector::from_fn(10, |i, _| i as f64 * (1.0 / 9.0));
    let y = x.map(|x| 3.0 * x + (6.0 * x).sin() + 1.0);
    let learning_rate = 0.01;

    let (mut slope, mut intercept) = (0.0, 0.0);
    for step in 0..steps {
        let (value, grad) = error::value_and_grad(slope, intercept, &x, &y);
        log(step, value, [grad.slope, grad.intercept]);
        slope -= learning_rate * grad.slope;
        intercept -= learning_rate * grad.intercept;
    }
    [slope, intercept]
}

fn main() {
    let [slope, intercept] = fit(2000, |step, error, [d_slope, d_intercept]| {
        if step == 0 {
            println!("Gradient at zero: ({d_slope:.4}, {d_intercept:.4})");
        }
        if step < 3 || step % 100 == 99 {
            println!("{step} {error:.4}");
        }
    });
    println!("Result: y = {slope:.2} x + {intercept:.2}");
}
