//! Fits a cubic to a sine; the gradient comes from the attribute above the loss.
//!
//! The tutorials' "PyTorch: Tensors and autograd", in f32: y = a + b x + c x² + d x³ at 2,000 points on [-π, π],
//! gradient descent on the sum of squared errors. Delete the attribute and the loss is still the same plain function.
//!
//!     cargo run --release --example sine_autograd [-- --random SEED]

use nalgebra::DVector;
use pullback::differentiable;
use pullback_examples::{points, start};

/// The sum of squared errors of y = a + b x + c x² + d x³.
#[differentiable(wrt(a, b, c, d))]
fn loss(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

/// Gradient descent on the loss from `start`; `log` sees each step's number and loss.
pub fn fit(start: [f32; 4], steps: usize, mut log: impl FnMut(usize, f32)) -> [f32; 4] {
    let x = points();
    let y = x.map(f32::sin);
    let learning_rate = 1e-6;

    let [mut a, mut b, mut c, mut d] = start;
    for step in 0..steps {
        let (value, grad) = loss::value_and_grad(a, b, c, d, &x, &y);
        log(step, value);
        a -= learning_rate * grad.a;
        b -= learning_rate * grad.b;
        c -= learning_rate * grad.c;
        d -= learning_rate * grad.d;
    }
    [a, b, c, d]
}

fn main() -> Result<(), String> {
    let start = start([0.5, -0.3, 0.2, 0.1])?.map(|p| p as f32);
    let [a, b, c, d] = fit(start, 2000, |step, loss| {
        if step % 100 == 99 {
            println!("{step} {loss}");
        }
    });
    println!("Result: y = {a} + {b} x + {c} x^2 + {d} x^3");
    Ok(())
}
