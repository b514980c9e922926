//! Fits a cubic to a sine with a model of one's own: a struct with a loss, an optimizer for it, and a way to print it.
//!
//! The tutorials' "PyTorch: Custom nn Modules": `Polynomial3` derives `Differentiable`, so that its gradient has the same fields and
//! the optimizer walks over them. The sum of squared errors, SGD with learning rate 1e-6, 2,000 steps.
//!
//!     cargo run --release --example sine_module

use std::fmt;

use pullback::optim::Sgd;
use pullback::{Differentiable, differentiable};

/// a + b x + c x² + d x³.
#[derive(Differentiable, Clone, Debug)]
pub struct Polynomial3 {
    /// The constant.
    pub a: f64,
    /// The slope at zero.
    pub b: f64,
    /// Half the curvature at zero.
    pub c: f64,
    /// The coefficient of x³.
    pub d: f64,
}

impl fmt::Display for Polynomial3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "y = {} + {} x + {} x^2 + {} x^3", self.a, self.b, self.c, self.d)
    }
}

/// The polynomial at a point.
#[differentiable]
pub fn forward(model: &Polynomial3, x: f64) -> f64 {
    model.a + model.b * x + model.c * x.powi(2) + model.d * x.powi(3)
}

/// The sum of squared errors.
#[differentiable(wrt(model))]
fn loss(model: &Polynomial3, x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(&x, &y)| (forward(model, x) - y).powi(2)).sum()
}

/// The tutorials' points, and the sine there.
pub fn sine() -> (Vec<f64>, Vec<f64>) {
    let pi = std::f64::consts::PI;
    let x: Vec<f64> = (0..2000).map(|i| -pi + f64::from(i) * (2.0 * pi / 1999.0)).collect();
    let y = x.iter().map(|x| x.sin()).collect();
    (x, y)
}

/// The model after some steps; `log` sees each step's number, its loss and the model before the step.
pub fn fit(steps: usize, mut log: impl FnMut(usize, f64, &Polynomial3)) -> Polynomial3 {
    let (x, y) = sine();
    let mut model = Polynomial3 { a: 0.5, b: -0.3, c: 0.2, d: 0.1 };
    let mut optimizer = Sgd::new(1e-6);
    for step in 0..steps {
        let (value, grad) = loss::value_and_grad(&model, &x, &y);
        log(step, value, &model);
        optimizer.step(&mut model, &grad);
    }
    model
}

fn main() {
    let model = fit(2000, |step, loss, _| {
        if step % 100 == 99 {
            println!("{step} {loss}");
        }
    });
    println!("Result: {model}");
}
