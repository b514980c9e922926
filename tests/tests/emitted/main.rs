//! Generated code, compiled and run at every instruction set, against the interpreter.

use nalgebra::{Const, Dyn, OMatrix};
use pullback::cpu::{self, Level};
use pullback::{Device, DeviceError, Tangent};
use pullback_kernels::ad;
use pullback_kernels::ir::{Array, Datum, Extent, Func, Lit, Module, Scalar, Ty, eval, parse};
use pullback_kernels::opt::inline;
use pullback_tests::args::parse_args;

mod convert;

use convert::*;

/// A value and gradients, number by number.
type Gradient = fn(&[Datum]) -> (f64, Vec<Vec<f64>>);

/// The same on a device.
type OnDevice = fn(&Device, &[Datum]) -> Result<(f64, Vec<Vec<f64>>), DeviceError>;

/// Gradients for cotangents, on a device, of functions of something else.
type PullOnDevice = fn(&Device, &[Datum], &[Datum]) -> Result<Vec<Vec<f64>>, DeviceError>;

/// A function in IR and its generated derivative.
pub(crate) struct Emitted {
    name: &'static str,
    ir: &'static str,
    /// Arguments as text; empty: any will do.
    args: &'static str,
    vjp: fn(&[Datum], &[Datum]) -> Vec<Vec<f64>>,
    grad: Option<Gradient>,
    on: Option<OnDevice>,
    pull_on: Option<PullOnDevice>,
}

#[allow(warnings, clippy::all)]
mod generated {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/emitted.rs"));
}

/// Lengths that leave lanes over and that fill them.
const LENGTHS: [i64; 2] = [5, 75];

#[test]
fn generated_code_agrees_with_the_interpreter() {
    let mut failures = Vec::new();
    for emitted in generated::EMITTED {
        let lengths = if emitted.args.is_empty() { &LENGTHS[..] } else { &LENGTHS[..1] };
        for &length in lengths {
            let message = |m| format!("{}, length {length}: {m}", emitted.name);
            failures.extend(Case::new(emitted, length).compare(emitted).map(message));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every function, there.
fn differences(device: &Device) -> Vec<String> {
    let mut failures = Vec::new();
    for emitted in generated::EMITTED {
        let case = Case::new(emitted, 5);
        let found = match (emitted.on, emitted.pull_on) {
            (Some(on), _) => on(device, &case.args).map(|(value, got)| {
                differ(&[vec![value]], &case.value).or_else(|| differ(&got, &case.gradient))
            }),
            (_, Some(pull)) => {
                pull(device, &case.args, &case.seeds).map(|got| differ(&got, &case.cotangents))
            }
            _ => panic!("{}: neither a gradient nor a pullback", emitted.name),
        };
        let found = match found {
            Ok(found) => found,
            Err(DeviceError::Unsupported(why)) => {
                println!("{}: {why}", emitted.name);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        failures.extend(found.map(|m| format!("{}: {m}", emitted.name)));
    }
    failures
}

#[test]
fn functions_on_the_cpu_as_a_device() {
    let failures = differences(&Device::cpu());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[cfg(feature = "cuda")]
#[test]
fn functions_on_a_gpu() {
    let failures = differences(&pullback_tests::fake::device());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Arguments, and what the interpreter makes of them.
struct Case {
    args: Vec<Datum>,
    seeds: Vec<Datum>,
    value: Vec<Datum>,
    /// The cotangents of the arguments for these seeds.
    cotangents: Vec<Datum>,
    /// The gradient, of functions of one number.
    gradient: Vec<Datum>,
}

impl Case {
    fn new(emitted: &Emitted, length: i64) -> Case {
        let module = parse(emitted.ir).expect("IR");
        let f = module.entry();
        let args = match emitted.args {
            "" => arguments(f, length),
            text => parse_args(f, text).expect("arguments"),
        };
        let value = eval(&module, &f.name, &args).expect("a value");
        let seeds: Vec<Datum> = value.iter().map(|v| like(v, |k| (1.3 * k as f64).cos())).collect();
        let float_seeds: Vec<Datum> =
            floats(&f.result_types()).into_iter().map(|k| seeds[k].clone()).collect();
        let cotangents = reverse(&module, f, [&args[..], &float_seeds].concat());
        let one = Datum::Scalar(Lit::F64(1.0));
        let gradient =
            emitted.grad.map_or_else(Vec::new, |_| reverse(&module, f, [&args[..], &[one]].concat()));
        Case { args, seeds, value, cotangents, gradient }
    }

    /// What differs, at any instruction set that this machine has.
    fn compare(&self, emitted: &Emitted) -> Option<String> {
        for level in [Level::Baseline, Level::V3, Level::V4] {
            if cpu::force(Some(level)) != level {
                continue;
            }
            let found = differ(&(emitted.vjp)(&self.args, &self.seeds), &self.cotangents);
            if let Some(message) = found {
                return Some(format!("{level:?}, vjp: {message}"));
            }
            let Some(grad) = emitted.grad else { continue };
            let (value, got) = grad(&self.args);
            let found = differ(&[vec![value]], &self.value).or_else(|| differ(&got, &self.gradient));
            if let Some(message) = found {
                return Some(format!("{level:?}, gradient: {message}"));
            }
        }
        None
    }
}

/// The interpreter's derivative with respect to all floats.
fn reverse(module: &Module, f: &Func, args: Vec<Datum>) -> Vec<Datum> {
    let wrt = floats(&f.params().iter().map(|&p| f.values.ty(p).clone()).collect::<Vec<_>>());
    let mut module = module.clone();
    let mut inlined = f.clone();
    inline(&module, &mut inlined, true);
    *module.funcs.last_mut().expect("an entry") = inlined;
    let mut vjp = ad::vjp(&module, &f.name, &wrt).expect("a derivative");
    vjp.name = "derivative".into();
    module.funcs.push(vjp);
    eval(&module, "derivative", &args).expect("a gradient").split_off(f.body.results.len())
}

fn differ(got: &[Vec<f64>], want: &[Datum]) -> Option<String> {
    let close =
        |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs())) || a.is_nan() && b.is_nan();
    for (k, (got, want)) in got.iter().zip(want).enumerate() {
        let want = numbers(want);
        if got.len() != want.len() || !got.iter().zip(&want).all(|(a, b)| close(*a, *b)) {
            return Some(format!("number {k}: {got:?} is not {want:?}"));
        }
    }
    (got.len() != want.len()).then(|| "different numbers of results".to_string())
}

fn floats(types: &[Ty]) -> Vec<usize> {
    types.iter().enumerate().filter(|(_, t)| t.is_float()).map(|(k, _)| k).collect()
}

/// Arguments for a function: every length that it does not fix is near `length`.
fn arguments(f: &Func, length: i64) -> Vec<Datum> {
    let is_square = |shape: &[Extent]| shape.len() == 2 && shape[0] == shape[1];
    let in_square =
        |e: &Extent| f.params().iter().map(|&p| f.values.ty(p).shape()).any(|s| is_square(s) && s[0] == *e);
    let extent = |e: &Extent| match e {
        Extent::Const(n) => *n as usize,
        e if in_square(e) => length.min(9) as usize,
        Extent::Value(v) if f.sizes.len() > 1 => {
            length.min(17) as usize + f.sizes.iter().position(|s| s == v).expect("a size")
        }
        Extent::Value(_) => length as usize,
    };
    let mut count = 0;
    let mut next = || {
        count += 1;
        0.7 + 0.5 * (0.37 * f64::from(count)).sin()
    };
    let mut argument = |ty: &Ty| match ty {
        Ty::Scalar(Scalar::F64) => Datum::Scalar(Lit::F64(next())),
        Ty::Scalar(Scalar::I64) => Datum::Scalar(Lit::I64(3)),
        Ty::Array(Scalar::F64, shape) => {
            let square = is_square(shape);
            let shape: Vec<usize> = shape.iter().map(extent).collect();
            let number = |k: usize, x: f64| {
                // Square matrices are well conditioned and near symmetric.
                if square && k.is_multiple_of(shape[0] + 1) { x + 2.0 * shape[0] as f64 } else { x }
            };
            let data = (0..shape.iter().product()).map(|k| Lit::F64(number(k, next()))).collect();
            Datum::Array(Array { elem: Scalar::F64, shape, data })
        }
        other => panic!("no argument of type {other:?}"),
    };
    f.params().iter().map(|&p| argument(f.values.ty(p))).collect()
}
