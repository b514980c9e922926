//! Reference values, and differences as an independent source where there are none.

use serde_json::Value;

/// A file of `tests/reference/programs`.
pub fn reference(name: &str) -> Value {
    pullback_tests::reference::read(&format!("programs/{name}"))
}

/// The numbers of a JSON array, nested ones in order.
pub fn numbers(v: &Value) -> Vec<f64> {
    match v {
        Value::Array(vs) => vs.iter().flat_map(numbers).collect(),
        v => vec![v.as_f64().unwrap_or_else(|| panic!("{v} is no number"))],
    }
}

/// Numbers in (0, 1) from a seed.
pub fn random(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..n).map(|_| next()).collect()
}

/// The gradient of a function of numbers by central differences, three steps of Richardson's extrapolation.
pub fn differences(f: impl Fn(&[f64]) -> f64, at: &[f64]) -> Vec<f64> {
    let slope = |k: usize, h: f64| {
        let moved = |d: f64| {
            let mut x = at.to_vec();
            x[k] += d;
            f(&x)
        };
        (moved(h) - moved(-h)) / (2.0 * h)
    };
    let element = |k: usize| {
        let h = 4e-3 * (1.0 + at[k].abs());
        let (a, b, c) = (slope(k, h), slope(k, h / 2.0), slope(k, h / 4.0));
        let (ab, bc) = ((4.0 * b - a) / 3.0, (4.0 * c - b) / 3.0);
        (16.0 * bc - ab) / 15.0
    };
    (0..at.len()).map(element).collect()
}

/// Each number within `tolerance` of the expected one, relative to the largest expected one.
#[track_caller]
pub fn assert_close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(1e-300f64, |m, x| m.max(x.abs()));
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "element {k}: got {g}, expected {w} (largest {scale})");
    }
}
