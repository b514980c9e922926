//! Every pass, and all of them, on the functions of `ir/derivatives` and on their derivatives: the result verifies and
//! computes the same.

use std::fs;
use std::path::Path;

use pullback_kernels::ad::vjp;
use pullback_kernels::ir::{Array, Datum, Extent, Func, Lit, Module, Scalar, Ty, eval, parse, verify_func};
use pullback_kernels::opt::{PASSES, finish, inline, optimize};
use pullback_tests::close::results_differ;
use pullback_tests::random::Random;

#[test]
fn passes_keep_functions_and_derivatives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ir/derivatives");
    let mut paths: Vec<_> =
        fs::read_dir(root).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() > 20);
    for path in paths {
        let text = fs::read_to_string(&path).expect("a file");
        check(&path.file_stem().expect("a name").to_string_lossy(), &text);
    }
}

fn check(name: &str, text: &str) {
    let module = parse(text).unwrap_or_else(|e| panic!("{name}: line {}: {}", e.line, e.message));
    let f = module.entry();
    let is_float = |&k: &usize| f.values.ty(f.params()[k]).is_float();
    let wrt: Vec<usize> = (0..f.params().len()).filter(is_float).collect();
    let reverse = vjp(&module, &f.name, &wrt).unwrap();
    let mut optimized = f.clone();
    inline(&module, &mut optimized, true);
    optimize(&mut optimized);
    let mut with = module.clone();
    with.funcs.pop();
    with.funcs.push(optimized);
    let second = vjp(&with, &f.name, &wrt).unwrap();
    for g in [f, &reverse, &second] {
        for (pass, run) in PASSES {
            same(name, pass, &module, g, run);
        }
        same(name, "optimize", &module, g, optimize);
        same(name, "all", &module, g, |h| {
            inline(&module, h, false);
            optimize(h);
            finish(h);
        });
    }
}

/// Runs a function before and after a pass.
fn same(name: &str, pass: &str, module: &Module, f: &Func, run: impl Fn(&mut Func)) {
    let mut g = f.clone();
    run(&mut g);
    if let Err(violations) = verify_func(module, &g) {
        panic!("{name}, {pass}: {violations:?}\n{f}\n{g}");
    }
    let mut random = Random::new(7);
    let args: Vec<Datum> = f.params().iter().map(|&p| argument(f.values.ty(p), &mut random)).collect();
    let run = |f: &Func| {
        let mut module = module.clone();
        module.funcs.retain(|g| g.name != f.name);
        module.funcs.push(f.clone());
        eval(&module, &f.name, &args).map_err(|e| e.0)
    };
    if let Some(message) = results_differ(&run(f), &run(&g), 1e-12) {
        panic!("{name}, {pass}: {message}\nbefore\n{f}\nafter\n{g}");
    }
}

/// Numbers in (0.3, 1.7), arrays with 5 or the constant number of elements per axis, integers 3.
fn argument(ty: &Ty, random: &mut Random) -> Datum {
    let mut number = |s: Scalar| match s {
        Scalar::I64 => Lit::I64(3),
        s => Lit::of(s, random.between(0.3, 1.7)),
    };
    match ty {
        Ty::Scalar(s) => Datum::Scalar(number(*s)),
        Ty::Array(elem, shape) => {
            let shape: Vec<usize> =
                shape.iter().map(|e| if let Extent::Const(n) = e { *n as usize } else { 5 }).collect();
            let data = (0..shape.iter().product()).map(|_| number(*elem)).collect();
            Datum::Array(Array { elem: *elem, shape, data })
        }
        Ty::Tape => unreachable!("parameters are no tapes"),
    }
}
