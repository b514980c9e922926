//! Figures of others: the files of `tests/reference`, and comparing with what they hold.

use serde_json::Value;

/// The file `reference/NAME.json`.
///
/// # Panics
/// If there is no such file or it is not JSON.
#[must_use]
pub fn read(name: &str) -> Value {
    let path = format!("{}/reference/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A list of numbers.
///
/// # Panics
/// If it is anything else.
#[must_use]
pub fn floats(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

/// Asserts that numbers agree, relative to the largest.
///
/// # Panics
/// If they do not, or are not as many.
pub fn close(what: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
    let scale = theirs.iter().fold(0.0, |m: f64, p| m.max(p.abs()));
    let off = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / scale).fold(0.0, f64::max);
    assert_eq!(ours.len(), theirs.len(), "{what}");
    assert!(off <= tolerance, "{what} is off by {off:e}: {ours:?} instead of {theirs:?}");
}
