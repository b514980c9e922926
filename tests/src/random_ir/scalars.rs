//! Scalar code: arithmetic, operations of the table inside their domains, indices, conditions.

use pullback_kernels::ir::{Extent, Scalar, Value};
use pullback_kernels::ops::{Op, OpDef, Partial, Sig};

use super::Gen;

impl Gen<'_> {
    pub(super) fn scalar(&mut self) {
        match self.rng.below(10) {
            0..=4 => self.arithmetic(),
            5..=7 => self.table(),
            8 => self.select(),
            _ => self.cast(),
        }
    }

    fn arithmetic(&mut self) {
        let (x, y, z) = (self.small(), self.small(), self.small());
        let (v, bound) = match self.rng.below(8) {
            0 | 1 => (self.b.op(Op::Add, &[x, y]), 4.0),
            2 => (self.b.op(Op::Sub, &[x, y]), 4.0),
            3 | 4 => (self.b.op(Op::Mul, &[x, y]), 4.0),
            5 => (self.b.op(Op::Neg, &[x]), 2.0),
            6 => (self.b.op(Op::MulAdd, &[x, y, z]), 6.0),
            _ => {
                let c = self.rng.between(-2.0, 2.0);
                let c = if self.rng.chance(30) { self.rng.pick(&[0.0, 1.0, -1.0, 2.0]) } else { c };
                (self.b.number(Scalar::F64, c), 2.0)
            }
        };
        self.add(v, bound);
    }

    /// An operation of the table with its arguments moved into its domain.
    fn table(&mut self) {
        let ops: Vec<Op> = Op::all().filter(|op| is_smooth(op.def())).collect();
        let op = self.rng.pick(&ops);
        let mut args = Vec::new();
        for i in 0..op.arity() {
            let &(low, high) = op.def().test.domain.get(i).unwrap_or(&(-1.0, 1.0));
            args.push(if op.def().sig == Sig::PowI && i == 1 {
                let n = self.rng.below(7) as i64 - 2;
                self.b.int(n)
            } else {
                self.inside(low.max(-3.0), high.min(3.0))
            });
        }
        let v = self.b.op(op, &args);
        // nothing is known of its size
        let tenth = self.b.number(Scalar::F64, 0.1);
        let scaled = self.b.op(Op::Mul, &[v, tenth]);
        let v = self.b.op(Op::Tanh, &[scaled]);
        self.add(v, 1.0);
    }

    /// A float well inside an interval.
    fn inside(&mut self, low: f64, high: f64) -> Value {
        let v = self.small();
        let (middle, radius) = ((low + high) / 2.0, (high - low) / 2.0);
        let radius = self.b.number(Scalar::F64, 0.8 * radius);
        let middle = self.b.number(Scalar::F64, middle);
        let unit = self.b.op(Op::Sin, &[v]);
        self.b.op(Op::MulAdd, &[unit, radius, middle])
    }

    fn select(&mut self) {
        let (c, x, y) = (self.condition(), self.small(), self.small());
        let v = self.b.op(Op::Select, &[c, x, y]);
        self.add(v, 2.0);
    }

    /// A float made of an integer.
    fn cast(&mut self) {
        let i = match self.indices.is_empty() {
            true => self.rng.pick(&[1, 2, 3]),
            false => {
                let (i, _) = self.rng.pick(&self.indices);
                let v = self.b.op(Op::ToF64, &[i]);
                return self.add(v, 6.0);
            }
        };
        let i = self.b.int(i);
        let v = self.b.op(Op::ToF64, &[i]);
        self.add(v, 3.0);
    }

    /// A truth value: one in scope, or a comparison whose sides are not equal by chance.
    pub(super) fn condition(&mut self) -> Value {
        if !self.bools.is_empty() && self.rng.chance(30) {
            return self.rng.pick(&self.bools);
        }
        let op = self.rng.pick(&[Op::Lt, Op::Le, Op::Gt, Op::Ge]);
        let c = if self.indices.is_empty() || self.rng.chance(50) {
            let (x, at) = (self.late_float(), self.rng.between(-1.0, 1.0));
            let at = self.b.number(Scalar::F64, at);
            self.b.op(op, &[x, at])
        } else {
            let (i, _) = self.rng.pick(&self.indices);
            let at = self.rng.below(3) as i64;
            let at = self.b.int(at);
            self.b.op(op, &[i, at])
        };
        let c = match self.rng.below(6) {
            0 => self.b.op(Op::Not, &[c]),
            1 if !self.bools.is_empty() => {
                let d = self.rng.pick(&self.bools);
                let op = self.rng.pick(&[Op::And, Op::Or, Op::Xor]);
                self.b.op(op, &[c, d])
            }
            _ => c,
        };
        self.bools.push(c);
        c
    }

    /// An index that is at least 0 and below an extent, which is at least 1.
    pub(super) fn index_below(&mut self, e: Extent) -> Value {
        let fitting: Vec<Value> = self.indices.iter().filter(|(_, b)| *b == e).map(|&(i, _)| i).collect();
        if !fitting.is_empty() && self.rng.chance(75) {
            let i = self.rng.pick(&fitting);
            return if self.rng.chance(20) { self.mirrored(i, e) } else { i };
        }
        match e {
            Extent::Const(n) => {
                let i = self.rng.below(n as usize) as i64;
                self.b.int(i)
            }
            Extent::Value(_) if self.indices.is_empty() || self.rng.chance(30) => self.b.int(0),
            Extent::Value(_) => self.clamped(e),
        }
    }

    /// `e - 1 - i`.
    fn mirrored(&mut self, i: Value, e: Extent) -> Value {
        let (e, one) = (self.b.extent(e), self.b.int(1));
        let last = self.b.op(Op::Sub, &[e, one]);
        self.b.op(Op::Sub, &[last, i])
    }

    /// Some index modulo the extent, or at most the last.
    fn clamped(&mut self, e: Extent) -> Value {
        let (i, _) = self.rng.pick(&self.indices);
        let e = self.b.extent(e);
        if self.rng.chance(50) {
            return self.b.op(Op::RemEuclid, &[i, e]);
        }
        let one = self.b.int(1);
        let last = self.b.op(Op::Sub, &[e, one]);
        self.b.op(Op::Min, &[i, last])
    }

    pub(super) fn indices_below(&mut self, shape: &[Extent]) -> Vec<Value> {
        shape.iter().map(|&e| self.index_below(e)).collect()
    }
}

/// Whether an operation takes floats and has a derivative.
fn is_smooth(def: &OpDef) -> bool {
    let floats = matches!(def.sig, Sig::Float(_) | Sig::Num(_) | Sig::PowI);
    floats && !def.partials.is_empty() && def.partials.iter().any(|p| *p != Partial::Zero)
}
