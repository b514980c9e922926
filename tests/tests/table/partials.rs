//! Partials against central differences, in both modes and to second order.

use pullback_kernels::ir::{Func, Lit, Scalar};
use pullback_kernels::ops::{Op, Partial};
use pullback_tests::random::Random;

use crate::code::{forward, line, operation, reverse, run};
use crate::draw::{inside, signatures};

const POINTS: usize = 50;

/// The signatures through which a derivative can go.
fn smooth(op: Op) -> impl Iterator<Item = Vec<Scalar>> {
    signatures(op)
        .into_iter()
        .filter(move |tys| op.result(tys).is_ok_and(Scalar::is_float) && tys.iter().any(|t| t.is_float()))
}

/// The positions of the float arguments.
fn floats(tys: &[Scalar]) -> Vec<usize> {
    (0..tys.len()).filter(|&k| tys[k].is_float()).collect()
}

/// The derivative of result `r` with respect to argument k: central differences, extrapolated.
fn difference(f: &Func, r: usize, args: &[Lit], k: usize) -> f64 {
    let x = args[k].to_f64();
    let at = |x: f64| {
        let mut moved = args.to_vec();
        moved[k] = Lit::F64(x);
        run(f, &moved)[r].to_f64()
    };
    let slope = |h: f64| (at(x - 2.0 * h) - 8.0 * at(x - h) + 8.0 * at(x + h) - at(x + 2.0 * h)) / (12.0 * h);
    let (coarse, fine) = (slope(1e-3), slope(5e-4));
    fine + (fine - coarse) / 15.0
}

fn assert_close(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{what}: {got}, not {want}");
}

#[test]
fn partials_are_the_slopes() {
    let mut random = Random::new(3);
    for op in Op::all().filter(|op| !op.def().facts.detaches) {
        for tys in smooth(op).filter(|tys| tys.contains(&Scalar::F64)) {
            if op.result(&tys) != Ok(Scalar::F64) {
                continue; // rounding to f32 is no smooth function of an f64
            }
            let (f, back) = (operation(op, &tys), reverse(&operation(op, &tys)));
            for _ in 0..POINTS {
                let args = inside(op, &tys, &mut random);
                let grads = run(&back, &[&args[..], &[Lit::F64(1.0)]].concat());
                for (i, k) in floats(&tys).into_iter().enumerate() {
                    let what = format!("{} of {args:?}, argument {k}", op.def().name);
                    let want = difference(&f, 0, &args, k);
                    assert_close(grads[i + 1].to_f64(), want, op.def().test.tolerance, &what);
                }
            }
        }
    }
}

#[test]
fn f32_agrees_with_f64() {
    let mut random = Random::new(4);
    for op in Op::all() {
        for tys in smooth(op).filter(|tys| !tys.contains(&Scalar::F64)) {
            let wide: Vec<Scalar> =
                tys.iter().map(|&t| if t == Scalar::F32 { Scalar::F64 } else { t }).collect();
            let (narrow_back, wide_back) = (reverse(&operation(op, &tys)), reverse(&operation(op, &wide)));
            for _ in 0..POINTS {
                let args = inside(op, &tys, &mut random);
                let wide_args: Vec<Lit> = args.iter().zip(&wide).map(|(a, &t)| convert(*a, t)).collect();
                let seed = |f: &Func| Lit::of(f.values.ty(*f.params().last().unwrap()).elem().unwrap(), 1.5);
                let got = run(&narrow_back, &[&args[..], &[seed(&narrow_back)]].concat());
                let want = run(&wide_back, &[&wide_args[..], &[seed(&wide_back)]].concat());
                let what = format!("{} of {args:?}", op.def().name);
                got.iter().zip(&want).for_each(|(g, w)| assert_close(g.to_f64(), w.to_f64(), 2e-4, &what));
            }
        }
    }
}

fn convert(lit: Lit, ty: Scalar) -> Lit {
    if ty.is_float() { Lit::of(ty, lit.to_f64()) } else { lit }
}

#[test]
fn forward_agrees_with_reverse() {
    let mut random = Random::new(5);
    for op in Op::all() {
        for tys in smooth(op) {
            let (fore, back) = (forward(&operation(op, &tys)), reverse(&operation(op, &tys)));
            let result = op.result(&tys).unwrap();
            for _ in 0..10 {
                let args = inside(op, &tys, &mut random);
                let tangents: Vec<Lit> =
                    floats(&tys).iter().map(|&k| Lit::of(tys[k], random.between(-1.0, 1.0))).collect();
                let along = run(&fore, &[&args[..], &tangents].concat())[1].to_f64();
                let grads = run(&back, &[&args[..], &[Lit::of(result, 1.0)]].concat());
                let dot: f64 = grads[1..].iter().zip(&tangents).map(|(g, t)| g.to_f64() * t.to_f64()).sum();
                assert_close(along, dot, 1e-5, &format!("{} of {args:?}", op.def().name));
            }
        }
    }
}

#[test]
fn second_derivatives_are_the_slopes_of_first_ones() {
    let mut random = Random::new(6);
    for op in Op::all() {
        for tys in smooth(op).filter(|tys| !tys.contains(&Scalar::F32)) {
            if op.result(&tys) != Ok(Scalar::F64) {
                continue;
            }
            for r in 0..floats(&tys).len() {
                let mut first = reverse(&operation(op, &tys));
                first.body.results = vec![first.body.results[r + 1]];
                let second = reverse(&first);
                let first_types: Vec<Scalar> = [&tys[..], &[Scalar::F64]].concat();
                for _ in 0..10 {
                    let args = [&inside(op, &tys, &mut random)[..], &[Lit::F64(0.7)]].concat();
                    let grads = run(&second, &[&args[..], &[Lit::F64(1.0)]].concat());
                    for (i, k) in floats(&first_types).into_iter().enumerate() {
                        let what = format!("{}: partial {r} of {args:?}, argument {k}", op.def().name);
                        let want = difference(&first, 0, &args, k);
                        assert_close(grads[i + 1].to_f64(), want, 20.0 * op.def().test.tolerance, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn zero_cotangents_contribute_exactly_zero_at_poles() {
    let mut checked = 0;
    for op in Op::all().filter(|&op| op.result(&vec![Scalar::F64; op.arity()]) == Ok(Scalar::F64)) {
        let back = reverse(&operation(op, &vec![Scalar::F64; op.arity()]));
        for x in [0.0, -0.0, 1.0, -1.0, -2.0, f64::INFINITY, f64::NAN] {
            let args = vec![Lit::F64(x); op.arity()];
            if op.eval(&args).is_none() {
                continue;
            }
            let grads = run(&back, &[&args[..], &[Lit::F64(0.0)]].concat());
            for (k, partial) in op.def().partials.iter().enumerate() {
                if matches!(partial, Partial::Pole(_) | Partial::Applied(_)) {
                    assert_eq!(grads[k + 1].to_f64(), 0.0, "{} of {x}, argument {k}", op.def().name);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

/// Orders above the first at points where a shortcut in a partial would show: a line, a point, the arguments by which
/// it is differentiated one after the other, and the derivative.
const HIGHER: &[(&str, &[f64], &[usize], f64)] = &[
    ("tanh(a)", &[0.0], &[0, 0, 0], -2.0),
    ("tanh(a)", &[0.0], &[0, 0, 0, 0, 0], 16.0),
    ("tanh(a)", &[1000.0], &[0, 0], 0.0),
    ("powi(a, 2)", &[0.0], &[0, 0], 2.0),
    ("powi(a, 3)", &[0.0], &[0, 0, 0], 6.0),
    ("powf(a, 2.0)", &[0.0], &[0, 0], 2.0),
    ("powf(a, b)", &[2.0, 0.0], &[0, 1], 0.5),
    ("powf(a, b)", &[2.0, 0.0], &[1, 0], 0.5),
    ("a * ln(b)", &[0.0, 4.0], &[0, 1], 0.25),
    ("a * ln(b)", &[0.0, 4.0], &[1, 0], 0.25),
    ("a * sqrt(b)", &[0.0, 4.0], &[1, 0], 0.25),
    ("a / b", &[0.0, 4.0], &[1, 0], -0.0625),
    ("a * exp2(b)", &[0.0, 0.0], &[1, 0], std::f64::consts::LN_2),
    ("exp_m1(a)", &[0.0], &[0, 0], 1.0),
    ("atan(a)", &[0.0], &[0, 0, 0], -2.0),
    ("asin(a)", &[0.0], &[0, 0, 0], 1.0),
    ("cbrt(a)", &[-8.0], &[0, 0], 1.0 / 144.0),
    ("abs(a)", &[-8.0], &[0, 0], 0.0),
    ("max(a * a, b)", &[3.0, 1.0], &[0, 0], 2.0),
    ("clamp(a * a, b, 10.0)", &[3.0, 1.0], &[0, 0], 2.0),
];

#[test]
fn higher_derivatives_at_awkward_points() {
    for &(text, point, along, want) in HIGHER {
        let mut f = line(text, &vec![Scalar::F64; point.len()]);
        let mut args: Vec<Lit> = point.iter().map(|&x| Lit::F64(x)).collect();
        for &k in along {
            f = reverse(&f);
            f.body.results = vec![f.body.results[k + 1]];
            args.push(Lit::F64(1.0));
        }
        let what = format!("{text} at {point:?} along {along:?}");
        assert_close(run(&f, &args)[0].to_f64(), want, 1e-12, &what);
    }
}
