//! A loop or branch of which another one computes the same and records it for a reverse sweep.
//!
//! In a nest whose reverse runs in the same iteration, the body's loops stand twice: once for the values, once with a tape.
//! The one that records gives the values as well.

use std::collections::HashMap;

use crate::ir::{Block, Extent, Func, Inst, Kind, Nest, Ty, Value, Values, inst_free_values};

/// Takes the results of loops and branches from those that record the same.
pub fn run(f: &mut Func) {
    let mut lits = HashMap::new();
    literals(&f.body, &mut lits);
    let mut body = std::mem::take(&mut f.body);
    block(&mut f.values, &lits, &mut body);
    f.body = body;
}

type Literals = HashMap<Value, (u64, u64)>;

fn literals(block: &Block, found: &mut Literals) {
    for inst in &block.insts {
        if let Kind::Const(lit) = &inst.kind {
            let (ty, bits) = lit.bits();
            found.insert(inst.results[0], (ty as u64, bits));
        }
        inst.kind.blocks().into_iter().for_each(|b| literals(b, found));
    }
}

fn block(values: &mut Values, lits: &Literals, b: &mut Block) {
    for inst in &mut b.insts {
        inst.kind.blocks_mut().into_iter().for_each(|b| block(values, lits, b));
    }
    while let Some(map) = take_one(values, lits, b) {
        crate::fuse::substitute(values, b, &map);
    }
}

/// Removes one instruction of which another one of the block computes all; returns what its results become.
fn take_one(values: &Values, lits: &Literals, b: &mut Block) -> Option<HashMap<Value, Value>> {
    let of = |kind: fn(&Values, &Inst) -> bool| -> Vec<usize> {
        (0..b.insts.len()).filter(|&k| kind(values, &b.insts[k])).collect()
    };
    let (recording, plain) = (of(records), of(is_plain));
    for &p in &recording {
        for &q in &plain {
            let mut twins = Twins { lits, map: HashMap::new() };
            if !twins.inst(&b.insts[q], &b.insts[p]) {
                continue;
            }
            let map = b.insts[q].results.iter().map(|v| (*v, twins.map[v])).collect();
            if q > p {
                b.insts.remove(q);
                return Some(map);
            }
            if bring_forward(values, b, q, p) {
                return Some(map);
            }
        }
    }
    None
}

fn is_region(inst: &Inst) -> bool {
    matches!(inst.kind, Kind::For { .. } | Kind::While { .. } | Kind::If { .. })
}

fn tapes(values: &Values, inst: &Inst) -> bool {
    inst.results.iter().any(|&v| *values.ty(v) == Ty::Tape)
}

/// Whether it is a loop or branch that records.
fn records(values: &Values, inst: &Inst) -> bool {
    is_region(inst) && tapes(values, inst)
}

/// Whether it is a loop or branch that only computes.
fn is_plain(values: &Values, inst: &Inst) -> bool {
    is_region(inst) && !inst.results.is_empty() && !tapes(values, inst)
}

/// Puts the instruction at `p`, with what it needs, in the place of that at `q` before it, unless that is needed for it.
fn bring_forward(values: &Values, b: &mut Block, q: usize, p: usize) -> bool {
    let mut needed = vec![false; p + 1];
    needed[p] = true;
    // What an instruction needs stands before it, so that going backwards finds everything.
    for x in (q + 1..=p).rev() {
        if needed[x] {
            mark(values, b, q, x, &mut needed);
        }
    }
    if needed[q] || (q + 1..=p).any(|x| needed[x] && has_effect(&b.insts[x])) {
        return false;
    }
    let rest = b.insts.split_off(p + 1);
    let between = b.insts.split_off(q + 1);
    b.insts.pop();
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for (inst, needed) in between.into_iter().zip(&needed[q + 1..]) {
        if *needed { first.push(inst) } else { later.push(inst) }
    }
    b.insts.extend(first.into_iter().chain(later).chain(rest));
    true
}

/// Marks the instructions from `q` on that define what the one at `x` reads.
fn mark(values: &Values, b: &Block, q: usize, x: usize, needed: &mut [bool]) {
    for v in inst_free_values(values, &b.insts[x]) {
        if let Some(d) = (q..x).find(|&d| b.insts[d].results.contains(&v)) {
            needed[d] = true;
        }
    }
}

fn has_effect(inst: &Inst) -> bool {
    match &inst.kind {
        Kind::Assert { .. } | Kind::Call { .. } => true,
        kind => kind.blocks().iter().any(|b| b.insts.iter().any(has_effect)),
    }
}

/// The search for what corresponds: of values of the plain instruction in the recording one.
struct Twins<'a> {
    lits: &'a Literals,
    map: HashMap<Value, Value>,
}

impl Twins<'_> {
    fn same(&self, a: Value, b: Value) -> bool {
        self.map.get(&a).copied().unwrap_or(a) == b
            || matches!((self.lits.get(&a), self.lits.get(&b)), (Some(x), Some(y)) if x == y)
    }

    fn all(&self, a: &[Value], b: &[Value]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| self.same(a, b))
    }

    fn extent(&self, a: Extent, b: Extent) -> bool {
        match (a, b) {
            (Extent::Value(a), Extent::Value(b)) => self.same(a, b),
            _ => a == b,
        }
    }

    /// Whether `b` computes all that `a` does. Then the results of `a` have their counterparts.
    fn inst(&mut self, a: &Inst, b: &Inst) -> bool {
        let slots: Vec<usize> = match (&a.kind, &b.kind) {
            (Kind::For { trip, rev, init, body }, Kind::For { trip: t, rev: r, init: i, body: c }) => {
                let Some(slots) = self.carried(init, i) else { return false };
                let fine = self.extent(*trip, *t) && rev == r;
                if !fine || !self.body(body, c, 1, &slots) {
                    return false;
                }
                slots
            }
            (Kind::While { init, cond, body }, Kind::While { init: i, cond: d, body: c }) => {
                let Some(slots) = self.carried(init, i) else { return false };
                self.bind(cond, d, 0, &slots);
                let fine = self.insts(cond, d) && self.all(&cond.results, &d.results);
                if !fine || !self.body(body, c, 0, &slots) {
                    return false;
                }
                slots
            }
            (Kind::If { cond, then, els }, Kind::If { cond: c, then: t, els: e }) => {
                if !self.same(*cond, *c) || !self.insts(then, t) || !self.insts(els, e) {
                    return false;
                }
                let slot = |k: usize| {
                    (0..b.results.len()).find(|&s| {
                        self.same(then.results[k], t.results[s]) && self.same(els.results[k], e.results[s])
                    })
                };
                let Some(slots) = (0..a.results.len()).map(slot).collect() else { return false };
                slots
            }
            (Kind::Nest(x), Kind::Nest(y)) => {
                if !self.nest(x, y) {
                    return false;
                }
                (0..a.results.len()).collect()
            }
            (a, b) => {
                if !self.simple(a, b) {
                    return false;
                }
                vec![0]
            }
        };
        for (&v, s) in a.results.iter().zip(slots) {
            self.map.insert(v, b.results[s]);
        }
        true
    }

    /// For each initial value of the plain loop the place of its counterpart, in order.
    fn carried(&self, a: &[Value], b: &[Value]) -> Option<Vec<usize>> {
        let mut from = 0;
        a.iter()
            .map(|&v| {
                let s = (from..b.len()).find(|&s| self.same(v, b[s]))?;
                from = s + 1;
                Some(s)
            })
            .collect()
    }

    /// Lets the parameters of a loop's blocks correspond.
    fn bind(&mut self, a: &Block, b: &Block, first: usize, slots: &[usize]) {
        self.map.extend(a.params[..first].iter().copied().zip(b.params[..first].iter().copied()));
        self.map.extend(a.params[first..].iter().copied().zip(slots.iter().map(|&s| b.params[first + s])));
    }

    fn body(&mut self, a: &Block, b: &Block, first: usize, slots: &[usize]) -> bool {
        self.bind(a, b, first, slots);
        self.insts(a, b) && a.results.iter().zip(slots).all(|(&v, &s)| self.same(v, b.results[s]))
    }

    /// Whether every instruction of a block has its counterpart in another.
    fn insts(&mut self, a: &Block, b: &Block) -> bool {
        a.insts.iter().all(|i| matches!(i.kind, Kind::Const(_)) || b.insts.iter().any(|j| self.inst(i, j)))
    }

    fn nest(&mut self, a: &Nest, b: &Nest) -> bool {
        let domain = a.domain.len() == b.domain.len()
            && a.domain.iter().zip(&b.domain).all(|(&x, &y)| self.extent(x, y));
        if !domain || !self.all(&a.accs, &b.accs) || a.outs != b.outs {
            return false;
        }
        self.map.extend(a.body.params.iter().copied().zip(b.body.params.iter().copied()));
        self.insts(&a.body, &b.body) && self.all(&a.body.results, &b.body.results)
    }

    fn simple(&self, a: &Kind, b: &Kind) -> bool {
        match (a, b) {
            (Kind::Op(op, x), Kind::Op(p, y)) => {
                let swapped = || {
                    op.def().facts.commutative
                        && x.len() == 2
                        && self.same(x[0], y[1])
                        && self.same(x[1], y[0])
                };
                op == p && (self.all(x, y) || swapped())
            }
            (Kind::Index { array, at }, Kind::Index { array: b, at: to }) => {
                self.same(*array, *b) && self.all(at, to)
            }
            (Kind::Update { array, at, value }, Kind::Update { array: b, at: to, value: w })
            | (Kind::Accum { array, at, value }, Kind::Accum { array: b, at: to, value: w }) => {
                self.same(*array, *b) && self.all(at, to) && self.same(*value, *w)
            }
            (Kind::Pack { elems, shape }, Kind::Pack { elems: y, shape: s }) => {
                shape == s && self.all(elems, y)
            }
            _ => false,
        }
    }
}
