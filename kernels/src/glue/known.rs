//! What the parts of the pass ask of instructions.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use crate::ir::{Block, Extent, Func, Inst, Kind, Value, Values, inst_free_values};
use crate::rewrite::Known;
use crate::{fuse, ptx};

use super::factors::is_small;
use super::{residence, tapes};

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
    /// Loops and branches with tapes that stay with the host, by their first result.
    demoted: HashSet<Value>,
    /// Whether one thread can run a loop or branch, by its first result.
    probed: RefCell<HashMap<Value, bool>>,
}

impl Facts {
    pub(super) fn of(f: &Func) -> Facts {
        let mut known = Known::of(f);
        define(&mut known, &f.body);
        let shapes = f.values.iter().flat_map(|v| f.values.ty(v).shape());
        let extents = shapes.filter_map(|e| if let Extent::Value(n) = e { Some(*n) } else { None }).collect();
        let device = residence::computed(f, &[]);
        let mut facts = Facts { device, known, extents, demoted: HashSet::new(), probed: RefCell::default() };
        facts.demoted = tapes::demoted(f, &|i| facts.one_thread(&f.values, i));
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
                let number = |v: &&Value| values.ty(**v).is_scalar() && !self.on_device(**v);
                left.extend(inst.results.iter().filter(number));
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
            Kind::Contract { kind, .. } => !kind.is_product() && is_small(values, inst),
            Kind::If { .. } | Kind::For { .. } | Kind::While { .. } => {
                let known = inst.results.first().is_some_and(|v| self.demoted.contains(v));
                let numbers = inst.results.iter().all(|&v| values.ty(v).is_scalar());
                let free = || inst_free_values(values, inst).into_iter();
                let asks = || !numbers || has_index(inst) || free().any(|v| self.on_device(v));
                // A choice between arrays is a nest, or the host's.
                let chosen = || !inst.results.iter().any(|&v| values.ty(v).is_array());
                let chooses = !matches!(inst.kind, Kind::If { .. }) || chosen();
                !known && chooses && asks() && self.one_thread(values, inst)
            }
            _ => false,
        }
    }

    /// Whether one thread can and should run a loop or branch: there is no work in it for more.
    pub(super) fn one_thread(&self, values: &Values, inst: &Inst) -> bool {
        let extents = inst.results.iter().flat_map(|&v| values.ty(v).shape());
        let sized = |e: &Extent| if let Extent::Value(n) = e { !self.on_device(*n) } else { true };
        if !extents.clone().all(sized) || has_large_nest(values, inst) {
            return false;
        }
        let Some(&first) = inst.results.first() else { return ptx::one_thread_runs(values, inst) };
        let known = self.probed.borrow().get(&first).copied();
        known.unwrap_or_else(|| {
            let runs = ptx::one_thread_runs(values, inst);
            self.probed.borrow_mut().insert(first, runs);
            runs
        })
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
        Kind::Nest(_) => false,
        kind => kind.blocks().into_iter().any(has_host_work),
    })
}

/// Whether an instruction leaves more than numbers, so that one thread has to run it.
pub(super) fn is_serial(values: &Values, inst: &Inst) -> bool {
    let numbers = inst.results.iter().all(|&v| values.ty(v).is_scalar());
    match inst.kind {
        Kind::Contract { .. } => true,
        _ => is_control(inst) && (!numbers || tapes::has_tape(values, inst)),
    }
}

fn has_index(inst: &Inst) -> bool {
    let inside = |b: &Block| b.insts.iter().any(has_index);
    matches!(inst.kind, Kind::Index { .. }) || inst.kind.blocks().into_iter().any(inside)
}

/// Whether there is a nest or a product in it that deserves more than one thread.
fn has_large_nest(values: &Values, inst: &Inst) -> bool {
    let extent = |e: &Extent| if let Extent::Const(n) = e { Some((*n).max(0)) } else { None };
    let large = match &inst.kind {
        Kind::Nest(nest) => {
            let count = nest.domain.iter().map(extent).product::<Option<i64>>();
            count.is_none_or(|n| n > MAX_ITERATIONS)
        }
        Kind::Contract { .. } => !is_small(values, inst),
        _ => false,
    };
    large || inst.kind.blocks().into_iter().any(|b| b.insts.iter().any(|i| has_large_nest(values, i)))
}

/// About how many additions' time a thread takes.
pub(super) fn cost(inst: &Inst) -> u64 {
    fuse::cost_of(inst)
}
