//! Reverse and forward derivatives of functions in IR, against differences of the interpreter and against each other.

use pullback_kernels::ad::{forward, hessian, hvp, jacobian, jvp, value_and_grad, vjp};
use pullback_kernels::ir::{Array, Datum, Func, Lit, Module, Scalar, Ty, eval, parse, verify_func};
use pullback_kernels::opt::{inline, optimize};

/// One file per function; `.ir` text under `ir/derivatives`.
macro_rules! functions {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), include_str!(concat!("../ir/derivatives/", stringify!($name), ".ir")));
        })*
    };
}

functions!(
    scalars,
    cubic,
    branch,
    branch_in_nest,
    build_then_fold,
    stencil,
    gather,
    matrix_vector,
    matmul,
    product,
    maximum,
    loop_scalar,
    loop_array,
    loop_nested,
    loop_ragged,
    loop_reversed,
    loop_of_nests,
    loop_in_nest,
    loop_in_branch,
    branch_in_loop,
    while_newton,
    while_in_nest,
    accumulate,
    pack,
    custom_rule,
    overwritten,
    several_results,
    swap,
    loop_in_nest_in_loop,
    nest_in_nest,
    maximum_in_nest,
    product_with_zero,
    while_in_loop,
    carried_unchanged,
    checkpoint,
    solve,
    inverse,
    cholesky,
    det_singular,
    computed_length
);

fn check(name: &str, text: &str) {
    let module = parse(text).unwrap_or_else(|e| panic!("{name}: line {}: {}", e.line, e.message));
    let f = module.entry();
    let floats = |tys: Vec<Ty>| {
        tys.iter().enumerate().filter(|(_, t)| t.is_float()).map(|(k, _)| k).collect::<Vec<_>>()
    };
    let wrt = floats(f.params().iter().map(|&p| f.values.ty(p).clone()).collect());
    let outs = floats(f.result_types());
    let mut rng = Rng(0x9e37_79b9_7f4a_7c15 ^ name.len() as u64);
    let args: Vec<Datum> = f.params().iter().map(|&p| argument(f, f.values.ty(p), &mut rng)).collect();
    let value = run(&module, f, &args);
    let seeds: Vec<Datum> = outs.iter().map(|&k| like(&value[k], |_| rng.next() - 1.0)).collect();
    let directions: Vec<Datum> = wrt.iter().map(|&k| like(&args[k], |_| rng.next() - 1.0)).collect();

    let reverse = vjp(&module, &f.name, &wrt).unwrap();
    let tangent = jvp(&module, &f.name, &wrt).unwrap();
    for (stage, optimized) in [("plain", false), ("optimized", true)] {
        let [reverse, tangent] = [&reverse, &tangent].map(|g| {
            let mut g = g.clone();
            if optimized {
                optimize(&mut g);
            }
            if let Err(violations) = verify_func(&module, &g) {
                panic!("{name}, {stage}: {violations:?}\n{g}");
            }
            g
        });
        let got = run(&module, &reverse, &[args.clone(), seeds.clone()].concat());
        assert_close(name, stage, &got[..value.len()], &value, 1e-12, &reverse);
        let expected: Vec<Datum> =
            wrt.iter().map(|&k| differences(&module, f, &args, k, &outs, &seeds)).collect();
        assert_close(name, stage, &got[value.len()..], &expected, 2e-6, &reverse);
        let tangents = run(&module, &tangent, &[args.clone(), directions.clone()].concat());
        let (a, b) = (dot(&tangents[value.len()..], &seeds), dot(&got[value.len()..], &directions));
        assert!(
            (a - b).abs() <= 1e-11 * (1.0 + a.abs()),
            "{name}, {stage}: jvp {a} vjp {b}\n{tangent}\n{reverse}"
        );
    }
    check_matrices(name, &module, f, &args, &wrt, &directions);
    // The second derivative of a determinant goes through the inverse.
    if name == "det_singular" {
        return;
    }
    check_second(name, &module, &reverse, &[args, seeds].concat(), &wrt, &directions);
}

/// The Jacobian times the directions is the tangent; so is, for one float result, the Hessian times the directions
/// that of the gradient.
fn check_matrices(
    name: &str,
    module: &Module,
    f: &Func,
    args: &[Datum],
    wrt: &[usize],
    directions: &[Datum],
) {
    let tangent = |g: &Func| {
        let g = forward(module, g, wrt).unwrap();
        let out = run(module, &g, &[args, directions].concat());
        out[g.body.results.len() - floats(&g).len() / 2..].to_vec()
    };
    let (jacobian, direction) = jacobian(module, &f.name, wrt).unwrap();
    assert_product(
        &format!("{name}, jacobian {direction:?}"),
        module,
        &jacobian,
        f,
        args,
        directions,
        &tangent(f),
    );
    if floats(f).len() == 1 && f.result_types()[floats(f)[0]].is_scalar() {
        let mut gradient = value_and_grad(module, &f.name, wrt).unwrap();
        inline(module, &mut gradient, false);
        let hessian = hessian(module, &f.name, wrt).unwrap();
        let want = tangent(&gradient)[1..].to_vec();
        assert_product(&format!("{name}, hessian"), module, &hessian, &gradient, args, directions, &want);
        let hvp = hvp(module, &f.name, wrt).unwrap();
        let got = run(module, &hvp, &[args, directions].concat());
        assert_close(name, "hvp", &got[got.len() - wrt.len()..], &want, 1e-9, &hvp);
    }
}

/// Checks a matrix of derivatives, which stands behind the results of `f`, against its product with `directions`.
fn assert_product(
    name: &str,
    module: &Module,
    g: &Func,
    f: &Func,
    args: &[Datum],
    directions: &[Datum],
    want: &[Datum],
) {
    if let Err(violations) = verify_func(module, g) {
        panic!("{name}: {violations:?}\n{g}");
    }
    let out = run(module, g, args);
    let blocks = &out[f.body.results.len()..];
    assert_eq!(blocks.len(), want.len() * directions.len(), "{name}\n{g}");
    for (row, want) in blocks.chunks(directions.len()).zip(want) {
        let mut got = vec![0.0; numbers(want).len()];
        for (block, d) in row.iter().zip(directions) {
            let d = numbers(d);
            for (got, row) in got.iter_mut().zip(numbers(block).chunks(d.len())) {
                *got += row.iter().zip(&d).map(|(x, y)| x * y).sum::<f64>();
            }
        }
        for (g_, w) in got.iter().zip(numbers(want)) {
            assert!((g_ - w).abs() <= 1e-9 * (1.0 + w.abs()), "{name}: {got:?} {want:?}\n{g}");
        }
    }
}

/// The positions of the float results.
fn floats(f: &Func) -> Vec<usize> {
    f.result_types().iter().enumerate().filter(|(_, t)| t.is_float()).map(|(k, _)| k).collect()
}

/// The tangent of the reverse derivative along `directions`, plain and optimised, against differences of it.
fn check_second(
    name: &str,
    module: &Module,
    reverse: &Func,
    args: &[Datum],
    wrt: &[usize],
    directions: &[Datum],
) {
    let mut inlined = reverse.clone();
    inline(module, &mut inlined, false);
    let dual = forward(module, &inlined, wrt).unwrap();
    let first = run(module, &inlined, args);
    let moved = |h: f64| {
        let mut at = args.to_vec();
        for (&k, d) in wrt.iter().zip(directions) {
            let mut d = numbers(d).into_iter();
            at[k] = like(&args[k], |x| x + h * d.next().unwrap());
        }
        run(module, &inlined, &at)
    };
    let floats: Vec<usize> =
        inlined.result_types().iter().enumerate().filter(|(_, t)| t.is_float()).map(|(k, _)| k).collect();
    let slope = |h: f64| -> Vec<f64> {
        let (up, down) = (moved(h), moved(-h));
        floats
            .iter()
            .flat_map(|&k| {
                numbers(&up[k]).into_iter().zip(numbers(&down[k])).map(move |(u, d)| (u - d) / (2.0 * h))
            })
            .collect()
    };
    let h = 1e-4;
    let want: Vec<f64> = slope(h / 2.0).iter().zip(slope(h)).map(|(a, b)| (4.0 * a - b) / 3.0).collect();
    for (stage, optimized) in [("second, plain", false), ("second, optimized", true)] {
        let mut dual = dual.clone();
        if optimized {
            optimize(&mut dual);
        }
        if let Err(violations) = verify_func(module, &dual) {
            panic!("{name}, {stage}: {violations:?}\n{dual}");
        }
        let got = run(module, &dual, &[args, directions].concat());
        let got: Vec<f64> = got[first.len()..].iter().flat_map(numbers).collect();
        assert_eq!(got.len(), want.len());
        let scale = 1.0 + want.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        for (g, w) in got.iter().zip(&want) {
            assert!((g - w).abs() <= 1e-6 * scale, "{name}, {stage}: got {got:?}, expected {want:?}\n{dual}");
        }
    }
}

/// Σ seeds · ∂results/∂(parameter k), by central differences with one Richardson step.
fn differences(
    module: &Module,
    f: &Func,
    args: &[Datum],
    k: usize,
    outs: &[usize],
    seeds: &[Datum],
) -> Datum {
    let mut element = 0;
    like(&args[k], |x| {
        let at = |h: f64| {
            let mut moved = args.to_vec();
            let mut here = 0;
            moved[k] = like(&args[k], |v| {
                here += 1;
                if here == element + 1 { v + h } else { v }
            });
            let result = run(module, f, &moved);
            dot(&outs.iter().map(|&o| result[o].clone()).collect::<Vec<_>>(), seeds)
        };
        let h = 2e-4 * (1.0 + x.abs());
        let slope = |h: f64| (at(h) - at(-h)) / (2.0 * h);
        let d = (4.0 * slope(h / 2.0) - slope(h)) / 3.0;
        element += 1;
        d
    })
}

fn run(module: &Module, f: &Func, args: &[Datum]) -> Vec<Datum> {
    let mut module = module.clone();
    if module.get(&f.name).is_none() {
        module.funcs.push(f.clone());
    }
    eval(&module, &f.name, args).unwrap_or_else(|e| panic!("{}: {}\n{f}", f.name, e.0))
}

/// Numbers in (0.3, 1.7), arrays with 5 or the constant number of elements per axis, integers 3.
fn argument(f: &Func, ty: &Ty, rng: &mut Rng) -> Datum {
    let mut number = |s: Scalar| match s {
        Scalar::F64 => Lit::F64(0.3 + 1.4 * rng.next() / 2.0),
        Scalar::I64 => Lit::I64(3),
        other => panic!("{}: a parameter of type {}", f.name, other.name()),
    };
    match ty {
        Ty::Scalar(s) => Datum::Scalar(number(*s)),
        Ty::Array(elem, shape) => {
            let lengths = shape.iter().map(|e| match e {
                pullback_kernels::ir::Extent::Const(n) => *n as usize,
                _ => 5,
            });
            let shape: Vec<usize> = lengths.collect();
            let data = (0..shape.iter().product()).map(|_| number(*elem)).collect();
            Datum::Array(Array { elem: *elem, shape, data })
        }
        Ty::Tape => unreachable!(),
    }
}

fn like(d: &Datum, mut f: impl FnMut(f64) -> f64) -> Datum {
    match d {
        Datum::Scalar(x) => Datum::Scalar(Lit::F64(f(x.to_f64()))),
        Datum::Array(a) => Datum::Array(Array {
            data: a.data.iter().map(|x| Lit::F64(f(x.to_f64()))).collect(),
            ..a.clone()
        }),
        Datum::Tape(_) => unreachable!(),
    }
}

fn numbers(d: &Datum) -> Vec<f64> {
    match d {
        Datum::Scalar(x) => vec![x.to_f64()],
        Datum::Array(a) => a.data.iter().map(|x| x.to_f64()).collect(),
        Datum::Tape(_) => unreachable!(),
    }
}

fn dot(a: &[Datum], b: &[Datum]) -> f64 {
    assert_eq!(a.len(), b.len());
    let flat = |d: &[Datum]| d.iter().flat_map(numbers).collect::<Vec<_>>();
    let (a, b) = (flat(a), flat(b));
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).map(|(x, y)| x * y).sum()
}

fn assert_close(name: &str, stage: &str, got: &[Datum], want: &[Datum], tolerance: f64, f: &Func) {
    assert_eq!(got.len(), want.len(), "{name}, {stage}: number of results");
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        let (g, w) = (numbers(g), numbers(w));
        assert_eq!(g.len(), w.len(), "{name}, {stage}: length of result {k}");
        for (x, y) in g.iter().zip(&w) {
            let ok = (x - y).abs() <= tolerance * (1.0 + y.abs());
            assert!(ok, "{name}, {stage}: result {k}: got {g:?}, expected {w:?}\n{f}");
        }
    }
}

/// Numbers in (0, 2) from a fixed seed.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 52) as f64
    }
}
