//! Straight-line code: from a line of mathematics, run by the interpreter, differentiated forward and in reverse with
//! [`scale`].

use pullback_kernels::ir::{Block, Builder, Datum, Func, Inst, Kind, Lit, Module, Scalar, Value, eval};
use pullback_kernels::ops::{Op, expand, scale};

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

/// A function, with the derivative of its first result along the tangents that are appended to the parameters.
pub fn forward(f: &Func) -> Func {
    extend(f, |b, f| {
        let mut tangents = vec![None; b.values.len()];
        let mut added = Vec::new();
        for &p in f.params().iter().filter(|&&p| f.values.ty(p).is_float()) {
            added.push(b.values.like(p));
            tangents[p.0 as usize] = added.last().copied();
        }
        for (op, args, y) in f.body.insts.iter().filter_map(operands) {
            let mut terms = Vec::new();
            for (k, arg) in args.iter().enumerate() {
                let dy = tangents.get(arg.0 as usize).copied().flatten();
                terms.extend(dy.and_then(|dy| scale(b, op, k, args, y, dy)));
            }
            tangents[y.0 as usize] = sum(b, &terms);
        }
        let y = f.body.results[0];
        (added, vec![y, tangents[y.0 as usize].unwrap_or_else(|| zero(b, y))])
    })
}

/// A function, with the cotangents of its float parameters for the cotangent that is appended to the parameters.
pub fn reverse(f: &Func) -> Func {
    extend(f, |b, f| {
        let y = f.body.results[0];
        let seed = b.values.like(y);
        let mut terms = vec![Vec::new(); b.values.len()];
        terms[y.0 as usize].push(seed);
        for (op, args, y) in f.body.insts.iter().rev().filter_map(operands) {
            let Some(dy) = sum(b, &terms[y.0 as usize]) else { continue };
            for (k, arg) in args.iter().enumerate() {
                let term = scale(b, op, k, args, y, dy);
                terms[arg.0 as usize].extend(term);
            }
        }
        let mut results = vec![y];
        for &p in f.params().iter().filter(|&&p| f.values.ty(p).is_float()) {
            results.push(sum(b, &terms[p.0 as usize]).unwrap_or_else(|| zero(b, p)));
        }
        (vec![seed], results)
    })
}

fn extend(f: &Func, more: impl FnOnce(&mut Builder, &Func) -> (Vec<Value>, Vec<Value>)) -> Func {
    let mut g = f.clone();
    let mut b = Builder::new(&mut g.values);
    let (params, results) = more(&mut b, f);
    let insts = b.finish();
    g.body.params.extend(params);
    g.body.insts.extend(insts);
    g.body.results = results;
    g
}

fn operands(inst: &Inst) -> Option<(Op, &[Value], Value)> {
    match &inst.kind {
        Kind::Op(op, args) => Some((*op, args, inst.results[0])),
        _ => None,
    }
}

fn sum(b: &mut Builder, terms: &[Value]) -> Option<Value> {
    terms.iter().copied().reduce(|s, t| b.op(Op::Add, &[s, t]))
}

fn zero(b: &mut Builder, like: Value) -> Value {
    let ty = b.values.ty(like).elem().expect("a number");
    b.number(ty, 0.0)
}

/// The results of straight-line code.
pub fn run(f: &Func, args: &[Lit]) -> Vec<Lit> {
    let module = Module { funcs: vec![f.clone()] };
    let args: Vec<Datum> = args.iter().map(|&l| Datum::Scalar(l)).collect();
    let results = eval(&module, &f.name, &args).unwrap_or_else(|e| panic!("{}: {}", f.name, e.0));
    results.iter().map(|d| if let Datum::Scalar(l) = d { *l } else { panic!("{d:?}") }).collect()
}
