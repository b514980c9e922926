//! Unsigned integers are `i64` in IR: a difference that is below zero, where Rust panics, is noticed where it is used
//! other than as an index, which is checked anyway.

use pullback_kernels::ir::{Kind, Value};

use super::Lower;
use super::values::Val;
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;
use crate::types::Int;

impl Lower<'_> {
    /// Remembers that the result of an operation on integers may be below zero although its type is not.
    pub(super) fn suspect(&mut self, v: Value, ty: &Ty, subtracts: bool, operands: &[Value]) {
        let unsigned = matches!(ty, Ty::Int(Int::U8 | Int::U16 | Int::U32 | Int::U64 | Int::Usize));
        let mut from: Vec<Value> =
            operands.iter().filter_map(|v| self.suspects.get(v)).flatten().copied().collect();
        if unsigned && subtracts && self.known.get(&v).is_none_or(|n| *n < 0) {
            from.push(v);
        }
        if !from.is_empty() {
            self.suspects.insert(v, from);
        }
    }

    /// Asserts that a number is not the result of a subtraction that panics in Rust.
    pub(super) fn sure(&mut self, v: Value) -> Res<()> {
        for v in self.suspects.get(&v).cloned().unwrap_or_default() {
            let zero = self.int(0);
            let cond = self.op("ge", &[v, zero])?;
            self.push(Kind::Assert { cond, message: messages::subtract_with_overflow() })?;
        }
        Ok(())
    }

    /// The same of the numbers among values.
    pub(super) fn all_sure<'v>(&mut self, vals: impl IntoIterator<Item = &'v Val>) -> Res<()> {
        for v in vals {
            match v {
                Val::Num(v, _) => self.sure(*v)?,
                Val::Range(lo, hi, _) => lo.iter().chain(hi).try_for_each(|v| self.sure(*v))?,
                _ => {}
            }
        }
        Ok(())
    }
}
