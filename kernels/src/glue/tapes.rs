//! What is pushed by one thread must be popped by one thread: the host and the GPU keep tapes of their own.
//!
//! The pushes and pops of the host's program are followed like brackets. Where a loop that one thread would run meets
//! something else on the tape, it stays with the host.

use std::collections::{HashMap, HashSet};

use crate::ir::{Block, Func, Inst, Kind, Ty, Value, Values, inst_free_values};

use super::known::is_control;

/// What was pushed, or is popped.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Entry {
    /// By the host's program.
    Host,
    /// By the unit with that first result.
    Unit(Value),
    /// By all iterations of a loop.
    Loop(Vec<Entry>),
    /// By one side or the other.
    Branch(Vec<Entry>, Vec<Entry>),
}

/// What becomes of a tape: so much is taken from it, first what was on top, and then so much put on it.
#[derive(Clone, Default, Debug)]
struct Effect {
    popped: Vec<Entry>,
    pushed: Vec<Entry>,
}

/// Why units do not fit together.
enum Misfit {
    /// This one meets something else.
    Unit(Value),
    /// It cannot be told.
    Unknown,
}

type Res<T> = Result<T, Misfit>;

/// The units (instructions with tapes that one thread would run, by their first result) that have to stay with the host.
pub(super) fn demoted(f: &Func, is_unit: &dyn Fn(&Inst) -> bool) -> HashSet<Value> {
    let mut all = Vec::new();
    find(&f.values, &f.body, is_unit, &mut all);
    let mut demoted = HashSet::new();
    if all.is_empty() {
        return demoted;
    }
    loop {
        let mut walk = Walk { values: &f.values, is_unit, demoted: &demoted, tapes: HashMap::new() };
        match walk.block(&f.body) {
            Ok(()) => return demoted,
            Err(Misfit::Unit(v)) if !demoted.contains(&v) => _ = demoted.insert(v),
            Err(_) => return all.into_iter().collect(),
        }
    }
}

/// Whether an instruction takes or leaves a tape.
pub(super) fn has_tape(values: &Values, inst: &Inst) -> bool {
    let is_tape = |v: &Value| *values.ty(*v) == Ty::Tape;
    inst.results.iter().any(is_tape) || inst_free_values(values, inst).iter().any(is_tape)
}

fn find(values: &Values, block: &Block, is_unit: &dyn Fn(&Inst) -> bool, all: &mut Vec<Value>) {
    for inst in block.insts.iter().filter(|i| is_control(i)) {
        if has_tape(values, inst) && is_unit(inst) {
            all.extend(inst.results.first());
        }
        inst.kind.blocks().into_iter().for_each(|b| find(values, b, is_unit, all));
    }
}

struct Walk<'f> {
    values: &'f Values,
    is_unit: &'f dyn Fn(&Inst) -> bool,
    demoted: &'f HashSet<Value>,
    /// The tape that each one was at the start of the block, and what became of it.
    tapes: HashMap<Value, (Value, Effect)>,
}

impl Walk<'_> {
    fn is_tape(&self, v: Value) -> bool {
        *self.values.ty(v) == Ty::Tape
    }

    /// The results that are tapes.
    fn taped(&self, inst: &Inst) -> Vec<(usize, Value)> {
        inst.results.iter().copied().enumerate().filter(|(_, v)| self.is_tape(*v)).collect()
    }

    /// What became of a tape; one from outside of the block is as it was.
    fn state(&self, v: Value) -> (Value, Effect) {
        self.tapes.get(&v).cloned().unwrap_or_else(|| (v, Effect::default()))
    }

    fn block(&mut self, block: &Block) -> Res<()> {
        block.insts.iter().try_for_each(|i| self.inst(i))
    }

    fn inst(&mut self, inst: &Inst) -> Res<()> {
        match &inst.kind {
            Kind::Push { tape, value } => {
                if self.is_tape(*value) {
                    return Err(Misfit::Unknown);
                }
                self.follow(*tape, inst.results[0], Effect { popped: Vec::new(), pushed: vec![Entry::Host] })
            }
            Kind::Pop { tape } => {
                self.follow(*tape, inst.results[0], Effect { popped: vec![Entry::Host], pushed: Vec::new() })
            }
            Kind::If { then, els, .. } => self.branch(inst, then, els),
            Kind::For { init, body, .. } => self.repeated(inst, init, body, 1),
            Kind::While { init, body, .. } => self.repeated(inst, init, body, 0),
            _ => Ok(()),
        }
    }

    /// Notes that `to` is what becomes of `from`.
    fn follow(&mut self, from: Value, to: Value, effect: Effect) -> Res<()> {
        let (root, mut state) = self.state(from);
        for entry in effect.popped {
            match state.pushed.pop() {
                Some(top) => matches(&top, &entry)?,
                None => state.popped.push(entry),
            }
        }
        state.pushed.extend(effect.pushed);
        self.tapes.insert(to, (root, state));
        Ok(())
    }

    /// What a block does to the tape that it yields in some place, and which one that is.
    fn effect(&mut self, block: &Block, yielded: usize) -> Res<(Value, Effect)> {
        let before = std::mem::take(&mut self.tapes);
        let done = self.block(block);
        let state = self.state(block.results[yielded]);
        self.tapes = before;
        done.map(|()| state)
    }

    /// What an instruction does to a tape if it is a unit: it only pushes, or only pops.
    fn unit(&self, inst: &Inst, effect: Effect) -> Res<Effect> {
        let Some(&key) = inst.results.first().filter(|v| !self.demoted.contains(v) && (self.is_unit)(inst))
        else {
            return Ok(effect);
        };
        let one = |entries: Vec<Entry>| if entries.is_empty() { entries } else { vec![Entry::Unit(key)] };
        match effect.popped.is_empty() || effect.pushed.is_empty() {
            true => Ok(Effect { popped: one(effect.popped), pushed: one(effect.pushed) }),
            false => Err(Misfit::Unit(key)),
        }
    }

    /// Inside of a unit everything is the thread's.
    fn inside(&self, inst: &Inst) -> bool {
        inst.results.first().is_some_and(|v| !self.demoted.contains(v)) && (self.is_unit)(inst)
    }

    fn inner<'a>(&self, inst: &Inst, none: &'a dyn Fn(&Inst) -> bool) -> Walk<'a>
    where
        Self: 'a,
    {
        let is_unit = if self.inside(inst) { none } else { self.is_unit };
        Walk { values: self.values, is_unit, demoted: self.demoted, tapes: HashMap::new() }
    }

    fn branch(&mut self, inst: &Inst, then: &Block, els: &Block) -> Res<()> {
        for (k, result) in self.taped(inst) {
            let none = |_: &Inst| false;
            let mut inner = self.inner(inst, &none);
            let ((root, a), (other, b)) = (inner.effect(then, k)?, inner.effect(els, k)?);
            if root != other {
                return Err(Misfit::Unknown);
            }
            let both = |a: Vec<Entry>, b: Vec<Entry>| match a.is_empty() && b.is_empty() {
                true => Vec::new(),
                false => vec![Entry::Branch(a, b)],
            };
            let effect = Effect { popped: both(a.popped, b.popped), pushed: both(a.pushed, b.pushed) };
            let effect = self.unit(inst, effect)?;
            self.follow(root, result, effect)?;
        }
        Ok(())
    }

    /// A loop whose body takes `indices` parameters before what it carries.
    fn repeated(&mut self, inst: &Inst, init: &[Value], body: &Block, indices: usize) -> Res<()> {
        for (k, result) in self.taped(inst) {
            let none = |_: &Inst| false;
            let (root, once) = self.inner(inst, &none).effect(body, k)?;
            if root != body.params[indices + k] || !once.popped.is_empty() && !once.pushed.is_empty() {
                return Err(Misfit::Unknown);
            }
            let all = |each: Vec<Entry>| if each.is_empty() { each } else { vec![Entry::Loop(each)] };
            let effect = self.unit(inst, Effect { popped: all(once.popped), pushed: all(once.pushed) })?;
            self.follow(init[k], result, effect)?;
        }
        Ok(())
    }
}

/// Whether what is popped is what was pushed, each by a thread or each by the host.
fn matches(pushed: &Entry, popped: &Entry) -> Res<()> {
    // The host pops first what it pushed last.
    let all = |pushed: &[Entry], popped: &[Entry]| match pushed.len() == popped.len() {
        true => pushed.iter().rev().zip(popped).try_for_each(|(a, b)| matches(a, b)),
        false => Err(Misfit::Unknown),
    };
    match (pushed, popped) {
        (Entry::Unit(_), Entry::Unit(_)) | (Entry::Host, Entry::Host) => Ok(()),
        (Entry::Unit(v), _) | (_, Entry::Unit(v)) => Err(Misfit::Unit(*v)),
        (Entry::Loop(a), Entry::Loop(b)) => all(a, b),
        (Entry::Branch(a, b), Entry::Branch(c, d)) => all(a, c).and_then(|()| all(b, d)),
        _ => Err(Misfit::Unknown),
    }
}
