//! `Vec`s whose length changes: `push`, `pop` and the like in loops and branches.

// Programs as people write them, not as a linter would.
#![allow(clippy::all)]

use nalgebra::Vector2;
use pullback::differentiable;
use pullback_tests::agrees;

#[differentiable]
fn each_element(x: &[f64]) -> f64 {
    let mut v = Vec::new();
    for e in x {
        v.push(e * e);
    }
    v.iter().sum::<f64>() * v[1]
}

#[differentiable]
fn some_elements(x: &[f64]) -> f64 {
    let mut v = Vec::with_capacity(x.len());
    for e in x {
        if *e > 0.0 {
            v.push(e * e);
        }
    }
    v.iter().sum::<f64>() / v.len() as f64
}

/// The element that is taken off is not looked at: how many there are does not depend on any.
#[differentiable]
fn as_many_as_lengths_say(a: f64, x: &[f64], #[no_diff] k: usize) -> f64 {
    let mut v: Vec<f64> = Vec::new();
    for i in 0..k {
        v.extend(x.iter().map(|u| u * a + i as f64));
        for _ in 0..k {
            v.pop();
        }
    }
    if a > 0.0 {
        v.push(a * a);
    } else {
        v.pop();
    }
    v.iter().map(|u| u * u).sum::<f64>()
}

#[differentiable]
fn until_large(x: f64, #[no_diff] n: usize) -> f64 {
    let mut v = vec![x];
    for _ in 0..n {
        let last = v[v.len() - 1];
        if last > 10.0 {
            break;
        }
        v.push(last * 1.5 + 0.1);
    }
    v.iter().sum::<f64>() + v.len() as f64
}

#[differentiable]
fn popped_again(x: &[f64]) -> f64 {
    let mut v: Vec<f64> = vec![];
    for (i, e) in x.iter().enumerate() {
        v.push(*e);
        if i % 2 == 1 {
            v.pop();
        }
    }
    v.iter().map(|e| e * e).sum()
}

#[differentiable]
fn extended(x: &[f64]) -> f64 {
    let mut v = Vec::new();
    v.extend(x.iter().map(|e| e * 2.0));
    v.extend_from_slice(x);
    v.truncate(5);
    let s = v.iter().sum::<f64>();
    v.clear();
    s + v.len() as f64 + if v.is_empty() { x[0] } else { 0.0 }
}

#[differentiable]
fn pairs(x: &[f64]) -> f64 {
    let mut pts: Vec<(f64, f64)> = Vec::new();
    for w in x.windows(2) {
        if w[0] < w[1] {
            pts.push((w[0], w[1]));
        }
    }
    pts.iter().map(|(a, b)| a * b).sum()
}

#[differentiable]
fn nested_loops(x: &[f64]) -> f64 {
    let mut pts: Vec<[f64; 2]> = Vec::new();
    for i in 0..x.len() {
        for j in 0..i {
            pts.push([x[i], x[j]]);
        }
    }
    pts.iter().map(|p| p[0] * p[1]).sum()
}

#[differentiable]
fn running(x: &[f64]) -> Vec<f64> {
    let mut out = vec![];
    let mut s = 0.0;
    for v in x {
        s += v;
        out.push(s * s);
    }
    out
}

#[differentiable]
fn trajectory(x: f64) -> f64 {
    let mut traj = vec![Vector2::new(x, 1.0)];
    for i in 0..5 {
        let p = traj[i];
        traj.push(Vector2::new(p.y, p.x * 0.5));
    }
    traj.last().unwrap().norm() + traj.iter().map(|p| p.x).sum::<f64>()
}

#[differentiable]
fn left_early(x: &[f64]) -> f64 {
    let mut v = Vec::new();
    for e in x {
        if *e < 0.0 {
            continue;
        }
        v.push(*e);
        if v.len() == 2 {
            break;
        }
    }
    v.iter().product::<f64>()
}

#[differentiable]
fn two_lists(x: &[f64]) -> f64 {
    let mut a = Vec::new();
    let mut b = Vec::new();
    for e in x {
        if *e > 0.0 { a.push(*e) } else { b.push(-*e) }
    }
    let d: f64 = a.iter().zip(&b).map(|(p, q)| p * q).sum();
    d + a.len() as f64 * x[0]
}

#[differentiable]
fn in_a_branch(x: f64) -> f64 {
    let mut v = vec![1.0, x];
    if x > 0.0 {
        v.push(x * x);
    }
    v.iter().sum()
}

#[differentiable]
fn inserted_and_removed(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    v.insert(1, 2.0 * x[0]);
    v.remove(0);
    v.resize(6, x[1]);
    v.iter().enumerate().map(|(i, e)| e * i as f64).sum()
}

#[differentiable]
fn rotated(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    v.reverse();
    v.rotate_left(1);
    v.iter().enumerate().map(|(i, e)| e * i as f64).sum()
}

#[differentiable]
fn sorted(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    v.sort_by(|a, b| a.partial_cmp(b).unwrap());
    v[1] * v[2] * 2.0 + v[0]
}

#[differentiable]
fn stack(x: &[f64]) -> f64 {
    let mut stack = vec![];
    for v in x {
        stack.push(*v);
    }
    let mut s = 0.0;
    while let Some(v) = stack.pop() {
        s = s * 0.5 + v;
    }
    s
}

#[differentiable]
fn rows_of_their_own(x: &[f64]) -> f64 {
    let mut v = vec![1.0];
    for w in 0..2 {
        let mut v = vec![x[w]];
        v.push(2.0);
        v.push(v[0]);
    }
    for i in 0..3 {
        let mut row = Vec::new();
        for j in 0..=i {
            row.push(x[j] * i as f64);
        }
        v.push(row.iter().sum::<f64>());
    }
    v.iter().map(|e| e * e).sum()
}

#[differentiable]
fn through_closures(x: &[f64]) -> f64 {
    let mut out = Vec::new();
    let mut add = |v: f64| out.push(v * 2.0);
    add(x[0]);
    for e in x {
        if *e > 0.2 {
            add(*e);
        }
    }
    x.iter().for_each(|e| out.push(*e));
    out.iter().map(|e| e * e).sum()
}

#[differentiable]
fn counted_first(x: &[f64], t: f64) -> Vec<f64> {
    let mut out = vec![];
    if t < 0.0 {
        out.push(t);
    }
    out.push(t * t);
    if t > 5.0 {
        out.push(x[0]);
    }
    let mut s = t;
    while s < 3.0 {
        s = s * 1.3 + x[0];
        out.push(s);
    }
    out
}

#[differentiable]
fn hull(x: &[f64]) -> f64 {
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for (i, v) in x.iter().enumerate() {
        let p = (i as f64, *v);
        while hull.len() >= 2 {
            let (a, b) = (hull[hull.len() - 2], hull[hull.len() - 1]);
            if (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0) > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(p);
    }
    hull.windows(2).map(|w| (w[1].1 - w[0].1).hypot(w[1].0 - w[0].0)).sum()
}

#[differentiable]
fn sorted_by_keys(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    v.sort_by(|a, b| b.partial_cmp(a).unwrap_or(std::cmp::Ordering::Equal));
    let mut p: Vec<(f64, f64)> = x.iter().map(|v| (*v, v * v)).collect();
    p.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut w = x.to_vec();
    w.sort_unstable_by(f64::total_cmp);
    let median = 0.5 * (w[w.len() / 2] + w[(w.len() - 1) / 2]);
    v[0] * v[1] + p[2].0 * p[0].1 + median * 7.0
}

#[differentiable]
fn queue(x: &[f64]) -> f64 {
    let mut q = vec![x[0]];
    let mut s = 0.0;
    for step in 0..6 {
        let Some(v) = q.first().copied() else { break };
        q.remove(0);
        s += v * v;
        if step < 3 {
            q.push(v + x[1]);
            q.extend([v * 0.5, 1.0]);
        }
        if step == 1 {
            q.truncate(2);
            q.clear();
            q.push(x[2]);
        }
    }
    s + q.len() as f64
}

const X: [f64; 4] = [0.5, 1.5, -2.0, 0.3];

#[test]
fn pushes() {
    agrees!(each_element(&X));
    agrees!(some_elements(&X));
    agrees!(until_large(0.3, 10));
    agrees!(until_large(0.3, 2));
    agrees!(pairs(&X));
    agrees!(nested_loops(&X));
    agrees!(trajectory(0.4));
    agrees!(left_early(&X));
    agrees!(two_lists(&X));
    agrees!(in_a_branch(0.4));
    agrees!(in_a_branch(-0.4));
    agrees!(rows_of_their_own(&X));
    agrees!(through_closures(&X));
    assert!(running::check(&X).is_ok());
}

#[test]
fn other_changes_of_length() {
    agrees!(popped_again(&X));
    agrees!(extended(&X));
    agrees!(inserted_and_removed(&X));
    agrees!(stack(&X));
    agrees!(queue(&X));
    agrees!(as_many_as_lengths_say(0.5, &X, 2));
    agrees!(as_many_as_lengths_say(-0.5, &X, 3));
    agrees!(hull(&[0.0, 1.0, 0.4, 3.0, 2.0, 2.5]));
}

#[test]
fn other_orders() {
    agrees!(rotated(&X));
    agrees!(sorted(&X));
    agrees!(sorted_by_keys(&X));
}

#[test]
fn lengths_that_a_pass_without_elements_finds() {
    for t in [-1.0, 0.2, 7.0] {
        let (value, _) = counted_first::vjp(&X, t);
        assert_eq!(value, counted_first(&X, t));
        assert!(counted_first::check(&X, t).is_ok());
    }
}

#[differentiable]
fn pushed(x: &[f64]) -> f64 {
    let mut squares = Vec::new();
    for v in x {
        squares.push(v * v);
    }
    squares.iter().map(|v| v.sin()).sum()
}

#[differentiable]
fn chained(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).map(|v| v.sin()).sum()
}

/// A loop that pushes to a `Vec` is the same nest as the iterator chain.
#[test]
fn a_loop_that_pushes_fuses() {
    let nest = |text: &str| {
        let from = text.find("derivative, fused").expect("the derivative");
        let kinds: Vec<String> =
            text[from..].lines().filter(|l| l.contains(" = ")).map(str::to_string).collect();
        kinds
            .iter()
            .map(|l| l.split(" = ").nth(1).unwrap_or("").split('%').next().unwrap_or("").to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(nest(pushed::explain()), nest(chained::explain()));
}
