//! Determinants, inverses and solutions of systems of equations: values against nalgebra, gradients against differences and
//! against the reference at awkward points. And values that count as constants.

use nalgebra::{DMatrix, DVector, Matrix2, Matrix3, Matrix5, SMatrix, Vector5};
use pullback::differentiable;

/// Generated value and own value agree, gradient and differences agree.
macro_rules! agrees {
    ($f:ident($($arg:expr),*)) => {
        let (value, _) = $f::value_and_grad($($arg),*);
        let own = $f($($arg),*);
        assert!((value - own).abs() <= 1e-11 * own.abs().max(1.0), "{}: {value} and {own}", stringify!($f));
        if let Err(e) = $f::check($($arg),*) {
            panic!("{}: {e}", stringify!($f));
        }
    };
}

/// A well-conditioned matrix that is not symmetric.
fn matrix(n: usize) -> DMatrix<f64> {
    DMatrix::from_fn(n, n, |i, j| (1.0 + 1.7 * i as f64 + 0.9 * (i * j) as f64 + j as f64).sin())
        + DMatrix::identity(n, n) * 3.0
}

fn positive(n: usize) -> DMatrix<f64> {
    let a = matrix(n);
    &a * a.transpose()
}

fn rectangle(r: usize, c: usize) -> DMatrix<f64> {
    DMatrix::from_fn(r, c, |i, j| (0.3 + i as f64 * 1.1 - j as f64 * 0.7).cos())
}

#[differentiable]
fn det(a: &DMatrix<f64>) -> f64 {
    a.determinant()
}

#[differentiable(modes(grad, hessian))]
fn det2(a: &Matrix2<f64>) -> f64 {
    a.determinant()
}

#[differentiable(modes(grad, hessian))]
fn det3(a: &Matrix3<f64>) -> f64 {
    a.determinant()
}

#[differentiable]
fn det5(a: &Matrix5<f64>) -> f64 {
    a.lu().determinant().abs().ln()
}

#[test]
fn determinants() {
    for n in [1, 2, 4, 5, 7] {
        agrees!(det(&matrix(n)));
    }
    agrees!(det2(&Matrix2::new(1.0, 2.0, -3.0, 0.5)));
    agrees!(det3(&Matrix3::new(1.0, 2.0, -3.0, 0.5, 4.0, 1.0, 0.2, -0.7, 2.0)));
    agrees!(det5(&SMatrix::from_fn(|i, j| matrix(5)[(i, j)])));
    assert_eq!(det::grad(&DMatrix::zeros(0, 0)), DMatrix::zeros(0, 0));
}

/// The second derivative of a determinant of two rows is 1 or -1 for the two diagonals, wherever it is taken.
#[test]
fn second_derivatives_of_determinants_of_singular_matrices() {
    let h = det2::hessian(&Matrix2::new(1.0, 2.0, 2.0, 4.0));
    let want = DMatrix::from_row_slice(
        4,
        4,
        &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
    );
    for (k, l) in (0..4).flat_map(|k| (0..4).map(move |l| (k, l))) {
        assert_eq!(h[k][l], want[(k, l)], "{k}, {l}");
    }
}

/// Large singular matrices: minors where the inverse says nothing.
#[test]
fn cofactors_of_large_singular_matrices() {
    for n in [5, 6] {
        let mut a = matrix(n);
        let copy = a.row(0) * 2.0;
        a.set_row(1, &copy);
        let (value, grad) = det::value_and_grad(&a);
        assert!(value.abs() < 1e-9, "{value}");
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let minor = a.clone().remove_row(i).remove_column(j).determinant();
            let want = if (i + j) % 2 == 0 { minor } else { -minor };
            assert!((grad[(i, j)] - want).abs() <= 1e-10 * want.abs().max(1.0), "{i}, {j}");
        }
    }
}

#[differentiable]
fn inverse(a: &DMatrix<f64>, w: &DMatrix<f64>) -> f64 {
    a.clone().try_inverse().unwrap().dot(w)
}

#[differentiable]
fn inverse2(a: &Matrix2<f64>, w: &Matrix2<f64>) -> f64 {
    let inverse = a.try_inverse().expect("a regular matrix");
    (inverse * w).component_mul(&inverse).sum()
}

#[test]
fn inverses() {
    for n in [1, 2, 3, 6] {
        agrees!(inverse(&matrix(n), &rectangle(n, n)));
    }
    agrees!(inverse2(&Matrix2::new(1.0, 2.0, -3.0, 0.5), &Matrix2::new(0.3, 1.0, 2.0, -1.0)));
}

#[differentiable]
fn solved(a: &DMatrix<f64>, b: &DVector<f64>, w: &DVector<f64>) -> f64 {
    let x = a.clone().lu().solve(b).unwrap();
    x.dot(w)
}

#[differentiable]
fn solved_columns(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let lu = a.clone().lu();
    let x = lu.solve(b).expect("a regular system");
    let y = lu.solve(&x).unwrap();
    x.component_mul(&y).sum()
}

#[differentiable]
fn solved5(a: &Matrix5<f64>, b: &Vector5<f64>) -> f64 {
    a.lu().solve(b).unwrap().norm_squared()
}

/// A system in a loop: each right-hand side is the solution before.
#[differentiable]
fn steps(a: &DMatrix<f64>, b: &DVector<f64>, n: usize) -> f64 {
    let mut x = b.clone();
    for _ in 0..n {
        x = a.clone().lu().solve(&x).unwrap() + b;
    }
    x.norm_squared()
}

#[test]
fn solutions() {
    for n in [1, 2, 3, 6] {
        let w = rectangle(n, 2);
        agrees!(solved(&matrix(n), &w.column(0).clone_owned(), &w.column(1).clone_owned()));
        agrees!(solved_columns(&matrix(n), &rectangle(n, 3)));
        agrees!(steps(&matrix(n), &w.column(1).clone_owned(), 3));
    }
    agrees!(solved5(&SMatrix::from_fn(|i, j| matrix(5)[(i, j)]), &Vector5::new(0.3, -1.0, 2.0, 0.5, 1.5)));
}

#[differentiable]
fn lower(a: &DMatrix<f64>, w: &DMatrix<f64>) -> f64 {
    a.clone().cholesky().unwrap().l().dot(w)
}

#[differentiable]
fn cholesky_solved(a: &DMatrix<f64>, b: &DVector<f64>, c: &DMatrix<f64>) -> f64 {
    let factor = a.clone().cholesky().expect("a positive definite matrix");
    factor.solve(b).norm_squared() + factor.solve(c).sum()
}

#[test]
fn cholesky() {
    for n in [1, 2, 3, 6] {
        agrees!(lower(&positive(n), &rectangle(n, n)));
        agrees!(cholesky_solved(&positive(n), &rectangle(n, 1).column(0).clone_owned(), &rectangle(n, 2)));
        // What is not read has no gradient.
        let grad = lower::grad(&positive(n), &rectangle(n, n)).a;
        assert!((0..n).all(|i| (i + 1..n).all(|j| grad[(i, j)] == 0.0)), "{grad}");
        assert!((0..n).all(|i| (0..=i).all(|j| grad[(i, j)] != 0.0)), "{grad}");
    }
}

/// The message of a panic.
fn panics(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(f).expect_err("a panic");
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|s| s.to_string()))
        .unwrap()
}

#[test]
fn singular_matrices_are_named() {
    let singular = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 4.0]);
    let (a, w) = (singular.clone(), rectangle(2, 2));
    assert!(panics(move || drop(inverse::grad(&a, &w))).contains("inverse of a singular matrix"));
    let (a, b) = (singular.clone(), rectangle(2, 2));
    assert!(panics(move || drop(solved_columns::grad(&a, &b))).contains("singular system of equations"));
    let (a, w) = (-singular, rectangle(2, 2));
    assert!(panics(move || drop(lower::grad(&a, &w))).contains("not positive definite"));
}

#[differentiable]
fn log_det2(a: &Matrix2<f64>) -> f64 {
    a.determinant().ln()
}

#[differentiable]
fn inverse_entry(a: &Matrix2<f64>, j: usize) -> f64 {
    a.try_inverse().unwrap()[(0, j)]
}

/// The rows of the reference about matrices; the gradients of determinants are the exact cofactors.
#[test]
fn reference() {
    let file: serde_json::Value = serde_json::from_str(include_str!("../reference/edge_cases.json")).unwrap();
    let rows = file.as_object().unwrap().values().find_map(|v| v.as_array()).unwrap();
    let numbers = |row: &serde_json::Value, key: &str| -> Vec<f64> {
        row[key].as_array().into_iter().flatten().map(|x| x.as_f64().expect("a number")).collect()
    };
    let mut checked = 0;
    for row in rows {
        let op = row["op"].as_str().unwrap();
        if !op.starts_with("det ") {
            continue;
        }
        let (input, want) = (numbers(row, "input"), numbers(row, "calculus"));
        let n = if input.len() == 4 { 2 } else { 3 };
        let dynamic = det::value_and_grad(&DMatrix::from_row_slice(n, n, &input));
        let (value, grad) = if n == 2 {
            let (v, g) = det2::value_and_grad(&Matrix2::from_row_slice(&input));
            (v, DMatrix::from_fn(2, 2, |i, j| g[(i, j)]))
        } else {
            let (v, g) = det3::value_and_grad(&Matrix3::from_row_slice(&input));
            (v, DMatrix::from_fn(3, 3, |i, j| g[(i, j)]))
        };
        for (value, grad) in [dynamic, (value, grad)] {
            assert!((value - row["value"].as_f64().unwrap()).abs() < 1e-13, "{op}: {value}");
            let got = grad.transpose();
            assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-14), "{op}: {got} {want:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 10);
}

/// A singular matrix has no inverse; the logarithm of its determinant has the slopes of a determinant above zero.
#[test]
fn reference_of_inverses_and_logarithms() {
    let (value, grad) = inverse_entry::value_and_grad(&Matrix2::new(2.0, 1.0, 1.0, 3.0), 1);
    assert!((value + 0.2).abs() < 1e-15, "{value}");
    assert!((grad - Matrix2::new(0.12, -0.24, -0.04, 0.08)).norm() < 1e-15, "{grad}");
    let singular = Matrix2::new(1.0, 2.0, 2.0, 4.0);
    assert!(
        panics(move || {
            let _ = inverse_entry::grad(&singular, 0);
        })
        .contains("inverse of a singular matrix")
    );
    let (value, grad) = log_det2::value_and_grad(&singular);
    assert_eq!(value, f64::NEG_INFINITY);
    assert_eq!(grad, Matrix2::new(1.0, -1.0, -1.0, 1.0) * f64::INFINITY);
}

#[differentiable]
fn half_detached(x: f64) -> f64 {
    x * pullback::detach(x)
}

#[differentiable]
fn detached_vectors(x: &DVector<f64>) -> f64 {
    x.dot(pullback::detach(x)) + pullback::detach(x.map(f64::exp)).sum()
}

#[differentiable]
fn detached_list(x: &[f64], k: usize) -> f64 {
    let frozen = pullback::detach(x);
    frozen.iter().zip(x).map(|(f, x)| f * f * x).sum::<f64>() + x[pullback::detach(k)]
}

#[differentiable(modes(grad, hessian, jvp))]
fn twice(x: f64) -> f64 {
    x * x * pullback::detach(x)
}

#[test]
fn detached_values_count_as_constants() {
    assert_eq!(half_detached::value_and_grad(3.0), (9.0, 3.0));
    let x = DVector::from_vec(vec![1.0, -2.0, 0.5]);
    let (value, grad) = detached_vectors::value_and_grad(&x);
    assert!((value - detached_vectors(&x)).abs() < 1e-12);
    assert_eq!(grad, x);
    let (value, grad) = detached_list::value_and_grad(&[1.0, 2.0, 3.0], 1);
    assert_eq!(value, detached_list(&[1.0, 2.0, 3.0], 1));
    assert_eq!(grad, [1.0, 5.0, 9.0]);
    assert_eq!(twice::grad(3.0), 18.0);
    assert_eq!(twice::hessian(3.0), 6.0);
    assert_eq!(twice::jvp(3.0, 1.0), (27.0, 18.0));
}
