//! Mathematical functions of `f64` that vectorise.
//!
//! Generated from kernels/src/math, where they are written and explained.
//! Refresh with `BLESS=1 cargo test -p pullback-kernels --test math_files`.

// Decimals of the constants, and branches that are one instruction in a loop over lanes.
#![allow(clippy::all)]

/// `a * b + c`, fused where the machine does that cheaply.
#[inline(always)]
pub fn muladd<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `x` to an integer power, by repeated squaring.
#[inline(always)]
pub fn powi(x: f64, n: i64) -> f64 {
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
fn product_error<const FMA: bool>(a: f64, b: f64, product: f64) -> f64 {
    if FMA {
        return a.mul_add(b, -product);
    }
    let (a1, b1) = (upper(a), upper(b));
    let (a2, b2) = (a - a1, b - b1);
    ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2
}

/// The upper half of a number, so that the product of two is exact.
#[inline(always)]
fn upper(x: f64) -> f64 {
    let c = x * 134217729.0;
    c - (c - x)
}

#[inline(always)]
fn exp_m1_reduced<const FMA: bool>(high: f64, low: f64) -> f64 {
    let r = high - low;
    let t = muladd::<FMA>(2.0924549868689343e-9, r, 2.510914771730675e-8);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, r, 2.755724241265603e-7), r, 2.7557243910778332e-6);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, r, 2.4801587360968194e-5), r, 0.00019841269886401817);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, r, 0.0013888888888866622), r, 0.008333333333321532);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, r, 0.0416666666666667), r, 0.16666666666666677);
    let p = muladd::<FMA>(t4, r, 0.5);
    high + muladd::<FMA>(p, r * r, -low)
}

#[inline(always)]
fn exp2_bounded<const FMA: bool>(x: f64, rest: f64) -> f64 {
    let shifted = x + 6755399441055744.0;
    let r = ((x - (shifted - 6755399441055744.0)) + rest) * 0.6931471805599453;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4337fffffffff802);
    let half = (biased.cast_unsigned() >> 1).cast_signed();
    let t = (1.0 + exp_m1_reduced::<FMA>(r, 0.0)) * f64::from_bits((half << 52).cast_unsigned());
    let t1 = f64::from_bits((biased.wrapping_sub(half) << 52).cast_unsigned());
    t * t1
}

#[inline(always)]
fn hyperbolic<const FMA: bool>(x: f64) -> (f64, f64, f64, f64) {
    let bounded = if x > 710.6 { 710.6 } else { x };
    let shifted = muladd::<FMA>(bounded, 1.4426950408889634, 6755399441055744.0);
    let n = shifted - 6755399441055744.0;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4337fffffffff802);
    let high = muladd::<FMA>(n, -0.693147180559663, bounded);
    let low = n * 2.8235290563031577e-13;
    let up = f64::from_bits((biased.wrapping_sub(1025) << 52).cast_unsigned());
    let t = biased.wrapping_sub(2046);
    let down = f64::from_bits((1021_i64.wrapping_sub(if t > 100 { 100 } else { t }) << 52).cast_unsigned());
    let r = high - low;
    let z = r * r;
    let t1 = muladd::<FMA>(2.5109148173134634e-8, z, 2.7557243909365604e-6);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, z, 0.0001984126988640343), z, 0.00833333333332153);
    let odd = muladd::<FMA>(t2, z, 0.16666666666666677);
    let t3 = muladd::<FMA>(2.7631483322747565e-7, z, 2.480148937064259e-5);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, z, 0.0013888888947577475), z, 0.04166666666651319);
    let even = muladd::<FMA>(t4, z, 0.5000000000000013);
    (up + down, up - down, high + muladd::<FMA>(odd, z * r, -low), even * z)
}

/// e to the power of the argument.
#[inline(always)]
pub fn exp<const FMA: bool>(x: f64) -> f64 {
    let bounded = if x < -746.0 { -746.0 } else { x };
    let bounded1 = if bounded > 710.0 { 710.0 } else { bounded };
    let shifted = muladd::<FMA>(bounded1, 1.4426950408889634, 6755399441055744.0);
    let n = shifted - 6755399441055744.0;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4337fffffffff802);
    let high = muladd::<FMA>(n, -0.693147180559663, bounded1);
    let low = n * 2.8235290563031577e-13;
    let half = (biased.cast_unsigned() >> 1).cast_signed();
    let t = (1.0 + exp_m1_reduced::<FMA>(high, low)) * f64::from_bits((half << 52).cast_unsigned());
    let t1 = f64::from_bits((biased.wrapping_sub(half) << 52).cast_unsigned());
    t * t1
}

/// 2 to the power of the argument.
#[inline(always)]
pub fn exp2<const FMA: bool>(x: f64) -> f64 {
    let bounded = if x < -1076.0 { -1076.0 } else { x };
    let bounded1 = if bounded > 1024.0 { 1024.0 } else { bounded };
    exp2_bounded::<FMA>(bounded1, 0.0)
}

/// `exp(a) - 1`, accurate near zero.
#[inline(always)]
pub fn exp_m1<const FMA: bool>(x: f64) -> f64 {
    let bounded = if x < -80.0 { -80.0 } else { x };
    let bounded1 = if bounded > 710.0 { 710.0 } else { bounded };
    let shifted = muladd::<FMA>(bounded1, 1.4426950408889634, 6755399441055744.0);
    let n = shifted - 6755399441055744.0;
    let biased = shifted.to_bits().cast_signed().wrapping_add(-0x4337fffffffff802);
    let high = muladd::<FMA>(n, -0.693147180559663, bounded1);
    let low = n * 2.8235290563031577e-13;
    let p = exp_m1_reduced::<FMA>(high, low);
    let half = f64::from_bits((biased.wrapping_sub(1024) << 52).cast_unsigned());
    if x.abs() < 1e-18 { x } else { muladd::<FMA>(p, half, half - 0.5) * 2.0 }
}

/// The hyperbolic sine.
#[inline(always)]
pub fn sinh<const FMA: bool>(x: f64) -> f64 {
    let (sum, difference, sinh, cosh_m1) = hyperbolic::<FMA>(x.abs());
    let t = (difference + muladd::<FMA>(cosh_m1, difference, sinh * sum)) * 2.0;
    if x.abs() < 1e-10 { x } else { t.copysign(x) }
}

/// The hyperbolic cosine.
#[inline(always)]
pub fn cosh<const FMA: bool>(x: f64) -> f64 {
    let (sum, difference, sinh, cosh_m1) = hyperbolic::<FMA>(x.abs());
    (sum + muladd::<FMA>(cosh_m1, sum, sinh * difference)) * 2.0
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh<const FMA: bool>(x: f64) -> f64 {
    let t = x.abs() * 2.0;
    let bounded = if t > 44.0 { 44.0 } else { t };
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
fn split<const FMA: bool>(x: f64) -> (f64, f64) {
    let small = x < 2.2250738585072014e-308;
    let normal = if small { x * 1.8014398509481984e16 } else { x };
    let shifted = normal.to_bits().cast_signed().wrapping_add(0x95f619980c433);
    let t = (shifted & -0x10000000000000).wrapping_sub(0x3ff0000000000000);
    let t1 = (shifted.cast_unsigned() >> 52).cast_signed() | 0x4330000000000000;
    let k = f64::from_bits(t1.cast_unsigned()) - 4503599627371519.0;
    let mantissa = f64::from_bits(normal.to_bits().cast_signed().wrapping_sub(t).cast_unsigned());
    (k - (if small { 54.0_f64 } else { 0.0 }), mantissa)
}

#[inline(always)]
fn ln_parts<const FMA: bool>(f: f64) -> (f64, f64) {
    let half = (f * f) * 0.5;
    let s = f / (f + 2.0);
    let z = s * s;
    let t = muladd::<FMA>(muladd::<FMA>(0.14797512724715012, z, 0.15313902778693286), z, 0.1818356975604834);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, z, 0.22222198475739893), z, 0.28571428743263927);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, z, 0.39999999999411096), z, 0.6666666666666735);
    (half, s * muladd::<FMA>(t2, z, half))
}

/// The natural logarithm.
#[inline(always)]
pub fn ln<const FMA: bool>(x: f64) -> f64 {
    let (k, mantissa) = split::<FMA>(x);
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let t = muladd::<FMA>(k, 0.693147180559663, f - (half - muladd::<FMA>(k, 2.8235290563031577e-13, rest)));
    let y = if x < f64::INFINITY { t } else { x };
    let y1 = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x < 0.0 { f64::NAN } else { y1 }
}

/// `ln(1 + a)`, accurate near zero.
#[inline(always)]
pub fn ln_1p<const FMA: bool>(x: f64) -> f64 {
    let u = x + 1.0;
    let lost = if x < 1.0 { x - (u - 1.0) } else { 1.0 - (u - x) };
    let shifted = u.to_bits().cast_signed().wrapping_add(0x95f619980c433);
    let t = (shifted & -0x10000000000000).wrapping_sub(0x3ff0000000000000);
    let t1 = (shifted.cast_unsigned() >> 52).cast_signed() | 0x4330000000000000;
    let k = f64::from_bits(t1.cast_unsigned()) - 4503599627371519.0;
    let mantissa = f64::from_bits(u.to_bits().cast_signed().wrapping_sub(t).cast_unsigned());
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let t2 = half - (rest + muladd::<FMA>(k, 2.8235290563031577e-13, lost / u));
    let y = if x < f64::INFINITY { muladd::<FMA>(k, 0.693147180559663, f - t2) } else { x };
    let y1 = if x == -1.0 { f64::NEG_INFINITY } else { y };
    let y2 = if x < -1.0 { f64::NAN } else { y1 };
    if x.abs() < 1e-18 { x } else { y2 }
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2<const FMA: bool>(x: f64) -> f64 {
    let (k, mantissa) = split::<FMA>(x);
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let high = f64::from_bits(((f - half).to_bits().cast_signed() & -0x8000000).cast_unsigned());
    let low = ((f - high) - half) + rest;
    let main = high * 1.4426950216293335;
    let base = k * 1.0;
    let sum = base + main;
    let error = (base - sum) + main;
    let small = muladd::<FMA>(low + high, 1.9259629911266175e-8, low * 1.4426950216293335);
    let y = if x < f64::INFINITY { sum + (muladd::<FMA>(k, 0.0, small) + error) } else { x };
    let y1 = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x < 0.0 { f64::NAN } else { y1 }
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10<const FMA: bool>(x: f64) -> f64 {
    let (k, mantissa) = split::<FMA>(x);
    let f = mantissa - 1.0;
    let (half, rest) = ln_parts::<FMA>(f);
    let high = f64::from_bits(((f - half).to_bits().cast_signed() & -0x8000000).cast_unsigned());
    let low = ((f - high) - half) + rest;
    let main = high * 0.4342944771051407;
    let base = k * 0.30102999566361177;
    let sum = base + main;
    let error = (base - sum) + main;
    let small = muladd::<FMA>(low + high, 4.798111141615973e-9, low * 0.4342944771051407);
    let t = sum + (muladd::<FMA>(k, 3.694239077158931e-13, small) + error);
    let y = if x < f64::INFINITY { t } else { x };
    let y1 = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x < 0.0 { f64::NAN } else { y1 }
}

/// The inverse hyperbolic sine.
#[inline(always)]
pub fn asinh<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let large = a > 1e16;
    let near = if large { 1.0 } else { a };
    let square = near * near;
    let t = if large { a } else { near + (square / (1.0 + (square + 1.0).sqrt())) };
    let t1 = ln_1p::<FMA>(t) + (if large { 0.6931471805599453_f64 } else { 0.0 });
    t1.copysign(x)
}

/// The inverse hyperbolic cosine.
#[inline(always)]
pub fn acosh<const FMA: bool>(x: f64) -> f64 {
    let large = x > 1e16;
    let t = x - 1.0;
    let near = if large { 1.0 } else { t };
    let t1 = if large { t } else { near + muladd::<FMA>(near, near, near * 2.0).sqrt() };
    let t2 = ln_1p::<FMA>(t1) + (if large { 0.6931471805599453_f64 } else { 0.0 });
    if x < 1.0 { f64::NAN } else { t2 }
}

/// The inverse hyperbolic tangent.
#[inline(always)]
pub fn atanh<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    (ln_1p::<FMA>((a * 2.0) / (1.0 - a)) * 0.5).copysign(x)
}

#[inline(always)]
fn reduce_small<const FMA: bool>(x: f64) -> (i64, f64, f64) {
    let shifted = muladd::<FMA>(x, 0.6366197723675814, 6755399441055744.0);
    let n = shifted - 6755399441055744.0;
    let r = muladd::<FMA>(n, -1.5707963267341256, x);
    let r1 = muladd::<FMA>(n, -6.077100506303966e-11, r);
    let r2 = muladd::<FMA>(n, -2.0222662487111665e-21, r1);
    let t = (0.0 + muladd::<FMA>(n, -6.077100506303966e-11, r - r1)) + muladd::<FMA>(n, -2.0222662487111665e-21, r1 - r2);
    let rest = muladd::<FMA>(n, -8.4784276603689e-32, t);
    let t1 = r2 + rest;
    (shifted.to_bits().cast_signed(), t1, (r2 - t1) + rest)
}

#[inline(always)]
fn reduce_large<const FMA: bool>(x: f64) -> (i64, f64, f64) {
    let bits = x.abs().to_bits().cast_signed();
    let mantissa = (bits & 0xfffffffffffff) | 0x10000000000000;
    let m1 = (mantissa.cast_unsigned() >> 32).cast_signed();
    let m0 = mantissa & 0xffffffff;
    let start = (bits.cast_unsigned() >> 52).cast_signed().wrapping_sub(1013);
    let word = (start.cast_unsigned() >> 6).cast_signed();
    let stay = (word & 16) == 0;
    let t = if stay { -0x5d067c91b1bbead7_i64 } else { 0x3d0739f78a5292ea };
    let t1 = if stay { -0x3d8a82e0acb2240_i64 } else { 0x6bfb5fb11f8d5d08 };
    let t2 = if stay { -0x249d6a66c3bc6fbf_i64 } else { 0x56033046fc7b6bab };
    let t3 = if stay { -0x1ae9c5421443a9f_i64 } else { -0xf3043df650bc9e3 };
    let stay1 = (word & 8) == 0;
    let t4 = if stay1 { if stay { 0_i64 } else { 0x7527bac7ebe5f17b } } else { -0x177dca0ad144bb7c };
    let t5 = if stay1 { t3 } else { 0x1ff897ffde05980f };
    let t6 = if stay1 { -0x48db91c5bdb22d20_i64 } else { -0x10d0ee74a5f592e1 };
    let t7 = if stay1 { 0x6492eea09d1921c_i64 } else { 0x6d367ecf27cb09b7 };
    let t8 = if stay1 { -0x1e214e34ed658c2_i64 } else { 0x4f463f669e5fea2d };
    let t9 = if stay1 { -0x177dca0ad144bb7c_i64 } else { 0x7527bac7ebe5f17b };
    let t10 = if stay1 { -0x16638fd94ba081bf_i64 } else { 0x3d0739f78a5292ea };
    let t11 = if stay1 { 0x3991d639835339f4_i64 } else { 0x6bfb5fb11f8d5d08 };
    let stay2 = (word & 4) == 0;
    let t12 = if stay2 { if stay1 { t } else { -0x16638fd94ba081bf } } else { t6 };
    let t13 = if stay2 { if stay1 { t1 } else { 0x3991d639835339f4 } } else { t7 };
    let t14 = if stay2 { if stay1 { t2 } else { -0x637ba0744206d7c5 } } else { t8 };
    let t15 = if stay2 { t5 } else { t9 };
    let stay3 = (word & 2) == 0;
    let t16 = if stay3 { t12 } else { t14 };
    let t17 = if stay3 { t13 } else { t15 };
    let t18 = if stay3 { t14 } else { if stay2 { t6 } else { t10 } };
    let stay4 = (word & 1) == 0;
    let w = if stay4 { if stay3 { if stay2 { t4 } else { t5 } } else { t13 } } else { t16 };
    let w1 = if stay4 { t16 } else { t17 };
    let w2 = if stay4 { t17 } else { t18 };
    let w3 = if stay4 { t18 } else { if stay3 { t15 } else { if stay2 { t7 } else { t11 } } };
    let shift = start & 63;
    let back = 63_i64.wrapping_sub(shift);
    let t19 = (w1.cast_unsigned() >> 1).cast_signed().cast_unsigned().wrapping_shr(back as u32).cast_signed();
    let bits1 = w.wrapping_shl(shift as u32) | t19;
    let t20 = (w2.cast_unsigned() >> 1).cast_signed().cast_unsigned().wrapping_shr(back as u32).cast_signed();
    let bits2 = w1.wrapping_shl(shift as u32) | t20;
    let t21 = (w3.cast_unsigned() >> 1).cast_signed().cast_unsigned().wrapping_shr(back as u32).cast_signed();
    let bits3 = w2.wrapping_shl(shift as u32) | t21;
    let b1 = (bits2.cast_unsigned() >> 32).cast_signed();
    let b0 = bits2 & 0xffffffff;
    let d1 = (bits3.cast_unsigned() >> 32).cast_signed();
    let d0 = bits3 & 0xffffffff;
    let p00 = m0.wrapping_mul(b0);
    let p01 = m0.wrapping_mul(b1);
    let p10 = m1.wrapping_mul(b0);
    let t22 = (p00.cast_unsigned() >> 32).cast_signed().wrapping_add(p01 & 0xffffffff);
    let middle = t22.wrapping_add(p10 & 0xffffffff);
    let t23 = m1.wrapping_mul(d1).wrapping_add((m1.wrapping_mul(d0).cast_unsigned() >> 32).cast_signed());
    let t24 = t23.wrapping_add((m0.wrapping_mul(d1).cast_unsigned() >> 32).cast_signed());
    let t25 = (((p00 & 0xffffffff) | (middle << 32)).cast_unsigned() >> 1).cast_signed();
    let half = t25.wrapping_add((t24.cast_unsigned() >> 1).cast_signed());
    let low = half << 1;
    let t26 = mantissa.wrapping_mul(bits1).wrapping_add(m1.wrapping_mul(b1));
    let t27 = t26.wrapping_add((p01.cast_unsigned() >> 32).cast_signed()).wrapping_add((p10.cast_unsigned() >> 32).cast_signed());
    let t28 = t27.wrapping_add((middle.cast_unsigned() >> 32).cast_signed());
    let high = t28.wrapping_add((half.cast_unsigned() >> 63).cast_signed());
    let quadrant = (high.wrapping_add(0x2000000000000000).cast_unsigned() >> 62).cast_signed();
    let left = high.wrapping_sub(quadrant << 62).wrapping_add(0x2000000000000000);
    let t29 = (left.cast_unsigned() >> 32).cast_signed() | 0x4330000000000000;
    let t30 = (f64::from_bits(t29.cast_unsigned()) - 4503599627370496.0) - 536870912.0;
    let f3 = t30 * 9.313225746154785e-10;
    let t31 = f64::from_bits(((left & 0xffffffff) | 0x4330000000000000).cast_unsigned());
    let f2 = (t31 - 4503599627370496.0) * 2.168404344971009e-19;
    let t32 = (low.cast_unsigned() >> 32).cast_signed() | 0x4330000000000000;
    let t33 = (f64::from_bits(t32.cast_unsigned()) - 4503599627370496.0) * 5.048709793414476e-29;
    let t34 = f64::from_bits(((low & 0xffffffff) | 0x4330000000000000).cast_unsigned());
    let turn = f3 + f2;
    let lost = ((f3 - turn) + f2) + (t33 + ((t34 - 4503599627370496.0) * 1.1754943508222875e-38));
    let turn1 = turn + lost;
    let rest = (turn - turn1) + lost;
    let r = turn1 * 1.5707963267948966;
    let t35 = muladd::<FMA>(turn1, 6.123233995736766e-17, rest * 1.5707963267948966);
    let error = t35 + product_error::<FMA>(turn1, 1.5707963267948966, r);
    let r1 = r + error;
    let error1 = (r - r1) + error;
    let negative = x < 0.0;
    let t36 = if x.abs() < f64::INFINITY { if negative { -r1 } else { r1 } } else { f64::NAN };
    (if negative { -quadrant } else { quadrant }, t36, if negative { -error1 } else { error1 })
}

#[inline(always)]
fn reduce<const FMA: bool>(x: f64) -> (i64, f64, f64) {
    let (t, t1, t2) = if x.abs() < 1000000.0 {
        let (t3, t4, t5) = reduce_small::<FMA>(x);
        (t3, t4, t5)
    } else {
        let (t6, t7, t8) = reduce_large::<FMA>(x);
        (t6, t7, t8)
    };
    (t, t1, t2)
}

#[inline(always)]
fn sin_parts<const FMA: bool>(high: f64, low: f64) -> (f64, f64) {
    let z = high * high;
    let t = muladd::<FMA>(1.5896505144027566e-10, z, -2.505075326798432e-8);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, z, 2.7557313662077965e-6), z, -0.0001984126982972525);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, z, 0.008333333333322316), z, -0.16666666666666632);
    let tail = muladd::<FMA>(t2, z * high, muladd::<FMA>(z, low * -0.5, low));
    let sin = high + tail;
    (sin, (high - sin) + tail)
}

#[inline(always)]
fn cos_parts<const FMA: bool>(high: f64, low: f64) -> (f64, f64) {
    let z = high * high;
    let half = z * 0.5;
    let t = -half;
    let one = 1.0 + t;
    let t1 = muladd::<FMA>(-1.1358310475122524e-11, z, 2.087569657205232e-9);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, z, -2.755731414861723e-7), z, 2.4801587288748156e-5);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, z, -0.0013888888888872895), z, 0.041666666666666595);
    let tail = muladd::<FMA>(t3, z * z, (1.0 - one) + t) - (high * low);
    let cos = one + tail;
    (cos, (one - cos) + tail)
}

#[inline(always)]
fn sine<const FMA: bool>(quadrant: i64, high: f64, low: f64) -> f64 {
    let (sin, _sin_rest) = sin_parts::<FMA>(high, low);
    let (cos, _cos_rest) = cos_parts::<FMA>(high, low);
    let even = (quadrant & 1) == 0;
    let y = if even { sin } else { cos };
    f64::from_bits((y.to_bits().cast_signed() ^ ((quadrant & 2) << 62)).cast_unsigned())
}

#[inline(always)]
fn tangent<const FMA: bool>(quadrant: i64, high: f64, low: f64) -> f64 {
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
pub fn sin<const FMA: bool>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce::<FMA>(x);
    if x.abs() < 1e-9 { x } else { sine::<FMA>(quadrant, high, low) }
}

/// The cosine.
#[inline(always)]
pub fn cos<const FMA: bool>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce::<FMA>(x);
    sine::<FMA>(quadrant.wrapping_add(1), high, low)
}

/// The tangent.
#[inline(always)]
pub fn tan<const FMA: bool>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce::<FMA>(x);
    if x.abs() < 1e-9 { x } else { tangent::<FMA>(quadrant, high, low) }
}

#[inline(always)]
fn sin_near<const FMA: bool>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce_small::<FMA>(x);
    if x.abs() < 1e-9 { x } else { sine::<FMA>(quadrant, high, low) }
}

#[inline(always)]
fn cos_near<const FMA: bool>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce_small::<FMA>(x);
    sine::<FMA>(quadrant.wrapping_add(1), high, low)
}

#[inline(always)]
fn tan_near<const FMA: bool>(x: f64) -> f64 {
    let (quadrant, high, low) = reduce_small::<FMA>(x);
    if x.abs() < 1e-9 { x } else { tangent::<FMA>(quadrant, high, low) }
}

#[inline(always)]
fn asin_tail<const FMA: bool>(x: f64, z: f64) -> f64 {
    let t = muladd::<FMA>(0.032804315507325356, z, -0.021276431692930725);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, z, 0.02190087744111134), z, 0.003627988329429979);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, z, 0.010800720002615746), z, 0.011395315087639428);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, z, 0.013981253179503671), z, 0.017351576548891724);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, z, 0.022372216924217356), z, 0.030381942640528407);
    let t5 = muladd::<FMA>(muladd::<FMA>(t4, z, 0.04464285717597917), z, 0.07499999999969408);
    muladd::<FMA>(t5, z, 0.16666666666666766) * (z * x)
}

#[inline(always)]
fn half_angle<const FMA: bool>(a: f64) -> (f64, f64, f64) {
    let z = (1.0 - a) * 0.5;
    let s = z.sqrt();
    let square = s * s;
    let t = ((z - square) - product_error::<FMA>(s, s, square)) / (s + s);
    let lost = if z > 0.0 { t } else { 0.0 };
    (s, lost, z)
}

/// The inverse sine.
#[inline(always)]
pub fn asin<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let outer = a > 0.5;
    let (s, lost, z) = half_angle::<FMA>(a);
    let r = if outer { s } else { a };
    let tail = asin_tail::<FMA>(r, if outer { z } else { a * a });
    let s1 = f64::from_bits((s.to_bits().cast_signed() & -0x8000000).cast_unsigned());
    let s2 = (s - s1) + lost;
    let t = ((2.0 * tail) - (6.123233995736766e-17 - (2.0 * s2))) - (0.7853981633974483 - (2.0 * s1));
    (if outer { 0.7853981633974483 - t } else { a + tail }).copysign(x)
}

/// The inverse cosine.
#[inline(always)]
pub fn acos<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let outer = a > 0.5;
    let (s, lost, z) = half_angle::<FMA>(a);
    let r = if outer { s } else { x };
    let tail = asin_tail::<FMA>(r, if outer { z } else { a * a });
    let t = 1.5707963267948966 - (s + ((tail + lost) - 6.123233995736766e-17));
    if outer { if x < 0.0 { t * 2.0 } else { (s + (tail + lost)) * 2.0 } } else { 1.5707963267948966 - (r - (6.123233995736766e-17 - tail)) }
}

#[inline(always)]
fn first_quadrant<const FMA: bool>(y: f64, x: f64) -> f64 {
    let steep = y > x;
    let small = if steep { x } else { y };
    let large = if steep { y } else { x };
    let middle = small > (large * 0.5);
    let t = (if middle { small - large } else { small }) / (if middle { small + large } else { large });
    let z = t * t;
    let t1 = muladd::<FMA>(muladd::<FMA>(0.010111202763965765, z, -0.02742814956502992), z, 0.04186167069184579);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, z, -0.051219195213588996), z, 0.05858287981819862);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, z, -0.06663810401643383), z, 0.0769207404599982);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, z, -0.09090896264475784), z, 0.1111111066093947);
    let t5 = muladd::<FMA>(muladd::<FMA>(t4, z, -0.1428571427642973), z, 0.19999999999903795);
    let tail = muladd::<FMA>(t5, z, -0.3333333333333299) * (z * t);
    let start = if middle { 0.7853981633974483_f64 } else { 0.0 };
    let start_rest = if middle { 3.061616997868383e-17_f64 } else { 0.0 };
    let shallow = start + (t + (tail + start_rest));
    let other = if steep { 1.5707963267948966 - start } else { 0.0 };
    if steep { other - (t + (tail - (6.123233995736766e-17 - start_rest))) } else { shallow }
}

/// The inverse tangent.
#[inline(always)]
pub fn atan<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let bounded = if a > 1e30 { 1e30 } else { a };
    let t = if a < 1e-10 { a } else { first_quadrant::<FMA>(bounded, 1.0) };
    t.copysign(x)
}

/// The angle of the point with ordinate a and abscissa b.
#[inline(always)]
pub fn atan2<const FMA: bool>(y: f64, x: f64) -> f64 {
    let up = y.abs();
    let right = x.abs();
    let largest = if up > right { up } else { right };
    let t = if largest < 1.1830521861667747e-271 { 4.149515568880993e180_f64 } else { 1.0 };
    let factor = if largest > 1.0715086071862673e301 { 5.960464477539063e-8 } else { t };
    let up1 = up * factor;
    let right1 = right * factor;
    let angle = if up1 == 0.0 { 0.0 } else { first_quadrant::<FMA>(up1, right1) };
    let same = up1 == right1;
    let angle1 = if same { if up1 == 0.0 { 0.0_f64 } else { 0.7853981633974483 } } else { angle };
    let left = x.to_bits().cast_signed() < 0;
    let t1 = if left { 3.141592653589793 - (angle1 - 1.2246467991473532e-16) } else { angle1 };
    let angle2 = t1.copysign(y);
    let number = x == x;
    if number { angle2 } else { x }
}

#[inline(always)]
fn log2_pair<const FMA: bool>(x: f64) -> (f64, f64) {
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
    let product1 = 0.6666666666666666 * product;
    let t2 = muladd::<FMA>(3.700743415417189e-17, product, product_error::<FMA>(0.6666666666666666, product, product1));
    let rest1 = muladd::<FMA>(0.6666666666666666, rest, t2);
    let t3 = muladd::<FMA>(0.13197747045851538, product, 0.13256669243059638);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, product, 0.1538676351083614), product, 0.1818178423757394);
    let t5 = muladd::<FMA>(muladd::<FMA>(t4, product, 0.2222222252134694), product, 0.2857142857009194);
    let q_rest = muladd::<FMA>(muladd::<FMA>(t5, product, 0.4000000000000227), product * product, rest1);
    let q = product1 + q_rest;
    let q_rest1 = (product1 - q) + q_rest;
    let sum = 2.0 + q;
    let rest2 = ((2.0 - sum) + q) + q_rest1;
    let product2 = sum * s;
    let t6 = muladd::<FMA>(rest2, s, product_error::<FMA>(sum, s, product2));
    let rest3 = muladd::<FMA>(sum, s_rest, t6);
    let product3 = product2 * 1.4426950408889634;
    let t7 = muladd::<FMA>(rest3, 1.4426950408889634, product_error::<FMA>(product2, 1.4426950408889634, product3));
    let rest4 = muladd::<FMA>(product2, 2.0355273740931033e-17, t7);
    let sum1 = k + product3;
    let rest5 = ((k - sum1) + product3) + rest4;
    (sum1, rest5)
}

/// The cube root.
#[inline(always)]
pub fn cbrt<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let small = a < 2.2250738585072014e-308;
    let bits = (if small { a * 1.8014398509481984e16 } else { a }).to_bits().cast_signed();
    let t = (bits.cast_unsigned() >> 52).cast_signed() | 0x4330000000000000;
    let exponent = f64::from_bits(t.cast_unsigned()) - 4503599627371519.0;
    let shifted = muladd::<FMA>(exponent - 1.0, 0.3333333333333333, 6755399441055744.0);
    let rest = muladd::<FMA>(shifted - 6755399441055744.0, -3.0, exponent);
    let m = f64::from_bits(((bits & 0xfffffffffffff) | 0x3ff0000000000000).cast_unsigned());
    let t1 = if rest == 0.0 { 1.0 } else { if rest == 1.0 { 2.0_f64 } else { 4.0 } };
    let v = m * t1;
    let t2 = muladd::<FMA>(muladd::<FMA>(0.023104968144162075, m, -0.16296970958046345), m, 0.587114376210701);
    let t3 = if rest == 1.0 { 1.2599210498948732_f64 } else { 1.5874010519681994 };
    let t4 = muladd::<FMA>(t2, m, 0.5528233665603506) * (if rest == 0.0 { 1.0 } else { t3 });
    let t5 = ((t4 * 2.0) + (v / (t4 * t4))) * 0.3333333333333333;
    let t6 = f64::from_bits((t5.to_bits().cast_signed() & -0x8000000).cast_unsigned());
    let r = v / (t6 * t6);
    let t7 = shifted.to_bits().cast_signed().wrapping_add(-0x4337fffffffffc01);
    let t8 = (t6 + (t6 * ((r - t6) / ((t6 * 2.0) + r)))) * f64::from_bits((t7 << 52).cast_unsigned());
    let y = (t8 * (if small { 3.814697265625e-6_f64 } else { 1.0 })).copysign(x);
    if (a > 0.0) & (a < f64::INFINITY) { y } else { x }
}

/// The length of the vector (a, b), without overflow on the way.
#[inline(always)]
pub fn hypot<const FMA: bool>(x: f64, y: f64) -> f64 {
    let a = x.abs();
    let b = y.abs();
    let largest = if a > b { a } else { b };
    let t = if largest > 3.273390607896142e150 { 2.409919865102884e-181_f64 } else { 1.0 };
    let factor = if largest < 3.054936363499605e-151 { 5.260135901548374e210 } else { t };
    let t1 = if largest > 3.273390607896142e150 { 4.149515568880993e180_f64 } else { 1.0 };
    let back = if largest < 3.054936363499605e-151 { 1.90109156629516e-211 } else { t1 };
    let a1 = a * factor;
    let b1 = b * factor;
    if (a == f64::INFINITY) | (b == f64::INFINITY) { f64::INFINITY } else { muladd::<FMA>(a1, a1, b1 * b1).sqrt() * back }
}

/// A power.
#[inline(always)]
pub fn powf<const FMA: bool>(x: f64, y: f64) -> f64 {
    let a = x.abs();
    let y_size = y.abs();
    let t = y.abs();
    let bounded = if t > 1.1805916207174113e21 { 1.1805916207174113e21 } else { t };
    let bounded1 = bounded.copysign(y);
    let (log, log_rest) = log2_pair::<FMA>(a);
    let product = log * bounded1;
    let t1 = muladd::<FMA>(log_rest, bounded1, product_error::<FMA>(log, bounded1, product));
    let rest = muladd::<FMA>(log, 0.0, t1);
    let t2 = product.abs();
    let bounded2 = if t2 > 1200.0 { 1200.0 } else { t2 };
    let whole = bounded2.copysign(product);
    let result = exp2_bounded::<FMA>(whole, if product.abs() < 1200.0 { rest } else { 0.0 });
    let rising = y > 0.0;
    let result1 = if a == 0.0 { if rising { 0.0 } else { f64::INFINITY } } else { result };
    let result2 = if a == f64::INFINITY { if rising { f64::INFINITY } else { 0.0 } } else { result1 };
    let negative = x.to_bits().cast_signed() < 0;
    let t3 = if y_size < 4503599627370496.0 { (y_size + 4503599627370496.0) - 4503599627370496.0 } else { y_size };
    let integer = t3 == y_size;
    let t4 = y_size * 0.5;
    let t5 = if t4 < 4503599627370496.0 { (t4 + 4503599627370496.0) - 4503599627370496.0 } else { t4 };
    let even = t5 == t4;
    let result3 = if (negative & integer) & (!even) { -result2 } else { result2 };
    let imaginary = (negative & ((a > 0.0) & (a < f64::INFINITY))) & (!integer);
    let result4 = if imaginary { f64::NAN } else { result3 };
    let result5 = if x == x { result4 } else { x };
    let result6 = if y == y { result5 } else { y };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { result6 }
}

#[inline(always)]
fn erfc_positive<const FMA: bool>(a: f64) -> f64 {
    let a1 = if a > 28.0 { 28.0 } else { a };
    let t = (a1 - 4.0) / (a1 + 4.0);
    let square = a1 * a1;
    let power = exp::<FMA>(-square);
    let t1 = muladd::<FMA>(1.198182485692268e-9, t, 1.6774215515908293e-9);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, t, -1.4070575390657749e-8), t, -1.7470076957618645e-8);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, t, 1.1033270685772334e-7), t, 7.410582777678687e-8);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, t, -8.259660868192138e-7), t, 2.941614946718734e-7);
    let t5 = muladd::<FMA>(muladd::<FMA>(t4, t, 5.710196443071548e-6), t, -1.122218289542388e-5);
    let t6 = muladd::<FMA>(muladd::<FMA>(t5, t, -2.4399442063317028e-5), t, 0.0001506217234482285);
    let t7 = muladd::<FMA>(muladd::<FMA>(t6, t, -0.00019925662558173396), t, -0.0007577732992399645);
    let t8 = muladd::<FMA>(muladd::<FMA>(t7, t, 0.005031969964895975), t, -0.016197734056207735);
    let t9 = muladd::<FMA>(muladd::<FMA>(t8, t, 0.03716751553897611), t, -0.06633036581236018);
    let t10 = muladd::<FMA>(muladd::<FMA>(t9, t, 0.09373283499825635), t, -0.10103906603629771);
    let t11 = muladd::<FMA>(muladd::<FMA>(t10, t, 0.06809705425469532), t, 0.015379652102619622);
    let t12 = muladd::<FMA>(muladd::<FMA>(t11, t, -0.13962111684056253), t, 1.2329951186255526);
    let y = (power * t12) / muladd::<FMA>(a1, 2.0, 1.0);
    y - (y * product_error::<FMA>(a1, a1, square))
}

/// The error function.
#[inline(always)]
pub fn erf<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let t = x * x;
    let t1 = muladd::<FMA>(5.891157648124658e-11, t, -1.1334078097565464e-9);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, t, 1.4649822009504517e-8), t, -1.6348846099520827e-7);
    let t3 = muladd::<FMA>(muladd::<FMA>(t2, t, 1.6460863563949336e-6), t, -1.4925586831718785e-5);
    let t4 = muladd::<FMA>(muladd::<FMA>(t3, t, 0.00012055330765318636), t, -0.0008548326971482607);
    let t5 = muladd::<FMA>(muladd::<FMA>(t4, t, 0.005223977624658101), t, -0.026866170645060673);
    let t6 = muladd::<FMA>(muladd::<FMA>(t5, t, 0.11283791670954794), t, -0.3761263890318375);
    let near = muladd::<FMA>(muladd::<FMA>(t6, t, 0.1283791670955126), x, x);
    if a < 1.0 { near } else { (1.0 - erfc_positive::<FMA>(a)).copysign(x) }
}

/// The complementary error function, one less the error function.
#[inline(always)]
pub fn erfc<const FMA: bool>(x: f64) -> f64 {
    let y = erfc_positive::<FMA>(x.abs());
    if x < 0.0 { 2.0 - y } else { y }
}

#[inline(always)]
fn of_half_turn<const FMA: bool>(r: f64) -> (f64, f64) {
    let steep = r > 0.25;
    let q = if steep { 0.5 - r } else { r };
    let angle = q * 3.141592653589793;
    let low = muladd::<FMA>(q, 1.2246467991473532e-16, product_error::<FMA>(q, 3.141592653589793, angle));
    let (sin, sin_rest) = sin_parts::<FMA>(angle, low);
    let (cos, cos_rest) = cos_parts::<FMA>(angle, low);
    let t = sin + sin_rest;
    let t1 = cos + cos_rest;
    (if steep { t1 } else { t }, if steep { t } else { t1 })
}

/// The natural logarithm of the absolute value of the gamma function.
#[inline(always)]
pub fn ln_gamma<const FMA: bool>(x: f64) -> f64 {
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
    let t16 = muladd::<FMA>(-5.821719131752731e-8, d, 1.220451306866137e-7);
    let t17 = muladd::<FMA>(muladd::<FMA>(t16, d, -1.8340928418374476e-7), d, 3.864611721192782e-7);
    let t18 = muladd::<FMA>(muladd::<FMA>(t17, d, -8.554681409043069e-7), d, 1.8133083605338932e-6);
    let t19 = muladd::<FMA>(muladd::<FMA>(t18, d, -3.846862213922764e-6), d, 8.221250905089243e-6);
    let t20 = muladd::<FMA>(muladd::<FMA>(t19, d, -1.7661729459246383e-5), d, 3.8168993556189895e-5);
    let t21 = muladd::<FMA>(muladd::<FMA>(t20, d, -8.309512251971684e-5), d, 0.0001825526320510273);
    let t22 = muladd::<FMA>(muladd::<FMA>(t21, d, -0.0004057073976687812), d, 0.0009153769225229885);
    let t23 = muladd::<FMA>(muladd::<FMA>(t22, d, -0.002108130833952092), d, 0.004998641164691993);
    let t24 = muladd::<FMA>(muladd::<FMA>(t23, d, -0.012384192193371316), d, 0.032965000621155864);
    let t25 = muladd::<FMA>(muladd::<FMA>(t24, d, -0.10031730167435392), d, 0.42278433509846713);
    let near = ((d + 1.0) * d) * t25;
    let inverse = 1.0 / mirrored;
    let t26 = inverse * inverse;
    let t27 = muladd::<FMA>(-0.029550653594771242, t26, 0.00641025641025641);
    let t28 = muladd::<FMA>(muladd::<FMA>(t27, t26, -0.0019175269175269176), t26, 0.0008417508417508417);
    let t29 = muladd::<FMA>(muladd::<FMA>(t28, t26, -0.0005952380952380953), t26, 0.0007936507936507937);
    let t30 = muladd::<FMA>(muladd::<FMA>(t29, t26, -0.002777777777777778), t26, 0.08333333333333333);
    let t31 = ((mirrored - 0.5) * (l - 1.0)) + ((t30 * inverse) + 0.4189385332046727);
    let y = if far { t31 } else { near + (if low { -l } else { l }) };
    let t32 = x.abs();
    let t33 = if t32 < 4503599627370496.0 { t32 - ((t32 + 4503599627370496.0) - 4503599627370496.0) } else { 0.0 };
    let (sin, _cos) = of_half_turn::<FMA>(t33.abs());
    let t34 = if sin == 0.0 { f64::INFINITY } else { (1.1447298858494002 - ln::<FMA>(sin)) - y };
    if left { t34 } else { y }
}

#[inline(always)]
fn digamma_positive<const FMA: bool>(x: f64) -> f64 {
    let small = x < 1.0;
    let far = x > 10.0;
    let t = if small { -1.0_f64 } else { 0.0 };
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
    let t20 = muladd::<FMA>(0.00012117897890566043, u, -0.00017833346551420466);
    let t21 = muladd::<FMA>(muladd::<FMA>(t20, u, 9.328723427969646e-5), u, -0.00014465627767617706);
    let t22 = muladd::<FMA>(muladd::<FMA>(t21, u, 0.0003258854862558487), u, -0.0004860346834644825);
    let t23 = muladd::<FMA>(muladd::<FMA>(t22, u, 0.000690280521059239), u, -0.0010364320072773288);
    let t24 = muladd::<FMA>(muladd::<FMA>(t23, u, 0.0015635037465723644), u, -0.0023454998358738172);
    let t25 = muladd::<FMA>(muladd::<FMA>(t24, u, 0.0035180886562995997), u, -0.005279936636434211);
    let t26 = muladd::<FMA>(muladd::<FMA>(t25, u, 0.007927023331932835), u, -0.011908220153067958);
    let t27 = muladd::<FMA>(muladd::<FMA>(t26, u, 0.017907248235310393), u, -0.026975796657634367);
    let t28 = muladd::<FMA>(muladd::<FMA>(t27, u, 0.04076083394340039), u, -0.061922133275542315);
    let t29 = muladd::<FMA>(muladd::<FMA>(t28, u, 0.0949887244528496), u, -0.14840492305388028);
    let t30 = muladd::<FMA>(muladd::<FMA>(t29, u, 0.24054248424078722), u, -0.4236274212814606);
    let t31 = ((u - -0.03836785503163766) - -1.6445603550442201e-18) * muladd::<FMA>(t30, u, 0.9510558760318328);
    let t32 = (if stay7 { t17 } else { muladd::<FMA>(t17, factor7, t18) }) / (if stay7 { t18 } else { t18 * factor7 });
    let w = 1.0 / (x * x);
    let t33 = muladd::<FMA>(muladd::<FMA>(0.08333333333333333, w, -0.021092796092796094), w, 0.007575757575757576);
    let t34 = muladd::<FMA>(muladd::<FMA>(t33, w, -0.004166666666666667), w, 0.003968253968253968);
    let t35 = muladd::<FMA>(muladd::<FMA>(t34, w, -0.008333333333333333), w, 0.08333333333333333);
    if far { ln::<FMA>(x) - ((0.5 / x) + (t35 * w)) } else { t31 + t32 }
}

/// The derivative of the gamma function's logarithm.
#[inline(always)]
pub fn digamma<const FMA: bool>(x: f64) -> f64 {
    let left = x < 0.0;
    let mirrored = if left { 1.0 - x } else { x };
    let y = digamma_positive::<FMA>(mirrored);
    let t = x.abs();
    let r = if t < 4503599627370496.0 { t - ((t + 4503599627370496.0) - 4503599627370496.0) } else { 0.0 };
    let (sin, cos) = of_half_turn::<FMA>(r.abs());
    let t1 = muladd::<FMA>((if sin == 0.0 { f64::NAN } else { cos / sin }).copysign(r), 3.141592653589793, y);
    if left { t1 } else { y }
}

/// The derivative of digamma.
#[inline(always)]
pub fn trigamma<const FMA: bool>(x: f64) -> f64 {
    let left = x < 0.0;
    let mirrored = if left { 1.0 - x } else { x };
    let far = mirrored > 12.0;
    let z = if far { mirrored } else { mirrored + 12.0 };
    let w = 1.0 / (z * z);
    let t = muladd::<FMA>(muladd::<FMA>(1.1666666666666667, w, -0.2531135531135531), w, 0.07575757575757576);
    let t1 = muladd::<FMA>(muladd::<FMA>(t, w, -0.03333333333333333), w, 0.023809523809523808);
    let t2 = muladd::<FMA>(muladd::<FMA>(t1, w, -0.03333333333333333), w, 0.16666666666666666);
    let start = (((t2 * w) / z) + (0.5 * w)) + (1.0 / z);
    let term = 1.0 / (mirrored + 11.0);
    let term1 = 1.0 / (mirrored + 10.0);
    let term2 = 1.0 / (mirrored + 9.0);
    let t3 = ((start + (term * term)) + (term1 * term1)) + (term2 * term2);
    let term3 = 1.0 / (mirrored + 8.0);
    let term4 = 1.0 / (mirrored + 7.0);
    let term5 = 1.0 / (mirrored + 6.0);
    let term6 = 1.0 / (mirrored + 5.0);
    let t4 = (((t3 + (term3 * term3)) + (term4 * term4)) + (term5 * term5)) + (term6 * term6);
    let term7 = 1.0 / (mirrored + 4.0);
    let term8 = 1.0 / (mirrored + 3.0);
    let term9 = 1.0 / (mirrored + 2.0);
    let term10 = 1.0 / (mirrored + 1.0);
    let t5 = (((t4 + (term7 * term7)) + (term8 * term8)) + (term9 * term9)) + (term10 * term10);
    let term11 = 1.0 / (mirrored + 0.0);
    let y = if far { start } else { t5 + (term11 * term11) };
    let t6 = x.abs();
    let t7 = if t6 < 4503599627370496.0 { t6 - ((t6 + 4503599627370496.0) - 4503599627370496.0) } else { 0.0 };
    let (sin, _cos) = of_half_turn::<FMA>(t7.abs());
    let pole = 3.141592653589793 / sin;
    if left { muladd::<FMA>(pole, pole, -y) } else { y }
}

/// As `sin`; but if `NEAR`, arguments from 1000000.0 on are only noted in `far`.
#[inline(always)]
pub fn sin_in_lanes<const FMA: bool, const NEAR: bool>(x: f64, far: &mut bool) -> f64 {
    if NEAR {
        *far |= x.abs() >= 1000000.0;
        sin_near::<FMA>(x)
    } else {
        sin::<FMA>(x)
    }
}

/// As `cos`; but if `NEAR`, arguments from 1000000.0 on are only noted in `far`.
#[inline(always)]
pub fn cos_in_lanes<const FMA: bool, const NEAR: bool>(x: f64, far: &mut bool) -> f64 {
    if NEAR {
        *far |= x.abs() >= 1000000.0;
        cos_near::<FMA>(x)
    } else {
        cos::<FMA>(x)
    }
}

/// As `tan`; but if `NEAR`, arguments from 1000000.0 on are only noted in `far`.
#[inline(always)]
pub fn tan_in_lanes<const FMA: bool, const NEAR: bool>(x: f64, far: &mut bool) -> f64 {
    if NEAR {
        *far |= x.abs() >= 1000000.0;
        tan_near::<FMA>(x)
    } else {
        tan::<FMA>(x)
    }
}
