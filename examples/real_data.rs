//! From a CSV file to a saved model, a plot and an accuracy: which species is a penguin?
//!
//! Measurements of 342 penguins of three species (`examples/data`, public domain), standardised; logistic regression with three
//! classes; a quarter of the birds is kept for testing. Writes `target/penguins.safetensors`, `.png` and `.svg`.
//!
//!     cargo run --release --example real_data

use std::error::Error;

use nalgebra::{DMatrix, DVector};
use pullback::data::{Rows, Standardizer, Table, shuffled_split};
use pullback::nn::cross_entropy;
use pullback::optim::Adam;
use pullback::plot::Plot;
use pullback::{Differentiable, differentiable, storage};

/// The columns that the model looks at.
const FEATURES: [&str; 4] = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"];

/// Weights and bias for each species.
#[derive(Differentiable, Clone, PartialEq, Debug)]
pub struct Model {
    weight: DMatrix<f64>,
    bias: DVector<f64>,
}

/// The mean cross-entropy.
#[differentiable(wrt(model))]
fn loss(model: &Model, x: &DMatrix<f64>, species: &[usize]) -> f64 {
    let scores = &model.weight * x.transpose();
    let mut sum = 0.0;
    for (i, &one) in species.iter().enumerate() {
        let bird = scores.column(i) + &model.bias;
        sum += cross_entropy(bird.as_slice(), one);
    }
    sum / species.len() as f64
}

/// The part of the birds whose species the model tells.
pub fn accuracy(model: &Model, x: &DMatrix<f64>, species: &[usize]) -> f64 {
    let tell = |i: usize| (&model.weight * x.row(i).transpose() + &model.bias).argmax().0;
    (0..species.len()).filter(|&i| tell(i) == species[i]).count() as f64 / species.len() as f64
}

/// A model, its losses, and its accuracy on what it was trained on and on the rest.
pub type Fit = (Model, Vec<f64>, [f64; 2]);

/// Trains on one part of a table and returns the model, its losses, and its accuracy on both parts.
pub fn fit(table: &Table) -> Result<Fit, Box<dyn Error>> {
    let (species, names) = table.classes("species")?;
    let data = (table.matrix(&FEATURES)?, species);
    let (train, test) = shuffled_split(table.rows(), 0.25, 1);
    let ((x, species), (x_test, species_test)) = (data.take_rows(&train), data.take_rows(&test));
    let scale = Standardizer::fit(&x);
    let (x, x_test) = (scale.apply(&x), scale.apply(&x_test));

    let mut model =
        Model { weight: DMatrix::zeros(names.len(), FEATURES.len()), bias: DVector::zeros(names.len()) };
    let mut optimizer = Adam::new(0.05);
    let mut losses = Vec::new();
    for _ in 0..300 {
        let (value, grad) = loss::value_and_grad(&model, &x, &species);
        optimizer.step(&mut model, &grad);
        losses.push(value);
    }
    let accuracies = [accuracy(&model, &x, &species), accuracy(&model, &x_test, &species_test)];
    Ok((model, losses, accuracies))
}

/// Bills of the three species.
pub fn picture(table: &Table) -> Result<Plot, Box<dyn Error>> {
    let (species, names) = table.classes("species")?;
    let (length, depth) = (table.numbers(FEATURES[0])?, table.numbers(FEATURES[1])?);
    let mut plot = Plot::new("Bills of penguins").axes("length, mm", "depth, mm");
    for (k, name) in names.iter().enumerate() {
        let of = |column: &[f64]| -> Vec<f64> {
            column.iter().zip(&species).filter(|(_, s)| **s == k).map(|(v, _)| *v).collect()
        };
        plot = plot.points(name, &of(length), &of(depth));
    }
    Ok(plot)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/penguins.csv");
    let table = Table::read_csv(path, &["species"])?;
    let (model, losses, [train, test]) = fit(&table)?;
    println!("{} birds; the loss falls from {:.4} to {:.4}", table.rows(), losses[0], losses[299]);
    println!(
        "The species is right for {:.1} % of those trained on and {:.1} % of the others",
        100.0 * train,
        100.0 * test
    );

    picture(&table)?.save("target/penguins.png")?;
    picture(&table)?.save("target/penguins.svg")?;
    storage::save("target/penguins.safetensors", &model)?;
    let mut again = Model { weight: DMatrix::zeros(3, 4), bias: DVector::zeros(3) };
    storage::load("target/penguins.safetensors", &mut again)?;
    println!("Saved to target/penguins.safetensors; read back it is the same: {}", again == model);
    Ok(())
}
