//! How a nest runs: over lanes or one iteration after another, and how many lanes.

use std::collections::HashSet;

use pullback_kernels::ir::{Block, Extent, Func, Inst, Kind, Nest, Out, Scalar, Value};

use super::stages::{Stages, stages};

/// The shape of a nest's loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// One iteration after another.
    Plain,
    /// One array from others: the compiler vectorises it by itself.
    Map,
    /// Blocks of lanes.
    Lanes,
}

/// An array that is read at the place of the innermost index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Load {
    /// The element.
    pub(super) element: Value,
    /// The array.
    pub(super) array: Value,
    /// Whether the outer indices matter: otherwise every row reads the same elements.
    pub(super) every: bool,
    /// Whether the array is certainly as long as the axis.
    pub(super) exact: bool,
}

/// How a nest runs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) mode: Mode,
    /// Whether the loop has an outer axis of rows; else all axes are one.
    pub(super) rows: bool,
    /// What is read along the innermost axis.
    pub(super) loads: Vec<Load>,
    /// Lanes for the baseline, AVX2 and AVX-512.
    pub(super) lanes: [usize; 3],
    /// The cost of an iteration, in additions.
    pub(super) cost: usize,
    /// Whether and how reads and additions at computed places stand apart.
    pub(super) stages: Option<Stages>,
}

impl Plan {
    /// Decides for a nest.
    pub(super) fn of(func: &Func, nest: &Nest) -> Plan {
        let cost = cost(&nest.body);
        let plain = Plan {
            mode: Mode::Plain,
            rows: nest.domain.len() > 1,
            loads: vec![],
            lanes: [16; 3],
            cost,
            stages: None,
        };
        let loads = loads(func, nest);
        let stages = stages(func, nest, &loads);
        if stages.is_none() && (!nest.accs.is_empty() || !nest.body.insts.iter().all(is_branch_free)) {
            return plain;
        }
        let flat = nest.domain.len() == 1 || is_flat(nest, &loads);
        if !flat && is_short(nest) {
            return plain;
        }
        let folds = nest.outs.iter().filter(|o| matches!(o, Out::Fold(_))).count();
        let map = folds == 0 && nest.outs.len() == 1 && stages.is_none();
        let mode = if map { Mode::Map } else { Mode::Lanes };
        Plan { mode, rows: !flat, loads, lanes: lanes(func, nest, folds), cost, stages }
    }
}

/// Whether an instruction can run in lanes.
fn is_branch_free(inst: &Inst) -> bool {
    match &inst.kind {
        Kind::Const(_) | Kind::Op(..) | Kind::Index { .. } => true,
        Kind::If { then, els, .. } => then.insts.iter().chain(&els.insts).all(is_branch_free),
        _ => false,
    }
}

/// The arrays that are read along the innermost axis, whatever branch is taken.
fn loads(func: &Func, nest: &Nest) -> Vec<Load> {
    let indices = &nest.body.params[..nest.domain.len()];
    let (Some(inner), Some(length)) = (indices.last(), nest.domain.last()) else { return Vec::new() };
    let along = |inst: &Inst| {
        let Kind::Index { array, at } = &inst.kind else { return None };
        let shape = func.values.ty(*array).shape();
        let every = at == indices && shape == nest.domain;
        let same = at == std::slice::from_ref(inner);
        let exact = every || shape == std::slice::from_ref(length);
        (every || same).then(|| Load { element: inst.results[0], array: *array, every, exact })
    };
    nest.body.insts.iter().filter_map(along).collect()
}

/// Whether all axes can be run through as one: nothing asks for a single index.
fn is_flat(nest: &Nest, loads: &[Load]) -> bool {
    let indices = &nest.body.params[..nest.domain.len()];
    let loaded: HashSet<Value> = loads.iter().filter(|l| l.every).map(|l| l.element).collect();
    let asks = |inst: &Inst| {
        let read = inst.kind.operands().iter().any(|v| indices.contains(v));
        let inner = inst.kind.blocks().into_iter().any(|b| indices.iter().any(|&i| super::uses::reads(b, i)));
        (read || inner) && !inst.results.iter().any(|v| loaded.contains(v))
    };
    !nest.body.insts.iter().any(asks) && !nest.body.results.iter().any(|v| indices.contains(v))
}

/// Whether the innermost axis is too short for lanes.
fn is_short(nest: &Nest) -> bool {
    matches!(nest.domain.last(), Some(Extent::Const(n)) if *n < 16)
}

/// The cost of a block, in additions; inner loops of unknown length count as this many iterations.
const UNKNOWN: usize = 16;

fn cost(block: &Block) -> usize {
    let times = |e: &Extent| match e {
        Extent::Const(n) => (*n).max(0) as usize,
        Extent::Value(_) => UNKNOWN,
    };
    let each = |inst: &Inst| match &inst.kind {
        Kind::Op(op, _) => op.def().cost as usize,
        Kind::Nest(nest) => cost(&nest.body).saturating_mul(nest.domain.iter().map(times).product()),
        Kind::For { trip, body, .. } => cost(body).saturating_mul(times(trip)),
        Kind::While { cond, body, .. } => (self::cost(cond) + cost(body)).saturating_mul(UNKNOWN),
        Kind::If { then, els, .. } => cost(then) + cost(els),
        _ => 1,
    };
    block.insts.iter().map(each).fold(block.results.len().max(1), usize::saturating_add)
}

/// The compiler unrolls a loop over lanes before it looks for vectors if all lanes together are shorter than this many
/// instructions, and then finds worse ones.
const UNROLLED: usize = 320;

/// How many lanes to take: enough vectors that sums do not wait for each other, few enough that they stay in registers,
/// and enough instructions that the loop over lanes stays one.
fn lanes(func: &Func, nest: &Nest, folds: usize) -> [usize; 3] {
    let wide = func_types(func, nest).any(|s| matches!(s, Scalar::F64 | Scalar::I64));
    let instructions = nest.body.insts.len() + 3 * folds;
    let vectors = 8_usize.div_ceil(folds.max(1)).next_power_of_two().clamp(1, 4);
    [16, 32, 64].map(|bytes| {
        let mut lanes = (vectors * bytes / if wide { 8 } else { 4 }).max(16);
        while lanes * instructions < UNROLLED && lanes < 64 {
            lanes *= 2;
        }
        lanes
    })
}

fn func_types<'a>(func: &'a Func, nest: &'a Nest) -> impl Iterator<Item = Scalar> + 'a {
    let operations = nest.body.insts.iter().filter(|i| matches!(i.kind, Kind::Op(..) | Kind::Index { .. }));
    operations.filter_map(|i| func.values.ty(i.results[0]).elem())
}
