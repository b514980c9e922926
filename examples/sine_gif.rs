//! A cubic approaches the sine, as an animated picture: `target/sine.gif`, and its end as `target/sine.png` and `target/sine.svg`.
//!
//! The model is that of `sine_module`; a frame is kept every 50 steps.
//!
//!     cargo run --release --example sine_gif

use pullback::optim::RmsProp;
use pullback::plot::{Plot, save_gif};
use pullback::{Differentiable, differentiable};

/// a + b x + c x² + d x³.
#[derive(Differentiable, Clone, Debug)]
struct Cubic {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
}

#[differentiable]
fn forward(model: &Cubic, x: f64) -> f64 {
    model.a + model.b * x + model.c * x.powi(2) + model.d * x.powi(3)
}

/// The sum of squared errors.
#[differentiable(wrt(model))]
fn loss(model: &Cubic, x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(&x, &y)| (forward(model, x) - y).powi(2)).sum()
}

/// The model's curve over the sine.
fn frame(model: &Cubic, step: usize, value: f64, x: &[f64], y: &[f64]) -> Plot {
    let curve: Vec<f64> = x.iter().map(|&x| forward(model, x)).collect();
    Plot::new(format!("step {step:4}, loss {value:.2}"))
        .axes("x", "y")
        .line("sin x", x, y)
        .line("cubic", x, &curve)
        .y_range(-2.0..2.0)
}

/// A frame for every 50th of some steps.
pub fn frames(steps: usize) -> Vec<Plot> {
    let pi = std::f64::consts::PI;
    let x: Vec<f64> = (0..2000).map(|i| -pi + f64::from(i) * (2.0 * pi / 1999.0)).collect();
    let y: Vec<f64> = x.iter().map(|x| x.sin()).collect();

    let mut model = Cubic { a: 0.5, b: -0.3, c: 0.2, d: 0.1 };
    let mut optimizer = RmsProp::new(1e-3);
    let mut frames = Vec::new();
    for step in 0..=steps {
        let (value, grad) = loss::value_and_grad(&model, &x, &y);
        if step % 50 == 0 {
            frames.push(frame(&model, step, value, &x, &y));
        }
        optimizer.step(&mut model, &grad);
    }
    frames
}

fn main() -> Result<(), pullback::plot::PlotError> {
    let frames = frames(1500);
    save_gif("target/sine.gif", frames.iter().map(|f| f.clone().size(640, 400)), 100)?;
    let last = frames.last().expect("one frame at least");
    last.save("target/sine.png")?;
    last.save("target/sine.svg")?;
    println!("{} frames in target/sine.gif; the last in target/sine.png and target/sine.svg", frames.len());
    Ok(())
}
