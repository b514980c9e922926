//! The forward sweep, made to store what the reverse sweep pops.

use std::collections::HashMap;

use super::Reverse;
use crate::ir::{Block, Extent, Inst, Kind, Lit, Scalar, Ty, Value};
use crate::ops::Op;

/// What the forward sweep of a block stores for its reverse sweep.
#[derive(Default, Debug)]
pub(super) struct Record {
    /// Pushed at the end of the block, in order.
    pub(super) stores: Vec<Value>,
    /// What the blocks of an instruction store, by its position.
    insts: HashMap<usize, InstRecord>,
}

/// What the blocks of one instruction store.
#[derive(Debug)]
pub(super) struct InstRecord {
    /// One record per block that is reversed (`while`: the body's).
    pub(super) blocks: Vec<Record>,
    /// The value that counts the iterations of a `while`.
    pub(super) count: Option<Value>,
}

impl Record {
    /// A record of nothing but these.
    pub(super) fn storing(stores: Vec<Value>) -> Record {
        Record { stores, insts: HashMap::new() }
    }

    pub(super) fn uses_tape(&self) -> bool {
        !self.stores.is_empty() || self.insts.values().any(InstRecord::uses_tape)
    }

    pub(super) fn at(&self, k: usize) -> Option<&InstRecord> {
        self.insts.get(&k)
    }

    /// Whether the instruction at a position pushes.
    pub(super) fn taped(&self, k: usize) -> bool {
        self.at(k).is_some_and(InstRecord::uses_tape)
    }

    pub(super) fn insert(&mut self, k: usize, record: InstRecord) {
        self.insts.insert(k, record);
    }
}

impl InstRecord {
    pub(super) fn uses_tape(&self) -> bool {
        self.blocks.iter().any(Record::uses_tape)
    }
}

impl Reverse<'_, '_> {
    /// The instructions of a block, made to record from a token on, and the token at the end.
    pub(super) fn recording_block(
        &mut self,
        block: &Block,
        record: &Record,
        tape: Option<Value>,
    ) -> (Vec<Inst>, Option<Value>) {
        let mut token = tape;
        let mut insts = Vec::new();
        for (k, inst) in block.insts.iter().enumerate() {
            insts.extend(self.recording(inst, record.at(k), token));
            if record.taped(k) {
                let results = &insts.last().expect("recording an instruction gives it").results;
                token = results.iter().copied().find(|&r| *self.b.values.ty(r) == Ty::Tape);
            }
        }
        for &value in &record.stores {
            let tape = token.expect("a block that stores has a tape");
            let next = self.b.values.add(Ty::Tape, "");
            insts.push(Inst {
                results: vec![next],
                kind: Kind::Push { tape, value },
                loc: Default::default(),
            });
            token = Some(next);
        }
        (insts, token)
    }

    /// An instruction made to record from a token on. The results are those of the instruction, then the token (if
    /// it pushes), then the count of a `while`; it comes last, after what it needs.
    pub(super) fn recording(
        &mut self,
        inst: &Inst,
        record: Option<&InstRecord>,
        tape: Option<Value>,
    ) -> Vec<Inst> {
        let Some(record) = record.filter(|r| r.uses_tape() || r.count.is_some()) else {
            return vec![inst.clone()];
        };
        let tape = tape.filter(|_| record.uses_tape());
        let mut made = Vec::new();
        let mut inst = inst.clone();
        match &mut inst.kind {
            Kind::For { init, body, .. } => self.record_loop(init, body, &record.blocks[0], tape),
            Kind::While { init, cond, body } => {
                self.record_loop(init, body, &record.blocks[0], tape);
                if tape.is_some() {
                    cond.params.push(self.b.values.add(Ty::Tape, ""));
                }
                if record.count.is_some() {
                    made.push(self.count(init, cond, body));
                }
            }
            Kind::If { then, els, .. } => {
                for (block, record) in [then, els].into_iter().zip(&record.blocks) {
                    let (insts, token) = self.recording_block(block, record, tape);
                    block.insts = insts;
                    block.results.extend(token);
                }
            }
            _ => unreachable!("only loops and branches record"),
        }
        if tape.is_some() {
            inst.results.push(self.b.values.add(Ty::Tape, ""));
        }
        inst.results.extend(record.count);
        made.push(inst);
        made
    }

    fn record_loop(&mut self, init: &mut Vec<Value>, body: &mut Block, record: &Record, tape: Option<Value>) {
        let Some(tape) = tape else { return };
        let param = self.b.values.add(Ty::Tape, "");
        let (insts, token) = self.recording_block(body, record, Some(param));
        init.push(tape);
        body.params.push(param);
        body.insts = insts;
        body.results.extend(token);
    }

    /// Makes a `while` count its iterations; returns the instruction that sets the count to zero.
    fn count(&mut self, init: &mut Vec<Value>, cond: &mut Block, body: &mut Block) -> Inst {
        let mut int = || self.b.values.add(Scalar::I64.into(), "");
        let (zero, seen, before, one, after) = (int(), int(), int(), int(), int());
        let lit = |v, n| Inst { results: vec![v], kind: Kind::Const(Lit::I64(n)), loc: Default::default() };
        init.push(zero);
        cond.params.push(seen);
        body.params.push(before);
        body.insts.push(lit(one, 1));
        let add = Kind::Op(Op::Add, vec![before, one]);
        body.insts.push(Inst { results: vec![after], kind: add, loc: Default::default() });
        body.results.push(after);
        lit(zero, 0)
    }

    /// The extent of the reverse loop of a `while`: its count, which the forward sweep will define.
    pub(super) fn new_count(&mut self, at: usize) -> (Value, Extent) {
        let count = self.b.values.add(Scalar::I64.into(), "count");
        self.frames.last_mut().expect("a frame").define(count, at);
        let here = self.primal(count);
        (count, Extent::Value(here))
    }
}
