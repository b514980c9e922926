//! Differentiation of IR: reverse ([`vjp`]) and forward ([`jvp`]).
//!
//! Both take a function whose calls are inlined, except those of functions with a custom rule, and return a new
//! function. Derivatives of scalar operations come from the table; accumulation, un-broadcasting and zeros are handled
//! here, once.

mod activity;
mod forward;
mod jacobian;
mod matrix;
mod reverse;

pub use forward::{forward, jvp};
pub use jacobian::{Direction, hessian, hvp, jacobian};
pub use reverse::vjp;

use crate::ir::{Builder, Func, Inst, Kind, Lit, Loc, Scalar, Ty, Value, Values};

/// Why a function has no derivative.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdError {
    /// Where the obstacle comes from.
    pub loc: Loc,
    /// What it is.
    pub message: String,
}

/// The function with its value and the gradients of `wrt`: [`vjp`] with the cotangent 1 of its only float result.
///
/// # Errors
/// As [`vjp`]; and unless the function returns exactly one float.
pub fn value_and_grad(module: &crate::ir::Module, func: &str, wrt: &[usize]) -> Result<Func, AdError> {
    let mut f = vjp(module, func, wrt)?;
    let seed = *f.body.params.last().expect("vjp has a seed");
    let Ty::Scalar(ty) = *f.values.ty(seed) else {
        return Err(AdError {
            loc: Loc::default(),
            message: "a gradient is of a number, not of an array".into(),
        });
    };
    let primal = module.get(func).expect("the function exists");
    if primal.result_types().iter().filter(|t| t.is_float()).count() != 1 {
        return Err(AdError {
            loc: Loc::default(),
            message: "a gradient is of one number, not of several".into(),
        });
    }
    f.body.params.pop();
    f.body
        .insts
        .insert(0, Inst { results: vec![seed], kind: Kind::Const(Lit::of(ty, 1.0)), loc: Loc::default() });
    f.name = format!("{func}.grad");
    Ok(f)
}

/// A zero of a type whose extents are in scope.
fn zero(b: &mut Builder, ty: &Ty) -> Value {
    match ty {
        Ty::Array(elem, shape) => b.zeros(*elem, shape),
        Ty::Scalar(s) => b.number(*s, 0.0),
        Ty::Tape => unreachable!("a tape has no derivative"),
    }
}

/// `a + b`, elementwise.
fn sum(b: &mut Builder, x: Value, y: Value) -> Value {
    match b.values.ty(x).clone() {
        Ty::Array(_, shape) => b.nest(&shape, &[x], &[], |b, i, acc| {
            let v = b.index(y, i);
            vec![b.accum(acc[0], i, v)]
        })[0],
        _ => b.op(crate::ops::Op::Add, &[x, y]),
    }
}

/// The float type of a value's elements.
fn float_of(values: &Values, v: Value) -> Scalar {
    values.ty(v).elem().expect("a float or an array of floats")
}
