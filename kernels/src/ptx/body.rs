//! Blocks of instructions: scalar code, branches, loops, and functions that are called.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::array::{self, Array};
use super::op::length;
use super::room::keeps;
use super::text::{Num, size};
use super::{Emitter, Frame, Item, Result, unsupported};
use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Scalar, Value};
use crate::ops::Op;

/// Loops of at most so many iterations, and so many instructions altogether, are unrolled.
const UNROLL: (i64, i64) = (16, 256);

impl Emitter {
    /// Counts how often each value of a block is read, and where last.
    pub(super) fn count_uses(&mut self, block: &Block) {
        count_reads(block, &mut |v| *self.frame.uses.entry(v).or_default() += 1);
        self.last_reads(block);
    }

    fn last_reads(&mut self, block: &Block) {
        let code = std::ptr::from_ref(block) as usize;
        for inst in &block.insts {
            let at = std::ptr::from_ref(inst) as usize;
            let mut note = |v| {
                let last = self.frame.last.entry((code, v)).or_default();
                *last = if last.0 == at { (at, last.1 + 1) } else { (at, 1) };
            };
            inst.kind.operands().into_iter().for_each(&mut note);
            inst.kind.blocks().into_iter().for_each(|b| count_reads(b, &mut note));
            inst.kind.blocks().into_iter().for_each(|b| self.last_reads(b));
        }
        for &v in &block.results {
            let last = self.frame.last.entry((code, v)).or_default();
            *last = if last.0 == 0 { (0, last.1 + 1) } else { (0, 1) };
        }
    }

    pub(super) fn item(&mut self, v: Value) -> Item {
        if let Some(item) = self.frame.env.get(&v) {
            return item.clone();
        }
        // From outside of the nest.
        let item = match self.ty(v).is_array() {
            true => Item::Array(self.captured(v)),
            false => Item::Num(self.number(v)),
        };
        self.frame.env.insert(v, item.clone());
        item
    }

    pub(super) fn num(&mut self, v: Value) -> Result<Num> {
        match self.item(v) {
            Item::Num(n) => Ok(n),
            Item::Array(_) => Err(unsupported("an array where a number is wanted".into())),
        }
    }

    pub(super) fn nums(&mut self, vs: &[Value]) -> Result<Vec<Num>> {
        vs.iter().map(|&v| self.num(v)).collect()
    }

    pub(super) fn array(&mut self, v: Value) -> Result<Array> {
        match self.item(v) {
            Item::Array(a) => Ok(a),
            Item::Num(_) => Err(unsupported("a number where an array is wanted".into())),
        }
    }

    pub(super) fn extent(&mut self, e: Extent) -> Result<Num> {
        match e {
            Extent::Const(n) => Ok(Num::int(n)),
            Extent::Value(v) => self.num(v),
        }
    }

    pub(super) fn bind(&mut self, v: Value, item: Item) {
        self.frame.home.insert(v, self.frame.block);
        self.frame.env.insert(v, item);
    }

    /// Runs `f` as a block of its own: values from outside are not overwritten in it.
    pub(super) fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.blocks += 1;
        let outer = std::mem::replace(&mut self.frame.block, self.blocks);
        let (code, at) = (self.frame.code, std::mem::take(&mut self.frame.at));
        let result = f(self);
        (self.frame.block, self.frame.code, self.frame.at) = (outer, code, at);
        result
    }

    /// The code of a block whose parameters are bound; what it yields.
    pub(super) fn block(&mut self, block: &Block) -> Result<Vec<Item>> {
        self.frame.code = std::ptr::from_ref(block) as usize;
        block.insts.iter().try_for_each(|i| self.inst(i))?;
        Ok(block.results.iter().map(|&v| self.item(v)).collect())
    }

    /// The code of a function in place of its call.
    pub(super) fn inline(&mut self, func: &Rc<Func>, args: &[Num]) -> Result<Vec<Num>> {
        let mut frame = Frame::new(Rc::new(func.values.clone()));
        frame.env = func.params().iter().zip(args).map(|(&p, a)| (p, Item::Num(a.clone()))).collect();
        let caller = std::mem::replace(&mut self.frame, frame);
        let results = self.scoped(|e| e.block(&func.body));
        self.frame = caller;
        let number = |item| match item {
            Item::Num(n) => Ok(n),
            Item::Array(_) => Err(unsupported("a function that returns an array".into())),
        };
        results?.into_iter().map(number).collect()
    }

    pub(super) fn inst(&mut self, inst: &Inst) -> Result<()> {
        if inst.results.first().is_some_and(|v| self.frame.ahead.contains(v)) {
            return Ok(());
        }
        self.frame.at = std::ptr::from_ref(inst) as usize;
        let items = match &inst.kind {
            Kind::Const(lit) => vec![Item::Num(Num::lit(*lit))],
            Kind::Op(op, args) => {
                let args = self.nums(args)?;
                vec![Item::Num(self.op(*op, &args)?)]
            }
            Kind::Index { array, at } => vec![Item::Num(self.index(*array, at)?)],
            Kind::Update { array, at, value } => vec![Item::Array(self.write(*array, at, *value, false)?)],
            Kind::Accum { array, at, value } => vec![Item::Array(self.write(*array, at, *value, true)?)],
            Kind::Pack { elems, shape } => vec![Item::Array(self.pack(elems, shape)?)],
            Kind::Nest(nest) => self.inner_nest(nest)?,
            Kind::If { cond, then, els } => self.branch(inst, *cond, then, els)?,
            Kind::Serial(body) => self.block(body)?,
            Kind::For { trip, rev, init, body } => self.for_loop(*trip, *rev, init, body)?,
            Kind::While { init, cond, body } => self.while_loop(init, cond, body)?,
            Kind::Assert { cond, message } => {
                let holds = self.num(*cond)?;
                let fails = self.op(Op::Not, &[holds])?;
                self.fail_if(&fails, message);
                Vec::new()
            }
            Kind::Call { func, args } => self.call(func, args)?,
            Kind::Contract { .. } => return Err(unsupported("linear algebra without a routine".into())),
            Kind::Checkpoint => Vec::new(),
            Kind::Tape => vec![Item::Num(Num::int(0))],
            Kind::Push { tape, value } => vec![self.push(*tape, *value)?],
            Kind::Pop { tape } => self.pop(*tape, inst.results[1])?,
        };
        for (&v, item) in inst.results.iter().zip(items) {
            self.bind(v, item);
        }
        self.frame.at = 0;
        Ok(())
    }

    /// A call within the mathematical functions; all others were inlined before.
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Item>> {
        let args = self.nums(args)?;
        let Some(func) = self.inside.and_then(|float| self.math(float).get(name).cloned()) else {
            return Err(unsupported(format!("a call of @{name}")));
        };
        Ok(self.inline(&func, &args)?.into_iter().map(Item::Num).collect())
    }

    fn branch(&mut self, inst: &Inst, cond: Value, then: &Block, els: &Block) -> Result<Vec<Item>> {
        let cond = self.num(cond)?;
        if let Some(Lit::Bool(b)) = cond.lit {
            return self.scoped(|e| e.block(if b { then } else { els }));
        }
        let (otherwise, end) = (self.text.fresh_label("ELSE"), self.text.fresh_label("END"));
        self.text.line(format!("@!{} bra {otherwise};", cond.text));
        let mut first = Vec::new();
        let mut merged = self.arm(then, |e| {
            first = e.block(then)?;
            let each = first.iter().zip(&then.results).zip(&inst.results);
            each.map(|((item, &yielded), &v)| e.first_side(item.clone(), yielded, v))
                .collect::<Result<Vec<_>>>()
        })?;
        self.text.line(format!("bra {end};"));
        self.text.label(&otherwise);
        self.arm(els, |e| {
            let items = e.block(els)?;
            let items = items.into_iter().zip(&els.results).zip(first.iter().zip(&mut merged));
            let items = items.map(|((item, &yielded), (first, to))| e.second_side(item, yielded, first, to));
            let items = items.collect::<Result<Vec<_>>>()?;
            e.carry_back(&merged, &items)
        })?;
        self.text.label(&end);
        Ok(merged)
    }

    /// Runs `f` as one side of a branch. Arrays of the block around it that nothing reads later may be changed in place by
    /// each side, since only one of them runs.
    fn arm<T>(&mut self, this: &Block, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let mut ours = BTreeSet::new();
        count_reads(this, &mut |v| _ = ours.insert(v));
        ours.retain(|&v| self.is_last(v).is_some() && self.frame.values.ty(v).is_array());
        let outer = self.frame.block;
        let result = self.scoped(|e| {
            ours.iter().for_each(|&v| _ = e.frame.home.insert(v, e.frame.block));
            f(e)
        });
        ours.iter().for_each(|&v| _ = self.frame.home.insert(v, outer));
        result
    }

    /// What one side of a branch yields, where both sides leave it: arrays in global memory by their address.
    fn first_side(&mut self, item: Item, yielded: Value, result: Value) -> Result<Item> {
        let Item::Array(array) = item else { return self.carry(item, false, true) };
        let own = self.is_own(&array, yielded);
        let Some((pointer, stride)) = global(&array) else {
            return Ok(Item::Array(self.carry_array(array, false, true)?));
        };
        let [to, step] = [&pointer, &stride].map(|n| {
            let r = self.text.reg(Scalar::I64);
            self.text.assign(&r, n);
            r
        });
        self.reused.insert(to.text.clone());
        let ty = self.ty(result);
        let (elem, shape) = (ty.elem().unwrap_or(Scalar::F64), ty.shape().to_vec());
        Ok(Item::Array(Array::Room { elem, shape, pointer: to, stride: step, own }))
    }

    /// The same for the other side: a merged address is set here, everything else is left to be carried. What is in one
    /// place on both sides stays there.
    fn second_side(&mut self, item: Item, yielded: Value, first: &Item, to: &mut Item) -> Result<Item> {
        let (Item::Array(array), Item::Array(Array::Room { pointer, stride, own, .. })) = (&item, &mut *to)
        else {
            return Ok(item);
        };
        let (array, mine) = match array {
            Array::Registers { .. } | Array::Local { .. } => (self.room_copy(array)?, true),
            other => (other.clone(), self.is_own(other, yielded)),
        };
        *own &= mine;
        if let Item::Array(first) = first
            && array::same_place(first, &array)
        {
            let mut place = first.clone();
            if let Array::Room { own: its, .. } = &mut place {
                *its = *own;
            }
            *to = Item::Array(place);
            return Ok(to.clone());
        }
        let (from, step) = global(&array).ok_or_else(|| unsupported("one of two accumulators".into()))?;
        self.text.assign(pointer, &from);
        self.text.assign(stride, &step);
        Ok(to.clone())
    }

    /// Whether an array is the thread's own and nobody reads it but the instruction at hand.
    fn is_own(&self, array: &Array, v: Value) -> bool {
        matches!(array, Array::Room { own: true, .. }) && self.is_dead(v)
    }

    /// The initial values of what a loop carries, in places of the loop's own where an iteration yields something else
    /// than what it is handed.
    pub(super) fn carried(
        &mut self,
        init: &[Value],
        params: &[Value],
        results: &[Value],
    ) -> Result<Vec<Item>> {
        let changes = params.iter().zip(results).map(|(p, r)| p != r);
        let each = init.iter().zip(params).zip(changes);
        let items = each.map(|((&v, &p), changes)| {
            if self.is_placed(&[p]) {
                return self.placed(v, p).map(Item::Array);
            }
            let item = self.item(v);
            let dead = self.is_dead(v);
            self.carry(item, dead, changes)
        });
        let items = items.collect::<Result<Vec<_>>>()?;
        for item in &items {
            if let Item::Array(Array::Room { pointer, .. }) = item {
                self.reused.insert(pointer.text.clone());
            }
        }
        Ok(items)
    }

    /// Whether the instruction at hand, or the end of the block, reads a value of its block once and nothing does later, so
    /// that its place may be overwritten.
    pub(super) fn is_dead(&self, v: Value) -> bool {
        self.is_last(v) == Some(1)
    }

    /// How often the instruction at hand reads a value of its block, if nothing does later.
    fn is_last(&self, v: Value) -> Option<usize> {
        let Frame { home, last, block, code, at, .. } = &self.frame;
        let (reader, times) = last.get(&(*code, v))?;
        (home.get(&v) == Some(block) && reader == at).then_some(*times)
    }

    /// The item in a place that may be overwritten: its own if nobody else reads it.
    fn carry(&mut self, item: Item, own: bool, changes: bool) -> Result<Item> {
        Ok(match item {
            Item::Num(n) => {
                let r = self.text.reg(n.ty);
                self.text.assign(&r, &n);
                Item::Num(r)
            }
            Item::Array(a) => Item::Array(self.carry_array(a, own, changes)?),
        })
    }

    /// Puts what an iteration (or the other branch) yields where the carried values are.
    pub(super) fn carry_back(&mut self, carried: &[Item], new: &[Item]) -> Result<()> {
        let mut pairs = Vec::new();
        let mut arrays = Vec::new();
        for (to, from) in carried.iter().zip(new) {
            match (to, from) {
                (Item::Num(t), Item::Num(f)) => pairs.push((t.clone(), f.clone())),
                (Item::Array(t), Item::Array(f)) => arrays.push((t.clone(), f.clone())),
                _ => return Err(unsupported("a number and an array are carried as one".into())),
            }
        }
        pairs.extend(self.copy_arrays(&arrays)?);
        self.move_all(&pairs);
        Ok(())
    }

    /// Moves that happen at once: what is overwritten before it is read goes through another register.
    fn move_all(&mut self, pairs: &[(Num, Num)]) {
        let pairs: Vec<_> = pairs.iter().filter(|(t, f)| t.text != f.text).collect();
        let sources: Vec<Num> = pairs
            .iter()
            .enumerate()
            .map(|(k, (_, from))| {
                let clobbered = pairs[..k].iter().any(|(to, _)| to.text == from.text);
                if !clobbered {
                    return from.clone();
                }
                let r = self.text.reg(from.ty);
                self.text.assign(&r, from);
                r
            })
            .collect();
        for ((to, _), from) in pairs.iter().zip(&sources) {
            self.text.assign(to, from);
        }
    }

    fn for_loop(&mut self, trip: Extent, rev: bool, init: &[Value], body: &Block) -> Result<Vec<Item>> {
        let count = self.extent(trip)?;
        self.frame.ranges.insert(body.params[0], trip);
        match count.known() {
            Some(n) if unrolls(n, body) && !self.is_placed(&body.params[1..]) => {
                self.unrolled(n, rev, init, body)
            }
            _ => self.rolled(&count, rev, init, body),
        }
    }

    fn unrolled(&mut self, n: i64, rev: bool, init: &[Value], body: &Block) -> Result<Vec<Item>> {
        let mut carried: Vec<Item> = init.iter().map(|&v| self.item(v)).collect();
        for k in 0..n {
            let k = if rev { n - 1 - k } else { k };
            // Arrays of the first iteration are the caller's; those of the others are this loop's.
            let args = carried.into_iter().map(|i| self.unshared(i)).collect::<Result<Vec<_>>>()?;
            carried = self.scoped(|e| {
                e.bind(body.params[0], Item::Num(Num::int(k)));
                body.params[1..].iter().zip(args).for_each(|(&p, a)| e.bind(p, a));
                e.block(body)
            })?;
        }
        Ok(carried)
    }

    fn rolled(&mut self, count: &Num, rev: bool, init: &[Value], body: &Block) -> Result<Vec<Item>> {
        let carried = self.carried(init, &body.params[1..], &body.results)?;
        let k = self.text.reg(Scalar::I64);
        let (again, end) = (self.text.fresh_label("LOOP"), self.text.fresh_label("END"));
        let (start, test, step) = match rev {
            false => (Num::int(0), format!("setp.ge.s64 {{}}, {}, {};", k.text, count.text), 1),
            true => (
                self.op(Op::Sub, &[count.clone(), Num::int(1)])?,
                format!("setp.lt.s64 {{}}, {}, 0;", k.text),
                -1,
            ),
        };
        self.text.assign(&k, &start);
        self.looped(Some(count), keeps(self, body), |e, release| {
            e.text.label(&again);
            let done = e.text.reg(Scalar::Bool);
            e.text.line(test.replace("{}", &done.text));
            e.text.line(format!("@{} bra {end};", done.text));
            let new = e.scoped(|e| {
                e.bind(body.params[0], Item::Num(k.clone()));
                body.params[1..].iter().zip(&carried).for_each(|(&p, a)| e.bind(p, a.clone()));
                e.block(body)
            })?;
            e.carry_back(&carried, &new)?;
            release(e);
            e.text.line(format!("add.s64 {0}, {0}, {step};", k.text));
            e.text.line(format!("bra {again};"));
            e.text.label(&end);
            Ok(())
        })?;
        Ok(carried)
    }

    fn while_loop(&mut self, init: &[Value], cond: &Block, body: &Block) -> Result<Vec<Item>> {
        let carried = self.carried(init, &body.params, &body.results)?;
        let (again, end) = (self.text.fresh_label("LOOP"), self.text.fresh_label("END"));
        let enter = |e: &mut Emitter, block: &Block| {
            e.scoped(|e| {
                block.params.iter().zip(&carried).for_each(|(&p, a)| e.bind(p, a.clone()));
                e.block(block)
            })
        };
        self.looped(None, keeps(self, body), |e, release| {
            e.text.label(&again);
            let Item::Num(goes_on) = enter(e, cond)?.remove(0) else {
                return Err(unsupported("a condition that is an array".into()));
            };
            let goes_on = e.text.in_register(&goes_on);
            e.text.line(format!("@!{} bra {end};", goes_on.text));
            let new = enter(e, body)?;
            e.carry_back(&carried, &new)?;
            release(e);
            e.text.line(format!("bra {again};"));
            e.text.label(&end);
            Ok(())
        })?;
        Ok(carried)
    }
}

/// Calls `note` for each read of a value in a block.
fn count_reads(block: &Block, note: &mut dyn FnMut(Value)) {
    for inst in &block.insts {
        inst.kind.operands().into_iter().for_each(&mut *note);
        inst.kind.blocks().into_iter().for_each(|b| count_reads(b, note));
    }
    block.results.iter().for_each(|&v| note(v));
}

/// Where an array in global memory begins, and the bytes from one element to the next.
fn global(array: &Array) -> Option<(Num, Num)> {
    match array {
        Array::Captured { elem, pointer, .. } => Some((pointer.clone(), Num::int(size(*elem) as i64))),
        Array::Room { pointer, stride, .. } => Some((pointer.clone(), stride.clone())),
        _ => None,
    }
}

/// Whether a loop of so many iterations is unrolled.
pub(super) fn unrolls(n: i64, body: &Block) -> bool {
    n <= UNROLL.0 && n.saturating_mul(length(body) as i64) <= UNROLL.1
}
