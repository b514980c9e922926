//! The mathematical functions, written once in the IR: IEEE operations, `muladd`, choices and bit operations, without
//! loops, so that they vectorise, and so that every back end computes the same bits.
//!
//! [`rust`] prints them as the runtime's Rust. `muladd` fuses or not: a constant that multiplies an integer in an
//! argument's reduction has so many trailing zeros that the product is exact either way.

mod code;
mod coefficients;
mod exp;
mod inverse;
mod log;
mod power;
mod rust;
mod special;
mod trig;

pub use rust::rust;

use std::sync::LazyLock;

use crate::ir::{Datum, Lit, Module, Scalar, eval};
use crate::ops::Op;
use code::X;

/// The operations that have a function here, of the operation's name.
pub const OPERATIONS: &[Op] = &[
    Op::Exp,
    Op::Exp2,
    Op::ExpM1,
    Op::Sinh,
    Op::Cosh,
    Op::Tanh,
    Op::Ln,
    Op::Ln1p,
    Op::Log2,
    Op::Log10,
    Op::Asinh,
    Op::Acosh,
    Op::Atanh,
    Op::Sin,
    Op::Cos,
    Op::Tan,
    Op::Asin,
    Op::Acos,
    Op::Atan,
    Op::Atan2,
    Op::Cbrt,
    Op::Hypot,
    Op::PowF,
    Op::Erf,
    Op::Erfc,
    Op::LnGamma,
    Op::Digamma,
    Op::Trigamma,
];

/// Operations with a second function, `sin_near` for `sin`, that is right only for arguments of less than some size. The
/// runtime has `sin_in_lanes` that uses the one or the other.
pub const NEAR: &[Op] = &[Op::Sin, Op::Cos, Op::Tan];

/// Below which size the functions of [`NEAR`] are right.
pub fn near_bound(float: Scalar) -> f64 {
    trig::bound(float)
}

/// Functions whose Rust is written by hand, because it does the same in another way on a machine without fused
/// multiply-add.
const HAND_WRITTEN: &[&str] = &["product_error"];

/// All functions for a float type, callees first.
pub fn module(float: Scalar) -> Module {
    let mut m = Module::default();
    code::define(&mut m, float, "product_error", &["a", "b", "product"], |_, x| vec![x[0].fma(x[1], -x[2])]);
    exp::define_all(&mut m, float);
    log::define_all(&mut m, float);
    trig::define_all(&mut m, float);
    inverse::define_all(&mut m, float);
    power::define_all(&mut m, float);
    special::define_all(&mut m, float);
    m
}

/// The name, in [`module`], of the function that computes an operation.
pub fn function(op: Op) -> Option<&'static str> {
    OPERATIONS.contains(&op).then(|| op.def().name)
}

/// The value of one of the functions, by the interpreter: for those that Rust does not have.
///
/// # Panics
/// On a name that [`module`] does not have, or arguments that are no floats of one type.
pub(crate) fn value(name: &str, args: &[Lit]) -> Lit {
    static SINGLE: LazyLock<Module> = LazyLock::new(|| module(Scalar::F32));
    static DOUBLE: LazyLock<Module> = LazyLock::new(|| module(Scalar::F64));
    let module = if matches!(args, [Lit::F32(_), ..]) { &SINGLE } else { &DOUBLE };
    let args: Vec<Datum> = args.iter().map(|&x| Datum::Scalar(x)).collect();
    match eval(module, name, &args).as_deref() {
        Ok([Datum::Scalar(y)]) => *y,
        other => panic!("{name} of {args:?}: {other:?}"),
    }
}

/// The sum of two numbers and what rounding took from it, where the first is not the smaller one.
fn fast_two_sum<'c>(a: X<'c>, b: X<'c>) -> (X<'c>, X<'c>) {
    let sum = a + b;
    (sum, (a - sum) + b)
}
