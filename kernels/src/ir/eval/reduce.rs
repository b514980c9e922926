//! Reductions of the interpreter.

use std::cmp::Ordering;

use super::{Result, fail};
use crate::ir::{Lit, Reduce, Scalar};

/// The sum of two numbers of one type, rounded in that type.
pub(super) fn add(a: Lit, b: Lit) -> Result<Lit> {
    Ok(match (a, b) {
        (Lit::I32(a), Lit::I32(b)) => Lit::I32(a.wrapping_add(b)),
        (Lit::I64(a), Lit::I64(b)) => Lit::I64(a.wrapping_add(b)),
        (Lit::F32(a), Lit::F32(b)) => Lit::F32(a + b),
        (Lit::F64(a), Lit::F64(b)) => Lit::F64(a + b),
        _ => return fail("a sum of two types"),
    })
}

/// The product of two numbers of one type, rounded in that type.
pub(super) fn mul(a: Lit, b: Lit) -> Result<Lit> {
    Ok(match (a, b) {
        (Lit::I32(a), Lit::I32(b)) => Lit::I32(a.wrapping_mul(b)),
        (Lit::I64(a), Lit::I64(b)) => Lit::I64(a.wrapping_mul(b)),
        (Lit::F32(a), Lit::F32(b)) => Lit::F32(a * b),
        (Lit::F64(a), Lit::F64(b)) => Lit::F64(a * b),
        _ => return fail("a product of two types"),
    })
}

/// How two numbers compare; `None` if one is NaN.
fn compare(a: Lit, b: Lit) -> Option<Ordering> {
    match (a, b) {
        (Lit::I32(a), Lit::I32(b)) => Some(a.cmp(&b)),
        (Lit::I64(a), Lit::I64(b)) => Some(a.cmp(&b)),
        _ => a.to_f64().partial_cmp(&b.to_f64()),
    }
}

/// A reduction under way.
pub(super) struct Fold {
    elem: Scalar,
    /// What is combined so far; for `argmax` and `argmin` the extreme number itself.
    value: Option<Lit>,
    /// How many numbers were added, and the position of the extreme one.
    count: i64,
    place: i64,
}

impl Fold {
    pub(super) fn new(elem: Scalar) -> Fold {
        Fold { elem, value: None, count: 0, place: 0 }
    }

    pub(super) fn add(&mut self, reduce: Reduce, x: Lit) -> Result<()> {
        if x.ty() != self.elem {
            return fail("a fold of two types");
        }
        let old = self.value.unwrap_or_else(|| empty(reduce, self.elem));
        let new = match (reduce, old, x) {
            (Reduce::Sum, old, x) => add(old, x)?,
            (Reduce::Product, old, x) => mul(old, x)?,
            (Reduce::All, Lit::Bool(a), Lit::Bool(b)) => Lit::Bool(a && b),
            (Reduce::Any, Lit::Bool(a), Lit::Bool(b)) => Lit::Bool(a || b),
            (Reduce::All | Reduce::Any, ..) => return fail("all and any take truth values"),
            (Reduce::Max | Reduce::ArgMax, ..) => self.extreme(x, Ordering::Greater),
            (Reduce::Min | Reduce::ArgMin, ..) => self.extreme(x, Ordering::Less),
        };
        self.value = Some(new);
        self.count += 1;
        Ok(())
    }

    /// The first NaN if there is one, otherwise the first that no other is beyond.
    fn extreme(&mut self, x: Lit, beyond: Ordering) -> Lit {
        let wins = |old: Lit| {
            let nan = |lit: Lit| lit.to_f64().is_nan();
            !nan(old) && (nan(x) || compare(x, old) == Some(beyond))
        };
        match self.value {
            Some(old) if !wins(old) => old,
            _ => {
                self.place = self.count;
                x
            }
        }
    }

    pub(super) fn finish(self, reduce: Reduce) -> Lit {
        match reduce {
            Reduce::ArgMax | Reduce::ArgMin => Lit::I64(self.place),
            _ => self.value.unwrap_or_else(|| empty(reduce, self.elem)),
        }
    }
}

/// The value for an empty domain.
fn empty(reduce: Reduce, elem: Scalar) -> Lit {
    let limit = |float: f64, i32: i32, i64: i64| match elem {
        Scalar::I32 => Lit::I32(i32),
        Scalar::I64 => Lit::I64(i64),
        _ => Lit::of(elem, float),
    };
    match reduce {
        Reduce::Sum => Lit::of(elem, 0.0),
        Reduce::Product => Lit::of(elem, 1.0),
        Reduce::Max => limit(f64::NEG_INFINITY, i32::MIN, i64::MIN),
        Reduce::Min => limit(f64::INFINITY, i32::MAX, i64::MAX),
        Reduce::ArgMax | Reduce::ArgMin => Lit::I64(0),
        Reduce::All => Lit::Bool(true),
        Reduce::Any => Lit::Bool(false),
    }
}
