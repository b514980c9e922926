#!/usr/bin/env python3
"""Fits the polynomials of kernels/src/math and prints kernels/src/math/coefficients.rs.

    pip install mpmath
    python3 coefficients.py > coefficients.rs && rustfmt coefficients.rs

Each polynomial is the minimax one (Remez' exchange) of a tail, such as (sin r - r) / r^3 as a function of r^2, with the
error weighted so that it counts relative to the function's result; the degree is the least that meets the bound. The
coefficients are then rounded to the format that evaluates them.
"""
import struct
from mpmath import mp, mpf, matrix, lu_solve, log, log1p, exp, sin, cos, sinh, cosh, atan, atanh, asin, sqrt, pi, cbrt, floor
from mpmath import digamma, erf, erfc, findroot, loggamma

mp.dps = 60
LN2 = log(2)
HALF_LN2 = LN2 / 2 * mpf("1.001")
QUARTER_PI = pi / 4 * mpf("1.001")
ATANH_MAX = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.001")
F32_BOUND, F64_BOUND = mpf(2) ** -27.7, mpf(2) ** -57.5


def remez(f, w, a, b, degree, rounds=12, grid=600):
    """The polynomial p of that degree that makes max |w (f - p)| on [a, b] least, and that maximum."""
    a, b = mpf(a), mpf(b)
    xs = [(a + b) / 2 - (b - a) / 2 * mp.cos(pi * (k + mpf(1) / 2) / (degree + 2)) for k in range(degree + 2)]
    ts = [(a + b) / 2 - (b - a) / 2 * mp.cos(pi * k / grid) for k in range(grid + 1)]
    fs, ws = [f(t) for t in ts], [w(t) for t in ts]
    for _ in range(rounds):
        m, rhs = matrix(degree + 2, degree + 2), matrix(degree + 2, 1)
        for i, x in enumerate(xs):
            for j in range(degree + 1):
                m[i, j] = x**j
            m[i, degree + 1] = (-1) ** i / w(x)
            rhs[i] = f(x)
        c = lu_solve(m, rhs)
        p = [c[j] for j in range(degree + 1)]
        errors = [wt * (y - mp.polyval(p[::-1], t)) for t, y, wt in zip(ts, fs, ws)]
        peaks, start = [], 0
        for k in range(1, grid + 2):  # the largest error in each run of one sign
            if k == grid + 1 or (errors[k] > 0) != (errors[start] > 0):
                peaks.append(max(range(start, k), key=lambda i: abs(errors[i])))
                start = k
        while len(peaks) > degree + 2:  # drop the smaller end
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        if len(peaks) < degree + 2:
            break
        xs = [ts[k] for k in peaks]
        if abs(errors[peaks[0]]) > 0 and max(abs(errors[k]) for k in peaks) / min(abs(errors[k]) for k in peaks) < 1.02:
            break
    return p, max(abs(e) for e in errors)


def fit(f, w, a, b, bound):
    for degree in range(1, 40):
        p, error = remez(f, w, a, b, degree)
        if error < bound:
            return p, error
    raise ValueError("no degree is enough")


def single(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def literal(x, is32):
    """The shortest decimal that reads back to x in its format."""
    if not is32:
        return repr(float(x))
    s = single(x)
    for digits in range(1, 18):
        t = "%.*g" % (digits, s)
        if single(float(t)) == s:
            return repr(float(t))


TINY = mpf(10) ** -18


def root(z):
    return sqrt(z if z > TINY else TINY)


def near(x):
    return x if abs(x) > TINY else TINY


def scaled_erfc(t):
    a = 4 * (1 + t) / (1 - t)
    return (1 + 2 * a) * exp(a * a) * erfc(a)


def ln_gamma_tail(d):
    return loggamma(2 + near(d)) / ((1 + near(d)) * near(d))


DIGAMMA_ROOT = findroot(digamma, 1.46)


def digamma_tail(u):
    return digamma(u + mpf("1.5")) / (u + mpf("1.5") - DIGAMMA_ROOT)


# name: (tail, weight, from, to, what it is)
TAILS = {
    "EXP": (
        lambda r: (exp(near(r)) - 1 - near(r)) / near(r) ** 2,
        lambda r: abs(near(r)),
        -HALF_LN2,
        HALF_LN2,
        "(e^r - 1 - r) / r^2 for |r| <= ln 2 / 2, in r; error relative to e^r - 1",
    ),
    "SINH": (
        lambda z: (sinh(root(z)) - root(z)) / root(z) ** 3,
        lambda z: root(z) ** 2,
        0,
        HALF_LN2**2,
        "(sinh r - r) / r^3 for |r| <= ln 2 / 2, in r^2",
    ),
    "COSH": (
        lambda z: (cosh(root(z)) - 1) / root(z) ** 2,
        lambda z: root(z) ** 2,
        0,
        HALF_LN2**2,
        "(cosh r - 1) / r^2 for |r| <= ln 2 / 2, in r^2",
    ),
    "SIN": (
        lambda z: (sin(root(z)) - root(z)) / root(z) ** 3,
        lambda z: root(z) ** 2,
        0,
        QUARTER_PI**2,
        "(sin r - r) / r^3 for |r| <= pi / 4, in r^2",
    ),
    "COS": (
        lambda z: (cos(root(z)) - 1 + root(z) ** 2 / 2) / root(z) ** 4,
        lambda z: root(z) ** 4 / cos(root(z)),
        mpf(10) ** -6,
        QUARTER_PI**2,
        "(cos r - 1 + r^2 / 2) / r^4 for |r| <= pi / 4, in r^2",
    ),
    "ATAN": (
        lambda z: (atan(root(z)) - root(z)) / root(z) ** 3,
        lambda z: root(z) ** 2,
        0,
        mpf("0.2505"),
        "(atan t - t) / t^3 for |t| <= 1/2, in t^2",
    ),
    "ASIN": (
        lambda z: (asin(root(z)) - root(z)) / root(z) ** 3,
        lambda z: root(z) ** 2,
        0,
        mpf("0.2505"),
        "(asin x - x) / x^3 for |x| <= 1/2, in x^2",
    ),
    "LN_QUOTIENT": (
        lambda z: (2 * atanh(root(z)) - 2 * root(z)) / root(z) ** 3,
        lambda z: root(z) ** 2 / 2,
        0,
        ATANH_MAX,
        "(ln((1 + s) / (1 - s)) - 2 s) / s^3 in s^2, for the mantissas between sqrt 1/2 and sqrt 2",
    ),
    "LN_DIRECT": (
        lambda f: (log1p(near(f)) - near(f) + near(f) ** 2 / 2) / near(f) ** 3 if abs(f) > mpf(10) ** -12 else mpf(1) / 3,
        lambda f: near(f) ** 2,
        sqrt(mpf(1) / 2) - 1 - mpf("0.0005"),
        sqrt(2) - 1 + mpf("0.0005"),
        "(ln(1 + f) - f + f^2 / 2) / f^3 in f, for the mantissas 1 + f between sqrt 1/2 and sqrt 2",
    ),
    "LN_TAIL": (
        lambda z: (2 * atanh(root(z)) - 2 * root(z) - 2 * root(z) ** 3 / 3) / root(z) ** 5,
        lambda z: root(z) ** 4 / 2,
        mpf(10) ** -8,
        ATANH_MAX,
        "(ln((1 + s) / (1 - s)) - 2 s - 2/3 s^3) / s^5 in s^2: the same in twice the precision",
    ),
    "ERF": (
        lambda z: erf(root(z)) / root(z) - 1,
        lambda z: root(z) / erf(root(z)),
        0,
        1,
        "erf x / x - 1 for |x| <= 1, in x^2",
    ),
    "ERFC": (
        scaled_erfc,
        lambda t: 1 / scaled_erfc(t),
        -1,
        mpf(28 - 4) / (28 + 4),
        "(1 + 2 a) e^(a^2) erfc a for 0 <= a <= 28, in (a - 4) / (a + 4)",
    ),
    "LN_GAMMA": (
        ln_gamma_tail,
        lambda d: 1 / ln_gamma_tail(d),
        mpf("-0.5"),
        mpf("0.5"),
        "ln gamma(2 + d) / ((1 + d) d) for |d| <= 1/2, in d",
    ),
    "DIGAMMA": (
        digamma_tail,
        lambda u: 1 / digamma_tail(u),
        mpf("-0.5"),
        mpf("0.5"),
        "digamma(u + 3/2) over the distance from its root 1.4616.. for |u| <= 1/2, in u",
    ),
    "CBRT": (lambda m: cbrt(m), lambda m: 1 / cbrt(m), 1, 2, "the cube root between 1 and 2, roughly"),
}
# where the bound is another one, or only one format has the polynomial
BOUNDS = {
    ("LN_QUOTIENT", 32): None,
    ("LN_DIRECT", 64): None,
    ("LN_TAIL", 32): mpf(2) ** -36,
    ("LN_TAIL", 64): mpf(2) ** -66,
    ("CBRT", 32): mpf(2) ** -12,
    ("CBRT", 64): mpf(2) ** -13,
}


def main():
    print("//! Generated by coefficients.py beside this file; see there.\n")
    print("#![allow(clippy::excessive_precision, clippy::approx_constant)]\n")
    for name, (f, w, a, b, doc) in TAILS.items():
        for size, bound in ((32, F32_BOUND), (64, F64_BOUND)):
            bound = BOUNDS.get((name, size), bound)
            if bound is None:
                continue
            p, error = fit(f, w, a, b, bound)
            print("/// %s; `f%d`, error 2^%.1f." % (doc[0].upper() + doc[1:], size, float(log(error) / LN2)))
            cs = ", ".join(literal(c, size == 32) for c in p)
            print("pub(super) const %s_%d: &[f64] = &[%s];\n" % (name, size, cs))
    mp.dps = 500
    print("/// The bits of 2 / pi after the point, 64 to a word.")
    print("pub(super) const TWO_OVER_PI: [i64; 20] = [%s];\n" % ", ".join(map(str, words(2 / pi, 20))))
    print("/// pi / 2 in parts of 33 bits, the last with all that a double holds.")
    print("pub(super) const HALF_PI_64: &[f64] = & [%s];\n" % ", ".join(map(repr, parts(pi / 2, 33, 4))))
    print("/// pi / 2 in parts of 11 bits, the last with all that a double holds.")
    print("pub(super) const HALF_PI_32: &[f64] = &[%s];\n" % ", ".join(map(repr, parts(pi / 2, 11, 5))))
    print("/// For large `f32`: below each bound, a number in two parts of which x times it is 2 x / pi but for a multiple of 4.")
    rows = ", ".join("(%r, %r, %r)" % row for row in single_rows())
    print("pub(super) const LARGE_32: &[(f64, f64, f64)] = &[%s];" % rows)


def words(v, n):
    """The first n 64-bit words after the point, as signed numbers."""
    result = []
    for _ in range(n):
        v *= mpf(2) ** 64
        k = int(floor(v))
        result.append(k if k < 2**63 else k - 2**64)
        v -= k
    return result


def parts(v, bits, n):
    """v as a sum of n doubles, all but the last one with `bits` significant bits (to those of the first)."""
    result, unit = [], mpf(2) ** (floor(log(v) / log(2)) + 1 - bits)
    for _ in range(n - 1):
        part = floor(v / unit) * unit
        result.append(float(part))
        v -= part
        unit *= mpf(2) ** -bits
    return result + [float(v)]


def single_rows():
    """Rows for TWO_OVER_PI times 2^s modulo 4, over 2^s. For x of at least 2^(23 + s), a multiple of 2^s, the product
    with x differs from 2 x / pi by a multiple of 4. The product must stay below 2^51, so that it can be rounded to an
    integer by adding 1.5 * 2^52: s is chosen so that the row holds as far as possible."""
    rows, reach, s = [], None, 0
    while True:
        scaled = 2 / pi * mpf(2) ** s
        rest = scaled - 4 * floor(scaled / 4 + mpf(1) / 2)
        reach = s + 51 - int(mp.ceil(log(abs(rest)) / log(2)))
        high = float(rest)
        low = float(rest - mpf(high))
        rows.append((2.0 ** min(reach, 128), high * 2.0**-s, low * 2.0**-s))
        if reach >= 128:
            return rows

        def reach_of(s):
            scaled = 2 / pi * mpf(2) ** s
            rest = scaled - 4 * floor(scaled / 4 + mpf(1) / 2)
            return s + 51 - int(mp.ceil(log(abs(rest)) / log(2)))

        s = max(range(s + 1, reach - 22), key=reach_of)


if __name__ == "__main__":
    main()
