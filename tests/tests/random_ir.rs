//! Random functions through everything: the text form, the passes, and both modes of differentiation.

use pullback_kernels::ad::{jvp, vjp};
use pullback_kernels::ir::{Array, Datum, EvalError, Func, Lit, Module, eval_limited, parse, verify};
use pullback_kernels::opt::{PASSES, finish, optimize};
use pullback_tests::close::results_differ;
use pullback_tests::random::Random;
use pullback_tests::random_ir::{Case, case};
use pullback_tests::shrink::shrink;

/// How many seeds each test runs.
const SEEDS: u64 = 150;
const STEPS: u64 = 20_000_000;

fn run(module: &Module, args: &[Datum]) -> Result<Vec<Datum>, String> {
    eval_limited(module, &module.entry().name, args, STEPS).map_err(|EvalError(m)| m)
}

/// The seeds: `SEEDS` of them, from 0 or from where the environment variable `FIRST_SEED` says.
fn seeds() -> std::ops::Range<u64> {
    let first = std::env::var("FIRST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    first..first + SEEDS
}

/// Runs a check on every seed; shrinks and prints the first case that fails.
fn for_all(check: impl Fn(u64, &Case) -> Result<(), String>) {
    for seed in seeds() {
        let case = case(seed);
        let Err(message) = check(seed, &case) else { continue };
        eprintln!("seed {seed} fails: {}", message.lines().next().unwrap_or_default());
        // the same kind of failure, not any
        let kind = |m: &str| m.split_whitespace().next().map(str::to_string);
        let fails = |m: &Module| {
            let again = check(seed, &Case { module: m.clone(), args: case.args.clone() });
            again.is_err_and(|m| kind(&m) == kind(&message))
        };
        let small = shrink(&case.module, fails);
        let now = check(seed, &Case { module: small.clone(), args: case.args.clone() }).unwrap_err();
        let args: Vec<String> = case.args.iter().map(|a| a.to_string()).collect();
        panic!("seed {seed}: {message}\nshrunk: {now}\n{small}\nargs: {}", args.join(", "));
    }
}

fn verified(module: &Module, what: &str) -> Result<(), String> {
    verify(module).map_err(|v| {
        let all: Vec<String> = v.iter().map(ToString::to_string).collect();
        format!("{what} does not verify: {}\n{module}", all.join("; "))
    })
}

#[test]
fn random_functions_verify_run_and_use_everything() {
    let mut text = String::new();
    for_all(|_, case| {
        verified(&case.module, "the function")?;
        run(&case.module, &case.args).map(drop)
    });
    for seed in seeds() {
        text += &case(seed).module.to_string();
    }
    for word in [
        "build (",
        "fold sum",
        "nest (",
        "accum (",
        "outs (",
        "for (",
        "for rev",
        "while carry",
        "if %",
        "update %",
        "call @",
        "pack [",
        "matvec",
        "matmul",
        "assert %",
        "fold max",
        "fold product",
        "select",
        "to_f64",
        "checkpoint",
    ] {
        assert!(text.contains(word), "no seed makes `{word}`");
    }
}

#[test]
fn random_functions_print_and_parse() {
    for_all(|_, case| {
        let text = case.module.to_string();
        let read = parse(&text).map_err(|e| format!("{e}\n{text}"))?;
        let again = read.to_string();
        if text != again {
            return Err(format!("printed as\n{text}\nthen as\n{again}"));
        }
        differ(&run(&case.module, &case.args), &run(&read, &case.args), 0.0, "reading what was printed")
    });
}

fn differ(
    a: &Result<Vec<Datum>, String>,
    b: &Result<Vec<Datum>, String>,
    tol: f64,
    what: &str,
) -> Result<(), String> {
    results_differ(a, b, tol).map_or(Ok(()), |m| Err(format!("{what}: {m}")))
}

/// Numbers of all floats in a datum.
fn floats(d: &Datum) -> Vec<f64> {
    match d {
        Datum::Scalar(Lit::F64(x)) => vec![*x],
        Datum::Array(a) => a.data.iter().map(|x| x.to_f64()).collect(),
        _ => Vec::new(),
    }
}

/// A random datum of the same shape.
fn direction(rng: &mut Random, like: &Datum) -> Datum {
    match like {
        Datum::Array(a) => {
            let data = a.data.iter().map(|_| Lit::F64(rng.between(-1.0, 1.0))).collect();
            Datum::Array(Array { data, ..a.clone() })
        }
        _ => Datum::from(rng.between(-1.0, 1.0)),
    }
}

/// `x + h d`
fn moved(x: &Datum, d: &Datum, h: f64) -> Datum {
    match (x, d) {
        (Datum::Array(x), Datum::Array(d)) => {
            let data =
                x.data.iter().zip(&d.data).map(|(x, d)| Lit::F64(x.to_f64() + h * d.to_f64())).collect();
            Datum::Array(Array { data, ..x.clone() })
        }
        (Datum::Scalar(x), Datum::Scalar(d)) => Datum::from(x.to_f64() + h * d.to_f64()),
        _ => x.clone(),
    }
}

/// The sum of the products of corresponding floats.
fn dot(a: &[Datum], b: &[Datum]) -> f64 {
    let flat = |d: &[Datum]| d.iter().flat_map(floats).collect::<Vec<f64>>();
    flat(a).iter().zip(flat(b)).map(|(a, b)| a * b).sum()
}

/// The module with all calls inlined, only the entry left.
fn inlined(module: &Module) -> Module {
    let mut f: Func = module.entry().clone();
    pullback_kernels::opt::inline(module, &mut f, true);
    Module { funcs: vec![f] }
}

#[test]
fn derivatives_agree_with_each_other_and_with_differences() {
    for_all(|seed, case| {
        let module = inlined(&case.module);
        derivatives(seed, &Case { module, args: case.args.clone() })
    });
}

fn derivatives(seed: u64, case: &Case) -> Result<(), String> {
    let (module, wrt) = (&case.module, case.wrt());
    let name = module.entry().name.clone();
    let alone = |f: Func| Module { funcs: vec![f] };
    let reverse = alone(vjp(module, &name, &wrt).map_err(|e| e.message)?);
    let forward = alone(jvp(module, &name, &wrt).map_err(|e| e.message)?);
    verified(&reverse, "vjp")?;
    verified(&forward, "jvp")?;

    let results = run(module, &case.args)?;
    let mut rng = Random::new(seed ^ 0xd1f);
    let seeds: Vec<Datum> = results.iter().map(|r| direction(&mut rng, r)).collect();
    let directions: Vec<Datum> = wrt.iter().map(|&i| direction(&mut rng, &case.args[i])).collect();
    let out = run(&reverse, &[case.args.clone(), seeds.clone()].concat())
        .map_err(|m| format!("vjp: {m}\n{reverse}"))?;
    let (values, cotangents) = out.split_at(results.len());
    differ(&Ok(values.to_vec()), &Ok(results.clone()), 1e-12, "the results of vjp")?;
    let out = run(&forward, &[case.args.clone(), directions.clone()].concat())
        .map_err(|m| format!("jvp: {m}\n{forward}"))?;
    let (values, tangents) = out.split_at(results.len());
    differ(&Ok(values.to_vec()), &Ok(results), 1e-12, "the results of jvp")?;

    let by_reverse = dot(cotangents, &directions);
    let by_forward = dot(&seeds, tangents);
    let scale = size(cotangents) * size(&directions) + size(&seeds) * size(tangents) + 1.0;
    let gap = (by_reverse - by_forward).abs();
    if gap.is_nan() || gap > 1e-11 * scale {
        return Err(format!("vjp gives {by_reverse}, jvp {by_forward}\n{reverse}"));
    }
    let difference = difference(case, &seeds, &directions)?;
    if (difference - by_forward).abs() > 1e-6 * scale {
        return Err(format!("differences give {difference}, jvp {by_forward}, vjp {by_reverse}"));
    }
    Ok(())
}

/// The central difference, in some directions of the float parameters, of the weighted sum of the results.
fn difference(case: &Case, weights: &[Datum], directions: &[Datum]) -> Result<f64, String> {
    let h = 1e-6;
    let at = |h: f64| -> Result<f64, String> {
        let mut args = case.args.clone();
        case.wrt().iter().zip(directions).for_each(|(&i, d)| args[i] = moved(&args[i], d, h));
        Ok(dot(&run(&case.module, &args)?, weights))
    };
    Ok((at(h)? - at(-h)?) / (2.0 * h))
}

#[test]
fn second_derivatives_agree_with_differences() {
    for_all(|seed, case| {
        if seed % 4 != 1 {
            return Ok(());
        }
        let module = inlined(&case.module);
        let mut gradient = vjp(&module, &module.entry().name, &case.wrt()).map_err(|e| e.message)?;
        optimize(&mut gradient);
        let mut rng = Random::new(seed);
        let seeds = run(&module, &case.args)?.iter().map(|r| direction(&mut rng, r)).collect::<Vec<_>>();
        forward_over(&Case {
            module: Module { funcs: vec![gradient] },
            args: [case.args.clone(), seeds].concat(),
        })
    });
}

/// The Jacobian-vector product of a function that may hold a tape, against differences.
fn forward_over(case: &Case) -> Result<(), String> {
    let (module, wrt) = (&case.module, case.wrt());
    let mut rng = Random::new(5);
    let forward = jvp(module, &module.entry().name, &wrt).map_err(|e| e.message)?;
    let forward = Module { funcs: vec![forward] };
    verified(&forward, "jvp")?;
    let results = run(module, &case.args)?;
    let weights: Vec<Datum> = results.iter().map(|r| direction(&mut rng, r)).collect();
    let directions: Vec<Datum> = wrt.iter().map(|&i| direction(&mut rng, &case.args[i])).collect();
    let out = run(&forward, &[case.args.clone(), directions.clone()].concat())?;
    let (values, tangents) = out.split_at(results.len());
    differ(&Ok(values.to_vec()), &Ok(results), 1e-9, "the results of jvp")?;
    let (got, want) = (dot(&weights, tangents), difference(case, &weights, &directions)?);
    if (got - want).abs() > 1e-5 * (size(&weights) * size(tangents) + 1.0) {
        return Err(format!("differences give {want}, jvp {got}"));
    }
    Ok(())
}

/// A rewriting pass and its name.
type Pass = (&'static str, fn(&mut Func));

/// Every pass alone, then all of them.
fn passes() -> Vec<Pass> {
    let all: [(_, fn(&mut Func)); 2] = [("optimize", optimize), ("finish", finish)];
    PASSES.iter().copied().chain(all).collect()
}

/// Runs each pass on the entry function and compares what it computes.
fn passes_keep(module: &Module, args: &[Datum]) -> Result<(), String> {
    let before = run(module, args);
    for (name, pass) in passes() {
        let mut after = module.clone();
        pass(after.funcs.last_mut().expect("an entry"));
        verified(&after, name)?;
        // A panic may go with dead code, so there is nothing to compare with.
        if before.is_err() {
            continue;
        }
        differ(&before, &run(&after, args), 1e-9, &format!("{name} changes the result\n{after}"))?;
    }
    Ok(())
}

#[test]
fn passes_leave_results_unchanged() {
    for_all(|_, case| {
        passes_keep(&case.module, &case.args)?;
        let flat = inlined(&case.module);
        verified(&flat, "inline")?;
        differ(&run(&case.module, &case.args), &run(&flat, &case.args), 0.0, "inline changes the result")?;
        passes_keep(&flat, &case.args)
    });
}

#[test]
fn passes_leave_derivatives_unchanged() {
    for_all(|seed, case| {
        if seed % 4 != 0 {
            return Ok(());
        }
        let module = inlined(&case.module);
        let reverse = vjp(&module, &module.entry().name, &case.wrt()).map_err(|e| e.message)?;
        let mut rng = Random::new(seed);
        let seeds: Vec<Datum> = run(&module, &case.args)?.iter().map(|r| direction(&mut rng, r)).collect();
        passes_keep(&Module { funcs: vec![reverse] }, &[case.args.clone(), seeds].concat())
    });
}

/// The 2-norm of everything.
fn size(data: &[Datum]) -> f64 {
    dot(data, data).sqrt()
}

#[test]
fn shrinking_keeps_what_fails_and_little_else() {
    let module = inlined(&case(3).module);
    let before = module.to_string().lines().count();
    let fails = |m: &Module| m.to_string().contains("tanh");
    assert!(fails(&module));
    let small = shrink(&module, fails);
    let after = small.to_string().lines().count();
    assert!(fails(&small) && verify(&small).is_ok() && 2 * after < before, "{before} lines became\n{small}");
}
