//! Nests with very many sums.

use pullback::differentiable;
use pullback_tests::fake::{self, numbers};

use crate::gpu;

/// Six power series of sixteen terms, all under one sine: a sum for each of 96 coefficients.
#[differentiable(wrt(w))]
fn series(w: &[[f64; 16]; 6], x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        let mut z = 0.0;
        let mut p = 1.0;
        for c in &w[0] {
            z += c * p;
            p *= x;
        }
        for c in &w[1] {
            z += c * p;
            p *= x;
        }
        for c in &w[2] {
            z -= c * p;
            p *= x;
        }
        for c in &w[3] {
            z += c * p;
            p *= x;
        }
        for c in &w[4] {
            z -= c * p;
            p *= x;
        }
        for c in &w[5] {
            z += c * p;
            p *= x;
        }
        sum += z.sin();
    }
    sum
}

#[test]
fn a_sum_for_each_of_many_coefficients() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let w: [[f64; 16]; 6] =
        std::array::from_fn(|r| std::array::from_fn(|k| ((r * 16 + k) as f64 * 0.7).cos()));
    let x: Vec<f64> = (0..600).map(|i| (i as f64 * 0.37).sin()).collect();
    let (value, gradient) = series::value_and_grad(&w, &x);
    let mut first = None;
    for _ in 0..4 {
        let (got, by_w) = series::on(&device).value_and_grad(&w, &x[..]).unwrap();
        assert!((got - value).abs() <= 1e-12 * x.len() as f64);
        for (a, b) in numbers(&by_w).into_iter().zip(numbers(&gradient)) {
            assert!((a - b).abs() <= 1e-12 * x.len() as f64, "{a}, not {b}");
        }
        assert_eq!(*first.get_or_insert(by_w), by_w, "the order changes the result");
    }
    let words = series::explain();
    assert!(words.contains("reduces 33 numbers") && words.contains("reduces 32 numbers"), "{words}");
}
