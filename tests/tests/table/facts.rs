//! Facts hold bit for bit, and values follow the type rule.

use pullback_kernels::ir::{Lit, Scalar};
use pullback_kernels::ops::Op;
use pullback_tests::random::Random;

use crate::draw::{awkward, same, signatures};

#[test]
fn values_follow_the_type_rule() {
    let mut random = Random::new(1);
    for op in Op::all() {
        for tys in signatures(op) {
            for _ in 0..200 {
                let args = awkward(&tys, &mut random);
                if let Some(y) = op.eval(&args) {
                    assert_eq!(Ok(y.ty()), op.result(&tys), "{} of {args:?}", op.def().name);
                } else {
                    assert!(op.may_panic(tys[0]), "{} of {args:?}", op.def().name);
                }
            }
        }
        assert!(!signatures(op).is_empty(), "{}", op.def().name);
    }
}

#[test]
fn facts_hold_bit_for_bit() {
    let mut random = Random::new(2);
    let mut checked = 0;
    for op in Op::all() {
        for tys in signatures(op) {
            for _ in 0..500 {
                checked += check_facts(op, &awkward(&tys, &mut random), &tys);
            }
        }
    }
    assert!(checked > 20_000, "{checked}");
}

/// Checks the facts of an operation on these arguments; how many there are.
fn check_facts(op: Op, args: &[Lit], tys: &[Scalar]) -> usize {
    let facts = op.def().facts;
    let mut cases = Vec::new();
    if facts.commutative {
        cases.push((op.eval(args), op.eval(&[args[1], args[0]])));
    }
    if let Some(e) = facts.right_identity {
        cases.push((op.eval(&[args[0], Lit::of(tys[1], e)]), Some(args[0])));
    }
    if let Some(e) = facts.left_identity {
        cases.push((op.eval(&[Lit::of(tys[0], e), args[1]]), Some(args[1])));
    }
    if facts.involution {
        cases.push((op.eval(&[op.eval(args).expect("a total operation")]), Some(args[0])));
    }
    if let Some(plain) = facts.unless_zero.filter(|_| args[0].to_f64() != 0.0) {
        cases.push((op.eval(args), plain.eval(args)));
    }
    if facts.quotient && tys[0].is_float() {
        for e in [-20, -1, 0, 3, 30] {
            let at = |by: f64| Lit::of(tys[1], by.powi(e));
            cases.push((op.eval(&[args[0], at(2.0)]), Op::Mul.eval(&[args[0], at(0.5)])));
        }
    }
    for (got, want) in &cases {
        let equal = matches!((got, want), (Some(g), Some(w)) if same(*g, *w));
        assert!(equal, "{} of {args:?}: {got:?}, not {want:?}", op.def().name);
    }
    cases.len()
}

/// The combination of a list is that of its head with the combination of its tail, in any order.
#[test]
fn operations_of_reductions_are_associative() {
    let mut random = Random::new(9);
    for op in Op::all().filter(|op| op.def().facts.reduce.is_some()) {
        for tys in signatures(op).into_iter().filter(|tys| !tys[0].is_float()) {
            for _ in 0..100 {
                let [a, b] = awkward(&tys, &mut random)[..] else {
                    panic!("a reduction takes two arguments")
                };
                let c = awkward(&tys, &mut random)[0];
                let of = |a, b| op.eval(&[a, b]).expect("a total operation");
                assert!(same(of(of(a, b), c), of(a, of(b, c))), "{} of {a:?}, {b:?}, {c:?}", op.def().name);
                assert!(same(of(a, b), of(b, a)), "{} of {a:?}, {b:?}", op.def().name);
            }
        }
    }
}

#[test]
fn ill_typed_arguments_are_refused() {
    use Scalar::{Bool, F32, F64, I64};
    for (op, args) in [
        (Op::Add, &[F32, F64][..]),
        (Op::Add, &[Bool, Bool]),
        (Op::Sin, &[I64]),
        (Op::Sin, &[F64, F64]),
        (Op::And, &[F64, F64]),
        (Op::Shl, &[Bool, Bool]),
        (Op::Select, &[F64, F64, F64]),
        (Op::Select, &[Bool, F64, F32]),
        (Op::PowI, &[F64, F64]),
        (Op::Lt, &[F64, I64]),
        (Op::FromBits, &[F64]),
        (Op::Bits, &[I64]),
    ] {
        assert!(op.result(args).is_err(), "{} of {args:?}", op.def().name);
    }
}
