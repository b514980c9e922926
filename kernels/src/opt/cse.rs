//! Common subexpressions: of equal instructions the first that dominates stays. Branches, loops and nests with equal
//! code count as equal.

use std::collections::HashMap;

use crate::ir::{Block, Contract, Extent, Func, Inst, Kind, Out, Value};

use crate::rewrite::Cursor;

/// Removes common subexpressions.
pub fn run(f: &mut Func) {
    let mut table = Table { seen: HashMap::new(), undo: vec![Vec::new()], local: vec![0; f.values.len()] };
    Cursor::run(f, |c, body| table.block(c, body));
}

type Key = Vec<u64>;

/// The instructions that dominate the current one, by their encoding.
struct Table {
    seen: HashMap<Key, Vec<Value>>,
    /// Keys to forget at the end of each open block.
    undo: Vec<Vec<Key>>,
    /// While an instruction is encoded: the position (from 1) of each value that its blocks define.
    local: Vec<u64>,
}

impl Table {
    fn block(&mut self, c: &mut Cursor, block: Block) -> Block {
        self.undo.push(Vec::new());
        let block = c.block(block, &mut |c, i| self.inst(c, i));
        for key in self.undo.pop().expect("the block is open") {
            self.seen.remove(&key);
        }
        block
    }

    fn inst(&mut self, c: &mut Cursor, mut inst: Inst) {
        c.resolve(&mut inst.kind);
        for block in inst.kind.blocks_mut() {
            *block = self.block(c, std::mem::take(block));
        }
        let mut encoder = Encoder { key: Vec::new(), cursor: c, local: &mut self.local, next: 1 };
        if encoder.kind(&inst.kind).is_none() {
            return c.keep(inst);
        }
        let key = encoder.key;
        match self.seen.get(&key) {
            Some(old) => c.replace_all(&inst.results, &old.clone()),
            None => {
                self.seen.insert(key.clone(), inst.results.clone());
                self.undo.last_mut().expect("a block is open").push(key);
                share_folds(c, &inst);
                c.keep(inst);
            }
        }
    }
}

/// Reductions of one number that a nest does more than once are one.
fn share_folds(c: &mut Cursor, inst: &Inst) {
    let Kind::Nest(nest) = &inst.kind else { return };
    let yielded = &nest.body.results[nest.accs.len()..];
    let results = &inst.results[nest.accs.len()..];
    for (k, out) in nest.outs.iter().enumerate().filter(|(_, out)| **out != Out::Build) {
        if let Some(first) = (0..k).find(|&j| nest.outs[j] == *out && yielded[j] == yielded[k]) {
            c.replace(results[k], results[first]);
        }
    }
}

/// Writes an instruction as numbers: equal numbers mean equal results. Literals count by their bits, wherever they are
/// defined.
struct Encoder<'a, 'f> {
    key: Key,
    cursor: &'a Cursor<'f>,
    local: &'a mut Vec<u64>,
    next: u64,
}

const LITERAL: u64 = 1 << 40;
const LOCAL: u64 = 1 << 41;
const CONST_EXTENT: u64 = 1 << 42;
const END: u64 = 1 << 43;

impl Encoder<'_, '_> {
    /// `None` for an instruction that is never equal to another.
    fn kind(&mut self, kind: &Kind) -> Option<()> {
        match kind {
            Kind::Const(lit) => {
                let (ty, bits) = lit.bits();
                self.key.extend([1, ty as u64, bits]);
            }
            Kind::Op(op, args) => {
                self.key.extend([2, *op as u64]);
                self.arguments(op.def().facts.commutative, args);
            }
            Kind::Index { array, at } => self.access(3, *array, at, None),
            Kind::Update { array, at, value } => self.access(4, *array, at, Some(*value)),
            Kind::Accum { array, at, value } => self.access(5, *array, at, Some(*value)),
            Kind::Pack { elems, shape } => {
                self.key.push(6);
                self.key.extend(shape.iter().map(|&n| n as u64));
                self.all(elems);
            }
            Kind::Nest(nest) => {
                self.key.push(7);
                nest.domain.iter().for_each(|&e| self.extent(e));
                self.all(&nest.accs);
                self.key.extend(nest.outs.iter().map(|&o| out_code(o)));
                self.block(&nest.body)?;
            }
            Kind::If { cond, then, els } => {
                self.key.push(8);
                self.value(*cond);
                self.block(then)?;
                self.block(els)?;
            }
            Kind::For { trip, rev, init, body } => {
                self.key.extend([9, *rev as u64]);
                self.extent(*trip);
                self.all(init);
                self.block(body)?;
            }
            Kind::Contract { kind, args } => {
                self.key.extend([10, contract_code(*kind)]);
                self.all(args);
            }
            Kind::While { .. }
            | Kind::Serial(_)
            | Kind::Call { .. }
            | Kind::Checkpoint
            | Kind::Tape
            | Kind::Push { .. }
            | Kind::Pop { .. }
            | Kind::Assert { .. } => return None,
        }
        Some(())
    }

    fn access(&mut self, code: u64, array: Value, at: &[Value], value: Option<Value>) {
        self.key.push(code);
        self.value(array);
        self.all(at);
        value.into_iter().for_each(|v| self.value(v));
    }

    /// Arguments; those of a commutative operation in an order of their own.
    fn arguments(&mut self, commutative: bool, args: &[Value]) {
        let from = self.key.len();
        self.all(args);
        if commutative && args.len() == 2 {
            let mut codes = [self.code(args[0]), self.code(args[1])];
            codes.sort_unstable();
            self.key.truncate(from);
            self.key.extend(codes.as_flattened());
        }
    }

    fn block(&mut self, block: &Block) -> Option<()> {
        self.define(&block.params);
        for inst in &block.insts {
            if !matches!(inst.kind, Kind::Const(_)) {
                self.kind(&inst.kind)?;
                self.define(&inst.results);
            }
        }
        self.all(&block.results);
        self.key.push(END);
        Some(())
    }

    fn define(&mut self, vs: &[Value]) {
        for &v in vs {
            let at = v.0 as usize;
            if self.local.len() <= at {
                self.local.resize(at + 1, 0);
            }
            self.local[at] = self.next;
            self.next += 1;
        }
    }

    fn all(&mut self, vs: &[Value]) {
        vs.iter().for_each(|&v| self.value(v));
        self.key.push(END);
    }

    fn value(&mut self, v: Value) {
        let code = self.code(v);
        self.key.extend(code);
    }

    fn code(&self, v: Value) -> [u64; 2] {
        if let Some(lit) = self.cursor.known.lit(v) {
            let (ty, bits) = lit.bits();
            return [LITERAL + ty as u64, bits];
        }
        match self.local.get(v.0 as usize) {
            Some(&n) if n > 0 => [LOCAL, n],
            _ => [0, v.0 as u64],
        }
    }

    fn extent(&mut self, e: Extent) {
        match e {
            Extent::Const(n) => self.key.extend([CONST_EXTENT, n as u64]),
            Extent::Value(v) => self.value(v),
        }
    }
}

fn out_code(out: Out) -> u64 {
    match out {
        Out::Build => 0,
        Out::Fold(r) => 1 + r as u64,
    }
}

fn contract_code(kind: Contract) -> u64 {
    match kind {
        Contract::MatMul { ta, tb } => 2 * ta as u64 + tb as u64,
        Contract::MatVec { ta } => 4 + ta as u64,
        Contract::Solve { ta } => 6 + ta as u64,
        Contract::Inverse => 8,
        Contract::Det => 9,
        Contract::Cofactor => 10,
        Contract::Cholesky => 11,
    }
}
