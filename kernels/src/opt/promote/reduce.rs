//! Carried numbers that are only added to, multiplied, and so on.

use std::collections::{HashMap, HashSet};

use crate::ir::{Block, Inst, Kind, Lit, Reduce, Scalar, Value, infer};
use crate::ops::Op;
use crate::rewrite::Cursor;
use crate::rewrite::facts::{linear_coefficients, neutral};

/// What each iteration combines with a carried number.
pub(super) struct Contribution {
    pub(super) reduce: Reduce,
    /// The numbers that are combined in one iteration, and whether they are subtracted.
    terms: Vec<(Term, bool)>,
    /// The values on the way from the carried number to its next value.
    chain: HashSet<Value>,
}

enum Term {
    Value(Value),
    /// A branch whose arms combine different numbers.
    Branch {
        cond: Value,
        then: (Block, Box<Contribution>),
        els: (Block, Box<Contribution>),
        elem: Scalar,
    },
}

/// What the loop combines with the number `param`, if it does nothing else with it.
pub(super) fn contribution(
    c: &Cursor,
    insts: &[Inst],
    param: Value,
    next: Value,
    uses: &HashMap<Value, u32>,
) -> Option<Contribution> {
    let elem = c.values().ty(param).elem()?;
    let mut search =
        Search { insts, param, uses, elem, reduce: None, terms: Vec::new(), chain: HashSet::new() };
    (next != param && search.follow(next)).then_some(())?;
    Some(Contribution { reduce: search.reduce?, terms: search.terms, chain: search.chain })
}

/// Whether a reduction of that type gives what the operation gives: of floats, extrema treat NaN differently.
pub(in crate::opt) fn is_exact(reduce: Reduce, elem: Scalar) -> bool {
    match reduce {
        Reduce::Sum | Reduce::Product => elem != Scalar::Bool,
        Reduce::Max | Reduce::Min => elem.is_int(),
        Reduce::All | Reduce::Any => elem == Scalar::Bool,
        Reduce::ArgMax | Reduce::ArgMin => false,
    }
}

struct Search<'a> {
    insts: &'a [Inst],
    param: Value,
    uses: &'a HashMap<Value, u32>,
    elem: Scalar,
    reduce: Option<Reduce>,
    terms: Vec<(Term, bool)>,
    chain: HashSet<Value>,
}

impl Search<'_> {
    /// Follows a value back to the carried number; every step has one use.
    fn follow(&mut self, v: Value) -> bool {
        if self.uses.get(&v) != Some(&1) {
            return false;
        }
        if v == self.param {
            return true;
        }
        let Some(inst) = self.insts.iter().find(|i| i.results.contains(&v)) else { return false };
        let found = match &inst.kind {
            Kind::Op(op, args) => self.operation(*op, args),
            Kind::If { cond, then, els } => self.branch(inst, v, *cond, then, els),
            _ => false,
        };
        if found {
            self.chain.insert(v);
        }
        found
    }

    fn operation(&mut self, op: Op, args: &[Value]) -> bool {
        let &[a, b] = args else { return false };
        let (reduce, negative) = match (op.def().facts.reduce, linear_coefficients(op.def()).as_deref()) {
            (Some(reduce), _) => (reduce, false),
            (None, Some([1, -1])) => (Reduce::Sum, true),
            _ => return false,
        };
        if !self.agrees(reduce) {
            return false;
        }
        let other = match () {
            () if self.follow(a) => b,
            () if !negative && self.follow(b) => a,
            () => return false,
        };
        self.terms.push((Term::Value(other), negative));
        true
    }

    fn agrees(&mut self, reduce: Reduce) -> bool {
        is_exact(reduce, self.elem) && *self.reduce.get_or_insert(reduce) == reduce
    }

    /// A branch of which each arm leads back to the carried number, or hands it on.
    fn branch(&mut self, inst: &Inst, v: Value, cond: Value, then: &Block, els: &Block) -> bool {
        // Both arms read the number, so it is counted twice; nothing else may read it.
        let slot = inst.results.iter().position(|&r| r == v).expect("a result of this branch");
        if inst.results.len() != 1 || self.uses.get(&self.param) != Some(&2) {
            return false;
        }
        let mut arms = Vec::new();
        for arm in [then, els] {
            let mut uses = self.uses.clone();
            uses.insert(self.param, 1);
            let mut inner =
                Search { insts: &arm.insts, uses: &uses, terms: Vec::new(), chain: HashSet::new(), ..*self };
            if !inner.follow(arm.results[slot]) {
                return false;
            }
            let (terms, chain, inner_reduce) = (inner.terms, inner.chain, inner.reduce);
            if inner_reduce.is_some_and(|r| !self.agrees(r)) {
                return false;
            }
            arms.push((arm.clone(), terms, chain));
        }
        let Some(reduce) = self.reduce else { return false };
        let mut made = arms
            .into_iter()
            .map(|(block, terms, chain)| (block, Box::new(Contribution { reduce, terms, chain })));
        let (Some(then), Some(els)) = (made.next(), made.next()) else { return false };
        self.terms.push((Term::Branch { cond, then, els, elem: self.elem }, false));
        true
    }
}

impl Contribution {
    /// Takes the instructions that combine away.
    pub(super) fn remove(&self, insts: &mut Vec<Inst>) {
        insts.retain(|i| !i.results.iter().any(|r| self.chain.contains(r)));
    }

    /// Appends what combines the iteration's numbers to one.
    pub(super) fn value(&self, c: &mut Cursor, insts: &mut Vec<Inst>) -> Value {
        let mut all = None;
        for (term, negative) in &self.terms {
            let v = term.value(c, insts, self.reduce);
            let v = if *negative { append(c, insts, Kind::Op(Op::Neg, vec![v])) } else { v };
            all = Some(match all {
                Some(all) => append(c, insts, Kind::Op(op_of(self.reduce), vec![all, v])),
                None => v,
            });
        }
        all.expect("a contribution has a term")
    }
}

impl Term {
    fn value(&self, c: &mut Cursor, insts: &mut Vec<Inst>, reduce: Reduce) -> Value {
        let (cond, then, els, elem) = match self {
            Term::Value(v) => return *v,
            Term::Branch { cond, then, els, elem } => (*cond, then, els, *elem),
        };
        let mut arm = |(block, contribution): &(Block, Box<Contribution>)| {
            let mut arm = block.insts.clone();
            contribution.remove(&mut arm);
            let v = match contribution.terms.is_empty() {
                true => {
                    let lit = neutral(reduce, elem).expect("a reduction with a neutral number");
                    append(c, &mut arm, Kind::Const(lit))
                }
                false => contribution.value(c, &mut arm),
            };
            Block { params: Vec::new(), insts: arm, results: vec![v] }
        };
        let (then, els) = (arm(then), arm(els));
        append(c, insts, Kind::If { cond, then, els })
    }
}

fn append(c: &mut Cursor, insts: &mut Vec<Inst>, kind: Kind) -> Value {
    let ty = infer(c.values(), &kind).expect("well typed").remove(0);
    let v = c.b.values.add(ty, "");
    let inst = Inst { results: vec![v], kind, loc: c.b.loc };
    c.known.define(&inst);
    insts.push(inst);
    v
}

/// The operation of a reduction.
pub(in crate::opt) fn op_of(reduce: Reduce) -> Op {
    Op::all().find(|op| op.def().facts.reduce == Some(reduce)).expect("an operation for each reduction")
}

/// Whether a reduction need not be combined with the number that it starts from.
pub(super) fn is_neutral(c: &Cursor, reduce: Reduce, init: Value) -> bool {
    let Some(lit) = c.known.lit(c.value(init)) else { return false };
    let zero = |lit: Lit| lit.ty().is_float() && lit.to_f64() == 0.0;
    neutral(reduce, lit.ty()).is_some_and(|n| n == lit || zero(n) && zero(lit))
}
