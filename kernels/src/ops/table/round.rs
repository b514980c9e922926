//! Rounding, signs, clamping, division that rounds down, and the number that counts as constant.

use super::*;

const STEPS: &[(f64, f64)] = &[(0.1, 0.4)];

pub(super) const FLOOR: OpDef = OpDef {
    spellings: &["floor"],
    ptx: "cvt.rmi.{t}.{t} {d}, {0};",
    partials: &[Zero],
    test: on(STEPS),
    ..op("floor", Sig::Float(1), float!(a => a.floor()), "{0}.floor()")
};

pub(super) const CEIL: OpDef = OpDef {
    spellings: &["ceil"],
    ptx: "cvt.rpi.{t}.{t} {d}, {0};",
    partials: &[Zero],
    test: on(STEPS),
    ..op("ceil", Sig::Float(1), float!(a => a.ceil()), "{0}.ceil()")
};

pub(super) const ROUND: OpDef = OpDef {
    lowered: "select(abs(a - trunc(a)) >= 0.5, trunc(a) + copysign(1.0, a), trunc(a))",
    spellings: &["round"],
    partials: &[Zero],
    cost: 3,
    test: on(STEPS),
    ..op("round", Sig::Float(1), float!(a => a.round()), "{0}.round()")
};

pub(super) const ROUND_TIES_EVEN: OpDef = OpDef {
    spellings: &["round_ties_even"],
    ptx: "cvt.rni.{t}.{t} {d}, {0};",
    partials: &[Zero],
    test: on(STEPS),
    ..op("round_ties_even", Sig::Float(1), float!(a => a.round_ties_even()), "{0}.round_ties_even()")
};

pub(super) const TRUNC: OpDef = OpDef {
    spellings: &["trunc"],
    ptx: "cvt.rzi.{t}.{t} {d}, {0};",
    partials: &[Zero],
    test: on(STEPS),
    ..op("trunc", Sig::Float(1), float!(a => a.trunc()), "{0}.trunc()")
};

pub(super) const FRACT: OpDef = OpDef {
    lowered: "a - trunc(a)",
    spellings: &["fract"],
    partials: &[Of("1.0")],
    cost: 2,
    test: on(&[(1.1, 1.9)]),
    ..op("fract", Sig::Float(1), float!(a => a.fract()), "{0}.fract()")
};

pub(super) const SIGNUM: OpDef = OpDef {
    lowered: "select(is_nan(a), a, copysign(1.0, a))",
    lowered_int: "select(a > 0, 1, select(a < 0, -1, 0))",
    spellings: &["signum"],
    partials: &[Zero],
    test: on(&[(0.1, 3.0)]),
    ..op("signum", Sig::Num(1), number!(a => a.signum(); a.signum()), "{0}.signum()")
};

pub(super) const COPYSIGN: OpDef = OpDef {
    spellings: &["copysign"],
    ptx: "copysign.{t} {d}, {1}, {0};",
    partials: &[Of("select(a == 0.0, 0.0, copysign(1.0, a) * copysign(1.0, b))"), Zero],
    test: on(&[(0.1, 3.0), (-3.0, -0.1)]),
    ..op("copysign", Sig::Float(2), float!(a, b => a.copysign(b)), "{0}.copysign({1})")
};

pub(super) const CLAMP: OpDef = OpDef {
    lowered: "select(a < b, b, select(a > c, c, a))",
    lowered_int: "select(a < b, b, select(a > c, c, a))",
    fails: "not(b <= c)",
    fails_int: "b > c",
    spellings: &["clamp"],
    panics: clamp_panics,
    partials: &[
        Applied("select(and(a > b, a < c), dy, 0.0)"),
        Applied("select(a <= b, dy, 0.0)"),
        Applied("select(and(a > b, a >= c), dy, 0.0)"),
    ],
    facts: Facts { partial: true, ..PLAIN },
    cost: 2,
    test: on(&[(-1.0, 1.0), (-3.0, -1.5), (1.5, 3.0)]),
    ..op("clamp", Sig::Num(3), number!(a, b, c => a.clamp(b, c); a.clamp(b, c)), "{0}.clamp({1}, {2})")
};

fn clamp_panics(x: &[Lit]) -> bool {
    match *x {
        [_, Lit::I32(low), Lit::I32(high)] => low > high,
        [_, Lit::I64(low), Lit::I64(high)] => low > high,
        [_, low, high] => low.to_f64().partial_cmp(&high.to_f64()).is_none_or(|o| o.is_gt()),
        _ => mistyped(x),
    }
}

pub(super) const REM_EUCLID: OpDef = OpDef {
    lowered: "select(rem(a, b) < 0.0, rem(a, b) + abs(b), rem(a, b))",
    lowered_int: "select(rem(a, b) < 0, rem(a, b) + abs(b), rem(a, b))",
    fails_int: "or(b == 0, and(b == -1, a == -9223372036854775808))",
    spellings: &["rem_euclid"],
    panics: arith::division_panics,
    partials: &[Of("1.0"), Of("-select(b == 0.0, a / b, round((a - y) / b))")],
    facts: Facts { partial: true, ..PLAIN },
    cost: 20,
    test: on(&[(-5.9, -4.1), (1.95, 2.0)]),
    ..op(
        "rem_euclid",
        Sig::Num(2),
        number!(a, b => a.rem_euclid(b); a.wrapping_rem_euclid(b)),
        "{0}.rem_euclid({1})",
    )
};

pub(super) const DIV_EUCLID: OpDef = OpDef {
    lowered: "select(rem(a, b) < 0.0, select(b > 0.0, trunc(a / b) - 1.0, trunc(a / b) + 1.0), trunc(a / b))",
    lowered_int: "select(rem(a, b) < 0, select(b > 0, a / b - 1, a / b + 1), a / b)",
    fails_int: "or(b == 0, and(b == -1, a == -9223372036854775808))",
    spellings: &["div_euclid"],
    panics: arith::division_panics,
    partials: &[Zero, Zero],
    facts: Facts { right_identity: None, partial: true, ..PLAIN },
    cost: 20,
    test: on(&[(-5.9, -4.1), (1.95, 2.0)]),
    ..op(
        "div_euclid",
        Sig::Num(2),
        number!(a, b => a.div_euclid(b); a.wrapping_div_euclid(b)),
        "{0}.div_euclid({1})",
    )
};

pub(super) const DETACH: OpDef = OpDef {
    ptx: "mov.{t} {d}, {0};",
    partials: &[Zero],
    facts: Facts { detaches: true, ..PLAIN },
    ..op("detach", Sig::Float(1), float!(a => a), "{0}")
};
