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
use pullback_kernels::ir::parse;

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

/// The coefficients that depend on the number of steps, and the next number.
fn schedule<R, const K: usize, const C: usize, const I: usize, const D: usize>() -> String
where
    R: Rule<K, C, I, D>,
{
    let (text, outs) = lines("f64", || {
        let steps = element("steps", "%i");
        let inputs: [Traced; I] = std::array::from_fn(|k| outside(format!("c{k}")));
        let scheduled = R::schedule(&inputs, steps);
        let next = steps + constant(1.0);
        std::iter::once(next).chain(scheduled).collect::<Vec<_>>()
    });
    let numbers = (0..I).map(|k| format!("%c{k}: f64"));
    let params: Vec<String> = std::iter::once("%steps: f64[1]".to_string()).chain(numbers).collect();
    let outs: Vec<_> = outs.into_iter().map(|v| (v, "f64[1]".to_string())).collect();
    function(&format!("{}_schedule", R::NAME), &params, "1", &text, &outs)
}

/// A rule's functions: for a type of numbers the update, for `f64` the schedule if there is one.
struct Functions {
    name: &'static str,
    updates: [String; 2],
    schedule: Option<String>,
}

fn functions<R, const K: usize, const C: usize, const I: usize, const D: usize>() -> Functions
where
    R: Rule<K, C, I, D>,
{
    Functions {
        name: R::NAME,
        updates: ["f32", "f64"].map(update::<R, K, C, I, D>),
        schedule: (D > 0).then(schedule::<R, K, C, I, D>),
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

/// A function's kernel as the runtime writes it, and its text, which may write what it reads.
fn written(text: &str, elem: &str, root: &Path) -> (String, (PathBuf, String)) {
    let module = parse(text).unwrap_or_else(|e| panic!("line {}: {}\n{text}", e.line, e.message));
    let func = module.entry();
    let mut made = kernel(func, elem, "optim");
    made.1.text = made.1.text.replace("ld.global.nc.", "ld.global.");
    let file = format!("ptx/{}_{elem}.ptx", func.name);
    let description = described(func, &made, &file);
    let description = description.trim_start().trim_start_matches(&format!("{}: ", func.name)).to_string();
    (description.trim_end().trim_end_matches(',').to_string(), (root.join(&file), made.1.text))
}

/// All files with what is in them.
fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/optim/gpu");
    let mut files = Vec::new();
    let mut code = String::from(
        "//! Generated from the rules: see `tests/tests/ptx/optim.rs`.\n\nuse super::{Clip, Kernels};\n\
         use crate::cuda::{Kernel, Out, Param};\n\npub(super) static ALL: &[Kernels] = &[\n",
    );
    for rule in all() {
        let schedule = rule.schedule.as_ref().map(|text| written(text, "f64", &root));
        for (text, elem) in rule.updates.iter().zip(["f32", "f64"]) {
            let (update, file) = written(text, elem, &root);
            files.push(file);
            let schedule = schedule.as_ref().filter(|_| elem == "f64");
            let schedule = schedule.map_or("None".to_string(), |(code, _)| format!("Some({code})"));
            let bytes = if elem == "f32" { 4 } else { 8 };
            let _ = writeln!(
                code,
                "    Kernels {{\n        name: ({:?}, {bytes}),\n        update: {update},\n        schedule: {schedule},\n    }},",
                rule.name
            );
        }
        files.extend(schedule.map(|(_, file)| file));
    }
    code.push_str("];\n\npub(super) static CLIPS: &[Clip] = &[\n");
    for elem in ["f32", "f64"] {
        let [value, squares] = [clip_value(elem), squares(elem)].map(|text| {
            let (code, file) = written(&text, elem, &root);
            files.push(file);
            code
        });
        let _ = writeln!(code, "    Clip {{ value: {value}, squares: {squares} }},");
    }
    code.push_str("];\n");
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
