//! What follows from an entry of the operation table beyond what it says outright.

use crate::ir::{Lit, Reduce, Scalar};
use crate::ops::{OpDef, Partial};

/// The coefficients of an operation that is linear in all its arguments: its partials are numbers.
pub(crate) fn linear_coefficients(def: &OpDef) -> Option<Vec<i64>> {
    let whole = |x: f64| (x.fract() == 0.0 && x.abs() < 1e9).then_some(x as i64);
    let coefficient = |p: &Partial| match p {
        Partial::Of(text) => text.trim().parse().ok().and_then(whole),
        _ => None,
    };
    if def.partials.is_empty() || def.facts.partial {
        return None;
    }
    def.partials.iter().map(coefficient).collect()
}

/// Whether an operation is linear in each of its two arguments: the product.
pub(crate) fn is_bilinear(def: &OpDef) -> bool {
    def.partials == [Partial::Of("b"), Partial::Of("a")] && !def.facts.partial
}

/// Whether `lit` is the number that a fact speaks of: for floats the sign of zero matters.
pub(crate) fn is_number(lit: Lit, number: f64) -> bool {
    match lit {
        Lit::Bool(_) => false,
        Lit::F32(_) | Lit::F64(_) => lit == Lit::of(lit.ty(), number),
        Lit::I32(_) | Lit::I64(_) => lit.to_f64() == number && number.fract() == 0.0,
    }
}

/// The number that a reduction starts from.
pub(crate) fn neutral(reduce: Reduce, ty: Scalar) -> Option<Lit> {
    let least = |ty| match ty {
        Scalar::I64 => Lit::I64(i64::MIN),
        Scalar::I32 => Lit::I32(i32::MIN),
        ty => Lit::of(ty, f64::NEG_INFINITY),
    };
    let greatest = |ty| match ty {
        Scalar::I64 => Lit::I64(i64::MAX),
        Scalar::I32 => Lit::I32(i32::MAX),
        ty => Lit::of(ty, f64::INFINITY),
    };
    match reduce {
        Reduce::Sum => Some(Lit::of(ty, 0.0)),
        Reduce::Product => Some(Lit::of(ty, 1.0)),
        Reduce::Max => Some(least(ty)),
        Reduce::Min => Some(greatest(ty)),
        Reduce::All => Some(Lit::Bool(true)),
        Reduce::Any => Some(Lit::Bool(false)),
        Reduce::ArgMax | Reduce::ArgMin => None,
    }
}
