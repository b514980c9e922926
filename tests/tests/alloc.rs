//! Nothing is allocated after the first call.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use nalgebra::{DMatrix, DVector};
use pullback::{Workspace, differentiable};

/// The system's allocator, counting.
struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A sum over all data.
#[differentiable]
fn fit(a: f64, b: f64, x: &DVector<f64>, #[no_diff] y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..y.len() {
        let r = a * x[i] + (b * x[i]).tanh() - y[i];
        sum += r * r;
    }
    sum / y.len() as f64
}

/// A loop whose steps depend on each other: the reverse sweep needs a tape.
#[differentiable]
fn orbit(k: f64, start: f64, #[no_diff] steps: usize) -> f64 {
    let mut x = start;
    for _ in 0..steps {
        x = k * x * (1.0 - x);
    }
    x
}

/// How many allocations a call makes.
fn allocations(f: impl FnOnce()) -> usize {
    let before = COUNT.load(Ordering::Relaxed);
    f();
    COUNT.load(Ordering::Relaxed) - before
}

#[test]
fn later_calls_allocate_nothing() {
    let x = DVector::from_fn(1_001, |i, _| i as f64 * 0.01);
    let y: Vec<f64> = x.iter().map(|x| x.sin()).collect();
    let mut ws = Workspace::<fit>::default();
    fit::value_and_grad_into(0.5, 0.2, &x, &y, &mut ws);
    let mut value = 0.0;
    assert_eq!(allocations(|| value = fit::value_and_grad_into(0.6, 0.2, &x, &y, &mut ws)), 0);
    assert!(value > 0.0);
    assert!(ws.grad.x.len() == 1_001 && ws.grad.a != 0.0);

    let mut ws = Workspace::<orbit>::default();
    orbit::value_and_grad_into(3.7, 0.3, 500, &mut ws);
    let mut value = 0.0;
    assert_eq!(allocations(|| value = orbit::value_and_grad_into(3.7, 0.3, 400, &mut ws)), 0);
    assert_eq!(value, orbit(3.7, 0.3, 400));

    // The counter works.
    assert!(allocations(|| drop(DMatrix::<f64>::zeros(3, 3))) > 0);
}
