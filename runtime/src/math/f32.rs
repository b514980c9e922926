//! Mathematical functions of `f32` that vectorise.
//!
//! Generated from kernels/src/math, where they are written and explained.
//! Refresh with `BLESS=1 cargo test -p pullback-kernels --test math_files`.

// Decimals of the constants, and branches that are one instruction in a loop over lanes.
#![allow(clippy::all)]

/// `a * b + c`, fused where the machine does that cheaply.
#[inline(always)]
pub fn muladd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `x` to an integer power, by repeated squaring.
#[inline(always)]
pub fn powi(x: f32, n: i64) -> f32 {
    let (mut base, mut left, mut power) = (x, n.unsigned_abs(), 1.0);
    while left != 0 {
        if left & 1 == 1 {
            power *= base;
        }
        base *= base;
        left >>= 1;
    }
    if n < 0 { 1.0 / power } else { power }
}

/// What rounding took from `product = a * b`: exact, by Dekker's method where the machine does not fuse.
#[inline(always)]
fn product_error<const FMA: bool>(a: f32, b: f32, product: f32) -> f32 {
    if FMA {
        return a.mul_add(b, -product);
    }
    let (a1, b1) = (upper(a), upper(b));
    let (a2, b2) = (a - a1, b - b1);
    ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2
}

/// The upper half of a number, so that the product of two is exact.
#[inline(always)]
fn upper(x: f32) -> f32 {
    let c = x * 4097.0;
    c - (c - x)
}

#[inline(always)]
fn exp_m1_reduced<const FMA: bool>(high: f32, low: f32) -> f32 {
    let r = high - low;
    let t = muladd::<FMA>(muladd::<FMA>(0.00019914299, r, 0.0013941103), r, 0.008333273);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, r, 0.041666355), r, 0.16666667);
    let p = muladd::<FMA>(t1, r, 0.5);
    high + muladd::<FMA>(p, r * r, -low)
}

#[inline(always)]
fn exp2_bounded<const FMA: bool>(x: f32, rest: f32) -> f32 {
    let shifted = x + 12582912.0;
    let r = ((x - (shifted - 12582912.0)) + rest) * 0.6931472;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4b3fff02);
    let half = (biased.cast_unsigned() >> 1).cast_signed();
    let t = (1.0 + exp_m1_reduced::<FMA>(r, 0.0)) * f32::from_bits((half << 23).cast_unsigned());
    let t1 = f32::from_bits((biased.wrapping_sub(half) << 23).cast_unsigned());
    t * t1
}

#[inline(always)]
fn hyperbolic<const FMA: bool>(x: f32) -> (f32, f32, f32, f32) {
    let bounded = if x > 89.6 { 89.6 } else { x };
    let shifted = muladd::<FMA>(bounded, 1.442695, 12582912.0);
    let n = shifted - 12582912.0;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4b3fff02);
    let high = muladd::<FMA>(n, -0.69311523, bounded);
    let low = n * 3.1946183e-5;
    let up = f32::from_bits((biased.wrapping_sub(129) << 23).cast_unsigned());
    let t = biased.wrapping_sub(254);
    let down = f32::from_bits((125_i32.wrapping_sub(if t > 100 { 100 } else { t }) << 23).cast_unsigned());
    let r = high - low;
    let z = r * r;
    let odd = muladd::<FMA>(muladd::<FMA>(0.00019905076, z, 0.008333289), z, 0.16666667);
    let even = muladd::<FMA>(muladd::<FMA>(0.0013946334, z, 0.041666266), z, 0.5);
    (up + down, up - down, high + muladd::<FMA>(odd, z * r, -low), even * z)
}

/// e to the power of the argument.
#[inline(always)]
pub fn exp<const FMA: bool>(x: f32) -> f32 {
    let bounded = if x < -104.0 { -104.0 } else { x };
    let bounded1 = if bounded > 89.0 { 89.0 } else { bounded };
    let shifted = muladd::<FMA>(bounded1, 1.442695, 12582912.0);
    let n = shifted - 12582912.0;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4b3fff02);
    let high = muladd::<FMA>(n, -0.69311523, bounded1);
    let low = n * 3.1946183e-5;
    let half = (biased.cast_unsigned() >> 1).cast_signed();
    let t = (1.0 + exp_m1_reduced::<FMA>(high, low)) * f32::from_bits((half << 23).cast_unsigned());
    let t1 = f32::from_bits((biased.wrapping_sub(half) << 23).cast_unsigned());
    t * t1
}

/// 2 to the power of the argument.
#[inline(always)]
pub fn exp2<const FMA: bool>(x: f32) -> f32 {
    let bounded = if x < -151.0 { -151.0 } else { x };
    let bounded1 = if bounded > 128.0 { 128.0 } else { bounded };
    exp2_bounded::<FMA>(bounded1, 0.0)
}

/// `exp(a) - 1`, accurate near zero.
#[inline(always)]
pub fn exp_m1<const FMA: bool>(x: f32) -> f32 {
    let bounded = if x < -40.0 { -40.0 } else { x };
    let bounded1 = if bounded > 89.0 { 89.0 } else { bounded };
    let shifted = muladd::<FMA>(bounded1, 1.442695, 12582912.0);
    let n = shifted - 12582912.0;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4b3fff02);
    let high = muladd::<FMA>(n, -0.69311523, bounded1);
    let low = n * 3.1946183e-5;
    let p = exp_m1_reduced::<FMA>(high, low);
    let half = f32::from_bits((biased.wrapping_sub(128) << 23).cast_unsigned());
    if x.abs() < 1e-9 { x } else { muladd::<FMA>(p, half, half - 0.5) * 2.0 }
}

/// The hyperbolic sine.
#[inline(always)]
pub fn sinh<const FMA: bool>(x: f32) -> f32 {
    let (sum, difference, sinh, cosh_m1) = hyperbolic::<FMA>(x.abs());
    let t = (difference + muladd::<FMA>(cosh_m1, difference, sinh * sum)) * 2.0;
    if x.abs() < 1e-5 { x } else { t.copysign(x) }
}

/// The hyperbolic cosine.
#[inline(always)]
pub fn cosh<const FMA: bool>(x: f32) -> f32 {
    let (sum, difference, sinh, cosh_m1) = hyperbolic::<FMA>(x.abs());
    (sum + muladd::<FMA>(cosh_m1, sum, sinh * difference)) * 2.0
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh<const FMA: bool>(x: f32) -> f32 {
    let t = x.abs() * 2.0;
    let bounded = if t > 20.0 { 20.0 } else { t };
    let t1 = exp_m1::<FMA>(bounded);
    let base = t1 + 2.0;
    let part = base - t1;
    let reciprocal = 1.0 / base;
    let y = t1 * reciprocal;
    let product = y * base;
    let t2 = ((t1 - product) - product_error::<FMA>(y, base, product)) - (y * ((t1 - (base - part)) + (2.0 - part)));
    muladd::<FMA>(t2, reciprocal, y).copysign(x)
}

#[inline(always)]
fn split<const FMA: bool>(x: f32) -> (f32, f32) {
    let small = x < 1.1754944e-38;
    let normal = if small { x * 33554432.0 } else { x };
    let shifted = normal.to_bits().cast_signed().wrapping_add(0x4afb0d);
    let t = normal.to_bits().cast_signed().wrapping_sub((shifted & -0x800000).wrapping_sub(0x3f800000));
    let t1 = f32::from_bits(((shifted.cast_unsigned() >> 23).cast_signed() | 0x4b000000).cast_unsigned());
    let k = t1 - 8388735.0;
    let mantissa = f32::from_bits(t.cast_unsigned());
    (k - (if small { 25.0_f32 } else { 0.0 }), mantissa)
}

#[inline(always)]
fn ln_parts<const FMA: bool>(f: f32) -> (f32, f32) {
    let half = (f * f) * 0.5;
    let t = muladd::<FMA>(muladd::<FMA>(0.06920926, f, -0.11799213), f, 0.11875506);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, f, -0.12383009), f, 0.14218168);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, f, -0.16669308), f, 0.20002252);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, f, -0.24999987), f, 0.3333331);
    (half, t3 * ((f * f) * f))
}

/// The natural logarithm.
#[inline(always)]
pub fn ln<const FMA: bool>(x: f32) -> f32 {
    let (k, mantissa) = split::<FMA>(x);
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let t = muladd::<FMA>(k, 0.69311523, f - (half - muladd::<FMA>(k, 3.1946183e-5, rest)));
    let y = if x < f32::INFINITY { t } else { x };
    let y1 = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x < 0.0 { f32::NAN } else { y1 }
}

/// `ln(1 + a)`, accurate near zero.
#[inline(always)]
pub fn ln_1p<const FMA: bool>(x: f32) -> f32 {
    let u = x + 1.0;
    let lost = if x < 1.0 { x - (u - 1.0) } else { 1.0 - (u - x) };
    let shifted = u.to_bits().cast_signed().wrapping_add(0x4afb0d);
    let t = u.to_bits().cast_signed().wrapping_sub((shifted & -0x800000).wrapping_sub(0x3f800000));
    let t1 = f32::from_bits(((shifted.cast_unsigned() >> 23).cast_signed() | 0x4b000000).cast_unsigned());
    let k = t1 - 8388735.0;
    let mantissa = f32::from_bits(t.cast_unsigned());
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let t2 = f - (half - (rest + muladd::<FMA>(k, 3.1946183e-5, lost / u)));
    let y = if x < f32::INFINITY { muladd::<FMA>(k, 0.69311523, t2) } else { x };
    let y1 = if x == -1.0 { f32::NEG_INFINITY } else { y };
    let y2 = if x < -1.0 { f32::NAN } else { y1 };
    if x.abs() < 1e-9 { x } else { y2 }
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2<const FMA: bool>(x: f32) -> f32 {
    let (k, mantissa) = split::<FMA>(x);
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let high = f32::from_bits(((f - half).to_bits().cast_signed() & -0x1000).cast_unsigned());
    let low = ((f - high) - half) + rest;
    let main = high * 1.4423828;
    let base = k * 1.0;
    let sum = base + main;
    let error = (base - sum) + main;
    let small = muladd::<FMA>(low + high, 0.0003122284, low * 1.4423828);
    let y = if x < f32::INFINITY { sum + (muladd::<FMA>(k, 0.0, small) + error) } else { x };
    let y1 = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x < 0.0 { f32::NAN } else { y1 }
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10<const FMA: bool>(x: f32) -> f32 {
    let (k, mantissa) = split::<FMA>(x);
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let high = f32::from_bits(((f - half).to_bits().cast_signed() & -0x1000).cast_unsigned());
    let low = ((f - high) - half) + rest;
    let main = high * 0.4342041;
    let base = k * 0.3010254;
    let sum = base + main;
    let error = (base - sum) + main;
    let small = muladd::<FMA>(low + high, 9.038034e-5, low * 0.4342041);
    let y = if x < f32::INFINITY { sum + (muladd::<FMA>(k, 4.605039e-6, small) + error) } else { x };
    let y1 = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x < 0.0 { f32::NAN } else { y1 }
}

/// The inverse hyperbolic sine.
#[inline(always)]
pub fn asinh<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let large = a > 100000000.0;
    let near = if large { 1.0 } else { a };
    let square = near * near;
    let t = if large { a } else { near + (square / (1.0 + (square + 1.0).sqrt())) };
    (ln_1p::<FMA>(t) + (if large { 0.6931472_f32 } else { 0.0 })).copysign(x)
}

/// The inverse hyperbolic cosine.
#[inline(always)]
pub fn acosh<const FMA: bool>(x: f32) -> f32 {
    let large = x > 100000000.0;
    let t = x - 1.0;
    let near = if large { 1.0 } else { t };
    let t1 = if large { t } else { near + muladd::<FMA>(near, near, near * 2.0).sqrt() };
    if x < 1.0 { f32::NAN } else { ln_1p::<FMA>(t1) + (if large { 0.6931472_f32 } else { 0.0 }) }
}

/// The inverse hyperbolic tangent.
#[inline(always)]
pub fn atanh<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    (ln_1p::<FMA>((a * 2.0) / (1.0 - a)) * 0.5).copysign(x)
}

#[inline(always)]
fn reduce_small<const FMA: bool>(x: f32) -> (i32, f32, f32) {
    let shifted = muladd::<FMA>(x, 0.63661975, 12582912.0);
    let n = shifted - 12582912.0;
    let r = muladd::<FMA>(n, -1.5703125, x);
    let r1 = muladd::<FMA>(n, -0.00048351288, r);
    let r2 = muladd::<FMA>(n, -3.138557e-7, r1);
    let t = (0.0 + muladd::<FMA>(n, -0.00048351288, r - r1)) + muladd::<FMA>(n, -3.138557e-7, r1 - r2);
    let r3 = muladd::<FMA>(n, -6.070877e-11, r2);
    let rest = muladd::<FMA>(n, -6.223372e-14, t + muladd::<FMA>(n, -6.070877e-11, r2 - r3));
    let t1 = r3 + rest;
    (shifted.to_bits().cast_signed(), t1, (r3 - t1) + rest)
}

#[inline(always)]
fn reduce_large<const FMA: bool>(x: f32) -> (i32, f32, f32) {
    let below = x.abs() < 4.056482e31;
    let high = if below { -3.935735335036497e-17_f64 } else { 2.8376220177865265e-25 };
    let low = if below { -2.1442872565786008e-33_f64 } else { -7.058761003808782e-42 };
    let below1 = x.abs() < 3.0223145e23;
    let high1 = if below1 { -4.119769120791653e-9 } else { high };
    let low1 = if below1 { 2.8376220177865265e-25 } else { low };
    let below2 = x.abs() < 2251799800000000.0;
    let high2 = if below2 { 0.6366197723675814 } else { high1 };
    let low2 = if below2 { -3.935735335036497e-17 } else { low1 };
    let wide = x as f64;
    let upper = f64::from_bits((high2.to_bits().cast_signed() & -0x1000000).cast_unsigned());
    let lower = high2 - upper;
    let shifted = super::f64::muladd::<FMA>(wide, lower, wide * upper) + 6755399441055744.0;
    let t = super::f64::muladd::<FMA>(wide, upper, -(shifted - 6755399441055744.0));
    let turn = super::f64::muladd::<FMA>(wide, low2, super::f64::muladd::<FMA>(wide, lower, t));
    let again = turn + 6755399441055744.0;
    let t1 = ((turn - (again - 6755399441055744.0)) * 1.5707963267948966) as f32;
    let t2 = shifted.to_bits().cast_signed().wrapping_add(again.to_bits().cast_signed());
    ((t2 & 3) as i32, if x.abs() < f32::INFINITY { t1 } else { f32::NAN }, 0.0)
}

#[inline(always)]
fn reduce<const FMA: bool>(x: f32) -> (i32, f32, f32) {
    let (t, t1, t2) = if x.abs() < 12000.0 {
        let (t3, t4, t5) = reduce_small::<FMA>(x);
        (t3, t4, t5)
    } else {
        let (t6, t7, t8) = reduce_large::<FMA>(x);
        (t6, t7, t8)
    };
    (t, t1, t2)
}

#[inline(always)]
fn sin_parts<const FMA: bool>(high: f32, low: f32) -> (f32, f32) {
    let z = high * high;
    let t = muladd::<FMA>(muladd::<FMA>(-0.00019516655, z, 0.008332173), z, -0.16666655);
    let tail = muladd::<FMA>(t, z * high, muladd::<FMA>(z, low * -0.5, low));
    let sin = high + tail;
    (sin, (high - sin) + tail)
}

#[inline(always)]
fn cos_parts<const FMA: bool>(high: f32, low: f32) -> (f32, f32) {
    let z = high * high;
    let half = z * 0.5;
    let t = -half;
    let one = 1.0 + t;
    let t1 = muladd::<FMA>(muladd::<FMA>(2.443243e-5, z, -0.001388731), z, 0.041666646);
    let tail = muladd::<FMA>(t1, z * z, (1.0 - one) + t) - (high * low);
    let cos = one + tail;
    (cos, (one - cos) + tail)
}

#[inline(always)]
fn sine<const FMA: bool>(quadrant: i32, high: f32, low: f32) -> f32 {
    let (sin, _sin_rest) = sin_parts::<FMA>(high, low);
    let (cos, _cos_rest) = cos_parts::<FMA>(high, low);
    let even = (quadrant & 1) == 0;
    let y = if even { sin } else { cos };
    f32::from_bits((y.to_bits().cast_signed() ^ ((quadrant & 2) << 30)).cast_unsigned())
}

#[inline(always)]
fn tangent<const FMA: bool>(quadrant: i32, high: f32, low: f32) -> f32 {
    let even = (quadrant & 1) == 0;
    let (sin, sin_rest) = sin_parts::<FMA>(high, low);
    let (cos, cos_rest) = cos_parts::<FMA>(high, low);
    let top = if even { sin } else { -cos };
    let base = if even { cos } else { sin };
    let reciprocal = 1.0 / base;
    let y = top * reciprocal;
    let product = y * base;
    let t = (if even { sin_rest } else { -cos_rest }) - (y * (if even { cos_rest } else { sin_rest }));
    let t1 = ((top - product) - product_error::<FMA>(y, base, product)) + t;
    muladd::<FMA>(t1, reciprocal, y)
}

/// The sine.
#[inline(always)]
pub fn sin<const FMA: bool>(x: f32) -> f32 {
    let (quadrant, high, low) = reduce::<FMA>(x);
    if x.abs() < 1e-5 { x } else { sine::<FMA>(quadrant, high, low) }
}

/// The cosine.
#[inline(always)]
pub fn cos<const FMA: bool>(x: f32) -> f32 {
    let (quadrant, high, low) = reduce::<FMA>(x);
    sine::<FMA>(quadrant.wrapping_add(1), high, low)
}

/// The tangent.
#[inline(always)]
pub fn tan<const FMA: bool>(x: f32) -> f32 {
    let (quadrant, high, low) = reduce::<FMA>(x);
    if x.abs() < 1e-5 { x } else { tangent::<FMA>(quadrant, high, low) }
}

#[inline(always)]
fn sin_near<const FMA: bool>(x: f32) -> f32 {
    let (quadrant, high, low) = reduce_small::<FMA>(x);
    if x.abs() < 1e-5 { x } else { sine::<FMA>(quadrant, high, low) }
}

#[inline(always)]
fn cos_near<const FMA: bool>(x: f32) -> f32 {
    let (quadrant, high, low) = reduce_small::<FMA>(x);
    sine::<FMA>(quadrant.wrapping_add(1), high, low)
}

#[inline(always)]
fn tan_near<const FMA: bool>(x: f32) -> f32 {
    let (quadrant, high, low) = reduce_small::<FMA>(x);
    if x.abs() < 1e-5 { x } else { tangent::<FMA>(quadrant, high, low) }
}

#[inline(always)]
fn asin_tail<const FMA: bool>(x: f32, z: f32) -> f32 {
    let t = muladd::<FMA>(muladd::<FMA>(0.037630145, z, 0.0143584395), z, 0.031828705);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, z, 0.044514466), z, 0.07500517);
    muladd::<FMA>(t1, z, 0.1666666) * (z * x)
}

#[inline(always)]
fn half_angle<const FMA: bool>(a: f32) -> (f32, f32, f32) {
    let z = (1.0 - a) * 0.5;
    let s = z.sqrt();
    let square = s * s;
    let t = ((z - square) - product_error::<FMA>(s, s, square)) / (s + s);
    let lost = if z > 0.0 { t } else { 0.0 };
    (s, lost, z)
}

/// The inverse sine.
#[inline(always)]
pub fn asin<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let outer = a > 0.5;
    let (s, lost, z) = half_angle::<FMA>(a);
    let r = if outer { s } else { a };
    let tail = asin_tail::<FMA>(r, if outer { z } else { a * a });
    let s1 = f32::from_bits((s.to_bits().cast_signed() & -0x1000).cast_unsigned());
    let s2 = (s - s1) + lost;
    let t = ((2.0 * tail) - (-4.371139e-8 - (2.0 * s2))) - (0.7853982 - (2.0 * s1));
    (if outer { 0.7853982 - t } else { a + tail }).copysign(x)
}

/// The inverse cosine.
#[inline(always)]
pub fn acos<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let outer = a > 0.5;
    let (s, lost, z) = half_angle::<FMA>(a);
    let r = if outer { s } else { x };
    let tail = asin_tail::<FMA>(r, if outer { z } else { a * a });
    let t = if x < 0.0 { (1.5707964 - (s + ((tail + lost) - -4.371139e-8))) * 2.0 } else { (s + (tail + lost)) * 2.0 };
    if outer { t } else { 1.5707964 - (r - (-4.371139e-8 - tail)) }
}

#[inline(always)]
fn first_quadrant<const FMA: bool>(y: f32, x: f32) -> f32 {
    let steep = y > x;
    let small = if steep { x } else { y };
    let large = if steep { y } else { x };
    let middle = small > (large * 0.5);
    let t = (if middle { small - large } else { small }) / (if middle { small + large } else { large });
    let z = t * t;
    let t1 = muladd::<FMA>(muladd::<FMA>(0.03874336, z, -0.07985855), z, 0.10941558);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, z, -0.14272161), z, 0.19999495);
    let tail = muladd::<FMA>(t2, z, -0.33333328) * (z * t);
    let start = if middle { 0.7853982_f32 } else { 0.0 };
    let start_rest = if middle { -2.1855694e-8_f32 } else { 0.0 };
    let shallow = start + (t + (tail + start_rest));
    let other = if steep { 1.5707964 - start } else { 0.0 };
    if steep { other - (t + (tail - (-4.371139e-8 - start_rest))) } else { shallow }
}

/// The inverse tangent.
#[inline(always)]
pub fn atan<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let bounded = if a > 1e30 { 1e30 } else { a };
    let t = if a < 1e-5 { a } else { first_quadrant::<FMA>(bounded, 1.0) };
    t.copysign(x)
}

/// The angle of the point with ordinate a and abscissa b.
#[inline(always)]
pub fn atan2<const FMA: bool>(y: f32, x: f32) -> f32 {
    let up = y.abs();
    let right = x.abs();
    let largest = if up > right { up } else { right };
    let factor = if largest > 1.329228e36 { 0.00390625 } else { if largest < 8.077936e-28 { 1.1529215e18_f32 } else { 1.0 } };
    let up1 = up * factor;
    let right1 = right * factor;
    let angle = if up1 == 0.0 { 0.0 } else { first_quadrant::<FMA>(up1, right1) };
    let same = up1 == right1;
    let angle1 = if same { if up1 == 0.0 { 0.0_f32 } else { 0.7853982 } } else { angle };
    let left = x.to_bits().cast_signed() < 0;
    let t = if left { 3.1415927 - (angle1 - -8.742278e-8) } else { angle1 };
    let angle2 = t.copysign(y);
    let number = x == x;
    if number { angle2 } else { x }
}

#[inline(always)]
fn log2_pair<const FMA: bool>(x: f32) -> (f32, f32) {
    let (k, mantissa) = split::<FMA>(x);
    let f = mantissa - 1.0;
    let base = 2.0 + f;
    let reciprocal = 1.0 / base;
    let s = f * reciprocal;
    let whole = s * base;
    let t = ((f - whole) - product_error::<FMA>(s, base, whole)) - (s * ((2.0 - base) + f));
    let s_rest = t * reciprocal;
    let product = s * s;
    let t1 = muladd::<FMA>(s_rest, s, product_error::<FMA>(s, s, product));
    let rest = muladd::<FMA>(s, s_rest, t1);
    let product1 = 0.6666667 * product;
    let t2 = muladd::<FMA>(-1.9868216e-8, product, product_error::<FMA>(0.6666667, product, product1));
    let rest1 = muladd::<FMA>(0.6666667, rest, t2);
    let t3 = muladd::<FMA>(muladd::<FMA>(0.23419723, product, 0.28547087), product, 0.40000153);
    let q_rest = muladd::<FMA>(t3, product * product, rest1);
    let q = product1 + q_rest;
    let q_rest1 = (product1 - q) + q_rest;
    let sum = 2.0 + q;
    let rest2 = ((2.0 - sum) + q) + q_rest1;
    let product2 = sum * s;
    let t4 = muladd::<FMA>(rest2, s, product_error::<FMA>(sum, s, product2));
    let rest3 = muladd::<FMA>(sum, s_rest, t4);
    let product3 = product2 * 1.442695;
    let t5 = muladd::<FMA>(rest3, 1.442695, product_error::<FMA>(product2, 1.442695, product3));
    let rest4 = muladd::<FMA>(product2, 1.925963e-8, t5);
    let sum1 = k + product3;
    let rest5 = ((k - sum1) + product3) + rest4;
    (sum1, rest5)
}

/// The cube root.
#[inline(always)]
pub fn cbrt<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let small = a < 1.1754944e-38;
    let bits = (if small { a * 16777216.0 } else { a }).to_bits().cast_signed();
    let t = f32::from_bits(((bits.cast_unsigned() >> 23).cast_signed() | 0x4b000000).cast_unsigned());
    let exponent = t - 8388735.0;
    let shifted = muladd::<FMA>(exponent - 1.0, 0.33333334, 12582912.0);
    let rest = muladd::<FMA>(shifted - 12582912.0, -3.0, exponent);
    let m = f32::from_bits(((bits & 0x7fffff) | 0x3f800000).cast_unsigned());
    let t1 = if rest == 0.0 { 1.0 } else { if rest == 1.0 { 2.0_f32 } else { 4.0 } };
    let v = m * t1;
    let t2 = muladd::<FMA>(muladd::<FMA>(0.023104968, m, -0.16296971), m, 0.5871144);
    let t3 = if rest == 0.0 { 1.0 } else { if rest == 1.0 { 1.2599211_f32 } else { 1.587401 } };
    let t4 = muladd::<FMA>(t2, m, 0.55282336) * t3;
    let t5 = f32::from_bits((t4.to_bits().cast_signed() & -0x1000).cast_unsigned());
    let r = v / (t5 * t5);
    let t6 = shifted.to_bits().cast_signed().wrapping_add(-0x4b3fff81) << 23;
    let t7 = (t5 + (t5 * ((r - t5) / ((t5 * 2.0) + r)))) * f32::from_bits(t6.cast_unsigned());
    let y = (t7 * (if small { 0.00390625_f32 } else { 1.0 })).copysign(x);
    if (a > 0.0) & (a < f32::INFINITY) { y } else { x }
}

/// The length of the vector (a, b), without overflow on the way.
#[inline(always)]
pub fn hypot<const FMA: bool>(x: f32, y: f32) -> f32 {
    let a = x.abs();
    let b = y.abs();
    let largest = if a > b { a } else { b };
    let factor = if largest < 8.6736174e-19 { 1.2379401e27 } else { if largest > 1.1529215e18 { 1.3552527e-20_f32 } else { 1.0 } };
    let back = if largest < 8.6736174e-19 { 8.077936e-28 } else { if largest > 1.1529215e18 { 7.378698e19_f32 } else { 1.0 } };
    let a1 = a * factor;
    let b1 = b * factor;
    if (a == f32::INFINITY) | (b == f32::INFINITY) { f32::INFINITY } else { muladd::<FMA>(a1, a1, b1 * b1).sqrt() * back }
}

/// A power.
#[inline(always)]
pub fn powf<const FMA: bool>(x: f32, y: f32) -> f32 {
    let a = x.abs();
    let y_size = y.abs();
    let t = y.abs();
    let bounded = if t > 1099511600000.0 { 1099511600000.0 } else { t };
    let bounded1 = bounded.copysign(y);
    let (log, log_rest) = log2_pair::<FMA>(a);
    let product = log * bounded1;
    let t1 = muladd::<FMA>(log_rest, bounded1, product_error::<FMA>(log, bounded1, product));
    let rest = muladd::<FMA>(log, 0.0, t1);
    let t2 = product.abs();
    let bounded2 = if t2 > 200.0 { 200.0 } else { t2 };
    let whole = bounded2.copysign(product);
    let result = exp2_bounded::<FMA>(whole, if product.abs() < 200.0 { rest } else { 0.0 });
    let rising = y > 0.0;
    let result1 = if a == 0.0 { if rising { 0.0 } else { f32::INFINITY } } else { result };
    let result2 = if a == f32::INFINITY { if rising { f32::INFINITY } else { 0.0 } } else { result1 };
    let negative = x.to_bits().cast_signed() < 0;
    let t3 = if y_size < 8388608.0 { (y_size + 8388608.0) - 8388608.0 } else { y_size };
    let integer = t3 == y_size;
    let t4 = y_size * 0.5;
    let t5 = if t4 < 8388608.0 { (t4 + 8388608.0) - 8388608.0 } else { t4 };
    let even = t5 == t4;
    let result3 = if (negative & integer) & (!even) { -result2 } else { result2 };
    let imaginary = (negative & ((a > 0.0) & (a < f32::INFINITY))) & (!integer);
    let result4 = if imaginary { f32::NAN } else { result3 };
    let result5 = if x == x { result4 } else { x };
    let result6 = if y == y { result5 } else { y };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { result6 }
}

#[inline(always)]
fn erfc_positive<const FMA: bool>(a: f32) -> f32 {
    let a1 = if a > 12.0 { 12.0 } else { a };
    let t = (a1 - 4.0) / (a1 + 4.0);
    let square = a1 * a1;
    let power = exp::<FMA>(-square);
    let t1 = muladd::<FMA>(muladd::<FMA>(0.000120415156, t, -0.0002451582), t, -0.0007270878);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, t, 0.005072269), t, -0.016212828);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, t, 0.037149888), t, -0.06632654);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, t, 0.09373661), t, -0.101039544);
    let t5 = muladd::<FMA>(muladd::<FMA>(t4, t, 0.068096705), t, 0.015379676);
    let t6 = muladd::<FMA>(muladd::<FMA>(t5, t, -0.13962111), t, 1.2329952);
    let y = (power * t6) / muladd::<FMA>(a1, 2.0, 1.0);
    y - (y * product_error::<FMA>(a1, a1, square))
}

/// The error function.
#[inline(always)]
pub fn erf<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let t = x * x;
    let t1 = muladd::<FMA>(muladd::<FMA>(7.853861e-5, t, -0.00080101937), t, 0.0051883277);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, t, -0.026853813), t, 0.112835854);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, t, -0.37612626), t, 0.12837917);
    let near = muladd::<FMA>(t3, x, x);
    if a < 1.0 { near } else { (1.0 - erfc_positive::<FMA>(a)).copysign(x) }
}

/// The complementary error function, one less the error function.
#[inline(always)]
pub fn erfc<const FMA: bool>(x: f32) -> f32 {
    let y = erfc_positive::<FMA>(x.abs());
    if x < 0.0 { 2.0 - y } else { y }
}

#[inline(always)]
fn of_half_turn<const FMA: bool>(r: f32) -> (f32, f32) {
    let steep = r > 0.25;
    let q = if steep { 0.5 - r } else { r };
    let angle = q * 3.1415927;
    let low = muladd::<FMA>(q, -8.742278e-8, product_error::<FMA>(q, 3.1415927, angle));
    let (sin, sin_rest) = sin_parts::<FMA>(angle, low);
    let (cos, cos_rest) = cos_parts::<FMA>(angle, low);
    let t = sin + sin_rest;
    let t1 = cos + cos_rest;
    (if steep { t1 } else { t }, if steep { t } else { t1 })
}

/// The natural logarithm of the absolute value of the gamma function.
#[inline(always)]
pub fn ln_gamma<const FMA: bool>(x: f32) -> f32 {
    let left = x < -1e-25;
    let mirrored = if left { 1.0 - x } else { x.abs() };
    let tiny = mirrored < 0.5;
    let low = mirrored < 1.5;
    let far = mirrored > 8.5;
    let t = if tiny { mirrored * (mirrored + 1.0) } else { if low { mirrored } else { 1.0 } };
    let t1 = if tiny { mirrored } else { if low { mirrored - 1.0 } else { mirrored - 2.0 } };
    let t2 = mirrored - 1.0;
    let stay = t2 < 1.5;
    let t3 = if stay { t } else { t * t2 };
    let t4 = mirrored - 2.0;
    let stay1 = t4 < 1.5;
    let t5 = if stay1 { t3 } else { t3 * t4 };
    let t6 = if stay1 { if stay { t1 } else { t2 - 2.0 } } else { t4 - 2.0 };
    let t7 = mirrored - 3.0;
    let stay2 = t7 < 1.5;
    let t8 = if stay2 { t5 } else { t5 * t7 };
    let t9 = mirrored - 4.0;
    let stay3 = t9 < 1.5;
    let t10 = if stay3 { t8 } else { t8 * t9 };
    let t11 = if stay3 { if stay2 { t6 } else { t7 - 2.0 } } else { t9 - 2.0 };
    let t12 = mirrored - 5.0;
    let stay4 = t12 < 1.5;
    let t13 = if stay4 { t10 } else { t10 * t12 };
    let t14 = mirrored - 6.0;
    let stay5 = t14 < 1.5;
    let d = if stay5 { if stay4 { t11 } else { t12 - 2.0 } } else { t14 - 2.0 };
    let t15 = if far { mirrored } else { if stay5 { t13 } else { t13 * t14 } };
    let l = ln::<FMA>(t15);
    let t16 = muladd::<FMA>(muladd::<FMA>(0.0002086189, d, -0.0004565334), d, 0.00090952433);
    let t17 = muladd::<FMA>(muladd::<FMA>(t16, d, -0.0020983357), d, 0.0049991687);
    let t18 = muladd::<FMA>(muladd::<FMA>(t17, d, -0.012384882), d, 0.032964986);
    let t19 = muladd::<FMA>(muladd::<FMA>(t18, d, -0.10031729), d, 0.42278433);
    let near = ((d + 1.0) * d) * t19;
    let inverse = 1.0 / mirrored;
    let t20 = inverse * inverse;
    let t21 = muladd::<FMA>(muladd::<FMA>(-0.0005952381, t20, 0.0007936508), t20, -0.0027777778);
    let t22 = (muladd::<FMA>(t21, t20, 0.083333336) * inverse) + 0.41893855;
    let y = if far { ((mirrored - 0.5) * (l - 1.0)) + t22 } else { near + (if low { -l } else { l }) };
    let t23 = x.abs();
    let t24 = if t23 < 8388608.0 { t23 - ((t23 + 8388608.0) - 8388608.0) } else { 0.0 };
    let (sin, _cos) = of_half_turn::<FMA>(t24.abs());
    let t25 = if sin == 0.0 { f32::INFINITY } else { (1.1447299 - ln::<FMA>(sin)) - y };
    if left { t25 } else { y }
}

#[inline(always)]
fn digamma_positive<const FMA: bool>(x: f32) -> f32 {
    let small = x < 1.0;
    let far = x > 10.0;
    let t = if small { -1.0_f32 } else { 0.0 };
    let t1 = if small { x } else { 1.0 };
    let factor = x - 1.0;
    let stay = factor < 1.0;
    let t2 = if stay { t } else { muladd::<FMA>(t, factor, t1) };
    let t3 = if stay { t1 } else { t1 * factor };
    let t4 = if stay { if small { x - 0.5 } else { x - 1.5 } } else { factor - 1.5 };
    let factor1 = x - 2.0;
    let stay1 = factor1 < 1.0;
    let t5 = if stay1 { t2 } else { muladd::<FMA>(t2, factor1, t3) };
    let t6 = if stay1 { t3 } else { t3 * factor1 };
    let factor2 = x - 3.0;
    let stay2 = factor2 < 1.0;
    let t7 = if stay2 { t5 } else { muladd::<FMA>(t5, factor2, t6) };
    let t8 = if stay2 { t6 } else { t6 * factor2 };
    let t9 = if stay2 { if stay1 { t4 } else { factor1 - 1.5 } } else { factor2 - 1.5 };
    let factor3 = x - 4.0;
    let stay3 = factor3 < 1.0;
    let t10 = if stay3 { t7 } else { muladd::<FMA>(t7, factor3, t8) };
    let t11 = if stay3 { t8 } else { t8 * factor3 };
    let factor4 = x - 5.0;
    let stay4 = factor4 < 1.0;
    let t12 = if stay4 { t10 } else { muladd::<FMA>(t10, factor4, t11) };
    let t13 = if stay4 { t11 } else { t11 * factor4 };
    let t14 = if stay4 { if stay3 { t9 } else { factor3 - 1.5 } } else { factor4 - 1.5 };
    let factor5 = x - 6.0;
    let stay5 = factor5 < 1.0;
    let t15 = if stay5 { t12 } else { muladd::<FMA>(t12, factor5, t13) };
    let t16 = if stay5 { t13 } else { t13 * factor5 };
    let factor6 = x - 7.0;
    let stay6 = factor6 < 1.0;
    let t17 = if stay6 { t15 } else { muladd::<FMA>(t15, factor6, t16) };
    let t18 = if stay6 { t16 } else { t16 * factor6 };
    let t19 = if stay6 { if stay5 { t14 } else { factor5 - 1.5 } } else { factor6 - 1.5 };
    let factor7 = x - 8.0;
    let stay7 = factor7 < 1.0;
    let u = if stay7 { t19 } else { factor7 - 1.5 };
    let t20 = muladd::<FMA>(muladd::<FMA>(0.011118757, u, -0.01638418), u, 0.01698036);
    let t21 = muladd::<FMA>(muladd::<FMA>(t20, u, -0.025780963), u, 0.040879343);
    let t22 = muladd::<FMA>(muladd::<FMA>(t21, u, -0.062057085), u, 0.09498208);
    let t23 = muladd::<FMA>(muladd::<FMA>(t22, u, -0.14839879), u, 0.24054262);
    let t24 = muladd::<FMA>(muladd::<FMA>(t23, u, -0.4236275), u, 0.9510559);
    let t25 = (if stay7 { t17 } else { muladd::<FMA>(t17, factor7, t18) }) / (if stay7 { t18 } else { t18 * factor7 });
    let w = 1.0 / (x * x);
    let t26 = muladd::<FMA>(muladd::<FMA>(-0.004166667, w, 0.003968254), w, -0.008333334);
    let t27 = ln::<FMA>(x) - ((0.5 / x) + (muladd::<FMA>(t26, w, 0.083333336) * w));
    if far { t27 } else { (((u - -0.038367856) - 1.2622791e-9) * t24) + t25 }
}

/// The derivative of the gamma function's logarithm.
#[inline(always)]
pub fn digamma<const FMA: bool>(x: f32) -> f32 {
    let left = x < 0.0;
    let mirrored = if left { 1.0 - x } else { x };
    let y = digamma_positive::<FMA>(mirrored);
    let t = x.abs();
    let r = if t < 8388608.0 { t - ((t + 8388608.0) - 8388608.0) } else { 0.0 };
    let (sin, cos) = of_half_turn::<FMA>(r.abs());
    let t1 = muladd::<FMA>((if sin == 0.0 { f32::NAN } else { cos / sin }).copysign(r), 3.1415927, y);
    if left { t1 } else { y }
}

/// The derivative of digamma.
#[inline(always)]
pub fn trigamma<const FMA: bool>(x: f32) -> f32 {
    let left = x < 0.0;
    let mirrored = if left { 1.0 - x } else { x };
    let far = mirrored > 12.0;
    let z = if far { mirrored } else { mirrored + 12.0 };
    let w = 1.0 / (z * z);
    let t = muladd::<FMA>(muladd::<FMA>(-0.033333335, w, 0.023809524), w, -0.033333335);
    let start = (((muladd::<FMA>(t, w, 0.16666667) * w) / z) + (0.5 * w)) + (1.0 / z);
    let term = 1.0 / (mirrored + 11.0);
    let term1 = 1.0 / (mirrored + 10.0);
    let term2 = 1.0 / (mirrored + 9.0);
    let t1 = ((start + (term * term)) + (term1 * term1)) + (term2 * term2);
    let term3 = 1.0 / (mirrored + 8.0);
    let term4 = 1.0 / (mirrored + 7.0);
    let term5 = 1.0 / (mirrored + 6.0);
    let term6 = 1.0 / (mirrored + 5.0);
    let t2 = (((t1 + (term3 * term3)) + (term4 * term4)) + (term5 * term5)) + (term6 * term6);
    let term7 = 1.0 / (mirrored + 4.0);
    let term8 = 1.0 / (mirrored + 3.0);
    let term9 = 1.0 / (mirrored + 2.0);
    let term10 = 1.0 / (mirrored + 1.0);
    let t3 = (((t2 + (term7 * term7)) + (term8 * term8)) + (term9 * term9)) + (term10 * term10);
    let term11 = 1.0 / (mirrored + 0.0);
    let y = if far { start } else { t3 + (term11 * term11) };
    let t4 = x.abs();
    let t5 = if t4 < 8388608.0 { t4 - ((t4 + 8388608.0) - 8388608.0) } else { 0.0 };
    let (sin, _cos) = of_half_turn::<FMA>(t5.abs());
    let pole = 3.1415927 / sin;
    if left { muladd::<FMA>(pole, pole, -y) } else { y }
}

/// As `sin`; but if `NEAR`, arguments from 12000.0 on are only noted in `far`.
#[inline(always)]
pub fn sin_in_lanes<const FMA: bool, const NEAR: bool>(x: f32, far: &mut bool) -> f32 {
    if NEAR {
        *far |= x.abs() >= 12000.0;
        sin_near::<FMA>(x)
    } else {
        sin::<FMA>(x)
    }
}

/// As `cos`; but if `NEAR`, arguments from 12000.0 on are only noted in `far`.
#[inline(always)]
pub fn cos_in_lanes<const FMA: bool, const NEAR: bool>(x: f32, far: &mut bool) -> f32 {
    if NEAR {
        *far |= x.abs() >= 12000.0;
        cos_near::<FMA>(x)
    } else {
        cos::<FMA>(x)
    }
}

/// As `tan`; but if `NEAR`, arguments from 12000.0 on are only noted in `far`.
#[inline(always)]
pub fn tan_in_lanes<const FMA: bool, const NEAR: bool>(x: f32, far: &mut bool) -> f32 {
    if NEAR {
        *far |= x.abs() >= 12000.0;
        tan_near::<FMA>(x)
    } else {
        tan::<FMA>(x)
    }
}
