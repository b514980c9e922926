//! Dense linear algebra of the interpreter, in f64 whatever the elements are.

use super::{Array, Datum, Result, fail};
use crate::ir::{Contract, Lit};

/// A square matrix, row by row.
struct Square {
    n: usize,
    data: Vec<f64>,
}

impl Square {
    fn of(a: &Array) -> Result<Square> {
        match a.shape.as_slice() {
            &[n, m] if n == m => Ok(Square { n, data: a.data.iter().map(|x| x.to_f64()).collect() }),
            _ => fail("a matrix that should be square is not"),
        }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.n + j]
    }

    fn transposed(&self) -> Square {
        let n = self.n;
        Square { n, data: (0..n * n).map(|k| self.at(k % n, k / n)).collect() }
    }

    /// Without one row and one column.
    fn minor(&self, row: usize, col: usize) -> Square {
        let keep = |skip: usize| (0..self.n).filter(move |&k| k != skip);
        let data = keep(row).flat_map(|i| keep(col).map(move |j| self.at(i, j))).collect();
        Square { n: self.n - 1, data }
    }

    /// By elimination with partial pivoting.
    fn det(&self) -> f64 {
        let (n, mut a, mut det) = (self.n, self.data.clone(), 1.0);
        for k in 0..n {
            let Some(p) = pivot(&a, n, k) else { return 0.0 };
            if p != k {
                (0..n).for_each(|j| a.swap(k * n + j, p * n + j));
                det = -det;
            }
            det *= a[k * n + k];
            for i in k + 1..n {
                let f = a[i * n + k] / a[k * n + k];
                (k..n).for_each(|j| a[i * n + j] -= f * a[k * n + j]);
            }
        }
        det
    }

    /// The solution for one right-hand side; `None` if the matrix is singular.
    fn solve(&self, b: &[f64]) -> Option<Vec<f64>> {
        let (n, mut a, mut x) = (self.n, self.data.clone(), b.to_vec());
        for k in 0..n {
            let p = pivot(&a, n, k)?;
            (0..n).for_each(|j| a.swap(k * n + j, p * n + j));
            x.swap(k, p);
            for i in k + 1..n {
                let f = a[i * n + k] / a[k * n + k];
                (k..n).for_each(|j| a[i * n + j] -= f * a[k * n + j]);
                x[i] -= f * x[k];
            }
        }
        for i in (0..n).rev() {
            let rest: f64 = (i + 1..n).map(|j| a[i * n + j] * x[j]).sum();
            x[i] = (x[i] - rest) / a[i * n + i];
        }
        Some(x)
    }

    /// The upper triangular factor; `None` unless the matrix is positive definite.
    fn cholesky(&self) -> Option<Vec<f64>> {
        let n = self.n;
        let mut u = vec![0.0; n * n];
        for i in 0..n {
            for j in i..n {
                let rest: f64 = (0..i).map(|k| u[k * n + i] * u[k * n + j]).sum();
                let v = self.at(i, j) - rest;
                u[i * n + j] = if i == j { v.sqrt() } else { v / u[i * n + i] };
            }
            if u[i * n + i].is_nan() || u[i * n + i] <= 0.0 {
                return None;
            }
        }
        Some(u)
    }
}

/// The row from `k` on with the largest element in column `k`; `None` if all are zero.
fn pivot(a: &[f64], n: usize, k: usize) -> Option<usize> {
    let size = |i: &usize| a[i * n + k].abs();
    (k..n).rev().max_by(|i, j| size(i).total_cmp(&size(j))).filter(|p| size(p) > 0.0)
}

/// A contraction other than a product.
pub(super) fn contract(kind: Contract, args: &[&Array]) -> Result<Datum> {
    let Some(first) = args.first() else { return fail("a contraction of nothing") };
    let a = Square::of(first)?;
    let n = a.n;
    let array = |shape: &[usize], data: Vec<f64>| {
        let data = data.into_iter().map(|x| Lit::of(first.elem, x)).collect();
        Datum::Array(Array { elem: first.elem, shape: shape.to_vec(), data })
    };
    let unit = |k: usize| (0..n).map(|j| if j == k { 1.0 } else { 0.0 }).collect::<Vec<_>>();
    match kind {
        Contract::Det => Ok(Datum::Scalar(Lit::of(first.elem, a.det()))),
        Contract::Cofactor => {
            let sign = |k: usize| if (k / n + k % n).is_multiple_of(2) { 1.0 } else { -1.0 };
            Ok(array(&[n, n], (0..n * n).map(|k| sign(k) * a.minor(k / n, k % n).det()).collect()))
        }
        Contract::Inverse => match (0..n).map(|k| a.transposed().solve(&unit(k))).collect::<Option<Vec<_>>>()
        {
            Some(rows) => Ok(array(&[n, n], rows.concat())),
            None => fail("the inverse of a singular matrix"),
        },
        Contract::Cholesky => match a.cholesky() {
            Some(u) => Ok(array(&[n, n], u)),
            None => fail("the Cholesky factor of a matrix that is not positive definite"),
        },
        Contract::Solve { ta } => {
            let Some(b) = args.get(1) else { return fail("solve takes two arrays") };
            let a = if ta { a.transposed() } else { a };
            let rows: Vec<f64> = b.data.iter().map(|x| x.to_f64()).collect();
            if b.shape.last() != Some(&n) {
                return fail("a right-hand side of the wrong length");
            }
            match rows.chunks(n.max(1)).map(|b| a.solve(b)).collect::<Option<Vec<_>>>() {
                Some(x) => Ok(array(&b.shape, x.concat())),
                None => fail("a singular system"),
            }
        }
        Contract::MatMul { .. } | Contract::MatVec { .. } => fail("a product is no solution"),
    }
}
