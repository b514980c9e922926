//! The error functions, and the gamma function's logarithm with its derivatives.

use std::f64::consts::PI;

use super::code::{Code, X, define};
use super::coefficients::*;
use super::exp::at_most;
use crate::ir::{Module, Scalar};

// pi = PI + this, in f64
const PI_REST: f64 = 1.2246467991473532e-16;
const LN_PI: f64 = 1.1447298858494002;
// ln(2 pi) / 2 - 1/2
const STIRLING: f64 = 0.4189385332046727;
/// The root of digamma less 3/2, and what rounding took from it.
const DIGAMMA_ROOT: (f64, f64) = (-0.03836785503163766, -1.6445603550442201e-18);

/// The coefficients of Stirling's series in 1/x^2, times 1/x: B(2k) / (2k (2k - 1)).
const LN_GAMMA_SERIES: &[f64] = &[
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360360.0,
    1.0 / 156.0,
    -3617.0 / 122400.0,
];

/// The coefficients of digamma's series in 1/x^2, times 1/x^2: B(2k) / 2k.
const DIGAMMA_SERIES: &[f64] =
    &[1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0];

/// The coefficients of trigamma's series in 1/x^2, times 1/x^3: B(2k).
const TRIGAMMA_SERIES: &[f64] =
    &[1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];

/// erfc a for a >= 0: e^(-a^2) / (1 + 2 a) times a function that hardly varies.
fn erfc_positive<'c>(c: &'c Code, a: X<'c>) -> X<'c> {
    // beyond the bound it is 0
    let a = at_most(a, c.pick(12.0, 28.0)).named("a");
    let t = ((a - 4.0) / (a + 4.0)).named("t");
    let square = a.squared().named("square");
    let lost = c.call1("product_error", &[a, a, square]);
    let power = c.call1("exp", &[-square]).named("power");
    let y = (power * t.polynomial(c.pick(ERFC_32, ERFC_64)) / a.muladd(2.0, c.number(1.0))).named("y");
    // e^-(square + lost) = e^-square (1 - lost)
    y - y * lost
}

/// How far |x| is from the nearest integer: from -1/2 to 1/2; 0 where every number is an integer.
fn off_integer<'c>(c: &'c Code, a: X<'c>) -> X<'c> {
    let all_integers = (c.mantissa() as f64).exp2();
    let rounded = (a + all_integers) - all_integers;
    a.lt(all_integers).select(a - rounded, 0.0)
}

/// sin(pi r) and cos(pi r) for 0 <= r <= 1/2.
fn of_half_turn<'c>(c: &'c Code, r: X<'c>) -> (X<'c>, X<'c>) {
    let steep = r.gt(0.25).named("steep");
    let q = steep.select(0.5 - r, r).named("q");
    let (pi, rest) = (c.pick(PI as f32 as f64, PI), c.pick(PI - PI as f32 as f64, PI_REST));
    let angle = (q * pi).named("angle");
    let error = c.call1("product_error", &[q, c.number(pi), angle]);
    let low = q.muladd(rest, error).named("low");
    let (sin, sin_rest) = c.call2("sin_parts", &[angle, low], ["sin", "sin_rest"]);
    let (cos, cos_rest) = c.call2("cos_parts", &[angle, low], ["cos", "cos_rest"]);
    let (sin, cos) = (sin + sin_rest, cos + cos_rest);
    (steep.select(cos, sin), steep.select(sin, cos))
}

/// ln gamma x for x >= 0. Up to 8.5 the argument is moved to between 1.5 and 2.5, where a polynomial has the factors that
/// are 0 at 1 and 2 apart; from there on Stirling's series.
fn ln_gamma_positive<'c>(c: &'c Code, x: X<'c>) -> X<'c> {
    let (tiny, low, far) = (x.lt(0.5).named("tiny"), x.lt(1.5).named("low"), x.gt(8.5).named("far"));
    // d is where the argument went, less 2; the product is what the way there multiplies
    let mut product = tiny.select(x * (x + 1.0), low.select(x, 1.0));
    let mut d = tiny.select(x, low.select(x - 1.0, x - 2.0));
    for step in 1..=6 {
        let factor = x - step as f64;
        let needed = factor.lt(1.5).named("stay");
        product = needed.select(product, product * factor);
        d = needed.select(d, factor - 2.0);
    }
    let l = c.call1("ln", &[far.select(x, product)]).named("l");
    let d = d.named("d");
    let near = ((d + 1.0) * d * d.polynomial(c.pick(LN_GAMMA_32, LN_GAMMA_64))).named("near");
    let series = (1.0 / x).named("inverse");
    let series = series.squared().polynomial(c.pick(&LN_GAMMA_SERIES[..4], LN_GAMMA_SERIES)) * series;
    let stirling = (x - 0.5) * (l - 1.0) + (series + STIRLING);
    far.select(stirling, near + low.select(-l, l))
}

/// digamma x for x > 0: a polynomial between 1 and 2, less its root's factor; up to 10 the recurrence; then a series.
fn digamma_positive<'c>(c: &'c Code, x: X<'c>) -> X<'c> {
    let (small, far) = (x.lt(1.0).named("small"), x.gt(10.0).named("far"));
    // the sum of 1 / (x - step) as a quotient
    let mut u = small.select(x - 0.5, x - 1.5);
    let (mut top, mut base) = (small.select(c.number(-1.0), 0.0), small.select(x, 1.0));
    for step in 1..=8 {
        let factor = (x - step as f64).named("factor");
        let stay = factor.lt(1.0).named("stay");
        top = stay.select(top, top.muladd(factor, base));
        base = stay.select(base, base * factor);
        u = stay.select(u, factor - 1.5);
    }
    let u = u.named("u");
    let (high, low) = DIGAMMA_ROOT;
    let (high, low) = c.pick((high as f32 as f64, high - high as f32 as f64), (high, low));
    let polynomial = u.polynomial(c.pick(DIGAMMA_32, DIGAMMA_64));
    let near = ((u - high) - low) * polynomial + top / base;
    let l = c.call1("ln", &[x]);
    let w = (1.0 / (x * x)).named("w");
    let series = w.polynomial(c.pick(&DIGAMMA_SERIES[..4], DIGAMMA_SERIES)) * w;
    far.select(l - (0.5 / x + series), near)
}

/// trigamma x for x > 0: the recurrence, whose terms are all positive, up to 12, and a series.
fn trigamma_positive<'c>(c: &'c Code, x: X<'c>) -> X<'c> {
    let far = x.gt(12.0).named("far");
    let z = far.select(x, x + 12.0).named("z");
    let w = (1.0 / (z * z)).named("w");
    let series = w.polynomial(c.pick(&TRIGAMMA_SERIES[..4], TRIGAMMA_SERIES));
    let start = ((series * w / z + 0.5 * w) + 1.0 / z).named("start");
    let sum = (0..12).rev().fold(start, |sum, step| {
        let term = (1.0 / (x + step as f64)).named("term");
        sum + term * term
    });
    far.select(start, sum)
}

pub(super) fn define_all(m: &mut Module, float: Scalar) {
    define(m, float, "erfc_positive", &["a"], |c, x| vec![erfc_positive(c, x[0])]);
    define(m, float, "erf", &["x"], |c, x| {
        let a = x[0].abs().named("a");
        let near = x[0].squared().polynomial(c.pick(ERF_32, ERF_64)).muladd(x[0], x[0]).named("near");
        let far = 1.0 - c.call1("erfc_positive", &[a]);
        vec![a.lt(1.0).select(near, far.copysign(x[0]))]
    });
    define(m, float, "erfc", &["x"], |c, x| {
        let y = c.call1("erfc_positive", &[x[0].abs()]).named("y");
        vec![x[0].lt(0.0).select(2.0 - y, y)]
    });
    define(m, float, "of_half_turn", &["r"], |c, x| {
        let (sin, cos) = of_half_turn(c, x[0]);
        vec![sin, cos]
    });
    define_gamma(m, float);
}

/// Left of 0 by reflection.
fn define_gamma(m: &mut Module, float: Scalar) {
    define(m, float, "ln_gamma", &["x"], |c, x| {
        // so close to 0 it is -ln |x|, on both sides
        let left = x[0].lt(-1e-25).named("left");
        let y = ln_gamma_positive(c, left.select(1.0 - x[0], x[0].abs()).named("mirrored")).named("y");
        let (sin, _) = c.call2("of_half_turn", &[off_integer(c, x[0].abs()).abs()], ["sin", "_cos"]);
        let mirrored = (LN_PI - c.call1("ln", &[sin])) - y;
        let mirrored = sin.equals(0.0).select(c.number(f64::INFINITY), mirrored);
        vec![left.select(mirrored, y)]
    });
    define(m, float, "digamma_positive", &["x"], |c, x| vec![digamma_positive(c, x[0])]);
    define(m, float, "digamma", &["x"], |c, x| {
        let left = x[0].lt(0.0).named("left");
        let mirrored = left.select(1.0 - x[0], x[0]).named("mirrored");
        let y = c.call1("digamma_positive", &[mirrored]).named("y");
        let r = off_integer(c, x[0].abs()).named("r");
        let (sin, cos) = c.call2("of_half_turn", &[r.abs()], ["sin", "cos"]);
        // at a pole both signs of infinity are near
        let cotangent = sin.equals(0.0).select(c.number(f64::NAN), cos / sin).copysign(r);
        vec![left.select(cotangent.muladd(PI, y), y)]
    });
    define(m, float, "trigamma", &["x"], |c, x| {
        let left = x[0].lt(0.0).named("left");
        let y = trigamma_positive(c, left.select(1.0 - x[0], x[0]).named("mirrored")).named("y");
        let (sin, _) = c.call2("of_half_turn", &[off_integer(c, x[0].abs()).abs()], ["sin", "_cos"]);
        let pole = (PI / sin).named("pole");
        vec![left.select(pole.muladd(pole, -y), y)]
    });
}
