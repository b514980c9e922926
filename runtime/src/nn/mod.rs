//! Parts of neural networks: activations, losses and initial weights.
//!
//! All are ordinary functions over `f32` and `f64` that annotated functions call; they fuse into their callers.
//! Scalar ones also go into `map`. Vectors are slices: `x.as_slice()` of a nalgebra vector or matrix is one.
//!
//! ```
//! use pullback::differentiable;
//! use pullback::nn::{binary_cross_entropy_with_logits, sigmoid};
//!
//! /// One neuron's probability.
//! #[differentiable]
//! fn neuron(w: &[f64], x: &[f64]) -> f64 {
//!     sigmoid(w.iter().zip(x).map(|(w, x)| w * x).sum())
//! }
//!
//! #[differentiable(wrt(w))]
//! fn loss(w: f32, x: &[f32], y: &[f32]) -> f32 {
//!     let logits: Vec<f32> = x.iter().map(|x| w * x).collect();
//!     binary_cross_entropy_with_logits(&logits, y)
//! }
//!
//! assert_eq!(neuron::grad(&[0.0, 0.0], &[1.0, 2.0]).w, [0.25, 0.5]);
//! assert!(loss::grad(0.0, &[1.0, -2.0], &[1.0, 0.0]) < 0.0);
//! ```

#[doc(hidden)]
pub mod activations;
pub mod init;
mod linear;
#[doc(hidden)]
pub mod losses;

pub use activations::{
    elu, gelu, leaky_relu, log_sigmoid, log_softmax, relu, sigmoid, silu, softmax, softplus,
};
pub use linear::{Linear, Linear64};
pub use losses::{
    binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, cross_entropy_rows, huber_loss,
    l1_loss, l1_sum, mse_loss, mse_sum, nll_loss,
};
