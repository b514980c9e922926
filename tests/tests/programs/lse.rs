//! The logarithm of a sum of exponentials, with the running maximum differentiated too.

use pullback::differentiable;

use crate::common::{assert_close, numbers, reference};

#[differentiable]
fn lse(x: &[f64]) -> f64 {
    let mut top = x[0];
    for i in 1..x.len() {
        if x[i] > top {
            top = x[i];
        }
    }
    let mut sum = 0.0;
    for v in x {
        sum += (v - top).exp();
    }
    top + sum.ln()
}

#[test]
fn gradbench_cases() {
    for case in reference("lse")["cases"].as_array().unwrap() {
        let x = numbers(&case["x"]);
        let (value, grad) = lse::value_and_grad(&x);
        assert_close(&[value], &numbers(&case["expected_value"]), 1e-13);
        assert_close(&grad, &numbers(&case["expected_grad"]), 1e-12);
    }
}
