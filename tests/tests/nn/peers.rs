//! Values and gradients of PyTorch, `reference/nn.json`, in both precisions.

use serde_json::Value as Json;

use crate::edge_cases::{number, numbers};

/// A function of a list: its value and its gradient, as `f64`.
type Program = fn(&[f64]) -> (f64, Vec<f64>);

/// The functions for one float type, and a table of them by the reference's names.
macro_rules! programs {
    ($module:ident $float:ident; $($one:ident($x:ident) = $one_body:expr;)* -- $($many:ident($y:ident) = $many_body:expr;)*) => {
        mod $module {
            use pullback::nalgebra::DMatrix;
            use pullback::{differentiable, nn, special, stats};

            #[differentiable]
            fn weighted(y: &[$float]) -> $float {
                0.5 * y[0] - y[1] + 2.0 * y[2]
            }

            $(#[differentiable] fn $one($x: $float) -> $float { $one_body })*
            $(#[differentiable] fn $many($y: &[$float]) -> $float { $many_body })*

            pub(super) const PROGRAMS: &[(&str, super::Program)] = &[
                $((stringify!($one), |x| {
                    let (value, slope) = $one::value_and_grad(x[0] as $float);
                    (value.into(), vec![slope.into()])
                }),)*
                $((stringify!($many), |x| {
                    let x: Vec<$float> = x.iter().map(|&x| x as $float).collect();
                    let (value, grad) = $many::value_and_grad(&x);
                    (value.into(), grad.into_iter().map(f64::from).collect())
                }),)*
            ];
        }
    };
}

macro_rules! both {
    ($($programs:tt)*) => {
        programs! { single f32; $($programs)* }
        programs! { double f64; $($programs)* }
    };
}

both! {
    relu(x) = nn::relu(x);
    leaky_relu(x) = nn::leaky_relu(x, 0.25);
    elu(x) = nn::elu(x, 1.5);
    sigmoid(x) = nn::sigmoid(x);
    log_sigmoid(x) = nn::log_sigmoid(x);
    softplus(x) = nn::softplus(x);
    silu(x) = nn::silu(x);
    gelu(x) = nn::gelu(x);
    erf(x) = special::erf(x);
    erfc(x) = special::erfc(x);
    normal_cdf(x) = special::normal_cdf(x);
    ln_gamma(x) = special::ln_gamma(x);
    digamma(x) = special::digamma(x);
    trigamma(x) = special::trigamma(x);
    logit(x) = special::logit(x);
    sinc(x) = special::sinc(x);
    --
    xlogy(x) = special::xlogy(x[0], x[1]);
    log_add_exp(x) = special::log_add_exp(x[0], x[1]);
    softmax(x) = weighted(&nn::softmax(x));
    log_softmax(x) = weighted(&nn::log_softmax(x));
    log_sum_exp(x) = special::log_sum_exp(x);
    mse_loss(x) = nn::mse_loss(x, &[1.0, 0.0, 0.25]);
    mse_sum(x) = nn::mse_sum(x, &[1.0, 0.0, 0.25]);
    l1_loss(x) = nn::l1_loss(x, &[1.0, 0.0, 0.25]);
    l1_sum(x) = nn::l1_sum(x, &[1.0, 0.0, 0.25]);
    huber_loss(x) = nn::huber_loss(x, &[1.0, 0.0, 0.25], 0.75);
    binary_cross_entropy_with_logits(x) = nn::binary_cross_entropy_with_logits(x, &[1.0, 0.0, 0.25]);
    binary_cross_entropy(x) = nn::binary_cross_entropy(x, &[1.0, 0.0, 0.25]);
    cross_entropy(x) = nn::cross_entropy(x, 2);
    cross_entropy_rows(x) = nn::cross_entropy_rows(&DMatrix::from_row_slice(2, 3, x), &[2, 0]);
    nll_loss(x) = nn::nll_loss(x, 1);
    variance(x) = stats::variance(x);
    mean(x) = stats::mean(x);
}

/// Whether two results agree: relative to themselves or to the row's largest number, and but for what is tiny.
fn close(got: f64, want: f64, (tolerance, tiny): (f64, f64), size: f64) -> bool {
    got.is_nan() && want.is_nan()
        || got == want
        || (got - want).abs() <= tolerance * want.abs().max(size.min(1.0)) + tiny
}

fn compare(programs: &[(&str, Program)], tolerance: (f64, f64)) {
    let file: Json = serde_json::from_str(include_str!("../../reference/nn.json")).expect("valid JSON");
    let rows = file["rows"].as_array().expect("a list of rows");
    let mut wrong = Vec::new();
    for row in rows {
        let op = row["op"].as_str().expect("a name");
        let (_, program) =
            programs.iter().find(|p| p.0 == op).unwrap_or_else(|| panic!("no program for {op}"));
        let input = numbers(&row["input"]);
        let (value, slopes) = program(&input);
        let want = [vec![number(&row["value"])], numbers(&row["grad"])].concat();
        let got = [vec![value], slopes].concat();
        let size = want.iter().filter(|w| w.is_finite()).fold(0.0, |m: f64, w| m.max(w.abs()));
        let agree = got.iter().zip(&want).all(|(&g, &w)| close(g, w, tolerance, size));
        if got.len() != want.len() || !agree {
            wrong.push(format!("{op} at {input:?}: {got:?}, not {want:?}"));
        }
    }
    let named = programs.iter().filter(|p| rows.iter().any(|r| r["op"] == p.0)).count();
    assert_eq!(named, programs.len(), "every program is in the reference");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn double_precision() {
    compare(double::PROGRAMS, (1e-12, 0.0));
}

#[test]
fn single_precision() {
    compare(single::PROGRAMS, (2e-6, f32::MIN_POSITIVE.into()));
}
