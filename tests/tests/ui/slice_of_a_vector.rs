use nalgebra::DVector;
use pullback::differentiable;
use pullback::nn::mse_loss;

#[differentiable]
fn loss(prediction: &DVector<f64>, target: &[f64]) -> f64 {
    mse_loss(prediction, target)
}

fn main() {}
