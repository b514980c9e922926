//! `for` and `while`: the same number of iterations in reverse, with the cotangents carried.

use super::Reverse;
use super::frame::{Access, Frame};
use super::record::{InstRecord, Record};
use crate::ir::{Block, Extent, Inst, Kind, Scalar, Ty, Value};

impl Reverse<'_, '_> {
    pub(super) fn for_(
        &mut self,
        inst: &Inst,
        trip: Extent,
        rev: bool,
        init: &[Value],
        body: &Block,
    ) -> InstRecord {
        let trip = self.primal_extent(trip);
        let record = self.loop_(inst, (trip, !rev), init, body, 1);
        InstRecord { blocks: vec![record], count: None }
    }

    pub(super) fn while_(&mut self, at: usize, inst: &Inst, init: &[Value], body: &Block) -> InstRecord {
        let (count, trip) = self.new_count(at);
        let record = self.loop_(inst, (trip, true), init, body, 0);
        InstRecord { blocks: vec![record], count: Some(count) }
    }

    /// The reverse of a loop whose body takes `indices` parameters before the carried ones.
    fn loop_(
        &mut self,
        inst: &Inst,
        (trip, rev): (Extent, bool),
        init: &[Value],
        body: &Block,
        indices: usize,
    ) -> Record {
        let carried: Vec<usize> = (0..init.len()).filter(|&k| self.is_active(inst.results[k])).collect();
        let captured = self.captured(&[body]);
        let mut start: Vec<Value> = carried.iter().map(|&k| self.take_or_zero(inst.results[k])).collect();
        start.extend(captured.iter().map(|&v| self.adjoint_or_zero(v)).collect::<Vec<_>>());

        let saved = std::mem::take(&mut self.adjoints);
        let outer_tape = self.tape;
        let index = self.b.values.add(Scalar::I64.into(), "");
        let inner: Vec<Value> = start.iter().map(|&v| self.b.values.like(v)).collect();
        let params = [vec![index], inner.clone()].concat();
        let checkpointed = body.insts.iter().any(|i| matches!(i.kind, Kind::Checkpoint));
        let mut frame = Frame::new(if checkpointed { Access::Checkpoint } else { Access::Tape }, body);
        if indices == 1 {
            frame = frame.known(body.params[0], index);
        }
        self.frames.push(frame);
        let [popped, local] = [0; 2].map(|_| self.b.values.add(Ty::Tape, ""));
        self.tape = Some(if checkpointed { local } else { popped });
        self.b.open();
        self.adjoints.extend(captured.iter().copied().zip(inner[carried.len()..].iter().copied()));
        for (&k, &d) in carried.iter().zip(&inner) {
            self.add(body.results[k], d);
        }
        let mut record = self.block(body);
        let mut results: Vec<Value> =
            carried.iter().map(|&k| self.adjoint_or_zero(body.params[indices + k])).collect();
        results.extend(captured.iter().map(|&v| self.adjoint_or_zero(v)).collect::<Vec<_>>());
        let mut block = self.b.close(params, results);

        let token = self.b.values.add(Ty::Tape, "");
        let mut insts = match checkpointed {
            true => self.finish_checkpoint(body, &mut record, (token, popped), local),
            false => self.finish_tape(body, &mut record, token, popped),
        };
        let last = if checkpointed { Some(popped) } else { self.tape };
        insts.append(&mut block.insts);
        block.insts = insts;
        self.frames.pop();
        self.adjoints = saved;
        if record.uses_tape() {
            start.push(outer_tape.expect("a loop that stores stands where there is a tape"));
            block.params.push(if record.stores.is_empty() { popped } else { token });
            block.results.extend(last);
        }
        let out = self.b.push(Kind::For { trip, rev, init: start, body: block });
        self.tape = if record.uses_tape() { out.last().copied() } else { outer_tape };
        self.adjoints.extend(captured.iter().copied().zip(out[carried.len()..].iter().copied()));
        for (&k, &d) in carried.iter().zip(&out) {
            self.add(init[k], d);
        }
        record
    }
}
