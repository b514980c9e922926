//! Comparing results of the interpreter.

use pullback_kernels::ir::{Datum, Lit};

/// Whether two runs ended differently, and how. Numbers may differ relatively (to the larger one, or to 1) by
/// `tolerance`; messages of errors may differ.
pub fn results_differ(
    a: &Result<Vec<Datum>, String>,
    b: &Result<Vec<Datum>, String>,
    tolerance: f64,
) -> Option<String> {
    match (a, b) {
        (Ok(a), Ok(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(i, (a, b))| datum_differs(a, b, tolerance).map(|m| format!("result {i}: {m}"))),
        (Err(_), Err(_)) => None,
        _ => Some(format!("{a:?} and {b:?}")),
    }
}

fn datum_differs(a: &Datum, b: &Datum, tolerance: f64) -> Option<String> {
    let same = match (a, b) {
        (Datum::Scalar(a), Datum::Scalar(b)) => close(*a, *b, tolerance),
        (Datum::Array(a), Datum::Array(b)) => {
            a.shape == b.shape
                && a.elem == b.elem
                && a.data.iter().zip(&b.data).all(|(a, b)| close(*a, *b, tolerance))
        }
        _ => a == b,
    };
    (!same).then(|| format!("{a} and {b}"))
}

/// Whether two numbers are equal up to a tolerance relative to the larger one, or to 1. Integers must be equal.
pub fn close(a: Lit, b: Lit, tolerance: f64) -> bool {
    if a.ty() != b.ty() {
        return false;
    }
    if !a.ty().is_float() {
        return a == b;
    }
    let (a, b) = (a.to_f64(), b.to_f64());
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}
