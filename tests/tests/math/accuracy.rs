//! Errors in units in the last place of the exact result (ULP), against the bounds in the table of operations.

use std::collections::BTreeMap;

use pullback_tests::random::Random;

use crate::functions::{BINARY, Function, UNARY, function};

/// The largest error of each function so far, with its arguments.
#[derive(Default)]
struct Worst(BTreeMap<(&'static str, bool), (f64, Vec<f64>)>);

impl Worst {
    fn add(&mut self, name: &'static str, fma: bool, error: f64, args: &[f64]) {
        let worst = self.0.entry((name, fma)).or_default();
        if worst.1.is_empty() || error > worst.0 || error.is_nan() {
            *worst = (error, args.to_vec());
        }
    }

    /// Fails if a function is less accurate than the table says.
    fn check(&self, bound: fn((f64, f64)) -> f64) {
        let mut failures = Vec::new();
        for ((name, fma), (error, args)) in &self.0 {
            let line = format!("{name} (fused: {fma}): {error:.3} ULP at {args:?}");
            println!("{line}");
            let ulp = function(name).def().test.ulp.expect("the runtime's own function has a bound");
            if error.is_nan() || *error > bound(ulp) {
                failures.push(line);
            }
        }
        assert!(failures.is_empty(), "less accurate than the table says:\n{}", failures.join("\n"));
    }
}

/// The error of an `f32` result, where the exact one is `exact`.
fn error_single(y: f32, exact: f64) -> f64 {
    if y.is_nan() || exact.is_nan() {
        return if y.is_nan() && exact.is_nan() { 0.0 } else { f64::NAN };
    }
    if y as f64 == exact || y == exact as f32 && y.is_infinite() {
        return 0.0;
    }
    // an overflow counts from where the next number would be
    let y = if y.is_infinite() { 2f64.powi(128).copysign(y as f64) } else { y as f64 };
    let unit = 2f64.powi(((exact.abs().to_bits() >> 52) as i32 - 1023).max(-126) - 23);
    (y - exact).abs() / unit
}

/// The error of an `f64` result, where the exact one is `nearest` and `rest` units more.
fn error_double(y: f64, nearest: f64, rest: f64) -> f64 {
    if y == nearest {
        return rest.abs();
    }
    if y.is_nan() || nearest.is_nan() {
        return f64::NAN;
    }
    if y.is_infinite() || nearest.is_infinite() {
        let one = if y.is_infinite() { nearest } else { y };
        return if one.abs() == f64::MAX { 1.0 } else { f64::INFINITY };
    }
    let size = nearest.abs();
    ((y - nearest) / (f64::from_bits(size.to_bits() + 1) - size) - rest).abs()
}

/// Every so many bit patterns of `f32` are tried; `MATH_STRIDE=1` tries them all.
fn stride() -> usize {
    std::env::var("MATH_STRIDE").map_or(4001, |n| n.parse().expect("MATH_STRIDE is a number"))
}

fn sweep(functions: &'static [Function]) {
    let mut worst = Worst::default();
    for f in functions {
        for bits in (0..=u32::MAX).step_by(stride()) {
            let x = f32::from_bits(bits);
            let exact = (f.std)(&[x as f64]);
            for fma in [false, true] {
                let y = (f.single[fma as usize])(&[x]);
                let floor = f.def().test.left;
                let error = if x < 0.0 && exact.abs() < floor {
                    (y as f64 - exact).abs() / (floor * f32::EPSILON as f64)
                } else {
                    error_single(y, exact)
                };
                worst.add(f.name, fma, error, &[x as f64]);
            }
        }
    }
    worst.check(|ulp| ulp.0);
}

#[test]
fn f32_exponentials() {
    sweep(&UNARY[..6]);
}

#[test]
fn f32_logarithms() {
    sweep(&UNARY[6..13]);
}

#[test]
fn f32_others() {
    sweep(&UNARY[13..20]);
}

#[test]
fn f32_special() {
    sweep(&UNARY[20..]);
}

#[test]
fn f32_two_arguments() {
    let (mut worst, mut draws) = (Worst::default(), Random::new(1));
    for f in BINARY {
        for k in 0..2_000_000_000 / stride().max(40) {
            let any = |d: &mut Random| f32::from_bits(d.bits() as u32);
            let (x, y) = match k % 4 {
                0 => (any(&mut draws), any(&mut draws)),
                1 => (draws.between(-1.0, 1.0) as f32, draws.between(-1.0, 1.0) as f32),
                // a power that neither overflows nor vanishes
                2 => {
                    let x = any(&mut draws).abs();
                    (x, (draws.between(-149.0, 128.0) / (x as f64).log2()) as f32)
                }
                _ => {
                    let x = (1.0 + draws.between(-1.0, 1.0) * 2f64.powf(draws.between(-24.0, -1.0))) as f32;
                    (x, (draws.between(-149.0, 128.0) / (x as f64).log2()) as f32)
                }
            };
            let exact = (f.std)(&[x as f64, y as f64]);
            for fma in [false, true] {
                let error = error_single((f.single[fma as usize])(&[x, y]), exact);
                worst.add(f.name, fma, error, &[x as f64, y as f64]);
            }
        }
    }
    worst.check(|ulp| ulp.0);
}

/// `reference/math_f64.txt`, or the file that `MATH_TABLE` names.
#[test]
fn f64_against_the_reference() {
    let path = std::env::var("MATH_TABLE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/reference/math_f64.txt").to_string());
    let text = std::fs::read_to_string(path).expect("the reference is there");
    let mut worst = Worst::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let f = function(words[0]);
        let double = |w: &str| f64::from_bits(u64::from_str_radix(w, 16).expect("hexadecimal"));
        let args: Vec<f64> = words[1..=f.arity].iter().map(|w| double(w)).collect();
        let nearest = double(words[f.arity + 1]);
        let rest = words[f.arity + 2].parse::<f64>().expect("thousandths") / 1000.0;
        for fma in [false, true] {
            worst.add(f.name, fma, error_double((f.double[fma as usize])(&args), nearest, rest), &args);
        }
    }
    worst.check(|ulp| ulp.1);
    assert_eq!(worst.0.len(), 2 * (UNARY.len() + BINARY.len()), "every function is in the reference");
}
