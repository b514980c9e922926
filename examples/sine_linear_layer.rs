//! Fits a cubic to a sine with a linear layer on the features x, x², x³; its parameters are updated by hand.
//!
//! The tutorials' "PyTorch: nn": a struct is the layer, its gradient a struct of the same shape. The sum of squared errors,
//! learning rate 1e-6, 2,000 steps, in f64.
//!
//!     cargo run --release --example sine_linear_layer

use nalgebra::{DMatrix, DVector};
use pullback::{Differentiable, differentiable};

/// One output of several inputs.
#[derive(Differentiable, Clone, Debug)]
pub struct Linear {
    /// A weight for each input.
    pub weight: DVector<f64>,
    /// What is added.
    pub bias: f64,
}

/// The layer's output for each row of inputs.
#[differentiable]
fn forward(layer: &Linear, inputs: &DMatrix<f64>) -> DVector<f64> {
    (inputs * &layer.weight).add_scalar(layer.bias)
}

/// The sum of squared errors.
#[differentiable(wrt(layer))]
fn loss(layer: &Linear, inputs: &DMatrix<f64>, y: &DVector<f64>) -> f64 {
    (forward(layer, inputs) - y).norm_squared()
}

/// The layer after some steps; `log` sees each step's number and loss.
pub fn fit(steps: usize, mut log: impl FnMut(usize, f64)) -> Linear {
    let pi = std::f64::consts::PI;
    let x = DVector::from_fn(2000, |i, _| -pi + i as f64 * (2.0 * pi / 1999.0));
    let y = x.map(f64::sin);
    let inputs = DMatrix::from_fn(x.len(), 3, |row, power| x[row].powi(power as i32 + 1));
    let learning_rate = 1e-6;

    let mut layer = Linear { weight: DVector::from_vec(vec![0.1, -0.2, 0.05]), bias: 0.3 };
    for step in 0..steps {
        let (value, grad) = loss::value_and_grad(&layer, &inputs, &y);
        log(step, value);
        layer.weight -= learning_rate * grad.weight;
        layer.bias -= learning_rate * grad.bias;
    }
    layer
}

fn main() {
    let Linear { weight: w, bias } = fit(2000, |step, loss| {
        if step % 100 == 99 {
            println!("{step} {loss}");
        }
    });
    println!("Result: y = {bias} + {} x + {} x^2 + {} x^3", w[0], w[1], w[2]);
}
