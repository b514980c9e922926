//! Arguments at which the result is exact: zeros, infinities, NaN, ones, and powers.

use pullback_kernels::ir::Scalar;
use pullback_kernels::math;

use crate::functions::{BINARY, Function, UNARY};

const SPECIAL: [f64; 17] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    0.5,
    -0.5,
    2.0,
    -2.0,
    3.0,
    -3.0,
    1e-320,
    -1e-320,
    1e300,
    -1e300,
];

/// Whether std's result is one that every implementation has to give.
fn is_exact(y: f64) -> bool {
    y.is_nan() || y.is_infinite() || y == 0.0 || y == y.trunc() && y.abs() < 1e6
}

fn check(f: &Function, args: &[f64]) {
    let std = (f.std)(args);
    for fma in [false, true] {
        let y = (f.double[fma as usize])(args);
        let same = y.to_bits() == std.to_bits() || y.is_nan() && std.is_nan();
        assert!(same || !is_exact(std), "{} of {args:?} (fused: {fma}): {y:?} instead of {std:?}", f.name);
        let narrow: Vec<f32> = args.iter().map(|&x| x as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| x as f64).collect();
        let (y, std) = ((f.single[fma as usize])(&narrow), (f.std)(&wide) as f32);
        let same = y.to_bits() == std.to_bits() || y.is_nan() && std.is_nan();
        assert!(
            same || !is_exact(std as f64),
            "{} of {narrow:?} (fused: {fma}): {y:?} instead of {std:?}",
            f.name
        );
    }
}

#[test]
fn one_argument() {
    for f in UNARY {
        SPECIAL.iter().for_each(|&x| check(f, &[x]));
    }
}

#[test]
fn two_arguments() {
    for f in BINARY {
        for x in SPECIAL {
            SPECIAL.iter().for_each(|&y| check(f, &[x, y]));
        }
    }
}

/// exp rises; so do the others where they should.
#[test]
fn monotone() {
    for name in ["exp", "exp2", "sinh", "tanh", "atan", "cbrt", "asinh"] {
        let f = crate::functions::function(name);
        let mut last = f64::NEG_INFINITY;
        for k in -40_000..40_000 {
            let y = (f.double[1])(&[k as f64 / 2048.0]);
            assert!(y >= last, "{name} falls at {k}/2048");
            last = y;
        }
    }
}

#[test]
fn integer_powers() {
    for n in -40..=40 {
        for x in [0.0, -0.0, 1.5, -0.7, 3.0, f64::INFINITY] {
            let (y, std) = (pullback::math::f64::powi(x, n), x.powi(n as i32));
            let close = (y - std).abs() <= 1e-14 * std.abs();
            assert!(y == std || close, "{x} to the power of {n}: {y} instead of {std}");
        }
    }
    assert_eq!(pullback::math::f32::powi(2.0, -149), 2f32.powi(-149));
    assert_eq!(pullback::math::f64::powi(-1.0, i64::MIN), 1.0);
}

#[test]
fn multiply_and_add() {
    let x = 1.0 + f64::EPSILON;
    assert_eq!(pullback::math::f64::muladd::<true>(x, x, -x * x), x.mul_add(x, -x * x));
    assert_eq!(pullback::math::f64::muladd::<false>(x, x, -x * x), 0.0);
}

/// In lanes, a first pass is right for arguments that are not far, and notes the others.
#[test]
fn near_arguments() {
    macro_rules! check {
        ($float:ident, $($near:ident $name:ident)*) => {$(
            for k in -4000..4000 {
                let x = (k as $float).powi(3) / 1000.0;
                let (mut far, mut never) = (false, false);
                let y = pullback::math::$float::$near::<true, true>(x, &mut far);
                let exact = pullback::math::$float::$name::<true>(x);
                assert!(far || y == exact, "{} of {x}: {y} instead of {exact}", stringify!($name));
                assert_eq!(far, x.abs() as f64 >= math::near_bound(Scalar::from_name(stringify!($float)).unwrap()));
                assert_eq!(pullback::math::$float::$near::<true, false>(x, &mut never), exact);
                assert!(!never);
            }
        )*};
    }
    check!(f32, sin_in_lanes sin cos_in_lanes cos tan_in_lanes tan);
    check!(f64, sin_in_lanes sin cos_in_lanes cos tan_in_lanes tan);
}

/// x, ln |gamma|, digamma and trigamma of x left of 0, from mpmath with 60 digits.
const LEFT: &[(f64, f64, f64, f64)] = &[
    (-0.5, 1.2655121234846454, 0.03648997397857652, 8.934802200544679),
    (-0.1, 2.3689613327287886, 9.245073050052948, 101.92253995947719),
    (-1e-08, 18.42068074972452, 99999999.42278431, 1.0000000000000002e+16),
    (-1.5, 0.860047015376481, 0.7031566406452432, 9.379246644989124),
    (-2.7, -0.07140708531564569, -1.1153471291406896, 14.769375845132314),
    (-3.99, 1.442330956854776, -98.46319715800458, 10003.068705703012),
    (-7.3, -7.779101629826852, 4.33730730551005, 14.951383181433922),
    (-20.25, -41.60096191534053, 6.174235633614484, 19.69102535100871),
    (-100.6, -365.3123484678558, 3.5953488717553888, 10.901675145236993),
    (-1234.567, -7556.979237817505, 6.44767512116651, 10.319311423827706),
];

#[test]
fn gamma_left_of_zero() {
    for &(x, ln_gamma, digamma, trigamma) in LEFT {
        use pullback::math::f64 as own;
        let pairs = [
            (own::ln_gamma::<true>(x), ln_gamma),
            (own::digamma::<true>(x), digamma),
            (own::trigamma::<true>(x), trigamma),
        ];
        for (got, want) in pairs {
            // the argument itself is rounded; near a pole that counts
            let tolerance = 4e-15 * want.abs().max(8.0) + 2.0 * x.abs() * f64::EPSILON * trigamma.abs();
            assert!((got - want).abs() <= tolerance, "at {x}: {got}, not {want}");
        }
    }
}
