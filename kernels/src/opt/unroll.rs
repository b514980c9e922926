//! Loops and nests over a few iterations become straight-line code, the arrays that they build packs of numbers.

use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Nest, Out, Renamer, Value};

use super::promote::reduce::{is_exact, op_of};
use crate::rewrite::Cursor;
use crate::rewrite::facts::neutral;

/// More iterations than this stay a loop.
pub(super) const MAX_TRIP: i64 = 16;
/// So does what would make more instructions than this.
const MAX_SIZE: usize = 400;

/// Unrolls small loops.
pub fn run(f: &mut Func) {
    Cursor::run(f, |c, body| c.block(body, &mut inst));
}

fn inst(c: &mut Cursor, mut i: Inst) {
    c.resolve(&mut i.kind);
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut inst);
    }
    match &i.kind {
        Kind::For { trip: Extent::Const(n), rev, init, body } if fits(*n, body) && !is_marked(body) => {
            let mut carried = init.clone();
            let (n, rev) = (*n, *rev);
            for k in 0..n {
                let k = c.lit(Lit::I64(if rev { n - 1 - k } else { k }));
                carried = iteration(c, body, &[vec![k], carried].concat());
            }
            c.replace_all(&i.results, &carried);
        }
        Kind::Nest(nest) if points(nest).is_some_and(|n| fits(n, &nest.body)) && exact(c, nest) => {
            let results = unrolled(c, nest);
            c.replace_all(&i.results, &results);
        }
        _ => c.keep(i),
    }
}

fn fits(trip: i64, body: &Block) -> bool {
    (0..=MAX_TRIP).contains(&trip) && super::count(body) * (trip as usize) <= MAX_SIZE
}

/// Whether a loop asks for its body to be computed again.
fn is_marked(body: &Block) -> bool {
    body.insts.iter().any(|i| matches!(i.kind, Kind::Checkpoint))
}

/// How many iterations a nest of constant extents has.
fn points(nest: &Nest) -> Option<i64> {
    nest.domain.iter().try_fold(1i64, |n, e| match e {
        Extent::Const(k) => n.checked_mul((*k).max(0)),
        Extent::Value(_) => None,
    })
}

/// Whether operations one after the other give what the nest's reductions give. An empty array is no pack.
fn exact(c: &Cursor, nest: &Nest) -> bool {
    let empty = points(nest) == Some(0);
    nest.outs.iter().zip(&nest.body.results[nest.accs.len()..]).all(|(out, &v)| match out {
        Out::Build => !empty,
        Out::Fold(r) => c.values().ty(v).elem().is_some_and(|s| is_exact(*r, s)),
    })
}

/// Appends a copy of a loop's body and gives its results.
fn iteration(c: &mut Cursor, body: &Block, params: &[Value]) -> Vec<Value> {
    let mut renamer = Renamer::with(body.params.iter().copied().zip(params.iter().copied()));
    let constants = body.params.iter().zip(params).filter_map(|(&p, &v)| Some((p, c.known.int(v)?)));
    renamer.consts = constants.collect();
    let copy = renamer.block(c.b.values, None, &Block { params: Vec::new(), ..body.clone() });
    copy.insts.into_iter().for_each(|i| c.keep(i));
    copy.results
}

fn unrolled(c: &mut Cursor, nest: &Nest) -> Vec<Value> {
    let accs = nest.accs.len();
    let mut carried = nest.accs.clone();
    let mut outs: Vec<Vec<Value>> = vec![Vec::new(); nest.outs.len()];
    let shape: Vec<i64> =
        nest.domain.iter().map(|e| if let Extent::Const(n) = e { (*n).max(0) } else { 0 }).collect();
    for at in positions(&shape) {
        let mut params: Vec<Value> = at.into_iter().map(|k| c.lit(Lit::I64(k))).collect();
        params.append(&mut carried);
        let results = iteration(c, &nest.body, &params);
        outs.iter_mut().zip(&results[accs..]).for_each(|(o, &v)| o.push(v));
        carried = results[..accs].to_vec();
    }
    for (out, (numbers, &yielded)) in nest.outs.iter().zip(outs.into_iter().zip(&nest.body.results[accs..])) {
        let v = match out {
            Out::Build => c.emit(Kind::Pack { elems: numbers, shape: shape.clone() })[0],
            Out::Fold(reduce) => {
                let op = op_of(*reduce);
                let all = numbers.into_iter().reduce(|a, b| c.emit(Kind::Op(op, vec![a, b]))[0]);
                let elem = c.values().ty(yielded).elem().expect("a number");
                all.unwrap_or_else(|| c.lit(neutral(*reduce, elem).expect("an exact reduction has one")))
            }
        };
        carried.push(v);
    }
    carried
}

/// All index tuples of a constant shape, the last axis fastest.
pub(crate) fn positions(shape: &[i64]) -> Vec<Vec<i64>> {
    shape.iter().fold(vec![Vec::new()], |all, &n| {
        all.into_iter().flat_map(|at| (0..n).map(move |k| [&at[..], &[k]].concat())).collect()
    })
}
