//! Fits five coefficients of a power series to ten points: 100,000 steps of gradient descent in well under a second.
//!
//! The tutorial's "polynomial regression", in f32: y = w₀ + w₁ x + .. + w₄ x⁴, the mean squared error, learning rate 0.05,
//! from zeros. It prints every 10,000 epochs; its last print is that of epoch 90,000.
//!
//!     cargo run --release --example power_series

use std::time::Instant;

use pullback::optim::Sgd;
use pullback::{Workspace, differentiable};

/// The mean squared error of the power series with coefficients `w`.
#[differentiable(wrt(w))]
fn loss(w: &[f32; 5], x: &[f32], y: &[f32]) -> f32 {
    let mut sum = 0.0;
    for (x, y) in x.iter().zip(y) {
        let y_pred = w[0] + x * (w[1] + x * (w[2] + x * (w[3] + x * w[4])));
        sum += (y_pred - y).powi(2);
    }
    sum / x.len() as f32
}

/// The coefficients after some epochs; `log` sees each epoch's number, loss and coefficients before its step.
pub fn fit(epochs: usize, mut log: impl FnMut(usize, f32, &[f32; 5])) -> [f32; 5] {
    let x: Vec<f32> = (0..10).map(|i| (f64::from(i) * (1.0 / 9.0)) as f32).collect();
    let y: Vec<f32> =
        (0..10).map(|i| f64::from(i) / 9.0).map(|x| (3.0 * x + (6.0 * x).sin() + 1.0) as f32).collect();

    let mut w = [0.0; 5];
    let mut optimizer = Sgd::new(0.05);
    let mut workspace = Workspace::<loss>::default();
    for epoch in 0..epochs {
        let value = loss::value_and_grad_into(&w, &x, &y, &mut workspace);
        log(epoch, value, &w);
        optimizer.step(&mut w, &workspace.grad);
    }
    w
}

fn main() {
    let start = Instant::now();
    let w = fit(100_000, |epoch, loss, w| {
        if epoch % 10_000 == 0 {
            println!("epoch {epoch}, loss {loss}, coefficients {w:?}");
        }
    });
    println!("Result: {w:?}");
    eprintln!("100,000 epochs in {:.3} s", start.elapsed().as_secs_f64());
}
