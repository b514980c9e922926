//! Sums over points: the tutorials' fits and regressions on a GPU.

use nalgebra::{DMatrix, DVector};
use pullback::{DeviceError, differentiable};
use pullback_tests::fake;

use crate::gpu;
use crate::harness::{all, arrays, assert_close, model, wave};

macro_rules! models {
    ($t:ident) => {
        use super::*;

        arrays! { $t }

        pub(super) fn rows<const N: usize>(k: usize, n: usize) -> Vec<[$t; N]> {
            (0..n).map(|i| std::array::from_fn(|j| wave(k, i * N + j) as $t)).collect()
        }

        #[differentiable(wrt(a, b, c, d))]
        pub(super) fn cubic(a: $t, b: $t, c: $t, d: $t, x: &DVector<$t>, y: &DVector<$t>) -> $t {
            let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
            (y_pred - y).norm_squared()
        }

        #[differentiable(wrt(a, b))]
        pub(super) fn line(a: $t, b: $t, x: &DVector<$t>, y: &DVector<$t>) -> $t {
            (x.map(|x| a + b * x) - y).norm()
        }

        #[differentiable(wrt(w))]
        pub(super) fn series(w: &[$t; 5], x: &[$t], y: &[$t]) -> $t {
            let mut sum = 0.0;
            for (x, y) in x.iter().zip(y) {
                let y_pred = w[0] + x * (w[1] + x * (w[2] + x * (w[3] + x * w[4])));
                sum += (y_pred - y).powi(2);
            }
            sum / x.len() as $t
        }

        #[differentiable(wrt(w, b))]
        pub(super) fn linear(w: &[$t; 3], b: $t, x: &[[$t; 3]], y: &[$t]) -> $t {
            let mut sum = 0.0;
            for i in 0..x.len() {
                sum += (w[0] * x[i][0] + w[1] * x[i][1] + w[2] * x[i][2] + b - y[i]).powi(2);
            }
            sum
        }

        /// The cross entropy of classes 0 and 1.
        #[differentiable(wrt(w, b))]
        pub(super) fn logistic(w: &[$t; 5], b: $t, x: &[[$t; 5]], y: &[$t]) -> $t {
            let mut sum = 0.0;
            for i in 0..x.len() {
                let mut z = b;
                for k in 0..5 {
                    z += w[k] * x[i][k];
                }
                sum += z.max(0.0) - z * y[i] + (1.0 + (-z.abs()).exp()).ln();
            }
            sum / x.len() as $t
        }

        #[differentiable(wrt(w, b))]
        pub(super) fn batch(w: &[$t; 3], b: $t, x: &[[$t; 3]], y: &[$t], rows: &[usize]) -> $t {
            let mut sum = 0.0;
            for &i in rows {
                sum += (w[0] * x[i][0] + w[1] * x[i][1] + w[2] * x[i][2] + b - y[i]).powi(2);
            }
            sum / rows.len() as $t
        }

        /// A hidden layer, samples in columns.
        #[differentiable(wrt(w1, b1, w2))]
        pub(super) fn network(
            w1: &DMatrix<$t>,
            b1: &DVector<$t>,
            w2: &DMatrix<$t>,
            x: &DMatrix<$t>,
            y: &DMatrix<$t>,
        ) -> $t {
            let mut hidden = w1 * x;
            for j in 0..hidden.ncols() {
                for i in 0..hidden.nrows() {
                    hidden[(i, j)] = (hidden[(i, j)] + b1[i]).tanh();
                }
            }
            (w2 * hidden - y).norm_squared() / y.ncols() as $t
        }

        /// Many small sums: a row of weights per class, added to in any order.
        #[differentiable(wrt(w))]
        pub(super) fn classes(w: &[$t], x: &[$t], class: &[usize]) -> $t {
            let mut sum = 0.0;
            for i in 0..x.len() {
                sum += (w[class[i]] * x[i]).sin();
            }
            sum
        }
    };
}

mod single {
    models! { f32 }
}

mod double {
    models! { f64 }
}

model! { a_cubic: cubic, |m| (0.5, -0.25, 0.125, 0.0625, &m::vector(0, 1300), &m::vector(1, 1300)) }
model! { a_line: line, |m| (0.5, -0.25, &m::vector(0, 700), &m::vector(1, 700)) }
model! { a_power_series: series, |m| (
    &[0.5, -0.25, 0.125, 0.0625, -0.375], m::vector(0, 300).as_slice(), m::vector(1, 300).as_slice(),
) }
model! { linear_regression: linear, |m| (
    &[1.0, 2.0, -0.5], 0.25, &m::rows::<3>(0, 500), m::vector(1, 500).as_slice(),
) }
model! { logistic_regression: logistic, |m| (
    &[1.0, 2.0, -0.5, 0.25, 0.0], 0.25, &m::rows::<5>(0, 300), m::vector(1, 300).map(|x| x.signum().max(0.0)).as_slice(),
) }
model! { a_mini_batch: batch, |m| (
    &[1.0, 2.0, -0.5], 0.25, &m::rows::<3>(0, 500), m::vector(1, 500).as_slice(),
    &(0..96).map(|k| k * 137 % 500).collect::<Vec<_>>()[..],
) }
model! { a_network: network, |m| (
    &m::matrix(0, 7, 3), &m::vector(1, 7), &m::matrix(2, 2, 7), &m::matrix(3, 3, 96), &m::matrix(4, 2, 96),
) }
model! { sums_by_class: classes, |m| (
    m::vector(0, 9).as_slice(), m::vector(1, 400).as_slice(), &(0..400).map(|k| k * k % 9).collect::<Vec<_>>()[..],
) }

#[test]
fn shapes_that_differ_are_errors() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let (x, y) = (double::vector(0, 2000), double::vector(1, 1999));
    let error = double::cubic::on(&device).value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &y).unwrap_err();
    assert_eq!(error, DeviceError::Shape("cubic: `x` has 2000 elements but `y` has 1999".into()));
}

#[test]
fn what_panics_on_the_cpu_is_an_error() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let (w, x, class) = ([1.0, 2.0], [1.0, 2.0, 3.0], [0, 2, 1]);
    let error = double::classes::on(&device).grad(&w, &x, &class).unwrap_err();
    assert_eq!(error, DeviceError::Panicked("index out of bounds".into()));
    // The GPU is as it was.
    assert!(double::classes::on(&device).grad(&w, &x, &[0, 1, 1]).is_ok());
}

/// A loop with a length that nobody knows in each iteration, of which its reverse sweep needs all states.
#[differentiable]
fn recurrence(x: &[f64], n: usize) -> f64 {
    let mut sum = 0.0;
    for &start in x {
        let mut y = start;
        let mut rounds = 0.0;
        while y.abs() < 10.0 {
            y = y * (1.0 + 0.001 * y.abs()) + 0.01 * (1.0 - start);
            rounds += 1.0;
        }
        sum += y * n as f64 + rounds;
    }
    sum
}

#[test]
fn iterations_take_as_much_memory_as_they_need() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let x: Vec<f64> = (0..300).map(|i| 0.01 + 3.0 * wave(1, i).abs()).collect();
    let (value, gradient) = recurrence::value_and_grad(&x, 2);
    let mut first = None;
    for _ in 0..3 {
        let got = recurrence::on(&device).value_and_grad(&x, 2).unwrap();
        assert_close("recurrence", &all(got.0, &got.1), &all(value, &gradient), 1e-12);
        assert_eq!(first.get_or_insert_with(|| got.clone()), &got, "the order changes the result");
    }
    assert!(recurrence::explain().contains("with memory for each thread that grows as needed"));
    // The value needs nothing that is kept for a reverse sweep.
    let got = recurrence::on(&device).value(&x, 2).unwrap();
    assert!((got - value).abs() <= 1e-13 * value);
}

/// In each iteration a list as long as the program says, changed in place by a loop.
#[differentiable]
fn lists(w: &[f64], x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for &start in x {
        let mut list: Vec<f64> = w.iter().map(|w| (w * start).sin()).collect();
        for k in 1..list.len() {
            list[k] = list[k] * list[k - 1] + start;
        }
        sum += list.iter().map(|t| t * t).sum::<f64>();
    }
    sum
}

#[test]
fn iterations_have_lists_of_any_length() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let x: Vec<f64> = (0..300).map(|i| wave(0, i)).collect();
    for length in [0, 1, 40] {
        let w: Vec<f64> = (0..length).map(|i| wave(1, i)).collect();
        let (value, gradient) = lists::value_and_grad(&w, &x);
        let got = lists::on(&device).value_and_grad(&w, &x).unwrap();
        assert_close("lists", &all(got.0, &got.1), &all(value, &gradient), 1e-12);
        assert!((lists::on(&device).value(&w, &x).unwrap() - value).abs() <= 1e-12 * value.abs());
    }
}
