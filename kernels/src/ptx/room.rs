//! Memory of each thread's own, for what has no fixed size: arrays as long as the program says, and tapes.
//!
//! A launch brings so many slots of 8 bytes for each thread, slot s of thread t at s · threads + t, so that neighbouring
//! threads use neighbouring memory. A thread takes slots in order, gives them back at the end of an iteration of the
//! nest, or of a loop that leaves nothing behind, and where none are left it sets the status to [`NO_ROOM`] and stops:
//! the launch is then repeated with more.

use super::text::{Num, names};
use super::{Emitter, NO_ROOM, Param, Result, unsupported};
use crate::ir::{Block, Kind, Scalar, Ty, Value};

/// Bytes of a slot.
pub(super) const SLOT: i64 = 8;

/// How many slots an iteration takes at most, as far as that is known before a launch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scratch {
    /// A sum of these, or nothing if only the iterations know.
    pub slots: Option<Vec<Term>>,
}

/// A product of a number and of values from outside of the nest, negative ones counting as 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// The number.
    pub factor: i64,
    /// The values.
    pub values: Vec<Value>,
}

impl Scratch {
    pub(super) fn none() -> Scratch {
        Scratch { slots: Some(Vec::new()) }
    }

    fn plus(self, other: Scratch) -> Scratch {
        let (Some(mut all), Some(more)) = (self.slots, other.slots) else { return Scratch { slots: None } };
        for term in more {
            match all.iter_mut().find(|t| t.values == term.values) {
                Some(same) => same.factor = same.factor.saturating_add(term.factor),
                None => all.push(term),
            }
        }
        Scratch { slots: Some(all) }
    }

    /// So many times as much; nothing is nothing however often.
    fn times(self, count: Option<Term>) -> Scratch {
        if self.slots.as_ref().is_some_and(Vec::is_empty) {
            return self;
        }
        let (Some(slots), Some(count)) = (self.slots, count) else { return Scratch { slots: None } };
        let product = |t: Term| Term {
            factor: t.factor.saturating_mul(count.factor),
            values: [t.values, count.values.clone()].concat(),
        };
        Scratch { slots: Some(slots.into_iter().map(product).collect()) }
    }
}

/// The registers that a thread keeps of its memory.
#[derive(Debug)]
pub(super) struct Room {
    /// The address of the thread's first slot.
    base: Num,
    /// The bytes from one slot to the next.
    pub(super) stride: Num,
    /// How many slots are taken.
    top: Num,
    /// Where a thread goes that finds no slot left.
    escape: String,
    /// What was taken since the last mark.
    taken: Scratch,
}

impl Emitter {
    /// Sets up the memory of the thread of that number, counted within the launch.
    pub(super) fn enter_room(&mut self, thread: &Num) {
        let [first, threads] = [Param::Scratch, Param::ScratchThreads].map(|p| self.param(p));
        let slot = SLOT.to_string();
        let base = self.text.emit(Scalar::I64, "mad.lo.s64", &[&thread.text, &slot, &first.text]);
        let stride = self.text.emit(Scalar::I64, "mul.lo.s64", &[&threads.text, &slot]);
        let top = self.text.reg(Scalar::I64);
        self.room = Some(Room { base, stride, top, escape: String::new(), taken: Scratch::none() });
    }

    /// Where an iteration goes that finds no slot left.
    pub(super) fn escape_to(&mut self, label: &str) {
        if let Some(room) = &mut self.room {
            room.escape = label.to_string();
        }
    }

    /// All slots are free again: an iteration begins.
    pub(super) fn clear_room(&mut self) {
        if let Some(room) = &self.room {
            let top = room.top.clone();
            self.text.assign(&top, &Num::int(0));
        }
    }

    /// What iterations take.
    pub(super) fn scratch(&self) -> Option<Scratch> {
        self.room.as_ref().map(|r| r.taken.clone())
    }

    /// A product of extents, no longer negative.
    pub(super) fn product(&mut self, extents: &[Num]) -> Result<Num> {
        let mut count = Num::int(1);
        for n in extents {
            let n = self.op(crate::ops::Op::Max, &[n.clone(), Num::int(0)])?;
            count = match count.known() {
                Some(1) => n,
                _ => self.op(crate::ops::Op::Mul, &[count, n])?,
            };
        }
        Ok(count)
    }

    /// Takes as many slots as the product of these says: the address of the first.
    pub(super) fn take_slots(&mut self, extents: &[Num]) -> Result<Num> {
        let Some(room) = &self.room else {
            self.wants_room = true;
            return Err(unsupported("memory of each thread's own".into()));
        };
        let (base, stride, top) = (room.base.clone(), room.stride.clone(), room.top.clone());
        let escape = room.escape.clone();
        let start = Scratch { slots: Some(vec![Term { factor: 1, values: Vec::new() }]) };
        let more = extents.iter().fold(start, |s, n| s.times(self.known_before(n)));
        let count = self.product(extents)?;
        let [slots, status] = [Param::Slots, Param::Status].map(|p| self.param(p));
        let text = &mut self.text;
        let left = text.emit(Scalar::I64, "sub.s64", &[&slots.text, &top.text]);
        let over = text.emit(Scalar::Bool, "setp.lt.u64", &[&left.text, &count.text]);
        text.line(format!("@{} red.global.max.u32 [{}], {NO_ROOM};", over.text, status.text));
        text.line(format!("@{} bra {escape};", over.text));
        let pointer = text.emit(Scalar::I64, "mad.lo.s64", &[&top.text, &stride.text, &base.text]);
        text.line(format!("add.s64 {0}, {0}, {1};", top.text, count.text));
        if let Some(room) = &mut self.room {
            let taken = std::mem::replace(&mut room.taken, Scratch::none());
            room.taken = taken.plus(more);
        }
        Ok(pointer)
    }

    /// A number that is known before the launch.
    fn known_before(&self, n: &Num) -> Option<Term> {
        if let Some(n) = n.known() {
            return Some(Term { factor: n.max(0), values: Vec::new() });
        }
        self.params.iter().find_map(|(p, r)| match p {
            Param::Scalar(v) if r.text == n.text => Some(Term { factor: 1, values: vec![*v] }),
            _ => None,
        })
    }

    /// Emits a loop of so many iterations (unknown: of a `while`). What an iteration takes is free at its end, if it
    /// leaves nothing on a tape from outside.
    pub(super) fn looped<T>(
        &mut self,
        count: Option<&Num>,
        keeps: bool,
        f: impl FnOnce(&mut Self, &dyn Fn(&mut Self)) -> Result<T>,
    ) -> Result<T> {
        let Some(room) = &mut self.room else { return f(self, &|_| ()) };
        let (top, before) = (room.top.clone(), std::mem::replace(&mut room.taken, Scratch::none()));
        let mark = (!keeps).then(|| self.text.emit(Scalar::I64, &mov(), &[&top.text]));
        let release = |e: &mut Self| {
            let taken = e.scratch() != Some(Scratch::none());
            mark.iter().filter(|_| taken).for_each(|m| e.text.assign(&top, m));
        };
        let result = f(self, &release);
        let count = count.and_then(|n| self.known_before(n));
        if let Some(room) = &mut self.room {
            let each = std::mem::replace(&mut room.taken, Scratch::none());
            room.taken = before.plus(if keeps { each.times(count) } else { each });
        }
        result
    }
}

fn mov() -> String {
    format!("mov.{}", names(Scalar::I64).own)
}

/// Whether an iteration of a loop leaves something behind on a tape that it carries.
pub(super) fn keeps(emitter: &Emitter, body: &Block) -> bool {
    body.results.iter().any(|&v| emitter.ty(v) == Ty::Tape) && pushes(body)
}

fn pushes(block: &Block) -> bool {
    let one = |kind: &Kind| matches!(kind, Kind::Push { .. }) || kind.blocks().into_iter().any(pushes);
    block.insts.iter().any(|i| one(&i.kind))
}
