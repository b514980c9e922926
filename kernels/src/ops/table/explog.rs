//! Powers, roots, exponentials, logarithms.

use super::*;

pub(super) const SQRT: OpDef = OpDef {
    spellings: &["sqrt"],
    ptx: "sqrt.rn.{t} {d}, {0};",
    partials: &[Pole("0.5 / y")],
    cost: 4,
    test: on(&[(0.1, 4.0)]),
    ..op("sqrt", Sig::Float(1), float!(a => a.sqrt()), "{0}.sqrt()")
};

pub(super) const CBRT: OpDef = OpDef {
    spellings: &["cbrt"],
    lane: "::pullback::math::{T}::cbrt::<FMA>({0})",
    partials: &[Pole("1.0 / (3.0 * y * y)")],
    cost: 20,
    test: own(&[(0.1, 4.0)], (0.9, 0.7)),
    ..op("cbrt", Sig::Float(1), float!(a => a.cbrt()), "{0}.cbrt()")
};

// A quotient of two lengths, so that nothing overflows on the way.
pub(super) const HYPOT: OpDef = OpDef {
    spellings: &["hypot"],
    lane: "::pullback::math::{T}::hypot::<FMA>({0}, {1})",
    partials: &[Pole("a / y"), Pole("b / y")],
    cost: 15,
    test: own(ANY, (1.3, 1.3)),
    ..op("hypot", Sig::Float(2), float!(a, b => a.hypot(b)), "{0}.hypot({1})")
};

pub(super) const EXP: OpDef = OpDef {
    spellings: &["exp"],
    lane: "::pullback::math::{T}::exp::<FMA>({0})",
    partials: &[Of("y")],
    cost: 15,
    test: own(ANY, (0.9, 0.9)),
    ..op("exp", Sig::Float(1), float!(a => a.exp()), "{0}.exp()")
};

// Where the value overflows, its slope (ln 2 times that) may still be a number.
pub(super) const EXP2: OpDef = OpDef {
    spellings: &["exp2"],
    lane: "::pullback::math::{T}::exp2::<FMA>({0})",
    partials: &[Of("select(y < 1.0, 0.6931471805599453 * y, 1.3862943611198906 * exp2(a - 1.0))")],
    cost: 15,
    test: own(ANY, (1.0, 1.0)),
    ..op("exp2", Sig::Float(1), float!(a => a.exp2()), "{0}.exp2()")
};

// `y + 1` would lose its digits where y is close to -1.
pub(super) const EXP_M1: OpDef = OpDef {
    spellings: &["exp_m1"],
    lane: "::pullback::math::{T}::exp_m1::<FMA>({0})",
    partials: &[Of("exp(a)")],
    cost: 20,
    test: own(ANY, (1.5, 1.5)),
    ..op("exp_m1", Sig::Float(1), float!(a => a.exp_m1()), "{0}.exp_m1()")
};

// The cotangent over the argument: the reciprocal alone overflows where the argument is subnormal.
pub(super) const LN: OpDef = OpDef {
    spellings: &["ln"],
    lane: "::pullback::math::{T}::ln::<FMA>({0})",
    partials: &[Applied("divz(dy, a)")],
    cost: 15,
    test: own(&[(0.1, 4.0)], (0.8, 0.8)),
    ..op("ln", Sig::Float(1), float!(a => a.ln()), "{0}.ln()")
};

pub(super) const LN_1P: OpDef = OpDef {
    spellings: &["ln_1p"],
    lane: "::pullback::math::{T}::ln_1p::<FMA>({0})",
    partials: &[Applied("divz(dy, 1.0 + a)")],
    cost: 20,
    test: own(&[(-0.9, 3.0)], (0.9, 0.9)),
    ..op("ln_1p", Sig::Float(1), float!(a => a.ln_1p()), "{0}.ln_1p()")
};

pub(super) const LOG2: OpDef = OpDef {
    spellings: &["log2"],
    lane: "::pullback::math::{T}::log2::<FMA>({0})",
    partials: &[Applied("divz(1.4426950408889634 * dy, a)")],
    cost: 15,
    test: own(&[(0.1, 4.0)], (0.8, 0.8)),
    ..op("log2", Sig::Float(1), float!(a => a.log2()), "{0}.log2()")
};

pub(super) const LOG10: OpDef = OpDef {
    spellings: &["log10"],
    lane: "::pullback::math::{T}::log10::<FMA>({0})",
    partials: &[Applied("divz(0.4342944819032518 * dy, a)")],
    cost: 15,
    test: own(&[(0.1, 4.0)], (0.8, 0.8)),
    ..op("log10", Sig::Float(1), float!(a => a.log10()), "{0}.log10()")
};

pub(super) const LOG: OpDef = OpDef {
    lowered: "ln(a) / ln(b)",
    spellings: &["log"],
    lane: "::pullback::math::{T}::ln::<FMA>({0}) / ::pullback::math::{T}::ln::<FMA>({1})",
    partials: &[Pole("1.0 / (a * ln(b))"), Pole("-(y / (b * ln(b)))")],
    cost: 30,
    test: Test { domain: &[(0.1, 4.0), (1.5, 4.0)], tolerance: 1e-9, ulp: Some((6.0, 6.0)), left: 0.0 },
    ..op("log", Sig::Float(2), float!(a, b => a.log(b)), "{0}.log({1})")
};

pub(super) const POWI: OpDef = OpDef {
    spellings: &["powi"],
    lane: "::pullback::math::{T}::powi({0}, {1})",
    partials: &[Of("select(b == 0, 0.0, float(b) * powi(a, b - 1))"), Zero],
    facts: Facts { right_identity: Some(1.0), ..PLAIN },
    cost: 10,
    test: Test { domain: &[(0.2, 2.0), (-6.0, 6.0)], tolerance: 1e-9, ulp: Some((16.0, 16.0)), left: 0.0 },
    ..op("powi", Sig::PowI, powi, "{0}.powi({1} as i32)")
};

fn powi(x: &[Lit]) -> Lit {
    match *x {
        [Lit::F32(a), Lit::I64(b)] => Lit::F32(a.powi(b as i32)),
        [Lit::F64(a), Lit::I64(b)] => Lit::F64(a.powi(b as i32)),
        _ => mistyped(x),
    }
}

// `b * a^(b - 1)` and not `b * y / a`: y may be 0 though the slope is not, and a may be 0. `mulz`, so that 0^0 has slope 0
// while the slope still depends on b. Along b, 0^b is 0 for every b > 0: its slope is 0 although ln 0 is infinite.
pub(super) const POWF: OpDef = OpDef {
    spellings: &["powf"],
    lane: "::pullback::math::{T}::powf::<FMA>({0}, {1})",
    partials: &[
        Pole("select(b == 0.0, mulz(b, powf(a, b - 1.0)), b * powf(a, b - 1.0))"),
        Pole("select(and(a == 0.0, b >= 0.0), 0.0, y * ln(a))"),
    ],
    cost: 40,
    test: own(&[(0.2, 3.0), (-3.0, 3.0)], (1.2, 1.2)),
    ..op("powf", Sig::Float(2), float!(a, b => a.powf(b)), "{0}.powf({1})")
};
