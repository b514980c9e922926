//! Linear least squares with powers by repeated multiplication in an inner loop.

use pullback::differentiable;

use crate::common::{assert_close, numbers, reference};

#[differentiable]
fn objective(x: &[f64], n: usize) -> f64 {
    let mut total = 0.0;
    for i in 0..n {
        let t = -1.0 + 2.0 * i as f64 / (n - 1) as f64;
        let sign = if t > 0.0 {
            1.0
        } else if t < 0.0 {
            -1.0
        } else {
            0.0
        };
        let mut model = 0.0;
        let mut power = 1.0;
        for j in 0..x.len() {
            model += x[j] * power;
            power *= t;
        }
        total += (sign - model) * (sign - model);
    }
    0.5 * total
}

#[test]
fn gradbench_cases() {
    for case in reference("llsq")["cases"].as_array().unwrap() {
        let x = numbers(&case["x"]);
        let n = case["n"].as_u64().unwrap() as usize;
        let (value, grad) = objective::value_and_grad(&x, n);
        assert_close(&[value], &numbers(&case["expected_value"]), 1e-12);
        assert_close(&grad, &numbers(&case["expected_grad"]), 1e-12);
    }
}
