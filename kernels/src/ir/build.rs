//! Making code: a cursor that appends instructions to open blocks and infers the types of their results.

use super::{
    Block, Contract, Extent, Inst, Kind, Lit, Loc, Nest, Out, Reduce, Scalar, Ty, Value, Values, infer,
};
use crate::ops::Op;

/// Appends instructions to a stack of open blocks over one table of values.
///
/// # Panics
/// Every method panics on an ill-typed instruction: a bug in the pass or front end that builds it.
#[derive(Debug)]
pub struct Builder<'f> {
    /// The function's values.
    pub values: &'f mut Values,
    /// The place that new instructions come from.
    pub loc: Loc,
    open: Vec<Vec<Inst>>,
}

impl<'f> Builder<'f> {
    /// A builder with one open block.
    pub fn new(values: &'f mut Values) -> Builder<'f> {
        Builder { values, loc: Loc::default(), open: vec![Vec::new()] }
    }

    /// The instructions of the outermost block.
    pub fn finish(mut self) -> Vec<Inst> {
        assert_eq!(self.open.len(), 1, "a block was left open");
        self.open.pop().expect("one block is open")
    }

    /// Opens a nested block; [`Builder::close`] ends it.
    pub fn open(&mut self) {
        self.open.push(Vec::new());
    }

    /// Ends the innermost open block.
    pub fn close(&mut self, params: Vec<Value>, results: Vec<Value>) -> Block {
        assert!(self.open.len() > 1, "no block is open");
        Block { params, insts: self.open.pop().expect("a block is open"), results }
    }

    /// The instructions of the innermost open block so far.
    pub fn current(&self) -> &[Inst] {
        self.open.last().expect("a block is open")
    }

    /// The same, to change.
    pub fn current_mut(&mut self) -> &mut Vec<Inst> {
        self.open.last_mut().expect("a block is open")
    }

    /// Appends an instruction that exists already.
    pub fn append(&mut self, inst: Inst) {
        self.open.last_mut().expect("a block is open").push(inst);
    }

    /// Appends an instruction with results of inferred types.
    pub fn push(&mut self, kind: Kind) -> Vec<Value> {
        let tys = infer(self.values, &kind).unwrap_or_else(|e| panic!("ill-typed {kind:?}: {e}"));
        self.push_typed(kind, &tys)
    }

    /// Appends an instruction with results of given types (`call`, `pop`).
    pub fn push_typed(&mut self, kind: Kind, tys: &[Ty]) -> Vec<Value> {
        let results: Vec<Value> = tys.iter().map(|t| self.values.add(t.clone(), "")).collect();
        self.append(Inst { results: results.clone(), kind, loc: self.loc });
        results
    }

    fn one(&mut self, kind: Kind) -> Value {
        self.push(kind)[0]
    }

    /// Names a value if it has no name yet.
    pub fn name(&mut self, v: Value, name: &str) -> Value {
        if self.values[v].name.is_empty() {
            self.values[v].name = name.to_string();
        }
        v
    }

    /// A literal.
    pub fn lit(&mut self, lit: Lit) -> Value {
        self.one(Kind::Const(lit))
    }

    /// A number of the given type.
    pub fn number(&mut self, ty: Scalar, value: f64) -> Value {
        self.lit(Lit::of(ty, value))
    }

    /// An `i64`.
    pub fn int(&mut self, value: i64) -> Value {
        self.lit(Lit::I64(value))
    }

    /// A scalar operation.
    pub fn op(&mut self, op: Op, args: &[Value]) -> Value {
        self.one(Kind::Op(op, args.to_vec()))
    }

    /// An element.
    pub fn index(&mut self, array: Value, at: &[Value]) -> Value {
        self.one(Kind::Index { array, at: at.to_vec() })
    }

    /// An array with one element replaced.
    pub fn update(&mut self, array: Value, at: &[Value], value: Value) -> Value {
        self.one(Kind::Update { array, at: at.to_vec(), value })
    }

    /// An array with a number added to one element.
    pub fn accum(&mut self, array: Value, at: &[Value], value: Value) -> Value {
        self.one(Kind::Accum { array, at: at.to_vec(), value })
    }

    /// A contraction.
    pub fn contract(&mut self, kind: Contract, args: &[Value]) -> Value {
        self.one(Kind::Contract { kind, args: args.to_vec() })
    }

    /// An extent as a value.
    pub fn extent(&mut self, e: Extent) -> Value {
        match e {
            Extent::Const(n) => self.int(n),
            Extent::Value(v) => v,
        }
    }

    /// A nest: `f(builder, indices, accumulators)` yields the accumulators, then a number per out.
    pub fn nest(
        &mut self,
        domain: &[Extent],
        accs: &[Value],
        outs: &[Out],
        f: impl FnOnce(&mut Self, &[Value], &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let indices: Vec<Value> = domain.iter().map(|_| self.values.add(Scalar::I64.into(), "")).collect();
        let tokens: Vec<Value> = accs.iter().map(|&a| self.values.like(a)).collect();
        self.open();
        let results = f(self, &indices, &tokens);
        let body = self.close([indices, tokens].concat(), results);
        self.push(Kind::Nest(Nest {
            domain: domain.to_vec(),
            accs: accs.to_vec(),
            body,
            outs: outs.to_vec(),
        }))
    }

    /// An array from an index map.
    pub fn build(&mut self, domain: &[Extent], f: impl FnOnce(&mut Self, &[Value]) -> Value) -> Value {
        self.nest(domain, &[], &[Out::Build], |b, i, _| vec![f(b, i)])[0]
    }

    /// A reduction over a domain.
    pub fn fold(
        &mut self,
        reduce: Reduce,
        domain: &[Extent],
        f: impl FnOnce(&mut Self, &[Value]) -> Value,
    ) -> Value {
        self.nest(domain, &[], &[Out::Fold(reduce)], |b, i, _| vec![f(b, i)])[0]
    }

    /// An array of one repeated number.
    pub fn splat(&mut self, shape: &[Extent], v: Value) -> Value {
        self.build(shape, |_, _| v)
    }

    /// An array of zeros.
    pub fn zeros(&mut self, elem: Scalar, shape: &[Extent]) -> Value {
        self.build(shape, |b, _| b.number(elem, 0.0))
    }

    /// A branch.
    pub fn if_(
        &mut self,
        cond: Value,
        then: impl FnOnce(&mut Self) -> Vec<Value>,
        els: impl FnOnce(&mut Self) -> Vec<Value>,
    ) -> Vec<Value> {
        self.open();
        let r = then(self);
        let then = self.close(Vec::new(), r);
        self.open();
        let r = els(self);
        let els = self.close(Vec::new(), r);
        self.push(Kind::If { cond, then, els })
    }

    /// A sequential loop: `f(builder, k, carried)` yields the carried values of the next iteration.
    pub fn for_(
        &mut self,
        trip: Extent,
        rev: bool,
        init: &[Value],
        f: impl FnOnce(&mut Self, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let k = self.values.add(Scalar::I64.into(), "");
        let carried: Vec<Value> = init.iter().map(|&v| self.values.like(v)).collect();
        self.open();
        let results = f(self, k, &carried);
        let body = self.close([vec![k], carried].concat(), results);
        self.push(Kind::For { trip, rev, init: init.to_vec(), body })
    }

    /// A loop with a condition.
    pub fn while_(
        &mut self,
        init: &[Value],
        cond: impl FnOnce(&mut Self, &[Value]) -> Value,
        body: impl FnOnce(&mut Self, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let params: Vec<Value> = init.iter().map(|&v| self.values.like(v)).collect();
        self.open();
        let c = cond(self, &params);
        let cond = self.close(params, vec![c]);
        let params: Vec<Value> = init.iter().map(|&v| self.values.like(v)).collect();
        self.open();
        let r = body(self, &params);
        let body = self.close(params, r);
        self.push(Kind::While { init: init.to_vec(), cond, body })
    }

    /// A new tape.
    pub fn tape(&mut self) -> Value {
        self.one(Kind::Tape)
    }

    /// The tape with a value on top.
    pub fn push_tape(&mut self, tape: Value, value: Value) -> Value {
        self.one(Kind::Push { tape, value })
    }

    /// The tape without its top, and the top.
    pub fn pop_tape(&mut self, tape: Value, ty: &Ty) -> (Value, Value) {
        let r = self.push_typed(Kind::Pop { tape }, &[Ty::Tape, ty.clone()]);
        (r[0], r[1])
    }
}
