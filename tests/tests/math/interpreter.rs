//! The runtime's functions against the interpreter on the IR that they come from.

use pullback_kernels::ir::{Datum, Lit, Scalar, eval};
use pullback_kernels::math;
use pullback_tests::random::Random;

use crate::functions::{BINARY, Function, UNARY};

fn same(a: Lit, b: Lit) -> bool {
    a == b || a.to_f64().is_nan() && b.to_f64().is_nan()
}

fn compare(float: Scalar, run: impl Fn(&Function, &[f64]) -> Lit) {
    let (module, mut draws) = (math::module(float), Random::new(2));
    for f in UNARY.iter().chain(BINARY) {
        for k in 0..300 {
            let mut draw = || match k % 3 {
                0 => f64::from_bits(draws.bits()),
                1 => draws.between(-2.0, 2.0),
                _ => f32::from_bits(draws.bits() as u32) as f64,
            };
            let args: Vec<f64> = (0..f.arity).map(|_| Lit::of(float, draw()).to_f64()).collect();
            let data: Vec<Datum> = args.iter().map(|&x| Datum::Scalar(Lit::of(float, x))).collect();
            let got = match eval(&module, f.name, &data).expect("no mathematical function panics")[..] {
                [Datum::Scalar(y)] => y,
                ref other => panic!("{other:?}"),
            };
            let want = run(f, &args);
            assert!(same(got, want), "{} of {args:?}: the interpreter has {got:?}, Rust {want:?}", f.name);
        }
    }
}

#[test]
fn interpreter_has_the_same_bits_f32() {
    compare(Scalar::F32, |f, x| {
        let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        Lit::F32((f.single[1])(&x))
    });
}

#[test]
fn interpreter_has_the_same_bits_f64() {
    compare(Scalar::F64, |f, x| Lit::F64((f.double[1])(x)));
}

#[test]
fn every_function_is_tested() {
    assert_eq!(math::OPERATIONS.len(), UNARY.len() + BINARY.len());
}
