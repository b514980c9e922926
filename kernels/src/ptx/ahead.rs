//! What does not depend on an iteration's indices: computed once by each thread, stored once.

use std::collections::HashSet;

use super::{Emitter, Result};
use crate::fuse;
use crate::ir::{Extent, Inst, Kind, Nest, Out, Reduce, Value, Values, inst_free_values};

/// Packs of at most so many elements are held in registers all along.
const MAX_PACK: usize = 16;

/// Computes what no index decides ahead of the loop, and says what it costs.
pub(super) fn ahead(e: &mut Emitter, nest: &Nest) -> Result<u64> {
    let mut later: HashSet<Value> = nest.body.params.iter().copied().collect();
    let mut cost = 0;
    for inst in &nest.body.insts {
        if is_fixed(e, inst, &later) {
            e.inst(inst)?;
            e.frame.ahead.extend(&inst.results);
            cost += fuse::cost_of(inst);
        } else {
            later.extend(&inst.results);
        }
    }
    Ok(cost)
}

/// Whether every iteration finds the same, and finding it cannot fail.
fn is_fixed(e: &Emitter, inst: &Inst, later: &HashSet<Value>) -> bool {
    let known = inst.kind.operands().iter().all(|v| !later.contains(v));
    known
        && match &inst.kind {
            Kind::Const(_) => true,
            Kind::Op(op, args) => e.ty(args[0]).elem().is_some_and(|s| !op.may_panic(s)),
            Kind::Pack { elems, .. } => elems.len() <= MAX_PACK,
            Kind::Index { array, at } => {
                let shape = e.ty(*array).shape().to_vec();
                at.iter().zip(shape).all(|(&i, n)| match (e.literal(i), n) {
                    (Some(i), Extent::Const(n)) => (0..n).contains(&i),
                    _ => false,
                })
            }
            _ => false,
        }
}

/// The outs that are one number which all iterations know, and there is an iteration.
pub(super) fn alike(values: &Values, nest: &Nest) -> Vec<usize> {
    if known_count(nest).is_none_or(|n| n == 0) {
        return Vec::new();
    }
    let mut own: HashSet<Value> = nest.body.params.iter().copied().collect();
    for inst in &nest.body.insts {
        if inst_free_values(values, inst).iter().any(|v| own.contains(v)) {
            own.extend(&inst.results);
        }
    }
    let same = |out: &Out| matches!(out, Out::Fold(Reduce::Max | Reduce::Min | Reduce::All | Reduce::Any));
    let yields = &nest.body.results[nest.accs.len()..];
    let outs = nest.outs.iter().zip(yields).enumerate();
    outs.filter(|(_, (out, v))| same(out) && !own.contains(v)).map(|(k, _)| k).collect()
}

/// The number of iterations, if it is known at compile time.
pub(super) fn known_count(nest: &Nest) -> Option<u64> {
    let extent = |e: &Extent| match e {
        Extent::Const(n) => Some(n.max(&0).unsigned_abs()),
        Extent::Value(_) => None,
    };
    nest.domain.iter().map(extent).product()
}
