//! The Rust text of each operation, compiled, against the operation's value.

use pullback_kernels::ir::{Lit, Scalar};
use pullback_kernels::ops::Op;
use pullback_tests::random::Random;

use crate::draw::{awkward, inside, same};

/// A compiled template.
struct Template {
    op: Op,
    args: &'static [Scalar],
    /// Inside a nest: with or without fused multiply-add. `None` in scalar code.
    fma: Option<bool>,
    eval: fn(&[Lit]) -> Lit,
}

/// What `build.rs` made of the templates.
#[allow(clippy::bool_comparison, clippy::unnecessary_cast, unused_parens)]
mod compiled {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/templates.rs"));
}

use compiled::TEMPLATES;

/// How many units in the last place lie between two floats.
fn ulps(a: Lit, b: Lit) -> f64 {
    let order = |bits: i64| if bits < 0 { i64::MIN - bits } else { bits };
    match (a, b) {
        (Lit::F32(a), Lit::F32(b)) => {
            let order = |x: f32| order((x.to_bits().cast_signed() as i64) << 32) >> 32;
            (order(a) - order(b)).abs() as f64
        }
        (Lit::F64(a), Lit::F64(b)) => {
            order(a.to_bits().cast_signed()).abs_diff(order(b.to_bits().cast_signed())) as f64
        }
        _ => f64::INFINITY,
    }
}

#[test]
fn scalar_text_computes_the_value() {
    let mut random = Random::new(7);
    let scalar = TEMPLATES.iter().filter(|t| t.fma.is_none());
    assert!(scalar.clone().count() > 150);
    for t in scalar {
        for i in 0..400 {
            let args =
                if i % 2 == 0 { awkward(t.args, &mut random) } else { inside(t.op, t.args, &mut random) };
            let Some(want) = t.op.eval(&args) else { continue };
            let got = (t.eval)(&args);
            assert!(same(got, want), "{} of {args:?}: {got:?}, not {want:?}", t.op.def().name);
        }
    }
}

#[test]
fn text_in_nests_computes_the_value() {
    let mut random = Random::new(8);
    let nests = TEMPLATES.iter().filter(|t| t.fma.is_some());
    let mut wrong = Vec::new();
    for t in nests {
        for i in 0..400 {
            let args =
                if i % 2 == 0 { awkward(t.args, &mut random) } else { inside(t.op, t.args, &mut random) };
            let (got, want) = ((t.eval)(&args), value_in_nest(t, &args));
            if !same(got, want) && ulps(got, want) > allowed(t) && !near_root(t, &args, got, want) {
                wrong.push(format!(
                    "{} of {args:?}, FMA {:?}: {got:?}, not {want:?}",
                    t.op.def().name,
                    t.fma
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether the results are as close as the table asks for left of 0.
fn near_root(t: &Template, args: &[Lit], got: Lit, want: Lit) -> bool {
    let epsilon = if t.args[0] == Scalar::F32 { f32::EPSILON as f64 } else { f64::EPSILON };
    let distance = (got.to_f64() - want.to_f64()).abs();
    args[0].to_f64() < 0.0 && distance <= allowed(t) * epsilon * t.op.def().test.left
}

/// The operation's value; `muladd` is fused where the machine fuses.
fn value_in_nest(t: &Template, args: &[Lit]) -> Lit {
    let fused = t.fma == Some(true) && t.op == Op::MulAdd;
    (if fused { Op::Fma } else { t.op }).eval(args).expect("no panic inside nests")
}

/// Units by which std's own functions may be wrong (its inverse hyperbolic ones are simple formulas). How accurate the
/// runtime's are is the subject of another test.
const STD: f64 = 6.0;

/// The table's bound, and that of std.
fn allowed(t: &Template) -> f64 {
    let bound = if t.args[0] == Scalar::F32 {
        t.op.def().test.ulp.map(|u| u.0)
    } else {
        t.op.def().test.ulp.map(|u| u.1)
    };
    bound.map_or(0.0, |ulp| ulp + STD)
}

#[test]
fn every_operation_has_text_for_every_type() {
    for op in Op::all() {
        assert!(TEMPLATES.iter().any(|t| t.op == op && t.fma.is_none()), "{}", op.def().name);
    }
}
