//! Linear regression: 1,000 points of three features, gradient descent, a prediction for a new point.
//!
//! The tutorial's y = x · (1, 2, 4) + 3 with a little noise: the optimizer finds weights and bias, and the model tells what it
//! expects where it has not looked.
//!
//!     cargo run --release --example linear_regression

use pullback::optim::Sgd;
use pullback::{Random, differentiable};

/// What the model expects at a point.
#[differentiable]
pub fn predict(w: &[f64; 3], b: f64, x: &[f64; 3]) -> f64 {
    w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b
}

/// The sum of squared errors.
#[differentiable(wrt(w, b))]
pub fn loss(w: &[f64; 3], b: f64, x: &[[f64; 3]], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += (predict(w, b, &x[i]) - y[i]).powi(2);
    }
    sum
}

/// Weights and bias after some steps from zero; `log` sees each step's number and loss.
pub fn fit(x: &[[f64; 3]], y: &[f64], steps: usize, mut log: impl FnMut(usize, f64)) -> ([f64; 3], f64) {
    let (mut w, mut b) = ([0.0; 3], 0.0);
    let mut optimizer = Sgd::new(1e-4);
    for step in 0..steps {
        let (value, grad) = loss::value_and_grad(&w, b, x, y);
        log(step, value);
        optimizer.step((&mut w, &mut b), &grad);
    }
    (w, b)
}

fn main() {
    let mut random = Random::new(1);
    let x: Vec<[f64; 3]> = (0..1000).map(|_| std::array::from_fn(|_| random.normal())).collect();
    let y: Vec<f64> = x.iter().map(|x| predict(&[1.0, 2.0, 4.0], 3.0, x) + 1e-6 * random.normal()).collect();

    let (w, b) = fit(&x, &y, 500, |step, loss| {
        if step % 100 == 99 {
            println!("{step} {loss}");
        }
    });
    println!("Result: y = x . {w:.5?} + {b:.5}");

    let new = [1.0, 1.0, 1.0];
    println!("At {new:?} it predicts {:.4}", predict(&w, b, &new));
}
