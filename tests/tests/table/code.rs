//! Functions for tests: from a line of mathematics, of one operation, differentiated, and run by the interpreter.

use pullback_kernels::ad::{jvp, vjp};
use pullback_kernels::ir::{Block, Builder, Datum, Func, Lit, Module, Scalar, Value, eval};
use pullback_kernels::ops::{Op, expand};

/// A function of the line's arguments `a`, `b`, `c`.
pub fn line(text: &str, params: &[Scalar]) -> Func {
    function(params, |b, args| vec![expand(b, text, args, args[0])])
}

/// A function of one operation.
pub fn operation(op: Op, params: &[Scalar]) -> Func {
    function(params, |b, args| vec![b.op(op, args)])
}

fn function(params: &[Scalar], body: impl FnOnce(&mut Builder, &[Value]) -> Vec<Value>) -> Func {
    let mut f = Func::new("f");
    let params: Vec<Value> = params.iter().map(|&s| f.values.add(s.into(), "")).collect();
    let mut b = Builder::new(&mut f.values);
    let results = body(&mut b, &params);
    let insts = b.finish();
    f.body = Block { params, insts, results };
    f
}

/// A function, with the derivative of its results along the tangents that are appended to the parameters.
pub fn forward(f: &Func) -> Func {
    jvp(&alone(f), &f.name, &float_params(f)).expect("operations have derivatives")
}

/// A function, with the cotangents of its float parameters for the cotangents that are appended to the parameters.
pub fn reverse(f: &Func) -> Func {
    vjp(&alone(f), &f.name, &float_params(f)).expect("operations have derivatives")
}

fn alone(f: &Func) -> Module {
    Module { funcs: vec![f.clone()] }
}

fn float_params(f: &Func) -> Vec<usize> {
    (0..f.params().len()).filter(|&k| f.values.ty(f.params()[k]).is_float()).collect()
}

/// The results of a function of numbers.
pub fn run(f: &Func, args: &[Lit]) -> Vec<Lit> {
    let args: Vec<Datum> = args.iter().map(|&l| Datum::Scalar(l)).collect();
    let results = eval(&alone(f), &f.name, &args).unwrap_or_else(|e| panic!("{}: {}", f.name, e.0));
    results.iter().map(|d| if let Datum::Scalar(l) = d { *l } else { panic!("{d:?}") }).collect()
}
