//! Arguments for operations: inside the domain of their test, and awkward ones.

use pullback_kernels::ir::{Lit, Scalar};
use pullback_kernels::ops::{Op, Sig};
use pullback_tests::random::Random;

/// The types of arguments that an operation takes.
pub fn signatures(op: Op) -> Vec<Vec<Scalar>> {
    let repeat = |tys: &[Scalar], n: usize| tys.iter().map(|&t| vec![t; n]).collect::<Vec<_>>();
    let candidates = match op.def().sig {
        Sig::Select => Scalar::ALL.iter().map(|&t| vec![Scalar::Bool, t, t]).collect(),
        Sig::PowI => Scalar::ALL.iter().map(|&t| vec![t, Scalar::I64]).collect(),
        _ => repeat(&Scalar::ALL, op.arity()),
    };
    candidates.into_iter().filter(|tys| op.result(tys).is_ok()).collect()
}

/// Arguments inside the domain, away from its ends.
pub fn inside(op: Op, tys: &[Scalar], random: &mut Random) -> Vec<Lit> {
    let lit = |(k, &ty): (usize, &Scalar)| {
        let (low, high) = op.def().test.domain.get(k).copied().unwrap_or((-3.0, 3.0));
        let margin = 0.02 * (high - low);
        Lit::of(ty, random.between(low + margin, high - margin))
    };
    tys.iter().enumerate().map(lit).collect()
}

/// Awkward arguments: zeros of both signs, infinities, NaN, subnormal and huge numbers, and random ones.
pub fn awkward(tys: &[Scalar], random: &mut Random) -> Vec<Lit> {
    tys.iter().map(|&ty| one_awkward(ty, random)).collect()
}

fn one_awkward(ty: Scalar, random: &mut Random) -> Lit {
    const SPECIAL: [f64; 12] =
        [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, -1e-40, 1e30];
    match ty {
        Scalar::Bool => Lit::Bool(random.below(2) == 0),
        // Small, so that nothing overflows: where Rust panics in a debug build the interpreter wraps.
        Scalar::I32 | Scalar::I64 => Lit::of(ty, random.below(41) as f64 - 20.0),
        Scalar::F32 | Scalar::F64 if random.below(2) == 0 => Lit::of(ty, random.pick(&SPECIAL)),
        Scalar::F32 | Scalar::F64 => {
            let size = random.between(-6.0, 4.0);
            Lit::of(ty, random.between(-1.0, 1.0) * size.exp())
        }
    }
}

/// Whether two literals are the same bit for bit, any two NaNs included.
pub fn same(a: Lit, b: Lit) -> bool {
    a == b || (a.ty() == b.ty() && a.ty().is_float() && a.to_f64().is_nan() && b.to_f64().is_nan())
}
