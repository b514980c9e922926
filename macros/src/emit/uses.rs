//! Where values are read: what may be written in place, and what may be written into its one reader.

use std::collections::HashMap;

use pullback_kernels::ir::{Block, Func, Inst, Kind, Value};

/// A block, by its address: the function is not changed while code is printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct BlockId(usize);

impl BlockId {
    /// The identity of a block.
    pub(super) fn of(block: &Block) -> BlockId {
        BlockId(std::ptr::from_ref(block) as usize)
    }
}

/// A place in the code that is being printed: an instruction of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// The block.
    pub(super) block: BlockId,
    /// The position of the instruction; the number of instructions for the block's results.
    pub(super) at: usize,
    /// Whether the block runs any number of times.
    pub(super) repeats: bool,
}

/// The reads of every value of a function.
#[derive(Default)]
pub(super) struct Uses {
    count: HashMap<Value, usize>,
    direct: HashMap<Value, BlockId>,
    last: HashMap<(BlockId, Value), usize>,
    defined: HashMap<Value, BlockId>,
}

impl Uses {
    /// Looks through a function.
    pub(super) fn of(func: &Func) -> Uses {
        let mut uses = Uses::default();
        let mut outer = Vec::new();
        uses.define(&func.sizes, BlockId::of(&func.body));
        uses.block(&func.body, &mut outer);
        uses
    }

    fn define(&mut self, values: &[Value], block: BlockId) {
        self.defined.extend(values.iter().map(|&v| (v, block)));
    }

    fn block(&mut self, block: &Block, outer: &mut Vec<(BlockId, usize)>) {
        let id = BlockId::of(block);
        self.define(&block.params, id);
        for (at, inst) in block.insts.iter().enumerate() {
            outer.push((id, at));
            self.inst(inst, outer);
            outer.pop();
            self.define(&inst.results, id);
        }
        outer.push((id, block.insts.len()));
        block.results.iter().for_each(|&v| self.read(v, outer));
        outer.pop();
    }

    fn inst(&mut self, inst: &Inst, outer: &mut Vec<(BlockId, usize)>) {
        inst.kind.operands().into_iter().for_each(|v| self.read(v, outer));
        inst.kind.blocks().into_iter().for_each(|b| self.block(b, outer));
    }

    fn read(&mut self, value: Value, outer: &[(BlockId, usize)]) {
        *self.count.entry(value).or_default() += 1;
        if let Some((id, _)) = outer.last() {
            self.direct.insert(value, *id);
        }
        for &(id, at) in outer {
            let last = self.last.entry((id, value)).or_default();
            *last = at.max(*last);
        }
    }

    /// How often a value is read.
    pub(super) fn count(&self, value: Value) -> usize {
        self.count.get(&value).copied().unwrap_or(0)
    }

    /// Whether a value has one reader, and that is in the block that defines it.
    pub(super) fn is_local(&self, value: Value) -> bool {
        self.count(value) == 1 && self.direct.get(&value) == self.defined.get(&value)
    }

    /// Whether nothing reads a value after the instruction at the top of `stack`.
    pub(super) fn is_dead_after(&self, value: Value, stack: &[Frame]) -> bool {
        let Some(home) = self.defined.get(&value) else { return false };
        if stack.iter().all(|frame| frame.block != *home) {
            return true; // its block has been left
        }
        for frame in stack.iter().rev() {
            if self.last.get(&(frame.block, value)).is_some_and(|&last| last > frame.at) {
                return false;
            }
            if frame.block == *home {
                return true;
            }
            if frame.repeats {
                return false;
            }
        }
        false
    }
}

/// Whether a block, or a block in it, reads a value.
pub(super) fn reads(block: &Block, value: Value) -> bool {
    block.results.contains(&value)
        || block.insts.iter().any(|inst| {
            inst.kind.operands().contains(&value) || inst.kind.blocks().into_iter().any(|b| reads(b, value))
        })
}

/// What defines each value: its instruction and its position among the results.
pub(super) fn definitions(func: &Func) -> HashMap<Value, (&Inst, usize)> {
    fn walk<'f>(block: &'f Block, found: &mut HashMap<Value, (&'f Inst, usize)>) {
        for inst in &block.insts {
            found.extend(inst.results.iter().enumerate().map(|(k, &v)| (v, (inst, k))));
            inst.kind.blocks().into_iter().for_each(|b| walk(b, found));
        }
    }
    let mut found = HashMap::new();
    walk(&func.body, &mut found);
    found
}

/// The arrays that may end up in the place of an array: what it was made from by writing elements.
pub(super) fn ancestors(found: &HashMap<Value, (&Inst, usize)>, value: Value) -> Vec<Value> {
    let mut chain = vec![value];
    while let Some((inst, k)) = chain.last().and_then(|v| found.get(v)) {
        match &inst.kind {
            Kind::Update { array, .. } | Kind::Accum { array, .. } => chain.push(*array),
            Kind::Nest(nest) if *k < nest.accs.len() => {
                chain.extend([nest.body.params[nest.domain.len() + k], nest.accs[*k]]);
            }
            Kind::For { init, body, .. } => chain.extend([body.params[1 + k], init[*k]]),
            Kind::While { init, body, .. } => chain.extend([body.params[*k], init[*k]]),
            _ => break,
        }
    }
    chain
}
