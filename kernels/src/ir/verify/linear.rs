//! Values that may be used only once on every path: tapes, and the accumulators of a nest inside its body.
//!
//! Code that changes them does so in place, so each has one successor. A loop takes them as carried values, a branch
//! may take them from around it. Runs after the types have been checked.

use std::collections::{HashMap, HashSet};

use super::Verifier;
use crate::ir::{Block, Inst, Kind, Ty, Value};

pub(super) fn check(v: &mut Verifier<'_>) {
    let func = v.func;
    let mut linear = Linear { v, tokens: HashMap::new(), used: HashSet::new(), loops: 0, accs: 0 };
    linear.tapes(&func.body.params);
    linear.block(&func.body);
    func.body.results.iter().for_each(|&r| linear.consume(r));
}

/// A value that may be used only once.
#[derive(Clone, Copy)]
struct Token {
    /// The accumulator that it is a state of; `None` for a tape.
    acc: Option<usize>,
    /// In how many loops it is defined.
    loops: usize,
}

struct Linear<'v, 'm> {
    v: &'v mut Verifier<'m>,
    tokens: HashMap<Value, Token>,
    used: HashSet<Value>,
    loops: usize,
    accs: usize,
}

impl Linear<'_, '_> {
    fn report(&mut self, value: Value, message: &str) {
        let name = self.v.name(value);
        self.v.report(format!("{name} {message}"));
    }

    fn acc(&self, value: Value) -> Option<usize> {
        self.tokens.get(&value).and_then(|t| t.acc)
    }

    /// Marks the tapes among new values.
    fn tapes(&mut self, values: &[Value]) {
        for &value in values {
            if *self.v.func.values.ty(value) == Ty::Tape {
                self.tokens.insert(value, Token { acc: None, loops: self.loops });
            }
        }
    }

    /// Marks a value as a state of an accumulator.
    fn mark(&mut self, value: Value, acc: Option<usize>) {
        if acc.is_some() {
            self.tokens.insert(value, Token { acc, loops: self.loops });
        }
    }

    /// A use that hands a token on.
    fn consume(&mut self, value: Value) {
        let Some(token) = self.tokens.get(&value).copied() else { return };
        if token.loops != self.loops {
            self.report(value, "is used in a loop that does not carry it");
        }
        if !self.used.insert(value) {
            self.report(value, "is used twice, but is changed in place");
        }
    }

    /// A use that an accumulator is not made for.
    fn other(&mut self, value: Value) {
        if self.acc(value).is_some() {
            self.report(value, "is an accumulator, which can only be accumulated to");
        } else {
            self.consume(value);
        }
    }

    fn block(&mut self, block: &Block) {
        block.insts.iter().for_each(|i| self.inst(i));
    }

    fn inst(&mut self, inst: &Inst) {
        match &inst.kind {
            Kind::Accum { array, at, value } => {
                self.consume(*array);
                at.iter().chain([value]).for_each(|&v| self.other(v));
                self.mark(inst.results[0], self.acc(*array));
            }
            Kind::Nest(nest) => self.nest(&nest.accs, &nest.body, nest.domain.len(), &inst.results),
            Kind::If { then, els, .. } => self.branch(then, els, &inst.results),
            Kind::Serial(body) => {
                self.block(body);
                body.results.iter().for_each(|&r| self.consume(r));
            }
            Kind::For { init, body, .. } => self.carried(init, &[(body, 1)], &inst.results),
            Kind::While { init, cond, body } => self.carried(init, &[(cond, 0), (body, 0)], &inst.results),
            kind => kind.operands().into_iter().for_each(|v| self.other(v)),
        }
        self.tapes(&inst.results);
    }

    fn nest(&mut self, accs: &[Value], body: &Block, indices: usize, results: &[Value]) {
        accs.iter().for_each(|&a| self.consume(a));
        self.loops += 1;
        let first = self.accs;
        self.accs += accs.len();
        for (i, &p) in body.params[indices..].iter().enumerate() {
            self.mark(p, Some(first + i));
        }
        self.block(body);
        for (i, &r) in body.results.iter().enumerate() {
            self.consume(r);
            let want = (i < accs.len()).then_some(first + i);
            if self.acc(r) != want {
                self.report(r, "is yielded in the place of another accumulator");
            }
        }
        self.loops -= 1;
        for (&r, &a) in results.iter().zip(accs) {
            self.mark(r, self.acc(a));
        }
    }

    fn branch(&mut self, then: &Block, els: &Block, results: &[Value]) {
        let before = self.used.clone();
        self.block(then);
        then.results.iter().for_each(|&r| self.consume(r));
        let after_then = std::mem::replace(&mut self.used, before);
        self.block(els);
        els.results.iter().for_each(|&r| self.consume(r));
        self.used.extend(after_then);
        for (i, &r) in results.iter().enumerate() {
            let acc = self.acc(then.results[i]);
            if acc != self.acc(els.results[i]) {
                self.report(r, "is an accumulator in one branch only");
            }
            self.mark(r, acc);
        }
    }

    /// A loop. Its condition, whose results are no carried values, must not use up what it is handed.
    fn carried(&mut self, init: &[Value], blocks: &[(&Block, usize)], results: &[Value]) {
        init.iter().for_each(|&v| self.consume(v));
        self.loops += 1;
        for &(block, skip) in blocks {
            let params = &block.params[skip..];
            self.tapes(params);
            params.iter().zip(init).for_each(|(&p, &i)| self.mark(p, self.acc(i)));
            self.block(block);
            block.results.iter().for_each(|&r| self.consume(r));
        }
        if let [(cond, _), _] = blocks
            && let Some(&p) = cond.params.iter().find(|p| self.used.contains(p))
        {
            self.report(p, "is used up by a condition");
        }
        let body = blocks[blocks.len() - 1].0;
        for (&i, &r) in init.iter().zip(&body.results) {
            if self.acc(i) != self.acc(r) {
                self.report(r, "is yielded in the place of another accumulator");
            }
        }
        self.loops -= 1;
        for (&r, &i) in results.iter().zip(init) {
            self.mark(r, self.acc(i));
        }
    }
}
