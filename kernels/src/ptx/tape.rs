//! Tapes of one thread: chains in its own memory. A tape is the address of its top, 0 if it is empty; a link holds the
//! address of the one below and the value, so that any number of tapes grow at once.

use super::array::{Array, IN_REGISTERS};
use super::room::SLOT;
use super::text::{Num, size};
use super::{Emitter, Item, Result};
use crate::ir::{Scalar, Ty, Value};

impl Emitter {
    /// The tape with a value on top.
    pub(super) fn push(&mut self, tape: Value, value: Value) -> Result<Item> {
        let (below, item) = (self.num(tape)?, self.item(value));
        let payload = match item {
            Item::Num(n) => vec![n],
            Item::Array(array) => match self.few(value)? {
                Some(count) => (0..count).map(|k| self.element(&array, k)).collect::<Result<_>>()?,
                None => vec![self.kept(array, value)?],
            },
        };
        let top = self.take_slots(&[Num::int(1 + payload.len() as i64)])?;
        for (k, n) in [below].iter().chain(&payload).enumerate() {
            let place = self.slot(&top, k)?;
            self.store("global", &place, n);
        }
        Ok(Item::Num(top))
    }

    /// The tape without its top, and the top.
    pub(super) fn pop(&mut self, tape: Value, value: Value) -> Result<Vec<Item>> {
        let (top, ty) = (self.num(tape)?, self.ty(value));
        let below = self.pulled(&top, 0, Scalar::I64)?;
        let popped = match &ty {
            Ty::Scalar(elem) => Item::Num(self.pulled(&top, 1, *elem)?),
            Ty::Tape => Item::Num(self.pulled(&top, 1, Scalar::I64)?),
            Ty::Array(elem, shape) => Item::Array(match self.few(value)? {
                Some(count) => {
                    let items = (0..count).map(|k| self.pulled(&top, 1 + k, *elem));
                    let items = items.collect::<Result<_>>()?;
                    Array::Registers { shape: self.constant_extents(shape).unwrap_or_default(), items }
                }
                None => {
                    let (pointer, stride) = (self.pulled(&top, 1, Scalar::I64)?, self.stride());
                    Array::Room { elem: *elem, shape: shape.clone(), pointer, stride, own: true }
                }
            }),
        };
        Ok(vec![Item::Num(below), popped])
    }

    /// How many elements an array has, if these are few.
    fn few(&mut self, array: Value) -> Result<Option<usize>> {
        let shape = self.ty(array).shape().to_vec();
        let count = self.constant_extents(&shape).map(|s| s.iter().product::<i64>());
        Ok(count.filter(|&n| n <= IN_REGISTERS).map(|n| n as usize))
    }

    /// The address of an array in the thread's own memory that nobody changes.
    fn kept(&mut self, array: Array, value: Value) -> Result<Num> {
        // Not where a loop puts what it carries, which the next iteration overwrites.
        let in_slots =
            matches!(&array, Array::Room { own: true, pointer, .. } if !self.reused.contains(&pointer.text));
        let own = in_slots && self.is_dead(value);
        let kept = if own { array } else { self.room_copy(&array)? };
        let Array::Room { pointer, .. } = kept else { unreachable!("copies into the thread's memory") };
        Ok(pointer)
    }

    /// `[address]` of the k-th slot from there on.
    fn slot(&mut self, start: &Num, k: usize) -> Result<String> {
        let stride = self.stride();
        match k {
            0 => Ok(format!("[{}]", start.text)),
            _ => self.scaled_place(start, &Num::int(k as i64), &stride),
        }
    }

    fn pulled(&mut self, start: &Num, k: usize, elem: Scalar) -> Result<Num> {
        debug_assert!(size(elem) <= SLOT as u64, "a number fits in a slot");
        let place = self.slot(start, k)?;
        Ok(self.load("global", &place, elem))
    }
}
