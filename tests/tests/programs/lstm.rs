//! The loss of a long short-term memory over a sequence of characters.

use pullback::differentiable;

use crate::common::{assert_close, numbers, reference};

#[differentiable]
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `main`: for each layer weights and biases of the four gates; `extra`: weights in and out, bias out; `state`: for each layer hidden
/// and cell values at the start.
#[differentiable(wrt(main, extra))]
pub(crate) fn loss(main: &[f64], extra: &[f64], state: &[f64], sequence: &[f64], b: usize) -> f64 {
    let layers = state.len() / (2 * b);
    let steps = sequence.len() / b;
    let mut state = state.to_vec();
    let mut total = 0.0;
    for t in 0..steps - 1 {
        let mut x = vec![0.0; b];
        for i in 0..b {
            x[i] = sequence[t * b + i] * extra[i];
        }
        for layer in 0..layers {
            let w = layer * 8 * b;
            let bias = w + 4 * b;
            let h = layer * 2 * b;
            for i in 0..b {
                let forget = sigmoid(x[i] * main[w + i] + main[bias + i]);
                let ingate = sigmoid(state[h + i] * main[w + b + i] + main[bias + b + i]);
                let outgate = sigmoid(x[i] * main[w + 2 * b + i] + main[bias + 2 * b + i]);
                let change = (state[h + i] * main[w + 3 * b + i] + main[bias + 3 * b + i]).tanh();
                state[h + b + i] = state[h + b + i] * forget + ingate * change;
                state[h + i] = outgate * state[h + b + i].tanh();
                x[i] = state[h + i];
            }
        }
        let mut sum = 2.0;
        for i in 0..b {
            x[i] = x[i] * extra[b + i] + extra[2 * b + i];
            sum += x[i].exp();
        }
        let log_sum = sum.ln();
        for i in 0..b {
            total += sequence[(t + 1) * b + i] * (x[i] - log_sum);
        }
    }
    -total / (b * (steps - 1)) as f64
}

#[test]
fn adbench_prefix() {
    let case = reference("lstm_l2_c32_prefix");
    let [main, extra, state, sequence] =
        ["main_params", "extra_params", "state", "sequence"].map(|k| numbers(&case[k]));
    let b = case["b"].as_u64().unwrap() as usize;
    let (value, grad) = loss::value_and_grad(&main, &extra, &state, &sequence, b);
    assert_close(&[value], &numbers(&case["expected_value"]), 1e-13);
    let expected = [numbers(&case["expected_grad_main"]), numbers(&case["expected_grad_extra"])].concat();
    // Most components are small, so each is held to its own size.
    for (g, w) in [grad.main, grad.extra].concat().iter().zip(&expected) {
        assert!((g - w).abs() <= 1e-10 * w.abs() + 1e-18, "{g} {w}");
    }
}
