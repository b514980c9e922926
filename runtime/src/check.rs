//! Gradients against differences, and reverse mode against forward mode.

use std::error::Error;
use std::fmt;

use crate::Tangent;

/// What a derivative is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Against {
    /// Central differences of the function.
    Differences,
    /// `jvp`, along one direction.
    Forward,
}

/// A derivative that differs from what central differences, or the other mode, say.
///
/// ```
/// use pullback::{derivative, differentiable};
///
/// #[differentiable]
/// fn cube(x: f64) -> f64 {
///     x * x * x
/// }
/// assert_eq!(cube::check(2.0), Ok(()));
///
/// /// A custom derivative with a mistake: it should be 3 x².
/// #[derivative(of = cubed)]
/// fn cubed_vjp(x: f64, dy: f64) -> f64 {
///     2.0 * x * x * dy
/// }
/// fn cubed(x: f64) -> f64 {
///     x * x * x
/// }
/// let error = cubed::check(2.0).unwrap_err();
/// assert_eq!((error.derivative, error.parameter.as_str()), (8.0, "x"));
/// assert!(error.to_string().starts_with("cubed: the derivative with respect to `x` is 8e0 but differences give"));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct CheckError {
    /// The function.
    pub function: String,
    /// The parameter.
    pub parameter: String,
    /// The element of the parameter, in memory order; 0 for a number.
    pub element: usize,
    /// How many elements the parameter has.
    pub elements: usize,
    /// What the generated code says.
    pub derivative: f64,
    /// What the differences, or the other mode, say.
    pub difference: f64,
    /// How much the two may differ.
    pub tolerance: f64,
    /// What it was compared with.
    pub against: Against,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CheckError { function, parameter, element, derivative, difference, tolerance, .. } = self;
        write!(f, "{function}: the derivative with respect to `{parameter}`")?;
        if self.elements > 1 {
            write!(f, ", element {element},")?;
        }
        let (place, other) = match self.against {
            Against::Differences => ("", "differences give"),
            Against::Forward => (" along a direction", "forward mode gives"),
        };
        write!(f, "{place} is {derivative:e} but {other} {difference:e} (± {tolerance:.1e})")
    }
}

impl Error for CheckError {}

/// A parameter with more elements than this is sampled.
const SAMPLES: usize = 64;

/// Compares the gradient of one parameter with central differences of `value`, the function of that parameter alone.
///
/// Differences of two step sizes tell how far they can be trusted; the tolerance follows.
///
/// # Errors
/// On the first element whose derivative differs.
pub fn parameter<P: Tangent + ?Sized, G: Tangent + ?Sized>(
    (function, name): (&str, &str),
    at: &mut P,
    grad: &G,
    mut value: impl FnMut(&P) -> f64,
) -> Result<(), CheckError> {
    let (elements, epsilon) = (at.size(), at.epsilon());
    if grad.size() != elements {
        return Err(failure(function, name, (elements, elements), f64::NAN, (f64::NAN, 0.0)));
    }
    for k in sample(elements) {
        let derivative = grad.number(k);
        let (difference, tolerance) = difference(at, k, epsilon, &mut value);
        let close = (derivative - difference).abs() <= tolerance;
        if !(close || derivative == difference || derivative.is_nan() && difference.is_nan()) {
            return Err(failure(function, name, (k, elements), derivative, (difference, tolerance)));
        }
    }
    Ok(())
}

fn failure(
    function: &str,
    parameter: &str,
    (element, elements): (usize, usize),
    derivative: f64,
    (difference, tolerance): (f64, f64),
) -> CheckError {
    let (function, parameter) = (function.to_string(), parameter.to_string());
    CheckError {
        function,
        parameter,
        element,
        elements,
        derivative,
        difference,
        tolerance,
        against: Against::Differences,
    }
}

/// All elements, or as many as [`SAMPLES`] at even distances.
fn sample(elements: usize) -> impl Iterator<Item = usize> {
    let count = elements.min(SAMPLES);
    (0..count).map(move |i| i * elements / count)
}

/// The derivative by central differences, and how far it can be trusted.
fn difference<P: Tangent + ?Sized>(
    at: &mut P,
    k: usize,
    epsilon: f64,
    value: &mut impl FnMut(&P) -> f64,
) -> (f64, f64) {
    let x = at.number(k);
    let mut size = 0.0_f64;
    let mut central = |h: f64| {
        let mut ends = [0.0; 2];
        let mut points = [0.0; 2];
        for (end, sign) in [-1.0, 1.0].into_iter().enumerate() {
            at.set_number(k, x + sign * h);
            // The step that was taken is that of the rounded number.
            points[end] = at.number(k);
            ends[end] = value(at);
        }
        at.set_number(k, x);
        size = size.max(ends[0].abs()).max(ends[1].abs());
        ((ends[1] - ends[0]) / (points[1] - points[0]), ends[0] + ends[1])
    };
    let h = epsilon.cbrt() * x.abs().max(1.0);
    let ((far, outer), (near, inner)) = (central(2.0 * h), central(h));
    // Richardson: the error of a central difference shrinks with the square of the step.
    let best = near + (near - far) / 3.0;
    let noise = 32.0 * epsilon * size / h;
    let relative = 8.0 * epsilon.powf(2.0 / 3.0) * best.abs();
    // What is rounded inside the function moves the point where the slope is taken: at a minimum that is all there is.
    let curvature = (outer - inner).abs() / (3.0 * h * h);
    let inside = 32.0 * epsilon * x.abs().max(1.0) * curvature;
    (best, (near - far).abs() + noise + relative + inside)
}

/// A cotangent that gives every number of a result a weight of its own, so that no two mistakes cancel.
pub fn weigh<T: Tangent>(mut result: T) -> T {
    for k in 0..result.size() {
        result.set_number(k, 1.0 + 0.25 * (1.7 * k as f64).sin());
    }
    result
}

/// The same with zeros in place of the numbers.
pub fn still<T: Tangent>(mut value: T) -> T {
    for k in 0..value.size() {
        value.set_number(k, 0.0);
    }
    value
}

/// Compares the two sides of `seed · (J direction) = (seed J) · direction`, as sums of the terms given.
///
/// # Errors
/// If they differ by more than rounding.
pub fn modes(
    (function, name): (&str, &str),
    reverse: &[f64],
    forward: &[f64],
    epsilon: f64,
) -> Result<(), CheckError> {
    let [derivative, difference] = [reverse, forward].map(|terms| terms.iter().sum::<f64>());
    let size: f64 = reverse.iter().chain(forward).map(|t| t.abs()).sum();
    let tolerance = epsilon.sqrt() * size;
    let close = (derivative - difference).abs() <= tolerance;
    if close || derivative == difference || derivative.is_nan() && difference.is_nan() {
        return Ok(());
    }
    let error = failure(function, name, (0, 1), derivative, (difference, tolerance));
    Err(CheckError { against: Against::Forward, ..error })
}

/// The products of two lists of numbers.
pub fn products<A: Tangent + ?Sized, B: Tangent + ?Sized>(a: &A, b: &B) -> Vec<f64> {
    (0..a.size()).map(|k| a.number(k) * b.number(k)).collect()
}

/// The sum of the products of two lists of numbers.
pub fn dot<A: Tangent + ?Sized, B: Tangent + ?Sized>(a: &A, b: &B) -> f64 {
    (0..a.size()).map(|k| a.number(k) * b.number(k)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube(x: &[f64]) -> f64 {
        x.iter().map(|x| x * x * x).sum()
    }

    #[test]
    fn right_gradients_pass() {
        let mut at = vec![1.0, -2.0, 0.5];
        let grad: Vec<f64> = at.iter().map(|x| 3.0 * x * x).collect();
        assert_eq!(parameter(("cube", "x"), &mut at, &grad, |x| cube(x)), Ok(()));
        assert_eq!(at, [1.0, -2.0, 0.5]);
    }

    #[test]
    fn wrong_gradients_are_named() {
        let mut at = vec![1.0, -2.0, 0.5];
        let error = parameter(("cube", "x"), &mut at, &vec![3.0, 11.9, 0.75], |x| cube(x)).unwrap_err();
        assert_eq!((error.element, error.derivative), (1, 11.9));
        let text = error.to_string();
        assert!(
            text.starts_with("cube: the derivative with respect to `x`, element 1, is 1.19e1 but"),
            "{text}"
        );
    }

    #[test]
    fn single_precision_passes() {
        let mut at = 0.7_f32;
        assert_eq!(parameter(("sin", "x"), &mut at, &0.7_f32.cos(), |x| f64::from(x.sin())), Ok(()));
        assert!(parameter(("sin", "x"), &mut at, &-0.7_f32.cos(), |x| f64::from(x.sin())).is_err());
    }

    #[test]
    fn rounding_at_a_minimum_is_no_mistake() {
        // The residual is 0 up to rounding of 0.3 · 0.1, and its derivative consists of that.
        let residual = |x: f64| 3.0 * (0.1 * x) - 0.09;
        let grad = 0.6 * (residual(0.3) + 1e-17);
        let check = |grad: f64| parameter(("square", "x"), &mut 0.3_f64, &grad, |x| residual(*x).powi(2));
        assert_eq!(check(grad), Ok(()));
        assert!(check(grad + 1e-10).is_err());
    }

    #[test]
    fn modes_that_differ_are_named() {
        assert_eq!(modes(("cube", "x"), &[1.0, 2.0], &[3.0], f64::EPSILON), Ok(()));
        assert_eq!(modes(("cube", "x"), &[f64::INFINITY], &[f64::INFINITY], f64::EPSILON), Ok(()));
        let error = modes(("cube", "x"), &[1.0, 2.0], &[3.001], f64::EPSILON).unwrap_err();
        let text = error.to_string();
        let start = "cube: the derivative with respect to `x` along a direction is 3e0 but forward mode gives 3.001e0";
        assert!(text.starts_with(start), "{text}");
        assert_eq!(still(vec![1.0, 2.0]), [0.0, 0.0]);
    }

    #[test]
    fn large_parameters_are_sampled() {
        assert_eq!(sample(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(sample(1000).count(), SAMPLES);
        assert_eq!(sample(0).count(), 0);
    }
}
