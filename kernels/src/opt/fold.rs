//! Scalar operations: constants, algebraic facts, integer sums, powers.

use crate::ir::{Kind, Lit, Reduce, Scalar, Value};
use crate::ops::{Op, OpDef, Sig};

use crate::rewrite::Cursor;
use crate::rewrite::Linear;
use crate::rewrite::facts::{is_bilinear, is_number, linear_coefficients};

/// The largest exponent that becomes a chain of products.
const MAX_POWER: u64 = 16;

/// The value that an operation comes to without being executed, perhaps by other operations that are cheaper.
pub(crate) fn fold(c: &mut Cursor, op: Op, args: &[Value]) -> Option<Value> {
    let def = op.def();
    if let Some(lit) = constant(c, op, args) {
        return Some(c.lit(lit));
    }
    identity(c, def, args).or_else(|| involution(c, op, args)).or_else(|| opposite(c, def, args)).or_else(
        || match def.sig {
            Sig::Select => select(c, args),
            Sig::Compare => compare(c, def, args).map(|lit| c.lit(lit)),
            Sig::PowI => power(c, args),
            Sig::Num(_) if is_i64(c, args) => bound(c, def, args).or_else(|| integer_sum(c, def, op, args)),
            _ if def.facts.quotient => quotient(c, args),
            _ if def.facts.unless_zero.is_some() => not_zero(c, def, args),
            _ => None,
        },
    )
}

fn is_i64(c: &Cursor, args: &[Value]) -> bool {
    c.values().ty(args[0]).elem() == Some(Scalar::I64)
}

fn constant(c: &Cursor, op: Op, args: &[Value]) -> Option<Lit> {
    let lits: Vec<Lit> = args.iter().map(|&a| c.known.lit(a)).collect::<Option<_>>()?;
    op.eval(&lits)
}

fn identity(c: &Cursor, def: &OpDef, args: &[Value]) -> Option<Value> {
    let &[a, b] = args else { return None };
    let is = |v: Value, number: Option<f64>| match (c.known.lit(v), number) {
        (Some(lit), Some(number)) => is_number(lit, number),
        _ => false,
    };
    if is(b, def.facts.right_identity) {
        return Some(a);
    }
    if is(a, def.facts.left_identity) {
        return Some(b);
    }
    let idempotent = matches!(def.facts.reduce, Some(Reduce::Min | Reduce::Max | Reduce::All | Reduce::Any));
    if idempotent && a == b {
        return Some(a);
    }
    logical(c, def, a, b)
}

/// With a truth value that is known, a conjunction or disjunction is that value or the other argument.
fn logical(c: &Cursor, def: &OpDef, a: Value, b: Value) -> Option<Value> {
    let decides = match def.facts.reduce {
        Some(Reduce::All) => false,
        Some(Reduce::Any) => true,
        _ => return None,
    };
    [(a, b), (b, a)].into_iter().find_map(|(known, other)| match c.known.lit(known) {
        Some(Lit::Bool(value)) => Some(if value == decides { known } else { other }),
        _ => None,
    })
}

fn involution(c: &Cursor, op: Op, args: &[Value]) -> Option<Value> {
    match c.known.def(args[0])? {
        Kind::Op(inner, inner_args) if op.def().facts.involution && *inner == op => Some(inner_args[0]),
        _ => None,
    }
}

/// A product with -1.
fn opposite(c: &mut Cursor, def: &OpDef, args: &[Value]) -> Option<Value> {
    let &[a, b] = args else { return None };
    let minus_one = |v: Value| c.known.lit(v).is_some_and(|l| is_number(l, -1.0));
    let other = match () {
        () if !is_bilinear(def) => return None,
        () if minus_one(b) => a,
        () if minus_one(a) => b,
        () => return None,
    };
    Some(c.emit(Kind::Op(Op::Neg, vec![other]))[0])
}

fn select(c: &Cursor, args: &[Value]) -> Option<Value> {
    match c.known.lit(args[0]) {
        Some(Lit::Bool(cond)) => Some(args[if cond { 1 } else { 2 }]),
        _ if args[1] == args[2] => Some(args[1]),
        _ if c.known.lit(args[1]).is_some() && c.known.lit(args[1]) == c.known.lit(args[2]) => Some(args[1]),
        _ => None,
    }
}

/// How two integers compare, if their difference has a known sign: a comparison sees the order only.
fn compare(c: &Cursor, def: &OpDef, args: &[Value]) -> Option<Lit> {
    if !is_i64(c, args) {
        return None;
    }
    let (a, b) = (c.known.linear(args[0]), c.known.linear(args[1]));
    let up = b.plus(&a, -1);
    let answer = |a: i64, b: i64| (def.eval)(&[Lit::I64(a), Lit::I64(b)]);
    if let Some(d) = up.as_constant() {
        return Some(answer(0, d.signum()));
    }
    let one = Linear::constant(1);
    if c.known.nonnegative(&up.plus(&one, -1)) {
        return Some(answer(0, 1));
    }
    if c.known.nonnegative(&up.times(-1).plus(&one, -1)) {
        return Some(answer(1, 0));
    }
    // At most, or at least: decided if equality gives the same answer.
    if c.known.nonnegative(&up) && answer(0, 1) == answer(0, 0) {
        return Some(answer(0, 0));
    }
    let down = c.known.nonnegative(&up.times(-1)) && answer(1, 0) == answer(0, 0);
    down.then(|| answer(0, 0))
}

/// The smaller or larger of two integers whose order is known.
fn bound(c: &Cursor, def: &OpDef, args: &[Value]) -> Option<Value> {
    let smaller = match def.facts.reduce {
        Some(Reduce::Min) => true,
        Some(Reduce::Max) => false,
        _ => return None,
    };
    let up = c.known.linear(args[1]).plus(&c.known.linear(args[0]), -1);
    match () {
        () if c.known.nonnegative(&up) => Some(args[if smaller { 0 } else { 1 }]),
        () if c.known.nonnegative(&up.times(-1)) => Some(args[if smaller { 1 } else { 0 }]),
        () => None,
    }
}

/// A sum or multiple of integers that comes to a constant, to one value, or to one value and a constant.
fn integer_sum(c: &mut Cursor, def: &OpDef, op: Op, args: &[Value]) -> Option<Value> {
    linear_coefficients(def)?;
    let sum = c.known.linear_op(op, args)?;
    match sum.terms[..] {
        [] => Some(c.lit(Lit::I64(sum.constant))),
        [(v, 1)] if sum.constant == 0 => Some(v),
        // Already in this form: one of the arguments is the value itself.
        [(v, 1)] if !args.contains(&v) => {
            let k = c.lit(Lit::I64(sum.constant));
            Some(c.emit(Kind::Op(Op::Add, vec![v, k]))[0])
        }
        _ => None,
    }
}

/// `x` to a small constant power, by squaring; the products are shared with those of other powers through CSE.
fn power(c: &mut Cursor, args: &[Value]) -> Option<Value> {
    let n = c.known.int(args[1])?;
    let x = args[0];
    if n.unsigned_abs() > MAX_POWER {
        return None;
    }
    let ty = c.values().ty(x).elem()?;
    if n == 0 {
        return Some(c.lit(Lit::of(ty, 1.0)));
    }
    let product = power_chain(c, x, n.unsigned_abs());
    Some(if n < 0 { c.emit(Kind::Op(Op::Recip, vec![product]))[0] } else { product })
}

/// `x³ = x²·x`, `x⁴ = x²·x²`, ..: each power from the one of half the exponent.
fn power_chain(c: &mut Cursor, x: Value, n: u64) -> Value {
    if n == 1 {
        return x;
    }
    let half = power_chain(c, x, n / 2);
    let even = c.emit(Kind::Op(Op::Mul, vec![half, half]))[0];
    if n.is_multiple_of(2) { even } else { c.emit(Kind::Op(Op::Mul, vec![even, x]))[0] }
}

/// What an operation is that treats a zero apart, where the first argument is known not to be one.
fn not_zero(c: &mut Cursor, def: &OpDef, args: &[Value]) -> Option<Value> {
    let known = c.known.lit(args[0])?;
    let plain = def.facts.unless_zero?;
    (known.to_f64() != 0.0).then(|| c.emit(Kind::Op(plain, args.to_vec()))[0])
}

/// A quotient by a power of two is the product with its reciprocal, exactly.
fn quotient(c: &mut Cursor, args: &[Value]) -> Option<Value> {
    let divisor = c.known.lit(args[1])?;
    let by = divisor.to_f64();
    let ordinary = by.is_normal() && by.to_bits() << 12 == 0 && by.abs() > 1e-30 && by.abs() < 1e30;
    if !divisor.ty().is_float() || !ordinary {
        return None;
    }
    let reciprocal = c.lit(Lit::of(divisor.ty(), 1.0 / by));
    Some(c.emit(Kind::Op(Op::Mul, vec![args[0], reciprocal]))[0])
}
