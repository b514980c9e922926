//! The log-likelihood of a Gaussian mixture with a Wishart prior.

use pullback::differentiable;

use crate::common::{assert_close, differences, numbers, random, reference};

/// Without the constant. `icf` holds, for each component, d logarithms of the diagonal and the strictly lower triangle,
/// column by column.
#[differentiable(wrt(alphas, means, icf))]
pub(crate) fn objective(
    alphas: &[f64],
    means: &[f64],
    icf: &[f64],
    x: &[f64],
    d: usize,
    gamma: f64,
    m: f64,
) -> f64 {
    let k = alphas.len();
    let n = x.len() / d;
    let stride = d * (d + 1) / 2;
    let mut total = 0.0;
    for p in 0..n {
        let mut terms = vec![0.0; k];
        for c in 0..k {
            let mut square = 0.0;
            let mut log_diagonal = 0.0;
            let mut y = vec![0.0; d];
            for j in 0..d {
                log_diagonal += icf[c * stride + j];
                y[j] = icf[c * stride + j].exp() * (x[p * d + j] - means[c * d + j]);
            }
            let mut at = c * stride + d;
            for i in 0..d {
                let z = x[p * d + i] - means[c * d + i];
                for j in i + 1..d {
                    y[j] += icf[at] * z;
                    at += 1;
                }
            }
            for j in 0..d {
                square += y[j] * y[j];
            }
            terms[c] = alphas[c] + log_diagonal - 0.5 * square;
        }
        total += log_sum_exp(&terms);
    }
    let mut prior = 0.0;
    for c in 0..k {
        let mut squares = 0.0;
        let mut log_diagonal = 0.0;
        for j in 0..stride {
            let entry = icf[c * stride + j];
            if j < d {
                log_diagonal += entry;
                squares += (2.0 * entry).exp();
            } else {
                squares += entry * entry;
            }
        }
        prior += 0.5 * gamma * gamma * squares - m * log_diagonal;
    }
    total - n as f64 * log_sum_exp(alphas) + prior
}

#[differentiable]
fn log_sum_exp(x: &[f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = x.iter().map(|v| (v - top).exp()).sum();
    top + sum.ln()
}

#[test]
fn adbench_case() {
    let case = reference("gmm_test");
    let [alphas, means, icf, x] = ["alphas", "means", "icf", "x"].map(|k| numbers(&case[k]));
    let gamma = case["wishart_gamma"].as_f64().unwrap();
    let m = case["wishart_m"].as_f64().unwrap();
    let (value, grad) = objective::value_and_grad(&alphas, &means, &icf, &x, 2, gamma, m);
    assert_close(&[value], &numbers(&case["expected_differentiable_part"]), 1e-12);
    assert_close(&[objective(&alphas, &means, &icf, &x, 2, gamma, m)], &[value], 1e-12);
    assert_close(&grad.alphas, &numbers(&case["expected_grad_alphas"]), 1e-12);
    assert_close(&grad.means, &numbers(&case["expected_grad_means"]), 1e-12);
    assert_close(&grad.icf, &numbers(&case["expected_grad_icf"]), 1e-12);
}

#[test]
fn larger_case_against_differences() {
    let (d, k, n) = (4, 3, 20);
    let stride = d * (d + 1) / 2;
    let parameters = random(1, k + k * d + k * stride);
    let x: Vec<f64> = random(2, n * d).iter().map(|v| 3.0 * v - 1.0).collect();
    let split = |p: &[f64]| (p[..k].to_vec(), p[k..k + k * d].to_vec(), p[k + k * d..].to_vec());
    let f = |p: &[f64]| {
        let (a, b, c) = split(p);
        objective(&a, &b, &c, &x, d, 0.7, 2.0)
    };
    let (a, b, c) = split(&parameters);
    let grad = objective::grad(&a, &b, &c, &x, d, 0.7, 2.0);
    assert_close(&[grad.alphas, grad.means, grad.icf].concat(), &differences(f, &parameters), 1e-9);
}
