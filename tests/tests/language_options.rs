//! `Option`: lookups that may find nothing, variables that may hold nothing, and the patterns that ask.

// Programs as people write them, not as a linter would.
#![allow(clippy::all)]

use nalgebra::{DMatrix, DVector};
use pullback::differentiable;
use pullback_tests::agrees;

#[differentiable]
fn ends(x: &[f64]) -> f64 {
    let m = x.first().unwrap();
    let l = x.last().copied().unwrap_or(0.0);
    m * l
}

#[differentiable]
fn if_let(x: &[f64]) -> f64 {
    if let Some(v) = x.first() { v * v } else { 0.0 }
}

#[differentiable]
fn match_on_an_option(x: &[f64]) -> f64 {
    match x.last() {
        Some(v) => v * v,
        None => 1.0,
    }
}

#[differentiable]
fn let_else(x: &[f64]) -> f64 {
    let Some(v) = x.first() else {
        return 0.0;
    };
    v * 2.0
}

#[differentiable]
fn best_so_far(x: &[f64]) -> f64 {
    let mut best: Option<f64> = None;
    for v in x {
        if *v > 0.0 {
            best = Some(*v);
        }
    }
    best.unwrap_or(3.0) * x[0]
}

#[differentiable]
fn best_by_match(x: &[f64]) -> f64 {
    let mut best = None;
    for v in x {
        best = match best {
            None => Some(*v),
            Some(b) if *v > b => Some(*v),
            b => b,
        };
    }
    if let Some(b) = best { b * b } else { 0.0 }
}

#[differentiable]
fn largest(x: &[f64]) -> f64 {
    let m = x.iter().copied().max_by(|a, b| a.partial_cmp(b).unwrap());
    m.map(|m| m * m).unwrap_or(0.0)
}

#[differentiable]
fn smallest(x: &[f64]) -> f64 {
    let m = x.iter().min_by(|a, b| a.total_cmp(b));
    match m {
        Some(&v) => v * 2.0,
        _ => 0.0,
    }
}

#[differentiable]
fn by_index(x: &[f64]) -> f64 {
    x.get(1).map_or(0.0, |v| v * v) + x.get(7).copied().unwrap_or(0.5)
}

#[differentiable]
fn while_let(x: &[f64]) -> f64 {
    let mut it = x.iter();
    let mut s = 0.0;
    while let Some(v) = it.next() {
        s += v * v;
    }
    s
}

#[differentiable]
fn position(x: &[f64], t: f64) -> f64 {
    let k = x.iter().position(|v| *v > t);
    match k {
        Some(k) => x[k] * t,
        None => t,
    }
}

#[differentiable]
fn found(x: &[f64], t: f64) -> f64 {
    x.iter().find(|v| **v > t).map(|v| v * t).unwrap_or(t)
}

#[differentiable]
fn largest_with_its_place(x: &[f64]) -> f64 {
    let (i, v) = x.iter().enumerate().max_by(|a, b| a.1.partial_cmp(b.1).unwrap()).unwrap();
    v * i as f64
}

#[differentiable]
fn reduced(x: &[f64]) -> f64 {
    let v = x.iter().copied().reduce(|a, b| a.max(b)).unwrap();
    v * v
}

#[differentiable]
fn previous(x: &[f64]) -> f64 {
    let mut prev: Option<f64> = None;
    let mut s = 0.0;
    for &v in x {
        if let Some(p) = prev {
            s += (v - p).powi(2);
        }
        prev = Some(v);
    }
    s
}

#[differentiable]
fn two_options(x: &[f64]) -> f64 {
    let (mut lo, mut hi) = (None, None);
    for (i, &v) in x.iter().enumerate() {
        if v > 0.4 && lo.is_none() {
            lo = Some(i);
        }
        if v > 1.0 {
            hi = Some((i, v));
        }
    }
    match (lo, hi) {
        (Some(a), Some((b, v))) => x[a] * v * b as f64,
        (Some(a), None) => x[a],
        _ => 0.0,
    }
}

#[differentiable]
fn of_a_condition(x: f64, #[no_diff] on: bool) -> f64 {
    let s = if on { Some(x * x) } else { None };
    s.unwrap_or_default() + s.unwrap_or_else(|| x.sin()) + on.then(|| x * 3.0).unwrap_or(1.0)
}

#[differentiable]
fn let_else_of_a_decomposition(a: &DMatrix<f64>, b: &DVector<f64>) -> f64 {
    let m = a + a.transpose();
    let Some(c) = m.clone().cholesky() else { panic!("no") };
    c.solve(b).sum()
}

#[differentiable]
fn searches_of_what_is_left(x: &[f64]) -> f64 {
    let v = x.iter().filter(|v| **v > 0.0).max_by(|a, b| a.total_cmp(b));
    let w = x.iter().copied().filter(|v| *v < 0.0).next();
    v.unwrap() * w.unwrap_or(2.0)
        + x.iter().map(|v| v * v).min_by(|a, b| b.partial_cmp(a).unwrap()).unwrap()
        + x.iter().rev().filter(|v| **v > 5.0).last().copied().unwrap_or(0.25)
}

#[differentiable]
fn chain_of_lets(x: &[f64], t: f64) -> f64 {
    if let Some(i) = x.iter().position(|v| *v > t)
        && let Some(v) = x.get(i + 1)
        && *v < 0.0
    {
        v * t
    } else if let Some(v) = x.first() {
        *v
    } else {
        0.0
    }
}

#[differentiable]
fn taken_and_replaced(x: &[f64]) -> f64 {
    let mut p = None;
    let mut s = 0.0;
    for v in x {
        if let Some(q) = p.replace(*v) {
            s += q * v;
        }
    }
    let l = p.take();
    s + l.unwrap() + if p.is_none() { x[0] } else { 0.0 }
}

#[differentiable]
fn mutable_ends(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    if let Some(e) = v.last_mut() {
        *e *= 3.0;
    }
    if let Some(e) = v.iter_mut().next() {
        *e = *e * *e;
    }
    *v.first_mut().unwrap() += 1.0;
    v.iter().sum()
}

#[differentiable]
fn best_point(x: &[[f64; 2]]) -> f64 {
    let mut best: Option<[f64; 2]> = None;
    for p in x {
        if best.is_none_or(|b| p[0] > b[0]) {
            best = Some(*p);
        }
    }
    let Some([a, b]) = best else { return 0.0 };
    a * b
}

#[differentiable]
fn keys(x: &[f64]) -> f64 {
    let n = x.iter().min_by_key(|v| (**v * 10.0) as i64).unwrap();
    let r = x.iter().find_map(|v| if *v > 1.0 { Some(v * v) } else { None });
    n * r.unwrap_or(1.0)
}

const X: [f64; 4] = [0.5, 1.5, -2.0, 0.3];

#[test]
fn lookups() {
    agrees!(ends(&X));
    agrees!(if_let(&X));
    agrees!(if_let(&[]));
    agrees!(match_on_an_option(&X));
    agrees!(match_on_an_option(&[]));
    agrees!(let_else(&X));
    agrees!(let_else(&[]));
    agrees!(largest(&X));
    agrees!(smallest(&X));
    agrees!(by_index(&X));
    agrees!(largest_with_its_place(&X));
    agrees!(reduced(&X));
    for t in [0.4, 40.0] {
        agrees!(position(&X, t));
        agrees!(found(&X, t));
    }
    agrees!(searches_of_what_is_left(&X));
    agrees!(keys(&X));
}

#[test]
fn variables() {
    agrees!(best_so_far(&X));
    agrees!(best_so_far(&[-1.0, -2.0]));
    agrees!(best_by_match(&X));
    agrees!(best_by_match(&[]));
    agrees!(previous(&X));
    agrees!(two_options(&X));
    agrees!(two_options(&[0.5, 0.1]));
    agrees!(two_options(&[0.1]));
    agrees!(of_a_condition(0.3, true));
    agrees!(of_a_condition(0.3, false));
    agrees!(taken_and_replaced(&X));
    agrees!(best_point(&[[1.0, 2.0], [0.3, -0.4], [3.0, 0.2]]));
    agrees!(best_point(&[]));
}

#[test]
fn loops_and_conditions() {
    agrees!(while_let(&X));
    agrees!(chain_of_lets(&X, 1.0));
    agrees!(chain_of_lets(&X, 0.1));
    agrees!(mutable_ends(&X));
    agrees!(let_else_of_a_decomposition(
        &DMatrix::from_row_slice(2, 2, &[2.0, 0.5, 0.5, 3.0]),
        &DVector::from_vec(vec![1.0, -2.0])
    ));
}
