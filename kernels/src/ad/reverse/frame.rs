//! Where the values of the forward sweep can be had in the reverse sweep.
//!
//! Code of the reverse sweep stands in blocks that mirror those of the forward sweep. A value of the function's own
//! body is simply visible. One of a loop body, a branch or a nest's body is not: the mirrored block gets it under a
//! placeholder, and once the mirrored block is complete, its placeholders are defined at its start, either by popping
//! what the forward sweep stored (loop bodies), or by computing it again (nests, branches, and what is cheap).

use std::collections::HashMap;

use super::Reverse;
use super::record::Record;
use crate::ir::{Block, Extent, Inst, Kind, Renamer, Ty, Value, inst_free_values};
use crate::ops::CHEAP;

/// How the reverse sweep gets at the values of a block of the forward sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Access {
    /// They are in scope.
    Visible,
    /// They are computed again, as far as needed.
    Again,
    /// They are popped from the tape, or computed again where that is cheap.
    Tape,
    /// The block's parameters are popped from the tape, all else is computed again: a checkpointed loop.
    Checkpoint,
}

/// One block of the forward sweep that encloses the place being reversed.
#[derive(Debug)]
pub(super) struct Frame {
    access: Access,
    /// The values that the block defines, with the position of the instruction; `None` for parameters.
    defs: HashMap<Value, Option<usize>>,
    placeholders: HashMap<Value, Value>,
    /// The values that got placeholders, in order.
    demands: Vec<Value>,
}

impl Frame {
    pub(super) fn new(access: Access, block: &Block) -> Frame {
        let mut defs: HashMap<Value, Option<usize>> = block.params.iter().map(|&v| (v, None)).collect();
        for (k, inst) in block.insts.iter().enumerate() {
            defs.extend(inst.results.iter().map(|&v| (v, Some(k))));
        }
        Frame { access, defs, placeholders: HashMap::new(), demands: Vec::new() }
    }

    /// Says that a value of the block is known under another name in the mirrored block.
    pub(super) fn known(mut self, v: Value, as_value: Value) -> Frame {
        self.placeholders.insert(v, as_value);
        self
    }

    /// Adds a value that the instruction at a position will define.
    pub(super) fn define(&mut self, v: Value, at: usize) {
        self.defs.insert(v, Some(at));
    }
}

impl Reverse<'_, '_> {
    /// A value of the forward sweep, as it is known where the reverse sweep stands.
    pub(super) fn primal(&mut self, v: Value) -> Value {
        let Some(depth) = self.frames.iter().rposition(|f| f.defs.contains_key(&v)) else { return v };
        let frame = &self.frames[depth];
        if frame.access == Access::Visible {
            return v;
        }
        if let Some(&p) = frame.placeholders.get(&v) {
            return p;
        }
        let name = self.b.values[v].name.clone();
        let ty = self.primal_type(v);
        let p = self.b.values.add(ty, &name);
        let frame = &mut self.frames[depth];
        frame.placeholders.insert(v, p);
        frame.demands.push(v);
        p
    }

    /// The values of the forward sweep, as they are known here.
    pub(super) fn primals(&mut self, vs: &[Value]) -> Vec<Value> {
        vs.iter().map(|&v| self.primal(v)).collect()
    }

    /// An extent, as it is known here.
    pub(super) fn primal_extent(&mut self, e: Extent) -> Extent {
        match e {
            Extent::Value(v) => Extent::Value(self.primal(v)),
            e => e,
        }
    }

    /// The type of a value, its extents as they are known here.
    pub(super) fn primal_type(&mut self, v: Value) -> Ty {
        let ty = self.b.values.ty(v).clone();
        ty.map_extents(|e| self.primal_extent(e))
    }

    /// The instructions that define the placeholders of the innermost frame, a block whose values are computed again.
    /// What the record lists is made to record, starting from `tape` and ending in `end`.
    pub(super) fn finish_again(
        &mut self,
        block: &Block,
        record: &Record,
        tape: Option<Value>,
        end: Value,
    ) -> Vec<Inst> {
        let (needed, params) = self.needed_again(block, record);
        self.b.open();
        for v in params {
            // An accumulator that a nested loop threads: its content is never read.
            let ty = self.primal_type(v);
            let zero = super::zero(&mut self.b, &ty);
            self.alias(v, zero);
        }
        self.emit_again(block, record, &needed, tape, end);
        self.b.close(Vec::new(), Vec::new()).insts
    }

    /// As [`Reverse::finish_again`] for the body of a checkpointed loop: the parameters are popped from `token`, the
    /// last pop defining `popped`, and the rest is computed again with a tape of its own, which ends in `end`. Sets what
    /// the forward block must store.
    pub(super) fn finish_checkpoint(
        &mut self,
        block: &Block,
        record: &mut Record,
        (token, popped): (Value, Value),
        end: Value,
    ) -> Vec<Inst> {
        let (needed, mut params) = self.needed_again(block, record);
        params.sort_by_key(|&v| (!self.b.values.ty(v).is_array(), v));
        self.b.open();
        self.pops(&params, token, popped);
        let tape = record.uses_tape().then(|| self.b.tape());
        self.emit_again(block, record, &needed, tape, end);
        *record = Record::storing(params);
        self.b.close(Vec::new(), Vec::new()).insts
    }

    /// Which instructions of the innermost frame must run again, and which of its parameters they read.
    fn needed_again(&mut self, block: &Block, record: &Record) -> (Vec<bool>, Vec<Value>) {
        let mut needed: Vec<bool> = (0..block.insts.len()).map(|k| record.taped(k)).collect();
        let mut params = Vec::new();
        let mut seen = vec![false; needed.len()];
        let mut next = 0;
        loop {
            let top = self.frames.len() - 1;
            if let Some(&v) = self.frames[top].demands.get(next) {
                next += 1;
                match self.frames[top].defs[&v] {
                    Some(k) => needed[k] = true,
                    None => params.push(v),
                }
                continue;
            }
            let Some(k) = (0..needed.len()).find(|&k| needed[k] && !seen[k]) else { break };
            seen[k] = true;
            for u in inst_free_values(self.b.values, &block.insts[k]) {
                self.primal(u);
            }
        }
        (needed, params)
    }

    fn emit_again(
        &mut self,
        block: &Block,
        record: &Record,
        needed: &[bool],
        tape: Option<Value>,
        end: Value,
    ) {
        let mut token = tape;
        for k in (0..needed.len()).filter(|&k| needed[k]) {
            let insts = self.recording(&block.insts[k], record.at(k), token);
            self.again(&insts);
            if record.taped(k) {
                token = self.last_token();
            }
        }
        if let (true, Some(token)) = (record.uses_tape(), token) {
            rename_result(self.b.current_mut(), token, end);
        }
    }

    /// Pops what was pushed in this order; the last pop defines `end`.
    fn pops(&mut self, stored: &[Value], token: Value, end: Value) {
        let mut tape = token;
        for (k, v) in stored.iter().rev().enumerate() {
            let next = if k + 1 == stored.len() { end } else { self.b.values.add(Ty::Tape, "") };
            let placeholder = self.frames.last().expect("a frame").placeholders[v];
            self.b.append(Inst {
                results: vec![next, placeholder],
                kind: Kind::Pop { tape },
                loc: self.b.loc,
            });
            tape = next;
        }
    }

    /// Lets the newest instruction define the placeholder of a value instead of `as_value`.
    fn alias(&mut self, v: Value, as_value: Value) {
        let top = self.frames.len() - 1;
        let placeholder = self.frames[top].placeholders[&v];
        rename_result(self.b.current_mut(), as_value, placeholder);
    }

    /// The token that the newest instruction defines.
    fn last_token(&self) -> Option<Value> {
        let inst = self.b.current().last()?;
        inst.results.iter().copied().find(|&r| *self.b.values.ty(r) == Ty::Tape)
    }

    /// Appends copies of instructions of the innermost frame, with what they define under its placeholders.
    fn again(&mut self, insts: &[Inst]) {
        let mut renamer = Renamer::default();
        for inst in insts {
            let mut free = inst_free_values(self.b.values, inst);
            for &r in &inst.results {
                free.extend(self.b.values.ty(r).shape().iter().filter_map(|e| match e {
                    Extent::Value(n) => Some(*n),
                    Extent::Const(_) => None,
                }));
            }
            for v in free {
                let here = self.primal(v);
                renamer.map.entry(v).or_insert(here);
            }
            let mut copy = renamer.inst(self.b.values, None, inst);
            let frame = self.frames.last_mut().expect("a frame");
            for (&old, new) in inst.results.iter().zip(&mut copy.results) {
                if frame.defs.contains_key(&old) {
                    *new = *frame.placeholders.entry(old).or_insert(*new);
                    renamer.map.insert(old, *new);
                }
            }
            self.b.append(copy);
        }
    }

    /// The start of the mirrored block of the innermost frame, whose values come from the tape: pops from `token`
    /// (which may end as a different one: the last pop defines `end`), then what is computed again. Sets
    /// what the forward block must store. Without stores, `end` is not defined.
    pub(super) fn finish_tape(
        &mut self,
        block: &Block,
        record: &mut Record,
        token: Value,
        end: Value,
    ) -> Vec<Inst> {
        let top = self.frames.len() - 1;
        let (mut stored, mut recomputed) = (Vec::new(), Vec::new());
        let mut next = 0;
        while let Some(&v) = self.frames[top].demands.get(next) {
            next += 1;
            match self.frames[top].defs[&v] {
                Some(k) if self.recomputable(block, v, 8) => {
                    for u in inst_free_values(self.b.values, &block.insts[k]) {
                        self.primal(u);
                    }
                    recomputed.push(k);
                }
                _ => stored.push(v),
            }
        }
        // Arrays are pushed first, so that their extents are popped before them.
        stored.sort_by_key(|&v| (!self.b.values.ty(v).is_array(), v));
        recomputed.sort_unstable();
        recomputed.dedup();
        self.b.open();
        self.pops(&stored, token, end);
        for k in recomputed {
            self.again(&block.insts[k..=k]);
        }
        record.stores = stored;
        self.b.close(Vec::new(), Vec::new()).insts
    }

    /// Whether a value of the innermost frame is cheaper to compute again than to store: cheap scalar code over
    /// values that are at hand.
    fn recomputable(&self, block: &Block, v: Value, depth: usize) -> bool {
        let frame = self.frames.last().expect("a frame");
        let Some(Some(k)) = frame.defs.get(&v) else { return false };
        let at_hand = |u: &Value| {
            !frame.defs.contains_key(u)
                || frame.placeholders.contains_key(u) && *u != v && !self.is_extent_of_array(*u)
                || depth > 0 && self.recomputable(block, *u, depth - 1)
        };
        if self.is_extent_of_array(v) {
            return false;
        }
        match &block.insts[*k].kind {
            Kind::Const(_) => true,
            Kind::Op(op, args) => {
                let elem = self.b.values.ty(args[0]).elem().expect("an operation takes numbers");
                op.def().cost < CHEAP && !op.may_panic(elem) && args.iter().all(at_hand)
            }
            Kind::Index { array, at } => self.outlives(*array) && at.iter().all(at_hand),
            _ => false,
        }
    }

    /// Extents of arrays are stored, since an array's type must be known before it is popped.
    fn is_extent_of_array(&self, v: Value) -> bool {
        let frame = self.frames.last().expect("a frame");
        frame.demands.iter().any(|&d| self.b.values.ty(d).shape().contains(&Extent::Value(v)))
    }

    /// Whether an array is defined where the reverse sweep sees it without a tape.
    pub(super) fn outlives(&self, array: Value) -> bool {
        let frame = self.frames.iter().rev().find(|f| f.defs.contains_key(&array));
        frame.is_none_or(|f| matches!(f.access, Access::Visible | Access::Again))
    }
}

/// Lets the newest instruction that defines `old` define `new` instead. Nothing may have read `old` yet.
pub(super) fn rename_result(insts: &mut [Inst], old: Value, new: Value) {
    let results = insts.iter_mut().rev().flat_map(|i| i.results.iter_mut());
    results.filter(|r| **r == old).take(1).for_each(|r| *r = new);
}
