//! A sum written as a loop, as a chain of iterators and in nalgebra's words is one nest, and so is its gradient.

// Loops over indices are what is tested.
#![allow(clippy::needless_range_loop)]

use nalgebra::DVector;
use pullback::differentiable;
use pullback_kernels::ir::parse;

#[differentiable(wrt(a))]
fn by_loop(a: f64, x: &DVector<f64>) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        let r = x[i] * a;
        sum += r * r;
    }
    sum
}

#[differentiable(wrt(a))]
fn by_iterators(a: f64, x: &DVector<f64>) -> f64 {
    x.iter().map(|x| x * a).map(|r| r * r).sum()
}

#[differentiable(wrt(a))]
fn in_words(a: f64, x: &DVector<f64>) -> f64 {
    (x * a).norm_squared()
}

/// The functions of an explanation in order, their values without names.
fn functions(explanation: &str) -> Vec<String> {
    let starts: Vec<usize> = explanation.match_indices("fn @").map(|(at, _)| at).collect();
    let text = |&at: &usize| {
        let end = explanation[at..].find("\n}").expect("a function ends") + 2;
        let mut module = parse(&explanation[at..at + end]).expect("explanations are IR");
        let f = module.funcs.last_mut().expect("a function");
        f.name = if f.name.ends_with(".grad") { "gradient".into() } else { "sum".into() };
        for v in f.values.iter() {
            f.values[v].name.clear();
        }
        module.to_string()
    };
    starts.iter().map(text).collect()
}

const SUM: &str = "
fn @sum(%1: f64, %2: f64[%0]) -> f64 {
  %3 = fold sum (%4 < %0) {
    %5 = index %2[%4]
    %6 = mul %5, %1
    %7 = mul %6, %6
    yield %7
  }
  return %3
}";

const GRADIENT: &str = "
fn @gradient(%1: f64, %2: f64[%0]) -> (f64, f64) {
  %3, %4 = nest (%5 < %0) outs (fold sum, fold sum) {
    %6 = index %2[%5]
    %7 = mul %6, %1
    %8 = mul %7, %7
    %9 = add %7, %7
    %10 = mul %9, %6
    yield %8, %10
  }
  return %3, %4
}";

#[test]
fn three_spellings_are_one_nest() {
    for explanation in [by_loop::explain(), by_iterators::explain(), in_words::explain()] {
        let texts = functions(explanation);
        assert_eq!(texts.len(), 2, "{explanation}");
        assert_eq!(texts[0].trim(), SUM.trim(), "{explanation}");
        assert_eq!(texts[1].trim(), GRADIENT.trim(), "{explanation}");
    }
}
