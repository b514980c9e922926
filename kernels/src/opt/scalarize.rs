//! Small arrays of constant shape that are used element by element become numbers: what a loop carries, what a branch
//! yields, what a constant place is written to.

use std::collections::HashSet;

use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Ty, Value};

use super::unroll::{MAX_TRIP, positions};
use crate::rewrite::Cursor;

/// Splits small arrays into numbers.
pub fn run(f: &mut Func) {
    Cursor::run(f, |c, body| c.block(body, &mut |c, i| inst(c, i, false)));
}

fn inst(c: &mut Cursor, mut i: Inst, in_nest: bool) {
    c.resolve(&mut i.kind);
    if matches!(i.kind, Kind::For { .. } | Kind::While { .. }) {
        c.bind_all(&i);
        split_carried(c, &mut i, in_nest);
        return;
    }
    let inner = in_nest || matches!(i.kind, Kind::Nest(_));
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut |c, i| inst(c, i, inner));
    }
    match i.kind {
        Kind::If { .. } => split_results(c, i),
        Kind::Update { array, ref at, value } | Kind::Accum { array, ref at, value } => {
            let add = matches!(i.kind, Kind::Accum { .. });
            // In a nest, what is accumulated to may be an accumulator of that nest, which cannot be read.
            if add && in_nest {
                return c.keep(i);
            }
            match written(c, array, at, value, add) {
                Some(pack) => c.replace(i.results[0], pack),
                None => c.keep(i),
            }
        }
        _ => c.keep(i),
    }
}

/// The shape of a small array.
fn small(ty: &Ty) -> Option<Vec<i64>> {
    let Ty::Array(_, shape) = ty else { return None };
    let shape: Vec<i64> = shape
        .iter()
        .map(|e| if let Extent::Const(n) = e { Some(*n) } else { None })
        .collect::<Option<_>>()?;
    (1..=MAX_TRIP).contains(&shape.iter().product()).then_some(shape)
}

/// The elements of a small array, as reads.
fn elements(c: &mut Cursor, array: Value, shape: &[i64]) -> Vec<Value> {
    if let Some(Kind::Pack { elems, .. }) = c.known.def(array) {
        return elems.clone();
    }
    positions(shape)
        .into_iter()
        .map(|at| {
            let at = at.into_iter().map(|k| c.lit(Lit::I64(k))).collect();
            c.emit(Kind::Index { array, at })[0]
        })
        .collect()
}

/// A small array with a constant place written, as a pack.
fn written(c: &mut Cursor, array: Value, at: &[Value], value: Value, add: bool) -> Option<Value> {
    let shape = small(c.values().ty(array))?;
    let place: Vec<i64> = at.iter().map(|&i| c.known.int(i)).collect::<Option<_>>()?;
    let flat = positions(&shape).into_iter().position(|p| p == place)?;
    let mut elems = elements(c, array, &shape);
    elems[flat] = match add {
        true => c.emit(Kind::Op(crate::ops::Op::Add, vec![elems[flat], value]))[0],
        false => value,
    };
    Some(c.emit(Kind::Pack { elems, shape })[0])
}

/// A branch whose arms both pack an array yields the numbers; the pack follows it.
fn split_results(c: &mut Cursor, mut i: Inst) {
    let Kind::If { then, els, .. } = &mut i.kind else { unreachable!("a branch") };
    let mut packs = Vec::new();
    let mut slot = 0;
    while slot < i.results.len() {
        let (a, b) = (c.known.def(then.results[slot]), c.known.def(els.results[slot]));
        let (Some(Kind::Pack { elems: a, shape }), Some(Kind::Pack { elems: b, .. })) = (a, b) else {
            slot += 1;
            continue;
        };
        let (a, b, shape) = (a.clone(), b.clone(), shape.clone());
        then.results.splice(slot..=slot, a.iter().copied());
        els.results.splice(slot..=slot, b);
        let numbers: Vec<Value> = a.iter().map(|&v| fresh(c, v)).collect();
        let result = i.results[slot];
        i.results.splice(slot..=slot, numbers.iter().copied());
        slot += numbers.len();
        packs.push((result, numbers, shape));
    }
    c.keep(i);
    for (result, elems, shape) in packs {
        let pack = c.emit(Kind::Pack { elems, shape })[0];
        c.replace(result, pack);
    }
}

/// A nameless value of the type of another.
fn fresh(c: &mut Cursor, like: Value) -> Value {
    let ty = c.values().ty(like).clone();
    c.b.values.add(ty, "")
}

/// A loop that carries small arrays used at constant places only carries their elements instead.
fn split_carried(c: &mut Cursor, i: &mut Inst, in_nest: bool) {
    let mut packs = Vec::new();
    let mut slot = 0;
    while slot < i.results.len() {
        match shape_to_split(c, i, slot, in_nest) {
            Some(shape) => {
                let result = i.results[slot];
                let numbers = split(c, i, slot, &shape);
                slot += numbers.len();
                packs.push((result, numbers, shape));
            }
            None => slot += 1,
        }
    }
    let mut i = std::mem::replace(i, Inst { results: Vec::new(), kind: Kind::Tape, loc: i.loc });
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut |c, i| inst(c, i, in_nest));
    }
    c.keep(i);
    for (result, elems, shape) in packs {
        let pack = c.emit(Kind::Pack { elems, shape })[0];
        c.replace(result, pack);
    }
}

/// The initial values of a loop, the blocks that take the carried values, and how many other parameters come first.
fn parts(kind: &mut Kind) -> (&mut Vec<Value>, Vec<&mut Block>, usize) {
    match kind {
        Kind::For { init, body, .. } => (init, vec![body], 1),
        Kind::While { init, cond, body } => (init, vec![body, cond], 0),
        _ => unreachable!("a loop"),
    }
}

/// The shape of a carried array, if it is small and every use in the loop is at a constant place.
fn shape_to_split(c: &Cursor, i: &mut Inst, slot: usize, in_nest: bool) -> Option<Vec<i64>> {
    let (init, blocks, first) = parts(&mut i.kind);
    if in_nest && !matches!(c.known.def(init[slot]), Some(Kind::Pack { .. })) {
        return None;
    }
    let shape = small(c.values().ty(init[slot]))?;
    let mut written = false;
    for (k, block) in blocks.into_iter().enumerate() {
        let mut states = HashSet::from([block.params[first + slot]]);
        written |= constant_uses(c, block, &mut states)?;
        if k == 0 && !states.contains(&block.results[slot]) {
            return None;
        }
        let elsewhere =
            block.results.iter().enumerate().any(|(r, v)| (k != 0 || r != slot) && states.contains(v));
        if elsewhere {
            return None;
        }
    }
    written.then_some(shape)
}

/// Whether all uses of an array's states are reads and writes at constant places; adds the states that writes make.
/// `Some(true)` if there is a write.
fn constant_uses(c: &Cursor, block: &Block, states: &mut HashSet<Value>) -> Option<bool> {
    let constant = |at: &[Value]| at.iter().all(|&i| c.known.int(i).is_some());
    let mut written = false;
    for inst in &block.insts {
        match &inst.kind {
            Kind::Index { array, at } if states.contains(array) => constant(at).then_some(())?,
            Kind::Update { array, at, .. } | Kind::Accum { array, at, .. } if states.contains(array) => {
                constant(at).then_some(())?;
                written = true;
                states.insert(inst.results[0]);
            }
            kind => {
                if kind.operands().iter().any(|v| states.contains(v)) {
                    return None;
                }
                for inner in kind.blocks() {
                    written |= constant_uses(c, inner, states)?;
                }
                written |= yielded(c, inst, states)?;
            }
        }
    }
    Some(written)
}

/// What an instruction's blocks yield of an array's states: only both arms of a branch may, or one of them and the other a
/// pack. Adds what the branch results in; `Some(true)` if there is such.
fn yielded(c: &Cursor, inst: &Inst, states: &mut HashSet<Value>) -> Option<bool> {
    let Kind::If { then, els, .. } = &inst.kind else {
        let any = |b: &&Block| b.results.iter().any(|v| states.contains(v));
        return (!inst.kind.blocks().iter().any(any)).then_some(false);
    };
    let mut found = false;
    for (&result, (a, b)) in inst.results.iter().zip(then.results.iter().zip(&els.results)) {
        let fits = |v: &Value| states.contains(v) || matches!(c.known.def(*v), Some(Kind::Pack { .. }));
        if states.contains(a) || states.contains(b) {
            (fits(a) && fits(b)).then_some(())?;
            states.insert(result);
            found = true;
        }
    }
    Some(found)
}

/// Splits one carried array; gives the numbers after the loop.
fn split(c: &mut Cursor, i: &mut Inst, slot: usize, shape: &[i64]) -> Vec<Value> {
    let (init, mut blocks, first) = parts(&mut i.kind);
    let starts = elements(c, init[slot], shape);
    for (k, block) in blocks.iter_mut().enumerate() {
        let array = block.params[first + slot];
        let params: Vec<Value> = starts.iter().map(|&v| fresh(c, v)).collect();
        block.params.splice(first + slot..=first + slot, params.iter().copied());
        let pack = Inst {
            results: vec![array],
            kind: Kind::Pack { elems: params, shape: shape.to_vec() },
            loc: c.b.loc,
        };
        block.insts.insert(0, pack);
        if k == 0 {
            let next = block.results[slot];
            let numbers = reads(c, &mut block.insts, next, shape);
            block.results.splice(slot..=slot, numbers);
        }
    }
    let numbers: Vec<Value> = starts.iter().map(|&v| fresh(c, v)).collect();
    init.splice(slot..=slot, starts);
    i.results.splice(slot..=slot, numbers.iter().copied());
    numbers
}

/// Appends reads of all elements to a block's instructions.
fn reads(c: &mut Cursor, insts: &mut Vec<Inst>, array: Value, shape: &[i64]) -> Vec<Value> {
    let loc = c.b.loc;
    let elem = c.values().ty(array).elem().expect("an array");
    positions(shape)
        .into_iter()
        .map(|at| {
            let mut at_values = Vec::new();
            for k in at {
                let v = c.b.values.add(crate::ir::Scalar::I64.into(), "");
                insts.push(Inst { results: vec![v], kind: Kind::Const(Lit::I64(k)), loc });
                at_values.push(v);
            }
            let v = c.b.values.add(elem.into(), "");
            insts.push(Inst { results: vec![v], kind: Kind::Index { array, at: at_values }, loc });
            v
        })
        .collect()
}
