//! Layers, rules of one's own and models whose shape changes: the tutorials' networks on a GPU.

use nalgebra::{DMatrix, DVector};
use pullback::{Differentiable, differentiable};

use crate::harness::{arrays, model};

macro_rules! networks {
    ($t:ident) => {
        use super::*;

        arrays! { $t }

        #[differentiable(rule = legendre_p3_vjp)]
        fn legendre_p3(z: $t) -> $t {
            0.5 * (5.0 * z.powi(3) - 3.0 * z)
        }

        #[differentiable]
        fn legendre_p3_vjp(z: $t, dy: $t) -> $t {
            dy * 1.5 * (5.0 * z.powi(2) - 1.0)
        }

        /// A function with a rule of one's own.
        #[differentiable(wrt(a, b, c, d))]
        pub(super) fn legendre(a: $t, b: $t, c: $t, d: $t, x: &DVector<$t>, y: &DVector<$t>) -> $t {
            (x.map(|x| a + b * legendre_p3(c + d * x)) - y).norm_squared()
        }

        /// As many terms of higher order as `terms` says, which share a weight.
        #[differentiable(wrt(a, b, e))]
        pub(super) fn dynamic(a: $t, b: $t, e: $t, terms: usize, x: &[$t], y: &[$t]) -> $t {
            let mut sum = 0.0;
            for i in 0..x.len() {
                let mut y_pred = a + b * x[i];
                let mut power = x[i].powi(4);
                for _ in 0..terms {
                    y_pred += e * power;
                    power *= x[i];
                }
                sum += (y_pred - y[i]).powi(2);
            }
            sum
        }

        #[derive(Differentiable, Clone, Debug)]
        pub(super) struct Layer {
            pub(super) weight: DMatrix<$t>,
            pub(super) bias: DVector<$t>,
        }

        #[derive(Differentiable, Clone, Debug)]
        pub(super) struct Network {
            pub(super) hidden: Layer,
            pub(super) out: Layer,
        }

        pub(super) fn layer(k: usize, outputs: usize, inputs: usize) -> Layer {
            Layer { weight: matrix(k, outputs, inputs), bias: vector(k + 1, outputs) }
        }

        pub(super) fn network() -> Network {
            Network { hidden: layer(0, 6, 7), out: layer(2, 4, 6) }
        }

        #[differentiable]
        fn forward(layer: &Layer, inputs: &DMatrix<$t>) -> DMatrix<$t> {
            let mut y = inputs * layer.weight.transpose();
            for j in 0..y.ncols() {
                for i in 0..y.nrows() {
                    y[(i, j)] += layer.bias[j];
                }
            }
            y
        }

        /// A linear layer and the mean squared error.
        #[differentiable(wrt(model))]
        pub(super) fn linear_layer(model: &Layer, inputs: &DMatrix<$t>, y: &DMatrix<$t>) -> $t {
            (forward(model, inputs) - y).norm_squared() / y.nrows() as $t
        }

        /// Two layers and the cross entropy of classes.
        #[differentiable(wrt(net))]
        pub(super) fn classifier(net: &Network, inputs: &DMatrix<$t>, class: &[usize]) -> $t {
            let hidden = forward(&net.hidden, inputs).map(|z| z.tanh());
            let scores = forward(&net.out, &hidden);
            let mut sum = 0.0;
            for i in 0..scores.nrows() {
                let mut total = 0.0;
                for j in 0..scores.ncols() {
                    total += scores[(i, j)].exp();
                }
                sum += total.ln() - scores[(i, class[i])];
            }
            sum / class.len() as $t
        }
    };
}

mod single {
    networks! { f32 }
}

mod double {
    networks! { f64 }
}

model! { a_rule_of_ones_own: legendre, |m| (0.0, -1.0, 0.25, 0.375, &m::vector(0, 900), &m::vector(1, 900)) }
model! { control_flow: dynamic, |m| (
    0.5, -0.25, 0.125, 2, m::vector(0, 400).as_slice(), m::vector(1, 400).as_slice(),
) }
model! { without_extra_terms: dynamic, |m| (
    0.5, -0.25, 0.125, 0, m::vector(0, 40).as_slice(), m::vector(1, 40).as_slice(),
) }
model! { linear_layers: linear_layer, |m| (&m::layer(0, 1, 3), &m::matrix(2, 300, 3), &m::matrix(3, 300, 1)) }
model! { a_classifier: classifier, |m| (
    &m::network(), &m::matrix(3, 60, 7), &(0..60).map(|k| k * k % 4).collect::<Vec<_>>()[..],
) }
