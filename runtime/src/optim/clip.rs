//! Keeping gradients small.

use crate::leaves::{Leaves, LeavesMut, Numbers, NumbersMut, Path};

/// Moves each number into `-limit..=limit`: `torch.nn.utils.clip_grad_value_`. NaN stays NaN.
///
/// ```
/// let mut grad = ([3.0, -0.5], -7.0f32);
/// pullback::optim::clip_value(&mut grad, 2.0);
/// assert_eq!(grad, ([2.0, -0.5], -2.0));
/// ```
///
/// # Panics
/// If `limit` is negative or NaN.
pub fn clip_value(mut grad: impl LeavesMut, limit: f64) {
    assert!(limit >= 0.0, "clip_value: the limit {limit} is not a size");
    let f32s = |g: &mut [f32]| g.iter_mut().for_each(|x| *x = x.clamp(-limit as f32, limit as f32));
    let f64s = |g: &mut [f64]| g.iter_mut().for_each(|x| *x = x.clamp(-limit, limit));
    change(&mut grad, f32s, f64s);
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
/// # Panics
/// If `limit` is negative or NaN.
pub fn clip_norm(mut grad: impl LeavesMut, limit: f64) -> f64 {
    assert!(limit >= 0.0, "clip_norm: the limit {limit} is not a length");
    let norm = norm(&grad);
    let factor = limit / (norm + 1e-6);
    // false for NaN, which must not be hidden
    if factor >= 1.0 {
        return norm;
    }
    let f32s = |g: &mut [f32]| g.iter_mut().for_each(|x| *x *= factor as f32);
    let f64s = |g: &mut [f64]| g.iter_mut().for_each(|x| *x *= factor);
    change(&mut grad, f32s, f64s);
    norm
}

/// Changes all leaves.
fn change(grad: &mut impl LeavesMut, f32s: impl Fn(&mut [f32]), f64s: impl Fn(&mut [f64])) {
    grad.visit_mut(Path::ROOT, &mut |path, leaf| {
        let done = match leaf.numbers {
            NumbersMut::F32(g) => {
                f32s(g);
                Ok(())
            }
            NumbersMut::F64(g) => {
                f64s(g);
                Ok(())
            }
            NumbersMut::TensorF32(g) => g.edit(&f32s),
            NumbersMut::TensorF64(g) => g.edit(&f64s),
        };
        done.unwrap_or_else(|error| panic!("{path}: {error}"));
    });
}

/// The root of the sum of squares over all leaves, summed in `f64`.
fn norm(value: &impl Leaves) -> f64 {
    let mut sum = 0.0;
    value.visit(Path::ROOT, &mut |path, leaf| {
        let squares = match leaf.numbers {
            Numbers::F32(g) => Ok(squares(g)),
            Numbers::F64(g) => Ok(squares(g)),
            Numbers::TensorF32(g) => g.host().map(|g| squares(&g)),
            Numbers::TensorF64(g) => g.host().map(|g| squares(&g)),
        };
        sum += squares.unwrap_or_else(|error| panic!("{path}: {error}"));
    });
    sum.sqrt()
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
