//! The language: each construct in a function as a user would write it, its value against the function itself, its
//! gradient against differences.

#![allow(clippy::needless_range_loop, clippy::manual_memcpy, clippy::approx_constant)]

use nalgebra::{DMatrix, DVector, Matrix2, Matrix3, SMatrix, SVector, Vector2, Vector3};
use pullback::differentiable;
use pullback_tests::agrees;

#[differentiable]
fn shadowing(x: f64) -> f64 {
    let y = x;
    let x = x * 2.0;
    let y = y * x;
    let x = {
        let x = x + y;
        x * x
    };
    x - y
}

#[differentiable]
fn swapping(a: f64, b: f64) -> f64 {
    let (mut p, mut q) = (a, b);
    for _ in 0..3 {
        (p, q) = (q, p + q * 0.5);
    }
    std::mem::swap(&mut p, &mut q);
    p * 3.0 + q * p
}

#[test]
fn variables() {
    agrees!(shadowing(1.3));
    agrees!(swapping(0.7, -1.1));
}

#[differentiable]
fn breaks(x: &[f64], limit: f64) -> f64 {
    let mut s = 0.0;
    let mut n = 0;
    for (i, v) in x.iter().enumerate() {
        if i == 2 {
            continue;
        }
        s += v * v;
        if s > limit {
            break;
        }
        n += 1;
    }
    s * limit + n as f64
}

#[differentiable]
fn labelled(x: &[f64]) -> f64 {
    let mut s = 0.0;
    'outer: for i in 0..x.len() {
        for j in 0..x.len() {
            if j > i {
                continue 'outer;
            }
            if s > 40.0 {
                break 'outer;
            }
            s += x[i] * x[j];
        }
        s += 1.0;
    }
    s
}

#[differentiable]
fn loop_value(x: f64) -> f64 {
    let mut y = x;
    let mut k = 0;
    let found = loop {
        y = y * 1.5 + 0.1;
        k += 1;
        if y > 10.0 {
            break y * k as f64;
        }
    };
    found + y
}

#[differentiable]
fn returns(x: &[f64], limit: f64) -> f64 {
    if limit < 0.0 {
        return limit * limit;
    }
    let mut s = 0.0;
    for v in x {
        if *v > limit {
            return s * v;
        }
        s += v.sin();
    }
    let r = match x.len() {
        0 => return limit,
        1 => 2.0,
        n => n as f64,
    };
    s * r + limit
}

#[differentiable]
fn nested_returns(x: f64, y: f64) -> f64 {
    let z = if x > 0.0 {
        if y > 0.0 {
            return x * y;
        }
        x
    } else {
        -x * y
    };
    z * z + y
}

#[test]
fn exits() {
    let x = [0.5, 1.5, -2.0, 0.3, 2.5];
    for limit in [0.1, 1.0, 3.0, 20.0] {
        agrees!(breaks(&x, limit));
        agrees!(returns(&x, limit));
    }
    agrees!(returns(&x, -1.0));
    agrees!(returns(&[], 1.0));
    agrees!(returns(&x[..1], 1.0));
    agrees!(labelled(&x));
    agrees!(labelled(&[3.0, 4.0, 5.0]));
    agrees!(loop_value(0.3));
    agrees!(loop_value(20.0));
    for (x, y) in [(1.0, 2.0), (1.0, -2.0), (-1.0, 2.0)] {
        agrees!(nested_returns(x, y));
    }
}

#[differentiable]
fn overwritten(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    let n = v.len();
    for i in 1..n {
        v[i] = v[i] * v[i - 1] + 0.5;
    }
    for i in (0..n - 1).rev() {
        v[i] += v[i + 1].sin();
    }
    v.swap(0, 2);
    let mut out = [0.0; 4];
    for k in 0..4 {
        out[k] = v[k] * k as f64;
        v[k] = 0.0;
    }
    out.iter().sum::<f64>() + v.iter().sum::<f64>() + x[0]
}

#[differentiable]
fn matrix_by_hand(a: &[[f64; 3]], b: &[f64; 3]) -> f64 {
    let mut total = 0.0;
    for row in a {
        let mut dot = 0.0;
        for j in 0..3 {
            dot += row[j] * b[j];
        }
        total += dot * dot;
    }
    let m = [[b[0], b[1]], [b[2], 1.0]];
    total + m[0][0] * m[1][1] - m[0][1] * m[1][0]
}

#[differentiable]
fn iter_mut(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    for e in &mut v {
        *e = e.exp();
    }
    for (e, x) in v.iter_mut().zip(x) {
        *e *= x;
    }
    let total: f64 = v.iter().sum();
    for e in v.iter_mut() {
        *e /= total;
    }
    v.iter().enumerate().map(|(i, v)| v * v * i as f64).sum()
}

#[differentiable]
fn slices(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(2);
    let tail = &x[1..];
    let s: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    s + tail[0] * tail[tail.len() - 1] + x[1..3].iter().product::<f64>()
}

#[differentiable]
fn windows(x: &[f64]) -> f64 {
    let smooth: f64 = x.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum();
    let blocks: f64 = x.chunks(2).map(|c| c.iter().sum::<f64>().powi(2)).sum();
    let stepped: f64 = x.iter().step_by(2).map(|v| v.cos()).sum();
    let best = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ramp: f64 = (1..=3).map(|k| x[k] / k as f64).sum();
    smooth + blocks * stepped + best + ramp
}

#[differentiable]
fn collected(x: &[f64]) -> f64 {
    let sq: Vec<f64> = x.iter().map(|v| v * v).collect();
    let pairs: Vec<(f64, f64)> = sq.iter().zip(x).map(|(a, b)| (*a, b + 1.0)).collect();
    let mut grown = vec![x[0], x[1]];
    grown.push(x[0] * x[1]);
    let positive: Vec<f64> = x.iter().copied().filter(|v| *v > 0.0).collect();
    let n = x.iter().filter(|v| **v > 0.0).count();
    pairs.iter().map(|(a, b)| a * b).sum::<f64>()
        + grown[2] * grown[0]
        + positive.iter().sum::<f64>() / n as f64
        + pairs[0].1
}

#[test]
fn arrays() {
    let x = [0.5, 1.5, -2.0, 0.3];
    agrees!(overwritten(&x));
    agrees!(matrix_by_hand(&[[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]], &[0.3, 0.7, -0.2]));
    agrees!(iter_mut(&x));
    agrees!(slices(&x));
    agrees!(windows(&x));
    agrees!(windows(&[0.5, 1.5, -2.0, 0.3, 7.0]));
    agrees!(collected(&x));
}

#[differentiable]
fn integers(x: f64, #[no_diff] n: usize, #[no_diff] kind: i32) -> f64 {
    let half = n / 2;
    let odd = n % 2 == 1;
    let scale = match (kind, odd) {
        (0, true) => 2.0,
        (1 | 2, _) => 3.0,
        (k, false) if k < 0 => -(k as f64),
        _ => 1.0,
    };
    let m = n.saturating_sub(5).max(1).pow(2) as f64;
    let bits = ((n as u8) << 3) as f64;
    x.powi(half as i32) * scale + m * x + bits * x.sin() + (x * 10.0) as i32 as f64
}

const G: f64 = 9.81;
const STEPS: usize = 4;

#[differentiable]
fn constants(v: f64, angle: f64) -> f64 {
    const HALF: f64 = 0.5;
    let mut h = 0.0;
    let dt = HALF / STEPS as f64;
    let mut vy = v * angle.sin();
    for _ in 0..STEPS {
        h += vy * dt;
        vy -= G * dt;
    }
    h + std::f64::consts::PI * v
}

#[test]
fn numbers() {
    for (n, kind) in [(0, 0), (3, 0), (4, 1), (8, -3), (9, 7), (40, 2)] {
        agrees!(integers(1.23, n, kind));
    }
    agrees!(constants(3.0, 0.4));
}

#[differentiable]
fn network(w1: &DMatrix<f64>, b1: &DVector<f64>, w2: &DVector<f64>, x: &DVector<f64>) -> f64 {
    let h = (w1 * x + b1).map(|v| v.tanh());
    let y = w2.dot(&h);
    (y - 1.0).powi(2) + 0.1 * w1.norm_squared() + w2.norm() + b1.amax()
}

#[differentiable]
fn matrices(a: &DMatrix<f64>, b: &DMatrix<f64>, v: &DVector<f64>) -> f64 {
    let c = a * b;
    let d = a.tr_mul(v);
    let e = b.transpose() * &d;
    let t = c.transpose();
    c.sum()
        + e.norm()
        + t.row(0).sum()
        + c.column(1).dot(&t.row(1).transpose())
        + a.row_sum().norm_squared()
        + b.column_sum().mean()
}

#[differentiable]
fn static_matrices(m: &Matrix3<f64>, v: &Vector3<f64>, w: Vector2<f64>) -> f64 {
    let r = m * v;
    let c = r.cross(v);
    let k = Matrix2::new(w.x, 1.0, 2.0, w.y);
    let kw = k * w;
    let s = SMatrix::<f64, 2, 3>::from_fn(|i, j| m[(i, j)] * 2.0);
    let z: SVector<f64, 2> = s * v;
    c.norm()
        + m.trace()
        + m.diagonal().sum()
        + kw.dot(&z)
        + m.m12 * v.y
        + (m * m).sum()
        + Vector3::new(w.x, 2.0, w.y).dot(v)
}

#[differentiable]
fn vectors(x: &DVector<f64>, y: &DVector<f64>, s: f64) -> f64 {
    let d = x - y * s + 2.0 * x.component_mul(y) - x / 3.0;
    let e = -d.add_scalar(1.0).abs();
    let z = x.zip_map(y, |a, b| (a * b).exp());
    let mut acc = DVector::zeros(x.len());
    acc += &z;
    acc[0] -= s;
    acc *= 0.5;
    e.sum()
        + z.mean()
        + acc.max()
        + x.len() as f64 * s
        + x.rows(1, 2).norm()
        + acc.iter().map(|v| v * v).sum::<f64>()
}

#[test]
fn linear_algebra() {
    let a = DMatrix::from_fn(3, 4, |i, j| (i as f64 - 1.0) * 0.7 + j as f64 * 0.3 + 0.1);
    let b = DMatrix::from_fn(4, 3, |i, j| ((i * 3 + j) as f64).sin());
    let v = DVector::from_vec(vec![0.3, -0.4, 1.2]);
    let x = DVector::from_vec(vec![0.3, -0.4, 1.2, 0.7]);
    agrees!(network(&a, &v, &(&v * 2.0), &x));
    agrees!(matrices(&a, &b, &v));
    let m = Matrix3::new(1.0, 2.0, 0.3, -0.4, 0.5, 0.6, 0.7, 0.8, -0.9);
    agrees!(static_matrices(&m, &Vector3::new(0.2, -0.7, 1.1), Vector2::new(0.4, 1.4)));
    agrees!(vectors(&x, &x.map(|v| v * v - 0.2), 0.6));
}

#[differentiable]
fn moved(x: f64, grad: f64) -> f64 {
    let mut a = x;
    let f = move |v: f64| v * a;
    a += 1.0;
    let value = f(2.0) + a;
    let workspace = value * grad;
    let mut total = 0.0;
    let mut add = |v: f64| total += v * v;
    add(workspace);
    add(a);
    for k in 0..3 {
        if k != 1 {
            add(k as f64 * x);
        }
    }
    total
}

#[differentiable]
fn labelled_blocks(x: f64, y: f64) -> f64 {
    let picked = 'found: {
        if x > 1.0 {
            break 'found x * y;
        }
        let z = x + y;
        if z > 1.0 {
            break 'found z * z;
        }
        z
    };
    let mut s = 0.0;
    for i in 0..6 {
        let v = if i == 3 { continue } else { i as f64 * x };
        s += match i {
            4 => {
                if y < 0.0 {
                    break;
                }
                v * y
            }
            _ => v,
        };
    }
    picked + s
}

#[differentiable]
fn sums_of_vectors(points: &[[f64; 2]], w: &[(f64, f64)]) -> f64 {
    let points: Vec<Vector2<f64>> = points.iter().map(|p| Vector2::new(p[0], p[1])).collect();
    let centre = points.iter().sum::<Vector2<f64>>() / points.len() as f64;
    let spread: f64 = points.iter().map(|p| (p - centre).norm_squared()).sum();
    let weighted: f64 = w.iter().map(|(a, b)| a * b).sum();
    let mut last = points[0];
    for p in &points {
        last = 0.5 * last + p.component_mul(&centre);
    }
    spread * weighted + last.x * last.y
}

#[differentiable]
fn single(x: &DVector<f32>, a: f32) -> f32 {
    let half = 0.5;
    let mut s = 0.0;
    for i in 0..x.len() {
        s += (x[i] * a).tanh() * half;
    }
    s / x.len() as f32
}

#[differentiable]
fn shadowed_by_pattern(x: &[f64], s: f64) -> f64 {
    let v = 2.0;
    let mut t = 0.0;
    for v in x {
        let s = v * s;
        t += s;
    }
    t * v + s
}

#[differentiable]
fn state_machine(x: f64, #[no_diff] n: usize) -> f64 {
    let mut y = x;
    let mut kind = 0;
    let mut i = 0;
    while i < n {
        i += 1;
        match kind {
            0 if y > 2.0 => {
                kind = 1;
                continue;
            }
            0 => y *= 1.7,
            _ => {
                y = y.sqrt();
                if y < 1.2 {
                    kind = 0;
                }
            }
        }
    }
    y + kind as f64
}

#[test]
fn combinations() {
    agrees!(moved(0.7, 1.3));
    for (x, y) in [(1.5, 2.0), (0.9, 0.5), (0.2, -0.3)] {
        agrees!(labelled_blocks(x, y));
    }
    let points = [[0.1, 0.2], [-1.0, 0.7], [2.0, 1.3]];
    agrees!(sums_of_vectors(&points, &[(1.0, 2.0), (0.5, -0.25)]));
    agrees!(shadowed_by_pattern(&[1.0, 2.0], 0.3));
    for n in [0, 1, 5, 12] {
        agrees!(state_machine(0.8, n));
    }
    let x = DVector::from_vec(vec![0.1_f32, -0.4, 0.7]);
    let (value, _) = single::value_and_grad(&x, 0.5);
    assert!((value - single(&x, 0.5)).abs() < 1e-6);
    assert!(single::check(&x, 0.5).is_ok());
}

#[differentiable]
fn distance(a: &DVector<f64>, b: &DVector<f64>) -> f64 {
    (a - b).norm() + a.metric_distance(b)
}

#[test]
fn a_length_has_a_derivative_at_the_origin() {
    let (a, b) = (DVector::from_vec(vec![3.0, 0.0]), DVector::from_vec(vec![0.0, 4.0]));
    let (value, grad) = distance::value_and_grad(&a, &b);
    assert_eq!(value, 10.0);
    assert!((grad.a - DVector::from_vec(vec![1.2, -1.6])).norm() < 1e-15);
    let (value, grad) = distance::value_and_grad(&a, &a);
    assert_eq!((value, grad.a.as_slice(), grad.b.as_slice()), (0.0, &[0.0; 2][..], &[0.0; 2][..]));
}
