//! Linear algebra: products through contractions, reductions through folds.

use pullback_kernels::ir::{Contract, Extent, Kind, Out, Reduce, Value};

use super::values::{Arr, Val};
use super::{Lower, SILENT};
use crate::ast::{Expr, Method};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;
use crate::types::Len;

/// Static products up to this many multiplications per element are written out rather than sent to a matrix library.
const SMALL: i64 = 6;

impl Lower<'_> {
    /// `a * b`.
    pub(super) fn product(&mut self, a: &Arr, b: &Arr) -> Res<Val> {
        let ((r, k), (k2, c)) = (self.dims(a)?, self.dims(b)?);
        self.require_equal(k, k2, messages::dimensions());
        let (Ty::Matrix(ta, ra, _), Ty::Matrix(tb, _, cb)) = (a.ty.clone(), b.ty.clone()) else {
            return Err(SILENT);
        };
        let elem = self.unify_or_fail(&ta, &tb)?;
        let k = if matches!(k2, Extent::Const(_)) { k2 } else { k };
        let plain = |m: &Arr| m.leaves[0].shape.len() == 2;
        let small = matches!(k, Extent::Const(n) if n <= SMALL);
        if !small && plain(a) && plain(b) {
            // In IR a matrix is its transpose: A B is Bᵀ's array times Aᵀ's.
            let (x, y) = (self.stored(&a.leaves[0].clone())?, self.stored(&b.leaves[0].clone())?);
            let v = self.contract_fit(Contract::MatMul { ta: false, tb: false }, y, x)?;
            return Ok(self.rebuild(&Ty::Matrix(Box::new(elem), ra, cb), &mut std::iter::once(v)));
        }
        if !small && plain(a) && cb == Len::Const(1) {
            let (x, y) = (self.stored(&a.leaves[0].clone())?, self.stored(&b.leaves[0].clone())?);
            let v = self.contract_fit(Contract::MatVec { ta: true }, x, y)?;
            return Ok(self.rebuild(&Ty::Matrix(Box::new(elem), ra, cb), &mut std::iter::once(v)));
        }
        self.plain_product(a, b, &elem, (ra, cb), (r, k, c))
    }

    /// Products that are written out: each element is a sum.
    fn plain_product(
        &mut self,
        a: &Arr,
        b: &Arr,
        elem: &Ty,
        dims: (Len, Len),
        (r, k, c): (Extent, Extent, Extent),
    ) -> Res<Val> {
        let shape = match dims {
            (_, Len::Const(1)) => vec![r],
            (Len::Const(1), _) => vec![c],
            _ => vec![c, r],
        };
        let (a, b) = (a.clone(), b.clone());
        self.matrix(elem, dims, &shape, move |l, at| {
            let zero = l.int(0);
            let (i, j) = match dims {
                (_, Len::Const(1)) => (at[0], zero),
                (Len::Const(1), _) => (zero, at[0]),
                _ => (at[1], at[0]),
            };
            l.sum_over(k, |l, n| {
                let (x, y) = (l.entry(&a, i, n)?, l.entry(&b, n, j)?);
                l.op("mul", &[x, y])
            })
        })
    }

    /// Σ over an extent, written out if it is small.
    pub(super) fn sum_over(
        &mut self,
        n: Extent,
        mut f: impl FnMut(&mut Self, Value) -> Res<Value>,
    ) -> Res<Value> {
        if let Extent::Const(n @ 1..=SMALL) = n {
            let mut sum = None;
            for k in 0..n {
                let k = self.int(k);
                let term = f(self, k)?;
                sum = Some(match sum {
                    None => term,
                    Some(s) => self.op("add", &[s, term])?,
                });
            }
            return sum.ok_or(SILENT);
        }
        Ok(self.nest(&[n], &[Out::Fold(Reduce::Sum)], |l, at| Ok(vec![f(l, at[0])?]))?[0])
    }

    /// A contraction of arrays whose inner extents agree, though the types may not show it.
    pub(super) fn contract_fit(&mut self, kind: Contract, x: Value, y: Value) -> Res<Value> {
        let (sx, sy) = (self.b.values.ty(x).shape().to_vec(), self.b.values.ty(y).shape().to_vec());
        let want = match kind {
            Contract::MatMul { .. } => vec![sx[1], sy[1]],
            Contract::MatVec { ta: false } => vec![sx[1]],
            Contract::Solve { .. } => [&sy[..sy.len() - 1], &sx[..1]].concat(),
            _ => vec![sx[0]],
        };
        let elem = self.b.values.ty(x).elem().ok_or(SILENT)?;
        let y = self.fit(y, &pullback_kernels::ir::Ty::Array(elem, want))?;
        self.push1(Kind::Contract { kind, args: vec![x, y] })
    }

    /// Methods of linear algebra.
    pub(super) fn linear_method(
        &mut self,
        e: &Expr,
        a: &Arr,
        m: &Method,
        args: &[Val],
        want: Option<&Ty>,
    ) -> Res<Val> {
        let ty = a.leaves[0].elem.clone();
        let number = |v: Value| Val::Num(v, ty.clone());
        match (m.name.as_str(), args) {
            ("dot", [Val::Arr(b)]) => self.dot(a, b, false).map(number),
            ("tr_dot", [Val::Arr(b)]) => self.dot(a, b, true).map(number),
            ("norm_squared" | "magnitude_squared", []) => self.norm_squared(a).map(number),
            ("norm" | "magnitude", []) => {
                let s = self.norm_squared(a)?;
                self.euclidean(s, &ty).map(number)
            }
            ("sum", []) => self.folded_numbers(a, Reduce::Sum).map(number),
            ("product", []) => self.folded_numbers(a, Reduce::Product).map(number),
            ("max", []) => self.folded_numbers(a, Reduce::Max).map(number),
            ("min", []) => self.folded_numbers(a, Reduce::Min).map(number),
            ("amax" | "amin", []) => {
                let abs = self.map_numbers(a, |l, v| l.op("abs", &[v]))?;
                let reduce = if m.name == "amax" { Reduce::Max } else { Reduce::Min };
                self.folded_numbers(&abs, reduce).map(number)
            }
            ("mean", []) => self.mean(a).map(number),
            ("variance", []) => self.variance(a).map(number),
            ("imax" | "imin", []) => {
                let reduce = if m.name == "imax" { Reduce::ArgMax } else { Reduce::ArgMin };
                let v = self.folded_numbers(a, reduce)?;
                Ok(Val::Num(v, Ty::USIZE))
            }
            ("normalize", []) => {
                let s = self.norm_squared(a)?;
                let n = self.op("sqrt", &[s])?;
                self.map_numbers(a, |l, v| l.op("div", &[v, n])).map(Val::Arr)
            }
            ("metric_distance", [Val::Arr(b)]) => {
                let Val::Arr(d) = self.zip_numbers(a, b, |l, x, y| l.op("sub", &[x, y]))? else {
                    return Err(SILENT);
                };
                let s = self.norm_squared(&d)?;
                self.euclidean(s, &ty).map(number)
            }
            ("trace", []) => self.trace(a).map(number),
            ("determinant" | "try_inverse" | "lu" | "cholesky", []) => self.solver_method(a, m),
            ("tr_mul", [Val::Arr(b)]) => self.tr_mul(a, b),
            ("cross", [Val::Arr(b)]) => self.cross(a, b),
            ("row_sum" | "column_sum" | "row_mean" | "column_mean", []) => self.line_sums(a, &m.name),
            ("lerp", [Val::Arr(b), Val::Num(t, _)]) => {
                let one = self.number(&ty, 1.0);
                let rest = self.op("sub", &[one, *t])?;
                let t = *t;
                self.zip_numbers(a, b, |l, x, y| {
                    let (x, y) = (l.op("mul", &[x, rest])?, l.op("mul", &[y, t])?);
                    l.op("add", &[x, y])
                })
            }
            ("fold", [init, f]) => {
                let it = self.iterate(Val::Arr(a.clone()), m.name_at)?;
                let fold = Method { name: "fold".into(), ..m.clone() };
                self.iterator_method(e, &it, &fold, vec![init.clone(), f.clone()], want)
            }
            ("kronecker", [Val::Arr(b)]) => self.kronecker(a, b),
            ("perp", [Val::Arr(b)]) => self.perp(a, b).map(number),
            ("is_square", []) => {
                let (r, c) = self.dims(a)?;
                let (r, c) = (self.extent_value(r), self.extent_value(c));
                Ok(Val::Num(self.op("eq", &[r, c])?, Ty::Bool))
            }
            _ => self.fail(m.name_at, messages::unknown_method(&m.name, &a.ty.show())),
        }
    }

    /// `a₁ b₂ - a₂ b₁` of vectors of the plane.
    fn perp(&mut self, a: &Arr, b: &Arr) -> Res<Value> {
        self.same_dims(a, b)?;
        let (zero, one) = (self.int(0), self.int(1));
        let (x, y) = (a.leaves[0].clone(), b.leaves[0].clone());
        let (p, q) = (self.element(&x, &[zero])?, self.element(&y, &[one])?);
        let (r, s) = (self.element(&x, &[one])?, self.element(&y, &[zero])?);
        let (pq, rs) = (self.op("mul", &[p, q])?, self.op("mul", &[r, s])?);
        self.op("sub", &[pq, rs])
    }

    /// Each element of `a` times the whole of `b`.
    fn kronecker(&mut self, a: &Arr, b: &Arr) -> Res<Val> {
        let (Ty::Matrix(ta, ra, ca), Ty::Matrix(tb, rb, cb)) = (a.ty.clone(), b.ty.clone()) else {
            return Err(SILENT);
        };
        let elem = self.unify_or_fail(&ta, &tb)?;
        let ((r, c), (r2, c2)) = (self.dims(a)?, self.dims(b)?);
        let times = |x, y| match (x, y) {
            (Len::Const(x), Len::Const(y)) => Len::Const(x * y),
            _ => Len::Dyn,
        };
        let (rows, cols) = (times(ra, rb), times(ca, cb));
        let product = |l: &mut Self, x, y| {
            let (x, y) = (l.extent_value(x), l.extent_value(y));
            let n = l.op("mul", &[x, y])?;
            Ok(l.extent_of(n))
        };
        let (height, width) = (product(self, r, r2)?, product(self, c, c2)?);
        let shape = super::paths::ir_shape((rows, cols), height, width);
        let (inner_rows, inner_cols) = (self.extent_value(r2), self.extent_value(c2));
        let (a, b, column) = (a.clone(), b.clone(), cols == Len::Const(1));
        self.matrix(&elem, (rows, cols), &shape, move |l, at| {
            let zero = l.int(0);
            let (i, j) = match at {
                [k] if column => (*k, zero),
                [k] => (zero, *k),
                _ => (at[1], at[0]),
            };
            let (i0, i1) = (l.op("div", &[i, inner_rows])?, l.op("rem", &[i, inner_rows])?);
            let (j0, j1) = (l.op("div", &[j, inner_cols])?, l.op("rem", &[j, inner_cols])?);
            let (x, y) = (l.entry(&a, i0, j0)?, l.entry(&b, i1, j1)?);
            l.op("mul", &[x, y])
        })
    }

    /// The whole of a matrix as one reduction.
    fn folded_numbers(&mut self, a: &Arr, reduce: Reduce) -> Res<Value> {
        self.folded_with(a, reduce, |_, v, _| Ok(v))
    }

    fn folded_with(
        &mut self,
        a: &Arr,
        reduce: Reduce,
        f: impl FnOnce(&mut Self, Value, &[Value]) -> Res<Value>,
    ) -> Res<Value> {
        let leaf = a.leaves.first().cloned().ok_or(SILENT)?;
        let v = self.nest(&leaf.shape, &[Out::Fold(reduce)], |l, at| {
            let v = l.element(&leaf, at)?;
            Ok(vec![f(l, v, at)?])
        })?;
        Ok(v[0])
    }

    fn norm_squared(&mut self, a: &Arr) -> Res<Value> {
        self.folded_with(a, Reduce::Sum, |l, v, _| l.op("mul", &[v, v]))
    }

    /// The length of a vector from its square. At the origin its derivative is zero, as PyTorch's is, so the root is
    /// taken of something else there.
    fn euclidean(&mut self, square: Value, ty: &Ty) -> Res<Value> {
        let (zero, one) = (self.number(ty, 0.0), self.number(ty, 1.0));
        let origin = self.op("eq", &[square, zero])?;
        let safe = self.op("select", &[origin, one, square])?;
        let root = self.op("sqrt", &[safe])?;
        self.op("select", &[origin, zero, root])
    }

    /// Σ aᵢ bᵢ, elements paired by position (`dot`) or by transposed position (`tr_dot`).
    fn dot(&mut self, a: &Arr, b: &Arr, transposed: bool) -> Res<Value> {
        let b = if transposed { self.transposed(b)? } else { b.clone() };
        self.same_dims(a, &b)?;
        let elem = (a.leaves[0].elem.clone(), b.leaves[0].elem.clone());
        self.unify_or_fail(&elem.0, &elem.1)?;
        let other = b.leaves[0].clone();
        self.folded_with(a, Reduce::Sum, |l, v, at| {
            let w = l.element(&other, at)?;
            l.op("mul", &[v, w])
        })
    }

    /// The number of elements as a float.
    fn float_count(&mut self, a: &Arr) -> Res<Value> {
        let n = self.matrix_count(a)?;
        self.as_float(n, &a.leaves[0].elem.clone())
    }

    fn as_float(&mut self, n: Extent, ty: &Ty) -> Res<Value> {
        let n = self.extent_value(n);
        let single = self.types.resolve(ty).scalar() == Some(pullback_kernels::ir::Scalar::F32);
        self.op(if single { "to_f32" } else { "to_f64" }, &[n])
    }

    fn mean(&mut self, a: &Arr) -> Res<Value> {
        let sum = self.folded_numbers(a, Reduce::Sum)?;
        let n = self.float_count(a)?;
        self.op("div", &[sum, n])
    }

    /// The population variance: nalgebra's mean of squares less the square of the mean, computed about the mean.
    fn variance(&mut self, a: &Arr) -> Res<Value> {
        let mean = self.mean(a)?;
        let sum = self.folded_with(a, Reduce::Sum, |l, v, _| {
            let d = l.op("sub", &[v, mean])?;
            l.op("mul", &[d, d])
        })?;
        let n = self.float_count(a)?;
        self.op("div", &[sum, n])
    }

    fn trace(&mut self, a: &Arr) -> Res<Value> {
        let (r, c) = self.dims(a)?;
        self.require_equal(r, c, messages::dimensions());
        let a = a.clone();
        self.sum_over(r, |l, i| l.entry(&a, i, i))
    }

    /// `aᵀ b` without a transpose.
    fn tr_mul(&mut self, a: &Arr, b: &Arr) -> Res<Val> {
        let (Ty::Matrix(ta, _, ca), Ty::Matrix(_, _, cb)) = (a.ty.clone(), b.ty.clone()) else {
            return Err(SILENT);
        };
        let ((r, _), (r2, _)) = (self.dims(a)?, self.dims(b)?);
        self.require_equal(r, r2, messages::dimensions());
        let two = |m: &Arr| m.leaves[0].shape.len() == 2;
        let small = matches!(r, Extent::Const(n) if n <= SMALL);
        if !small && two(a) && two(b) {
            let (x, y) = (self.stored(&a.leaves[0].clone())?, self.stored(&b.leaves[0].clone())?);
            let (sx, sy) = (self.b.values.ty(x).shape().to_vec(), self.b.values.ty(y).shape().to_vec());
            let elem = self.b.values.ty(x).elem().ok_or(SILENT)?;
            let y = self.fit(y, &pullback_kernels::ir::Ty::Array(elem, vec![sy[0], sx[1]]))?;
            let v = self
                .push1(Kind::Contract { kind: Contract::MatMul { ta: false, tb: true }, args: vec![y, x] })?;
            return Ok(self.rebuild(&Ty::Matrix(ta, ca, cb), &mut std::iter::once(v)));
        }
        if !small && two(a) && cb == Len::Const(1) {
            let (x, y) = (self.stored(&a.leaves[0].clone())?, self.stored(&b.leaves[0].clone())?);
            let v = self.contract_fit(Contract::MatVec { ta: false }, x, y)?;
            return Ok(self.rebuild(&Ty::Matrix(ta, ca, cb), &mut std::iter::once(v)));
        }
        let at = self.transposed(a)?;
        self.product(&at, b)
    }

    fn cross(&mut self, a: &Arr, b: &Arr) -> Res<Val> {
        let three = |m: &Arr| matches!(m.ty, Ty::Matrix(_, Len::Const(3), Len::Const(1)));
        if !three(a) || !three(b) {
            return self.fail(self.here, messages::cross());
        }
        let mut parts = Vec::new();
        for (i, j) in [(1, 2), (2, 0), (0, 1)] {
            let (i, j) = (self.int(i), self.int(j));
            let get = |l: &mut Self, m: &Arr, k| l.element(&m.leaves[0].clone(), &[k]);
            let (ai, bj, aj, bi) = (get(self, a, i)?, get(self, b, j)?, get(self, a, j)?, get(self, b, i)?);
            let (p, q) = (self.op("mul", &[ai, bj])?, self.op("mul", &[aj, bi])?);
            parts.push(self.op("sub", &[p, q])?);
        }
        let v = self.push1(Kind::Pack { elems: parts, shape: vec![3] })?;
        Ok(self.rebuild(&a.ty.clone(), &mut std::iter::once(v)))
    }

    /// `row_sum` (a row of the sums of columns), `column_sum` (a column of the sums of rows), and means.
    fn line_sums(&mut self, a: &Arr, name: &str) -> Res<Val> {
        let Ty::Matrix(_, lr, lc) = a.ty else { return Err(SILENT) };
        let (r, c) = self.dims(a)?;
        let rows = name.starts_with("row");
        let elem = a.leaves[0].elem.clone();
        let (dims, over, n) = if rows { ((Len::Const(1), lc), c, r) } else { ((lr, Len::Const(1)), r, c) };
        let a = a.clone();
        let mean = name.ends_with("mean");
        let count = if mean { Some(self.as_float(n, &elem)?) } else { None };
        self.matrix(&elem, dims, &[over], move |l, at| {
            let sum =
                l.sum_over(n, |l, k| if rows { l.entry(&a, k, at[0]) } else { l.entry(&a, at[0], k) })?;
            count.map_or(Ok(sum), |n| l.op("div", &[sum, n]))
        })
    }
}
