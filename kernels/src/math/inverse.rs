//! Inverse trigonometric functions: polynomials up to one half, and identities that lead there.

use std::f64::consts::FRAC_PI_2;

use super::code::{Code, X, define};
use super::coefficients::*;
use crate::ir::{Module, Scalar};

// pi / 2 = FRAC_PI_2 + this, in f64
const HALF_PI_REST: f64 = 6.123233995736766e-17;

/// pi / 2, rounded to the float type, and what rounding took.
fn half_pi(c: &Code) -> (f64, f64) {
    let high = c.pick(FRAC_PI_2 as f32 as f64, FRAC_PI_2);
    (high, (FRAC_PI_2 - high) + HALF_PI_REST)
}

/// The angle whose tangent is `y / x`, both positive: from 0 to pi / 2.
fn first_quadrant<'c>(c: &'c Code, y: X<'c>, x: X<'c>) -> X<'c> {
    let steep = y.gt(x).named("steep");
    let (small, large) = (steep.select(x, y).named("small"), steep.select(y, x).named("large"));
    // above one half, the distance from pi / 4: tan(a - pi / 4) = (tan a - 1) / (tan a + 1)
    let middle = small.gt(large * 0.5).named("middle");
    let top = middle.select(small - large, small);
    let base = middle.select(small + large, large);
    let t = (top / base).named("t");
    let z = t.squared().named("z");
    let tail = (z.polynomial(c.pick(ATAN_32, ATAN_64)) * (z * t)).named("tail");
    let (half_pi, rest) = half_pi(c);
    // pi / 4 - |t|, or t itself
    let start = middle.select(c.number(half_pi * 0.5), 0.0).named("start");
    let start_rest = middle.select(c.number(rest * 0.5), 0.0).named("start_rest");
    let shallow = (start + (t + (tail + start_rest))).named("shallow");
    // pi / 2 less that
    let other = steep.select(c.number(half_pi) - start, 0.0).named("other");
    let mirrored = other - (t + (tail - (rest - start_rest)));
    steep.select(mirrored, shallow)
}

/// `y` and `x` times a power of two, so that their sum does not overflow and they are not subnormal.
fn scaled<'c>(c: &'c Code, y: X<'c>, x: X<'c>) -> (X<'c>, X<'c>) {
    let (huge, tiny) = c.pick((2f64.powi(120), 2f64.powi(-90)), (2f64.powi(1000), 2f64.powi(-900)));
    let largest = y.gt(x).select(y, x).named("largest");
    let up = largest.lt(tiny).select(c.number(c.pick(2f64.powi(60), 2f64.powi(600))), 1.0);
    let factor = largest.gt(huge).select(c.number(c.pick(2f64.powi(-8), 2f64.powi(-24))), up).named("factor");
    (y * factor, x * factor)
}

/// asin x - x for |x| <= 1/2 and z = x^2.
fn asin_tail<'c>(c: &'c Code, x: X<'c>, z: X<'c>) -> X<'c> {
    z.polynomial(c.pick(ASIN_32, ASIN_64)) * (z * x)
}

/// sqrt((1 - |x|) / 2), what its square lacks over twice itself, and the square.
fn half_angle<'c>(c: &'c Code, a: X<'c>) -> (X<'c>, X<'c>, X<'c>) {
    let z = ((1.0 - a) * 0.5).named("z");
    let s = z.sqrt().named("s");
    let square = (s * s).named("square");
    let error = c.call1("product_error", &[s, s, square]);
    let lost = ((z - square) - error) / (s + s);
    (s, z.gt(0.0).select(lost, 0.0).named("lost"), z)
}

pub(super) fn define_all(m: &mut Module, float: Scalar) {
    define(m, float, "asin_tail", &["x", "z"], |c, x| vec![asin_tail(c, x[0], x[1])]);
    define(m, float, "half_angle", &["a"], |c, x| {
        let (s, lost, z) = half_angle(c, x[0]);
        vec![s, lost, z]
    });
    define(m, float, "asin", &["x"], |c, x| {
        let a = x[0].abs().named("a");
        let outer = a.gt(0.5).named("outer");
        let h = c.call("half_angle", &[a]);
        let (s, lost, z) = (h[0].named("s"), h[1].named("lost"), h[2].named("z"));
        let r = outer.select(s, a).named("r");
        let tail = c.call1("asin_tail", &[r, outer.select(z, a * a)]).named("tail");
        // pi / 2 - 2 (s + lost + tail): the halves of pi / 2 stand on both sides
        let (half_pi, rest) = half_pi(c);
        let quarter = half_pi * 0.5;
        let s1 = s.upper_half().named("s1");
        let s2 = ((s - s1) + lost).named("s2");
        let low = 2.0 * tail - (rest - 2.0 * s2);
        let far = quarter - (low - (quarter - 2.0 * s1));
        vec![outer.select(far, a + tail).copysign(x[0])]
    });
    define(m, float, "acos", &["x"], |c, x| {
        let a = x[0].abs().named("a");
        let outer = a.gt(0.5).named("outer");
        let h = c.call("half_angle", &[a]);
        let (s, lost, z) = (h[0].named("s"), h[1].named("lost"), h[2].named("z"));
        let r = outer.select(s, x[0]).named("r");
        let tail = c.call1("asin_tail", &[r, outer.select(z, a * a)]).named("tail");
        let (half_pi, rest) = half_pi(c);
        let near_zero = half_pi - (r - (rest - tail));
        let near_one = (s + (tail + lost)) * 2.0;
        let near_minus_one = (half_pi - (s + ((tail + lost) - rest))) * 2.0;
        let far = x[0].lt(0.0).select(near_minus_one, near_one);
        vec![outer.select(far, near_zero)]
    });
    define_arctangents(m, float);
}

fn define_arctangents(m: &mut Module, float: Scalar) {
    define(m, float, "first_quadrant", &["y", "x"], |c, x| vec![first_quadrant(c, x[0], x[1])]);
    define(m, float, "atan", &["x"], |c, x| {
        let a = x[0].abs().named("a");
        // beyond the bound, it is pi / 2 to the last bit
        let bounded = a.gt(1e30).select(c.number(1e30), a).named("bounded");
        let y = c.call1("first_quadrant", &[bounded, c.number(1.0)]);
        vec![a.lt(c.pick(1e-5, 1e-10)).select(a, y).copysign(x[0])]
    });
    define(m, float, "atan2", &["y", "x"], |c, args| {
        let (y, x) = (args[0], args[1]);
        let (up, right) = scaled(c, y.abs().named("up"), x.abs().named("right"));
        let (up, right) = (up.named("up"), right.named("right"));
        let angle = c.call1("first_quadrant", &[up, right]);
        // 0 / 0 is the angle 0, and inf / inf is pi / 4
        let angle = up.equals(0.0).select(c.number(0.0), angle).named("angle");
        let diagonal = c.number(half_pi(c).0 * 0.5);
        let same = up.equals(right).named("same");
        let angle = same.select(up.equals(0.0).select(c.number(0.0), diagonal), angle).named("angle");
        // on the left, pi less that, by the sign bit: -0 is on the left
        let (half_pi, rest) = half_pi(c);
        let left = x.bits().lt(0).named("left");
        let mirrored = 2.0 * half_pi - (angle - 2.0 * rest);
        let result = left.select(mirrored, angle).copysign(y).named("angle");
        // NaN where one argument is
        let number = x.equals(x).named("number");
        vec![number.select(result, x)]
    });
}
