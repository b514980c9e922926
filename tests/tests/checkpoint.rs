//! Loops that are reversed in segments: the same derivatives, in less memory.

use pullback::differentiable;
use pullback_tests::peak::{Peak, memory};

#[global_allocator]
static ALLOCATOR: Peak = Peak;

macro_rules! pair {
    ($(#[$meta:meta])* $whole:ident, $segments:ident, $every:literal, $($rest:tt)*) => {
        #[differentiable]
        fn $whole $($rest)*

        #[differentiable(checkpoint(every = $every))]
        fn $segments $($rest)*
    };
}

pair!(orbit, orbit_in_segments, 316, (k: f64, start: f64, #[no_diff] steps: usize) -> f64 {
    let mut x = start;
    for _ in 0..steps {
        x = (k * x).sin() * (1.5 - x);
    }
    x
});

pair!(chain, chain_in_segments, 4, (x: &[f64], a: f64) -> f64 {
    let mut state = [a, 1.0, -a];
    for i in 0..x.len() {
        let next = (state[i % 3] * x[i]).sin() + state[(i + 1) % 3];
        state[i % 3] = next;
    }
    for i in (0..x.len()).rev() {
        let next = (state[i % 3] + x[i] * i as f64).cos() * state[(i + 2) % 3];
        state[i % 3] = next;
    }
    state[0] + state[1] * state[2]
});

/// One test, since the allocator counts for all threads.
#[test]
fn segments() {
    // 316 segments of 316 iterations and the rest.
    let ((value, grad), most) = memory(|| orbit::value_and_grad(1.3, 0.4, 100_000));
    let ((value2, grad2), little) = memory(|| orbit_in_segments::value_and_grad(1.3, 0.4, 100_000));
    assert_eq!((value, grad.k, grad.start), (value2, grad2.k, grad2.start));
    assert!(grad.k != 0.0);
    assert!(most >= 100_000 * 8, "{most}");
    assert!(little <= 100 * 1024, "{little} of {most}");

    // Lengths around a multiple of a segment, and none at all.
    for n in [0, 1, 3, 4, 5, 8, 11] {
        let x: Vec<f64> = (0..n).map(|i| 0.3 + 0.4 * i as f64).collect();
        let (value, grad) = chain::value_and_grad(&x, 0.7);
        let (value2, grad2) = chain_in_segments::value_and_grad(&x, 0.7);
        assert_eq!(value, value2, "{n}");
        assert!((grad.a - grad2.a).abs() <= 1e-13 * grad.a.abs().max(1.0), "{n}: {} {}", grad.a, grad2.a);
        for (g, h) in grad.x.iter().zip(&grad2.x) {
            assert!((g - h).abs() <= 1e-13 * g.abs().max(1.0), "{n}: {g} {h}");
        }
        assert_eq!(grad2.x.len(), n);
        if let Err(e) = chain_in_segments::check(&x, 0.7) {
            panic!("{n}: {e}");
        }
    }

    // The other modes.
    assert_eq!(curved::jvp(1.3, 8, 1.0), curved_whole::jvp(1.3, 8, 1.0));
    assert_eq!(curved::hvp(1.3, 8, 1.0), curved_whole::hvp(1.3, 8, 1.0));
}

#[differentiable(modes(jvp, hvp), checkpoint(every = 3))]
fn curved(k: f64, #[no_diff] steps: usize) -> f64 {
    let mut x = k;
    for _ in 0..steps {
        x = (k * x).sin();
    }
    x
}

#[differentiable(modes(jvp, hvp))]
fn curved_whole(k: f64, #[no_diff] steps: usize) -> f64 {
    let mut x = k;
    for _ in 0..steps {
        x = (k * x).sin();
    }
    x
}
