//! A model whose shape changes from step to step: a polynomial with zero to two terms of higher order, which share a weight.
//!
//! The tutorials' "PyTorch: Control Flow + Weight Sharing": the loop in the loss is an ordinary loop, its length an ordinary
//! argument. Gradient descent with momentum over 30,000 steps.
//!
//!     cargo run --release --example dynamic_net

use pullback::optim::Sgd;
use pullback::{Random, differentiable};

/// The sum of squared errors of a + b x + c x² + d x³ and as many terms e x⁴, e x⁵, .. as `terms` says.
#[differentiable(wrt(a, b, c, d, e))]
fn loss(a: f64, b: f64, c: f64, d: f64, e: f64, terms: usize, x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        let mut y_pred = a + b * x[i] + c * x[i].powi(2) + d * x[i].powi(3);
        let mut power = x[i].powi(4);
        for _ in 0..terms {
            y_pred += e * power;
            power *= x[i];
        }
        sum += (y_pred - y[i]).powi(2);
    }
    sum
}

/// The five coefficients after some steps; `log` sees each step's number and loss.
pub fn fit(steps: usize, mut log: impl FnMut(usize, f64)) -> [f64; 5] {
    let pi = std::f64::consts::PI;
    let x: Vec<f64> = (0..2000).map(|i| -pi + f64::from(i) * (2.0 * pi / 1999.0)).collect();
    let y: Vec<f64> = x.iter().map(|x| x.sin()).collect();

    let [mut a, mut b, mut c, mut d, mut e] = [0.5, -0.3, 0.2, 0.1, 0.05];
    let mut optimizer = Sgd::new(1e-8).momentum(0.9);
    let mut random = Random::new(1);
    for step in 0..steps {
        let (value, grad) = loss::value_and_grad(a, b, c, d, e, random.below(3), &x, &y);
        log(step, value);
        optimizer.step((&mut a, &mut b, &mut c, &mut d, &mut e), &grad);
    }
    [a, b, c, d, e]
}

fn main() {
    let [a, b, c, d, e] = fit(30_000, |step, loss| {
        if step % 2000 == 1999 {
            println!("{step} {loss}");
        }
    });
    println!("Result: y = {a} + {b} x + {c} x^2 + {d} x^3 + {e} x^4 ? + {e} x^5 ?");
}
