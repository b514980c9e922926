//! Every operation of the table, on numbers that are hard and on random bits, bit for bit.

use pullback_kernels::ir::{Array, Datum, Func, Lit, Module, Scalar, eval, parse};
use pullback_kernels::ops::{Op, Sig};
use pullback_tests::random::Random;

use crate::device::{Failure, Variation, run};
use crate::exact::exact;

const COUNT: usize = 300;

/// The argument types of an operation for a type of its first free argument; nothing where it does not take that.
fn argument_types(op: Op, ty: Scalar) -> Option<Vec<Scalar>> {
    let tys = match op.def().sig {
        Sig::PowI => vec![ty, Scalar::I64],
        Sig::Select => vec![Scalar::Bool, ty, ty],
        _ => vec![ty; op.arity()],
    };
    op.result(&tys).is_ok().then_some(tys)
}

/// `out[i] = op(a[i], b[i], ..)`
fn function(op: Op, tys: &[Scalar]) -> Func {
    let names = ["a", "b", "c"];
    let params: Vec<String> = tys.iter().zip(names).map(|(t, n)| format!("%{n}: {}[%n]", t.name())).collect();
    let reads: String = names[..tys.len()].iter().map(|n| format!("%x{n} = index %{n}[%i]\n")).collect();
    let args: Vec<String> = names[..tys.len()].iter().map(|n| format!("%x{n}")).collect();
    let result = op.result(tys).expect("the types were checked");
    let text = format!(
        "fn @f({}) -> {}[%n] {{\n%y = build (%i < %n) {{\n{reads}%r = {} {}\nyield %r\n}}\nreturn %y\n}}",
        params.join(", "),
        result.name(),
        op.def().name,
        args.join(", ")
    );
    parse(&text).unwrap_or_else(|e| panic!("{e:?}\n{text}")).entry().clone()
}

fn draw(ty: Scalar, rng: &mut Random) -> Lit {
    let small = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 3.0, 1e-40, 1e30, 4.503599627370497e15];
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let float = match rng.below(6) {
        0 => rng.pick(&small),
        1 => rng.pick(&special),
        2 => rng.between(-1.0, 1.0),
        3 => rng.between(-100.0, 100.0),
        _ => f64::NAN,
    };
    let any = rng.below(6) > 3;
    match ty {
        Scalar::Bool => Lit::Bool(rng.chance(50)),
        Scalar::F32 if any => Lit::F32(f32::from_bits(rng.bits() as u32)),
        Scalar::F64 if any => Lit::F64(f64::from_bits(rng.bits())),
        Scalar::F32 => Lit::F32(float as f32),
        Scalar::F64 => Lit::F64(float),
        Scalar::I32 => Lit::I32(if any { rng.bits() as i32 } else { rng.below(9) as i32 - 4 }),
        Scalar::I64 => Lit::I64(if any { rng.bits() as i64 } else { rng.below(70) as i64 - 35 }),
    }
}

/// Random arguments on which the operation does not panic.
fn arguments(op: Op, tys: &[Scalar], rng: &mut Random) -> Vec<Datum> {
    let mut columns: Vec<Vec<Lit>> = vec![Vec::new(); tys.len()];
    while columns[0].len() < COUNT {
        let mut row: Vec<Lit> = tys.iter().map(|&t| draw(t, rng)).collect();
        if let (Sig::PowI, Lit::I64(n)) = (op.def().sig, row[tys.len() - 1]) {
            // The interpreter's exponents are those of Rust: `i32`.
            row[1] = Lit::I64(i64::from(n as i32));
        }
        if op.eval(&row).is_some() {
            columns.iter_mut().zip(row).for_each(|(c, x)| c.push(x));
        }
    }
    let array = |(data, &elem): (Vec<Lit>, &Scalar)| Datum::Array(Array { elem, shape: vec![COUNT], data });
    columns.into_iter().zip(tys).map(array).collect()
}

/// Equal, or both NaN.
pub fn same(a: Lit, b: Lit) -> bool {
    a == b || (a.ty() == b.ty() && a.ty().is_float() && a.to_f64().is_nan() && b.to_f64().is_nan())
}

/// Whether the interpreter calls the host's function where the device calls the project's own.
fn is_composed(op: Op) -> bool {
    op.def().lowered.contains("ln(")
}

fn numbers(datum: &Datum) -> &[Lit] {
    match datum {
        Datum::Array(a) => &a.data,
        _ => panic!("an array"),
    }
}

#[test]
fn every_operation_bit_for_bit() {
    let mut rng = Random::new(7);
    let mut checked = 0;
    for op in Op::all() {
        for ty in Scalar::ALL {
            let Some(tys) = argument_types(op, ty) else { continue };
            let func = function(op, &tys);
            let args = arguments(op, &tys, &mut rng);
            let module = Module { funcs: vec![func.clone()] };
            let want = eval(&exact(&module, &func), "f", &args).unwrap();
            let name = op.def().name;
            let got =
                match run(&module, &func, &args, Variation { seed: 3, misaligned: false, resident: false }) {
                    Err(Failure::Unsupported(_)) if ty == Scalar::I32 => continue,
                    other => other.unwrap_or_else(|e| panic!("{name} of {}: {e:?}", ty.name())),
                };
            for (k, (&g, &w)) in numbers(&got[0]).iter().zip(numbers(&want[0])).enumerate() {
                let row: Vec<Lit> = args.iter().map(|a| numbers(a)[k]).collect();
                let close = || (g.to_f64() - w.to_f64()).abs() <= 1e-6 * w.to_f64().abs();
                assert!(same(g, w) || (is_composed(op) && close()), "{name}{row:?}: {g:?}, not {w:?}");
            }
            checked += 1;
        }
    }
    assert!(checked > 150, "{checked}");
}

#[test]
fn what_panics_is_reported() {
    for (op, tys, row) in [
        (Op::Div, [Scalar::I64; 2].as_slice(), [Lit::I64(1), Lit::I64(0)].as_slice()),
        (Op::Div, &[Scalar::I64; 2], &[Lit::I64(i64::MIN), Lit::I64(-1)]),
        (Op::Rem, &[Scalar::I64; 2], &[Lit::I64(1), Lit::I64(0)]),
        (Op::DivEuclid, &[Scalar::I64; 2], &[Lit::I64(1), Lit::I64(0)]),
        (Op::RemEuclid, &[Scalar::I64; 2], &[Lit::I64(1), Lit::I64(0)]),
        (Op::Clamp, &[Scalar::F64; 3], &[Lit::F64(0.0), Lit::F64(1.0), Lit::F64(0.0)]),
        (Op::Clamp, &[Scalar::F32; 3], &[Lit::F32(0.0), Lit::F32(f32::NAN), Lit::F32(0.0)]),
        (Op::Clamp, &[Scalar::I64; 3], &[Lit::I64(0), Lit::I64(1), Lit::I64(0)]),
    ] {
        assert_eq!(op.eval(row), None);
        let func = function(op, tys);
        let module = Module { funcs: vec![func.clone()] };
        let array = |&x: &Lit| Datum::Array(Array { elem: x.ty(), shape: vec![1], data: vec![x] });
        let args: Vec<Datum> = row.iter().map(array).collect();
        let result = run(&module, &func, &args, Variation { seed: 1, misaligned: false, resident: false });
        let Err(Failure::Panics(message)) = result else { panic!("{row:?}: {result:?}") };
        assert!(message.contains(op.def().name), "{message}");
    }
}
