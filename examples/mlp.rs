//! A network of two layers reads digits of seven segments through noise.
//!
//! Each digit lights some of seven lamps; what is measured is their brightness with noise. 20 hidden units, ten classes,
//! cross-entropy, Adam on shuffled mini-batches. A part of the data is kept for testing.
//!
//!     cargo run --release --example mlp

use nalgebra::{DMatrix, DVector};
use pullback::data::{Batches, Rows, shuffled_split};
use pullback::nn::{cross_entropy, init};
use pullback::optim::Adam;
use pullback::{Differentiable, Random, differentiable};

/// Which of the seven lamps each digit lights.
const LAMPS: [u8; 10] = [
    0b111_0111, 0b010_0100, 0b101_1101, 0b110_1101, 0b010_1110, 0b110_1011, 0b111_1011, 0b010_0101,
    0b111_1111, 0b110_1111,
];

/// A layer of weights, and what is added.
#[derive(Differentiable, Clone, Debug)]
pub struct Layer {
    weight: DMatrix<f64>,
    bias: DVector<f64>,
}

/// Two layers with a hyperbolic tangent between.
#[derive(Differentiable, Clone, Debug)]
pub struct Network {
    hidden: Layer,
    out: Layer,
}

/// What speaks for each digit: logarithms of odds.
#[differentiable]
fn forward(net: &Network, x: &DVector<f64>) -> DVector<f64> {
    let hidden = (&net.hidden.weight * x + &net.hidden.bias).map(f64::tanh);
    &net.out.weight * hidden + &net.out.bias
}

/// The mean cross-entropy over some measurements.
#[differentiable(wrt(net))]
pub fn loss(net: &Network, x: &DMatrix<f64>, digits: &[usize]) -> f64 {
    let mut sum = 0.0;
    for (i, &digit) in digits.iter().enumerate() {
        let lamps: DVector<f64> = x.row(i).transpose();
        let scores = forward(net, &lamps);
        sum += cross_entropy(scores.as_slice(), digit);
    }
    sum / digits.len() as f64
}

/// The part of the measurements that are read right.
pub fn accuracy(net: &Network, x: &DMatrix<f64>, digits: &[usize]) -> f64 {
    let read = |i: usize| forward(net, &x.row(i).transpose()).argmax().0;
    (0..digits.len()).filter(|&i| read(i) == digits[i]).count() as f64 / digits.len() as f64
}

/// Measurements, and the digits that they are of.
pub fn data(n: usize, random: &mut Random) -> (DMatrix<f64>, Vec<usize>) {
    let digits: Vec<usize> = (0..n).map(|_| random.below(10)).collect();
    let x = DMatrix::from_fn(n, 7, |i, lamp| f64::from(LAMPS[digits[i]] >> lamp & 1) + 0.2 * random.normal());
    (x, digits)
}

/// A network with random weights.
pub fn network(random: &mut Random) -> Network {
    let mut layer = |outputs, inputs| {
        let (weight, bias) = init::linear(outputs, inputs, random);
        Layer { weight, bias }
    };
    Network { hidden: layer(20, 7), out: layer(10, 20) }
}

/// Trains for some epochs; `log` sees each epoch's number and mean loss.
pub fn fit(
    net: &mut Network,
    data: &(DMatrix<f64>, Vec<usize>),
    epochs: usize,
    mut log: impl FnMut(usize, f64),
) {
    let mut batches = Batches::shuffled(data.row_count(), 32, 5);
    let mut optimizer = Adam::new(0.01);
    for epoch in 0..epochs {
        let mut sum = 0.0;
        for _ in 0..batches.per_epoch() {
            let (x, digits) = data.take_rows(batches.next_batch());
            let (value, grad) = loss::value_and_grad(net, &x, &digits);
            optimizer.step(&mut *net, &grad);
            sum += value;
        }
        log(epoch, sum / batches.per_epoch() as f64);
    }
}

fn main() {
    let mut random = Random::new(4);
    let all = data(2000, &mut random);
    let (train, test) = shuffled_split(2000, 0.25, 6);
    let (train, test) = (all.take_rows(&train), all.take_rows(&test));
    let mut net = network(&mut random);
    fit(&mut net, &train, 20, |epoch, loss| println!("epoch {epoch:2}, loss {loss:.4}"));
    println!(
        "Reads {:.1} % of the digits that it was trained on",
        100.0 * accuracy(&net, &train.0, &train.1)
    );
    println!("and {:.1} % of the others", 100.0 * accuracy(&net, &test.0, &test.1));
}
