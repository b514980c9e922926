//! Fits a cubic to a sine on a GPU if there is one, else on the CPU.
//!
//! The tutorials' "PyTorch: Tensors", with its `device = cuda if available else cpu`: points and parameters stay on the device, and
//! a GPU does each step as one recorded launch. With a GPU:
//!
//!     CUDA_LIBRARY_PATH=/usr cargo run --release --features cuda --example sine_device [-- --random SEED]

use nalgebra::DVector;
use pullback::{Device, DeviceError, Tensor, differentiable};
use pullback_examples::{points, start};

/// The sum of squared errors of y = a + b x + c x² + d x³.
#[differentiable(wrt(a, b, c, d))]
fn loss(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

/// Gradient descent on the loss from `start`; `log` sees the number and the loss of every hundredth step.
///
/// # Errors
/// What the device says.
pub fn fit(
    device: &Device,
    start: [f32; 4],
    steps: usize,
    mut log: impl FnMut(usize, f32),
) -> Result<[f32; 4], DeviceError> {
    let x = Tensor::from(points()).to(device)?;
    let y = Tensor::from(points().map(f32::sin)).to(device)?;
    let learning_rate = 1e-6;

    let number = |p: f32| Tensor::from(p).to(device);
    let [a, b, c, d] = start;
    let params = [number(a)?, number(b)?, number(c)?, number(d)?];
    let mut step = device.record_with(params, |[a, b, c, d]| {
        let (value, grad) = loss::on(device).queued().value_and_grad(&*a, &*b, &*c, &*d, &x, &y)?;
        a.descend(&grad.a, learning_rate)?;
        b.descend(&grad.b, learning_rate)?;
        c.descend(&grad.c, learning_rate)?;
        d.descend(&grad.d, learning_rate)?;
        Ok(value)
    });
    for k in 0..steps {
        step.run()?;
        if let (99, Some(loss)) = (k % 100, step.last()) {
            log(k, loss.item()?);
        }
    }
    let [a, b, c, d] = step.into_state();
    Ok([a.item()?, b.item()?, c.item()?, d.item()?])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::best();
    eprintln!("on {device}");
    let start = start([0.5, -0.3, 0.2, 0.1])?.map(|p| p as f32);
    let [a, b, c, d] = fit(&device, start, 2000, |step, loss| println!("{step} {loss}"))?;
    println!("Result: y = {a} + {b} x + {c} x^2 + {d} x^3");
    Ok(())
}
