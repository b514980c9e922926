//! Determinants, inverses and solutions of systems of equations; and values that count as constants.
//!
//! In IR a matrix is its transpose: what solves with A reads its array transposed.

use std::rc::Rc;

use pullback_kernels::ir::{Contract, Extent, Kind, Ty as IrTy, Value};

use super::values::{Arr, Data, Leaf, Val};
use super::{Lower, SILENT};
use crate::ast::Method;
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;
use crate::types::Len;

/// What a matrix was decomposed into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    /// Two triangles with exchanged rows; the array is the matrix itself.
    Lu,
    /// A triangle and its transpose; the array is the lower one.
    Cholesky,
}

impl Factor {
    /// What it is, for messages.
    pub(super) fn show(self) -> &'static str {
        match self {
            Factor::Lu => "an LU decomposition",
            Factor::Cholesky => "a Cholesky decomposition",
        }
    }

    fn known(self) -> &'static str {
        match self {
            Factor::Lu => "`solve`, `try_inverse` and `determinant`",
            Factor::Cholesky => "`l` and `solve`",
        }
    }
}

impl Lower<'_> {
    /// `determinant`, `try_inverse`, `lu` and `cholesky` of a matrix.
    pub(super) fn solver_method(&mut self, a: &Arr, m: &Method) -> Res<Val> {
        let matrix = self.square(a, &m.name)?;
        let like = |l: &mut Self, v| l.rebuild(&a.ty, &mut std::iter::once(v));
        match m.name.as_str() {
            "determinant" => self.determinant(a, matrix),
            "try_inverse" => {
                let v = self.solver(Contract::Inverse, matrix)?;
                Ok(Val::Fallible(Box::new(like(self, v))))
            }
            "cholesky" => {
                let v = self.solver(Contract::Cholesky, matrix)?;
                let Val::Arr(lower) = like(self, v) else { return Err(SILENT) };
                Ok(Val::Fallible(Box::new(Val::Factor(Factor::Cholesky, lower))))
            }
            _ => match like(self, matrix) {
                Val::Arr(a) => Ok(Val::Factor(Factor::Lu, a)),
                _ => Err(SILENT),
            },
        }
    }

    /// The array of a square matrix, its extents equal.
    fn square(&mut self, a: &Arr, name: &str) -> Res<Value> {
        let Ty::Matrix(_, lr, lc) = a.ty else { return Err(SILENT) };
        let ((r, c), two) = (self.dims(a)?, a.leaves[0].shape.len() == 2);
        if !two || matches!((lr, lc), (Len::Const(r), Len::Const(c)) if r != c) {
            return self.fail(self.here, messages::square(name, &a.ty.show()));
        }
        self.require_equal(r, c, messages::dimensions());
        let v = self.stored(&a.leaves[0].clone())?;
        let elem = self.b.values.ty(v).elem().ok_or(SILENT)?;
        let n = if matches!(c, Extent::Const(_)) { c } else { r };
        self.fit(v, &IrTy::Array(elem, vec![n, n]))
    }

    fn solver(&mut self, kind: Contract, matrix: Value) -> Res<Value> {
        self.push1(Kind::Contract { kind, args: vec![matrix] })
    }

    /// Written out for two and three rows, so that it fuses and can be differentiated twice wherever it is singular.
    fn determinant(&mut self, a: &Arr, matrix: Value) -> Res<Val> {
        let v = match self.b.values.ty(matrix).shape() {
            [Extent::Const(2), _] => self.minor(matrix, [0, 1], [0, 1])?,
            [Extent::Const(3), _] => self.determinant3(matrix)?,
            _ => self.solver(Contract::Det, matrix)?,
        };
        Ok(Val::Num(v, a.leaves[0].elem.clone()))
    }

    /// The determinant of two rows and two columns.
    fn minor(&mut self, matrix: Value, rows: [i64; 2], columns: [i64; 2]) -> Res<Value> {
        let at = |l: &mut Self, i: usize, j: usize| {
            let at = vec![l.int(columns[j]), l.int(rows[i])];
            l.push1(Kind::Index { array: matrix, at })
        };
        let (a, b, c, d) = (at(self, 0, 0)?, at(self, 0, 1)?, at(self, 1, 0)?, at(self, 1, 1)?);
        let (p, q) = (self.op("mul", &[a, d])?, self.op("mul", &[b, c])?);
        self.op("sub", &[p, q])
    }

    fn determinant3(&mut self, matrix: Value) -> Res<Value> {
        let mut terms = Vec::new();
        for (j, columns) in [[1, 2], [0, 2], [0, 1]].into_iter().enumerate() {
            let at = vec![self.int(j as i64), self.int(0)];
            let first = self.push1(Kind::Index { array: matrix, at })?;
            let minor = self.minor(matrix, [1, 2], columns)?;
            terms.push(self.op("mul", &[first, minor])?);
        }
        let rest = self.op("sub", &[terms[0], terms[1]])?;
        self.op("add", &[rest, terms[2]])
    }

    /// `solve`, `l` and the like of a decomposition.
    pub(super) fn factor_method(&mut self, factor: Factor, a: &Arr, m: &Method, args: &[Val]) -> Res<Val> {
        match (factor, m.name.as_str(), args) {
            (Factor::Lu, "solve", [Val::Arr(b)]) => {
                let x = self.solve(true, a, b)?;
                Ok(Val::Fallible(Box::new(Val::Arr(x))))
            }
            (Factor::Lu, "try_inverse" | "determinant", []) => self.solver_method(a, m),
            (Factor::Cholesky, "solve", [Val::Arr(b)]) => {
                let half = self.solve(true, a, b)?;
                self.solve(false, a, &half).map(Val::Arr)
            }
            (Factor::Cholesky, "l", []) => Ok(Val::Arr(a.clone())),
            _ => self.fail(m.name_at, messages::factor_method(&m.name, factor.show(), factor.known())),
        }
    }

    /// The solution of `A x = b`; of `Aᵀ x = b` if the array is not to be read transposed.
    fn solve(&mut self, ta: bool, a: &Arr, b: &Arr) -> Res<Arr> {
        let (Ty::Matrix(ta_elem, ra, _), Ty::Matrix(tb_elem, rb, cb)) = (a.ty.clone(), b.ty.clone()) else {
            return self.fail(self.here, messages::right_hand_side(&b.ty.show()));
        };
        if rb == Len::Const(1) {
            return self.fail(self.here, messages::right_hand_side(&b.ty.show()));
        }
        let elem = self.unify_or_fail(&ta_elem, &tb_elem)?;
        let ((n, _), (rows, _)) = (self.dims(a)?, self.dims(b)?);
        self.require_equal(n, rows, messages::dimensions());
        let (x, y) = (self.stored(&a.leaves[0].clone())?, self.stored(&b.leaves[0].clone())?);
        let v = self.contract_fit(Contract::Solve { ta }, x, y)?;
        let rows = if rb == Len::Dyn { ra } else { rb };
        match self.rebuild(&Ty::Matrix(Box::new(elem), rows, cb), &mut std::iter::once(v)) {
            Val::Arr(x) => Ok(x),
            _ => Err(SILENT),
        }
    }

    /// `unwrap` and `expect` of a result that fails for some matrices: what computes it panics for these.
    pub(super) fn unwrapped(&mut self, v: Val, m: &Method) -> Res<Val> {
        match m.name.as_str() {
            "unwrap" | "expect" => Ok(v),
            name => self.fail(m.name_at, messages::fallible(name)),
        }
    }

    /// A value that counts as a constant.
    pub(super) fn detached(&mut self, v: Val) -> Res<Val> {
        Ok(match v {
            Val::Num(v, t) => Val::Num(self.detached_number(v)?, t),
            Val::Tuple(vs) => Val::Tuple(vs.into_iter().map(|v| self.detached(v)).collect::<Res<_>>()?),
            Val::Struct(s, vs) => {
                Val::Struct(s, vs.into_iter().map(|v| self.detached(v)).collect::<Res<_>>()?)
            }
            Val::Arr(a) => Val::Arr(Arr { leaves: a.leaves.into_iter().map(detached_leaf).collect(), ..a }),
            Val::Never => Val::Never,
            other => return self.fail(self.here, messages::not_data(&other.show())),
        })
    }

    fn detached_number(&mut self, v: Value) -> Res<Value> {
        if self.b.values.ty(v).is_float() { self.op("detach", &[v]) } else { Ok(v) }
    }
}

/// The elements one by one, where they are read.
fn detached_leaf(leaf: Leaf) -> Leaf {
    let source = leaf.clone();
    let element = move |l: &mut Lower, at: &[Value]| {
        let v = l.element(&source, at)?;
        l.detached_number(v)
    };
    Leaf { data: Data::View(Rc::new(element)), ..leaf }
}
