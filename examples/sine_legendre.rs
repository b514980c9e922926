//! Fits a Legendre polynomial to a sine, with a derivative rule of one's own.
//!
//! The tutorials' "PyTorch: Defining new autograd functions", in f32: y = a + b P₃(c + d x) with
//! P₃(z) = ½ (5 z³ - 3 z) at 2,000 points on [-π, π]. The rule is a plain function too, and fused into the loop like the rest.
//!
//!     cargo run --release --example sine_legendre [-- --random SEED]

use nalgebra::DVector;
use pullback::differentiable;
use pullback_examples::{points, start};

/// The Legendre polynomial of degree 3. Its derivative is the rule below.
#[differentiable(rule = legendre_p3_vjp)]
fn legendre_p3(z: f32) -> f32 {
    0.5 * (5.0 * z.powi(3) - 3.0 * z)
}

/// How a cotangent of P₃(z) becomes one of z: P₃'(z) = 1.5 (5 z² - 1).
#[differentiable]
fn legendre_p3_vjp(z: f32, dy: f32) -> f32 {
    dy * 1.5 * (5.0 * z.powi(2) - 1.0)
}

/// The sum of squared errors of y = a + b P₃(c + d x).
#[differentiable(wrt(a, b, c, d))]
fn loss(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * legendre_p3(c + d * x));
    (y_pred - y).norm_squared()
}

/// Gradient descent on the loss from `start`; `log` sees each step's number and loss.
pub fn fit(start: [f32; 4], steps: usize, mut log: impl FnMut(usize, f32)) -> [f32; 4] {
    let x = points();
    let y = x.map(f32::sin);
    let learning_rate = 5e-6;

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
    let start = start([0.0, -1.0, 0.0, 0.3])?.map(|p| p as f32);
    let [a, b, c, d] = fit(start, 2000, |step, loss| {
        if step % 100 == 99 {
            println!("{step} {loss}");
        }
    });
    // by symmetry a and c are zero up to rounding: `:?` writes them as 1e-9 rather than 0.000000001
    println!("Result: y = {a:?} + {b:?} * P3({c:?} + {d:?} x)");
    Ok(())
}
