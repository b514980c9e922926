//! Accumulators whose places are known become outs.
//!
//! What a nest adds to the element at its own indices is an array over its domain; what it adds to the element at
//! constant indices of a small array is a sum. An inner nest or a branch that adds to such places yields the number
//! instead.

use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Nest, Out, Reduce, Scalar, Ty, Value};
use crate::ops::Op;
use crate::opt::positions;
use crate::rewrite::Cursor;

/// Arrays with more elements than this stay accumulators: one sum per element would not pay.
const MAX_SUMS: i64 = 64;

/// Turns accumulators into outs.
pub fn run(f: &mut Func) {
    Cursor::run(f, |c, body| c.block(body, &mut |c, i| inst(c, i, false)));
}

fn inst(c: &mut Cursor, mut i: Inst, inside: bool) {
    c.resolve(&mut i.kind);
    c.bind_indices(&i.kind);
    let inner = inside || matches!(i.kind, Kind::Nest(_));
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut |c, i| inst(c, i, inner));
    }
    if !matches!(i.kind, Kind::Nest(_)) {
        return c.keep(i);
    }
    let mut slot = 0;
    let mut taken = Vec::new();
    while slot < nest(&i).accs.len() {
        // In a nest, what is accumulated to may be an accumulator of that nest, which cannot be read.
        let own = !inside || is_zero(c, nest(&i).accs[slot]);
        match plan(c, nest(&i), slot).filter(|_| own) {
            Some(places) => taken.push(take(c, &mut i, slot, places)),
            None => slot += 1,
        }
    }
    c.keep(i);
    for t in taken {
        let array = t.array(c);
        c.replace(t.result, array);
    }
}

fn nest(i: &Inst) -> &Nest {
    match &i.kind {
        Kind::Nest(nest) => nest,
        _ => unreachable!("a nest"),
    }
}

/// Where an accumulator is added to.
enum Places {
    /// At the nest's indices.
    Own,
    /// At constant indices.
    Constant,
}

/// Whether everything that is added to an accumulator goes to known places.
fn plan(c: &Cursor, nest: &Nest, slot: usize) -> Option<Places> {
    let rank = nest.domain.len();
    let indices: Vec<Extent> = nest.body.params[..rank].iter().map(|&i| Extent::Value(i)).collect();
    let mut keys = Vec::new();
    survey(c, &nest.body, nest.body.params[rank + slot], nest.body.results[slot], &mut keys)?;
    let shape = c.values().ty(nest.accs[slot]).shape();
    if shape == nest.domain && keys.iter().all(|k| *k == indices) {
        return Some(Places::Own);
    }
    let small = constant_size(shape).is_some_and(|n| n <= MAX_SUMS);
    let within = |key: &Vec<Extent>| {
        key.iter()
            .zip(shape)
            .all(|(k, e)| matches!((k, e), (Extent::Const(k), Extent::Const(n)) if (0..*n).contains(k)))
    };
    (small && keys.iter().all(within)).then_some(Places::Constant)
}

fn constant_size(shape: &[Extent]) -> Option<i64> {
    shape.iter().try_fold(1i64, |n, e| match e {
        Extent::Const(k) => n.checked_mul((*k).max(0)),
        Extent::Value(_) => None,
    })
}

/// The place of an addition: constants where they are known.
fn key(c: &Cursor, at: &[Value]) -> Vec<Extent> {
    at.iter().map(|&v| c.known.extent(Extent::Value(v))).collect()
}

/// Collects the places at which a block adds to an accumulator, from its token to what the block yields for it.
fn survey(
    c: &Cursor,
    block: &Block,
    token: Value,
    yielded: Value,
    keys: &mut Vec<Vec<Extent>>,
) -> Option<()> {
    let mut current = token;
    for inst in &block.insts {
        match &inst.kind {
            Kind::Accum { array, at, .. } if *array == current => {
                keys.push(key(c, at));
                current = inst.results[0];
            }
            Kind::If { then, els, .. } => {
                let slots: Vec<usize> =
                    (0..inst.results.len()).filter(|&k| passes(c, inst, k, current)).collect();
                match slots[..] {
                    [] => {}
                    [slot] => {
                        survey(c, then, current, then.results[slot], keys)?;
                        survey(c, els, current, els.results[slot], keys)?;
                        current = inst.results[slot];
                    }
                    _ => return None,
                }
            }
            Kind::Nest(inner) => {
                if let Some(slot) = inner.accs.iter().position(|&a| a == current) {
                    let token = inner.body.params[inner.domain.len() + slot];
                    let mut inside = Vec::new();
                    survey(c, &inner.body, token, inner.body.results[slot], &mut inside)?;
                    let own = &inner.body.params[..inner.domain.len()];
                    let invariant = |k: &Extent| !matches!(k, Extent::Value(v) if own.contains(v));
                    inside.iter().all(|key| key.iter().all(invariant)).then_some(())?;
                    keys.append(&mut inside);
                    current = inst.results[slot];
                }
            }
            _ => {}
        }
    }
    (current == yielded).then_some(())
}

/// Whether result `k` of a branch is the accumulator that comes in as `token`.
fn passes(c: &Cursor, inst: &Inst, k: usize, token: Value) -> bool {
    let Kind::If { then, els, .. } = &inst.kind else { return false };
    let same_type = c.values().ty(inst.results[k]) == c.values().ty(token);
    same_type && [then, els].iter().all(|b| leads(b, token, b.results[k]))
}

/// Whether a chain of additions leads from a token to a value.
fn leads(block: &Block, token: Value, to: Value) -> bool {
    let mut reached = vec![token];
    for inst in &block.insts {
        match &inst.kind {
            Kind::Accum { array, .. } if reached.contains(array) => reached.push(inst.results[0]),
            Kind::Nest(n) => {
                let passed =
                    inst.results.iter().zip(&n.accs).filter(|(_, a)| reached.contains(a)).map(|(&r, _)| r);
                let passed: Vec<Value> = passed.collect();
                reached.extend(passed);
            }
            Kind::If { then, els, .. } => {
                for (k, &r) in inst.results.iter().enumerate() {
                    if reached
                        .iter()
                        .any(|&t| leads(then, t, then.results[k]) && leads(els, t, els.results[k]))
                    {
                        reached.push(r);
                    }
                }
            }
            _ => {}
        }
    }
    reached.contains(&to)
}

/// A number that goes to one place.
type Contribution = (Vec<Extent>, Value);

/// An accumulator that was taken from its nest.
struct Taken {
    /// What the nest gave for it.
    result: Value,
    /// What it started from.
    init: Value,
    /// Whether the contribution is an array over the domain.
    own: bool,
    contributions: Vec<Contribution>,
}

/// Takes an accumulator out of a nest; the nest yields the contributions instead.
fn take(c: &mut Cursor, i: &mut Inst, slot: usize, places: Places) -> Taken {
    let Kind::Nest(nest) = &mut i.kind else { unreachable!("a nest") };
    let own = matches!(places, Places::Own);
    let rank = nest.domain.len();
    let init = nest.accs.remove(slot);
    let token = nest.body.params.remove(rank + slot);
    let yielded = nest.body.results.remove(slot);
    let result = i.results.remove(slot);
    let inside = extract(c, &mut nest.body, token, yielded);
    let ty = c.values().ty(init).clone();
    let elem = ty.elem().expect("accumulators are arrays");
    let mut contributions = Vec::new();
    for (key, v) in inside {
        let (out, ty) = match own {
            true => (Out::Build, ty.clone()),
            false => (Out::Fold(Reduce::Sum), elem.into()),
        };
        nest.outs.push(out);
        nest.body.results.push(v);
        let sum = c.b.values.add(ty, "");
        i.results.push(sum);
        contributions.push((key, sum));
    }
    Taken { result, init, own, contributions }
}

/// Removes the additions to an accumulator from a block and gives the number that goes to each place, one per place.
fn extract(c: &mut Cursor, block: &mut Block, token: Value, yielded: Value) -> Vec<Contribution> {
    let mut current = token;
    let mut found: Vec<Contribution> = Vec::new();
    let mut insts = Vec::new();
    for mut inst in std::mem::take(&mut block.insts) {
        let mut new = Vec::new();
        match &mut inst.kind {
            Kind::Accum { array, at, value } if *array == current => {
                new.push((key(c, at), *value));
                current = inst.results[0];
            }
            Kind::If { .. } => {
                if let Some(slot) = (0..inst.results.len()).find(|&k| passes(c, &inst, k, current)) {
                    new = extract_branch(c, &mut inst, slot, current);
                    current = inst.results.remove(slot);
                }
                insts.push(inst);
            }
            Kind::Nest(inner) => {
                if let Some(slot) = inner.accs.iter().position(|&a| a == current) {
                    let taken = take(c, &mut inst, slot, Places::Constant);
                    new = taken.contributions;
                    current = taken.result;
                }
                insts.push(inst);
            }
            _ => insts.push(inst),
        }
        for (key, v) in new {
            match found.iter_mut().find(|(k, _)| *k == key) {
                Some((_, sum)) => *sum = append(c, &mut insts, Kind::Op(Op::Add, vec![*sum, v])),
                None => found.push((key, v)),
            }
        }
    }
    debug_assert_eq!(current, yielded, "the survey followed the same chain");
    block.insts = insts;
    found
}

/// The contributions of a branch: each arm yields its number for every place, zero where it adds nothing.
fn extract_branch(c: &mut Cursor, inst: &mut Inst, slot: usize, token: Value) -> Vec<Contribution> {
    let elem = c.values().ty(token).elem().expect("accumulators are arrays");
    let Kind::If { then, els, .. } = &mut inst.kind else { unreachable!("a branch") };
    let yielded = (then.results.remove(slot), els.results.remove(slot));
    let a = extract(c, then, token, yielded.0);
    let b = extract(c, els, token, yielded.1);
    let mut keys: Vec<Vec<Extent>> = a.iter().map(|x| x.0.clone()).collect();
    keys.extend(b.iter().map(|x| x.0.clone()).filter(|k| !a.iter().any(|x| x.0 == *k)));
    let mut result = Vec::new();
    for key in keys {
        for (arm, block) in [(&a, &mut *then), (&b, &mut *els)] {
            let v = match arm.iter().find(|x| x.0 == key) {
                Some(x) => x.1,
                None => append(c, &mut block.insts, Kind::Const(Lit::of(elem, 0.0))),
            };
            block.results.push(v);
        }
        result.push((key, c.b.values.add(elem.into(), "")));
    }
    inst.results.extend(result.iter().map(|x| x.1));
    // The token's own result stands before the new ones; the caller takes it out.
    result
}

fn append(c: &mut Cursor, insts: &mut Vec<Inst>, kind: Kind) -> Value {
    let ty: Ty = crate::ir::infer(c.values(), &kind).expect("well typed").remove(0);
    let v = c.b.values.add(ty, "");
    insts.push(Inst { results: vec![v], kind, loc: c.b.loc });
    v
}

impl Taken {
    /// The array that the accumulator came to: the contributions, and what it started from unless that is zero.
    fn array(&self, c: &mut Cursor) -> Value {
        let ty = c.values().ty(self.init).clone();
        let elem = ty.elem().expect("accumulators are arrays");
        let zero = is_zero(c, self.init);
        match (self.own, &self.contributions[..]) {
            (_, []) => self.init,
            (true, [(_, sum)]) if zero => *sum,
            (true, _) => self.added(c, &ty),
            (false, _) => self.packed(c, ty.shape(), elem, zero),
        }
    }

    fn added(&self, c: &mut Cursor, ty: &Ty) -> Value {
        let sum = self.contributions[0].1;
        let init = self.init;
        c.b.build(ty.shape(), |b, i| {
            let (x, y) = (b.index(init, i), b.index(sum, i));
            b.op(Op::Add, &[x, y])
        })
    }

    fn packed(&self, c: &mut Cursor, shape: &[Extent], elem: Scalar, zero: bool) -> Value {
        let shape: Vec<i64> = shape.iter().map(|e| if let Extent::Const(n) = e { *n } else { 0 }).collect();
        let elems = positions(&shape).into_iter().map(|at| {
            let key: Vec<Extent> = at.iter().map(|&k| Extent::Const(k)).collect();
            let sum = self.contributions.iter().find(|x| x.0 == key).map(|x| x.1);
            match (zero, sum) {
                (true, Some(sum)) => sum,
                (true, None) => c.lit(Lit::of(elem, 0.0)),
                (false, sum) => {
                    let at = at.iter().map(|&k| c.lit(Lit::I64(k))).collect();
                    let old = c.emit(Kind::Index { array: self.init, at })[0];
                    sum.map_or(old, |sum| c.emit(Kind::Op(Op::Add, vec![old, sum]))[0])
                }
            }
        });
        let elems = elems.collect();
        c.emit(Kind::Pack { elems, shape })[0]
    }
}

/// Whether an array is certainly zero everywhere.
fn is_zero(c: &Cursor, array: Value) -> bool {
    let zero = |v: Value| c.known.lit(v).is_some_and(|l| l.to_f64() == 0.0);
    match c.known.def(array) {
        Some(Kind::Pack { elems, .. }) => elems.iter().all(|&e| zero(e)),
        _ => c.known.splat(array).is_some_and(zero),
    }
}
