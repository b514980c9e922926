//! The kernels of optimizers, made by calling the rules of `runtime/src/optim` with numbers that write down what is done with
//! them, and committed as `runtime/src/optim/gpu/kernels.rs` and the texts beside it. `BLESS=1` writes them anew.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::path::{Path, PathBuf};

use pullback::optim::all_rules::{
    Centered, CenteredMomentum, Dampened, Descent, Largest, Moments, Momentum, Root, Sum, WithMomentum,
};
use pullback::optim::rules::{Real, Rule};
use pullback_kernels::ir::{Func, Kind, Value, parse};
use pullback_kernels::ptx::{self, Param, Table};

use crate::tensor::{assert_committed, described, kernel};

thread_local! {
    static TRACE: RefCell<Trace> = RefCell::default();
}

/// What was written down: the lines, the names of the values, and the type of the numbers.
#[derive(Default)]
struct Trace {
    lines: String,
    names: Vec<String>,
    elem: &'static str,
}

/// A number that is a value of the function that is being written.
#[derive(Clone, Copy)]
struct Traced(usize);

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TRACE.with_borrow(|trace| write!(f, "%{}", trace.names[self.0]))
    }
}

/// A value from outside.
fn outside(name: String) -> Traced {
    TRACE.with_borrow_mut(|trace| {
        trace.names.push(name);
        Traced(trace.names.len() - 1)
    })
}

/// A line that computes a value.
fn line(text: &str) -> Traced {
    let value = outside(format!("v{}", TRACE.with_borrow(|trace| trace.names.len())));
    let line = format!("    {value} = {text}\n");
    TRACE.with_borrow_mut(|trace| trace.lines.push_str(&line));
    value
}

fn constant(x: f64) -> Traced {
    let elem = TRACE.with_borrow(|trace| trace.elem);
    line(&format!("const {x:?}: {elem}"))
}

macro_rules! binary {
    ($($op:ident $f:ident $name:literal;)*) => {
        $(impl $op for Traced {
            type Output = Traced;
            fn $f(self, other: Traced) -> Traced {
                line(&format!("{} {self}, {other}", $name))
            }
        })*
    };
}

binary! { Add add "add"; Sub sub "sub"; Mul mul "mul"; Div div "div"; }

impl Neg for Traced {
    type Output = Traced;
    fn neg(self) -> Traced {
        line(&format!("neg {self}"))
    }
}

/// One of two values.
fn select(condition: Traced, yes: Traced, no: Traced) -> Traced {
    line(&format!("select {condition}, {yes}, {no}"))
}

impl Real for Traced {
    fn of(x: f64) -> Traced {
        constant(x)
    }
    fn sqrt(self) -> Traced {
        line(&format!("sqrt {self}"))
    }
    fn power(self, exponent: Traced) -> Traced {
        line(&format!("powf {self}, {exponent}"))
    }
    fn choose(self, yes: Traced, no: Traced) -> Traced {
        let zero = constant(0.0);
        select(line(&format!("ne {self}, {zero}")), yes, no)
    }
    fn less(self, other: Traced, yes: Traced, no: Traced) -> Traced {
        select(line(&format!("lt {self}, {other}")), yes, no)
    }
}

/// The lines of a computation in numbers of a type, and what it returns.
fn lines<R>(elem: &'static str, f: impl FnOnce() -> R) -> (String, R) {
    TRACE.set(Trace { elem, ..Trace::default() });
    let result = f();
    (TRACE.with_borrow(|trace| trace.lines.clone()), result)
}

/// A value that is an element of an array, at `at`.
fn element(array: &str, at: impl fmt::Display) -> Traced {
    line(&format!("index %{array}[{at}]"))
}

/// A function of one nest: its parameters, the bound of its loop, lines, and what it yields with the types.
fn function(name: &str, params: &[String], n: &str, lines: &str, outs: &[(Traced, String)]) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    let results = list((0..outs.len()).map(|k| format!("%r{k}")).collect());
    format!(
        "fn @{name}({}) -> ({}) {{\n  {results} = nest (%i < {n}) outs ({}) {{\n{lines}    yield {}\n  }}\n  return {results}\n}}\n",
        params.join(", "),
        list(outs.iter().map(|(_, ty)| ty.clone()).collect()),
        list(vec!["build".into(); outs.len()]),
        list(outs.iter().map(|(v, _)| v.to_string()).collect()),
    )
}

/// A step of one array.
fn update<R, const K: usize, const C: usize, const I: usize, const D: usize>(elem: &'static str) -> String
where
    R: Rule<K, C, I, D>,
{
    let (text, outs) = lines(elem, || {
        let (param, grad) = (element("p", "%i"), element("g", "%i"));
        let mut slots: [Traced; K] = std::array::from_fn(|k| element(&format!("s{k}"), "%i"));
        let scheduled: [Traced; D] = std::array::from_fn(|k| {
            let first = line("const 0: i64");
            let coefficient = element(&format!("d{k}"), first);
            if elem == "f32" { line(&format!("to_f32 {coefficient}")) } else { coefficient }
        });
        let constants: [Traced; C] = std::array::from_fn(|k| outside(format!("c{k}")));
        let new = R::update(&constants, &scheduled, param, grad, &mut slots);
        std::iter::once(new).chain(slots).collect::<Vec<_>>()
    });
    let arrays = ["p".to_string(), "g".to_string()].into_iter().chain((0..K).map(|k| format!("s{k}")));
    let params: Vec<String> = arrays
        .map(|name| format!("%{name}: {elem}[%n]"))
        .chain((0..D).map(|k| format!("%d{k}: f64[1]")))
        .chain((0..C).map(|k| format!("%c{k}: {elem}")))
        .collect();
    let outs: Vec<_> = outs.into_iter().map(|v| (v, format!("{elem}[%n]"))).collect();
    function(R::NAME, &params, "%n", &text, &outs)
}

/// The coefficients that depend on the learning rate and the number of steps, and the next number.
fn schedule<R, const K: usize, const C: usize, const I: usize, const D: usize>() -> String
where
    R: Rule<K, C, I, D>,
{
    let (text, outs) = lines("f64", || {
        let steps = element("steps", "%i");
        let [zero, one] = [0, 1].map(|k| line(&format!("const {k}: i64")));
        let step = line(&format!("to_i64 {steps}"));
        let last = line(&format!("sub %m, {one}"));
        let known = line(&format!("min {step}, {last}"));
        let rate = element("rates", line(&format!("max {known}, {zero}")));
        let inputs: [Traced; I] = std::array::from_fn(|k| outside(format!("c{k}")));
        let scheduled = R::schedule(&inputs, rate, steps);
        let next = steps + constant(1.0);
        std::iter::once(next).chain(scheduled).collect::<Vec<_>>()
    });
    let arrays = ["%steps: f64[1]", "%rates: f64[%m]"].map(String::from);
    let params: Vec<String> = arrays.into_iter().chain((0..I).map(|k| format!("%c{k}: f64"))).collect();
    let outs: Vec<_> = outs.into_iter().map(|v| (v, "f64[1]".to_string())).collect();
    function(&format!("{}_schedule", R::NAME), &params, "1", &text, &outs)
}

/// A rule's functions: for `f32` and `f64` the update, for `f64` the schedule.
struct Functions {
    name: &'static str,
    updates: [String; 2],
    schedule: String,
}

fn functions<R, const K: usize, const C: usize, const I: usize, const D: usize>() -> Functions
where
    R: Rule<K, C, I, D>,
{
    Functions {
        name: R::NAME,
        updates: ["f32", "f64"].map(update::<R, K, C, I, D>),
        schedule: schedule::<R, K, C, I, D>(),
    }
}

fn all() -> Vec<Functions> {
    vec![
        functions::<Descent, 0, _, _, _>(),
        functions::<Momentum, 1, _, _, _>(),
        functions::<Dampened, 1, _, _, _>(),
        functions::<Sum, 1, _, _, _>(),
        functions::<Root, 1, _, _, _>(),
        functions::<Centered, 2, _, _, _>(),
        functions::<WithMomentum, 2, _, _, _>(),
        functions::<CenteredMomentum, 3, _, _, _>(),
        functions::<Moments, 2, _, _, _>(),
        functions::<Largest, 3, _, _, _>(),
    ]
}

/// Every number moved into a range.
fn clip_value(elem: &'static str) -> String {
    let (text, new) = lines(elem, || {
        let (x, low, high) = (element("p", "%i"), outside("low".into()), outside("high".into()));
        let x = x.less(low, low, x);
        high.less(x, high, x)
    });
    let params = [format!("%p: {elem}[%n]"), format!("%low: {elem}"), format!("%high: {elem}")];
    function("clip_value", &params, "%n", &text, &[(new, format!("{elem}[%n]"))])
}

/// The sum of squares in `f64`.
fn squares(elem: &'static str) -> String {
    let wide =
        if elem == "f32" { "    %w = to_f64 %x\n    %s = mul %w, %w\n" } else { "    %s = mul %x, %x\n" };
    format!(
        "fn @squares(%p: {elem}[%n]) -> f64 {{\n  %r = fold sum (%i < %n) {{\n    %x = index %p[%i]\n{wide}    yield %s\n  \
         }}\n  return %r\n}}\n"
    )
}

/// Every number times that in the GPU's memory.
fn scale(elem: &'static str) -> String {
    let (text, new) = lines(elem, || {
        let x = element("p", "%i");
        let factor = element("factor", line("const 0: i64"));
        x * if elem == "f32" { line(&format!("to_f32 {factor}")) } else { factor }
    });
    let params = [format!("%p: {elem}[%n]"), "%factor: f64[1]".to_string()];
    function("scale", &params, "%n", &text, &[(new, format!("{elem}[%n]"))])
}

/// The norm from the sum of squares, and the factor that brings it down to a limit, or 1.
const FACTOR: &str = "fn @clip_factor(%sum: f64[1], %limit: f64) -> (f64[1], f64[1]) {
  %norm, %factor = nest (%i < 1) outs (build, build) {
    %s = index %sum[%i]
    %r = sqrt %s
    %tiny = const 1e-6: f64
    %d = add %r, %tiny
    %f = div %limit, %d
    %one = const 1.0: f64
    %fits = ge %f, %one
    %g = select %fits, %one, %f
    yield %r, %g
  }
  return %norm, %factor
}
";

/// A file beside `kernels.rs`, and what is in it.
type File = (PathBuf, String);

fn file(name: &str) -> (String, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/optim/gpu");
    (format!("ptx/{name}.ptx"), root.join(format!("ptx/{name}.ptx")))
}

fn parsed(text: &str) -> Func {
    let module = parse(text).unwrap_or_else(|e| panic!("line {}: {}\n{text}", e.line, e.message));
    module.entry().clone()
}

/// A function's kernel as the runtime writes it, and its text, which may write what it reads.
fn written(text: &str, elem: &str) -> (String, File) {
    let func = parsed(text);
    let mut made = kernel(&func, elem, "optim");
    made.1.text = made.1.text.replace("ld.global.nc.", "ld.global.");
    let (file, path) = file(&format!("{}_{elem}", func.name));
    let description = described(&func, &made, &file);
    let description = description.trim_start().trim_start_matches(&format!("{}: ", func.name)).to_string();
    (description.trim_end().trim_end_matches(',').to_string(), (path, made.1.text))
}

/// As [`written`], a kernel that takes many arrays at once. What it makes goes where its arrays are, but for the gradient.
fn tabled(text: &str, elem: &str) -> (String, File) {
    let func = parsed(text);
    let nest = func.body.insts.iter().find(|i| matches!(i.kind, Kind::Nest(_))).expect("a nest");
    let is_array = |v: &Value| func.values.ty(*v).is_array();
    let arrays: Vec<Value> = func.params().iter().copied().filter(is_array).collect();
    let changed: Vec<Value> = arrays.iter().copied().filter(|&v| func.values[v].name != "g").collect();
    let name = format!("optim_{}_{elem}", func.name);
    let Table { kernel, columns } = ptx::table(&func, nest, &name, &changed).expect("it has a kernel");
    let numbers: Vec<Value> = func.params().iter().copied().filter(|v| !is_array(v)).collect();
    let others: Vec<Value> = arrays.into_iter().filter(|v| !columns.contains(v)).collect();
    let place = |all: &[Value], v: Value| all.iter().position(|&p| p == v).expect("it is a parameter");
    let param = |p: &Param| match *p {
        Param::Scalar(v) => format!("Param::Scalar({})", place(&numbers, v)),
        Param::Array(v) => format!("Param::Array({})", place(&others, v)),
        ref other => format!("Param::{other:?}"),
    };
    let params: Vec<String> = kernel.params.iter().map(param).collect();
    let (file, path) = file(&format!("{}_{elem}", func.name));
    let description = format!(
        "Table {{ name: {name:?}, ptx: include_str!({file:?}), params: &[{}], columns: {} }}",
        params.join(", "),
        columns.len()
    );
    (description, (path, kernel.text.replace("ld.global.nc.", "ld.global.")))
}

/// The tables of both precisions.
fn tables(texts: &[String; 2], files: &mut Vec<File>) -> String {
    let [single, double] = [0, 1].map(|k| {
        let (code, file) = tabled(&texts[k], ["f32", "f64"][k]);
        files.push(file);
        code
    });
    format!("[\n            {single},\n            {double},\n        ]")
}

/// All files with what is in them.
fn files() -> Vec<File> {
    let mut files = Vec::new();
    let mut code = String::from(
        "//! Generated from the rules: see `tests/tests/ptx/optim.rs`.\n\nuse super::Kernels;\nuse super::clip::Clip;\n\
         use crate::cuda::{Kernel, Out, Param, Table};\n\npub(super) static ALL: &[Kernels] = &[\n",
    );
    for rule in all() {
        let updates = tables(&rule.updates, &mut files);
        let (schedule, file) = written(&rule.schedule, "f64");
        files.push(file);
        let _ = writeln!(
            code,
            "    Kernels {{\n        name: {:?},\n        updates: {updates},\n        schedule: {schedule},\n    }},",
            rule.name
        );
    }
    code.push_str("];\n\npub(super) static CLIP: Clip = Clip {\n");
    for (name, function) in [("value", clip_value as fn(_) -> _), ("squares", squares), ("scale", scale)] {
        let tables = tables(&["f32", "f64"].map(function), &mut files);
        let _ = writeln!(code, "    {name}: {tables},");
    }
    let (factor, file) = written(FACTOR, "f64");
    files.push(file);
    let _ = writeln!(code, "    factor: {factor},\n}};");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/optim/gpu");
    files.push((root.join("kernels.rs"), code));
    files
}

#[test]
fn texts_are_those_of_the_rules() {
    assert_committed(files());
}

#[test]
fn steps_round_as_on_the_cpu_and_read_what_they_write() {
    for (path, text) in files().into_iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "ptx")) {
        assert!(!text.contains(".nc"), "{}", path.display());
        // Powers are of the same fused products on the CPU.
        let power = path.to_string_lossy().contains("_schedule");
        assert!(power || !text.contains("fma"), "{}", path.display());
    }
}

#[test]
fn parameters_are_not_more_than_a_launch_takes() {
    let mut tables = 0;
    for (path, text) in files() {
        let Some((before, after)) =
            text.split_once(" table[").filter(|_| path.extension().is_some_and(|e| e == "ptx"))
        else {
            continue;
        };
        let bytes: usize = after.split(']').next().and_then(|n| n.parse().ok()).expect("a number");
        assert!(bytes + 8 * before.matches(".param ").count() <= 4096, "{}", path.display());
        tables += 1;
    }
    assert_eq!(tables, 26);
}
