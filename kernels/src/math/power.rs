//! Powers and roots.

use std::f64::consts::LOG2_E;

use super::code::{Code, X, define};
use super::coefficients::*;
use super::exp::{at_most, power_of_two, shifter};
use super::fast_two_sum;
use crate::ir::{Module, Scalar};

/// A number as a sum of two, of which the second is small.
#[derive(Clone, Copy)]
struct Pair<'c>(X<'c>, X<'c>);

impl<'c> Pair<'c> {
    /// A constant given by a double and what is missing from it.
    fn constant(c: &'c Code, high: f64, rest: f64) -> Pair<'c> {
        let first = c.pick(high as f32 as f64, high);
        Pair(c.number(first), c.number((high - first) + rest))
    }

    /// The product, without the product of the second parts.
    fn times(self, c: &'c Code, other: Pair<'c>) -> Pair<'c> {
        let product = (self.0 * other.0).named("product");
        let error = c.call1("product_error", &[self.0, other.0, product]);
        Pair(product, self.0.muladd(other.1, self.1.muladd(other.0, error)).named("rest"))
    }

    /// The sum with a number that is zero or not smaller.
    fn plus(self, larger: X<'c>) -> Pair<'c> {
        let (sum, lost) = fast_two_sum(larger, self.0);
        Pair(sum.named("sum"), (lost + self.1).named("rest"))
    }
}

/// The logarithm to base 2 of a positive number in two parts, with 10 bits more than the format has.
fn log2_pair<'c>(c: &'c Code, x: X<'c>) -> Pair<'c> {
    let (k, mantissa) = c.call2("split", &[x], ["k", "mantissa"]);
    let f = (mantissa - 1.0).named("f");
    // s = f / (2 + f), so that 1 + f = (1 + s) / (1 - s)
    let (base, base_rest) = fast_two_sum(f.like(2.0), f);
    let base = base.named("base");
    let reciprocal = (1.0 / base).named("reciprocal");
    let s = (f * reciprocal).named("s");
    let whole = (s * base).named("whole");
    let error = c.call1("product_error", &[s, base, whole]);
    let missing = ((f - whole) - error) - s * base_rest;
    let s = Pair(s, (missing * reciprocal).named("s_rest"));
    // ln(1 + f) = s (2 + 2/3 s^2 + s^4 ..)
    let z = s.times(c, s);
    let mut q = Pair::constant(c, 2.0 / 3.0, 3.700743415417189e-17).times(c, z);
    q.1 = z.0.polynomial(c.pick(LN_TAIL_32, LN_TAIL_64)).muladd(z.0.squared(), q.1);
    let (high, low) = fast_two_sum(q.0, q.1.named("q_rest"));
    let sum = Pair(high.named("q"), low.named("q_rest")).plus(c.number(2.0));
    let ln = sum.times(c, s);
    ln.times(c, Pair::constant(c, LOG2_E, 2.0355273740931033e-17)).plus(k)
}

/// Whether a number that is not negative is an integer.
fn is_integer<'c>(c: &'c Code, a: X<'c>) -> X<'c> {
    let all_integers = (c.mantissa() as f64).exp2();
    let rounded = (a + all_integers) - all_integers;
    a.lt(all_integers).select(rounded, a).equals(a)
}

/// |x|^y for positive finite x.
fn power_of_positive<'c>(c: &'c Code, a: X<'c>, y: X<'c>) -> X<'c> {
    // beyond the bound, the result is 0, 1 or infinite anyway
    let bounded = at_most(y.abs(), c.pick(2f64.powi(40), 2f64.powi(70))).copysign(y).named("bounded");
    let (log, log_rest) = c.call2("log2_pair", &[a], ["log", "log_rest"]);
    let exponent = Pair(log, log_rest).times(c, Pair(bounded, c.number(0.0)));
    let limit = c.pick(200.0, 1200.0);
    let whole = at_most(exponent.0.abs(), limit).copysign(exponent.0).named("whole");
    let rest = exponent.0.abs().lt(limit).select(exponent.1, 0.0);
    c.call1("exp2_bounded", &[whole, rest])
}

fn powf<'c>(c: &'c Code, x: X<'c>, y: X<'c>) -> X<'c> {
    let a = x.abs().named("a");
    let y_size = y.abs().named("y_size");
    let result = power_of_positive(c, a, y).named("result");
    let rising = y.gt(0.0).named("rising");
    let zero_or_inf = |yes: X<'c>| yes.select(c.number(f64::INFINITY), 0.0);
    let result = a.equals(0.0).select(rising.select(c.number(0.0), f64::INFINITY), result).named("result");
    let result = a.equals(f64::INFINITY).select(zero_or_inf(rising), result).named("result");
    // a negative base: NaN unless y is an integer, negative if that is odd
    let negative = x.bits().lt(0).named("negative");
    let integer = is_integer(c, y_size).named("integer");
    let even = is_integer(c, y_size * 0.5).named("even");
    let odd = negative & integer & !even;
    let result = odd.select(-result, result).named("result");
    let proper = a.gt(0.0) & a.lt(f64::INFINITY);
    let imaginary = (negative & proper & !integer).named("imaginary");
    let result = imaginary.select(c.number(f64::NAN), result).named("result");
    let result = x.equals(x).select(result, x).named("result");
    let result = y.equals(y).select(result, y).named("result");
    (y.equals(0.0) | x.equals(1.0)).select(c.number(1.0), result)
}

/// The cube root by Halley's iteration, from a polynomial.
fn cbrt<'c>(c: &'c Code, x: X<'c>) -> X<'c> {
    let a = x.abs().named("a");
    let (up, down) = c.pick((2f64.powi(24), 2f64.powi(-8)), (2f64.powi(54), 2f64.powi(-18)));
    let small = a.lt(c.pick(f32::MIN_POSITIVE as f64, f64::MIN_POSITIVE)).named("small");
    let bits = small.select(a * up, a).bits().named("bits");
    // the exponent as 3 third + rest, with a rest of 0, 1 or 2
    let base = (c.mantissa() as f64).exp2();
    let exponent = (bits.ushr(c.mantissa()) | c.bits_of(base)).float() - (base + c.bias() as f64);
    let exponent = exponent.named("exponent");
    let shifted = (exponent - 1.0).muladd(1.0 / 3.0, shifter(c)).named("shifted");
    let third = shifted - shifter(c);
    let rest = third.muladd(-3.0, exponent).named("rest");
    let m = ((bits & ((1 << c.mantissa()) - 1)) | c.bits_of(1.0)).float().named("m");
    let factor = |zero: f64, one: f64, two: f64| {
        rest.equals(0.0).select(c.number(zero), rest.equals(1.0).select(c.number(one), two))
    };
    let v = (m * factor(1.0, 2.0, 4.0)).named("v");
    let t = m.polynomial(c.pick(CBRT_32, CBRT_64)) * factor(1.0, 1.2599210498948732, 1.5874010519681994);
    let mut t = t.named("t");
    if c.is_double() {
        t = ((t * 2.0 + v / t.squared()) * (1.0 / 3.0)).named("t");
    }
    // with half the digits, so that the square is exact
    let t = t.upper_half().named("t");
    let r = (v / t.squared()).named("r");
    let y = t + t * ((r - t) / (t * 2.0 + r));
    let y = y * power_of_two(c, shifted.bits() + (c.bias() - c.bits_of(shifter(c))));
    let y = (y * small.select(c.number(down), 1.0)).copysign(x).named("y");
    let proper = a.gt(0.0) & a.lt(f64::INFINITY);
    proper.select(y, x)
}

/// The length of a vector, scaled so that the squares neither overflow nor vanish.
fn hypot<'c>(c: &'c Code, x: X<'c>, y: X<'c>) -> X<'c> {
    let (a, b) = (x.abs().named("a"), y.abs().named("b"));
    let largest = a.gt(b).select(a, b).named("largest");
    let ((huge, down), (tiny, up)) = c.pick(((60, -66), (-60, 90)), ((500, -600), (-500, 700)));
    let power = |e: i32| 2f64.powi(e);
    let choose = |low: f64, high: f64| {
        let other = largest.gt(power(huge)).select(c.number(high), 1.0);
        largest.lt(power(tiny)).select(c.number(low), other)
    };
    let factor = choose(power(up), power(down)).named("factor");
    let back = choose(power(-up), power(-down)).named("back");
    let (a1, b1) = ((a * factor).named("a1"), (b * factor).named("b1"));
    let y = a1.muladd(a1, b1 * b1).sqrt() * back;
    let infinite = a.equals(f64::INFINITY) | b.equals(f64::INFINITY);
    infinite.select(c.number(f64::INFINITY), y)
}

pub(super) fn define_all(m: &mut Module, float: Scalar) {
    define(m, float, "log2_pair", &["x"], |c, x| {
        let log = log2_pair(c, x[0]);
        vec![log.0, log.1]
    });
    define(m, float, "cbrt", &["x"], |c, x| vec![cbrt(c, x[0])]);
    define(m, float, "hypot", &["x", "y"], |c, x| vec![hypot(c, x[0], x[1])]);
    define(m, float, "powf", &["x", "y"], |c, x| vec![powf(c, x[0], x[1])]);
}
