//! Keeping gradients small.

#[cfg(feature = "cuda")]
use super::gpu::{Group, Groups};
use crate::leaves::{LeavesMut, NumbersMut, Path};
#[cfg(feature = "cuda")]
use crate::leaves::{Order, Shape};
use crate::{DeviceError, Tensor};

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
/// What is on a GPU changes there; only the length is copied to the host. [`clip_norm_queued`] leaves it where it is.
///
/// # Panics
/// If `limit` is negative or NaN, or the device that the gradient is on fails.
#[track_caller]
pub fn clip_norm(mut grad: impl LeavesMut, limit: f64) -> f64 {
    assert!(limit >= 0.0, "clip_norm: the limit {limit} is not a length");
    on_device(try_clip_norm(&mut grad, limit))
}

/// As [`clip_norm`], but the length that the gradient had is a tensor without axes where the gradient is, and nothing is waited
/// for: so a step that clips can be [recorded](crate::Device::record).
///
/// On a GPU these are four launches, or six where leaves are of both precisions; more for more than 64 leaves of one.
///
/// # Errors
/// If the device refuses, or some leaves are elsewhere than others.
///
/// # Panics
/// If `limit` is negative or NaN.
///
/// ```
/// use pullback::optim::clip_norm_queued;
/// use pullback::{Device, Tensor};
///
/// let device = Device::best();
/// let mut gradient = Tensor::from([3.0f64, 4.0]).to(&device)?;
/// let norm = clip_norm_queued(&mut gradient, 1.0)?;
/// assert_eq!((norm.device(), norm.item()?), (device, 5.0));
/// assert!((gradient.to_vec()?[0] - 0.6).abs() < 1e-6);
/// # Ok::<(), pullback::DeviceError>(())
/// ```
#[track_caller]
pub fn clip_norm_queued(mut grad: impl LeavesMut, limit: f64) -> Result<Tensor<f64>, DeviceError> {
    assert!(limit >= 0.0, "clip_norm_queued: the limit {limit} is not a length");
    #[cfg(feature = "cuda")]
    {
        let groups = Groups::of(&mut grad)?;
        if let ([only], false) = (&groups.all[..], groups.on_host) {
            let [norm, factor] = only.norm_and_factor(limit)?;
            only.scale(&factor)?;
            return Ok(Tensor::of_array(Shape::default(), Order::RowMajor, norm));
        }
        if !groups.all.is_empty() {
            let place = "another device than the rest of the gradient, in `clip_norm_queued`";
            return Err(DeviceError::Elsewhere(place.to_string()));
        }
    }
    try_clip_norm(&mut grad, limit).map(Tensor::from)
}

/// What came of a device that the gradient is on.
#[track_caller]
fn on_device<T>(result: Result<T, DeviceError>) -> T {
    result.unwrap_or_else(|error| panic!("clipping a gradient on a device: {error}"))
}

fn try_clip_value(grad: &mut dyn LeavesMut, limit: f64) -> Result<(), DeviceError> {
    #[cfg(feature = "cuda")]
    for group in Groups::of(grad)?.all {
        group.clip_value(limit)?;
    }
    on_host(grad, |leaf| match leaf {
        NumbersMut::F32(g) => g.iter_mut().for_each(|x| *x = x.clamp(-limit as f32, limit as f32)),
        NumbersMut::F64(g) => g.iter_mut().for_each(|x| *x = x.clamp(-limit, limit)),
        _ => {}
    });
    Ok(())
}

fn try_clip_norm(grad: &mut dyn LeavesMut, limit: f64) -> Result<f64, DeviceError> {
    #[cfg(feature = "cuda")]
    let groups = Groups::of(grad)?;
    #[cfg(feature = "cuda")]
    if let ([only], false) = (&groups.all[..], groups.on_host) {
        let [norm, factor] = only.norm_and_factor(limit)?;
        only.scale(&factor)?;
        return norm.at(0);
    }
    let squared = squares_on_host(grad);
    #[cfg(feature = "cuda")]
    let add = |sum: f64, group: &Group| Ok::<_, DeviceError>(sum + group.squares()?.at(0)?);
    #[cfg(feature = "cuda")]
    let squared = groups.all.iter().try_fold(squared, add)?;
    let (norm, factor) = norm_and_factor(squared, limit);
    if factor != 1.0 {
        scale_on_host(grad, factor);
        #[cfg(feature = "cuda")]
        groups.all.iter().try_for_each(|group| group.scale_by(factor))?;
    }
    Ok(norm)
}

/// The length of a gradient whose squares have that sum, and by which factor it is scaled.
fn norm_and_factor(squared: f64, limit: f64) -> (f64, f64) {
    let norm = squared.sqrt();
    let factor = limit / (norm + 1e-6);
    // false for NaN, which must not be hidden
    (norm, if factor >= 1.0 { 1.0 } else { factor })
}

/// Visits all leaves, of which those on a GPU are for others.
fn on_host(grad: &mut dyn LeavesMut, mut change: impl FnMut(NumbersMut<'_>)) {
    grad.visit_mut(Path::ROOT, &mut |_, leaf| change(leaf.numbers));
}

fn squares_on_host(grad: &mut dyn LeavesMut) -> f64 {
    let mut sum = 0.0;
    on_host(grad, |leaf| match leaf {
        NumbersMut::F32(g) => sum += squares(g),
        NumbersMut::F64(g) => sum += squares(g),
        _ => {}
    });
    sum
}

fn scale_on_host(grad: &mut dyn LeavesMut, factor: f64) {
    on_host(grad, |leaf| match leaf {
        NumbersMut::F32(g) => g.iter_mut().for_each(|x| *x *= factor as f32),
        NumbersMut::F64(g) => g.iter_mut().for_each(|x| *x *= factor),
        _ => {}
    });
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
