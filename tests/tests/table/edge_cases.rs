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

/// Lines of which only the slope is compared: the reference's value is that of the exact function (or, for the sign,
/// not Rust's), not of the line as written.
const SLOPE_ONLY: &[&str] = &[
    "signum(sign)",
    "sin(x)/x",
    "cancellation (1-cos x)/x^2",
    "sigmoid naive 1/(1+exp(-x))",
    "softplus naive ln(1+exp(x))",
    "softplus log1p(exp(x))",
];

/// Rows that pullback answers differently: function, argument, slope, why.
const DIFFERENT: &[(&str, f64, f64, &str)] = &[
    ("sqrt(x)*sqrt(x)", 0.0, 0.0, "a zero cotangent contributes exactly zero, also times an infinite slope"),
    ("exp(ln(x))", 0.0, 0.0, "likewise"),
    ("x*ln(x)", 0.0, f64::NEG_INFINITY, "likewise; the value is NaN"),
    (
        "cancellation (1-cos x)/x^2",
        1e-4,
        4.410804467624985e-5,
        "the reference has the slope of the exact function",
    ),
];

/// Functions of the reference that are no operations of the table: branches, vectors, matrices, the library's own
/// functions. Whoever adds one moves its name to the test that covers it.
const ELSEWHERE: &[&str] = &[
    "relu",
    "leaky_relu(0.01)",
    "elu",
    "max over vector (amax / jnp.max)",
    "max over vector (torch.max(t) / jnp.max)",
    "max over vector with index (torch.max(dim=0)[0])",
    "min over vector",
    "sigmoid",
    "softplus (library)",
    "log_sigmoid",
    "silu x*sigmoid(x)",
    "gelu (erf form)",
    "norm2 (library: torch.linalg.vector_norm / jnp.linalg.norm)",
    "norm2 written sqrt(sum x^2)",
    "norm1",
    "norm_inf",
    "normalize x/|x| first component",
    "erf",
    "erfc",
    "lgamma",
    "digamma",
    "logsumexp (library)",
    "logsumexp naive ln(sum exp)",
    "logsumexp hand-shifted: m=max; ln(sum exp(x-m))+m, max differentiated",
    "softmax cross entropy (log_softmax), target 0",
    "softmax cross entropy naive -ln(softmax), target 0",
    "softmax cross entropy (log_softmax), target 1",
    "softmax cross entropy naive -ln(softmax), target 1",
    "softmax cross entropy (log_softmax), target 2",
    "softmax cross entropy naive -ln(softmax), target 2",
    "binary cross entropy on probability, label 0.0",
    "binary cross entropy on probability, label 1.0",
    "BCE with logits, label 0.0",
    "BCE with logits, label 1.0",
    "product of entries",
    "variance (n-1)",
    "standard deviation (n-1)",
    "median of 4 (torch lower median / jnp mean of two)",
    "where(x!=0, sin(x)/x, 1)",
    "double-where sinc",
    "where(x>0, sqrt(x), 0)",
    "where(y!=0, x/y, 0)",
    "where(x>0, ln(x), -1e3)",
    "x^2*sin(1/x) guarded at 0 by where",
    "xlogx via xlogy(x,x)",
    "xlogy(x,y)",
    "logaddexp(a,b)",
    "huber delta=1 (x vs 0)",
    "det 2x2 singular",
    "det 2x2 zero matrix",
    "det 3x3 singular rank 2",
    "det 3x3 rank 1",
    "det 3x3 regular",
    "inverse entry (0,0) of singular 2x2",
    "inverse entry (0,1) of 2x2",
    "trace(A^T A) of zero matrix",
    "Frobenius norm of zero matrix (library)",
    "logdet of singular 2x2",
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

/// What the reference, or the list of differences, states for a row: the value, then the slopes.
fn expected(row: &Json, input: &[f64]) -> Vec<f64> {
    let slopes = match DIFFERENT.iter().find(|d| row["op"] == d.0 && input == [d.1]) {
        Some(different) => vec![different.2],
        None => numbers(&row["grad"]),
    };
    [vec![number(&row["value"])], slopes].concat()
}

/// The value and the slopes of a line, by the reverse mode and the interpreter.
fn value_and_slopes(text: &str, input: &[f64]) -> Vec<f64> {
    let f = reverse(&line(text, &vec![Scalar::F64; input.len()]));
    let args: Vec<Lit> = input.iter().chain(&[1.0]).map(|&x| Lit::F64(x)).collect();
    run(&f, &args).iter().map(|l| l.to_f64()).collect()
}

#[test]
fn every_row_of_the_reference_has_a_home() {
    let ops: BTreeSet<String> =
        rows().iter().map(|r| r["op"].as_str().expect("a name").to_string()).collect();
    let homes: Vec<&str> = LINES.iter().map(|l| l.0).chain(ELSEWHERE.iter().copied()).collect();
    let missing: Vec<&String> = ops.iter().filter(|op| !homes.contains(&op.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    homes.iter().chain(SLOPE_ONLY).for_each(|h| assert!(ops.contains(*h), "{h} is not in the reference"));
}

#[test]
fn values_and_derivatives_at_awkward_points() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for row in rows() {
        for (op, text) in LINES.iter().filter(|(op, _)| row["op"] == *op) {
            let input = numbers(&row["input"]);
            let (got, want) = (value_and_slopes(text, &input), expected(&row, &input));
            let from = SLOPE_ONLY.contains(op) as usize;
            assert_eq!(got.len(), want.len(), "{op}");
            if !got[from..].iter().zip(&want[from..]).all(|(&g, &w)| close(g, w)) {
                wrong.push(format!("{op} at {input:?}: {got:?}, not {want:?}"));
            }
            checked += 1;
        }
    }
    assert!(checked > 250, "{checked}");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}
