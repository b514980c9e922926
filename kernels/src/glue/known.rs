//! What the parts of the pass ask of instructions.

use std::collections::HashSet;

use crate::ir::{Block, Extent, Func, Inst, Kind, Ty, Value, Values, inst_free_values};
use crate::rewrite::Known;
use crate::{fuse, ptx};

use super::residence;

/// Arrays of more elements are not made by glue.
const MAX_ELEMENTS: i64 = 256;

/// Nests of more iterations are kernels of their own.
const MAX_ITERATIONS: i64 = 64;

/// An array that is put together again in a nest has at most so many elements.
const MAX_SUNK_ELEMENTS: i64 = 16;

/// Facts about a function.
pub(super) struct Facts {
    device: Vec<bool>,
    known: Known,
    /// What lengths of arrays are.
    extents: HashSet<Value>,
}

impl Facts {
    pub(super) fn of(f: &Func) -> Facts {
        let mut known = Known::of(f);
        define(&mut known, &f.body);
        let shapes = f.values.iter().flat_map(|v| f.values.ty(v).shape());
        let extents = shapes.filter_map(|e| if let Extent::Value(n) = e { Some(*n) } else { None }).collect();
        let mut facts = Facts { device: residence::computed(f, &[]), known, extents };
        // What a loop leaves on the device may be there for its condition's sake alone.
        let mut left = Vec::new();
        loop {
            let before = left.len();
            facts.left_by_control(&f.values, &f.body, &mut left);
            if left.len() == before {
                return facts;
            }
            facts.device = residence::computed(f, &left);
        }
    }

    /// Adds results of branches and loops that are glue and not known to be on the device.
    fn left_by_control(&self, values: &Values, block: &Block, left: &mut Vec<Value>) {
        for inst in block.insts.iter().filter(|i| is_control(i)) {
            if self.is_glue(values, inst) {
                left.extend(inst.results.iter().filter(|&&v| !self.on_device(v)));
            } else if !stays_with_host(inst) {
                inst.kind.blocks().into_iter().for_each(|b| self.left_by_control(values, b, left));
            }
        }
    }

    /// Whether a number is on the device, or follows from such.
    pub(super) fn on_device(&self, v: Value) -> bool {
        self.device.get(v.0 as usize).is_some_and(|&d| d)
    }

    /// Whether an instruction of the host's program belongs into a glue nest.
    pub(super) fn is_glue(&self, values: &Values, inst: &Inst) -> bool {
        match &inst.kind {
            Kind::Op(..) => self.on_device(inst.results[0]),
            Kind::Index { .. } => true,
            Kind::Assert { cond, .. } => self.on_device(*cond),
            Kind::Pack { shape, .. } => (1..=MAX_ELEMENTS).contains(&shape.iter().product()),
            Kind::If { .. } | Kind::For { .. } | Kind::While { .. } => {
                let numbers = inst.results.iter().all(|&v| values.ty(v).is_scalar());
                let free = || inst_free_values(values, inst).into_iter();
                let asks = || has_index(inst) || free().any(|v| self.on_device(v));
                let apart = || free().all(|v| *values.ty(v) != Ty::Tape);
                numbers && apart() && !has_large_nest(inst) && asks() && ptx::one_thread_runs(values, inst)
            }
            _ => false,
        }
    }

    /// Whether an instruction may be done again in a nest that needs its result: it cannot panic and is not long, and no
    /// type names the result.
    pub(super) fn may_sink(&self, values: &Values, inst: &Inst) -> bool {
        if inst.results.iter().any(|v| self.extents.contains(v)) {
            return false;
        }
        match &inst.kind {
            Kind::Op(..) | Kind::Index { .. } => !self.known.has_effect(values, inst),
            Kind::Pack { shape, .. } => shape.iter().product::<i64>() <= MAX_SUNK_ELEMENTS,
            _ => false,
        }
    }
}

fn define(known: &mut Known, block: &Block) {
    for inst in &block.insts {
        if !matches!(inst.kind, Kind::Nest(_)) {
            inst.kind.blocks().into_iter().for_each(|b| define(known, b));
        }
        known.define(inst);
    }
}

/// Whether the host runs the instruction's blocks.
pub(super) fn is_control(inst: &Inst) -> bool {
    matches!(inst.kind, Kind::If { .. } | Kind::For { .. } | Kind::While { .. })
}

/// Whether a loop is left to the host as it is: it writes elements of arrays one by one, or calls what the host computes.
pub(super) fn stays_with_host(inst: &Inst) -> bool {
    matches!(inst.kind, Kind::For { .. } | Kind::While { .. })
        && inst.kind.blocks().into_iter().any(has_host_work)
}

fn has_host_work(block: &Block) -> bool {
    block.insts.iter().any(|i| match &i.kind {
        Kind::Update { .. } | Kind::Accum { .. } | Kind::Call { .. } => true,
        Kind::Contract { kind, .. } => !kind.is_product(),
        Kind::Nest(_) => false,
        kind => kind.blocks().into_iter().any(has_host_work),
    })
}

fn has_index(inst: &Inst) -> bool {
    let inside = |b: &Block| b.insts.iter().any(has_index);
    matches!(inst.kind, Kind::Index { .. }) || inst.kind.blocks().into_iter().any(inside)
}

/// Whether there is a nest or a product in it that deserves more than one thread.
fn has_large_nest(inst: &Inst) -> bool {
    let extent = |e: &Extent| if let Extent::Const(n) = e { Some((*n).max(0)) } else { None };
    let large = match &inst.kind {
        Kind::Nest(nest) => {
            let count = nest.domain.iter().map(extent).product::<Option<i64>>();
            count.is_none_or(|n| n > MAX_ITERATIONS)
        }
        Kind::Contract { .. } => true,
        _ => false,
    };
    large || inst.kind.blocks().into_iter().any(|b| b.insts.iter().any(has_large_nest))
}

/// About how many additions' time a thread takes.
pub(super) fn cost(inst: &Inst) -> u64 {
    fuse::cost_of(inst)
}
