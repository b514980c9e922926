//! Exponentials and hyperbolic functions: e^x = 2^n e^r with an integer n and |r| <= ln 2 / 2.

use std::f64::consts::{LN_2, LOG2_E};

use super::code::{Code, X, define};
use super::coefficients::*;
use crate::ir::{Module, Scalar};

/// An argument's multiple of ln 2, and what is left.
struct Reduced<'c> {
    /// The integer with the exponent's bias added twice.
    biased: X<'c>,
    /// What is left is `high - low`.
    high: X<'c>,
    low: X<'c>,
}

/// Adding this rounds to an integer, which then stands in the lowest bits.
pub(super) fn shifter(c: &Code) -> f64 {
    c.pick(12582912.0, 6755399441055744.0)
}

/// The integer that stands in the lowest bits of a shifted number, with the exponent's bias added twice.
pub(super) fn twice_biased<'c>(c: &'c Code, shifted: X<'c>) -> X<'c> {
    (shifted.bits() + (2 * c.bias() - c.bits_of(shifter(c)))).named("biased")
}

/// 2 to the power of an integer whose exponent has the bias already.
pub(super) fn power_of_two<'c>(c: &'c Code, biased: X<'c>) -> X<'c> {
    (biased << c.mantissa()).float()
}

/// The leading digits of ln 2, so few that their product with an exponent is exact, and the rest.
pub(super) fn ln2_parts(c: &Code) -> (f64, f64) {
    // ln 2 = LN_2 + 2.319e-17
    let high = c.upper(LN_2, c.pick(13, 41));
    (high, (LN_2 - high) + 2.3190468138462996e-17)
}

fn reduce<'c>(c: &'c Code, x: X<'c>) -> Reduced<'c> {
    let (high, low) = ln2_parts(c);
    let shifted = x.muladd(LOG2_E, shifter(c)).named("shifted");
    let n = (shifted - shifter(c)).named("n");
    Reduced {
        biased: twice_biased(c, shifted),
        high: n.muladd(-high, x).named("high"),
        low: (n * low).named("low"),
    }
}

/// e^r - 1 for r = `high - low`.
fn exp_m1_reduced<'c>(c: &'c Code, high: X<'c>, low: X<'c>) -> X<'c> {
    let r = (high - low).named("r");
    let p = r.polynomial(c.pick(EXP_32, EXP_64)).named("p");
    high + p.muladd(r.squared(), -low)
}

/// 2^x for an x so bounded that the exponent of the result has at most one bit more than the format's.
pub(super) fn exp2_bounded<'c>(c: &'c Code, x: X<'c>, rest: X<'c>) -> X<'c> {
    let shifted = (x + shifter(c)).named("shifted");
    let r = (((x - (shifted - shifter(c))) + rest) * LN_2).named("r");
    let y = 1.0 + c.call1("exp_m1_reduced", &[r, c.number(0.0)]);
    scale(c, y, twice_biased(c, shifted))
}

/// `y` times 2^n in two steps, since 2^n itself may be too large or too small.
pub(super) fn scale<'c>(c: &'c Code, y: X<'c>, biased: X<'c>) -> X<'c> {
    let half = biased.ushr(1).named("half");
    y * power_of_two(c, half) * power_of_two(c, biased - half)
}

/// The smaller of a number and a bound; NaN for NaN.
pub(super) fn at_most<'c>(x: X<'c>, bound: f64) -> X<'c> {
    x.gt(bound).select(x.like(bound), x).named("bounded")
}

/// As [`at_most`], with a lower bound too.
fn clamp<'c>(x: X<'c>, low: f64, high: f64) -> X<'c> {
    at_most(x.lt(low).select(x.like(low), x).named("bounded"), high)
}

/// What sinh x and cosh x have in common: with x = n ln 2 + r they are the sums of sinh r and cosh r times half the sum
/// and half the difference of 2^n and 2^-n. Everything is halved once more against overflow.
struct Hyperbolic<'c> {
    sum: X<'c>,
    difference: X<'c>,
    sinh: X<'c>,
    cosh_m1: X<'c>,
}

impl<'c> Hyperbolic<'c> {
    /// The four for |x|.
    fn of(c: &'c Code, x: X<'c>) -> Hyperbolic<'c> {
        let h = c.call("hyperbolic", &[x.abs()]);
        Hyperbolic {
            sum: h[0].named("sum"),
            difference: h[1].named("difference"),
            sinh: h[2].named("sinh"),
            cosh_m1: h[3].named("cosh_m1"),
        }
    }
}

fn hyperbolic<'c>(c: &'c Code, x: X<'c>) -> Hyperbolic<'c> {
    // beyond the bound both overflow
    let r = reduce(c, at_most(x, c.pick(89.6, 710.6)));
    let up = power_of_two(c, r.biased - (c.bias() + 2)).named("up");
    // 2^-n does not count beyond n = 60 or so, and has no exponent beyond 1022
    let n = r.biased - 2 * c.bias();
    let n = n.gt(100).select(n.like(100), n);
    let down = power_of_two(c, (c.bias() - 2) - n).named("down");
    let (high, low) = (r.high, r.low);
    let r = (high - low).named("r");
    let z = r.squared().named("z");
    let odd = z.polynomial(c.pick(SINH_32, SINH_64)).named("odd");
    let even = z.polynomial(c.pick(COSH_32, COSH_64)).named("even");
    Hyperbolic {
        sum: up + down,
        difference: up - down,
        sinh: high + odd.muladd(z * r, -low),
        cosh_m1: even * z,
    }
}

pub(super) fn define_all(m: &mut Module, float: Scalar) {
    define(m, float, "exp_m1_reduced", &["high", "low"], |c, x| vec![exp_m1_reduced(c, x[0], x[1])]);
    define(m, float, "exp2_bounded", &["x", "rest"], |c, x| vec![exp2_bounded(c, x[0], x[1])]);
    define(m, float, "hyperbolic", &["x"], |c, x| {
        let h = hyperbolic(c, x[0]);
        vec![h.sum, h.difference, h.sinh, h.cosh_m1]
    });
    define(m, float, "exp", &["x"], |c, x| {
        let r = reduce(c, clamp(x[0], c.pick(-104.0, -746.0), c.pick(89.0, 710.0)));
        let y = 1.0 + c.call1("exp_m1_reduced", &[r.high, r.low]);
        vec![scale(c, y, r.biased)]
    });
    define(m, float, "exp2", &["x"], |c, x| {
        let x = clamp(x[0], c.pick(-151.0, -1076.0), c.pick(128.0, 1024.0));
        vec![c.call1("exp2_bounded", &[x, c.number(0.0)])]
    });
    define(m, float, "exp_m1", &["x"], |c, x| {
        // Below the least clamped argument the result is -1 to the last bit.
        let r = reduce(c, clamp(x[0], c.pick(-40.0, -80.0), c.pick(89.0, 710.0)));
        let p = c.call1("exp_m1_reduced", &[r.high, r.low]).named("p");
        // half of 2^n, so that it does not overflow before the result does
        let half = power_of_two(c, r.biased - (c.bias() + 1)).named("half");
        let y = p.muladd(half, half - 0.5) * 2.0;
        vec![x[0].abs().lt(c.pick(1e-9, 1e-18)).select(x[0], y)]
    });
    define(m, float, "sinh", &["x"], |c, x| {
        let h = Hyperbolic::of(c, x[0]);
        // S (a + b) + C (a - b), the 1 of C apart
        let small = h.cosh_m1.muladd(h.difference, h.sinh * h.sum);
        let y = (h.difference + small) * 2.0;
        let y = y.copysign(x[0]);
        vec![x[0].abs().lt(c.pick(1e-5, 1e-10)).select(x[0], y)]
    });
    define(m, float, "cosh", &["x"], |c, x| {
        let h = Hyperbolic::of(c, x[0]);
        let small = h.cosh_m1.muladd(h.sum, h.sinh * h.difference);
        vec![(h.sum + small) * 2.0]
    });
    define(m, float, "tanh", &["x"], |c, x| {
        // t / (t + 2) with t = e^(2 |x|) - 1; beyond the bound it is 1 to the last bit
        let twice = at_most(x[0].abs() * 2.0, c.pick(20.0, 44.0));
        let t = c.call1("exp_m1", &[twice]).named("t");
        let base = (t + 2.0).named("base");
        let part = (base - t).named("part");
        let base_rest = (t - (base - part)) + (2.0 - part);
        let reciprocal = (1.0 / base).named("reciprocal");
        let y = (t * reciprocal).named("y");
        let product = (y * base).named("product");
        let error = c.call1("product_error", &[y, base, product]);
        let missing = ((t - product) - error) - y * base_rest;
        vec![missing.muladd(reciprocal, y).copysign(x[0])]
    });
}
