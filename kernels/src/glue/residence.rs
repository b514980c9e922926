//! Which numbers are on the device.

use std::collections::HashSet;

use crate::ir::{Block, Func, Inst, Kind, Out, Scalar, Value, Values};

/// The numbers outside of nests that a back end keeps in the GPU's memory. Every other number is the host's.
#[derive(Clone, Debug, Default)]
pub struct Residents {
    /// Parameters that are floats, results of reductions, and what branches, loops and tapes hand on of these.
    pub numbers: HashSet<Value>,
    on_tapes: [bool; Scalar::ALL.len()],
}

impl Residents {
    /// Whether numbers of that type are pushed on tapes as they are in the GPU's memory.
    pub fn on_tapes(&self, elem: Scalar) -> bool {
        self.on_tapes[elem as usize]
    }
}

/// Where a back end keeps the numbers of a function that [`run`](super::run) went through.
pub fn residents(f: &Func) -> Residents {
    let survey = survey(f, false, &[]);
    let numbers = f.values.iter().filter(|v| survey.found[v.0 as usize]).collect();
    Residents { numbers, on_tapes: survey.on_tapes }
}

/// The numbers on the device, among which are `more`, what is computed from them and what is read from an array.
pub(super) fn computed(f: &Func, more: &[Value]) -> Vec<bool> {
    survey(f, true, more).found
}

fn survey<'f>(f: &'f Func, computed: bool, more: &[Value]) -> Survey<'f> {
    let mut survey = Survey {
        values: &f.values,
        found: vec![false; f.values.len()],
        on_tapes: [false; Scalar::ALL.len()],
        changed: true,
        computed,
    };
    for &p in f.params().iter().filter(|&&p| f.values.ty(p).is_float()) {
        survey.mark(p);
    }
    more.iter().for_each(|&v| survey.mark(v));
    // Loops carry what later iterations find out.
    while std::mem::take(&mut survey.changed) {
        survey.block(&f.body);
    }
    survey
}

struct Survey<'f> {
    values: &'f Values,
    found: Vec<bool>,
    /// The types of the numbers on tapes that are on the device: of one type, all or none.
    on_tapes: [bool; Scalar::ALL.len()],
    changed: bool,
    computed: bool,
}

impl Survey<'_> {
    fn has(&self, v: Value) -> bool {
        self.found[v.0 as usize]
    }

    fn mark(&mut self, v: Value) {
        if self.values.ty(v).is_scalar() && !std::mem::replace(&mut self.found[v.0 as usize], true) {
            self.changed = true;
        }
    }

    /// Where one of `from` is, there is `to`.
    fn follow(&mut self, to: Value, from: &[Value]) {
        if from.iter().any(|&v| self.has(v)) {
            self.mark(to);
        }
    }

    fn block(&mut self, block: &Block) {
        block.insts.iter().for_each(|i| self.inst(i));
    }

    fn inst(&mut self, inst: &Inst) {
        match &inst.kind {
            Kind::Op(_, args) if self.computed => self.follow(inst.results[0], args),
            Kind::Index { .. } if self.computed => self.mark(inst.results[0]),
            Kind::Nest(nest) => {
                for (out, &v) in nest.outs.iter().zip(&inst.results[nest.accs.len()..]) {
                    if matches!(out, Out::Fold(_)) {
                        self.mark(v);
                    }
                }
            }
            Kind::If { cond, then, els } => {
                self.block(then);
                self.block(els);
                for ((&v, &a), &b) in inst.results.iter().zip(&then.results).zip(&els.results) {
                    self.follow(v, &[a, b]);
                    if self.computed {
                        self.follow(v, &[*cond]);
                    }
                }
            }
            Kind::Serial(_) => inst.results.iter().for_each(|&v| self.mark(v)),
            Kind::Contract { .. } if self.computed => self.mark(inst.results[0]),
            Kind::For { init, body, .. } => self.carried(inst, init, &body.params[1..], &[body]),
            Kind::While { init, cond, body } => {
                cond.params.iter().zip(&body.params).for_each(|(&c, &p)| self.follow(c, &[p]));
                self.carried(inst, init, &body.params, &[body, cond]);
            }
            Kind::Push { value, .. } if self.has(*value) => self.pushed(*value),
            Kind::Pop { .. } => {
                let top = inst.results[1];
                if self.values.ty(top).elem().is_some_and(|s| self.on_tapes[s as usize]) {
                    self.mark(top);
                }
            }
            _ => {}
        }
    }

    fn pushed(&mut self, v: Value) {
        let Some(elem) = self.values.ty(v).elem() else { return };
        self.changed |= !std::mem::replace(&mut self.on_tapes[elem as usize], true);
    }

    /// What a loop carries; the first of its blocks yields it.
    fn carried(&mut self, inst: &Inst, init: &[Value], params: &[Value], blocks: &[&Block]) {
        for (((&p, &first), &next), &last) in
            params.iter().zip(init).zip(&blocks[0].results).zip(&inst.results)
        {
            self.follow(p, &[first, next]);
            self.follow(last, &[p]);
        }
        blocks.iter().for_each(|b| self.block(b));
    }
}
