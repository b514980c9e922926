//! Counts of uses, costs, and replacement in place.

use std::collections::HashMap;

use crate::ir::{Block, Extent, Func, Inst, Kind, Value, Values};

/// How often each value is read, by instructions and as a result of a block; extents count.
pub(crate) fn uses(f: &Func) -> Vec<u32> {
    let mut count = vec![0; f.values.len()];
    count_block(&f.body, &mut count);
    count
}

fn count_block(block: &Block, count: &mut [u32]) {
    for inst in &block.insts {
        inst.kind.operands().into_iter().for_each(|v| count[v.0 as usize] += 1);
        inst.kind.blocks().into_iter().for_each(|b| count_block(b, count));
    }
    block.results.iter().for_each(|v| count[v.0 as usize] += 1);
}

/// What a loop of unknown length costs.
const LOOP: u64 = 1000;

/// About how many additions' time a block takes.
pub(crate) fn cost(block: &Block) -> u64 {
    block.insts.iter().map(cost_of).sum()
}

/// About how many additions' time an instruction takes.
pub(crate) fn cost_of(inst: &Inst) -> u64 {
    let trip = |domain: &[Extent]| {
        domain.iter().fold(1u64, |n, e| match e {
            Extent::Const(k) => n.saturating_mul((*k).max(0) as u64),
            Extent::Value(_) => n.saturating_mul(LOOP),
        })
    };
    match &inst.kind {
        Kind::Const(_) | Kind::Tape | Kind::Checkpoint | Kind::Assert { .. } => 0,
        Kind::Op(op, _) => op.def().cost as u64,
        Kind::Index { .. } | Kind::Accum { .. } | Kind::Push { .. } | Kind::Pop { .. } => 1,
        Kind::Pack { elems, .. } => elems.len() as u64,
        Kind::Nest(nest) => trip(&nest.domain).saturating_mul(1 + cost(&nest.body)),
        Kind::If { then, els, .. } => 1 + cost(then).max(cost(els)),
        Kind::Serial(body) => cost(body),
        Kind::For { trip: n, body, .. } => trip(&[*n]).saturating_mul(1 + cost(body)),
        Kind::While { .. } | Kind::Update { .. } | Kind::Contract { .. } | Kind::Call { .. } => LOOP,
    }
}

/// Replaces values in a block and in the types of what it defines.
pub(crate) fn substitute(values: &mut Values, block: &mut Block, map: &HashMap<Value, Value>) {
    let to = |v: Value| map.get(&v).copied().unwrap_or(v);
    let extent = |e: Extent| match e {
        Extent::Value(v) => Extent::Value(to(v)),
        e => e,
    };
    let mut retype = |vs: &[Value]| {
        for &v in vs {
            if values.ty(v).is_array() {
                values[v].ty = values.ty(v).map_extents(extent);
            }
        }
    };
    retype(&block.params);
    for inst in &block.insts {
        retype(&inst.results);
    }
    for inst in &mut block.insts {
        inst.kind.map_operands(&mut |v| to(v), &mut |e| extent(e));
        for inner in inst.kind.blocks_mut() {
            substitute(values, inner, map);
        }
    }
    block.results.iter_mut().for_each(|v| *v = to(*v));
}
