//! Random functions in the accepted language, compiled with the macro: values against the plain function, gradients
//! against the same program over dual numbers. `PULLBACK_PROGRAMS=5000 PULLBACK_SEED=7 cargo test --test random_rust`
//! makes and checks others.

#![allow(
    clippy::all,
    unused_labels,
    unused_variables,
    unused_mut,
    unused_assignments,
    unused_parens,
    unused_must_use,
    dead_code,
    non_snake_case,
    non_camel_case_types,
    unreachable_code
)]

use pullback::{Differentiable, differentiable};
use pullback_tests::dual::Dual as D;

/// What the functions use as a struct, and the same over dual numbers.
#[derive(Differentiable, Clone, Copy)]
struct Pair {
    p: f64,
    q: [f64; 3],
}

#[differentiable]
impl Pair {
    fn mix(&mut self, x: f64) {
        self.p = (self.p * x).sin();
        for k in 0..2 {
            self.q[k] = self.p * self.q[k + 1] + x;
        }
    }

    fn norm(&self) -> f64 {
        (self.p + self.q[0] * self.q[2]).tanh()
    }
}

#[derive(Clone, Copy)]
struct DualPair {
    p: D,
    q: [D; 3],
}

impl DualPair {
    fn mix(&mut self, x: D) {
        self.p = (self.p * x).sin();
        for k in 0..2 {
            self.q[k] = self.p * self.q[k + 1] + x;
        }
    }

    fn norm(&self) -> D {
        (self.p + self.q[0] * self.q[2]).tanh()
    }
}

struct Case {
    name: &'static str,
    plain: fn(f64, f64, &[f64], usize) -> f64,
    gradient: fn(f64, f64, &[f64], usize) -> (f64, Vec<f64>),
    dual: fn(D, D, &[D], usize) -> D,
}

macro_rules! case {
    ($name:ident, $dual:ident) => {
        Case {
            name: stringify!($name),
            plain: $name,
            gradient: |a, b, x, k| {
                let (value, g) = $name::value_and_grad(a, b, x, k);
                (value, [&[g.a, g.b], &g.x[..]].concat())
            },
            dual: $dual,
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/random_rust.rs"));

/// The derivative by each parameter, one run each.
fn by_duals(case: &Case, a: f64, b: f64, x: &[f64], k: usize) -> Vec<f64> {
    let slope = |at: usize| {
        let number = |i: usize, value: f64| D { value, slope: if i == at { 1.0 } else { 0.0 } };
        let x: Vec<D> = x.iter().enumerate().map(|(i, &v)| number(i + 2, v)).collect();
        (case.dual)(number(0, a), number(1, b), &x, k).slope
    };
    (0..x.len() + 2).map(slope).collect()
}

#[test]
fn gradients_are_those_of_dual_numbers() {
    let points: [(f64, f64, &[f64], usize); 3] = [
        (0.7, 1.3, &[0.4, 1.1, 0.9, 1.6], 3),
        (-0.4, 0.2, &[1.5, -0.3, 0.8], 1),
        (1.9, -1.2, &[0.05, 2.0, -1.4, 0.6, 0.9], 5),
    ];
    let mut wrong = Vec::new();
    for case in CASES {
        for (a, b, x, k) in points {
            wrong.extend(
                mistake(case, a, b, x, k).map(|m| format!("{} at {a}, {b}, {x:?}, {k}: {m}", case.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), 3 * CASES.len(), wrong.join("\n"));
}

/// What is wrong with a function at a point.
fn mistake(case: &Case, a: f64, b: f64, x: &[f64], k: usize) -> Option<String> {
    let plain = (case.plain)(a, b, x, k);
    let (value, gradient) = (case.gradient)(a, b, x, k);
    if (value - plain).abs() > 1e-11 * (1.0 + plain.abs()) {
        return Some(format!("the value is {value}, not {plain}"));
    }
    let expected = by_duals(case, a, b, x, k);
    let scale = expected.iter().fold(1.0f64, |m, d| m.max(d.abs()));
    let differs = |&(g, d): &(&f64, &f64)| (g - d).abs() > 1e-8 * scale || g.is_nan() != d.is_nan();
    let at = gradient.iter().zip(&expected).position(|pair| differs(&pair))?;
    Some(format!("derivative {at} is {}, not {}", gradient[at], expected[at]))
}
