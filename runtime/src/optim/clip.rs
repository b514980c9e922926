//! Keeping gradients small.

use crate::DeviceError;
use crate::leaves::{Leaves, LeavesMut, Numbers, NumbersMut, Path};

/// Moves each number into `-limit..=limit`: `torch.nn.utils.clip_grad_value_`. NaN stays NaN.
///
/// ```
/// let mut grad = ([3.0, -0.5], -7.0f32);
/// pullback::optim::clip_value(&mut grad, 2.0);
/// assert_eq!(grad, ([2.0, -0.5], -2.0));
/// ```
///
/// What is on a GPU changes there.
///
/// # Panics
/// If `limit` is negative or NaN, or the device that the gradient is on fails.
#[track_caller]
pub fn clip_value(mut grad: impl LeavesMut, limit: f64) {
    assert!(limit >= 0.0, "clip_value: the limit {limit} is not a size");
    on_device(try_clip_value(&mut grad, limit));
}

/// Scales a gradient down whose length over all leaves is more than `limit`: `torch.nn.utils.clip_grad_norm_`, by the factor
/// `limit / (norm + 1e-6)`. Returns the length that it had; where that is not finite, so is not what becomes of the gradient.
///
/// ```
/// let mut grad = (vec![3.0], 4.0);
/// let norm = pullback::optim::clip_norm(&mut grad, 1.0);
/// assert_eq!(norm, 5.0);
/// assert!((grad.0[0] - 0.6f64).abs() < 1e-6 && (grad.1 - 0.8f64).abs() < 1e-6);
/// ```
///
/// What is on a GPU changes there; only the length is copied to the host.
///
/// # Panics
/// If `limit` is negative or NaN, or the device that the gradient is on fails.
#[track_caller]
pub fn clip_norm(mut grad: impl LeavesMut, limit: f64) -> f64 {
    assert!(limit >= 0.0, "clip_norm: the limit {limit} is not a length");
    on_device(try_clip_norm(&mut grad, limit))
}

/// What came of a device that the gradient is on.
#[track_caller]
fn on_device<T>(result: Result<T, DeviceError>) -> T {
    result.unwrap_or_else(|error| panic!("clipping a gradient on a device: {error}"))
}

fn try_clip_value(grad: &mut impl LeavesMut, limit: f64) -> Result<(), DeviceError> {
    change(grad, |leaf| {
        match leaf {
            NumbersMut::F32(g) => g.iter_mut().for_each(|x| *x = x.clamp(-limit as f32, limit as f32)),
            NumbersMut::F64(g) => g.iter_mut().for_each(|x| *x = x.clamp(-limit, limit)),
            #[cfg(feature = "cuda")]
            NumbersMut::TensorF32(g) => super::gpu::clip_value(g, limit)?,
            #[cfg(feature = "cuda")]
            NumbersMut::TensorF64(g) => super::gpu::clip_value(g, limit)?,
            #[cfg(not(feature = "cuda"))]
            NumbersMut::TensorF32(_) | NumbersMut::TensorF64(_) => unreachable!("there are no GPUs"),
        }
        Ok(())
    })
}

fn try_clip_norm(grad: &mut impl LeavesMut, limit: f64) -> Result<f64, DeviceError> {
    let norm = norm(grad)?;
    let factor = limit / (norm + 1e-6);
    // false for NaN, which must not be hidden
    if factor >= 1.0 {
        return Ok(norm);
    }
    change(grad, |leaf| {
        match leaf {
            NumbersMut::F32(g) => g.iter_mut().for_each(|x| *x *= factor as f32),
            NumbersMut::F64(g) => g.iter_mut().for_each(|x| *x *= factor),
            #[cfg(feature = "cuda")]
            NumbersMut::TensorF32(g) => super::gpu::scale(g, factor)?,
            #[cfg(feature = "cuda")]
            NumbersMut::TensorF64(g) => super::gpu::scale(g, factor)?,
            #[cfg(not(feature = "cuda"))]
            NumbersMut::TensorF32(_) | NumbersMut::TensorF64(_) => unreachable!("there are no GPUs"),
        }
        Ok(())
    })?;
    Ok(norm)
}

/// Changes all leaves, up to the first that a device refuses.
fn change(
    grad: &mut impl LeavesMut,
    change: impl Fn(NumbersMut<'_>) -> Result<(), DeviceError>,
) -> Result<(), DeviceError> {
    let mut result = Ok(());
    grad.visit_mut(Path::ROOT, &mut |_, leaf| {
        if result.is_ok() {
            result = change(leaf.numbers);
        }
    });
    result
}

/// The root of the sum of squares over all leaves, summed in `f64`.
fn norm(value: &impl Leaves) -> Result<f64, DeviceError> {
    let mut sum = Ok(0.0);
    value.visit(Path::ROOT, &mut |_, leaf| {
        let squares: Result<f64, DeviceError> = match leaf.numbers {
            Numbers::F32(g) => Ok(squares(g)),
            Numbers::F64(g) => Ok(squares(g)),
            #[cfg(feature = "cuda")]
            Numbers::TensorF32(g) => super::gpu::squares(g),
            #[cfg(feature = "cuda")]
            Numbers::TensorF64(g) => super::gpu::squares(g),
            #[cfg(not(feature = "cuda"))]
            Numbers::TensorF32(_) | Numbers::TensorF64(_) => unreachable!("there are no GPUs"),
        };
        sum = sum.clone().and_then(|sum| Ok(sum + squares?));
    });
    sum.map(f64::sqrt)
}

/// The sum of squares, eight at a time so that it vectorises.
fn squares<T: Copy + Into<f64>>(numbers: &[T]) -> f64 {
    let (chunks, rest) = numbers.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            let x: f64 = x.into();
            *lane += x * x;
        }
    }
    let tail = rest.iter().map(|&x| x.into() * x.into());
    lanes.into_iter().chain(tail).sum()
}
