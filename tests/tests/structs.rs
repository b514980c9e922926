//! Structs as parameters and results, written as a user would.

use nalgebra::{DMatrix, DVector};
use pullback::{Differentiable, differentiable};

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Line {
    slope: f64,
    offset: f64,
    #[no_diff]
    scale: f64,
}

#[differentiable(wrt(line))]
fn loss(line: &Line, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
    (x.map(|x| line.scale * (line.slope * x + line.offset)) - y).norm_squared()
}

fn line() -> Line {
    Line { slope: 0.5, offset: -0.25, scale: 2.0 }
}

fn data() -> (DVector<f64>, DVector<f64>) {
    (DVector::from_vec(vec![0.0, 1.0, 2.0, -1.5]), DVector::from_vec(vec![1.0, 0.5, -0.25, 3.0]))
}

#[test]
fn a_gradient_has_the_fields_of_the_parameter() {
    let (x, y) = data();
    let (value, grad) = loss::value_and_grad(&line(), &x, &y);
    let residuals: Vec<f64> = x.iter().zip(&y).map(|(x, y)| 2.0 * (0.5 * x - 0.25) - y).collect();
    let slope: f64 = residuals.iter().zip(&x).map(|(r, x)| 2.0 * r * 2.0 * x).sum();
    let offset: f64 = residuals.iter().map(|r| 2.0 * r * 2.0).sum();
    assert!((value - residuals.iter().map(|r| r * r).sum::<f64>()).abs() < 1e-12);
    assert!((grad.slope - slope).abs() < 1e-12 && (grad.offset - offset).abs() < 1e-12);
    assert_eq!(loss::check(&line(), &x, &y), Ok(()));
}

#[derive(Differentiable)]
struct Network {
    hidden: Layer,
    out: Layer,
    sizes: Vec<usize>,
}

#[derive(Differentiable)]
struct Layer {
    weight: DMatrix<f64>,
    bias: DVector<f64>,
}

#[differentiable]
fn forward(layer: &Layer, x: &DVector<f64>) -> DVector<f64> {
    &layer.weight * x + &layer.bias
}

#[differentiable]
fn energy(net: &Network, x: &DVector<f64>) -> f64 {
    let h = forward(&net.hidden, x).map(f64::tanh);
    forward(&net.out, &h).norm_squared() * net.sizes[1] as f64
}

#[test]
fn structs_nest() {
    let layer = |r: usize, c: usize| Layer {
        weight: DMatrix::from_fn(r, c, |i, j| ((i * 3 + j * 5) as f64).sin()),
        bias: DVector::from_fn(r, |i, _| 0.1 * i as f64),
    };
    let net = Network { hidden: layer(3, 2), out: layer(2, 3), sizes: vec![3, 2] };
    let x = DVector::from_vec(vec![0.3, -0.7]);
    let grad = energy::grad(&net, &x);
    assert_eq!(grad.net.hidden.weight.shape(), (3, 2));
    let h = (&net.hidden.weight * &x + &net.hidden.bias).map(f64::tanh);
    let y = &net.out.weight * &h + &net.out.bias;
    let dy = 4.0 * y;
    let dh = net.out.weight.tr_mul(&dy).zip_map(&h, |d, h| d * (1.0 - h * h));
    assert!((grad.net.out.bias - &dy).norm() < 1e-12);
    assert!((grad.net.out.weight - &dy * h.transpose()).norm() < 1e-12);
    assert!((grad.net.hidden.weight - &dh * x.transpose()).norm() < 1e-12);
    assert!((grad.net.hidden.bias - &dh).norm() < 1e-12);
    assert_eq!(energy::check(&net, &x), Ok(()));
}
