//! Values and derivatives at awkward points: `reference/edge_cases.json` states the convention.

use std::collections::BTreeSet;

use pullback_kernels::ir::{Lit, Scalar};
use serde_json::Value as Json;

use crate::code::{line, reverse, run};

/// Scalar functions of the reference as lines of mathematics.
const LINES: &[(&str, &str)] = &[
    ("sqrt", "sqrt(a)"),
    ("cbrt", "cbrt(a)"),
    ("abs", "abs(a)"),
    ("signum(sign)", "signum(a)"),
    ("max(x,0) via maximum", "max(a, 0.0)"),
    ("clamp(min=0)", "clamp(a, 0.0, 1000.0)"),
    ("clamp(-1,1)", "clamp(a, -1.0, 1.0)"),
    ("maximum(a,b)", "select(or(is_nan(a), is_nan(b)), a + b, max(a, b))"),
    ("minimum(a,b)", "select(or(is_nan(a), is_nan(b)), a + b, min(a, b))"),
    ("fmax(a,b) (NaN ignoring, like Rust f64::max)", "max(a, b)"),
    ("floor", "floor(a)"),
    ("ceil", "ceil(a)"),
    ("round (half to even)", "round_ties_even(a)"),
    ("trunc", "trunc(a)"),
    ("fract x-floor(x)", "a - floor(a)"),
    ("remainder a%b (floor)", "rem_euclid(a, b)"),
    ("fmod", "rem(a, b)"),
    ("powf(x,y)", "powf(a, b)"),
    ("powi(x,0)", "powi(a, 0)"),
    ("powi(x,1)", "powi(a, 1)"),
    ("powi(x,2)", "powi(a, 2)"),
    ("powi(x,3)", "powi(a, 3)"),
    ("powi(x,-1)", "powi(a, -1)"),
    ("powi(x,-2)", "powi(a, -2)"),
    ("ln", "ln(a)"),
    ("log2", "log2(a)"),
    ("log10", "log10(a)"),
    ("log1p", "ln_1p(a)"),
    ("expm1", "exp_m1(a)"),
    ("exp", "exp(a)"),
    ("exp2", "exp2(a)"),
    ("tanh", "tanh(a)"),
    ("atan2(y,x)", "atan2(a, b)"),
    ("hypot(x,y)", "hypot(a, b)"),
    ("sin", "sin(a)"),
    ("cos", "cos(a)"),
    ("tan", "tan(a)"),
    ("asin", "asin(a)"),
    ("acos", "acos(a)"),
    ("atan", "atan(a)"),
    ("sinh", "sinh(a)"),
    ("cosh", "cosh(a)"),
    ("asinh", "asinh(a)"),
    ("acosh", "acosh(a)"),
    ("atanh", "atanh(a)"),
    ("copysign(a,b)", "copysign(a, b)"),
    ("1/x", "recip(a)"),
    ("1/x", "1.0 / a"),
    ("x/x", "a / a"),
    ("sin(x)/x", "sin(a) / a"),
    ("sqrt(x*x)", "sqrt(a * a)"),
    ("sqrt(x)*sqrt(x)", "sqrt(a) * sqrt(a)"),
    ("x*|x|", "a * abs(a)"),
    ("|x|^1.5", "powf(abs(a), 1.5)"),
    ("exp(ln(x))", "exp(ln(a))"),
    ("x*ln(x)", "a * ln(a)"),
    ("overflowing square x*x", "a * a"),
    ("cancellation (1-cos x)/x^2", "(1.0 - cos(a)) / (a * a)"),
    ("L1 loss |x-2|", "abs(a - 2.0)"),
    ("sigmoid naive 1/(1+exp(-x))", "1.0 / (1.0 + exp(-a))"),
    ("softplus naive ln(1+exp(x))", "ln(1.0 + exp(a))"),
    ("softplus log1p(exp(x))", "ln_1p(exp(a))"),
];

/// Functions of the reference that are no operations of the table: branches, vectors, matrices, the library's own
/// functions. Whoever adds one moves its name to the test that covers it.
const ELSEWHERE: &[&str] = &[
];

/// A number of the reference; infinities and NaN are strings.
fn number(json: &Json) -> f64 {
    json.as_f64().or_else(|| json.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{json}"))
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(number).collect()
}

fn rows() -> Vec<Json> {
    let text = include_str!("../../reference/edge_cases.json");
    let file: Json = serde_json::from_str(text).expect("valid JSON");
    let found = file.as_object().expect("an object").values().find_map(|v| v.as_array());
    found.expect("a list of rows").clone()
}

/// Equal up to rounding; zeros of the same sign.
fn close(got: f64, want: f64) -> bool {
    (got.is_nan() && want.is_nan())
        || got == want && (got != 0.0 || got.is_sign_negative() == want.is_sign_negative())
        || (got - want).abs() <= 1e-12 * want.abs()
}

#[test]
fn every_row_of_the_reference_has_a_home() {
    let ops: BTreeSet<String> = rows().iter().map(|r| r["op"].as_str().unwrap().to_string()).collect();
    let homes: Vec<&str> = LINES.iter().map(|l| l.0).chain(ELSEWHERE.iter().copied()).collect();
    let missing: Vec<&String> = ops.iter().filter(|op| !homes.contains(&op.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    homes.iter().for_each(|h| assert!(ops.contains(*h), "{h} is not in the reference"));
}

#[test]
fn values_and_derivatives_at_awkward_points() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for row in rows() {
        for (op, text) in LINES.iter().filter(|(op, _)| row["op"] == *op) {
            let input = numbers(&row["input"]);
            let f = reverse(&line(text, &vec![Scalar::F64; input.len()]));
            let args: Vec<Lit> = input.iter().chain(&[1.0]).map(|&x| Lit::F64(x)).collect();
            let got: Vec<f64> = run(&f, &args).iter().map(|l| l.to_f64()).collect();
            let want = [vec![number(&row["value"])], numbers(&row["grad"])].concat();
            if !got.iter().zip(&want).all(|(&g, &w)| close(g, w)) {
                wrong.push(format!("{op} at {input:?}: {got:?}, not {want:?}"));
            }
            checked += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}
