//! Blocks of instructions: scalar code, branches, loops, and functions that are called.

use std::rc::Rc;

use super::array::Array;
use super::op::length;
use super::text::Num;
use super::{Emitter, Frame, Item, Param, Result, unsupported};
use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Scalar, Value};
use crate::ops::Op;

/// Loops of at most so many iterations, and so many instructions altogether, are unrolled.
const UNROLL: (i64, i64) = (16, 256);

impl Emitter {
    /// Counts how often each value of a block is read.
    pub(super) fn count_uses(&mut self, block: &Block) {
        for inst in &block.insts {
            for v in inst.kind.operands() {
                *self.frame.uses.entry(v).or_default() += 1;
            }
            inst.kind.blocks().into_iter().for_each(|b| self.count_uses(b));
        }
        for &v in &block.results {
            *self.frame.uses.entry(v).or_default() += 1;
        }
    }

    pub(super) fn item(&mut self, v: Value) -> Item {
        if let Some(item) = self.frame.env.get(&v) {
            return item.clone();
        }
        // From outside of the nest.
        let item = match self.ty(v).is_array() {
            true => Item::Array(self.captured(v)),
            false => Item::Num(self.param(Param::Scalar(v))),
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
        let result = f(self);
        self.frame.block = outer;
        result
    }

    /// The code of a block whose parameters are bound; what it yields.
    pub(super) fn block(&mut self, block: &Block) -> Result<Vec<Item>> {
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

    fn inst(&mut self, inst: &Inst) -> Result<()> {
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
            Kind::If { cond, then, els } => self.branch(*cond, then, els)?,
            Kind::For { trip, rev, init, body } => self.for_loop(*trip, *rev, init, body)?,
            Kind::While { init, cond, body } => self.while_loop(init, cond, body)?,
            Kind::Assert { cond, message } => {
                let holds = self.num(*cond)?;
                let fails = self.op(Op::Not, &[holds])?;
                self.fail_if(&fails, message);
                Vec::new()
            }
            Kind::Call { func, args } => self.call(func, args)?,
            Kind::Contract { .. } => return Err(unsupported("a matrix product inside of a nest".into())),
            Kind::Checkpoint => Vec::new(),
            Kind::Tape | Kind::Push { .. } | Kind::Pop { .. } => {
                return Err(unsupported("a tape inside of a nest".into()));
            }
        };
        for (&v, item) in inst.results.iter().zip(items) {
            self.bind(v, item);
        }
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

    fn branch(&mut self, cond: Value, then: &Block, els: &Block) -> Result<Vec<Item>> {
        let cond = self.num(cond)?;
        if let Some(Lit::Bool(b)) = cond.lit {
            return self.scoped(|e| e.block(if b { then } else { els }));
        }
        let (otherwise, end) = (self.text.fresh_label("ELSE"), self.text.fresh_label("END"));
        self.text.line(format!("@!{} bra {otherwise};", cond.text));
        let items = self.scoped(|e| e.block(then))?;
        let merged = items.into_iter().map(|i| self.carry(i, false)).collect::<Result<Vec<_>>>()?;
        self.text.line(format!("bra {end};"));
        self.text.label(&otherwise);
        let items = self.scoped(|e| e.block(els))?;
        self.carry_back(&merged, &items)?;
        self.text.label(&end);
        Ok(merged)
    }

    /// The initial values of what a loop carries, in places of the loop's own.
    pub(super) fn carried(&mut self, init: &[Value]) -> Result<Vec<Item>> {
        init.iter()
            .map(|&v| {
                let item = self.item(v);
                let dead = self.is_dead(v);
                self.carry(item, dead)
            })
            .collect()
    }

    /// Whether a value is read by the instruction at hand only, so that its place may be overwritten.
    pub(super) fn is_dead(&self, v: Value) -> bool {
        let once = self.frame.uses.get(&v) == Some(&1);
        once && self.frame.home.get(&v) == Some(&self.frame.block)
    }

    /// The item in a place that may be overwritten: its own if nobody else reads it.
    fn carry(&mut self, item: Item, own: bool) -> Result<Item> {
        Ok(match item {
            Item::Num(n) => {
                let r = self.text.reg(n.ty);
                self.text.assign(&r, &n);
                Item::Num(r)
            }
            Item::Array(a) => Item::Array(self.carry_array(a, own)?),
        })
    }

    /// Puts what an iteration (or the other branch) yields where the carried values are.
    pub(super) fn carry_back(&mut self, carried: &[Item], new: &[Item]) -> Result<()> {
        let mut pairs = Vec::new();
        let mut arrays = Vec::new();
        for (to, from) in carried.iter().zip(new) {
            match (to, from) {
                (Item::Num(t), Item::Num(f)) => pairs.push((t.clone(), f.clone())),
                (Item::Array(t), Item::Array(f)) => match Array::elements(t, f) {
                    Some(elements) => pairs.extend(elements),
                    None => arrays.push((t.clone(), f.clone())),
                },
                _ => return Err(unsupported("a number and an array are carried as one".into())),
            }
        }
        self.copy_arrays(&arrays)?;
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
            Some(n) if unrolls(n, body) => self.unrolled(n, rev, init, body),
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
        let carried = self.carried(init)?;
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
        self.text.label(&again);
        let done = self.text.reg(Scalar::Bool);
        self.text.line(test.replace("{}", &done.text));
        self.text.line(format!("@{} bra {end};", done.text));
        let new = self.scoped(|e| {
            e.bind(body.params[0], Item::Num(k.clone()));
            body.params[1..].iter().zip(&carried).for_each(|(&p, a)| e.bind(p, a.clone()));
            e.block(body)
        })?;
        self.carry_back(&carried, &new)?;
        self.text.line(format!("add.s64 {0}, {0}, {step};", k.text));
        self.text.line(format!("bra {again};"));
        self.text.label(&end);
        Ok(carried)
    }

    fn while_loop(&mut self, init: &[Value], cond: &Block, body: &Block) -> Result<Vec<Item>> {
        let carried = self.carried(init)?;
        let (again, end) = (self.text.fresh_label("LOOP"), self.text.fresh_label("END"));
        self.text.label(&again);
        let enter = |e: &mut Emitter, block: &Block| {
            e.scoped(|e| {
                block.params.iter().zip(&carried).for_each(|(&p, a)| e.bind(p, a.clone()));
                e.block(block)
            })
        };
        let Item::Num(goes_on) = enter(self, cond)?.remove(0) else {
            return Err(unsupported("a condition that is an array".into()));
        };
        let goes_on = self.text.in_register(&goes_on);
        self.text.line(format!("@!{} bra {end};", goes_on.text));
        let new = enter(self, body)?;
        self.carry_back(&carried, &new)?;
        self.text.line(format!("bra {again};"));
        self.text.label(&end);
        Ok(carried)
    }
}

/// Whether a loop of so many iterations is unrolled.
pub(super) fn unrolls(n: i64, body: &Block) -> bool {
    n <= UNROLL.0 && n.saturating_mul(length(body) as i64) <= UNROLL.1
}
