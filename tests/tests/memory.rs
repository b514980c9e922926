//! What gradients keep in memory: nothing that grows with the data of a parallel loop, a number per step of a sequential
//! one, and the square root of that with checkpoints.

// Loops over indices are what is tested.
#![allow(clippy::needless_range_loop)]

use nalgebra::DVector;
use pullback::differentiable;
use pullback_tests::peak::{Peak, memory};

#[global_allocator]
static ALLOCATOR: Peak = Peak;

/// A sum over all data, with intermediate vectors.
#[differentiable(wrt(a, b))]
fn fit(a: f64, b: f64, x: &DVector<f64>) -> f64 {
    let y = x.map(|x| a * x + (b * x).tanh());
    let r = y - x;
    r.norm_squared() / x.len() as f64
}

/// As many cotangents as data.
#[differentiable(wrt(x))]
fn energy(x: &DVector<f64>) -> f64 {
    let y = x.map(|x| x.sin() * x);
    y.norm_squared()
}

/// An iteration with a sequential loop in it, which is recorded, and a local vector.
#[differentiable(wrt(w))]
fn series(w: &[f64], x: &[f64]) -> f64 {
    let mut total = 0.0;
    for i in 0..x.len() {
        let mut powers = vec![0.0; w.len()];
        let mut y = x[i];
        for k in 0..w.len() {
            y = (w[k] * y).sin();
            powers[k] = y * x[i];
        }
        for k in 0..w.len() {
            total += powers[k] * powers[w.len() - 1 - k];
        }
    }
    total
}

/// Reads and additions at computed places.
#[differentiable(wrt(table))]
fn lookup(table: &[f64], place: &[i64], x: &[f64]) -> f64 {
    let mut total = 0.0;
    for i in 0..place.len() {
        let v = table[place[i] as usize];
        total += (v * x[i]).sin() * (v - x[i]).exp();
    }
    total
}

macro_rules! orbit {
    ($name:ident $(, $every:literal)?) => {
        #[differentiable $((checkpoint(every = $every)))?]
        fn $name(k: f64, start: f64, #[no_diff] steps: usize) -> f64 {
            let mut x = start;
            for _ in 0..steps {
                x = (k * x).sin() * (1.5 - x);
            }
            x
        }
    };
}

orbit!(orbit);
orbit!(orbit_in_segments, 1000);

/// Bytes for a thousand data and for a million.
fn small_and_large(f: impl Fn(usize) -> usize) -> [usize; 2] {
    f(1000); // what threads and the detection of the processor take once
    [f(1000), f(1_000_000)]
}

fn data(n: usize) -> DVector<f64> {
    DVector::from_fn(n, |i, _| (i as f64 * 0.37).sin())
}

/// Memory does not grow with the data of a parallel loop, beyond its outputs.
fn parallel_loops() {
    let [small, large] = small_and_large(|n| {
        let x = data(n);
        let ((value, grad), bytes) = memory(|| fit::value_and_grad(0.7, 1.2, &x));
        assert!(value > 0.0 && grad.a != 0.0 && grad.b != 0.0);
        bytes
    });
    assert_eq!((small, large), (0, 0), "numbers need no memory");

    let [small, large] = small_and_large(|n| {
        let x = data(n);
        let ((value, grad), bytes) = memory(|| energy::value_and_grad(&x));
        assert!(value > 0.0 && grad.len() == n);
        bytes - n * size_of::<f64>()
    });
    assert_eq!(small, large, "the gradient and nothing that grows");

    let w = [0.3, 1.1, -0.4, 0.9, 1.7];
    let [small, large] = small_and_large(|n| {
        let x = data(n);
        let ((value, grad), bytes) = memory(|| series::value_and_grad(&w, x.as_slice()));
        assert!(value != 0.0 && grad.iter().all(|g| *g != 0.0));
        bytes
    });
    assert_eq!(small, large, "the tape is that of one iteration");
    assert!(large < 16 * 1024, "{large}");

    let table = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
    let [small, large] = small_and_large(|n| {
        let (x, place) = (data(n), (0..n as i64).map(|i| i * 5 % 7).collect::<Vec<_>>());
        let ((value, grad), bytes) = memory(|| lookup::value_and_grad(&table, &place, x.as_slice()));
        assert!(value != 0.0 && grad.iter().all(|g| *g != 0.0));
        bytes
    });
    assert_eq!(small, large, "nothing is kept of what was read");
    assert!(large < 16 * 1024, "{large}");
}

/// A million steps: a number each, or about two thousand with a checkpoint every thousand.
fn sequential_loops() {
    const STEPS: usize = 1_000_000;
    let ((value, grad), whole) = memory(|| orbit::value_and_grad(1.3, 0.4, STEPS));
    let ((value2, grad2), segments) = memory(|| orbit_in_segments::value_and_grad(1.3, 0.4, STEPS));
    assert_eq!((value, grad.k, grad.start), (value2, grad2.k, grad2.start));
    assert!(value.is_finite() && grad.k.is_finite() && grad.k != 0.0);
    let each = size_of::<f64>();
    assert!(whole >= STEPS * each && whole <= 8 * STEPS * each, "{whole}");
    // A thousand numbers at the checkpoints and the tape of a thousand steps; stacks grow by doubling.
    assert!(segments <= 10 * 2 * 1000 * each, "{segments} of {whole}");
}

/// One test, since the allocator counts for all threads, and on one thread, since a pool's queues take memory.
#[test]
fn memory_of_gradients() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    pool.install(|| {
        parallel_loops();
        sequential_loops();
    });
}
