//! Builds vanish into their readers: an element that is read is computed where it is read.
//!
//! A build is inlined where it is cheap, or where it is read by one instruction, at most once per element. Reads must be
//! certainly within bounds: the check goes with the array.

use std::collections::{HashMap, HashSet};

use crate::ir::{Block, Func, Inst, Kind, Nest, Out, Renamer, Value, inst_free_values};
use crate::ops::CHEAP;
use crate::rewrite::{Cursor, Known};

use super::uses::cost_of;

/// A body that costs at most this, and has no operation that is worth storing, is computed again by each reader.
const CHEAP_BODY: u64 = 9;

/// Inlines builds into their readers.
pub fn run(f: &mut Func) {
    let reads = Survey::of(f);
    let mut inliner = Inliner { reads, bodies: HashMap::new() };
    Cursor::run(f, |c, body| c.block(body, &mut |c, i| inliner.inst(c, i)));
}

/// How one build is used.
#[derive(Clone, Copy, Default, Debug)]
struct Reads {
    /// Reads of single elements, certainly within bounds.
    elements: u32,
    /// Other uses: as a whole array, or perhaps out of bounds.
    others: u32,
    /// Whether some read may see an element more than once.
    repeated: bool,
}

/// How arrays are read: one walk over the function.
struct Survey {
    known: Known,
    reads: Vec<Reads>,
    /// The loop depth at which each array is defined.
    depth: Vec<usize>,
    /// The loops around the current instruction: their indices, none for a loop whose iterations have none.
    loops: Vec<Vec<Value>>,
}

impl Survey {
    fn of(f: &Func) -> Vec<Reads> {
        let n = f.values.len();
        let mut survey = Survey {
            known: Known::of(f),
            reads: vec![Reads::default(); n],
            depth: vec![0; n],
            loops: Vec::new(),
        };
        survey.block(f, &f.body);
        survey.reads
    }

    fn block(&mut self, f: &Func, block: &Block) {
        for inst in &block.insts {
            self.inst(f, inst);
        }
        self.others(&block.results);
    }

    fn others(&mut self, vs: &[Value]) {
        vs.iter().for_each(|v| self.reads[v.0 as usize].others += 1);
    }

    fn inst(&mut self, f: &Func, inst: &Inst) {
        self.known.define(inst);
        for &r in &inst.results {
            self.depth[r.0 as usize] = self.loops.len();
        }
        match &inst.kind {
            Kind::Index { array, at } => self.element(f, *array, at),
            kind => self.others(&kind.operands()),
        }
        let indices = match &inst.kind {
            Kind::Nest(nest) => {
                let indices = nest.body.params[..nest.domain.len()].to_vec();
                indices.iter().zip(&nest.domain).for_each(|(&i, &e)| self.known.index(i, e));
                Some(indices)
            }
            Kind::For { trip, body, .. } => {
                self.known.index(body.params[0], *trip);
                Some(vec![body.params[0]])
            }
            Kind::While { .. } => Some(Vec::new()),
            _ => None,
        };
        let depth = self.loops.len();
        self.loops.extend(indices);
        inst.kind.blocks().into_iter().for_each(|b| self.block(f, b));
        self.loops.truncate(depth);
    }

    fn element(&mut self, f: &Func, array: Value, at: &[Value]) {
        let inside = self.known.all_in_bounds(&f.values, array, at);
        let once = self.at_most_once(array, at);
        let reads = &mut self.reads[array.0 as usize];
        match inside {
            true => reads.elements += 1,
            false => reads.others += 1,
        }
        reads.repeated |= !once;
    }

    /// Whether each loop between the array's definition and the read moves an index of its own.
    fn at_most_once(&self, array: Value, at: &[Value]) -> bool {
        let around = &self.loops[self.depth[array.0 as usize].min(self.loops.len())..];
        let indices: Vec<Value> = around.iter().flatten().copied().collect();
        let moves = |v: Value| {
            at.iter().any(|&a| {
                let terms = self.known.linear(a).terms;
                terms.iter().any(|t| t.0 == v) && !terms.iter().any(|t| t.0 != v && indices.contains(&t.0))
            })
        };
        around.iter().all(|l| !l.is_empty()) && indices.iter().all(|&v| moves(v))
    }
}

struct Inliner {
    reads: Vec<Reads>,
    /// The code of the builds that are inlined: indices, instructions, the element.
    bodies: HashMap<Value, Block>,
}

impl Inliner {
    fn inst(&mut self, c: &mut Cursor, mut inst: Inst) {
        c.resolve(&mut inst.kind);
        c.bind_indices(&inst.kind);
        if let Kind::Index { array, at } = &inst.kind
            && let Some(body) = self.bodies.get(array)
            && c.known.all_in_bounds(c.values(), *array, at)
        {
            let element = place(c, body, at);
            return c.replace(inst.results[0], element);
        }
        for block in inst.kind.blocks_mut() {
            *block = c.block(std::mem::take(block), &mut |c, i| self.inst(c, i));
        }
        if let Kind::Nest(nest) = &inst.kind {
            self.nest(c, nest, &inst.results);
        }
        c.keep(inst);
    }

    /// Notes which of a nest's arrays are to be inlined.
    fn nest(&mut self, c: &Cursor, nest: &Nest, results: &[Value]) {
        let accs = nest.accs.len();
        for (k, out) in nest.outs.iter().enumerate() {
            let array = results[accs + k];
            let Some(&reads) = self.reads.get(array.0 as usize) else { continue };
            if *out != Out::Build || reads.elements == 0 {
                continue;
            }
            let Some(body) = slice(c, nest, nest.body.results[accs + k]) else { continue };
            // With other results the nest would stay, and compute the elements as well.
            let alone = results.len() == 1;
            let single = alone && reads.elements == 1 && reads.others == 0 && !reads.repeated;
            if single || is_cheap(&body) {
                self.bodies.insert(array, body);
            }
        }
    }
}

fn is_cheap(body: &Block) -> bool {
    let costs = body.insts.iter().map(cost_of);
    costs.clone().sum::<u64>() <= CHEAP_BODY && costs.max().unwrap_or(0) < u64::from(CHEAP)
}

/// The code of a copy of an element.
fn place(c: &mut Cursor, body: &Block, at: &[Value]) -> Value {
    let mut renamer = Renamer::with(body.params.iter().copied().zip(at.iter().copied()));
    let inner = Block { params: Vec::new(), ..body.clone() };
    let copy = renamer.block(c.b.values, None, &inner);
    for mut inst in copy.insts {
        c.resolve(&mut inst.kind);
        c.bind_all(&inst);
        c.keep(inst);
    }
    c.value(copy.results[0])
}

/// The instructions of a nest's body that one out needs; none if they accumulate, assert or call.
fn slice(c: &Cursor, nest: &Nest, out: Value) -> Option<Block> {
    let (indices, tokens) = nest.body.params.split_at(nest.domain.len());
    let mut needed = HashSet::from([out]);
    let mut insts = Vec::new();
    for inst in nest.body.insts.iter().rev() {
        if inst.results.iter().any(|r| needed.contains(r)) {
            needed.extend(inst_free_values(c.values(), inst));
            insts.push(inst);
        }
    }
    if tokens.iter().any(|t| needed.contains(t)) || insts.iter().any(|i| is_ordered(i)) {
        return None;
    }
    let insts = insts.into_iter().rev().cloned().collect();
    Some(Block { params: indices.to_vec(), insts, results: vec![out] })
}

/// Whether an instruction does what may not be repeated or left out.
fn is_ordered(inst: &Inst) -> bool {
    match &inst.kind {
        Kind::Assert { .. }
        | Kind::Call { .. }
        | Kind::Checkpoint
        | Kind::Tape
        | Kind::Push { .. }
        | Kind::Pop { .. } => true,
        kind => kind.blocks().iter().any(|b| b.insts.iter().any(is_ordered)),
    }
}
