//! Error functions, and the gamma function's logarithm with its derivatives.

use super::*;
use crate::math;

// The spellings are those of `pullback::special::Primitive`: users call functions.

// `exp(-a²)` is exact enough where it is not 0. 2 / sqrt(pi) in front.
pub(super) const ERF: OpDef = OpDef {
    spellings: &["__pullback_erf"],
    lane: "::pullback::math::{T}::erf::<FMA>({0})",
    partials: &[Of("1.1283791670955126 * exp(-(a * a))")],
    cost: 30,
    test: own(ANY, (1.5, 1.2)),
    ..op("erf", Sig::Float(1), |x| math::value("erf", x), "::pullback::math::{T}::erf::<false>({0})")
};

pub(super) const ERFC: OpDef = OpDef {
    spellings: &["__pullback_erfc"],
    lane: "::pullback::math::{T}::erfc::<FMA>({0})",
    partials: &[Of("-1.1283791670955126 * exp(-(a * a))")],
    cost: 30,
    test: own(ANY, (6.5, 5.0)),
    ..op("erfc", Sig::Float(1), |x| math::value("erfc", x), "::pullback::math::{T}::erfc::<false>({0})")
};

pub(super) const LN_GAMMA: OpDef = OpDef {
    spellings: &["__pullback_ln_gamma"],
    lane: "::pullback::math::{T}::ln_gamma::<FMA>({0})",
    partials: &[Pole("digamma(a)")],
    cost: 50,
    test: Test { left: 8.0, ..own(&[(0.3, 12.0)], (6.0, 4.0)) },
    ..op(
        "ln_gamma",
        Sig::Float(1),
        |x| math::value("ln_gamma", x),
        "::pullback::math::{T}::ln_gamma::<false>({0})",
    )
};

pub(super) const DIGAMMA: OpDef = OpDef {
    spellings: &["__pullback_digamma"],
    lane: "::pullback::math::{T}::digamma::<FMA>({0})",
    partials: &[Pole("trigamma(a)")],
    cost: 50,
    test: Test { left: 8.0, ..own(&[(0.3, 12.0)], (6.0, 4.0)) },
    ..op(
        "digamma",
        Sig::Float(1),
        |x| math::value("digamma", x),
        "::pullback::math::{T}::digamma::<false>({0})",
    )
};

pub(super) const TRIGAMMA: OpDef = OpDef {
    spellings: &["__pullback_trigamma"],
    lane: "::pullback::math::{T}::trigamma::<FMA>({0})",
    partials: &[Pole(TETRAGAMMA)],
    cost: 60,
    test: own(&[(0.3, 12.0)], (6.0, 4.0)),
    ..op(
        "trigamma",
        Sig::Float(1),
        |x| math::value("trigamma", x),
        "::pullback::math::{T}::trigamma::<false>({0})",
    )
};

/// 1 / (a + k)^3.
macro_rules! cube {
    ($k:literal) => {
        concat!("1.0 / ((a + ", $k, ") * (a + ", $k, ") * (a + ", $k, "))")
    };
}

/// 1 / (a + 12)^2.
macro_rules! w {
    () => {
        "(1.0 / ((a + 12.0) * (a + 12.0)))"
    };
}

/// The derivative of trigamma, as the recurrence up to a + 12 and a series from there: arithmetic, whose derivatives are
/// as accurate. NaN for negative arguments.
const TETRAGAMMA: &str = concat!(
    concat!("select(a < 0.0, 0.0 / 0.0, -2.0 * (", cube!(0.0), " + ", cube!(1.0), " + ", cube!(2.0)),
    concat!(" + ", cube!(3.0), " + ", cube!(4.0), " + ", cube!(5.0), " + ", cube!(6.0), " + ", cube!(7.0)),
    concat!(" + ", cube!(8.0), " + ", cube!(9.0), " + ", cube!(10.0), " + ", cube!(11.0), ") - "),
    concat!(w!(), " * (1.0 + 1.0 / (a + 12.0) + ", w!(), " * (0.5 - ", w!(), " * (1.0 / 6.0 - ", w!()),
    concat!(" * (1.0 / 6.0 - ", w!(), " * (0.3 - ", w!(), " * (5.0 / 6.0 - ", w!(), " * (691.0 / 210.0 - "),
    concat!(w!(), " * 17.5))))))))"),
);
