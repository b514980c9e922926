//! Logistic regression: 10,000 points of five features in two classes, a part kept for testing, and how often it is right.
//!
//! The tutorial's model p = σ(x · w + b) with binary cross-entropy, gradient descent over 100 epochs. 70 % of the points are
//! trained on.
//!
//!     cargo run --release --example logistic_regression

use pullback::data::{Rows, split};
use pullback::nn::binary_cross_entropy_with_logits;
use pullback::optim::Sgd;
use pullback::{Random, differentiable};

/// Five features.
pub type Point = [f64; 5];

/// How much a point looks like class 1: the logarithm of the odds.
#[differentiable]
pub fn score(w: &[f64; 5], b: f64, x: &[f64; 5]) -> f64 {
    w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3] + w[4] * x[4] + b
}

/// The mean binary cross-entropy.
#[differentiable(wrt(w, b))]
pub fn loss(w: &[f64; 5], b: f64, x: &[[f64; 5]], y: &[f64]) -> f64 {
    let scores: Vec<f64> = x.iter().map(|x| score(w, b, x)).collect();
    binary_cross_entropy_with_logits(&scores, y)
}

/// Weights and bias after some epochs from zero; `log` sees each epoch's number and loss.
pub fn fit(x: &[Point], y: &[f64], epochs: usize, mut log: impl FnMut(usize, f64)) -> ([f64; 5], f64) {
    let (mut w, mut b) = ([0.0; 5], 0.0);
    let mut optimizer = Sgd::new(1e-4);
    for epoch in 0..epochs {
        let (value, grad) = loss::value_and_grad(&w, b, x, y);
        log(epoch, value);
        optimizer.step((&mut w, &mut b), &grad);
    }
    (w, b)
}

/// The part of the points whose class the model guesses.
pub fn accuracy(w: &[f64; 5], b: f64, x: &[Point], y: &[f64]) -> f64 {
    let right = x.iter().zip(y).filter(|(x, y)| (score(w, b, x) > 0.0) == (**y > 0.5));
    right.count() as f64 / x.len() as f64
}

fn main() {
    let mut random = Random::new(3);
    let x: Vec<Point> = (0..10_000).map(|_| std::array::from_fn(|_| random.normal())).collect();
    let odds = |x| 1.0 / (1.0 + (-score(&[1.5, -2.0, 0.75, 0.0, 3.0], -0.5, x)).exp());
    let y: Vec<f64> = x.iter().map(|x| f64::from(u8::from(random.uniform() < odds(x)))).collect();

    let (train, test) = split(x.len(), 0.3);
    let (x_train, y_train) = (x.take_rows(&train), y.take_rows(&train));
    let (w, b) = fit(&x_train, &y_train, 100, |epoch, loss| {
        if epoch % 10 == 9 {
            println!("{epoch} {loss:.6}");
        }
    });
    println!("Result: weights {w:.5?}, bias {b:.5}");
    println!("Right for {:.1} % of the training points", 100.0 * accuracy(&w, b, &x_train, &y_train));
    let (x_test, y_test) = (x.take_rows(&test), y.take_rows(&test));
    println!("and for {:.1} % of the others", 100.0 * accuracy(&w, b, &x_test, &y_test));
}
