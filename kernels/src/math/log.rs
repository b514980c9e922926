//! Logarithms: x = 2^k (1 + f) with 1 + f between sqrt 1/2 and sqrt 2, and ln(1 + f) = f - (f^2 / 2 - rest).

use std::f64::consts::{LN_2, LOG2_E, LOG10_2, LOG10_E, SQRT_2};

use super::code::{Code, X, define};
use super::coefficients::*;
use super::exp::ln2_parts;
use crate::ir::{Module, Scalar};

/// The exponent and the mantissa of a positive normal number.
fn split<'c>(c: &'c Code, x: X<'c>) -> (X<'c>, X<'c>) {
    let one = c.bits_of(1.0);
    // the exponent with its bias, one less for a mantissa below sqrt 1/2
    let shifted = (x.bits() + (one - c.bits_of(SQRT_2 / 2.0))).named("shifted");
    let mantissa = x.bits() - ((shifted & (-1 << c.mantissa())) - one);
    // the float with these low bits is 2^mantissa + exponent
    let base = (c.mantissa() as f64).exp2();
    let k = (shifted.ushr(c.mantissa()) | c.bits_of(base)).float() - (base + c.bias() as f64);
    (k.named("k"), mantissa.float().named("mantissa"))
}

/// As [`split`], for subnormal numbers too.
fn split_any<'c>(c: &'c Code, x: X<'c>) -> (X<'c>, X<'c>) {
    let up = (c.mantissa() as f64 + 2.0).exp2();
    let small = x.lt(c.pick(f32::MIN_POSITIVE as f64, f64::MIN_POSITIVE)).named("small");
    let (k, mantissa) = split(c, small.select(x * up, x).named("normal"));
    (k - small.select(c.number(c.mantissa() as f64 + 2.0), 0.0), mantissa)
}

/// `f^2 / 2` and the rest of ln(1 + f).
fn ln_parts<'c>(c: &'c Code, f: X<'c>) -> (X<'c>, X<'c>) {
    let half = (f * f * 0.5).named("half");
    let rest = if c.is_double() {
        // ln(1 + f) = 2 atanh s; 2 s = f - s f, and s f = f^2 / 2 - s f^2 / 2
        let s = (f / (f + 2.0)).named("s");
        let z = s.squared().named("z");
        s * z.polynomial(LN_QUOTIENT_64).muladd(z, half)
    } else {
        // a longer polynomial instead of the division
        f.polynomial(LN_DIRECT_32) * (f * f * f)
    };
    (half, rest)
}

/// The logarithm's value at 0, infinity, and where there is none.
fn with_ends<'c>(c: &'c Code, x: X<'c>, zero: f64, y: X<'c>) -> X<'c> {
    let y = x.lt(f64::INFINITY).select(y, x).named("y");
    let y = x.equals(zero).select(c.number(f64::NEG_INFINITY), y).named("y");
    x.lt(zero).select(c.number(f64::NAN), y)
}

/// A logarithm to a base whose reciprocal logarithm is `scale + scale_rest` and for which 2 has the logarithm
/// `two + two_rest`. Everything that matters is computed in two parts.
fn log_base<'c>(
    c: &'c Code,
    x: X<'c>,
    (scale, scale_rest): (f64, f64),
    (two, two_rest): (f64, f64),
) -> X<'c> {
    let (k, mantissa) = c.call2("split", &[x], ["k", "mantissa"]);
    let f = (mantissa - 1.0).named("f");
    let (half, rest) = c.call2("ln_parts", &[f], ["half", "rest"]);
    let high = (f - half).upper_half().named("high");
    let low = (((f - high) - half) + rest).named("low");
    let scale_high = c.upper(scale, c.pick(12, 26));
    let scale_low = (scale - scale_high) + scale_rest;
    let two_high = c.upper(two, c.pick(12, 40));
    let two_low = (two - two_high) + two_rest;
    let main = (high * scale_high).named("main");
    let base = (k * two_high).named("base");
    let sum = (base + main).named("sum");
    let error = ((base - sum) + main).named("error");
    let small = (low + high).muladd(scale_low, low * scale_high).named("small");
    with_ends(c, x, 0.0, sum + (k.muladd(two_low, small) + error))
}

pub(super) fn define_all(m: &mut Module, float: Scalar) {
    define(m, float, "split", &["x"], |c, x| {
        let (k, mantissa) = split_any(c, x[0]);
        vec![k, mantissa]
    });
    define(m, float, "ln_parts", &["f"], |c, x| {
        let (half, rest) = ln_parts(c, x[0]);
        vec![half, rest]
    });
    define(m, float, "ln", &["x"], |c, x| {
        let (k, mantissa) = c.call2("split", x, ["k", "mantissa"]);
        let f = (mantissa - 1.0).named("f");
        let (half, rest) = c.call2("ln_parts", &[f], ["half", "rest"]);
        let (high, low) = ln2_parts(c);
        let y = k.muladd(high, f - (half - k.muladd(low, rest)));
        vec![with_ends(c, x[0], 0.0, y)]
    });
    define(m, float, "ln_1p", &["x"], |c, x| {
        let x = x[0];
        let u = (x + 1.0).named("u");
        // what rounding took from u
        let lost = x.lt(1.0).select(x - (u - 1.0), 1.0 - (u - x)).named("lost");
        let (k, mantissa) = split(c, u);
        let f = (mantissa - 1.0).named("f");
        let (half, rest) = c.call2("ln_parts", &[f], ["half", "rest"]);
        let (high, low) = ln2_parts(c);
        let y = k.muladd(high, f - (half - (rest + k.muladd(low, lost / u))));
        let y = with_ends(c, x, -1.0, y).named("y");
        vec![x.abs().lt(c.pick(1e-9, 1e-18)).select(x, y)]
    });
    // log2 e = LOG2_E + 2.036e-17, log10 e = LOG10_E + 1.098e-17, log10 2 = LOG10_2 - 2.803e-18
    define(m, float, "log2", &["x"], |c, x| {
        vec![log_base(c, x[0], (LOG2_E, 2.0355273740931033e-17), (1.0, 0.0))]
    });
    define(m, float, "log10", &["x"], |c, x| {
        vec![log_base(c, x[0], (LOG10_E, 1.098319650216765e-17), (LOG10_2, -2.8037281277851704e-18))]
    });
    define_inverse_hyperbolic(m, float);
}

fn define_inverse_hyperbolic(m: &mut Module, float: Scalar) {
    define(m, float, "asinh", &["x"], |c, x| {
        let a = x[0].abs().named("a");
        // a + a^2 / (1 + sqrt(a^2 + 1)), and 2 a where the square would overflow; ln 2 is added to the latter
        let large = a.gt(c.pick(1e8, 1e16)).named("large");
        let near = large.select(c.number(1.0), a).named("near");
        let square = near.squared().named("square");
        let small = near + square / (1.0 + (square + 1.0).sqrt());
        let y = c.call1("ln_1p", &[large.select(a, small)]) + large.select(c.number(LN_2), 0.0);
        vec![y.copysign(x[0])]
    });
    define(m, float, "acosh", &["x"], |c, x| {
        let large = x[0].gt(c.pick(1e8, 1e16)).named("large");
        let t = (x[0] - 1.0).named("t");
        let near = large.select(c.number(1.0), t).named("near");
        let small = near + near.muladd(near, near * 2.0).sqrt();
        let y = c.call1("ln_1p", &[large.select(t, small)]) + large.select(c.number(LN_2), 0.0);
        vec![x[0].lt(1.0).select(c.number(f64::NAN), y)]
    });
    define(m, float, "atanh", &["x"], |c, x| {
        let a = x[0].abs().named("a");
        let y = c.call1("ln_1p", &[(a * 2.0) / (1.0 - a)]) * 0.5;
        vec![y.copysign(x[0])]
    });
}
