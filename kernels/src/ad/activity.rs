//! Which values depend on the inputs that are differentiated.

use std::collections::HashSet;

use crate::ir::{Block, Func, Inst, Kind, Ty, Value, Values, inst_free_values};

/// The floats (and arrays of floats) of a function that vary with any of the given values.
pub(super) fn varied(f: &Func, roots: &[Value]) -> HashSet<Value> {
    let mut activity = Activity { values: &f.values, varied: roots.iter().copied().collect(), taped: false };
    loop {
        let before = (activity.varied.len(), activity.taped);
        activity.block(&f.body);
        if before == (activity.varied.len(), activity.taped) {
            return activity.varied;
        }
    }
}

struct Activity<'f> {
    values: &'f Values,
    varied: HashSet<Value>,
    /// Something that varies was pushed: whatever is popped may vary.
    taped: bool,
}

impl Activity<'_> {
    fn block(&mut self, block: &Block) {
        block.insts.iter().for_each(|i| self.inst(i));
    }

    fn inst(&mut self, inst: &Inst) {
        match &inst.kind {
            Kind::If { then, els, .. } => {
                self.block(then);
                self.block(els);
                self.flow(&then.results, &inst.results);
                self.flow(&els.results, &inst.results);
            }
            Kind::For { init, body, .. } => self.carried(init, &body.params[1..], body, &inst.results),
            Kind::While { init, body, .. } => self.carried(init, &body.params, body, &inst.results),
            Kind::Nest(nest) => {
                let (indices, tokens) = body_params(&nest.body, nest.domain.len());
                debug_assert_eq!(indices.len(), nest.domain.len());
                self.flow(&nest.accs, tokens);
                self.block(&nest.body);
                // every state of an accumulator has a tangent as soon as one has
                self.flow(&nest.body.results, tokens);
                self.flow(&nest.body.results, &inst.results);
            }
            Kind::Push { value, .. } => self.taped |= self.varied.contains(value),
            Kind::Pop { .. } => {
                if self.taped {
                    self.mark(&inst.results);
                }
            }
            _ => {
                if inst_free_values(self.values, inst).iter().any(|v| self.varied.contains(v)) {
                    self.mark(&inst.results);
                }
            }
        }
    }

    fn carried(&mut self, init: &[Value], params: &[Value], body: &Block, results: &[Value]) {
        self.flow(init, params);
        self.block(body);
        self.flow(&body.results, params);
        self.flow(&body.results, results);
        self.flow(params, results);
    }

    fn flow(&mut self, from: &[Value], to: &[Value]) {
        for (a, &b) in from.iter().zip(to) {
            if self.varied.contains(a) {
                self.mark(&[b]);
            }
        }
    }

    fn mark(&mut self, vs: &[Value]) {
        for &v in vs {
            if self.values.ty(v).is_float() && *self.values.ty(v) != Ty::Tape {
                self.varied.insert(v);
            }
        }
    }
}

/// The parameters of a nest's body: indices and accumulators.
pub(super) fn body_params(body: &Block, rank: usize) -> (&[Value], &[Value]) {
    body.params.split_at(rank)
}
