//! Structs and methods that tests use from another crate.

use nalgebra::{DMatrix, DVector};
use pullback::{Differentiable, differentiable};

/// Precision of the layers.
#[differentiable]
pub type Real = f64;

/// How a layer ends.
#[differentiable]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// As it is.
    Linear,
    /// `tanh`.
    Tanh,
}

/// A layer, whose fields others cannot name.
#[derive(Differentiable, Clone, Debug)]
pub struct Layer {
    weight: DMatrix<Real>,
    bias: DVector<Real>,
    activation: Activation,
}

#[differentiable]
impl Layer {
    /// Read by the method, and not known to callers.
    const GAIN: Real = 1.5;

    /// A layer with weights that follow from a number.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize, activation: Activation, seed: f64) -> Layer {
        let weight = DMatrix::from_fn(outputs, inputs, |i, j| (seed + 3.0 * i as f64 + 5.0 * j as f64).sin());
        let bias = DVector::from_fn(outputs, |i, _| 0.1 * seed * i as f64);
        Layer { weight, bias, activation }
    }

    /// What it makes of an input.
    #[must_use]
    pub fn apply(&self, x: &DVector<Real>) -> DVector<Real> {
        let y = &self.weight * x + &self.bias;
        match self.activation {
            Activation::Linear => y,
            Activation::Tanh => y.map(|y| (Self::GAIN * y).tanh()),
        }
    }

    /// The sum of the squares of the weights; it names no constant.
    #[must_use]
    pub fn size(&self) -> Real {
        self.weight.norm_squared()
    }
}

/// Two layers.
#[derive(Differentiable, Clone, Debug)]
pub struct Network {
    /// The first.
    pub hidden: Layer,
    out: Layer,
    /// Not a parameter.
    #[no_diff]
    pub ridge: Real,
}

#[differentiable(modes(jvp))]
impl Network {
    /// A network of two inputs and one output.
    #[must_use]
    pub fn small() -> Network {
        let hidden = Layer::new(2, 3, Activation::Tanh, 0.3);
        Network { hidden, out: Layer::new(3, 1, Activation::Linear, 0.7), ridge: 0.125 }
    }

    /// The squared error.
    #[must_use]
    pub fn loss(&self, #[no_diff] x: &DVector<Real>, #[no_diff] y: Real) -> Real {
        let h = self.hidden.apply(x);
        let error = self.out.apply(&h)[0] - y;
        error * error + self.ridge * (self.hidden.size() + self.out.size())
    }
}

/// A function of a struct.
#[differentiable]
pub fn size(net: &Network) -> Real {
    net.hidden.size() + 2.0 * net.out.size()
}
