//! Whole functions, forward and reverse, optimised as for a back end: every file of `ir/derivatives` and `ptx`, in `f64`
//! and `f32`, against the interpreter, under random schedules.

use std::path::{Path, PathBuf};

use pullback_kernels::ad::vjp;
use pullback_kernels::glue;
use pullback_kernels::ir::{Array, Datum, Extent, Func, Lit, Module, Scalar, Ty, eval, parse, verify_func};
use pullback_kernels::opt::{finish, inline, optimize};
use pullback_tests::random::Random;

use crate::device::{Failure, Variation, run};
use crate::exact::exact;
use crate::ops::same;

/// How many orders of blocks and warps each function runs under.
const SCHEDULES: u64 = 20;

/// What integer parameters are.
const INTEGER: i64 = 3;

/// A function to test, with everything it calls.
pub struct Subject {
    pub name: String,
    pub module: Module,
    pub func: Func,
    /// Whether its numbers are in the GPU's memory.
    pub resident: bool,
}

/// The forward and the reverse function of a text, ready for a back end.
pub fn subjects(name: &str, text: &str) -> Vec<Subject> {
    ready(name, &parse(text).unwrap_or_else(|e| panic!("{name}: {e:?}")))
}

/// The same of a module.
pub fn ready(name: &str, module: &Module) -> Vec<Subject> {
    let entry = module.entry().clone();
    let floats = |tys: Vec<Ty>| (0..tys.len()).filter(|&k| tys[k].is_float()).collect::<Vec<_>>();
    let wrt = floats(entry.params().iter().map(|&p| entry.values.ty(p).clone()).collect());
    let mut all = vec![(name.to_string(), entry.clone())];
    // What has a tape is a reverse sweep already.
    if !wrt.is_empty() && !floats(entry.result_types()).is_empty() && !entry.to_string().contains(" = tape") {
        all.push((format!("{name}_vjp"), vjp(module, &entry.name, &wrt).unwrap()));
    }
    all.into_iter()
        .map(|(name, mut func)| {
            inline(module, &mut func, false);
            optimize(&mut func);
            finish(&mut func);
            verify_func(module, &func).unwrap_or_else(|v| panic!("{name}: {v:?}\n{func}"));
            Subject { name, module: module.clone(), func, resident: false }
        })
        .collect()
}

/// Everything that the texts of a folder give, in `f64` and in `f32`.
pub fn folder(path: &str) -> Vec<Subject> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let files = std::fs::read_dir(&root).expect("the folder is there").map(|e| e.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.filter(|p| p.extension().is_some_and(|e| e == "ir")).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file that was just listed");
        let stem = file.file_stem().expect("a name").to_string_lossy().into_owned();
        all.extend(subjects(&format!("{stem}_f64"), &text));
        all.extend(subjects(&format!("{stem}_f32"), &text.replace("f64", "f32")));
    }
    all
}

/// Arguments for a function: arrays of `length` along extents that it leaves open, fewer along one called `few`.
fn arguments(func: &Func, length: usize, rng: &mut Random) -> Vec<Datum> {
    let mut one = |ty: Scalar| {
        let x = rng.between(0.6, 1.4);
        match ty {
            Scalar::I64 => Lit::I64(INTEGER),
            Scalar::Bool => Lit::Bool(x > 1.0),
            _ => Lit::of(ty, x),
        }
    };
    let argument = |&p| match func.values.ty(p) {
        Ty::Scalar(s) => Datum::Scalar(one(*s)),
        Ty::Array(elem, shape) => {
            let extent = |e: &Extent| match e {
                Extent::Const(n) => *n as usize,
                Extent::Value(v) if func.params().contains(v) => INTEGER as usize,
                Extent::Value(v) if func.values[*v].name == "few" => length.min(9),
                Extent::Value(_) => length,
            };
            let shape: Vec<usize> = shape.iter().map(extent).collect();
            let data = (0..shape.iter().product()).map(|_| one(*elem)).collect();
            Datum::Array(Array { elem: *elem, shape, data })
        }
        Ty::Tape => panic!("no function takes a tape"),
    };
    func.params().iter().map(argument).collect()
}

/// Checks one subject; whether all its nests have kernels.
fn check(subject: &Subject, length: usize, schedules: u64) -> Result<(), String> {
    let Subject { name, module, func, resident } = subject;
    let args = arguments(func, length, &mut Random::new(length as u64));
    let want = eval(&exact(module, func), &func.name, &args).map_err(|e| e.0);
    let mut first = None;
    for seed in 0..=schedules {
        let how = Variation { seed, misaligned: seed % 2 == 1, resident: *resident };
        let got = match (run(module, func, &args, how), &want) {
            (Err(Failure::Unsupported(why)), _) => return Err(why),
            (Err(Failure::Panics(_)), Err(_)) => return Ok(()),
            (Ok(got), Ok(want)) => {
                compare(name, func, &got, want);
                got
            }
            (got, want) => panic!("{name}: {got:?}, not {want:?}\n{func}"),
        };
        let first = first.get_or_insert_with(|| got.clone());
        let unchanged = numbers(first).iter().zip(numbers(&got)).all(|(&a, b)| same(a, b));
        assert!(unchanged, "{name}: order {seed} changes the result");
    }
    Ok(())
}

pub fn numbers(data: &[Datum]) -> Vec<Lit> {
    data.iter()
        .flat_map(|d| match d {
            Datum::Scalar(x) => vec![*x],
            Datum::Array(a) => a.data.clone(),
            Datum::Tape(_) => Vec::new(),
        })
        .collect()
}

/// Up to the rounding of sums.
pub fn compare(name: &str, func: &Func, got: &[Datum], want: &[Datum]) {
    for (g, w) in got.iter().zip(want) {
        let (g, w) = (numbers(std::slice::from_ref(g)), numbers(std::slice::from_ref(w)));
        assert_eq!(g.len(), w.len(), "{name}");
        let scale = w.iter().map(|x| x.to_f64().abs()).filter(|x| x.is_finite()).fold(1.0, f64::max);
        for (&g, &w) in g.iter().zip(&w) {
            let tolerance = if g.ty() == Scalar::F32 { 1e-6 } else { 1e-13 };
            let near = (g.to_f64() - w.to_f64()).abs() <= tolerance * scale && g.ty().is_float();
            assert!(same(g, w) || near, "{name}: {g:?}, not {w:?}\n{func}");
        }
    }
}

#[test]
fn derivatives() {
    let mut refused = Vec::new();
    let subjects = folder("ir/derivatives");
    for subject in &subjects {
        // An iteration to the accuracy of `f64` has no end in `f32`.
        if subject.name.starts_with("while_newton_f32") {
            continue;
        }
        // Along a few elements, every schedule is much the same.
        if let Err(why) = check(subject, 5, 1) {
            refused.push(format!("{}: {why}", subject.name));
        }
    }
    assert!(subjects.len() > 100, "where are the files?");
    assert!(refused.is_empty(), "{refused:#?}");
}

/// With the code between nests gathered into nests, and all numbers in memory.
#[test]
fn numbers_stay_on_the_device() {
    let mut subjects = folder("ir/derivatives");
    subjects.retain(|s| !s.name.starts_with("while_newton_f32"));
    let many = subjects.len();
    subjects.extend(folder("ptx"));
    let mut refused = Vec::new();
    for (k, subject) in subjects.iter_mut().enumerate() {
        glue::run(&mut subject.func);
        subject.resident = true;
        let found = verify_func(&subject.module, &subject.func);
        found.unwrap_or_else(|v| panic!("{}: {v:?}\n{}", subject.name, subject.func));
        let length = if k < many { 5 } else { 300 };
        if let Err(why) = check(subject, length, 1) {
            refused.push(format!("{}: {why}", subject.name));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn large_enough_for_several_blocks() {
    for subject in folder("ptx") {
        // Two blocks or more: of 256 threads with four iterations each, or with one.
        let wide = ["cubic", "extremes"].iter().any(|name| subject.name.starts_with(name));
        let large = if wide { 1100 } else { 300 };
        for length in [0, 1, 33, large] {
            // One order tells as much as many where there is one block.
            let schedules = if length == large { SCHEDULES } else { 2 };
            check(&subject, length, schedules).unwrap_or_else(|why| panic!("{}: {why}", subject.name));
        }
    }
}

#[test]
fn iterations_with_memory_of_their_own() {
    for subject in folder("ptx/own") {
        // Eliminations take the interpreter long.
        let slow = ["systems", "factors"].iter().any(|name| subject.name.starts_with(name));
        for &length in if slow { &[0, 1, 3, 8][..] } else { &[0, 1, 5, 300] } {
            // Odd orders launch every block by itself.
            let schedules = if length > 256 { 3 } else { 1 };
            check(&subject, length, schedules).unwrap_or_else(|why| panic!("{}: {why}", subject.name));
        }
    }
}
