//! Random functions, forward and reverse, with their nests as PTX, against the interpreter: as they are, and as what each
//! iteration of a nest does.

use std::collections::HashMap;

use pullback_kernels::ir::{
    Block, Builder, Extent, Inst, Kind, Module, Nest, Out, Reduce, Scalar, Ty, Value, eval, verify_func,
};
use pullback_kernels::ops::Op;
use pullback_kernels::opt::inline;
use pullback_tests::random_ir::{Case, case};

use crate::device::{Failure, Variation, run};
use crate::exact::exact;
use crate::functions::{Subject, ready};
use crate::ops::same;

/// How many seeds.
const SEEDS: u64 = 40;

/// What foreign functions say.
const REFUSED: [&str; 1] = ["a call of @"];

/// The function in each of three iterations: every number and array that it returns as a sum over all of them, each
/// iteration with other numbers as arguments.
fn in_a_nest(case: &Case) -> Module {
    let mut module = case.module.clone();
    let mut func = module.entry().clone();
    inline(&module, &mut func, false);
    let params = func.body.params.clone();
    let mut values = std::mem::take(&mut func.values);
    let index = values.add(Scalar::I64.into(), "iteration");
    let mut b = Builder::new(&mut values);
    b.open();
    let (one, number) = (b.number(Scalar::F64, 1.0), b.op(Op::ToF64, &[index]));
    let over = b.op(Op::Add, &[one, number]);
    let mut scaled = HashMap::new();
    for &p in &params {
        if *b.values.ty(p) == Ty::Scalar(Scalar::F64) {
            scaled.insert(p, b.op(Op::Div, &[p, over]));
        }
    }
    let mut body =
        Block { params: Vec::new(), insts: std::mem::take(&mut func.body.insts), results: Vec::new() };
    let mut renamer = pullback_kernels::ir::Renamer::with(scaled);
    body.results = std::mem::take(&mut func.body.results);
    let copy = renamer.block(b.values, None, &body);
    copy.insts.into_iter().for_each(|i| b.append(i));
    let mut sums = Vec::new();
    for &v in &copy.results {
        match b.values.ty(v).clone() {
            Ty::Scalar(Scalar::F64) => sums.push(v),
            Ty::Array(Scalar::F64, shape) => {
                sums.push(b.fold(Reduce::Sum, &shape, |b, at| b.index(v, at)));
            }
            _ => {}
        }
    }
    let outs = vec![Out::Fold(Reduce::Sum); sums.len()];
    let body = b.close(vec![index], sums);
    let results: Vec<Value> = outs.iter().map(|_| values.add(Scalar::F64.into(), "")).collect();
    let nest = Nest { domain: vec![Extent::Const(3)], accs: Vec::new(), body, outs };
    let inst = Inst { results: results.clone(), kind: Kind::Nest(nest), loc: Default::default() };
    func.body = Block { params, insts: vec![inst], results };
    func.values = values;
    *module.funcs.last_mut().expect("an entry") = func;
    module
}

/// Whether it ran on the device; panics where that gives something else than the interpreter.
fn check(subject: &Subject, args: &[pullback_kernels::ir::Datum], seed: u64) -> bool {
    let Subject { name, module, func, resident } = subject;
    let want = eval(&exact(module, func), &func.name, args).map_err(|e| e.0);
    let mut first = None;
    for order in 0..2 {
        let how = Variation { seed: seed * 2 + order, misaligned: order == 1, resident: *resident };
        let got = match (run(module, func, args, how), &want) {
            (Err(Failure::Unsupported(why)), _) => {
                assert!(REFUSED.iter().any(|known| why.contains(known)), "{name}: {why}\n{func}");
                return false;
            }
            (Err(Failure::Panics(_)), Err(_)) => return true,
            (Ok(got), Ok(want)) => {
                crate::functions::compare(name, func, &got, want);
                crate::functions::numbers(&got)
            }
            (got, want) => panic!("{name}: {got:?}, not {want:?}\n{func}"),
        };
        let first = first.get_or_insert_with(|| got.clone());
        assert!(first.iter().zip(&got).all(|(&a, &b)| same(a, b)), "{name}: the order changes the result");
    }
    true
}

/// Checks the function and its derivative; how many of these ran.
fn both(name: &str, module: &Module, case: &Case, seed: u64) -> usize {
    let subjects = ready(name, module);
    let mut ran = 0;
    for subject in &subjects {
        verify_func(&subject.module, &subject.func).unwrap_or_else(|v| panic!("{}: {v:?}", subject.name));
        let mut args = case.args.clone();
        let seeds = subject.func.params().len() - args.len();
        let shapes = eval(module, &module.entry().name, &case.args).expect("a value");
        let floats = shapes
            .into_iter()
            .filter(|d| crate::functions::numbers(std::slice::from_ref(d)).iter().all(|x| x.ty().is_float()));
        args.extend(floats.take(seeds));
        ran += usize::from(check(subject, &args, seed));
    }
    ran
}

#[test]
fn random_functions() {
    let mut ran = 0;
    for seed in 0..SEEDS {
        let case = case(seed);
        let mut module = case.module.clone();
        let mut func = module.entry().clone();
        inline(&module, &mut func, false);
        *module.funcs.last_mut().expect("an entry") = func;
        ran += both(&format!("random_{seed}"), &module, &case, seed);
    }
    println!("{ran} of {} ran", 2 * SEEDS);
    assert!(ran > SEEDS as usize, "{ran} ran");
}

#[test]
fn random_functions_in_each_iteration() {
    let mut ran = 0;
    for seed in 0..SEEDS {
        let case = case(seed);
        ran += both(&format!("iteration_{seed}"), &in_a_nest(&case), &case, seed);
    }
    println!("{ran} of {} ran", 2 * SEEDS);
    assert!(ran > SEEDS as usize, "{ran} ran");
}
