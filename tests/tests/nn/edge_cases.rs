//! `reference/edge_cases.json` for the library's functions.

use pullback::differentiable;
use pullback::nn::{self, cross_entropy};
use pullback::{special, stats};
use serde_json::Value as Json;

macro_rules! scalar {
    ($($name:ident($($x:ident),*) = $body:expr;)*) => {
        $(#[differentiable] fn $name($($x: f64),*) -> f64 { $body })*
    };
}

macro_rules! vector {
    ($($name:ident($x:ident) = $body:expr;)*) => {
        $(#[differentiable] fn $name($x: &[f64]) -> f64 { $body })*
    };
}

scalar! {
    sigmoid(x) = nn::sigmoid(x);
    softplus(x) = nn::softplus(x);
    log_sigmoid(x) = nn::log_sigmoid(x);
    silu(x) = nn::silu(x);
    gelu(x) = nn::gelu(x);
    erf(x) = special::erf(x);
    erfc(x) = special::erfc(x);
    ln_gamma(x) = special::ln_gamma(x);
    digamma(x) = special::digamma(x);
    certainly_not(p) = nn::binary_cross_entropy(&[p], &[0.0]);
    certainly(p) = nn::binary_cross_entropy(&[p], &[1.0]);
    rather_not(x) = nn::binary_cross_entropy_with_logits(&[x], &[0.0]);
    rather(x) = nn::binary_cross_entropy_with_logits(&[x], &[1.0]);
    xlogx(x) = special::xlogy(x, x);
    xlogy(x, y) = special::xlogy(x, y);
    log_add_exp(a, b) = special::log_add_exp(a, b);
}

vector! {
    log_sum_exp(x) = special::log_sum_exp(x);
    cross_entropy_0(x) = cross_entropy(x, 0);
    cross_entropy_1(x) = cross_entropy(x, 1);
    cross_entropy_2(x) = cross_entropy(x, 2);
    naive_0(x) = -nn::softmax(x)[0].ln();
    naive_1(x) = -nn::softmax(x)[1].ln();
    naive_2(x) = -nn::softmax(x)[2].ln();
    standard_deviation(x) = stats::standard_deviation(x);
    median(x) = stats::median(x);
}

type Program = fn(&[f64]) -> (f64, Vec<f64>);

macro_rules! of_one {
    ($f:ident) => {
        |x| {
            let (value, slope) = $f::value_and_grad(x[0]);
            (value, vec![slope])
        }
    };
}

macro_rules! of_two {
    ($f:ident, $a:ident, $b:ident) => {
        |x| {
            let (value, grad) = $f::value_and_grad(x[0], x[1]);
            (value, vec![grad.$a, grad.$b])
        }
    };
}

/// The rows of the reference and what answers them.
const PROGRAMS: &[(&str, Program)] = &[
    ("sigmoid", of_one!(sigmoid)),
    ("softplus (library)", of_one!(softplus)),
    ("log_sigmoid", of_one!(log_sigmoid)),
    ("silu x*sigmoid(x)", of_one!(silu)),
    ("gelu (erf form)", of_one!(gelu)),
    ("erf", of_one!(erf)),
    ("erfc", of_one!(erfc)),
    ("lgamma", of_one!(ln_gamma)),
    ("digamma", of_one!(digamma)),
    ("median of 4 (torch lower median / jnp mean of two)", |x| median::value_and_grad(x)),
    ("logsumexp (library)", |x| log_sum_exp::value_and_grad(x)),
    ("softmax cross entropy (log_softmax), target 0", |x| cross_entropy_0::value_and_grad(x)),
    ("softmax cross entropy (log_softmax), target 1", |x| cross_entropy_1::value_and_grad(x)),
    ("softmax cross entropy (log_softmax), target 2", |x| cross_entropy_2::value_and_grad(x)),
    ("softmax cross entropy naive -ln(softmax), target 0", |x| naive_0::value_and_grad(x)),
    ("softmax cross entropy naive -ln(softmax), target 1", |x| naive_1::value_and_grad(x)),
    ("softmax cross entropy naive -ln(softmax), target 2", |x| naive_2::value_and_grad(x)),
    ("binary cross entropy on probability, label 0.0", of_one!(certainly_not)),
    ("binary cross entropy on probability, label 1.0", of_one!(certainly)),
    ("BCE with logits, label 0.0", of_one!(rather_not)),
    ("BCE with logits, label 1.0", of_one!(rather)),
    ("standard deviation (n-1)", |x| standard_deviation::value_and_grad(x)),
    ("xlogx via xlogy(x,x)", of_one!(xlogx)),
    ("xlogy(x,y)", of_two!(xlogy, x, y)),
    ("logaddexp(a,b)", of_two!(log_add_exp, a, b)),
];

/// Rows that pullback answers differently: function, argument, slope, why.
const DIFFERENT: &[(&str, &[f64], &[f64], &str)] = &[
    ("sigmoid", &[40.0], &[4.248354255291589e-18], "the slope itself, which the row's note states"),
    ("sigmoid", &[-745.0], &[5e-324], "the slope itself"),
    ("binary cross entropy on probability, label 0.0", &[0.0], &[1.0], "the slope itself, 1 / (1 - p)"),
    ("binary cross entropy on probability, label 1.0", &[1.0], &[-1.0], "the slope itself, -1 / p"),
    ("xlogy(x,y)", &[0.0, 0.0], &[0.0, 0.0], "a zero cotangent contributes exactly zero, also over zero"),
    ("xlogx via xlogy(x,x)", &[0.0], &[0.0], "likewise"),
];

/// A number of the reference; infinities and NaN are strings.
pub(crate) fn number(json: &Json) -> f64 {
    json.as_f64().or_else(|| json.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{json}"))
}

/// A list of them.
pub(crate) fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(number).collect()
}

fn close(got: f64, want: f64) -> bool {
    (got.is_nan() && want.is_nan()) || got == want || (got - want).abs() <= 1e-12 * want.abs()
}

#[test]
fn values_and_derivatives_at_awkward_points() {
    let file: Json =
        serde_json::from_str(include_str!("../../reference/edge_cases.json")).expect("valid JSON");
    let rows = file["rows"].as_array().expect("a list of rows");
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for (op, program) in PROGRAMS {
        for row in rows.iter().filter(|row| row["op"] == *op) {
            let input = numbers(&row["input"]);
            let (value, slopes) = program(&input);
            let got = [vec![value], slopes].concat();
            let different = DIFFERENT.iter().find(|d| d.0 == *op && d.1 == input);
            let want = different.map_or_else(|| numbers(&row["grad"]), |d| d.2.to_vec());
            let want = [vec![number(&row["value"])], want].concat();
            assert_eq!(got.len(), want.len(), "{op}");
            if !got.iter().zip(&want).all(|(&g, &w)| close(g, w)) {
                wrong.push(format!("{op} at {input:?}: {got:?}, not {want:?}"));
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}
