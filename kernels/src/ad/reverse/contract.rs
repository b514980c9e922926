//! Contractions. Rules for solutions and factors after M. Giles, "Collected matrix derivative results for forward and
//! reverse mode algorithmic differentiation" (2008), and I. Murray, "Differentiation of the Cholesky decomposition" (2016).

use super::Reverse;
use crate::ad::matrix::{self, halves, negated, scaled};
use crate::ir::{Contract, Reduce, Value};
use crate::ops::Op;

impl Reverse<'_, '_> {
    pub(super) fn contract(&mut self, kind: Contract, args: &[Value], result: Value) {
        let d = self.take_or_zero(result);
        match kind {
            Contract::MatMul { ta, tb } => self.matmul((ta, tb), args[0], args[1], d),
            Contract::MatVec { ta } => self.matvec(ta, args[0], args[1], d),
            Contract::Solve { ta } => self.solve(ta, args[0], args[1], result, d),
            Contract::Inverse => {
                let y = self.primal(result);
                let left = self.product((true, false), y, d);
                let da = self.product((false, true), left, y);
                let da = negated(&mut self.b, da);
                self.add(args[0], da);
            }
            Contract::Det => {
                let a = self.primal(args[0]);
                let c = self.b.contract(Contract::Cofactor, &[a]);
                let da = scaled(&mut self.b, c, d);
                self.add(args[0], da);
            }
            Contract::Cofactor => self.cofactor(args[0], result, d),
            Contract::Cholesky => self.cholesky(args[0], result, d),
        }
    }

    fn product(&mut self, (ta, tb): (bool, bool), x: Value, y: Value) -> Value {
        self.b.contract(Contract::MatMul { ta, tb }, &[x, y])
    }

    fn matmul(&mut self, (ta, tb): (bool, bool), a: Value, b: Value, d: Value) {
        if self.is_active(a) {
            let y = self.primal(b);
            let da = if ta { self.product((tb, true), y, d) } else { self.product((false, !tb), d, y) };
            self.add(a, da);
        }
        if self.is_active(b) {
            let x = self.primal(a);
            let db = if tb { self.product((true, ta), d, x) } else { self.product((!ta, false), x, d) };
            self.add(b, db);
        }
    }

    fn matvec(&mut self, ta: bool, a: Value, b: Value, d: Value) {
        if self.is_active(a) {
            let x = self.primal(b);
            let da = if ta { self.outer(a, x, d) } else { self.outer(a, d, x) };
            self.add(a, da);
        }
        if self.is_active(b) {
            let m = self.primal(a);
            let dx = self.b.contract(Contract::MatVec { ta: !ta }, &[m, d]);
            self.add(b, dx);
        }
    }

    /// The outer product of two vectors, of the shape of a matrix of the forward sweep.
    fn outer(&mut self, like: Value, x: Value, y: Value) -> Value {
        let ty = self.primal_type(like);
        self.b.build(ty.shape(), |b, i| {
            let (u, v) = (b.index(x, &i[..1]), b.index(y, &i[1..]));
            b.op(Op::Mul, &[u, v])
        })
    }

    /// `db = A⁻ᵀ dx` and `dA = -db xᵀ`.
    fn solve(&mut self, ta: bool, a: Value, b: Value, result: Value, d: Value) {
        let m = self.primal(a);
        let db = self.b.contract(Contract::Solve { ta: !ta }, &[m, d]);
        if self.is_active(a) {
            let x = self.primal(result);
            let (left, right) = if ta { (x, db) } else { (db, x) };
            let da = match self.b.values.ty(x).shape().len() {
                1 => self.outer(a, left, right),
                _ => self.product((true, false), left, right),
            };
            let da = negated(&mut self.b, da);
            self.add(a, da);
        }
        self.add(b, db);
    }

    /// Through `C = det(A) A⁻ᵀ`, so for regular matrices only: the second derivative of a determinant.
    fn cofactor(&mut self, a: Value, result: Value, d: Value) {
        let (m, c) = (self.primal(a), self.primal(result));
        let inverse = self.b.contract(Contract::Inverse, &[m]);
        let shape = self.primal_type(a).shape().to_vec();
        let trace = self.b.fold(Reduce::Sum, &shape, |b, i| {
            let (x, y) = (b.index(d, i), b.index(inverse, &[i[1], i[0]]));
            b.op(Op::Mul, &[x, y])
        });
        let first = scaled(&mut self.b, c, trace);
        let left = self.product((false, true), c, d);
        let second = self.product((false, true), left, inverse);
        let second = negated(&mut self.b, second);
        self.add(a, first);
        self.add(a, second);
    }

    /// With L = Uᵀ: `S = L⁻ᵀ (P + Pᵀ) L⁻¹ / 2`, where P is the lower triangle of `Lᵀ dL` with half the diagonal. The
    /// factor reads the upper triangle of A only, so both halves of S come there.
    fn cholesky(&mut self, a: Value, result: Value, d: Value) {
        let u = self.primal(result);
        let shape = self.primal_type(a).shape().to_vec();
        let m = self.product((false, true), u, d);
        let q = matrix::symmetric_from_lower(&mut self.b, m, &shape);
        let inverse = self.b.contract(Contract::Inverse, &[u]);
        let left = self.product((false, false), inverse, q);
        let s = self.product((false, true), left, inverse);
        let da = halves(&mut self.b, s, &shape, 1.0);
        self.add(a, da);
    }
}
