//! Fits a line to ten points with a training function that takes any model, loss and optimizer.
//!
//! The tutorial's `LineFitting` module in f32: the mean squared error, learning rate 0.1, ten epochs from zero. Its losses begin
//! with 6.661948 and end with 0.27754354.
//!
//!     cargo run --release --example line_module

use pullback::optim::{Optimizer, Sgd};
use pullback::{Differentiable, Leaves, LeavesMut, differentiable};

/// slope x + intercept.
#[derive(Differentiable, Clone, Copy, Debug, PartialEq)]
pub struct LineFitting {
    /// The slope.
    pub slope: f32,
    /// The value at zero.
    pub intercept: f32,
}

/// The mean squared error.
#[differentiable(wrt(model))]
pub fn loss(model: &LineFitting, x: &[f32], y: &[f32]) -> f32 {
    let squares: f32 = x.iter().zip(y).map(|(x, y)| (model.slope * x + model.intercept - y).powi(2)).sum();
    squares / x.len() as f32
}

/// Trains any model: `loss` returns its value and gradient. Returns the losses, one before each step.
pub fn train<M: LeavesMut, G: Leaves, O: Optimizer>(
    model: &mut M,
    mut optimizer: O,
    epochs: usize,
    loss: impl Fn(&M) -> (f32, G),
) -> Vec<f32> {
    let mut losses = Vec::new();
    for _ in 0..epochs {
        let (value, grad) = loss(model);
        optimizer.step(&mut *model, &grad);
        losses.push(value);
    }
    losses
}

/// The tutorial's points.
pub fn points() -> (Vec<f32>, Vec<f32>) {
    let x: Vec<f64> = (0..10).map(|i| f64::from(i) / 9.0).collect();
    let y = x.iter().map(|x| (3.0 * x + (6.0 * x).sin() + 1.0) as f32).collect();
    (x.into_iter().map(|x| x as f32).collect(), y)
}

fn main() {
    let (x, y) = points();
    let mut model = LineFitting { slope: 0.0, intercept: 0.0 };
    let losses = train(&mut model, Sgd::new(0.1), 10, |model| loss::value_and_grad(model, &x, &y));
    for (epoch, loss) in losses.iter().enumerate() {
        println!("epoch {epoch}, loss {loss}");
    }
    println!("Result: {model:?}");
}
