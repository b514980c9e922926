//! nalgebra's vocabulary beyond the basics: blocks, products, constructors, changes in place; lists of vectors and matrices.

// Programs as people write them, not as a linter would.
#![allow(clippy::all)]

use nalgebra::{
    DMatrix, DVector, Matrix2, Matrix2x3, Matrix3, RowDVector, RowVector2, RowVector3, SVector, Vector2,
    Vector3,
};
use pullback::differentiable;
use pullback_tests::agrees;

#[differentiable]
fn blocks(m: &DMatrix<f64>) -> f64 {
    let corner = m.fixed_view::<2, 2>(1, 0);
    let sides = m.fixed_rows::<2>(1).sum() + m.fixed_columns::<1>(0).norm();
    m.rows(0, 2).sum() * m.columns(1, 2).norm()
        + sides
        + m.view((0, 1), (2, 2)).norm_squared()
        + corner.determinant()
}

#[differentiable]
fn lines(m: &DMatrix<f64>) -> f64 {
    let mut s = m.row_iter().map(|r| r.norm()).sum::<f64>();
    for r in m.row_iter() {
        s += r[0] * r.sum();
    }
    for (j, c) in m.column_iter().enumerate() {
        s += c.norm() * j as f64;
    }
    for v in m.iter() {
        s += v * v;
    }
    s
}

#[differentiable]
fn products(m: &DMatrix<f64>, v: &DVector<f64>) -> f64 {
    let outer = v * v.transpose();
    let k = m.kronecker(&outer);
    let w = v.kronecker(v);
    k.norm() + w.sum() + m.amax() + m.amin() + m.max() + m.min() + k[(4, 5)]
}

#[differentiable]
fn in_place(m: &DMatrix<f64>) -> f64 {
    let mut a = m.clone();
    a.component_mul_assign(m);
    a += m;
    a -= m * 0.5;
    a *= 2.0;
    a /= 3.0;
    a.set_column(0, &m.column(1));
    a.set_row(0, &m.row(1));
    a.fill_diagonal(m[0]);
    a.fill_row(2, m[1]);
    a.swap_rows(0, 1);
    a[(0, 0)] = 3.0 * m[(1, 1)];
    for v in a.iter_mut() {
        *v *= 2.0;
    }
    a.column_mut(1).fill(m[(2, 2)]);
    a.norm() + a[3]
}

#[differentiable]
fn updates(m: &DMatrix<f64>, v: &DVector<f64>) -> f64 {
    let mut y = DVector::zeros(3);
    y.gemv(2.0, m, v, 0.0);
    let mut z = y.clone();
    z.axpy(0.5, v, 1.0);
    z.rows_mut(0, 2).copy_from(&v.rows(1, 2));
    let mut g = DMatrix::zeros(3, 3);
    g.gemm(1.0, m, &m.transpose(), 0.0);
    y.norm() + z.norm_squared() + g.trace() + v.dot(&(m.transpose() * m * v))
}

#[differentiable]
fn rows_and_columns(v: &RowVector3<f64>, m: &Matrix2x3<f64>, r: &RowDVector<f64>) -> f64 {
    (m * v.transpose()).norm() + v.sum() + r.norm() + m.m12 + (v * m.transpose()).x + r[1]
}

#[differentiable]
fn constructors(x: &DVector<f64>) -> f64 {
    let a = DMatrix::from_fn(3, 3, |i, j| x[i] * x[j]);
    let b = DMatrix::from_diagonal(x);
    let c = DVector::from_element(3, x[0]);
    let d = DVector::from_iterator(3, x.iter().map(|v| v * v));
    let e = DVector::from_fn(3, |i, _| x[i]);
    let g = DMatrix::from_row_slice(2, 2, &[x[0], x[1], x[2], 1.0]);
    let i = DMatrix::<f64>::identity(3, 3);
    let j = Matrix2::from_rows(&[RowVector2::new(x[0], x[1]), RowVector2::new(1.0, 2.0)]);
    let k = SVector::<f64, 3>::from_iterator(x.iter().copied());
    let l = DMatrix::repeat(2, 2, x[1]);
    let n = DMatrix::from_vec(1, 3, vec![x[0], x[1], x[2]]);
    let o = Matrix3::from_columns(&[k, k, k * 2.0]);
    let p = DMatrix::from_partial_diagonal(3, 3, &[x[0], x[1]]);
    let dense = (a + b).norm() + c.dot(&d) + e.sum() + g.trace() + i.trace() + l.sum() + n.norm() + p.norm();
    dense + j.determinant() + k.norm() + o.norm()
}

#[differentiable]
fn small_vectors(a: &Vector2<f64>, b: &Vector2<f64>) -> f64 {
    let mut p = *a;
    p.x += 1.0;
    p.y *= b.x;
    let q = a + b * 2.0 - p / 3.0;
    let mut v = [*a, *b];
    v[0] += q;
    v[1].x = 3.0 * a.y;
    (v[0] - v[1]).norm() + a.perp(b) + a.lerp(b, 0.3).sum() + a.metric_distance(b) + a.normalize().y
}

#[test]
fn matrices() {
    let m = DMatrix::from_fn(3, 3, |i, j| {
        (i as f64 - 1.0) * 0.7 + (j as f64 * 1.3).sin() + if i == j { 2.0 } else { 0.1 }
    });
    let v = DVector::from_vec(vec![0.3, -0.4, 1.2]);
    agrees!(blocks(&m));
    agrees!(lines(&m));
    agrees!(products(&m, &v));
    agrees!(in_place(&m));
    agrees!(updates(&m, &v));
    let wide = Matrix2x3::new(0.1, 0.2, 0.3, 0.4, 0.5, 0.6);
    agrees!(rows_and_columns(&RowVector3::new(0.1, 0.2, 0.3), &wide, &RowDVector::from_vec(vec![0.3, 0.2])));
    agrees!(constructors(&v));
    agrees!(small_vectors(&Vector2::new(0.4, 1.3), &Vector2::new(-0.2, 0.7)));
}

#[test]
#[should_panic(expected = "rows or columns out of bounds")]
fn a_block_that_is_not_there() {
    let _ = blocks::value_and_grad(&DMatrix::zeros(2, 2));
}

#[differentiable]
fn of_lists(p: &[Vector3<f64>], w: &[Matrix2<f64>; 2], s: &Vec<f64>) -> f64 {
    let mut t = 0.0;
    for (a, b) in p.iter().zip(p.iter().skip(1)) {
        t += a.cross(b).norm_squared() * s[0];
    }
    t + w[0].determinant() * w[1].m12 + p[0].dot(&p[1]) + p.iter().sum::<Vector3<f64>>().y
}

#[differentiable]
fn nested(x: &[[Vector2<f64>; 2]], t: &[(f64, Vector2<f64>)]) -> f64 {
    x[0][1].dot(&x[1][0]) + t.iter().map(|(a, v)| a * v.x).sum::<f64>()
}

#[differentiable]
fn to_a_list(p: &[Vector2<f64>]) -> Vec<Vector2<f64>> {
    p.iter().map(|v| Vector2::new(v.y * v.x, v.x)).collect()
}

#[differentiable]
fn to_an_array(p: Vec<SVector<f64, 3>>, q: [Vector2<f64>; 3]) -> [Vector2<f64>; 2] {
    [q[0] * p[0].x, q[1] + q[2] * p[1].z]
}

#[differentiable]
fn filled(p: &mut [Vector2<f64>], k: f64) {
    for v in p.iter_mut() {
        *v *= k;
        v.x += 1.0;
    }
}

#[test]
fn lists_of_vectors_and_matrices() {
    let p = vec![Vector3::new(1.0, 2.0, 0.3), Vector3::new(-0.4, 1.0, 0.2), Vector3::new(0.1, 0.2, 0.9)];
    let w = [Matrix2::new(1.0, 2.0, 3.0, 5.0), Matrix2::new(0.3, 0.4, 0.5, 0.1)];
    agrees!(of_lists(&p, &w, &vec![0.3]));
    let grad = of_lists::grad(&p, &w, &vec![0.3]);
    let shapes: (&Vec<Vector3<f64>>, &[Matrix2<f64>; 2]) = (&grad.p, &grad.w);
    // d(w0 determinant · w1.m12) / d w0.m11 = w0.m22 · w1.m12
    assert!((shapes.1[0].m11 - 5.0 * 0.4).abs() < 1e-14 && shapes.0.len() == 3);
    let q = [Vector2::new(1.0, 0.3), Vector2::new(0.4, 0.2), Vector2::new(0.5, -0.3)];
    agrees!(nested(&[[q[0], q[1]], [q[2], q[0]]], &[(0.3, q[1]), (0.2, q[2])]));
    assert!(to_a_list::check(&q).is_ok());
    assert!(to_an_array::check(p, q).is_ok());
    assert!(filled::check(&mut q.clone(), 0.7).is_ok());
}

#[differentiable]
fn inner_functions(x: f64, y: f64) -> f64 {
    let z = cubed(x) * SCALE;
    fn squared(v: f64) -> f64 {
        v * v
    }
    fn cubed(v: f64) -> f64 {
        squared(v) * v
    }
    const SCALE: f64 = 3.0;
    z + squared(y)
}

#[test]
fn functions_in_functions() {
    agrees!(inner_functions(0.3, 0.7));
}
