//! Forward mode: from tangents of a function's parameters to those of its results.
//!
//! The code stays as it is, under the same names; beside each instruction stands the one for its tangent.

mod contract;
mod nest;

use std::collections::{HashMap, HashSet};

use super::{AdError, activity, sum, zero};
use crate::ir::{Block, Builder, Func, Inst, Kind, Module, Reduce, Ty, Value};
use crate::ops::{self, Op};

/// The Jacobian-vector product of a function with respect to the parameters at the positions `wrt`.
///
/// The result takes the function's parameters, then a tangent for each of `wrt`; it returns the function's results,
/// then the tangents of its float results.
///
/// # Errors
/// If a value that matters goes through an external function without a custom rule, or through a custom rule with an
/// array as its result.
pub fn jvp(module: &Module, func: &str, wrt: &[usize]) -> Result<Func, AdError> {
    forward(module, module.get(func).expect("the function exists"), wrt)
}

/// [`jvp`] of a function that need not be in the module.
///
/// # Errors
/// As [`jvp`].
pub fn forward(module: &Module, source: &Func, wrt: &[usize]) -> Result<Func, AdError> {
    let mut f = source.clone();
    f.name = format!("{}.jvp", source.name);
    f.rule = None;
    let roots: Vec<Value> = wrt.iter().map(|&k| source.body.params[k]).collect();
    let active = activity::varied(source, &roots);
    let taped = source.values.iter().any(|v| active.contains(&v)) && pushes(&source.body, &active);
    let mut tangents = HashMap::new();
    for &v in &roots {
        let name = format!("d{}", f.values[v].name);
        let d = f.values.add(f.values.ty(v).clone(), &name);
        f.body.params.push(d);
        tangents.insert(v, d);
    }
    let mut t = Forward { module, b: Builder::new(&mut f.values), active, tangents, taped, error: None };
    t.insts(&source.body);
    let floats: Vec<Value> =
        source.body.results.iter().copied().filter(|&v| source.values.ty(v).is_float()).collect();
    let results: Vec<Value> = floats.into_iter().map(|v| t.tangent_or_zero(v)).collect();
    let error = t.error.take();
    f.body.insts = t.b.finish();
    f.body.results.extend(results);
    error.map_or(Ok(f), Err)
}

/// Whether anything that varies is pushed to a tape.
fn pushes(block: &Block, active: &HashSet<Value>) -> bool {
    block.insts.iter().any(|i| match &i.kind {
        Kind::Push { value, .. } => active.contains(value),
        kind => kind.blocks().into_iter().any(|b| pushes(b, active)),
    })
}

struct Forward<'m, 'v> {
    module: &'m Module,
    b: Builder<'v>,
    active: HashSet<Value>,
    tangents: HashMap<Value, Value>,
    /// Every float on a tape has its tangent above it.
    taped: bool,
    error: Option<AdError>,
}

impl Forward<'_, '_> {
    fn insts(&mut self, block: &Block) {
        block.insts.iter().for_each(|i| self.inst(i));
    }

    fn inst(&mut self, inst: &Inst) {
        self.b.loc = inst.loc;
        match &inst.kind {
            Kind::Nest(nest) => self.nest(inst, nest),
            Kind::If { cond, then, els } => self.branch(inst, *cond, then, els),
            Kind::For { trip, rev, init, body } => {
                let (init, body, results) = self.carried(inst, init, body, 1);
                self.b.append(Inst {
                    results,
                    kind: Kind::For { trip: *trip, rev: *rev, init, body },
                    loc: inst.loc,
                });
            }
            Kind::While { init, cond, body } => {
                let (init, body, results) = self.carried(inst, init, body, 0);
                let mut cond = cond.clone();
                let more: Vec<Value> =
                    init[cond.params.len()..].iter().map(|&v| self.b.values.like(v)).collect();
                cond.params.extend(more);
                self.b.append(Inst { results, kind: Kind::While { init, cond, body }, loc: inst.loc });
            }
            Kind::Push { tape, value } if self.taped && self.b.values.ty(*value).is_float() => {
                let d = self.tangent_or_zero(*value);
                let t = self.b.push_tape(*tape, *value);
                self.b.append(Inst {
                    results: inst.results.clone(),
                    kind: Kind::Push { tape: t, value: d },
                    loc: inst.loc,
                });
            }
            Kind::Pop { tape } if self.taped && self.b.values.ty(inst.results[1]).is_float() => {
                let ty = self.b.values.ty(inst.results[1]).clone();
                let (t, d) = self.b.pop_tape(*tape, &ty);
                self.tangents.insert(inst.results[1], d);
                self.b.append(Inst {
                    results: inst.results.clone(),
                    kind: Kind::Pop { tape: t },
                    loc: inst.loc,
                });
            }
            _ => {
                self.b.append(inst.clone());
                if inst.results.iter().any(|r| self.active.contains(r)) {
                    self.simple(inst);
                }
            }
        }
    }

    /// The tangent of an instruction without blocks.
    fn simple(&mut self, inst: &Inst) {
        let d = match &inst.kind {
            Kind::Op(op, args) => self.op(*op, args, inst.results[0]),
            Kind::Index { array, at } => {
                let d = self.tangent_or_zero(*array);
                Some(self.b.index(d, at))
            }
            Kind::Update { array, at, value } => {
                let (da, dv) = (self.tangent_or_zero(*array), self.tangent_or_zero(*value));
                Some(self.b.update(da, at, dv))
            }
            Kind::Accum { array, at, value } => {
                let da = self.tangent_or_zero(*array);
                match self.tangents.get(value) {
                    Some(&dv) => Some(self.b.accum(da, at, dv)),
                    None => Some(da),
                }
            }
            Kind::Pack { elems, shape } => {
                let elems = elems.iter().map(|&e| self.tangent_or_zero(e)).collect();
                Some(self.b.push(Kind::Pack { elems, shape: shape.clone() })[0])
            }
            Kind::Contract { kind, args } => self.contract(*kind, args, inst.results[0]),
            Kind::Call { func, args } => return self.call(func, args, inst),
            _ => None,
        };
        if let Some(d) = d {
            self.tangents.insert(inst.results[0], d);
        }
    }

    fn op(&mut self, op: Op, args: &[Value], y: Value) -> Option<Value> {
        let mut total = None;
        for k in 0..args.len() {
            let Some(&d) = self.tangents.get(&args[k]) else { continue };
            if let Some(part) = ops::scale(&mut self.b, op, k, args, y, d) {
                total = Some(total.map_or(part, |t| sum(&mut self.b, t, part)));
            }
        }
        total
    }

    /// A call of a function with a custom rule: the rule with the cotangent 1 gives the gradient of each number that
    /// the function returns.
    fn call(&mut self, func: &str, args: &[Value], inst: &Inst) {
        let fail = |message: String| Some(AdError { loc: inst.loc, message });
        let Some(rule) = self.module.get(func).and_then(|f| f.rule.clone()) else {
            self.error = self.error.take().or(fail(format!("`{func}` has no derivative")));
            return;
        };
        let floats: Vec<Value> =
            inst.results.iter().copied().filter(|&r| self.b.values.ty(r).is_float()).collect();
        if floats.iter().any(|&r| self.b.values.ty(r).is_array()) {
            self.error = self
                .error
                .take()
                .or(fail(format!("`{func}` returns an array: its custom rule serves reverse mode only")));
            return;
        }
        let tys: Vec<Ty> = rule.wrt.iter().map(|&k| self.b.values.ty(args[k]).clone()).collect();
        for &r in &floats {
            let mut all = args.to_vec();
            for &other in &floats {
                let ty = super::float_of(self.b.values, other);
                all.push(self.b.number(ty, if other == r { 1.0 } else { 0.0 }));
            }
            let gradient = self.b.push_typed(Kind::Call { func: rule.func.clone(), args: all }, &tys);
            let mut total = None;
            for (&k, g) in rule.wrt.iter().zip(gradient) {
                let Some(&d) = self.tangents.get(&args[k]) else { continue };
                let part = self.dot(g, d);
                total = Some(total.map_or(part, |t| self.b.op(Op::Add, &[t, part])));
            }
            if let Some(total) = total {
                self.tangents.insert(r, total);
            }
        }
    }

    fn dot(&mut self, gradient: Value, d: Value) -> Value {
        match self.b.values.ty(d).clone() {
            Ty::Array(_, shape) => self.b.fold(Reduce::Sum, &shape, |b, at| {
                let (x, y) = (b.index(d, at), b.index(gradient, at));
                b.op(Op::MulZ, &[x, y])
            }),
            _ => self.b.op(Op::MulZ, &[d, gradient]),
        }
    }

    fn tangent_or_zero(&mut self, v: Value) -> Value {
        match self.tangents.get(&v) {
            Some(&d) => d,
            None => {
                let ty = self.b.values.ty(v).clone();
                zero(&mut self.b, &ty)
            }
        }
    }

    fn branch(&mut self, inst: &Inst, cond: Value, then: &Block, els: &Block) {
        let active: Vec<usize> =
            (0..inst.results.len()).filter(|&k| self.active.contains(&inst.results[k])).collect();
        let [then, els] = [then, els].map(|block| {
            self.b.open();
            self.insts(block);
            let mut results = block.results.clone();
            results
                .extend(active.iter().map(|&k| self.tangent_or_zero(block.results[k])).collect::<Vec<_>>());
            self.b.close(Vec::new(), results)
        });
        let mut results = inst.results.clone();
        results.extend(active.iter().map(|&k| self.new_tangent(inst.results[k])).collect::<Vec<_>>());
        self.b.append(Inst { results, kind: Kind::If { cond, then, els }, loc: inst.loc });
    }

    /// A fresh value as the tangent of one that an instruction with blocks defines.
    fn new_tangent(&mut self, v: Value) -> Value {
        let d = self.b.values.like(v);
        self.tangents.insert(v, d);
        d
    }

    /// The initial values, body and results of a loop that carries tangents too.
    fn carried(
        &mut self,
        inst: &Inst,
        init: &[Value],
        body: &Block,
        indices: usize,
    ) -> (Vec<Value>, Block, Vec<Value>) {
        let active: Vec<usize> =
            (0..init.len()).filter(|&k| self.active.contains(&inst.results[k])).collect();
        let mut inits = init.to_vec();
        inits.extend(active.iter().map(|&k| self.tangent_or_zero(init[k])).collect::<Vec<_>>());
        let mut params = body.params.clone();
        params.extend(active.iter().map(|&k| self.new_tangent(body.params[indices + k])).collect::<Vec<_>>());
        self.b.open();
        self.insts(body);
        let mut results = body.results.clone();
        results.extend(active.iter().map(|&k| self.tangent_or_zero(body.results[k])).collect::<Vec<_>>());
        let body = self.b.close(params, results);
        let mut out = inst.results.clone();
        out.extend(active.iter().map(|&k| self.new_tangent(inst.results[k])).collect::<Vec<_>>());
        (inits, body, out)
    }
}
