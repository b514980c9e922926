//! The runtime's functions against the interpreter on the IR that they come from.

use pullback_kernels::ir::{Block, Datum, Kind, Lit, Scalar, eval};
use pullback_kernels::math;
use pullback_kernels::ops::Op;
use pullback_tests::random::Random;

use crate::functions::{BINARY, Function, UNARY};

fn same(a: Lit, b: Lit) -> bool {
    a == b || a.to_f64().is_nan() && b.to_f64().is_nan()
}

/// Every `muladd` fused.
fn fused(block: &mut Block) {
    for inst in &mut block.insts {
        if let Kind::Op(op @ Op::MulAdd, _) = &mut inst.kind {
            *op = Op::Fma;
        }
        inst.kind.blocks_mut().into_iter().for_each(fused);
    }
}

fn compare(float: Scalar, fma: bool, run: impl Fn(&Function, &[f64]) -> Lit) {
    let (mut module, mut random) = (math::module(float), Random::new(2));
    if fma {
        module.funcs.iter_mut().for_each(|f| fused(&mut f.body));
    }
    for f in UNARY.iter().chain(BINARY) {
        for k in 0..200 {
            let mut draw = || match k % 3 {
                0 => f64::from_bits(random.bits()),
                1 => random.between(-2.0, 2.0),
                _ => f32::from_bits(random.bits() as u32) as f64,
            };
            let args: Vec<f64> = (0..f.arity).map(|_| Lit::of(float, draw()).to_f64()).collect();
            let data: Vec<Datum> = args.iter().map(|&x| Datum::Scalar(Lit::of(float, x))).collect();
            let got = match eval(&module, f.name, &data).expect("no mathematical function panics")[..] {
                [Datum::Scalar(y)] => y,
                ref other => panic!("{other:?}"),
            };
            let want = run(f, &args);
            assert!(
                same(got, want),
                "{} of {args:?} (fused: {fma}): the interpreter has {got:?}, Rust {want:?}",
                f.name
            );
        }
    }
}

#[test]
fn interpreter_has_the_same_bits_f32() {
    for fma in [false, true] {
        compare(Scalar::F32, fma, |f, x| {
            let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            Lit::F32((f.single[fma as usize])(&x))
        });
    }
}

#[test]
fn interpreter_has_the_same_bits_f64() {
    for fma in [false, true] {
        compare(Scalar::F64, fma, |f, x| Lit::F64((f.double[fma as usize])(x)));
    }
}

#[test]
fn every_function_is_tested() {
    assert_eq!(math::OPERATIONS.len(), UNARY.len() + BINARY.len());
}
