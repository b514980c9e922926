//! Reverse mode: from the cotangents of a function's results to those of its parameters.
//!
//! The sweep walks a block from its last instruction to its first and appends, for each, the code that turns the
//! cotangents of its results into those of its operands. Numbers accumulate in SSA values, arrays in arrays.

mod branch;
mod contract;
mod frame;
mod loops;
mod nest;
mod record;
mod reduce;
mod scalar;

use std::collections::{HashMap, HashSet};

use self::frame::{Access, Frame, rename_result};
use self::record::Record;
pub(super) use self::reduce::{factor_parts, indicator, others};
use super::{AdError, activity, sum, zero};
use crate::ir::{Block, Builder, Extent, Func, Inst, Kind, Lit, Module, Scalar, Ty, Value, free_values};
use crate::ops::Op;

/// The vector-Jacobian product of a function with respect to the parameters at the positions `wrt`.
///
/// The result takes the function's parameters, then a cotangent for each of its float results; it returns the function's results,
/// then the cotangents of the `wrt` parameters.
///
/// # Errors
/// If a value that matters goes through an external function without a custom rule, or through a tape.
pub fn vjp(module: &Module, func: &str, wrt: &[usize]) -> Result<Func, AdError> {
    let source = module.get(func).expect("the function exists");
    let mut f = source.clone();
    f.name = format!("{func}.vjp");
    f.rule = None;
    let roots: Vec<Value> = wrt.iter().map(|&k| source.body.params[k]).collect();
    let active = activity::varied(source, &roots);
    let block = source.body.clone();
    let seeds = add_seeds(&mut f);

    let tape = f.values.add(Ty::Tape, "");
    let mut r = Reverse {
        module,
        b: Builder::new(&mut f.values),
        active,
        adjoints: HashMap::new(),
        frames: vec![Frame::new(Access::Visible, &block)],
        tape: Some(tape),
        error: None,
    };
    for (v, seed) in seeds {
        let seed = r.fitted(func, v, seed);
        r.add(v, seed);
    }
    let record = r.block(&block);
    let cotangents: Vec<Value> = roots.iter().map(|&v| r.adjoint_or_zero(v)).collect();
    let (forward, start) = r.forward(&block, &record, tape);
    let error = r.error.take();
    let reverse = r.b.finish();
    f.body.insts = start.into_iter().chain(forward).chain(reverse).collect();
    f.body.results.extend(cotangents);
    error.map_or(Ok(f), Err)
}

/// The extents of a type that a function computes: those that are none of its sizes.
pub(super) fn computed(sizes: &[Value], ty: &Ty) -> Vec<Value> {
    let value = |e: &Extent| match e {
        Extent::Value(n) if !sizes.contains(n) => Some(*n),
        _ => None,
    };
    ty.shape().iter().filter_map(value).collect()
}

/// Parameters for the cotangents of the float results. An extent that is computed has no value yet where the parameters
/// are bound, so that it becomes a size of its own.
fn add_seeds(f: &mut Func) -> Vec<(Value, Value)> {
    let floats: Vec<Value> = f.body.results.iter().copied().filter(|&v| f.values.ty(v).is_float()).collect();
    let source_sizes = f.sizes.clone();
    let mut seeds = Vec::new();
    for v in floats {
        let mut ty = f.values.ty(v).clone();
        let computed = computed(&source_sizes, &ty);
        if let Ty::Array(_, shape) = &mut ty {
            for e in shape.iter_mut().filter(|e| matches!(e, Extent::Value(n) if computed.contains(n))) {
                let size = f.values.add(Ty::Scalar(Scalar::I64), "seed_len");
                f.sizes.push(size);
                *e = Extent::Value(size);
            }
        }
        let seed = f.values.add(ty, "seed");
        f.body.params.push(seed);
        seeds.push((v, seed));
    }
    seeds
}

struct Reverse<'m, 'v> {
    module: &'m Module,
    /// Appends the reverse sweep.
    b: Builder<'v>,
    /// The values of the forward sweep that depend on what is differentiated.
    active: HashSet<Value>,
    /// The cotangents so far of values of the forward sweep, as values of the reverse sweep.
    adjoints: HashMap<Value, Value>,
    /// The blocks of the forward sweep around the place being reversed.
    frames: Vec<Frame>,
    /// The token of the tape here in the reverse sweep.
    tape: Option<Value>,
    error: Option<AdError>,
}

impl Reverse<'_, '_> {
    /// The forward sweep of the function's own block, and the instruction that makes its tape if it needs one.
    fn forward(&mut self, block: &Block, record: &Record, end: Value) -> (Vec<Inst>, Option<Inst>) {
        if !record.uses_tape() {
            return (self.recording_block(block, record, None).0, None);
        }
        let token = self.b.values.add(Ty::Tape, "");
        let start = Inst { results: vec![token], kind: Kind::Tape, loc: Default::default() };
        let (mut insts, last) = self.recording_block(block, record, Some(token));
        rename_result(&mut insts, last.expect("a recording block returns a token"), end);
        (insts, Some(start))
    }

    /// The cotangent of a result in exactly that result's type.
    fn fitted(&mut self, func: &str, result: Value, seed: Value) -> Value {
        let (want, have) = (self.b.values.ty(result).clone(), self.b.values.ty(seed).clone());
        if want == have {
            return seed;
        }
        for pair in want.shape().iter().zip(have.shape()) {
            if let (Extent::Value(n), Extent::Value(m)) = pair
                && n != m
            {
                let cond = self.b.op(Op::Eq, &[*m, *n]);
                let message = format!("{func}: the cotangent does not have the shape of the result");
                let kind = Kind::Assert { cond, message };
                self.b.append(Inst { results: Vec::new(), kind, loc: Default::default() });
            }
        }
        self.b.build(want.shape(), |b, i| b.index(seed, i))
    }

    /// Reverses a block whose results have their cotangents. Says what the forward sweep must store.
    fn block(&mut self, block: &Block) -> Record {
        let mut record = Record::default();
        for (k, inst) in block.insts.iter().enumerate().rev() {
            self.b.loc = inst.loc;
            if inst.results.iter().any(|r| self.adjoints.contains_key(r)) {
                self.inst(k, inst, &mut record);
            }
        }
        record
    }

    fn inst(&mut self, at: usize, inst: &Inst, record: &mut Record) {
        match &inst.kind {
            Kind::Op(op, args) => self.op(*op, args, inst.results[0]),
            Kind::Index { array, at } => self.index(*array, at, inst.results[0]),
            Kind::Update { array, at, value } => self.update(*array, at, *value, inst.results[0]),
            Kind::Accum { array, at, value } => self.accum(*array, at, *value, inst.results[0]),
            Kind::Pack { elems, shape } => self.pack(elems, shape, inst.results[0]),
            Kind::Nest(nest) => self.nest(inst, nest),
            Kind::If { cond, then, els } => {
                let made = self.branch(inst, *cond, then, els);
                record.insert(at, made);
            }
            Kind::For { trip, rev, init, body } => {
                let made = self.for_(inst, *trip, *rev, init, body);
                record.insert(at, made);
            }
            Kind::While { init, body, .. } => {
                let made = self.while_(at, inst, init, body);
                record.insert(at, made);
            }
            Kind::Contract { kind, args } => self.contract(*kind, args, inst.results[0]),
            Kind::Call { func, args } => self.call(func, args, inst),
            Kind::Const(_) | Kind::Assert { .. } | Kind::Checkpoint | Kind::Tape => {}
            Kind::Push { .. } | Kind::Pop { .. } | Kind::Serial(_) => {
                self.fail(
                    inst,
                    "the reverse of a reverse sweep is not supported: ask for a forward derivative of it",
                );
            }
        }
    }

    fn fail(&mut self, inst: &Inst, message: &str) {
        self.error.get_or_insert(AdError { loc: inst.loc, message: message.into() });
    }

    fn is_active(&self, v: Value) -> bool {
        self.active.contains(&v)
    }

    /// Adds to the cotangent of a value of the forward sweep.
    fn add(&mut self, v: Value, contribution: Value) {
        if self.is_active(v) {
            let total = match self.adjoints.get(&v) {
                Some(&old) => sum(&mut self.b, old, contribution),
                None => contribution,
            };
            self.adjoints.insert(v, total);
        }
    }

    /// A zero like a value of the forward sweep.
    fn zero_like(&mut self, v: Value) -> Value {
        let ty = self.primal_type(v);
        zero(&mut self.b, &ty)
    }

    /// The cotangent of a value so far.
    fn adjoint_or_zero(&mut self, v: Value) -> Value {
        match self.adjoints.get(&v) {
            Some(&a) => a,
            None => self.zero_like(v),
        }
    }

    /// Takes the cotangent of a result: nothing before its instruction contributes to it.
    fn take_or_zero(&mut self, v: Value) -> Value {
        self.adjoints.remove(&v).unwrap_or_else(|| self.zero_like(v))
    }

    /// The active values that blocks read from outside.
    fn captured(&self, blocks: &[&Block]) -> Vec<Value> {
        let mut found: Vec<Value> = Vec::new();
        for block in blocks {
            for v in free_values(self.b.values, block) {
                if self.is_active(v) && !found.contains(&v) {
                    found.push(v);
                }
            }
        }
        found
    }

    fn index(&mut self, array: Value, at: &[Value], result: Value) {
        let d = self.take_or_zero(result);
        if self.is_active(array) {
            let at = self.primals(at);
            let a = self.adjoint_or_zero(array);
            let a = self.b.accum(a, &at, d);
            self.adjoints.insert(array, a);
        }
    }

    fn update(&mut self, array: Value, at: &[Value], value: Value, result: Value) {
        let d = self.take_or_zero(result);
        let at = self.primals(at);
        if self.is_active(value) {
            let dv = self.b.index(d, &at);
            self.add(value, dv);
        }
        if self.is_active(array) {
            let zero = self.zero_like(value);
            let rest = self.b.update(d, &at, zero);
            self.add(array, rest);
        }
    }

    fn accum(&mut self, array: Value, at: &[Value], value: Value, result: Value) {
        let d = self.take_or_zero(result);
        if self.is_active(value) {
            let at = self.primals(at);
            let dv = self.b.index(d, &at);
            self.add(value, dv);
        }
        self.add(array, d);
    }

    fn pack(&mut self, elems: &[Value], shape: &[i64], result: Value) {
        let d = self.take_or_zero(result);
        for (k, &e) in elems.iter().enumerate().filter(|(_, e)| self.is_active(**e)).collect::<Vec<_>>() {
            let mut rest = k as i64;
            let mut at: Vec<Value> = Vec::new();
            for &n in shape.iter().rev() {
                at.insert(0, self.b.lit(Lit::I64(rest % n)));
                rest /= n;
            }
            let de = self.b.index(d, &at);
            self.add(e, de);
        }
    }

    /// A call of a function with a custom rule: the rule is called with the arguments and the cotangents.
    fn call(&mut self, func: &str, args: &[Value], inst: &Inst) {
        let Some(rule) = self.module.get(func).and_then(|f| f.rule.clone()) else {
            self.fail(inst, &format!("`{func}` has no derivative"));
            return;
        };
        let wanted: Vec<Value> = rule.wrt.iter().map(|&k| args[k]).collect();
        let mut all = self.primals(args);
        for &r in inst.results.iter().filter(|&&r| self.b.values.ty(r).is_float()).collect::<Vec<_>>() {
            let d = self.take_or_zero(r);
            all.push(d);
        }
        let tys: Vec<Ty> = wanted.iter().map(|&v| self.primal_type(v)).collect();
        let cotangents = self.b.push_typed(Kind::Call { func: rule.func, args: all }, &tys);
        for (v, d) in wanted.into_iter().zip(cotangents) {
            self.add(v, d);
        }
    }
}
