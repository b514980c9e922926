#!/usr/bin/env python3
"""Prints tests/reference/math_f64.txt: values of the mathematical functions at awkward and at random doubles.

    pip install mpmath
    python3 math_f64.py 60 > math_f64.txt         # that many random arguments per function

A line is a name, the bits of the arguments, the bits of the nearest double of the exact result, and what that double
lacks in thousandths of a unit in its last place.
"""
import math
import random
import struct
import sys
from fractions import Fraction

import mpmath
from mpmath import mp, mpf

mp.prec = 400
random.seed(20)
MAX = float.fromhex("0x1.fffffffffffffp1023")
TINY = 5e-324


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def from_bits(b):
    return struct.unpack("<d", struct.pack("<Q", b))[0]


def neighbours(x, n=2):
    b = bits(abs(x))
    return [from_bits(b + k) * (1 if x >= 0 else -1) for k in range(-n, n + 1) if 0 <= b + k < 0x7FF << 52]


def fraction(v):
    sign, man, exp, _ = v._mpf_
    f = Fraction(man) * Fraction(2) ** exp
    return -f if sign else f


def nearest(v):
    """The nearest double, and the rest in thousandths of a unit in the last place."""
    exact = fraction(v)
    try:
        y = float(exact)
    except OverflowError:
        return (float("inf") if exact > 0 else float("-inf")), 0
    if exact == 0 or abs(y) == float("inf"):
        return y, 0
    exponent = max((bits(abs(y)) >> 52) & 0x7FF, 1) - 1075
    return y, round((exact - Fraction(y)) / Fraction(2) ** exponent * 1000)


def any_double():
    while True:
        x = from_bits(random.getrandbits(64))
        if x == x and abs(x) != float("inf"):
            return x


def around(low, high, n):
    """Half of them uniform, half with uniform exponents from 2^-60 on."""
    out = []
    for _ in range(n // 2):
        out.append(random.uniform(low, high))
        x = 2.0 ** random.uniform(-60, math.log2(max(abs(low), abs(high))))
        out.append(x if low >= 0 or random.random() < 0.5 else -x)
    return [x for x in out if low <= x <= high]


def small_numbers():
    return [0.0, TINY, 3 * TINY, 2.0**-1022, 2.0**-1022 - TINY, 1e-300, 1e-20, 1e-9, 1e-5]


def signed(xs):
    return [s * x for x in xs for s in (1.0, -1.0)]


def near_quarter_turns(n):
    """Doubles that are close to multiples of pi / 2: nearest ones, and the closest of all."""
    out = [6381956970095103.0 * 2.0**797, 5.319372648326541e255, 1e22, MAX, 2.0**1000, 999999.9999999999, 1e6, 1.2e6]
    for k in range(1, n):
        m = k if k < n // 2 else random.getrandbits(random.randint(5, 60)) | 1
        out += neighbours(float(mpf(m) * mp.pi / 2), 0)
    # convergents: for an exponent e, the m of 53 bits for which m 2^e comes closest to a multiple of pi / 2
    for e in random.sample(range(-45, 970), n // 4):
        ratio = mpf(2) ** (e + 1) / mp.pi
        p, q = convergent(ratio - mp.floor(ratio), 2**53)
        out += [float(q) * 2.0**e]
    return signed(out)


def convergent(x, limit):
    """The last convergent p / q of x with q below the limit."""
    p0, q0, p1, q1 = 0, 1, 1, 0
    saved = mp.prec
    while True:
        a = int(mp.floor(x))
        p0, q0, p1, q1 = p1, q1, a * p1 + p0, a * q1 + q0
        if q1 >= limit:
            mp.prec = saved
            return p0, q0
        if x == a:
            return p1, q1
        x = 1 / (x - a)


def near_one(n):
    out = [1.0, 1.0 - 2.0**-53, 1.0 + 2.0**-52, 2.0**0.5, 0.5**0.5, 2.0, 0.5]
    for _ in range(n):
        d = 2.0 ** random.uniform(-53, -1)
        out += [1.0 + d, 1.0 - d]
    return out


def positive_any(n):
    return [abs(any_double()) for _ in range(n)] + small_numbers()[1:] + [MAX]


def exps(n, low, high):
    return around(low, high, n) + signed(small_numbers()) + neighbours(high) + neighbours(low)


def arguments(n):
    big = n * 2
    return {
        "exp": exps(big, -745.2, 709.8),
        "exp2": exps(big, -1075.0, 1024.0) + [float(k) for k in range(-1074, 1024, 97)],
        "exp_m1": exps(big, -60.0, 709.8) + around(-1.0, 1.0, n),
        "sinh": exps(n, -710.5, 710.5) + around(-1.5, 1.5, big),
        "cosh": exps(n, -710.5, 710.5) + around(-1.5, 1.5, n),
        "tanh": exps(n, -25.0, 25.0) + around(-1.5, 1.5, big),
        "ln": positive_any(n) + near_one(n),
        "ln_1p": around(-1.0, 8.0, big)[1:] + positive_any(n // 2) + signed(small_numbers()),
        "log2": positive_any(n) + near_one(n) + [2.0**k for k in range(-1074, 1024, 97)],
        "log10": positive_any(n) + near_one(n) + [10.0**k for k in range(0, 23)],
        "asinh": around(-10.0, 10.0, big) + positive_any(n // 2) + signed(small_numbers()),
        "acosh": [1.0 + abs(x) for x in around(-3.0, 3.0, big)] + [x for x in positive_any(n) if x >= 1.0],
        "atanh": around(-1.0, 1.0, big) + signed(small_numbers()) + [1.0 - 2.0**-53],
        "sin": near_quarter_turns(n) + around(-10.0, 10.0, n) + signed(small_numbers()) + around(-2e6, 2e6, n),
        "cos": near_quarter_turns(n) + around(-10.0, 10.0, n) + signed(small_numbers()) + around(-2e6, 2e6, n),
        "tan": near_quarter_turns(n) + around(-2.0, 2.0, big) + signed(small_numbers()) + around(-2e6, 2e6, n),
        "asin": around(-1.0, 1.0, big) + signed(small_numbers() + [1.0, 0.5]) + [1.0 - 2.0**-53],
        "acos": around(-1.0, 1.0, big) + signed(small_numbers() + [1.0, 0.5]) + [1.0 - 2.0**-53],
        "atan": around(-4.0, 4.0, big) + positive_any(n // 2) + signed(small_numbers()) + neighbours(0.5) + neighbours(2.0),
        "cbrt": positive_any(big) + signed(small_numbers()) + [float(k**3) for k in range(1, 20)] + around(-8.0, 8.0, n),
        "atan2": pairs(big),
        "hypot": pairs(big),
        "powf": powers(big),
        "erf": around(-6.0, 6.0, big) + signed(small_numbers()) + neighbours(1.0),
        "erfc": around(-6.0, 27.3, big) + around(0.0, 27.3, big) + signed(small_numbers()),
        "ln_gamma": around(0.0, 20.0, big) + positive_any(n // 2) + near_one(n) + near(2.0, n),
        "digamma": around(0.0, 20.0, big) + positive_any(n // 2) + near_one(n // 2) + near(1.4616321449683622, n),
        "trigamma": around(0.0, 20.0, big) + positive_any(n // 2),
    }


def near(x, n):
    return [x + s * 2.0 ** random.uniform(-50, -2) for _ in range(n // 2) for s in (1.0, -1.0)]


def pairs(n):
    out = [(1.0, 1.0), (-3.0, 4.0), (1.0, -1.0), (TINY, TINY), (TINY, 1.0), (MAX, MAX), (MAX, 1.0), (1.0, MAX), (TINY, -1e-310)]
    for _ in range(n // 3):
        out.append((random.uniform(-1, 1), random.uniform(-1, 1)))
        out.append((any_double(), any_double()))
        x = any_double()
        out.append((x, float(x * 2.0 ** random.uniform(-40, 40)) if abs(x) < 1e290 else x / 3))
    return out


def powers(n):
    out = [(2.0, 0.5), (10.0, 22.0), (10.0, -5.0), (-2.0, 3.0), (-2.0, 52.0), (3.0, 33.0), (TINY, 0.25), (MAX, 0.999), (1.5, 1700.0)]
    for _ in range(n // 4):
        x = abs(any_double())
        t = random.uniform(-1074, 1024)
        out.append((x, t / math.log2(x)))
        x = 1.0 + random.choice((1, -1)) * 2.0 ** random.uniform(-52, -2)
        out.append((x, t / math.log2(x)))
        out.append((random.uniform(0, 10), random.uniform(-10, 10)))
        out.append((random.uniform(0.5, 2), random.uniform(-1020, 1020)))
    return [p for p in out if p[0] != 0 and p[1] == p[1]]


def exact(name, xs):
    x = mpf(xs[0])
    if name == "powf":
        return mpmath.power(x, mpf(xs[1])) if x > 0 else (-1) ** int(xs[1] % 2) * mpmath.power(-x, mpf(xs[1]))
    if name == "atan2":
        return mpmath.atan2(x, mpf(xs[1]))
    if name == "hypot":
        return mpmath.sqrt(x * x + mpf(xs[1]) ** 2)
    if name == "exp2":
        return mpmath.power(2, x)
    if name == "cbrt":
        return mpmath.cbrt(x) if x >= 0 else -mpmath.cbrt(-x)
    if name == "log2":
        return mpmath.log(x) / mpmath.log(2)
    if name == "trigamma":
        return mpmath.polygamma(1, x)
    names = {"exp_m1": "expm1", "ln": "log", "ln_1p": "log1p", "ln_gamma": "loggamma"}
    return getattr(mpmath, names.get(name, name))(x)


def wide(name, xs):
    """More bits where the argument or the cancellation is extreme."""
    if name in ("sin", "cos", "tan", "hypot", "powf", "atan2"):
        return 2600
    if name in ("ln_gamma", "digamma", "trigamma"):
        return 400
    return 1400 if min(abs(x) for x in xs) < 1e-15 else 400


def main():
    for name, args in arguments(int(sys.argv[1])).items():
        for xs in args:
            xs = xs if isinstance(xs, tuple) else (xs,)
            assert all(type(x) is float for x in xs)
            if name in ("atanh", "ln_1p") and abs(xs[0]) == 1.0 or (xs == (0.0,)):
                continue
            mp.prec = wide(name, xs)
            y, rest = nearest(exact(name, xs))
            if y == 0.0 or abs(y) == float("inf"):
                rest = 0
            print(name, *("%016x" % bits(x) for x in xs), "%016x" % bits(y), rest)


if __name__ == "__main__":
    main()
