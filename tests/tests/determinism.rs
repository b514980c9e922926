//! The same bits for any number of threads, and the same result up to rounding at every instruction set.

use std::sync::Mutex;

use nalgebra::DVector;
use pullback::cpu::{self, Level};
use pullback::{Grad, differentiable};

#[differentiable(wrt(a, b, x))]
fn loss(a: f32, b: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a * x + (b * x).sin());
    (y_pred - y).norm_squared()
}

fn data(n: usize) -> (DVector<f32>, DVector<f32>) {
    let x = DVector::from_fn(n, |i, _| (i as f32 * 0.61).sin() * 3.0);
    let y = x.map(|x| 0.3 * x + x.cos());
    (x, y)
}

fn on_threads(threads: usize, n: usize) -> (f32, Grad<loss>) {
    let (x, y) = data(n);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| loss::value_and_grad(0.4, 1.7, &x, &y))
}

/// The instruction set is the whole process's: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let _guard = ONE_AT_A_TIME.lock();
    for n in [1_000, 100_003, 1 << 20] {
        let (value, grad) = on_threads(1, n);
        assert!(value.is_finite() && grad.a != 0.0);
        for threads in [2, 7] {
            let (other, other_grad) = on_threads(threads, n);
            assert_eq!(value.to_bits(), other.to_bits(), "{threads} threads, n = {n}");
            assert_eq!(grad, other_grad, "{threads} threads, n = {n}");
        }
    }
}

#[test]
fn instruction_sets_agree_up_to_rounding() {
    let _guard = ONE_AT_A_TIME.lock();
    let (x, y) = data(100_003);
    let run = |level| (cpu::force(Some(level)) == level).then(|| loss::value_and_grad(0.4, 1.7, &x, &y));
    let (value, grad) = run(Level::Baseline).expect("every machine has a baseline");
    for level in [Level::V3, Level::V4] {
        let Some((other, other_grad)) = run(level) else { continue };
        assert!((value - other).abs() <= 1e-5 * value.abs(), "{level:?}: {value} and {other}");
        assert!((grad.a - other_grad.a).abs() <= 1e-4 * grad.a.abs(), "{level:?}");
        assert!((&grad.x - &other_grad.x).amax() <= 1e-4 * grad.x.amax(), "{level:?}");
    }
    cpu::force(None);
}
