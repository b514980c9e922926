//! Sine, cosine, tangent: x = q pi / 2 + r with |r| <= pi / 4, and polynomials in r.
//!
//! Arguments up to a bound are reduced by Cody and Waite's method, whose parts of pi / 2 have so few bits that their
//! products with q are exact. Larger ones take the other side of a branch: every finite argument is reduced to full
//! precision. In a loop over lanes LLVM would compute both sides and choose (which works, since the other side has no
//! loop and no table in memory, but takes two to five times as long), so lanes first make a pass with `sin_near`, which
//! knows small arguments only, and note whether they met another one: see [`super::NEAR`].

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use super::code::{Code, X, define, define_typed};
use super::coefficients::*;
use super::exp::shifter;
use super::fast_two_sum;
use crate::ir::{Module, Scalar};

/// Cody and Waite's method for |x| up to [`bound`]: the quadrant (its two lowest bits count) and r in two parts.
fn reduce_small<'c>(c: &'c Code, x: X<'c>) -> Vec<X<'c>> {
    let parts = c.pick(HALF_PI_32, HALF_PI_64);
    let shifted = x.muladd(FRAC_2_PI, shifter(c)).named("shifted");
    let n = (shifted - shifter(c)).named("n");
    let (last, parts) = parts.split_last().expect("pi / 2 has parts");
    let mut r = n.muladd(-parts[0], x).named("r");
    let mut lost = r.like(0.0);
    for &part in &parts[1..] {
        let next = n.muladd(-part, r).named("r");
        lost = lost + n.muladd(-part, r - next);
        r = next;
    }
    let (high, low) = fast_two_sum(r, n.muladd(-last, lost).named("rest"));
    vec![shifted.bits(), high, low]
}

/// Below which size [`reduce_small`] is exact: q has 13 bits or 20.
pub(super) fn bound(float: Scalar) -> f64 {
    if float == Scalar::F64 { 1e6 } else { 12e3 }
}

/// The quadrant and r for a large `f32`, in double precision: see `LARGE_32` for the rows.
fn reduce_large_single<'c>(c: &'c Code, x: X<'c>) -> Vec<X<'c>> {
    let (mut high, mut low) = {
        let last = LARGE_32[LARGE_32.len() - 1];
        (c.double(last.1), c.double(last.2))
    };
    for &(limit, h, l) in LARGE_32.iter().rev().skip(1) {
        let below = x.abs().lt(limit).named("below");
        high = below.select(c.double(h), high).named("high");
        low = below.select(c.double(l), low).named("low");
    }
    let x = x.to_f64().named("wide");
    // 29 bits and 24, whose products with the 24 bits of x are exact
    let upper = (high.bits() & (-1 << 24)).float().named("upper");
    let lower = (high - upper).named("lower");
    let magic = 6755399441055744.0;
    let shifted = (x.muladd(lower, x * upper) + magic).named("shifted");
    let rounded = shifted - magic;
    let turn = x.muladd(low, x.muladd(lower, x.muladd(upper, -rounded))).named("turn");
    // rounding before the addition left up to 3/4 of a quadrant
    let again = (turn + magic).named("again");
    let r = ((turn - (again - magic)) * FRAC_PI_2).to_f32();
    vec![((shifted.bits() + again.bits()) & 3).to_i32(), r, c.number(0.0)]
}

/// The quadrant and r for a large `f64`, by Payne and Hanek's method in integers: the mantissa times those 192 bits of
/// 2 / pi that make the two lowest bits of the integer part and 126 bits after the point.
fn reduce_large_double<'c>(c: &'c Code, x: X<'c>) -> Vec<X<'c>> {
    let low32 = 0xffff_ffff;
    let bits = x.abs().bits().named("bits");
    let mantissa = ((bits & ((1 << 52) - 1)) | (1 << 52)).named("mantissa");
    let (m1, m0) = (mantissa.ushr(32).named("m1"), (mantissa & low32).named("m0"));
    let [a, b, d] = two_over_pi(c, bits.ushr(52) - 1013);
    // the product's words above the lowest: a m at 2^64, b m at 1, d m at 2^-64
    let (b1, b0) = (b.ushr(32).named("b1"), (b & low32).named("b0"));
    let (d1, d0) = (d.ushr(32).named("d1"), (d & low32).named("d0"));
    let (p00, p01, p10) = ((m0 * b0).named("p00"), (m0 * b1).named("p01"), (m1 * b0).named("p10"));
    let middle = (p00.ushr(32) + (p01 & low32) + (p10 & low32)).named("middle");
    let below = m1 * d1 + (m1 * d0).ushr(32) + (m0 * d1).ushr(32);
    // half of each, so that the carry is the top bit
    let half = ((p00 & low32) | (middle << 32)).ushr(1) + below.ushr(1);
    let half = half.named("half");
    let low = (half << 1).named("low");
    let high = mantissa * a + m1 * b1 + p01.ushr(32) + p10.ushr(32) + middle.ushr(32) + half.ushr(63);
    let high = high.named("high");
    let quadrant = (high + (1 << 61)).ushr(62).named("quadrant");
    // what is left of a quadrant, from -2^61 to 2^61, plus 2^61 to be positive
    let left = (high - (quadrant << 62) + (1 << 61)).named("left");
    let f3 = (unsigned32(left.ushr(32)) - 536870912.0) * 2f64.powi(-30);
    let f2 = unsigned32(left & low32) * 2f64.powi(-62);
    let f1 = unsigned32(low.ushr(32)) * 2f64.powi(-94);
    let f0 = unsigned32(low & low32) * 2f64.powi(-126);
    let (turn, lost) = fast_two_sum(f3.named("f3"), f2.named("f2"));
    let (turn, rest) = fast_two_sum(turn.named("turn"), (lost + (f1 + f0)).named("lost"));
    let (turn, rest) = (turn.named("turn"), rest.named("rest"));
    // pi / 2 = FRAC_PI_2 + 6.123e-17
    let r = (turn * FRAC_PI_2).named("r");
    let error = c.call1("product_error", &[turn, c.number(FRAC_PI_2), r]);
    let error = (turn.muladd(6.123233995736766e-17, rest * FRAC_PI_2) + error).named("error");
    let (r, error) = fast_two_sum(r, error);
    let negative = x.lt(0.0).named("negative");
    let signed = |v: X<'c>| negative.select(-v, v);
    vec![signed(quadrant), signed(r.named("r")), signed(error.named("error"))]
}

/// Three words of 2 / pi, the first of which starts after that many bits; there are 64 zeros in front.
fn two_over_pi<'c>(_: &'c Code, start: X<'c>) -> [X<'c>; 3] {
    let start = start.named("start");
    let mut words: Vec<X> = std::iter::once(0).chain(TWO_OVER_PI).map(|w| start.like(w)).collect();
    let word = start.ushr(6).named("word");
    // moves the words down by 16 where that bit of the index is set, then by 8, ..
    for step in [16, 8, 4, 2, 1usize] {
        let set = (word & step as i64).equals(0).named("stay");
        let kept = 4 + step - 1;
        words =
            (0..kept).map(|i| words.get(i + step).map_or(words[i], |&w| set.select(words[i], w))).collect();
    }
    let shift = (start & 63).named("shift");
    let back = (63 - shift).named("back");
    let words: Vec<X> = words.iter().map(|w| w.named("w")).collect();
    [0, 1, 2].map(|i| ((words[i] << shift) | words[i + 1].ushr(1).ushr(back)).named("bits"))
}

/// An integer below 2^32 as a float.
fn unsigned32<'c>(i: X<'c>) -> X<'c> {
    (i | 0x4330_0000_0000_0000).float() - 4503599627370496.0
}

/// The sine for |r| <= pi / 4, and what rounding took from it.
fn sin_parts<'c>(c: &'c Code, high: X<'c>, low: X<'c>) -> (X<'c>, X<'c>) {
    let z = high.squared().named("z");
    let tail = z.polynomial(c.pick(SIN_32, SIN_64));
    // sin(high + low) = sin high + low cos high
    let low = z.muladd(low * -0.5, low);
    let tail = tail.muladd(z * high, low).named("tail");
    fast_two_sum(high, tail)
}

/// The cosine for |r| <= pi / 4, and what rounding took from it.
fn cos_parts<'c>(c: &'c Code, high: X<'c>, low: X<'c>) -> (X<'c>, X<'c>) {
    let z = high.squared().named("z");
    let half = (z * 0.5).named("half");
    let (one, lost) = fast_two_sum(high.like(1.0), -half);
    let one = one.named("one");
    let tail = z.polynomial(c.pick(COS_32, COS_64));
    fast_two_sum(one, (tail.muladd(z * z, lost) - high * low).named("tail"))
}

/// The quadrant and r of an argument, by one of the functions above.
fn reduce<'c>(c: &'c Code, by: &str, x: X<'c>) -> (X<'c>, X<'c>, X<'c>) {
    let r = c.call(by, &[x]);
    (r[0].named("quadrant"), r[1].named("high"), r[2].named("low"))
}

/// The sine of `r` plus that many quadrants.
fn sine<'c>(c: &'c Code, quadrant: X<'c>, high: X<'c>, low: X<'c>) -> X<'c> {
    let (sin, _) = c.call2("sin_parts", &[high, low], ["sin", "_sin_rest"]);
    let (cos, _) = c.call2("cos_parts", &[high, low], ["cos", "_cos_rest"]);
    let even = (quadrant & 1).equals(0).named("even");
    let y = even.select(sin, cos).named("y");
    (y.bits() ^ ((quadrant & 2) << c.pick(30, 62))).float()
}

/// The tangent of `r` plus that many quadrants: sin / cos or -cos / sin, with what rounding took from both.
fn tangent<'c>(c: &'c Code, quadrant: X<'c>, high: X<'c>, low: X<'c>) -> X<'c> {
    let even = (quadrant & 1).equals(0).named("even");
    let (sin, sin_rest) = c.call2("sin_parts", &[high, low], ["sin", "sin_rest"]);
    let (cos, cos_rest) = c.call2("cos_parts", &[high, low], ["cos", "cos_rest"]);
    let (top, top_rest) = (even.select(sin, -cos).named("top"), even.select(sin_rest, -cos_rest));
    let (base, base_rest) = (even.select(cos, sin).named("base"), even.select(cos_rest, sin_rest));
    let reciprocal = (1.0 / base).named("reciprocal");
    let y = (top * reciprocal).named("y");
    let product = (y * base).named("product");
    let error = c.call1("product_error", &[y, base, product]);
    let missing = ((top - product) - error) + (top_rest - y * base_rest);
    missing.muladd(reciprocal, y)
}

/// Where an odd function's value is the argument, also if that is subnormal or -0.
fn unless_tiny<'c>(c: &'c Code, x: X<'c>, y: X<'c>) -> X<'c> {
    x.abs().lt(c.pick(1e-5, 1e-9)).select(x, y)
}

pub(super) fn define_all(m: &mut Module, float: Scalar) {
    define(m, float, "reduce_small", &["x"], |c, x| reduce_small(c, x[0]));
    define(m, float, "reduce_large", &["x"], |c, x| {
        let large = if c.is_double() { reduce_large_double } else { reduce_large_single };
        let r = large(c, x[0]);
        // there is no angle at infinity
        let high = x[0].abs().lt(f64::INFINITY).select(r[1], f64::NAN);
        vec![r[0], high, r[2]]
    });
    define(m, float, "reduce", &["x"], |c, x| {
        let small = x[0].abs().lt(bound(c.float));
        c.branch(small, || c.call("reduce_small", x), || c.call("reduce_large", x))
    });
    define(m, float, "sin_parts", &["high", "low"], |c, x| {
        let (sin, rest) = sin_parts(c, x[0], x[1]);
        vec![sin.named("sin"), rest]
    });
    define(m, float, "cos_parts", &["high", "low"], |c, x| {
        let (cos, rest) = cos_parts(c, x[0], x[1]);
        vec![cos.named("cos"), rest]
    });
    let quadrant_and_r = &[
        ("quadrant", if float == Scalar::F64 { Scalar::I64 } else { Scalar::I32 }),
        ("high", float),
        ("low", float),
    ];
    define_typed(m, float, "sine", quadrant_and_r, |c, x| vec![sine(c, x[0], x[1], x[2])]);
    define_typed(m, float, "tangent", quadrant_and_r, |c, x| vec![tangent(c, x[0], x[1], x[2])]);
    for (by, suffix) in [("reduce", ""), ("reduce_small", "_near")] {
        define(m, float, &format!("sin{suffix}"), &["x"], |c, x| {
            let (quadrant, high, low) = reduce(c, by, x[0]);
            vec![unless_tiny(c, x[0], c.call1("sine", &[quadrant, high, low]))]
        });
        define(m, float, &format!("cos{suffix}"), &["x"], |c, x| {
            let (quadrant, high, low) = reduce(c, by, x[0]);
            vec![c.call1("sine", &[quadrant + 1, high, low])]
        });
        define(m, float, &format!("tan{suffix}"), &["x"], |c, x| {
            let (quadrant, high, low) = reduce(c, by, x[0]);
            vec![unless_tiny(c, x[0], c.call1("tangent", &[quadrant, high, low]))]
        });
    }
}
