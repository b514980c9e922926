//! Runge and Kutta's classical method through a Lorenz system.

use pullback::differentiable;

use crate::common::{assert_close, differences};

#[differentiable]
fn lorenz(s: [f64; 3], sigma: f64, rho: f64, beta: f64) -> [f64; 3] {
    [sigma * (s[1] - s[0]), s[0] * (rho - s[2]) - s[1], s[0] * s[1] - beta * s[2]]
}

#[differentiable]
fn ahead(s: [f64; 3], k: [f64; 3], h: f64) -> [f64; 3] {
    [s[0] + h * k[0], s[1] + h * k[1], s[2] + h * k[2]]
}

/// The squared distance to a target after `steps` steps of `h`.
#[differentiable(wrt(start, sigma, rho, beta))]
pub(crate) fn miss(
    start: [f64; 3],
    sigma: f64,
    rho: f64,
    beta: f64,
    target: [f64; 3],
    h: f64,
    steps: usize,
) -> f64 {
    let mut s = start;
    for _ in 0..steps {
        let k1 = lorenz(s, sigma, rho, beta);
        let k2 = lorenz(ahead(s, k1, 0.5 * h), sigma, rho, beta);
        let k3 = lorenz(ahead(s, k2, 0.5 * h), sigma, rho, beta);
        let k4 = lorenz(ahead(s, k3, h), sigma, rho, beta);
        for i in 0..3 {
            s[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }
    let mut square = 0.0;
    for i in 0..3 {
        square += (s[i] - target[i]).powi(2);
    }
    square
}

#[test]
fn gradient_through_the_steps() {
    let target = [1.0, 2.0, 20.0];
    let at = [1.0, 1.1, 1.3, 10.0, 28.0, 8.0 / 3.0];
    let f = |p: &[f64]| miss([p[0], p[1], p[2]], p[3], p[4], p[5], target, 0.01, 100);
    let (value, grad) = miss::value_and_grad([1.0, 1.1, 1.3], 10.0, 28.0, 8.0 / 3.0, target, 0.01, 100);
    assert_close(&[value], &[f(&at)], 1e-12);
    let got = [&grad.start[..], &[grad.sigma, grad.rho, grad.beta]].concat();
    assert_close(&got, &differences(f, &at), 1e-7);
}
