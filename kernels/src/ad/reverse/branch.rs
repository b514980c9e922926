//! `if`: the branch that was taken is reversed; the other contributes nothing.

use std::collections::HashMap;

use super::Reverse;
use super::frame::{Access, Frame};
use super::record::{InstRecord, Record};
use crate::ir::{Block, Inst, Kind, Ty, Value};

/// One reversed branch, its results not chosen yet.
struct Arm {
    insts: Vec<Inst>,
    adjoints: HashMap<Value, Value>,
    record: Record,
    tape: Option<Value>,
}

impl Reverse<'_, '_> {
    pub(super) fn branch(&mut self, inst: &Inst, cond: Value, then: &Block, els: &Block) -> InstRecord {
        let captured = self.captured(&[then, els]);
        let seeds: Vec<(usize, Value)> = (0..inst.results.len())
            .filter_map(|k| Some((k, self.adjoints.remove(&inst.results[k])?)))
            .collect();
        let cond = self.primal(cond);
        let stores = |arm: &Block| loops(arm) || self.reads_taped(arm);
        let access = if stores(then) || stores(els) { Access::Tape } else { Access::Again };
        let arms = [then, els].map(|block| self.arm(block, access, &seeds));
        let touched: Vec<Value> = captured
            .into_iter()
            .filter(|v| arms.iter().any(|arm| arm.adjoints.get(v) != self.adjoints.get(v)))
            .collect();
        let taped = arms.iter().any(|arm| arm.record.uses_tape());
        let zeros: Vec<Value> = touched.iter().map(|&v| self.adjoint_or_zero(v)).collect();
        let tape = self.tape;
        let mut records = Vec::new();
        let [then, els] = arms.map(|arm| {
            let result = |(v, zero): (&Value, &Value)| arm.adjoints.get(v).copied().unwrap_or(*zero);
            let mut results: Vec<Value> = touched.iter().zip(&zeros).map(result).collect();
            if taped {
                results.extend(if arm.record.uses_tape() { arm.tape } else { tape });
            }
            records.push(arm.record);
            Block { params: Vec::new(), insts: arm.insts, results }
        });
        let out = self.b.push(Kind::If { cond, then, els });
        if taped {
            self.tape = out.last().copied();
        }
        self.adjoints.extend(touched.into_iter().zip(out));
        InstRecord { blocks: records, count: None }
    }

    /// Whether a block reads elements of an array that the reverse sweep would have to take from the tape. The elements are
    /// stored then, not the array.
    fn reads_taped(&self, block: &Block) -> bool {
        block.insts.iter().any(|i| match &i.kind {
            Kind::Index { array, .. } => !self.outlives(*array),
            kind => kind.blocks().into_iter().any(|b| self.reads_taped(b)),
        })
    }

    /// Reverses one branch on top of the cotangents so far.
    fn arm(&mut self, block: &Block, access: Access, seeds: &[(usize, Value)]) -> Arm {
        let saved = self.adjoints.clone();
        let outer_tape = self.tape;
        let popped = self.b.values.add(Ty::Tape, "");
        self.tape = Some(popped);
        self.frames.push(Frame::new(access, block));
        self.b.open();
        for &(k, d) in seeds {
            self.add(block.results[k], d);
        }
        let mut record = self.block(block);
        let reverse = self.b.close(Vec::new(), Vec::new()).insts;
        let token = outer_tape.unwrap_or(popped);
        let mut insts = match access {
            Access::Tape => self.finish_tape(block, &mut record, token, popped),
            _ => self.finish_again(block, &record, None, popped),
        };
        insts.extend(reverse);
        if record.uses_tape() && record.stores.is_empty() {
            insts.iter_mut().for_each(|i| replace(i, popped, token));
        }
        self.frames.pop();
        let adjoints = std::mem::replace(&mut self.adjoints, saved);
        let tape = std::mem::replace(&mut self.tape, outer_tape);
        Arm { insts, adjoints, record, tape }
    }
}

/// Whether a block runs a sequential loop, outside nests.
fn loops(block: &Block) -> bool {
    block.insts.iter().any(|i| match &i.kind {
        Kind::For { .. } | Kind::While { .. } => true,
        Kind::If { then, els, .. } => loops(then) || loops(els),
        _ => false,
    })
}

/// Replaces a value in an instruction and the blocks in it.
fn replace(inst: &mut Inst, old: Value, new: Value) {
    let swap = |v: Value| if v == old { new } else { v };
    inst.kind.map_operands(&mut { swap }, &mut |e| e);
    for block in inst.kind.blocks_mut() {
        block.insts.iter_mut().for_each(|i| replace(i, old, new));
        block.results.iter_mut().for_each(|v| *v = swap(*v));
    }
}
