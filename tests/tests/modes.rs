//! `modes(..)`: derivatives along directions and whole matrices of them, against what is known of the functions and
//! against each other.

use nalgebra::{DMatrix, DVector, SMatrix, Vector2, Vector3};
use pullback::differentiable;

/// A residual with all kinds of parameters.
#[differentiable(modes(jvp))]
fn residual(a: f64, x: &DVector<f64>, w: [f64; 2], pairs: &[[f64; 2]], count: usize) -> DVector<f64> {
    let s = w[0] * a + w[1] + pairs.iter().map(|p| p[0] * p[1]).sum::<f64>();
    x.map(|x| (x * a).sin() + s * count as f64)
}

#[test]
fn jvp_agrees_with_differences_and_with_vjp() {
    let x = DVector::from_vec(vec![0.3, -1.2, 2.0]);
    let (w, pairs) = ([0.7, -0.4], [[1.0, 2.0], [0.5, -0.3]]);
    let (dx, dw, dpairs) = (DVector::from_vec(vec![0.1, 0.2, -0.3]), [1.0, 0.5], [[0.3, -0.7], [0.2, 0.9]]);
    let (value, along) = residual::jvp(0.9, &x, w, &pairs, 2, 0.4, &dx, dw, &dpairs);
    assert!((value - residual(0.9, &x, w, &pairs, 2)).amax() < 1e-14);
    let at = |h: f64| {
        let moved: Vec<[f64; 2]> =
            pairs.iter().zip(&dpairs).map(|(p, d)| [p[0] + h * d[0], p[1] + h * d[1]]).collect();
        residual(0.9 + h * 0.4, &(&x + h * &dx), [w[0] + h * dw[0], w[1] + h * dw[1]], &moved, 2)
    };
    let h = 1e-5;
    assert!((&along - (at(h) - at(-h)) / (2.0 * h)).amax() < 1e-8, "{along}");
    let seed = DVector::from_vec(vec![1.0, -2.0, 0.5]);
    let (_, pull) = residual::vjp(0.9, &x, w, &pairs, 2);
    let grad = pull(seed.clone());
    let back = grad.a * 0.4
        + grad.x.dot(&dx)
        + grad.w[0] * dw[0]
        + grad.w[1] * dw[1]
        + grad.pairs.iter().zip(&dpairs).map(|(g, d)| g[0] * d[0] + g[1] * d[1]).sum::<f64>();
    assert!((seed.dot(&along) - back).abs() < 1e-12);
    assert_eq!(residual::check(0.9, &x, w, &pairs, 2), Ok(()));
}

#[test]
#[should_panic(expected = "residual: `x` has 3 elements but `dx` has 2")]
fn a_direction_of_the_wrong_length() {
    let x = DVector::from_vec(vec![0.3, -1.2, 2.0]);
    let _ = residual::jvp(0.9, &x, [1.0; 2], &[], 2, 0.4, &DVector::zeros(2), [1.0; 2], &[]);
}

/// Numbers that have no derivative beside one that has; a parameter that is called like a direction.
#[differentiable(wrt(x), modes(jvp))]
fn mixed(x: f64, dx: i64) -> (f64, usize, f64) {
    (x * x, 3, x * dx as f64)
}

#[test]
fn jvp_of_a_tuple() {
    let (value, along) = mixed::jvp(3.0, 4, 0.5);
    assert_eq!(value, (9.0, 3, 12.0));
    assert_eq!((along.0, along.2), (3.0, 2.0));
    assert_eq!(mixed::check(3.0, 4), Ok(()));
}

/// A result whose length is none of the parameters'.
#[differentiable(modes(jvp))]
fn differences(x: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; x.len() - 1];
    for i in 0..x.len() - 1 {
        out[i] = x[i + 1] * x[i + 1] - x[i];
    }
    out
}

#[test]
fn jvp_of_a_list() {
    let (value, along) = differences::jvp(&[1.0, 2.0, 4.0], &[1.0, 0.5, 0.25]);
    assert_eq!(value, [3.0, 14.0]);
    assert_eq!(along, [1.0, 1.5]);
}

/// A quadratic form and a bit more: its Hessian is known.
#[differentiable(wrt(x, s), modes(hvp))]
fn energy(m: &DMatrix<f64>, x: &DVector<f64>, s: f64) -> f64 {
    s * x.dot(&(m * x)) + s.powi(3)
}

#[test]
fn hvp_is_the_hessian_times_the_direction() {
    let m = DMatrix::from_row_slice(3, 3, &[1.0, 2.0, 0.0, -1.0, 0.5, 4.0, 0.3, 0.2, 3.0]);
    let (x, s) = (DVector::from_vec(vec![1.0, -2.0, 0.5]), 1.5);
    let (dx, ds) = (DVector::from_vec(vec![0.4, 0.1, -0.6]), 0.7);
    let (grad, along) = energy::hvp(&m, &x, s, &dx, ds);
    assert_eq!(grad, energy::grad(&m, &x, s));
    let both = &m + m.transpose();
    assert!((&along.x - (s * &both * &dx + ds * &both * &x)).amax() < 1e-13);
    assert!((along.s - ((&both * &x).dot(&dx) + 6.0 * s * ds)).abs() < 1e-13);
}

/// A direction like a static vector, by value.
#[differentiable(modes(hvp, jvp))]
fn bowl(v: Vector3<f32>) -> f32 {
    v.norm_squared() * v.x
}

#[test]
fn directions_by_value() {
    let (v, d) = (Vector3::new(1.0_f32, 2.0, -1.0), Vector3::new(0.5_f32, 0.0, 1.0));
    let (value, along) = bowl::jvp(v, d);
    assert_eq!((value, along), (6.0, 2.0 * v.dot(&d) * v.x + v.norm_squared() * d.x));
    let (grad, second) = bowl::hvp(v, d);
    assert_eq!(grad, 2.0 * v.x * v + Vector3::new(6.0, 0.0, 0.0));
    assert_eq!(second, 2.0 * (d.x * v + v.x * d) + Vector3::new(2.0 * v.dot(&d), 0.0, 0.0));
}

/// A result by a parameter, each of another kind.
mod shapes {
    use super::*;

    #[differentiable(wrt(a, w, x), modes(jacobian))]
    fn mixed(a: f64, w: [f64; 3], x: &DVector<f64>, k: usize) -> [f64; 2] {
        [a * w[0] + x[k] * x[k], w[1] * w[2] * a]
    }

    #[test]
    fn several_parameters() {
        let x = DVector::from_vec(vec![1.0, 3.0]);
        let j = mixed::jacobian(2.0, [5.0, 7.0, 11.0], &x, 1);
        assert_eq!(j.a, [5.0, 77.0]);
        assert_eq!(j.w, [[2.0, 0.0, 0.0], [0.0, 22.0, 14.0]]);
        assert_eq!(j.x, [DVector::from_vec(vec![0.0, 6.0]), DVector::zeros(2)]);
        assert!(mixed::explain().contains("by reverse mode: a row for each element of the results"));
    }

    #[differentiable(modes(jacobian, hessian))]
    fn square(x: f64) -> f64 {
        x * x * x
    }

    #[test]
    fn number_by_number() {
        assert_eq!(square::jacobian(2.0), 12.0);
        assert_eq!(square::hessian(2.0), 12.0);
    }

    #[differentiable(wrt(x), modes(jacobian))]
    fn linear(m: &DMatrix<f64>, x: &DVector<f64>) -> DVector<f64> {
        m * x
    }

    #[test]
    fn vector_by_vector() {
        let m = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(linear::jacobian(&m, &DVector::from_element(3, 0.5)), m);
    }

    #[differentiable(modes(jacobian))]
    fn turn(v: Vector2<f32>) -> Vector3<f32> {
        Vector3::new(v.x * v.y, v.y, 2.0 * v.x)
    }

    #[test]
    fn static_vectors() {
        let expected = SMatrix::<f32, 3, 2>::new(4.0, 3.0, 0.0, 1.0, 2.0, 0.0);
        assert_eq!(turn::jacobian(Vector2::new(3.0, 4.0)), expected);
        assert!(turn::explain().contains("by forward mode: a column for each element of the parameters"));
    }

    #[differentiable(wrt(t), modes(jacobian))]
    fn ray(t: f64, x: &DVector<f64>) -> DVector<f64> {
        x * (t * t)
    }

    #[test]
    fn vector_by_number() {
        let x = DVector::from_vec(vec![1.0, -2.0]);
        assert_eq!(ray::jacobian(3.0, &x), 6.0 * x);
    }

    #[differentiable(modes(jacobian))]
    fn total(x: &DVector<f64>) -> f64 {
        x.norm_squared()
    }

    #[test]
    fn number_by_vector() {
        let x = DVector::from_vec(vec![1.0, -2.0]);
        assert_eq!(total::jacobian(&x), 2.0 * x);
    }

    #[differentiable(modes(jacobian))]
    fn squares(x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| x * x).collect()
    }

    #[test]
    fn list_by_slice() {
        assert_eq!(squares::jacobian(&[1.0, -2.0]), [[2.0, 0.0], [0.0, -4.0]]);
    }

    #[differentiable(modes(jacobian))]
    fn steps(x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; x.len() - 1];
        for i in 0..x.len() - 1 {
            out[i] = x[i + 1] * x[i];
        }
        out
    }

    #[test]
    fn list_of_a_computed_length() {
        assert_eq!(steps::jacobian(&[1.0, 2.0, 4.0]), [[2.0, 1.0, 0.0], [0.0, 4.0, 2.0]]);
    }

    #[differentiable(modes(jacobian))]
    fn scaled(m: &DMatrix<f64>, s: f64) -> DMatrix<f64> {
        m * s
    }

    #[test]
    fn matrix_by_matrix() {
        let m = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let j = scaled::jacobian(&m, 2.0);
        assert_eq!(j.s, m);
        for (i, k) in [(0, 0), (1, 0), (1, 2)] {
            let mut expected = DMatrix::zeros(2, 3);
            expected[(i, k)] = 2.0;
            assert_eq!(j.m[(i, k)], expected);
        }
    }

    #[differentiable(modes(jacobian))]
    fn polar(p: (f64, f64), pairs: &[(f64, f64)]) -> (f64, Vec<f64>) {
        (p.0 * p.1, pairs.iter().map(|q| q.0 * p.0 + q.1 * q.1).collect())
    }

    #[test]
    fn tuples() {
        let j = polar::jacobian((2.0, 3.0), &[(5.0, 7.0), (1.0, 4.0)]);
        assert_eq!(j.p, ((3.0, 2.0), vec![(5.0, 0.0), (1.0, 0.0)]));
        let none = vec![(0.0, 0.0); 2];
        let by_pairs = vec![vec![(2.0, 14.0), (0.0, 0.0)], vec![(0.0, 0.0), (2.0, 8.0)]];
        assert_eq!(j.pairs, (none, by_pairs));
    }

    #[differentiable(modes(jacobian))]
    fn wider(x: f32, y: f64) -> f64 {
        f64::from(x) * f64::from(x) * y
    }

    #[differentiable(modes(jacobian))]
    fn wider_list(x: [f32; 2]) -> [f64; 3] {
        [f64::from(x[0]) * 0.5, f64::from(x[0] * x[1]), 1.0]
    }

    #[differentiable(modes(jacobian, hessian))]
    fn widest(x: [f32; 2], y: f64) -> f64 {
        f64::from(x[0] * x[1]) * y * y
    }

    #[test]
    fn each_in_the_parameters_precision() {
        let j = wider::jacobian(3.0, 0.1);
        assert_eq!((j.x, j.y), (0.6_f32, 9.0));
        assert_eq!(wider_list::jacobian([2.0, 3.0]), [[0.5_f32, 0.0], [3.0, 2.0], [0.0, 0.0]]);
        assert_eq!(widest::jacobian([2.0, 3.0], 0.5).x, [0.75_f32, 0.5]);
        let h = widest::hessian([2.0, 3.0], 0.5);
        assert_eq!((h.x.x, h.x.y), ([[0.0_f32, 0.25], [0.25, 0.0]], [3.0_f64, 2.0]));
        assert_eq!((h.y.x, h.y.y), ([3.0_f32, 2.0], 12.0));
    }
}

/// Second derivatives.
mod curvature {
    use super::*;

    #[differentiable(wrt(x, s, w), modes(hessian, hvp))]
    fn energy(m: &DMatrix<f64>, x: &DVector<f64>, s: f64, w: [f64; 2]) -> f64 {
        s * x.dot(&(m * x)) + s.powi(3) * w[0] + (w[0] * w[1]).sin()
    }

    #[test]
    fn several_parameters() {
        let m = DMatrix::from_row_slice(3, 3, &[1.0, 2.0, 0.0, -1.0, 0.5, 4.0, 0.3, 0.2, 3.0]);
        let (x, s, w) = (DVector::from_vec(vec![1.0, -2.0, 0.5]), 1.5, [0.4, -0.7]);
        let h = energy::hessian(&m, &x, s, w);
        let both = &m + m.transpose();
        assert!((&h.x.x - s * &both).amax() < 1e-14);
        assert!((&h.x.s - &both * &x).amax() < 1e-14);
        assert!((&h.x.s - &h.s.x).amax() < 1e-14);
        assert!((h.s.s - 6.0 * s * w[0]).abs() < 1e-14);
        assert!((h.s.w[0] - 3.0 * s * s).abs() < 1e-14 && h.s.w[1] == 0.0);
        assert!((h.w.s[0] - h.s.w[0]).abs() < 1e-14 && h.w.s[1] == h.s.w[1]);
        assert!((h.w.w[0][1] - h.w.w[1][0]).abs() < 1e-14);
        let p = w[0] * w[1];
        assert!((h.w.w[0][1] - (p.cos() - p * p.sin())).abs() < 1e-14);
        let (dx, ds, dw) = (DVector::from_vec(vec![0.3, 0.1, -0.9]), 0.6, [1.1, -0.2]);
        let (grad, along) = energy::hvp(&m, &x, s, w, &dx, ds, dw);
        assert_eq!(grad, energy::grad(&m, &x, s, w));
        assert!((along.x - (&h.x.x * &dx + &h.x.s * ds)).amax() < 1e-13);
        let by_w = h.s.w[0] * dw[0] + h.s.w[1] * dw[1];
        assert!((along.s - (h.s.x.dot(&dx) + h.s.s * ds + by_w)).abs() < 1e-13);
        for k in 0..2 {
            let expected = h.w.s[k] * ds + h.w.w[k][0] * dw[0] + h.w.w[k][1] * dw[1];
            assert!((along.w[k] - expected).abs() < 1e-13);
        }
    }

    #[differentiable(modes(hessian))]
    fn pairs(p: &[[f64; 2]]) -> f64 {
        let mut total = 1.0;
        for q in p {
            total += q[0] * q[0] * q[1];
        }
        total * total
    }

    #[test]
    fn nested_lists() {
        let p = [[1.0, 2.0], [0.5, -3.0], [0.2, 0.1]];
        let h = pairs::hessian(&p);
        let at = |i: usize, h: f64| {
            let mut moved = p;
            moved[i / 2][i % 2] += h;
            pairs::grad(&moved)
        };
        for i in 0..6 {
            let step = 1e-5;
            let (up, down) = (at(i, step), at(i, -step));
            for j in 0..6 {
                let expected = (up[j / 2][j % 2] - down[j / 2][j % 2]) / (2.0 * step);
                assert!((h[i / 2][i % 2][j / 2][j % 2] - expected).abs() < 1e-6, "{i} {j}");
                assert_eq!(h[i / 2][i % 2][j / 2][j % 2], h[j / 2][j % 2][i / 2][i % 2]);
            }
        }
    }

    #[differentiable(modes(hessian))]
    fn rosenbrock(x: Vector2<f64>) -> f64 {
        (1.0 - x.x).powi(2) + 100.0 * (x.y - x.x * x.x).powi(2)
    }

    #[test]
    fn static_vector() {
        let h = rosenbrock::hessian(Vector2::new(1.0, 1.0));
        assert_eq!(h, SMatrix::<f64, 2, 2>::new(802.0, -400.0, -400.0, 200.0));
    }
}

/// Buffers that the function fills, and names that generated code uses too.
mod filled {
    use super::*;

    #[differentiable(wrt(x, out), modes(jvp, jacobian))]
    fn blend(x: &[f64], out: &mut [f64], keep: f64) -> f64 {
        let mut total = 0.0;
        for i in 0..x.len() {
            out[i] = keep * out[i] + x[i] * x[i];
            total += x[i];
        }
        total
    }

    #[test]
    fn buffers_are_results() {
        let (x, mut out) = ([1.0, -2.0], [4.0, 8.0]);
        let (value, (dvalue, dout)) = blend::jvp(&x, &mut out, 0.5, &[0.1, 0.2], &[1.0, -1.0]);
        assert_eq!((value, out), (-1.0, [3.0, 8.0]));
        assert!((dvalue - 0.3).abs() < 1e-15);
        assert_eq!(blend::check(&x, &mut [4.0, 8.0], 0.5), Ok(()));
        assert_eq!(dout, [0.5 + 2.0 * 0.1, -0.5 - 4.0 * 0.2]);
        let j = blend::jacobian(&x, &mut out, 0.5);
        assert_eq!(j.x, (vec![1.0, 1.0], vec![vec![2.0, 0.0], vec![0.0, -4.0]]));
        assert_eq!(j.out, (vec![0.0, 0.0], vec![vec![0.5, 0.0], vec![0.0, 0.5]]));
        assert_eq!(out, [3.0, 8.0]);
    }

    #[differentiable(modes(jvp, hessian, hvp))]
    fn names(buffers: f64, derivative: f64, from: &[f64], dfrom: f64) -> f64 {
        let to: f64 = from.iter().sum();
        to * buffers * derivative * dfrom
    }

    #[test]
    fn names_of_generated_code() {
        let (value, along) = names::jvp(2.0, 3.0, &[0.5, 0.5], 5.0, 1.0, 0.0, &[1.0, 0.0], 0.0);
        assert_eq!((value, along), (30.0, 45.0));
        let h = names::hessian(2.0, 3.0, &[0.5, 0.5], 5.0);
        assert_eq!((h.from.buffers.clone(), h.derivative.dfrom), (vec![15.0, 15.0], 2.0));
        let (grad, along) = names::hvp(2.0, 3.0, &[0.5, 0.5], 5.0, 0.0, 1.0, &[0.0, 0.0], 0.0);
        assert_eq!((grad.buffers, along.buffers), (15.0, 5.0));
    }
}
