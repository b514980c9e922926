//! Simplification in one walk: constants, facts, element reads that are known, branches and loops that are decided.

use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Loc, Reduce, Scalar, Value};
use crate::ops::Op;

use super::dce::prune;
use super::fold::fold;
use crate::rewrite::Cursor;
use crate::rewrite::facts::linear_coefficients;

/// Simplifies a function.
pub fn run(f: &mut Func) {
    Cursor::run(f, |c, body| c.block(body, &mut inst));
}

fn inst(c: &mut Cursor, mut inst: Inst) {
    c.resolve(&mut inst.kind);
    match inst.kind {
        Kind::Op(op, ref args) => {
            let folded = fold(c, op, args);
            replace_or_keep(c, inst, folded);
        }
        Kind::Index { array, ref at } => {
            let element = element(c, array, at);
            replace_or_keep(c, inst, element);
        }
        Kind::Update { array, ref at, value } => {
            let updated = update(c, array, at, value);
            replace_or_keep(c, inst, updated);
        }
        Kind::Accum { array, ref at, value } => {
            let accumulated = accum(c, array, at, value);
            replace_or_keep(c, inst, accumulated);
        }
        Kind::If { cond, .. } => branch(c, cond, inst),
        Kind::For { .. } => for_(c, inst),
        Kind::Nest(_) => nest(c, inst),
        Kind::While { .. } => blocks(c, inst),
        Kind::Assert { cond, .. } => assert(c, cond, inst),
        _ => c.keep(inst),
    }
}

fn replace_or_keep(c: &mut Cursor, inst: Inst, new: Option<Value>) {
    match new {
        Some(v) => c.replace(inst.results[0], v),
        None => c.keep(inst),
    }
}

fn blocks(c: &mut Cursor, mut i: Inst) {
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut inst);
    }
    c.keep(i);
}

/// Appends the instructions of a block that certainly runs once, and gives its results.
fn splice(c: &mut Cursor, block: Block) -> Vec<Value> {
    for i in block.insts {
        inst(c, i);
    }
    c.all(&block.results)
}

/// An element of an array that is known: of a pack, of an update, of an accumulation.
fn element(c: &mut Cursor, array: Value, at: &[Value]) -> Option<Value> {
    match c.known.def(array)?.clone() {
        Kind::Pack { elems, shape } => Some(elems[position(c, at, &shape)?]),
        Kind::Update { array: before, at: place, value } => match c.known.same_place(at, &place)? {
            // The write checks the bounds, and may go with the array once nothing reads it.
            true => c.known.all_in_bounds(c.values(), array, at).then_some(value),
            false => Some(read(c, before, at)),
        },
        Kind::Accum { array: before, at: place, value } => {
            let same = c.known.same_place(at, &place)?;
            if same && !c.known.all_in_bounds(c.values(), array, at) {
                return None;
            }
            let old = read(c, before, at);
            Some(if same { operate(c, Op::Add, &[old, value]) } else { old })
        }
        _ => None,
    }
}

fn read(c: &mut Cursor, array: Value, at: &[Value]) -> Value {
    element(c, array, at).unwrap_or_else(|| c.emit(Kind::Index { array, at: at.to_vec() })[0])
}

fn operate(c: &mut Cursor, op: Op, args: &[Value]) -> Value {
    fold(c, op, args).unwrap_or_else(|| c.emit(Kind::Op(op, args.to_vec()))[0])
}

/// The row-major position of constant indices within bounds.
fn position(c: &Cursor, at: &[Value], shape: &[i64]) -> Option<usize> {
    at.iter().zip(shape).try_fold(0, |flat, (&i, &n)| {
        let i = c.known.int(i)?;
        (0..n).contains(&i).then(|| flat * n as usize + i as usize)
    })
}

fn update(c: &mut Cursor, array: Value, at: &[Value], value: Value) -> Option<Value> {
    if let Some(added) = added(c, array, at, value) {
        return Some(write(c, Kind::Accum { array, at: at.to_vec(), value: added }));
    }
    if let Some(before) = overwritten(c, array, at) {
        return Some(write(c, Kind::Update { array: before, at: at.to_vec(), value }));
    }
    if let Some(Kind::Index { array: from, at: place }) = c.known.def(value)
        && *from == array
        && c.known.same_place(at, place) == Some(true)
        && c.known.all_in_bounds(c.values(), array, at)
    {
        return Some(array);
    }
    let Kind::Pack { elems, shape } = c.known.def(array)? else { return None };
    let (mut elems, shape) = (elems.clone(), shape.clone());
    elems[position(c, at, &shape)?] = value;
    Some(c.emit(Kind::Pack { elems, shape })[0])
}

/// Appends a write, whose type is that of its array.
fn write(c: &mut Cursor, kind: Kind) -> Value {
    c.emit(kind)[0]
}

/// What is added to the element, if the new value is the old one and something.
fn added(c: &Cursor, array: Value, at: &[Value], value: Value) -> Option<Value> {
    let Some(Kind::Op(op, args)) = c.known.def(value) else { return None };
    if op.def().facts.reduce != Some(Reduce::Sum) {
        return None;
    }
    let old = |v: Value| match c.known.def(v) {
        Some(Kind::Index { array: from, at: place }) => {
            *from == array && c.known.same_place(at, place) == Some(true)
        }
        _ => false,
    };
    match args[..] {
        [a, b] if old(a) => Some(b),
        [a, b] if old(b) => Some(a),
        _ => None,
    }
}

/// The array before a write to the same place, which a second write makes void.
fn overwritten(c: &Cursor, array: Value, at: &[Value]) -> Option<Value> {
    match c.known.def(array)? {
        Kind::Update { array: before, at: place, .. } | Kind::Accum { array: before, at: place, .. } => {
            (c.known.same_place(at, place) == Some(true)).then_some(*before)
        }
        _ => None,
    }
}

fn accum(c: &mut Cursor, array: Value, at: &[Value], value: Value) -> Option<Value> {
    if let Some(Kind::Update { array: before, at: place, value: old }) = c.known.def(array)
        && is_zero(c, *old)
        && c.known.same_place(at, place) == Some(true)
    {
        let before = *before;
        return Some(write(c, Kind::Update { array: before, at: at.to_vec(), value }));
    }
    let Kind::Pack { elems, shape } = c.known.def(array)? else { return None };
    let (mut elems, shape) = (elems.clone(), shape.clone());
    let place = position(c, at, &shape)?;
    elems[place] = if is_zero(c, elems[place]) { value } else { operate(c, Op::Add, &[elems[place], value]) };
    Some(c.emit(Kind::Pack { elems, shape })[0])
}

/// Whether what accumulates starts here: the sign of a zero is nobody's business then.
fn is_zero(c: &Cursor, v: Value) -> bool {
    c.known.lit(v).is_some_and(|l| l.to_f64() == 0.0)
}

fn branch(c: &mut Cursor, cond: Value, mut i: Inst) {
    let Kind::If { then, els, .. } = &mut i.kind else { unreachable!("a branch") };
    if let Some(Lit::Bool(taken)) = c.known.lit(cond) {
        let block = std::mem::take(if taken { then } else { els });
        let results = splice(c, block);
        return c.replace_all(&i.results, &results);
    }
    for (block, taken) in [(&mut *then, true), (&mut *els, false)] {
        let before = c.known.set(cond, Some(Kind::Const(Lit::Bool(taken))));
        *block = c.block(std::mem::take(block), &mut inst);
        c.known.set(cond, before);
    }
    let pairs: Vec<(Value, Value)> = then.results.iter().copied().zip(els.results.iter().copied()).collect();
    let same: Vec<Option<Value>> = pairs.into_iter().map(|(a, b)| common(c, a, b)).collect();
    for (&result, same) in i.results.iter().zip(&same) {
        same.iter().for_each(|&same| c.replace(result, same));
    }
    // Not left to dead code elimination: what may be used once only would be used twice until then.
    prune(&mut i, &same.iter().map(Option::is_none).collect::<Vec<_>>());
    c.keep(i);
}

/// What both arms of a branch yield, if that is one value or one literal.
fn common(c: &mut Cursor, a: Value, b: Value) -> Option<Value> {
    if a == b {
        return Some(a);
    }
    let lit = c.known.lit(a)?;
    (c.known.lit(b) == Some(lit)).then(|| c.lit(lit))
}

/// A loop without iterations is its initial values, one with a single iteration is its body.
fn for_(c: &mut Cursor, mut i: Inst) {
    let Kind::For { trip, init, body, .. } = &mut i.kind else { unreachable!("a loop") };
    match *trip {
        Extent::Const(n) if n <= 0 => {
            let init = std::mem::take(init);
            c.replace_all(&i.results, &init);
        }
        Extent::Const(1) => {
            let mut body = std::mem::take(body);
            // The mark speaks of this loop, not of the one around it.
            body.insts.retain(|i| !matches!(i.kind, Kind::Checkpoint));
            let zero = c.lit(Lit::I64(0));
            c.replace(body.params[0], zero);
            c.replace_all(&body.params[1..], init);
            let results = splice(c, body);
            c.replace_all(&i.results, &results);
        }
        _ => {
            carried(c, &mut i);
            c.bind_indices(&i.kind);
            blocks(c, i);
        }
    }
}

/// A carried value that does not change is its initial value; one that moves by a constant follows from the index.
fn carried(c: &mut Cursor, i: &mut Inst) {
    let Kind::For { trip, rev, init, body } = &mut i.kind else { unreachable!("a loop") };
    let mut changes = vec![true; init.len()];
    for k in 0..init.len() {
        let param = body.params[1 + k];
        if body.results[k] == param {
            c.replace(param, init[k]);
            c.replace(i.results[k], init[k]);
            changes[k] = false;
        } else if !*rev && let Some(step) = step(c, body, k) {
            let (index, loc) = (body.params[0], i.loc);
            let (at, before) = moved(c, init[k], index, step, loc);
            body.insts.splice(0..0, before);
            c.replace(param, at);
            let (trip, zero) = (c.b.extent(*trip), c.b.int(0));
            let times = c.emit(Kind::Op(Op::Max, vec![trip, zero]))[0];
            let (at, after) = moved(c, init[k], times, step, loc);
            after.into_iter().for_each(|i| inst(c, i));
            c.replace(i.results[k], at);
        }
    }
    prune(i, &changes);
}

/// By how much a carried integer grows in each iteration.
fn step(c: &Cursor, body: &Block, k: usize) -> Option<i64> {
    let (param, next) = (body.params[1 + k], body.results[k]);
    let Kind::Op(op, args) = &body.insts.iter().find(|i| i.results == [next])?.kind else { return None };
    let coefficients = linear_coefficients(op.def())?;
    let by = |v: Value| c.known.int(c.value(v)).or_else(|| literal(body, v));
    match (&args[..], &coefficients[..]) {
        (&[a, b], &[1, sign]) if a == param => by(b)?.checked_mul(sign),
        (&[a, b], &[1, 1]) if b == param => by(a),
        _ => None,
    }
}

/// The integer that a block defines as a literal.
fn literal(block: &Block, v: Value) -> Option<i64> {
    match block.insts.iter().find(|i| i.results == [v])?.kind {
        Kind::Const(Lit::I64(n)) => Some(n),
        _ => None,
    }
}

/// The code of `from + times · step`.
fn moved(c: &mut Cursor, from: Value, times: Value, step: i64, loc: Loc) -> (Value, Vec<Inst>) {
    let mut new = |kind| {
        let v = c.b.values.add(Scalar::I64.into(), "");
        (v, Inst { results: vec![v], kind, loc })
    };
    let (by, a) = new(Kind::Const(Lit::I64(step)));
    let (product, b) = new(Kind::Op(Op::Mul, vec![times, by]));
    let (sum, c) = new(Kind::Op(Op::Add, vec![from, product]));
    (sum, vec![a, b, c])
}

fn nest(c: &mut Cursor, mut i: Inst) {
    c.bind_indices(&i.kind);
    let Kind::Nest(nest) = &mut i.kind else { unreachable!("a nest") };
    let body = std::mem::take(&mut nest.body);
    let single: Vec<Value> = body
        .params
        .iter()
        .zip(&nest.domain)
        .filter(|&(_, &e)| e == Extent::Const(1))
        .map(|(&p, _)| p)
        .collect();
    let params = body.params.clone();
    let zero = (!single.is_empty()).then(|| c.lit(Lit::I64(0)));
    single.iter().for_each(|&p| c.replace(p, zero.expect("made for them")));
    c.retype(&params);
    nest.body = c.block(Block { params: Vec::new(), ..body }, &mut inst);
    nest.body.params = params;
    c.keep(i);
}

/// What holds needs no check.
fn assert(c: &mut Cursor, cond: Value, i: Inst) {
    if c.known.lit(cond) == Some(Lit::Bool(true)) {
        c.changed = true;
        return;
    }
    c.keep(i);
}
