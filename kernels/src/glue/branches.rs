//! Branches around nests whose condition is on the device: both arms are queued, and a choice takes the results of the one
//! that counts. What an arm does that is long, or may panic, asks the condition itself, so that the arm that does not count
//! does nothing but write zeros.
//!
//! An arm stays a branch of the host's where that would change more than time: where it uses a tape, does what the host
//! computes, or makes arrays as long as numbers of the device say.

use crate::fuse::{cost, vertical};
use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Nest, Scalar, Ty, Value};
use crate::ops::Op;
use crate::opt::dce;
use crate::rewrite::Cursor;

use super::known::{Facts, is_control, stays_with_host};

/// Nests that cost less an iteration and cannot panic run in vain.
const MAX_COST: u64 = 100;

pub(super) fn run(f: &mut Func) {
    let facts = Facts::of(f);
    let changed = Cursor::run(f, |c, body| c.block(body, &mut |c, i| inst(c, &facts, i, true)));
    if changed {
        // What an arm builds goes into the choice.
        vertical::run(f);
        dce::run(f);
    }
}

fn inst(c: &mut Cursor, facts: &Facts, mut i: Inst, on_host: bool) {
    c.resolve(&mut i.kind);
    c.bind_indices(&i.kind);
    let inner = on_host && is_control(&i) && !facts.is_glue(c.values(), &i) && !stays_with_host(&i);
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut |c, i| inst(c, facts, i, inner));
    }
    let results = i.results.clone();
    match i.kind {
        Kind::If { cond, then, els } if inner && facts.on_device(cond) => {
            let arms = Arms { facts, c };
            if arms.fits(&then) && arms.fits(&els) && arms.may_choose(&results) {
                flatten(c, facts, &results, (cond, then, els));
            } else {
                c.keep(Inst { results, kind: Kind::If { cond, then, els }, loc: i.loc });
            }
        }
        _ => c.keep(i),
    }
}

/// What is asked of arms.
struct Arms<'a, 'f> {
    facts: &'a Facts,
    c: &'a Cursor<'f>,
}

impl Arms<'_, '_> {
    fn fits(&self, arm: &Block) -> bool {
        arm.insts.iter().all(|i| self.inst_fits(i))
    }

    fn inst_fits(&self, i: &Inst) -> bool {
        let (values, tys) = (self.c.values(), || i.results.iter().map(|&v| self.c.values().ty(v)));
        let effect = || self.c.known.has_effect(values, i);
        if tys().any(|ty| *ty == Ty::Tape || !ty.shape().iter().all(|&e| self.host_knows(e))) {
            return false;
        }
        match &i.kind {
            Kind::Const(_) | Kind::Pack { .. } | Kind::Index { .. } | Kind::Assert { .. } => true,
            // The host may need it to know how much there is to do.
            Kind::Op(..) => !effect() || tys().all(|ty| *ty != Ty::Scalar(Scalar::I64)),
            Kind::Nest(nest) => nest.domain.iter().all(|&e| self.host_knows(e)),
            Kind::Contract { kind, .. } => kind.is_product() && !effect(),
            // There is no array of zeros in place of one that may be made in vain only.
            _ if is_control(i) && self.facts.is_glue(values, i) => tys().all(Ty::is_scalar) || !effect(),
            Kind::If { then, els, .. } => self.fits(then) && self.fits(els),
            Kind::For { trip, body, .. } => self.host_knows(*trip) && !stays_with_host(i) && self.fits(body),
            _ => false,
        }
    }

    fn host_knows(&self, e: Extent) -> bool {
        match e {
            Extent::Const(_) => true,
            Extent::Value(n) => !self.facts.on_device(n),
        }
    }

    /// Whether there is a choice between results of these types.
    fn may_choose(&self, results: &[Value]) -> bool {
        results.iter().all(|&v| match self.c.values().ty(v) {
            Ty::Tape | Ty::Scalar(Scalar::I64) => false,
            Ty::Scalar(_) => true,
            ty => ty.shape().iter().all(|&e| self.host_knows(e)),
        })
    }
}

/// Both arms, and the choice.
fn flatten(c: &mut Cursor, facts: &Facts, results: &[Value], (cond, then, els): (Value, Block, Block)) {
    let other = c.emit(Kind::Op(Op::Not, vec![cond]))[0];
    let mut chosen = Vec::new();
    for (cond, arm) in [(cond, then), (other, els)] {
        arm.insts.into_iter().for_each(|i| guard(c, facts, cond, i));
        chosen.push(arm.results);
    }
    for (&result, (&a, &b)) in results.iter().zip(chosen[0].iter().zip(&chosen[1])) {
        let (a, b) = (c.value(a), c.value(b));
        let value = if a == b { a } else { choose(c, cond, a, b) };
        c.replace(result, value);
    }
    c.changed = true;
}

/// One of two numbers or arrays.
fn choose(c: &mut Cursor, cond: Value, a: Value, b: Value) -> Value {
    let ty = c.values().ty(a).clone();
    if ty.is_scalar() {
        return c.emit(Kind::Op(Op::Select, vec![cond, a, b]))[0];
    }
    let made = c.b.build(ty.shape(), |build, at| {
        let [x, y] = [a, b].map(|array| build.index(array, at));
        build.op(Op::Select, &[cond, x, y])
    });
    let inst = c.b.current().last().expect("an array was just made").clone();
    c.bind_all(&inst);
    c.known.define(&inst);
    made
}

/// An instruction of an arm whose condition is `cond`.
fn guard(c: &mut Cursor, facts: &Facts, cond: Value, mut i: Inst) {
    c.resolve(&mut i.kind);
    let effect = c.known.has_effect(c.values(), &i);
    if is_control(&i) && !facts.is_glue(c.values(), &i) {
        c.bind_indices(&i.kind);
        for block in i.kind.blocks_mut() {
            *block = c.block(std::mem::take(block), &mut |c, i| guard(c, facts, cond, i));
        }
        return c.keep(i);
    }
    match i.kind {
        Kind::Nest(mut nest) => {
            if effect || cost(&nest.body) > MAX_COST {
                guard_body(c, cond, &mut nest);
            }
            c.keep(Inst { kind: Kind::Nest(nest), ..i });
        }
        _ if effect => {
            let (results, loc) = (i.results.clone(), i.loc);
            let inner: Vec<Value> = results.iter().map(|&v| c.b.values.like(v)).collect();
            let then = Block {
                params: Vec::new(),
                results: inner.clone(),
                insts: vec![Inst { results: inner, ..i }],
            };
            let els = zeros(c, &results);
            c.keep(Inst { results, kind: Kind::If { cond, then, els }, loc });
        }
        _ => c.keep(i),
    }
}

/// Lets each iteration of a nest ask the condition.
fn guard_body(c: &mut Cursor, cond: Value, nest: &mut Nest) {
    let body = std::mem::take(&mut nest.body);
    let (_, tokens) = body.params.split_at(nest.domain.len());
    let (accs, outs) = body.results.split_at(tokens.len());
    let mut els = zeros(c, outs);
    els.results.splice(0..0, tokens.iter().copied());
    let results: Vec<Value> = accs.iter().chain(outs).map(|&v| c.b.values.like(v)).collect();
    let loc = body.insts.first().map_or(c.b.loc, |i| i.loc);
    let then = Block { params: Vec::new(), insts: body.insts, results: body.results };
    let kind = Kind::If { cond, then, els };
    nest.body =
        Block { params: body.params, insts: vec![Inst { results: results.clone(), kind, loc }], results };
}

/// A block that yields a zero for each of these numbers.
fn zeros(c: &mut Cursor, like: &[Value]) -> Block {
    let mut block = Block::default();
    for &v in like {
        let elem = c.values().ty(v).elem().expect("a number");
        let zero = c.b.values.add(elem.into(), "");
        let kind = Kind::Const(Lit::of(elem, 0.0));
        block.insts.push(Inst { results: vec![zero], kind, loc: c.b.loc });
        block.results.push(zero);
    }
    block
}
