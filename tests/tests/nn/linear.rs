//! Linear layers inside structs of this crate.

use pullback::nalgebra::{DMatrix, DVector};
use pullback::nn::{Linear, Linear64, softplus};
use pullback::{Differentiable, Random, differentiable};

#[derive(Differentiable)]
struct Network {
    hidden: Linear64,
    output: Linear64,
}

#[differentiable]
impl Network {
    fn one(&self, x: &DVector<f64>) -> f64 {
        self.output.forward(&self.hidden.forward(x).map(softplus)).norm_squared()
    }

    fn rows(&self, x: &DMatrix<f64>) -> f64 {
        self.output.forward_rows(&self.hidden.forward_rows(x).map(softplus)).norm_squared()
    }
}

fn network() -> Network {
    let random = &mut Random::new(4);
    Network { hidden: Linear64::new(3, 5, random), output: Linear64::new(5, 2, random) }
}

#[test]
fn gradients_agree_with_differences() {
    let x = DMatrix::from_fn(4, 3, |i, j| (i as f64 - 1.5) * 0.5 + j as f64 * 0.3);
    assert_eq!(network().rows_check(&x), Ok(()));
    assert_eq!(network().one_check(&DVector::from_vec(vec![0.5, -1.0, 2.0])), Ok(()));
}

#[test]
fn rows_are_vectors() {
    let x = DMatrix::from_fn(4, 3, |i, j| (i * 3 + j) as f64 * 0.1 - 0.5);
    let (model, each) = (network(), |i| x.row(i).transpose());
    let sum: f64 = (0..4).map(|i| model.one(&each(i))).sum();
    assert!((model.rows(&x) - sum).abs() < 1e-12);
    let all = model.rows_grad(&x);
    let mut bias = DVector::zeros(5);
    (0..4).for_each(|i| bias += model.one_grad(&each(i)).this.hidden.bias);
    assert!((all.this.hidden.bias - bias).norm() < 1e-12);
    assert_eq!(all.x.shape(), (4, 3));
}

#[test]
fn starts_as_pytorch_does() {
    let layer = Linear::new(16, 40, &mut Random::new(9));
    assert_eq!((layer.weight.shape(), layer.bias.len()), ((40, 16), 40));
    assert!(layer.weight.amax() <= 0.25 && layer.weight.amax() > 0.24 && layer.bias.amax() <= 0.25);
}
