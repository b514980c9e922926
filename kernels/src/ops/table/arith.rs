//! Arithmetic.

use super::*;

pub(super) const ADD: OpDef = OpDef {
    ptx_int: "add.{i} {d}, {0}, {1};",
    spellings: &["+"],
    ptx: "add.rn.{t} {d}, {0}, {1};",
    partials: &[Of("1.0"), Of("1.0")],
    facts: Facts {
        commutative: true,
        right_identity: Some(-0.0),
        left_identity: Some(-0.0),
        reduce: Some(Reduce::Sum),
        ..PLAIN
    },
    ..op("add", Sig::Num(2), number!(a, b => a + b; a.wrapping_add(b)), "{0} + {1}")
};

pub(super) const SUB: OpDef = OpDef {
    ptx_int: "sub.{i} {d}, {0}, {1};",
    spellings: &["-"],
    ptx: "sub.rn.{t} {d}, {0}, {1};",
    partials: &[Of("1.0"), Of("-1.0")],
    facts: Facts { right_identity: Some(0.0), ..PLAIN },
    ..op("sub", Sig::Num(2), number!(a, b => a - b; a.wrapping_sub(b)), "{0} - {1}")
};

pub(super) const MUL: OpDef = OpDef {
    ptx_int: "mul.lo.{i} {d}, {0}, {1};",
    spellings: &["*"],
    ptx: "mul.rn.{t} {d}, {0}, {1};",
    partials: &[Of("b"), Of("a")],
    facts: Facts {
        commutative: true,
        right_identity: Some(1.0),
        left_identity: Some(1.0),
        reduce: Some(Reduce::Product),
        ..PLAIN
    },
    ..op("mul", Sig::Num(2), number!(a, b => a * b; a.wrapping_mul(b)), "{0} * {1}")
};

// Both slopes share one reciprocal, which leaves a loop in which b is constant.
pub(super) const DIV: OpDef = OpDef {
    ptx_int: "div.{i} {d}, {0}, {1};",
    fails_int: "or(b == 0, and(b == -1, a == -9223372036854775808))",
    spellings: &["/"],
    panics: division_panics,
    ptx: "div.rn.{t} {d}, {0}, {1};",
    partials: &[Pole("1.0 / b"), Pole("-(y * (1.0 / b))")],
    facts: Facts { right_identity: Some(1.0), partial: true, quotient: true, ..PLAIN },
    cost: 4,
    test: on(&[(-3.0, 3.0), (0.5, 3.0)]),
    ..op("div", Sig::Num(2), number!(a, b => a / b; a.wrapping_div(b)), "{0} / {1}")
};

// The quotient comes from `a - y` and not from `a / b`, which may round up to the next integer.
pub(super) const REM: OpDef = OpDef {
    ptx_int: "rem.{i} {d}, {0}, {1};",
    fails_int: "or(b == 0, and(b == -1, a == -9223372036854775808))",
    spellings: &["%"],
    panics: division_panics,
    partials: &[Of("1.0"), Of("-select(b == 0.0, a / b, round((a - y) / b))")],
    facts: Facts { partial: true, ..PLAIN },
    cost: 20,
    test: on(&[(4.1, 5.9), (1.95, 2.0)]),
    ..op("rem", Sig::Num(2), number!(a, b => a % b; a.wrapping_rem(b)), "{0} % {1}")
};

/// Whether Rust's division of two integers panics.
pub(super) fn division_panics(x: &[Lit]) -> bool {
    match *x {
        [Lit::I32(a), Lit::I32(b)] => a.checked_div(b).is_none(),
        [Lit::I64(a), Lit::I64(b)] => a.checked_div(b).is_none(),
        _ => false,
    }
}

pub(super) const NEG: OpDef = OpDef {
    ptx_int: "neg.{i} {d}, {0};",
    spellings: &["neg"],
    ptx: "neg.{t} {d}, {0};",
    partials: &[Of("-1.0")],
    facts: Facts { involution: true, ..PLAIN },
    ..op("neg", Sig::Num(1), number!(a => -a; a.wrapping_neg()), "-{0}")
};

pub(super) const ABS: OpDef = OpDef {
    ptx_int: "abs.{i} {d}, {0};",
    spellings: &["abs"],
    ptx: "abs.{t} {d}, {0};",
    partials: &[Of("select(a == 0.0, 0.0, copysign(1.0, a))")],
    test: on(&[(0.1, 3.0)]),
    ..op("abs", Sig::Num(1), number!(a => a.abs(); a.wrapping_abs()), "{0}.abs()")
};

// An argument that was not chosen gets nothing, whatever the cotangent: hence lines in `dy`.
pub(super) const MIN: OpDef = OpDef {
    ptx_int: "min.{i} {d}, {0}, {1};",
    spellings: &["min"],
    ptx: "min.{t} {d}, {0}, {1};",
    partials: &[
        Applied("select(a == b, 0.5 * dy, select(or(a < b, is_nan(b)), dy, 0.0))"),
        Applied("select(a == b, 0.5 * dy, select(or(a < b, is_nan(b)), 0.0, dy))"),
    ],
    test: on(&[(0.0, 1.0), (1.5, 2.0)]),
    facts: Facts { reduce: Some(Reduce::Min), ..PLAIN },
    ..op("min", Sig::Num(2), number!(a, b => a.min(b); a.min(b)), "{0}.min({1})")
};

pub(super) const MAX: OpDef = OpDef {
    ptx_int: "max.{i} {d}, {0}, {1};",
    spellings: &["max"],
    ptx: "max.{t} {d}, {0}, {1};",
    partials: &[
        Applied("select(a == b, 0.5 * dy, select(or(a > b, is_nan(b)), dy, 0.0))"),
        Applied("select(a == b, 0.5 * dy, select(or(a > b, is_nan(b)), 0.0, dy))"),
    ],
    test: on(&[(0.0, 1.0), (1.5, 2.0)]),
    facts: Facts { reduce: Some(Reduce::Max), ..PLAIN },
    ..op("max", Sig::Num(2), number!(a, b => a.max(b); a.max(b)), "{0}.max({1})")
};

pub(super) const MULADD: OpDef = OpDef {
    lane: "::pullback::math::{T}::muladd::<FMA>({0}, {1}, {2})",
    ptx: "fma.rn.{t} {d}, {0}, {1}, {2};",
    unfused: "a * b + c",
    partials: &[Of("b"), Of("a"), Of("1.0")],
    ..op("muladd", Sig::Float(3), float!(a, b, c => a * b + c), "{0} * {1} + {2}")
};

pub(super) const FMA: OpDef = OpDef {
    spellings: &["mul_add"],
    ptx: "fma.rn.{t} {d}, {0}, {1}, {2};",
    partials: &[Of("b"), Of("a"), Of("1.0")],
    cost: 2,
    ..op("fma", Sig::Float(3), float!(a, b, c => a.mul_add(b, c)), "{0}.mul_add({1}, {2})")
};

pub(super) const RECIP: OpDef = OpDef {
    spellings: &["recip"],
    ptx: "rcp.rn.{t} {d}, {0};",
    partials: &[Pole("-(y * y)")],
    cost: 4,
    test: on(&[(0.5, 3.0)]),
    ..op("recip", Sig::Float(1), float!(a => a.recip()), "{0}.recip()")
};

// The slope in the cotangent is itself a partial that may be infinite.
pub(super) const MULZ: OpDef = OpDef {
    lowered: "select(a == 0.0, 0.0, a * b)",
    partials: &[Pole("b"), Of("a")],
    facts: Facts { left_identity: Some(1.0), unless_zero: Some(Op::Mul), ..PLAIN },
    cost: 2,
    test: on(&[(0.1, 3.0), (-3.0, 3.0)]),
    ..op(
        "mulz",
        Sig::Float(2),
        float!(a, b => if a == 0.0 { 0.0 } else { a * b }),
        "if {0} == 0.0 { 0.0 } else { {0} * {1} }",
    )
};

// In a nest the division comes first, so that what is left is a choice between numbers and not a branch.
pub(super) const DIVZ: OpDef = OpDef {
    lowered: "select(a == 0.0, 0.0, a / b)",
    lane: "{ let quotient = {0} / {1}; if {0} == 0.0 { 0.0 } else { quotient } }",
    partials: &[Applied("divz(dy, b)"), Of("-divz(y, b)")],
    facts: Facts { unless_zero: Some(Op::Div), ..PLAIN },
    cost: 5,
    test: on(&[(0.1, 3.0), (0.5, 3.0)]),
    ..op(
        "divz",
        Sig::Float(2),
        float!(a, b => if a == 0.0 { 0.0 } else { a / b }),
        "if {0} == 0.0 { 0.0 } else { {0} / {1} }",
    )
};
