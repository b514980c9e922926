//! Linear layers.

use nalgebra::{DMatrix, DVector};

use super::init;
use crate::{Differentiable, Random, differentiable};

macro_rules! linear {
    ($(#[$doc:meta])* $name:ident $float:ident) => {
        $(#[$doc])*
        #[derive(Differentiable, Clone, Debug, PartialEq)]
        pub struct $name {
            /// A row per output, a column per input.
            pub weight: DMatrix<$float>,
            /// A number per output.
            pub bias: DVector<$float>,
        }

        #[differentiable]
        impl $name {
            /// What comes out for one vector: weight · x + bias.
            ///
            /// # Panics
            /// If `x` does not have as many elements as the layer has inputs.
            pub fn forward(&self, x: &DVector<$float>) -> DVector<$float> {
                &self.weight * x + &self.bias
            }

            /// What comes out for many: a row each, in `x` and in the result.
            ///
            /// # Panics
            /// If `x` does not have as many columns as the layer has inputs.
            pub fn forward_rows(&self, x: &DMatrix<$float>) -> DMatrix<$float> {
                let mut y = x * self.weight.transpose();
                for j in 0..y.ncols() {
                    for i in 0..y.nrows() {
                        y[(i, j)] += self.bias[j];
                    }
                }
                y
            }
        }

        impl $name {
            /// A layer that starts as PyTorch's do, see [`init::linear`].
            #[must_use]
            pub fn new(inputs: usize, outputs: usize, random: &mut Random) -> $name {
                let (weight, bias) = init::linear(outputs, inputs, random);
                $name { weight, bias }
            }
        }
    };
}

linear! {
    /// A linear layer of `f32`: weight · x + bias. [`Linear64`] is the same in `f64`.
    ///
    /// ```
    /// use pullback::nalgebra::DVector;
    /// use pullback::nn::{Linear, mse_sum, relu};
    /// use pullback::optim::Sgd;
    /// use pullback::{Differentiable, Random, differentiable};
    ///
    /// #[derive(Differentiable)]
    /// struct Network {
    ///     hidden: Linear,
    ///     output: Linear,
    /// }
    ///
    /// #[differentiable]
    /// impl Network {
    ///     fn loss(&self, #[no_diff] x: &DVector<f32>, #[no_diff] y: &DVector<f32>) -> f32 {
    ///         let hidden = self.hidden.forward(x).map(relu);
    ///         mse_sum(self.output.forward(&hidden).as_slice(), y.as_slice())
    ///     }
    /// }
    ///
    /// let mut random = Random::new(1);
    /// let mut network = Network { hidden: Linear::new(2, 8, &mut random), output: Linear::new(8, 1, &mut random) };
    /// let (x, y) = (DVector::from_vec(vec![1.0, -1.0]), DVector::from_vec(vec![0.5]));
    /// let before = network.loss(&x, &y);
    /// let mut optimizer = Sgd::new(0.05);
    /// for _ in 0..20 {
    ///     let grad = network.loss_grad(&x, &y);
    ///     optimizer.step(&mut network, &grad);
    /// }
    /// assert!(network.loss(&x, &y) < 0.1 * before);
    /// ```
    Linear f32
}

linear! {
    /// A linear layer of `f64`: weight · x + bias, as [`Linear`] in `f32`.
    ///
    /// ```
    /// use pullback::Random;
    /// use pullback::nalgebra::DMatrix;
    /// use pullback::nn::Linear64;
    ///
    /// let layer = Linear64::new(3, 2, &mut Random::new(1));
    /// let x = DMatrix::from_element(5, 3, 1.0);
    /// assert_eq!(layer.forward_rows(&x).shape(), (5, 2));
    /// ```
    Linear64 f64
}
