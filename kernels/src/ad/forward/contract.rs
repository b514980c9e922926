//! Contractions: the product rule, and the rules of solutions and factors (see the reverse rules for the source).

use super::Forward;
use crate::ad::matrix::{halves, negated, scaled, symmetric_from_upper};
use crate::ad::sum;
use crate::ir::{Contract, Reduce, Value};
use crate::ops::Op;

impl Forward<'_, '_> {
    pub(super) fn contract(&mut self, kind: Contract, args: &[Value], result: Value) -> Option<Value> {
        let da = self.tangents.get(&args[0]).copied();
        match kind {
            Contract::MatMul { .. } | Contract::MatVec { .. } => {
                let left = da.map(|d| self.b.contract(kind, &[d, args[1]]));
                let db = self.tangents.get(&args[1]).copied();
                let right = db.map(|d| self.b.contract(kind, &[args[0], d]));
                self.both(left, right)
            }
            Contract::Solve { ta } => {
                let rhs = da.map(|d| self.applied(d, ta, result)).map(|v| negated(&mut self.b, v));
                let db = self.tangents.get(&args[1]).copied();
                let rhs = self.both(db, rhs)?;
                Some(self.b.contract(kind, &[args[0], rhs]))
            }
            Contract::Inverse => {
                let left = self.product((false, false), result, da?);
                let d = self.product((false, false), left, result);
                Some(negated(&mut self.b, d))
            }
            Contract::Det => {
                let c = self.b.contract(Contract::Cofactor, &[args[0]]);
                Some(self.dot(c, da?))
            }
            Contract::Cofactor => self.cofactor(args[0], result, da?),
            Contract::Cholesky => self.cholesky(result, da?),
        }
    }

    fn both(&mut self, x: Option<Value>, y: Option<Value>) -> Option<Value> {
        match (x, y) {
            (Some(x), Some(y)) => Some(sum(&mut self.b, x, y)),
            (x, y) => x.or(y),
        }
    }

    fn product(&mut self, (ta, tb): (bool, bool), x: Value, y: Value) -> Value {
        self.b.contract(Contract::MatMul { ta, tb }, &[x, y])
    }

    /// A matrix (transposed if `ta`) applied to a vector, or to each row of a matrix.
    fn applied(&mut self, m: Value, ta: bool, x: Value) -> Value {
        match self.b.values.ty(x).shape().len() {
            1 => self.b.contract(Contract::MatVec { ta }, &[m, x]),
            _ => self.product((false, !ta), x, m),
        }
    }

    /// `dC = tr(A⁻¹ dA) C - C dAᵀ A⁻ᵀ`, for regular matrices.
    fn cofactor(&mut self, a: Value, c: Value, da: Value) -> Option<Value> {
        let inverse = self.b.contract(Contract::Inverse, &[a]);
        let shape = self.b.values.ty(a).shape().to_vec();
        let trace = self.b.fold(Reduce::Sum, &shape, |b, i| {
            let (x, y) = (b.index(da, i), b.index(inverse, &[i[1], i[0]]));
            b.op(Op::Mul, &[x, y])
        });
        let first = scaled(&mut self.b, c, trace);
        let left = self.product((false, true), c, da);
        let second = self.product((false, true), left, inverse);
        let second = negated(&mut self.b, second);
        Some(sum(&mut self.b, first, second))
    }

    /// `dU = Φ U`, with Φ the upper triangle of `U⁻ᵀ dA U⁻¹` with half the diagonal.
    fn cholesky(&mut self, u: Value, da: Value) -> Option<Value> {
        let shape = self.b.values.ty(u).shape().to_vec();
        let da = symmetric_from_upper(&mut self.b, da, &shape);
        let inverse = self.b.contract(Contract::Inverse, &[u]);
        let left = self.product((true, false), inverse, da);
        let w = self.product((false, false), left, inverse);
        let phi = halves(&mut self.b, w, &shape, 1.0);
        Some(self.product((false, false), phi, u))
    }
}
