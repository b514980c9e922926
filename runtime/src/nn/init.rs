//! Initial values of weights, as PyTorch draws them: matrices with a row per output and a column per input, from a seeded
//! [`Random`].
//!
//! ```
//! use pullback::Random;
//! use pullback::nalgebra::DMatrix;
//! use pullback::nn::init;
//!
//! let mut random = Random::new(1);
//! let w: DMatrix<f32> = init::xavier_uniform(20, 30, &mut random);
//! assert!(w.iter().all(|w| w.abs() <= (6.0f32 / 50.0).sqrt()));
//! ```

use nalgebra::{DMatrix, DVector, convert};

use crate::{Random, Real};

/// Numbers of the interval from `low` to `high`.
pub fn uniform<T: Real>(rows: usize, columns: usize, low: f64, high: f64, random: &mut Random) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |_, _| convert(low + (high - low) * random.uniform()))
}

/// Numbers of the normal distribution with this standard deviation and mean 0.
pub fn normal<T: Real>(rows: usize, columns: usize, deviation: f64, random: &mut Random) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |_, _| convert(deviation * random.normal()))
}

/// Uniform between ±√(6 / (inputs + outputs)): for sigmoid and tanh (Glorot and Bengio 2010).
pub fn xavier_uniform<T: Real>(outputs: usize, inputs: usize, random: &mut Random) -> DMatrix<T> {
    symmetric(outputs, inputs, (6.0 / (inputs + outputs) as f64).sqrt(), random)
}

/// Normal with deviation √(2 / (inputs + outputs)): for sigmoid and tanh (Glorot and Bengio 2010).
pub fn xavier_normal<T: Real>(outputs: usize, inputs: usize, random: &mut Random) -> DMatrix<T> {
    normal(outputs, inputs, (2.0 / (inputs + outputs) as f64).sqrt(), random)
}

/// Uniform between ±√(6 / inputs): for relu (He and others 2015).
pub fn kaiming_uniform<T: Real>(outputs: usize, inputs: usize, random: &mut Random) -> DMatrix<T> {
    symmetric(outputs, inputs, (6.0 / inputs as f64).sqrt(), random)
}

/// Normal with deviation √(2 / inputs): for relu (He and others 2015).
pub fn kaiming_normal<T: Real>(outputs: usize, inputs: usize, random: &mut Random) -> DMatrix<T> {
    normal(outputs, inputs, (2.0 / inputs as f64).sqrt(), random)
}

/// Weights and biases of a linear layer as PyTorch's `Linear` starts with: all uniform between ±1 / √inputs.
///
/// ```
/// use pullback::{Random, nn::init};
///
/// let (weight, bias) = init::linear::<f64>(2, 3, &mut Random::new(1));
/// assert_eq!((weight.shape(), bias.len()), ((2, 3), 2));
/// ```
pub fn linear<T: Real>(outputs: usize, inputs: usize, random: &mut Random) -> (DMatrix<T>, DVector<T>) {
    let bound = 1.0 / (inputs as f64).sqrt();
    let weight = symmetric(outputs, inputs, bound, random);
    (weight, symmetric(outputs, 1, bound, random).column(0).into_owned())
}

fn symmetric<T: Real>(rows: usize, columns: usize, bound: f64, random: &mut Random) -> DMatrix<T> {
    uniform(rows, columns, -bound, bound, random)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest size and the standard deviation.
    fn shape(w: &DMatrix<f64>) -> (f64, f64) {
        (w.amax(), (w.norm_squared() / w.len() as f64).sqrt())
    }

    #[test]
    fn bounds_and_deviations() {
        let (outputs, inputs, random) = (300, 200, &mut Random::new(3));
        let uniforms = [
            (xavier_uniform(outputs, inputs, random), (6.0 / 500f64).sqrt()),
            (kaiming_uniform(outputs, inputs, random), (6.0 / 200f64).sqrt()),
            (linear(outputs, inputs, random).0, 1.0 / 200f64.sqrt()),
        ];
        for (w, bound) in uniforms {
            let (most, deviation) = shape(&w);
            assert!(most <= bound && most > 0.999 * bound, "{most} of {bound}");
            assert!((deviation * 3f64.sqrt() / bound - 1.0).abs() < 0.01);
        }
        let normals = [
            (xavier_normal(outputs, inputs, random), (2.0 / 500f64).sqrt()),
            (kaiming_normal(outputs, inputs, random), (2.0 / 200f64).sqrt()),
        ];
        for (w, want) in normals {
            let (most, deviation) = shape(&w);
            assert!((deviation / want - 1.0).abs() < 0.01 && most > 3.5 * want);
            assert!(w.mean().abs() < 0.02 * want);
        }
        let (_, bias) = linear::<f64>(5000, 4, random);
        assert!(bias.amax() <= 0.5 && bias.amax() > 0.49);
    }

    #[test]
    fn a_seed_gives_the_same_weights() {
        let draw = || kaiming_normal::<f32>(3, 4, &mut Random::new(5));
        assert_eq!(draw(), draw());
    }
}
