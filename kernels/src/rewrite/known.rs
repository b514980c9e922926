//! What a pass knows of values while it walks: how each is defined, and which integers are bounded.

use std::collections::HashMap;

use crate::ir::{Extent, Func, Inst, Kind, Lit, Nest, Out, Reduce, Value, Values};
use crate::ops::{Op, Sig};

use super::facts::{is_bilinear, linear_coefficients};

/// An integer as a sum of multiples of values: `constant + Σ coefficient · value`, terms in order of value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Linear {
    pub(crate) constant: i64,
    pub(crate) terms: Vec<(Value, i64)>,
}

/// More terms than this are not worth following.
const MAX_TERMS: usize = 8;
/// Definitions deeper than this are not followed.
const MAX_DEPTH: u32 = 12;

impl Linear {
    pub(crate) fn constant(c: i64) -> Linear {
        Linear { constant: c, terms: Vec::new() }
    }

    pub(crate) fn atom(v: Value) -> Linear {
        Linear { constant: 0, terms: vec![(v, 1)] }
    }

    /// `self + k · other`; wrapping, as the program's integers are.
    pub(crate) fn plus(&self, other: &Linear, k: i64) -> Linear {
        let mut terms = Vec::with_capacity(self.terms.len() + other.terms.len());
        let (mut a, mut b) = (self.terms.iter().peekable(), other.terms.iter().peekable());
        loop {
            let term = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x.0 == y.0 => {
                    let term = (x.0, x.1.wrapping_add(y.1.wrapping_mul(k)));
                    a.next();
                    b.next();
                    term
                }
                (Some(x), Some(y)) if y.0 < x.0 => {
                    let term = (y.0, y.1.wrapping_mul(k));
                    b.next();
                    term
                }
                (Some(&&x), _) => {
                    a.next();
                    x
                }
                (None, Some(y)) => {
                    let term = (y.0, y.1.wrapping_mul(k));
                    b.next();
                    term
                }
                (None, None) => break,
            };
            if term.1 != 0 {
                terms.push(term);
            }
        }
        Linear { constant: self.constant.wrapping_add(other.constant.wrapping_mul(k)), terms }
    }

    /// `k · self`.
    pub(crate) fn times(&self, k: i64) -> Linear {
        Linear::default().plus(self, k)
    }

    /// The number, if no value takes part.
    pub(crate) fn as_constant(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }
}

/// What bounds an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Range {
    Any,
    /// At least 0: the extent of an array.
    Extent,
    /// From 0 to below this extent: the index of a loop.
    Below(Extent),
}

/// Definitions and ranges, in dense tables.
#[derive(Debug, Default)]
pub(crate) struct Known {
    defs: Vec<Option<Kind>>,
    ranges: Vec<Range>,
    /// Arrays of one repeated number.
    splats: HashMap<Value, Value>,
}

impl Known {
    /// What is known on entry to a function.
    pub(crate) fn of(f: &Func) -> Known {
        let mut known = Known {
            defs: vec![None; f.values.len()],
            ranges: vec![Range::Any; f.values.len()],
            splats: HashMap::new(),
        };
        for &size in &f.sizes {
            known.set_range(size, Range::Extent);
        }
        known
    }

    fn set_range(&mut self, v: Value, range: Range) {
        let at = v.0 as usize;
        if self.ranges.len() <= at {
            self.ranges.resize(at + 1, Range::Any);
        }
        self.ranges[at] = range;
    }

    fn range(&self, v: Value) -> Range {
        self.ranges.get(v.0 as usize).copied().unwrap_or(Range::Any)
    }

    /// Notes that a value is the index of a loop over that extent.
    pub(crate) fn index(&mut self, v: Value, extent: Extent) {
        self.set_range(v, Range::Below(extent));
    }

    /// The extent of the loop whose index this is.
    pub(crate) fn loop_extent(&self, v: Value) -> Option<Extent> {
        match self.range(v) {
            Range::Below(e) => Some(e),
            _ => None,
        }
    }

    /// Notes how a value is defined; instructions with blocks are not kept.
    pub(crate) fn define(&mut self, inst: &Inst) {
        if let [result] = inst.results[..]
            && inst.kind.blocks().is_empty()
        {
            self.set(result, Some(inst.kind.clone()));
        }
        if let Kind::Nest(nest) = &inst.kind {
            self.define_splats(nest, &inst.results);
        }
    }

    /// Arrays that a nest builds of one literal.
    fn define_splats(&mut self, nest: &Nest, results: &[Value]) {
        let accs = nest.accs.len();
        for (k, out) in nest.outs.iter().enumerate() {
            let element = nest.body.results[accs + k];
            if *out == Out::Build && self.lit(element).is_some() {
                self.splats.insert(results[accs + k], element);
            }
        }
    }

    /// The number that all elements of an array are, if it was built so.
    pub(crate) fn splat(&self, array: Value) -> Option<Value> {
        self.splats.get(&array).copied()
    }

    /// Sets what a value is known to be, and returns what it was before.
    pub(crate) fn set(&mut self, v: Value, kind: Option<Kind>) -> Option<Kind> {
        let at = v.0 as usize;
        if self.defs.len() <= at {
            self.defs.resize(at + 1, None);
        }
        std::mem::replace(&mut self.defs[at], kind)
    }

    /// The definition of a value, if it is known and has no blocks.
    pub(crate) fn def(&self, v: Value) -> Option<&Kind> {
        self.defs.get(v.0 as usize)?.as_ref()
    }

    /// The literal that a value is.
    pub(crate) fn lit(&self, v: Value) -> Option<Lit> {
        match self.def(v)? {
            Kind::Const(lit) => Some(*lit),
            _ => None,
        }
    }

    /// The integer that a value is.
    pub(crate) fn int(&self, v: Value) -> Option<i64> {
        match self.lit(v)? {
            Lit::I64(n) => Some(n),
            _ => None,
        }
    }

    /// An extent, as a constant if its value is one.
    pub(crate) fn extent(&self, e: Extent) -> Extent {
        match e {
            Extent::Value(v) => self.int(v).map_or(e, Extent::Const),
            e => e,
        }
    }

    /// An `i64` as a sum of multiples.
    pub(crate) fn linear(&self, v: Value) -> Linear {
        self.linear_within(v, MAX_DEPTH)
    }

    fn linear_within(&self, v: Value, depth: u32) -> Linear {
        match self.def(v) {
            Some(Kind::Const(Lit::I64(n))) => Some(Linear::constant(*n)),
            Some(Kind::Op(op, args)) if depth > 0 => self.linear_op_within(*op, args, depth - 1),
            _ => None,
        }
        .filter(|l| l.terms.len() <= MAX_TERMS)
        .unwrap_or_else(|| Linear::atom(v))
    }

    /// The result of an integer operation as a sum of multiples.
    pub(crate) fn linear_op(&self, op: Op, args: &[Value]) -> Option<Linear> {
        self.linear_op_within(op, args, MAX_DEPTH).filter(|l| l.terms.len() <= MAX_TERMS)
    }

    fn linear_op_within(&self, op: Op, args: &[Value], depth: u32) -> Option<Linear> {
        let def = op.def();
        if !matches!(def.sig, Sig::Num(_)) {
            return None;
        }
        if let Some(coefficients) = linear_coefficients(def) {
            let mut sum = Linear::default();
            for (&a, &k) in args.iter().zip(&coefficients) {
                sum = sum.plus(&self.linear_within(a, depth), k);
            }
            return Some(sum);
        }
        if is_bilinear(def) {
            let (a, b) = (self.linear_within(args[0], depth), self.linear_within(args[1], depth));
            return match (a.as_constant(), b.as_constant()) {
                (_, Some(k)) => Some(a.times(k)),
                (Some(k), _) => Some(b.times(k)),
                _ => None,
            };
        }
        None
    }

    /// An extent as a sum of multiples.
    pub(crate) fn linear_extent(&self, e: Extent) -> Linear {
        match e {
            Extent::Const(n) => Linear::constant(n.max(0)),
            Extent::Value(v) => self.linear(v),
        }
    }

    /// Whether the sum is at least 0 wherever its loop indices are in range.
    pub(crate) fn nonnegative(&self, l: &Linear) -> bool {
        self.nonnegative_within(l, 10)
    }

    fn nonnegative_within(&self, l: &Linear, fuel: u32) -> bool {
        if l.terms.is_empty() {
            return l.constant >= 0;
        }
        if fuel == 0 {
            return false;
        }
        // The innermost index first: its extent may depend on the indices around it.
        let of_loop = l.terms.iter().rev().find_map(|&(v, k)| self.loop_extent(v).map(|e| (v, k, e)));
        if let Some((v, k, extent)) = of_loop {
            let rest = l.plus(&Linear::atom(v), k.wrapping_neg());
            let worst = if k > 0 {
                rest
            } else {
                rest.plus(&self.linear_extent(extent), k).plus(&Linear::constant(1), -k)
            };
            return self.nonnegative_within(&worst, fuel - 1);
        }
        if let Some(&(v, k)) = l.terms.iter().find(|&&(v, k)| k > 0 && self.range(v) == Range::Extent) {
            return self.nonnegative_within(&l.plus(&Linear::atom(v), -k), fuel - 1);
        }
        self.nonnegative_by_bound(l, fuel)
    }

    /// A minimum is at most each of its arguments, a maximum at least.
    fn nonnegative_by_bound(&self, l: &Linear, fuel: u32) -> bool {
        l.terms.iter().any(|&(v, k)| {
            let Some(Kind::Op(op, args)) = self.def(v) else { return false };
            let bounds = match op.def().facts.reduce {
                Some(Reduce::Min) => k < 0,
                Some(Reduce::Max) => k > 0,
                _ => false,
            };
            let rest = l.plus(&Linear::atom(v), k.wrapping_neg());
            bounds && args.iter().any(|&a| self.nonnegative_within(&rest.plus(&self.linear(a), k), fuel - 1))
        })
    }

    /// Whether `0 <= at < extent` certainly holds.
    pub(crate) fn in_bounds(&self, at: Value, extent: Extent) -> bool {
        let at = self.linear(at);
        let above = self.linear_extent(extent).plus(&at, -1).plus(&Linear::constant(1), -1);
        self.nonnegative(&above) && self.nonnegative(&at)
    }

    /// Whether all indices are certainly within the array's extents.
    pub(crate) fn all_in_bounds(&self, values: &Values, array: Value, at: &[Value]) -> bool {
        at.iter().zip(values.ty(array).shape()).all(|(&i, &e)| self.in_bounds(i, e))
    }

    /// Whether two `i64`s are certainly the same (`Some(true)`) or certainly different (`Some(false)`).
    pub(crate) fn same(&self, a: Value, b: Value) -> Option<bool> {
        if a == b {
            return Some(true);
        }
        let difference = self.linear(a).plus(&self.linear(b), -1);
        if let Some(d) = difference.as_constant() {
            return Some(d == 0);
        }
        let apart = |l: Linear| self.nonnegative(&l.plus(&Linear::constant(1), -1));
        (apart(difference.clone()) || apart(difference.times(-1))).then_some(false)
    }

    /// Whether two elements of one array are certainly the same or certainly different.
    pub(crate) fn same_place(&self, a: &[Value], b: &[Value]) -> Option<bool> {
        let axes: Vec<Option<bool>> = a.iter().zip(b).map(|(&a, &b)| self.same(a, b)).collect();
        match () {
            () if axes.contains(&Some(false)) => Some(false),
            () if axes.iter().all(|&s| s == Some(true)) => Some(true),
            () => None,
        }
    }

    /// Whether executing the instruction may panic, diverge, or do what only the program's order allows.
    pub(crate) fn has_effect(&self, values: &Values, inst: &Inst) -> bool {
        match &inst.kind {
            Kind::Op(op, args) => self.may_panic(values, *op, args),
            Kind::Index { array, at } | Kind::Update { array, at, .. } | Kind::Accum { array, at, .. } => {
                !self.all_in_bounds(values, *array, at)
            }
            Kind::Call { .. }
            | Kind::Assert { .. }
            | Kind::Checkpoint
            | Kind::Tape
            | Kind::Push { .. }
            | Kind::Pop { .. }
            | Kind::While { .. } => true,
            Kind::Contract { kind, .. } => kind.may_panic(),
            kind => kind.blocks().iter().any(|b| b.insts.iter().any(|i| self.has_effect(values, i))),
        }
    }

    fn may_panic(&self, values: &Values, op: Op, args: &[Value]) -> bool {
        // An integer divided by a positive constant does not panic.
        let safe = args.last().and_then(|&a| self.int(a)).is_some_and(|n| n > 0);
        values.ty(args[0]).elem().is_some_and(|s| op.may_panic(s) && !(s.is_int() && safe))
    }
}
