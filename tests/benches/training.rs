//! Logistic regression on a million rows: an epoch of training beside the fused loop alone.
//!
//!     cargo bench -p pullback-tests --bench training

use std::time::Instant;

use nalgebra::{DMatrix, DVector};
use pullback::data::{Batches, Rows};
use pullback::optim::Sgd;
use pullback::train::Trainer;
use pullback::{Random, differentiable};

const ROWS: usize = 1 << 20;

/// The mean binary cross-entropy; the last of the parameters is the bias.
#[differentiable(wrt(w))]
fn loss(w: &[f32; 6], x: &[[f32; 5]], y: &[f32]) -> f32 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        let z = w[0] * x[i][0] + w[1] * x[i][1] + w[2] * x[i][2] + w[3] * x[i][3] + w[4] * x[i][4] + w[5];
        sum += z.max(0.0) - z * y[i] + (-z.abs()).exp().ln_1p();
    }
    sum / x.len() as f32
}

/// The same over the columns of a matrix.
#[differentiable(wrt(w))]
fn columns(w: &[f32; 6], x: &DMatrix<f32>, y: &DVector<f32>) -> f32 {
    let mut sum = 0.0;
    for i in 0..y.len() {
        let z = w[0] * x[(i, 0)]
            + w[1] * x[(i, 1)]
            + w[2] * x[(i, 2)]
            + w[3] * x[(i, 3)]
            + w[4] * x[(i, 4)]
            + w[5];
        sum += z.max(0.0) - z * y[i] + (-z.abs()).exp().ln_1p();
    }
    sum / y.len() as f32
}

/// The least time of some runs, in milliseconds.
fn least(mut run: impl FnMut()) -> f64 {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..7).map(|_| time(&mut run)).fold(f64::INFINITY, f64::min)
}

/// Prints what an epoch takes, over all rows at once and in batches, beside one call of the gradient.
fn measure<D: Rows>(name: &str, data: &D, step: impl Fn(&[f32; 6], &D) -> (f32, [f32; 6])) {
    let fused = least(|| {
        std::hint::black_box(step(&[0.1; 6], data));
    });
    println!("{name}: value and gradient {fused:.2} ms");
    let (mut w, mut sgd) = ([0.0; 6], Sgd::new(0.1).momentum(0.9));
    let plain = least(|| {
        let (_, grad) = step(&w, data);
        sgd.step(&mut w, &grad);
    });
    println!("  a loop with an optimizer: {plain:.2} ms an epoch, {:.2} times that", plain / fused);
    let kinds = [
        ("all rows", None),
        ("cyclic batches of 4096", Some(Batches::cyclic(ROWS, 4096))),
        ("shuffled batches of 4096", Some(Batches::shuffled(ROWS, 4096, 1))),
        ("the same in blocks of 64 rows", Some(Batches::shuffled(ROWS, 4096, 1).in_blocks(64))),
    ];
    for (kind, batches) in kinds {
        let mut trainer = Trainer::new(Sgd::new(0.1));
        if let Some(batches) = batches {
            trainer = trainer.batches(batches);
        }
        let epoch = least(|| {
            trainer.fit(&mut w, data, |w, data| step(w, data)).expect("a finite loss");
        });
        println!("  a trainer, {kind}: {epoch:.2} ms an epoch, {:.2} times that", epoch / fused);
    }
}

fn main() {
    let mut random = Random::new(1);
    let x: Vec<[f32; 5]> = (0..ROWS).map(|_| std::array::from_fn(|_| random.normal() as f32)).collect();
    let y: Vec<f32> = (0..ROWS)
        .map(|i| f32::from(u8::from(x[i][0] - 2.0 * x[i][1] + random.normal() as f32 > 0.0)))
        .collect();
    let matrix = (DMatrix::from_fn(ROWS, 5, |r, c| x[r][c]), DVector::from_column_slice(&y));
    measure("rows", &(x, y), |w, (x, y)| loss::value_and_grad(w, x, y));
    measure("columns", &matrix, |w, (x, y)| columns::value_and_grad(w, x, y));
}
