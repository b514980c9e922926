//! Arrays and everything with a block: nests, loops, branches, calls.

use pullback_kernels::ir::{Contract, Extent, Kind, Nest, Out, Reduce, Scalar, Ty, Value, call_types};
use pullback_kernels::ops::Op;

use super::{Gen, Mark};

/// Blocks in blocks stop here, and blocks that would run more often than this are not made.
const MAX_DEPTH: usize = 3;
const MAX_WORK: usize = 700;

impl Gen<'_> {
    pub(super) fn statement(&mut self) {
        let room = self.depth < MAX_DEPTH && self.work * 5 < MAX_WORK;
        match self.rng.below(24) {
            0..=7 => self.scalar(),
            8..=10 => self.read(),
            11 => self.write(),
            12 => self.array_of_scalars(),
            13 => self.contraction(),
            14 => self.call(),
            15 if self.depth == 0 => self.extent(),
            16 => self.assertion(),
            17..=19 if room => self.nest(),
            20 if room => self.branch(),
            21 if room => self.plain_loop(),
            22 if room => self.for_loop(),
            23 if room => self.while_loop(),
            _ => self.scalar(),
        }
    }

    fn statements(&mut self, most: usize) {
        (0..1 + self.rng.below(most)).for_each(|_| self.statement());
    }

    fn read(&mut self) {
        let x = self.rng.pick(&self.arrays);
        let shape = self.values().ty(x).shape().to_vec();
        let at = self.indices_below(&shape);
        let v = self.b.index(x, &at);
        let bound = self.bounds[&x];
        self.add(v, bound);
    }

    fn write(&mut self) {
        let x = self.rng.pick(&self.arrays);
        let shape = self.values().ty(x).shape().to_vec();
        let (at, v) = (self.indices_below(&shape), self.small());
        let bound = self.bounds[&x];
        if self.rng.chance(50) {
            let y = self.b.update(x, &at, v);
            self.add(y, bound.max(2.0));
        } else {
            let y = self.b.accum(x, &at, v);
            self.add(y, bound + 2.0);
        }
    }

    fn array_of_scalars(&mut self) {
        let shape = if self.rng.chance(50) { vec![3] } else { vec![2, 3] };
        let elems = (0..shape.iter().product::<i64>()).map(|_| self.small()).collect();
        let v = self.b.push(Kind::Pack { elems, shape })[0];
        self.add(v, 2.0);
    }

    fn contraction(&mut self) {
        let (x, y) = (self.rng.pick(&self.arrays), self.rng.pick(&self.arrays));
        let fitting: Vec<Contract> = Contract::NAMES
            .iter()
            .map(|&(c, _)| c)
            // a random system may be singular
            .filter(|c| matches!(c, Contract::MatMul { .. } | Contract::MatVec { .. }))
            .filter(|&c| {
                pullback_kernels::ir::infer(self.values(), &Kind::Contract { kind: c, args: vec![x, y] })
                    .is_ok()
            })
            .collect();
        if fitting.is_empty() {
            return self.scalar();
        }
        let kind = self.rng.pick(&fitting);
        let v = self.b.contract(kind, &[x, y]);
        let bound = self.bounds[&x] * self.bounds[&y] * 5.0;
        self.add(v, bound);
    }

    fn call(&mut self) {
        let Some(helper) = self.helper else { return self.scalar() };
        let vectors: Vec<Value> =
            self.arrays.iter().copied().filter(|&x| self.values().ty(x).shape().len() == 1).collect();
        if vectors.is_empty() {
            return self.scalar();
        }
        let (a, x) = (self.small(), self.rng.pick(&vectors));
        let x = self.tame_array(x);
        let tys = call_types(self.values(), helper, &[a, x]).expect("the arguments fit");
        let results = self.b.push_typed(Kind::Call { func: helper.name.clone(), args: vec![a, x] }, &tys);
        // helpers are short, and what they return is bounded; how much is not known here
        for r in results {
            if self.values().ty(r).is_scalar() {
                let r = self.b.op(Op::Tanh, &[r]);
                self.add(r, 1.0);
            }
        }
    }

    fn tame_array(&mut self, x: Value) -> Value {
        let bound = self.bounds[&x];
        if bound <= 2.0 {
            return x;
        }
        let shape = self.values().ty(x).shape().to_vec();
        let scale = self.b.number(Scalar::F64, 2.0 / bound);
        let y = self.b.build(&shape, |b, at| {
            let v = b.index(x, at);
            b.op(Op::Mul, &[v, scale])
        });
        self.bounds.insert(y, 2.0);
        y
    }

    /// An extent that the function computes.
    fn extent(&mut self) {
        let e = self.rng.pick(&self.extents);
        let (e, one) = (self.b.extent(e), self.b.int(1));
        let more = self.b.op(Op::Add, &[e, one]);
        self.extents.push(Extent::Value(more));
    }

    fn assertion(&mut self) {
        let (Some(&(i, e)), true) = (self.indices.last(), self.rng.chance(50)) else { return self.scalar() };
        let e = self.b.extent(e);
        let cond = self.b.op(Op::Lt, &[i, e]);
        self.b.push(Kind::Assert { cond, message: "an index is below its extent".into() });
    }

    /// Opens a block that runs about `times` times.
    fn enter(&mut self, times: usize) -> Mark {
        let mark = self.mark();
        self.depth += 1;
        self.work *= times;
        self.b.open();
        mark
    }

    /// Ends the block.
    fn leave(&mut self, mark: Mark) {
        self.depth -= 1;
        self.back_to(mark);
    }

    fn index_params(&mut self, domain: &[Extent]) -> Vec<Value> {
        let mut params = Vec::new();
        for &e in domain {
            let i = self.b.values.add(Scalar::I64.into(), "i");
            self.indices.push((i, e));
            params.push(i);
        }
        params
    }

    fn nest(&mut self) {
        let mut domain = vec![self.rng.pick(&self.extents)];
        if self.work == 1 && self.rng.chance(40) {
            domain.push(self.rng.pick(&self.extents));
        }
        let accs: Vec<Value> = (0..self.rng.below(3)).map(|_| self.rng.pick(&self.arrays)).collect();
        let reductions = [Reduce::Sum, Reduce::Sum, Reduce::Sum, Reduce::Max, Reduce::Min, Reduce::Product];
        let mut outs = Vec::new();
        for _ in 0..self.rng.below(3) + accs.is_empty() as usize {
            let fold = Out::Fold(self.rng.pick(&reductions));
            outs.push(self.rng.pick(&[Out::Build, fold]));
        }
        let mark = self.enter(if domain.len() == 1 { 5 } else { 20 });
        let mut params = self.index_params(&domain);
        self.statements(5);
        let mut tokens: Vec<Value> = accs.iter().map(|&a| self.b.values.like(a)).collect();
        params.extend(&tokens);
        for _ in 0..2 * accs.len() {
            let which = self.rng.below(accs.len());
            tokens[which] = self.accumulate(tokens[which]);
        }
        let mut numbers = Vec::new();
        for out in &outs {
            let v = self.small();
            numbers.push(if *out == Out::Fold(Reduce::Product) { self.near_one(v) } else { v });
        }
        let body = self.b.close(params, [tokens, numbers].concat());
        self.leave(mark);
        let results = self.b.push(Kind::Nest(Nest { domain, accs: accs.clone(), body, outs: outs.clone() }));
        for (&r, &a) in results.iter().zip(&accs) {
            let bound = self.bounds[&a] + 500.0;
            self.add(r, bound);
        }
        for (&r, out) in results[accs.len()..].iter().zip(&outs) {
            let bound = match out {
                Out::Build | Out::Fold(Reduce::Max | Reduce::Min) => 2.0,
                Out::Fold(Reduce::Product) => 12.0,
                Out::Fold(_) => 50.0,
            };
            self.add(r, bound);
        }
    }

    /// `1 + v / 20`, a factor of which many may be multiplied.
    fn near_one(&mut self, v: Value) -> Value {
        let (scale, one) = (self.b.number(Scalar::F64, 0.05), self.b.number(Scalar::F64, 1.0));
        self.b.op(Op::MulAdd, &[v, scale, one])
    }

    /// Adds to an accumulator: at once, in a branch, or in a loop or nest that carries it.
    fn accumulate(&mut self, acc: Value) -> Value {
        let shape = self.values().ty(acc).shape().to_vec();
        match self.rng.below(6) {
            0 => {
                let cond = self.condition();
                let mark = self.enter(1);
                let (at, v) = (self.indices_below(&shape), self.small());
                let r = self.b.accum(acc, &at, v);
                let then = self.b.close(vec![], vec![r]);
                self.leave(mark);
                self.b.open();
                let els = self.b.close(vec![], vec![acc]);
                self.b.push(Kind::If { cond, then, els })[0]
            }
            1 => {
                let trip = self.rng.pick(&self.extents);
                let (mark, rev) = (self.enter(5), self.rng.chance(50));
                let mut params = self.index_params(&[trip]);
                let inner = self.b.values.like(acc);
                params.push(inner);
                let (at, v) = (self.indices_below(&shape), self.small());
                let r = self.b.accum(inner, &at, v);
                let body = self.b.close(params, vec![r]);
                self.leave(mark);
                self.b.push(Kind::For { trip, rev, init: vec![acc], body })[0]
            }
            2 => {
                let e = self.rng.pick(&self.extents);
                let mark = self.enter(5);
                let mut params = self.index_params(&[e]);
                let inner = self.b.values.like(acc);
                params.push(inner);
                let (at, v) = (self.indices_below(&shape), self.small());
                let r = self.b.accum(inner, &at, v);
                let body = self.b.close(params, vec![r]);
                self.leave(mark);
                self.b.push(Kind::Nest(Nest { domain: vec![e], accs: vec![acc], body, outs: vec![] }))[0]
            }
            _ => {
                let (at, v) = (self.indices_below(&shape), self.small());
                self.b.accum(acc, &at, v)
            }
        }
    }

    fn branch(&mut self) {
        let cond = self.condition();
        let array = self.rng.chance(30).then(|| self.rng.pick(&self.arrays));
        let floats = 1 + self.rng.below(2);
        let mut blocks = Vec::new();
        for _ in 0..2 {
            let mark = self.enter(1);
            self.statements(4);
            let mut results: Vec<Value> = (0..floats).map(|_| self.small()).collect();
            if let Some(x) = array {
                let shape = self.values().ty(x).shape().to_vec();
                let (at, v) = (self.indices_below(&shape), self.small());
                results.push(if self.rng.chance(70) { self.b.update(x, &at, v) } else { x });
            }
            blocks.push(self.b.close(vec![], results));
            self.leave(mark);
        }
        let els = blocks.pop().expect("two blocks");
        let then = blocks.pop().expect("two blocks");
        let results = self.b.push(Kind::If { cond, then, els });
        for (i, r) in results.into_iter().enumerate() {
            let bound = if i < floats { 2.0 } else { self.bounds[&array.expect("an array")].max(2.0) };
            self.add(r, bound);
        }
    }

    /// Carried floats and at most one array, their bounds those that every iteration keeps.
    fn carried(&mut self) -> Vec<Value> {
        let mut init: Vec<Value> = (0..1 + self.rng.below(2)).map(|_| self.small()).collect();
        if self.rng.chance(50) {
            let x = self.rng.pick(&self.arrays);
            init.push(self.tame_array(x));
        }
        init
    }

    /// Parameters for carried values.
    fn carried_params(&mut self, init: &[Value]) -> Vec<Value> {
        let mut params = Vec::new();
        for &v in init {
            let p = self.b.values.like(v);
            self.add(p, 2.0);
            params.push(p);
        }
        params
    }

    /// What an iteration yields for its carried values.
    fn next_carried(&mut self, params: &[Value]) -> Vec<Value> {
        let mut next = Vec::new();
        for &p in params {
            let ty = self.values().ty(p).clone();
            next.push(match ty {
                Ty::Array(_, shape) => {
                    let (at, v) = (self.indices_below(&shape), self.small());
                    self.b.update(p, &at, v)
                }
                _ => self.small(),
            });
        }
        next
    }

    fn for_loop(&mut self) {
        let init = self.carried();
        let mut trips = self.extents.clone();
        trips.extend(self.counts.iter().map(|&c| Extent::Value(c)));
        let (trip, rev) = (self.rng.pick(&trips), self.rng.chance(40));
        let mark = self.enter(5);
        let mut params = self.index_params(&[trip]);
        let carried = self.carried_params(&init);
        if self.rng.chance(20) {
            self.b.push(Kind::Checkpoint);
        }
        self.statements(5);
        let next = self.next_carried(&carried);
        params.extend(carried);
        let body = self.b.close(params, next);
        self.leave(mark);
        let results = self.b.push(Kind::For { trip, rev, init, body });
        results.into_iter().for_each(|r| self.add(r, 2.0));
    }

    /// A loop as people write them: it adds to a number, and writes or adds to elements of an array.
    fn plain_loop(&mut self) {
        let (x, s) = (self.rng.pick(&self.arrays), self.small());
        let shape = self.values().ty(x).shape().to_vec();
        let trip = if self.rng.chance(70) { shape[0] } else { self.rng.pick(&self.extents) };
        let (mark, rev) = (self.enter(5), self.rng.chance(30));
        let mut params = self.index_params(&[trip]);
        let (sum, array) = (self.b.values.like(s), self.b.values.like(x));
        self.statements(3);
        if trip == shape[0] && self.rng.chance(30) {
            let mut at = self.indices_below(&shape);
            at[0] = params[0];
            let v = self.b.index(array, &at);
            let bound = self.bounds[&x];
            self.add(v, 10.0 + bound);
        }
        let (v, w) = (self.small(), self.small());
        let more = self.b.op(Op::Add, &[sum, v]);
        let at = self.indices_below(&shape);
        let changed =
            if self.rng.chance(60) { self.b.update(array, &at, w) } else { self.b.accum(array, &at, w) };
        params.extend([sum, array]);
        let body = self.b.close(params, vec![more, changed]);
        self.leave(mark);
        let results = self.b.push(Kind::For { trip, rev, init: vec![s, x], body });
        let bound = self.bounds[&x];
        self.add(results[0], 12.0);
        self.add(results[1], bound + 12.0);
    }

    /// A loop that ends after a few iterations, or when a carried float says so.
    fn while_loop(&mut self) {
        let mut init = self.carried();
        init.push(self.b.int(0));
        let last = init.len() - 1;

        let mark = self.enter(5);
        let limit = 1 + self.rng.below(4) as i64;
        let mut params = self.carried_params(&init[..last]);
        let count = self.b.values.add(Scalar::I64.into(), "k");
        let limit = self.b.int(limit);
        let mut cond = self.b.op(Op::Lt, &[count, limit]);
        if self.rng.chance(40) {
            let more = self.condition();
            cond = self.b.op(Op::And, &[cond, more]);
        }
        params.push(count);
        let cond = self.b.close(params, vec![cond]);
        self.leave(mark);

        let mark = self.enter(5);
        let mut params = self.carried_params(&init[..last]);
        let count = self.b.values.add(Scalar::I64.into(), "k");
        self.statements(5);
        let mut next = self.next_carried(&params);
        params.push(count);
        let one = self.b.int(1);
        next.push(self.b.op(Op::Add, &[count, one]));
        let body = self.b.close(params, next);
        self.leave(mark);
        let results = self.b.push(Kind::While { init, cond, body });
        results[..last].iter().for_each(|&r| self.add(r, 2.0));
    }
}
