//! A part to train on and a part to test on.

use crate::Random;

/// Row numbers for training and, the last ones, for testing. `test` is the part of all rows to test on, rounded to whole rows.
///
/// ```
/// let (train, test) = pullback::data::split(10, 0.3);
/// assert_eq!((train, test), (vec![0, 1, 2, 3, 4, 5, 6], vec![7, 8, 9]));
/// ```
///
/// # Panics
/// If `test` is not between 0 and 1.
#[must_use]
pub fn split(rows: usize, test: f64) -> (Vec<usize>, Vec<usize>) {
    cut((0..rows).collect(), test)
}

/// [`split`], of the rows in a random order that depends on the seed alone.
///
/// ```
/// let (train, test) = pullback::data::shuffled_split(10, 0.3, 1);
/// assert_eq!((train.len(), test.len()), (7, 3));
/// ```
///
/// # Panics
/// If `test` is not between 0 and 1.
#[must_use]
pub fn shuffled_split(rows: usize, test: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..rows).collect();
    Random::new(seed).shuffle(&mut order);
    cut(order, test)
}

fn cut(mut rows: Vec<usize>, test: f64) -> (Vec<usize>, Vec<usize>) {
    assert!((0.0..=1.0).contains(&test), "split: {test} is no part of all rows");
    let tested = (rows.len() as f64 * test).round() as usize;
    let rest = rows.split_off(rows.len() - tested);
    (rows, rest)
}
