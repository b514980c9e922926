//! Branches in nests whose arms are cheap and cannot panic become choices between numbers, so that lanes stay together.
//!
//! Only after differentiation: the derivative of a branch does not touch the arm that was not taken.

use crate::fuse::cost;
use crate::ir::{Block, Func, Inst, Kind};
use crate::ops::Op;

use crate::rewrite::Cursor;

/// Arms that cost more than this together stay branches.
const MAX_COST: u64 = 100;

/// Turns branches in nests into selects.
pub fn run(f: &mut Func) {
    Cursor::run(f, |c, body| c.block(body, &mut |c, i| inst(c, i, false)));
}

fn inst(c: &mut Cursor, mut i: Inst, in_nest: bool) {
    c.resolve(&mut i.kind);
    c.bind_indices(&i.kind);
    let inner = in_nest || matches!(i.kind, Kind::Nest(_));
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut |c, i| inst(c, i, inner));
    }
    match i.kind {
        Kind::If { cond, then, els }
            if in_nest && fits(c, &then) && fits(c, &els) && cost(&then) + cost(&els) <= MAX_COST =>
        {
            for inner in then.insts.into_iter().chain(els.insts) {
                c.keep(inner);
            }
            for (&result, (&a, &b)) in i.results.iter().zip(then.results.iter().zip(&els.results)) {
                let chosen = if a == b { a } else { c.emit(Kind::Op(Op::Select, vec![cond, a, b]))[0] };
                c.replace(result, chosen);
            }
        }
        _ => c.keep(i),
    }
}

/// Whether an arm is straight-line code on numbers that may be executed in vain.
fn fits(c: &Cursor, arm: &Block) -> bool {
    let plain =
        |i: &Inst| i.kind.blocks().is_empty() && i.results.iter().all(|&r| c.values().ty(r).is_scalar());
    arm.insts.iter().all(|i| plain(i) && !c.known.has_effect(c.values(), i))
        && arm.results.iter().all(|&r| c.values().ty(r).is_scalar())
}
