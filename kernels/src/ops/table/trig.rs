//! Circular and hyperbolic functions and their inverses.

use super::*;

pub(super) const SIN: OpDef = OpDef {
    spellings: &["sin"],
    lane: "::pullback::math::{T}::sin_in_lanes::<FMA, NEAR>({0}, __far)",
    partials: &[Of("cos(a)")],
    cost: 15,
    test: own(ANY, (1.7, 0.8)),
    ..op("sin", Sig::Float(1), float!(a => a.sin()), "{0}.sin()")
};

pub(super) const COS: OpDef = OpDef {
    spellings: &["cos"],
    lane: "::pullback::math::{T}::cos_in_lanes::<FMA, NEAR>({0}, __far)",
    partials: &[Of("-sin(a)")],
    cost: 15,
    test: own(ANY, (1.7, 0.8)),
    ..op("cos", Sig::Float(1), float!(a => a.cos()), "{0}.cos()")
};

pub(super) const TAN: OpDef = OpDef {
    spellings: &["tan"],
    lane: "::pullback::math::{T}::tan_in_lanes::<FMA, NEAR>({0}, __far)",
    partials: &[Of("1.0 + y * y")],
    cost: 20,
    test: own(&[(-1.4, 1.4)], (1.9, 1.0)),
    ..op("tan", Sig::Float(1), float!(a => a.tan()), "{0}.tan()")
};

// `1 - a * a` would lose its digits near the ends; the difference `1 - a` is exact there.
pub(super) const ASIN: OpDef = OpDef {
    spellings: &["asin"],
    lane: "::pullback::math::{T}::asin::<FMA>({0})",
    partials: &[Pole("1.0 / sqrt((1.0 - a) * (1.0 + a))")],
    cost: 20,
    test: own(&[(-0.95, 0.95)], (0.9, 0.9)),
    ..op("asin", Sig::Float(1), float!(a => a.asin()), "{0}.asin()")
};

pub(super) const ACOS: OpDef = OpDef {
    spellings: &["acos"],
    lane: "::pullback::math::{T}::acos::<FMA>({0})",
    partials: &[Pole("-1.0 / sqrt((1.0 - a) * (1.0 + a))")],
    cost: 20,
    test: own(&[(-0.95, 0.95)], (0.9, 0.9)),
    ..op("acos", Sig::Float(1), float!(a => a.acos()), "{0}.acos()")
};

pub(super) const ATAN: OpDef = OpDef {
    spellings: &["atan"],
    lane: "::pullback::math::{T}::atan::<FMA>({0})",
    partials: &[Of("1.0 / (1.0 + a * a)")],
    cost: 20,
    test: own(ANY, (1.5, 1.0)),
    ..op("atan", Sig::Float(1), float!(a => a.atan()), "{0}.atan()")
};

// At the origin, where the angle has no slope, the slopes count as zeros of the coordinates' signs.
pub(super) const ATAN2: OpDef = OpDef {
    spellings: &["atan2"],
    lane: "::pullback::math::{T}::atan2::<FMA>({0}, {1})",
    partials: &[
        Pole("b * select(a * a + b * b == 0.0, 0.0, 1.0 / (a * a + b * b))"),
        Pole("-a * select(a * a + b * b == 0.0, 0.0, 1.0 / (a * a + b * b))"),
    ],
    cost: 30,
    test: own(&[(-3.0, 3.0), (0.2, 3.0)], (1.5, 1.3)),
    ..op("atan2", Sig::Float(2), float!(a, b => a.atan2(b)), "{0}.atan2({1})")
};

pub(super) const SINH: OpDef = OpDef {
    spellings: &["sinh"],
    lane: "::pullback::math::{T}::sinh::<FMA>({0})",
    partials: &[Of("cosh(a)")],
    cost: 20,
    test: own(ANY, (2.0, 2.0)),
    ..op("sinh", Sig::Float(1), float!(a => a.sinh()), "{0}.sinh()")
};

pub(super) const COSH: OpDef = OpDef {
    spellings: &["cosh"],
    lane: "::pullback::math::{T}::cosh::<FMA>({0})",
    partials: &[Of("sinh(a)")],
    cost: 20,
    test: own(ANY, (2.0, 2.0)),
    ..op("cosh", Sig::Float(1), float!(a => a.cosh()), "{0}.cosh()")
};

// 1 / cosh² with e = exp(-2|a|) where y is close to 1, so that `1 - y * y` has few digits left; but not at 0, where |a|
// has a corner and higher derivatives would be wrong. Where y is 1, the slope counts as 0.
pub(super) const TANH: OpDef = OpDef {
    spellings: &["tanh"],
    lane: "::pullback::math::{T}::tanh::<FMA>({0})",
    partials: &[Of("select(abs(a) < 1.0, 1.0 - y * y, select(abs(y) == 1.0, 0.0, \
        4.0 * exp(-2.0 * abs(a)) / ((1.0 + exp(-2.0 * abs(a))) * (1.0 + exp(-2.0 * abs(a))))))")],
    cost: 20,
    test: own(ANY, (1.6, 1.5)),
    ..op("tanh", Sig::Float(1), float!(a => a.tanh()), "{0}.tanh()")
};

pub(super) const ASINH: OpDef = OpDef {
    spellings: &["asinh"],
    lane: "::pullback::math::{T}::asinh::<FMA>({0})",
    partials: &[Of("1.0 / sqrt(a * a + 1.0)")],
    cost: 30,
    test: own(ANY, (1.9, 1.6)),
    ..op("asinh", Sig::Float(1), float!(a => a.asinh()), "{0}.asinh()")
};

pub(super) const ACOSH: OpDef = OpDef {
    spellings: &["acosh"],
    lane: "::pullback::math::{T}::acosh::<FMA>({0})",
    partials: &[Pole("1.0 / sqrt((a - 1.0) * (a + 1.0))")],
    cost: 30,
    test: own(&[(1.2, 4.0)], (2.1, 2.1)),
    ..op("acosh", Sig::Float(1), float!(a => a.acosh()), "{0}.acosh()")
};

pub(super) const ATANH: OpDef = OpDef {
    spellings: &["atanh"],
    lane: "::pullback::math::{T}::atanh::<FMA>({0})",
    partials: &[Pole("1.0 / ((1.0 - a) * (1.0 + a))")],
    cost: 30,
    test: own(&[(-0.9, 0.9)], (2.1, 2.1)),
    ..op("atanh", Sig::Float(1), float!(a => a.atanh()), "{0}.atanh()")
};

pub(super) const TO_DEGREES: OpDef = OpDef {
    lowered: "a * 57.29577951308232",
    spellings: &["to_degrees"],
    partials: &[Of("57.29577951308232")],
    ..op("to_degrees", Sig::Float(1), float!(a => a.to_degrees()), "{0}.to_degrees()")
};

pub(super) const TO_RADIANS: OpDef = OpDef {
    lowered: "a * 0.017453292519943295",
    spellings: &["to_radians"],
    partials: &[Of("0.017453292519943295")],
    ..op("to_radians", Sig::Float(1), float!(a => a.to_radians()), "{0}.to_radians()")
};
