//! Values and derivatives at awkward points: `reference/edge_cases.json` states the convention.

use std::collections::BTreeSet;

use pullback_kernels::ad::vjp;
use pullback_kernels::ir::{Array, Datum, Func, Lit, Module, Scalar, eval, parse};
use pullback_kernels::opt::optimize;
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

/// The library's own functions, which `tests/nn` covers with generated code.
const LIBRARY: &[&str] = &[
    "gelu (erf form)",
    "erf",
    "erfc",
    "lgamma",
    "digamma",
    "median of 4 (torch lower median / jnp mean of two)",
    "sigmoid",
    "softplus (library)",
    "log_sigmoid",
    "silu x*sigmoid(x)",
    "logsumexp (library)",
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
    "standard deviation (n-1)",
    "xlogx via xlogy(x,x)",
    "xlogy(x,y)",
    "logaddexp(a,b)",
];

/// Functions of matrices, which `tests/dense.rs` covers with generated code.
const DENSE: &[&str] = &[
    "det 2x2 singular",
    "det 2x2 zero matrix",
    "det 3x3 singular rank 2",
    "det 3x3 rank 1",
    "det 3x3 regular",
    "inverse entry (0,0) of singular 2x2",
    "inverse entry (0,1) of 2x2",
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

/// The functions with branches and folds: the row that each answers, and its name in the module.
fn functions() -> (Module, Vec<(String, String)>) {
    let text = include_str!("../../reference/edge_cases.ir");
    let (mut names, mut waiting) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(row) = line.strip_prefix("// row: ") {
            waiting.push(row.to_string());
        } else if let Some(rest) = line.strip_prefix("fn @") {
            let name = rest.split('(').next().expect("a name");
            names.extend(waiting.drain(..).map(|row| (row, name.to_string())));
        }
    }
    (parse(text).unwrap_or_else(|e| panic!("line {}: {}", e.line, e.message)), names)
}

/// All functions of the test with the rows that they answer.
fn programs(rows: &[Json]) -> Vec<(String, Func)> {
    let arity = |op: &str| rows.iter().find(|r| r["op"] == op).map_or(1, |r| numbers(&r["input"]).len());
    let lines = LINES.iter().map(|(op, text)| (op.to_string(), line(text, &vec![Scalar::F64; arity(op)])));
    let (module, names) = functions();
    let functions = names.into_iter().map(|(op, name)| (op, module.get(&name).expect("a function").clone()));
    lines.chain(functions).collect()
}

/// The value and the slopes of a function, by the reverse mode and the interpreter.
fn value_and_slopes(f: &Func, input: &[f64], optimized: bool) -> Vec<f64> {
    let module = Module { funcs: vec![f.clone()] };
    let wrt: Vec<usize> = (0..f.params().len()).collect();
    let mut back = vjp(&module, &f.name, &wrt).expect("the rows have derivatives");
    if optimized {
        optimize(&mut back);
    }
    let mut args: Vec<Datum> = match f.values.ty(f.params()[0]).is_array() {
        true => vec![Datum::Array(Array::vector(input))],
        false => input.iter().map(|&x| Datum::from(x)).collect(),
    };
    args.push(Datum::from(1.0));
    let name = back.name.clone();
    let results = eval(&Module { funcs: vec![f.clone(), back] }, &name, &args);
    let results = results.unwrap_or_else(|e| panic!("{}: {}", f.name, e.0));
    results.iter().flat_map(numbers_of).collect()
}

fn numbers_of(datum: &Datum) -> Vec<f64> {
    match datum {
        Datum::Scalar(lit) => vec![lit.to_f64()],
        Datum::Array(array) => array.data.iter().map(|lit| lit.to_f64()).collect(),
        Datum::Tape(_) => panic!("a tape is no result"),
    }
}

#[test]
fn every_row_of_the_reference_has_a_home() {
    let rows = rows();
    let ops: BTreeSet<&str> = rows.iter().map(|r| r["op"].as_str().expect("a name")).collect();
    let programs = programs(&rows);
    let homes: BTreeSet<&str> =
        programs.iter().map(|p| p.0.as_str()).chain(LIBRARY.iter().chain(DENSE).copied()).collect();
    assert_eq!(ops, homes);
    assert!(LIBRARY.iter().all(|op| programs.iter().all(|p| p.0 != *op)), "a row has two homes");
    assert!(SLOPE_ONLY.iter().all(|op| ops.contains(op)));
}

#[test]
fn values_and_derivatives_at_awkward_points() {
    let rows = rows();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for (op, f) in programs(&rows) {
        for (row, optimized) in rows.iter().flat_map(|r| [(r, false), (r, true)]).filter(|r| r.0["op"] == *op)
        {
            let input = numbers(&row["input"]);
            let (got, want) = (value_and_slopes(&f, &input, optimized), expected(row, &input));
            let from = SLOPE_ONLY.contains(&op.as_str()) as usize;
            assert_eq!(got.len(), want.len(), "{op}");
            if !got[from..].iter().zip(&want[from..]).all(|(&g, &w)| close(g, w)) {
                wrong.push(format!("{op} at {input:?}, optimized {optimized}: {got:?}, not {want:?}"));
            }
            checked += 1;
        }
    }
    assert!(checked > 600, "{checked}");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}

/// In `f32` the same points give the same infinities, NaNs and numbers, as far as `f32` can tell.
#[test]
fn awkward_points_in_f32() {
    let rows = rows();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for (op, text) in LINES.iter().filter(|(op, _)| !SLOPE_ONLY.contains(op)) {
        for row in rows.iter().filter(|r| r["op"] == *op) {
            let input = numbers(&row["input"]);
            let want = expected(row, &input);
            if !input.iter().all(|&x| x.is_nan() || x as f32 as f64 == x)
                || !want.iter().all(|&w| fits_f32(w))
            {
                continue;
            }
            let f = reverse(&line(text, &vec![Scalar::F32; input.len()]));
            let args: Vec<Lit> = input.iter().chain(&[1.0]).map(|&x| Lit::of(Scalar::F32, x)).collect();
            let got: Vec<f64> = run(&f, &args).iter().map(|l| l.to_f64()).collect();
            if !got.iter().zip(&want).all(|(&g, &w)| close_in_f32(g, w)) {
                wrong.push(format!("{op} at {input:?}: {got:?}, not {want:?}"));
            }
            checked += 1;
        }
    }
    assert!(checked > 150, "{checked}");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a number is neither too large nor too small for `f32`.
fn fits_f32(x: f64) -> bool {
    x == 0.0 || !x.is_finite() || (1e-35..1e35).contains(&x.abs())
}

fn close_in_f32(got: f64, want: f64) -> bool {
    (got.is_nan() && want.is_nan()) || got == want || (got - want).abs() <= 1e-6 * want.abs().max(0.1)
}
