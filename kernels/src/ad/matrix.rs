//! Elementwise code over matrices that the rules of contractions share.

use super::float_of;
use crate::ir::{Builder, Extent, Value};
use crate::ops::Op;

/// `-m`.
pub(super) fn negated(b: &mut Builder, m: Value) -> Value {
    let shape = b.values.ty(m).shape().to_vec();
    b.build(&shape, |b, i| {
        let x = b.index(m, i);
        b.op(Op::Neg, &[x])
    })
}

/// `s m`; exactly zero where `s` is.
pub(super) fn scaled(b: &mut Builder, m: Value, s: Value) -> Value {
    let shape = b.values.ty(m).shape().to_vec();
    b.build(&shape, |b, i| {
        let x = b.index(m, i);
        b.op(Op::MulZ, &[s, x])
    })
}

/// The symmetric matrix with the lower triangle of `m`.
pub(super) fn symmetric_from_lower(b: &mut Builder, m: Value, shape: &[Extent]) -> Value {
    b.build(shape, |b, i| {
        let (row, col) = (b.op(Op::Max, &[i[0], i[1]]), b.op(Op::Min, &[i[0], i[1]]));
        b.index(m, &[row, col])
    })
}

/// The symmetric matrix with the upper triangle of `m`.
pub(super) fn symmetric_from_upper(b: &mut Builder, m: Value, shape: &[Extent]) -> Value {
    b.build(shape, |b, i| {
        let (row, col) = (b.op(Op::Min, &[i[0], i[1]]), b.op(Op::Max, &[i[0], i[1]]));
        b.index(m, &[row, col])
    })
}

/// `factor` times the upper triangle of `m`, half that on the diagonal, zero below it.
pub(super) fn halves(b: &mut Builder, m: Value, shape: &[Extent], factor: f64) -> Value {
    let elem = float_of(b.values, m);
    b.build(shape, |b, i| {
        let (zero, full, half) = (b.number(elem, 0.0), b.number(elem, factor), b.number(elem, factor / 2.0));
        let (above, on) = (b.op(Op::Lt, &[i[0], i[1]]), b.op(Op::Eq, &[i[0], i[1]]));
        let diagonal = b.op(Op::Select, &[on, half, zero]);
        let weight = b.op(Op::Select, &[above, full, diagonal]);
        let x = b.index(m, i);
        b.op(Op::MulZ, &[weight, x])
    })
}
