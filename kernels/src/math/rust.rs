//! The functions as Rust: the text of `runtime/src/math/{f32,f64}.rs`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::{HAND_WRITTEN, NEAR, OPERATIONS, near_bound};
use crate::ir::{Block, Func, Inst, Kind, Lit, Module, Scalar, Value, Values};
use crate::ops::Op;

const HEADER: &str = "\
//! Mathematical functions of `{T}` that vectorise.
//!
//! Generated from kernels/src/math, where they are written and explained.
//! Refresh with `BLESS=1 cargo test -p pullback-kernels --test math_files`.

// Decimals of the constants, and branches that are one instruction in a loop over lanes.
#![allow(clippy::all)]
";

/// The text of the runtime's module for a float type.
pub fn rust(module: &Module, float: Scalar) -> String {
    let int = if float == Scalar::F64 { "i64" } else { "i32" };
    let prelude = include_str!("prelude.rs.in").replace("{SPLITTER}", splitter(float));
    let mut text = (HEADER.to_string() + "\n" + &prelude).replace("{T}", float.name()).replace("{I}", int);
    for func in module.funcs.iter().filter(|f| !HAND_WRITTEN.contains(&f.name.as_str())) {
        text.push('\n');
        text.push_str(&function(func, float));
    }
    NEAR.iter().for_each(|&op| text.push_str(&in_lanes(op, float)));
    text
}

/// The function that a nest calls: see [`NEAR`].
fn in_lanes(op: Op, float: Scalar) -> String {
    let bound = literal(Lit::of(float, near_bound(float)));
    IN_LANES.replace("{name}", op.def().name).replace("{bound}", &bound).replace("{T}", float.name())
}

const IN_LANES: &str = "
/// As `{name}`; but if `NEAR`, arguments from {bound} on are only noted in `far`.
#[inline(always)]
pub fn {name}_in_lanes<const FMA: bool, const NEAR: bool>(x: {T}, far: &mut bool) -> {T} {
    if NEAR {
        *far |= x.abs() >= {bound};
        {name}_near::<FMA>(x)
    } else {
        {name}::<FMA>(x)
    }
}
";

/// Veltkamp's constant: its product with a number splits that into halves.
fn splitter(float: Scalar) -> &'static str {
    if float == Scalar::F64 { "134217729.0" } else { "4097.0" }
}

fn function(func: &Func, float: Scalar) -> String {
    let mut p = Printer::new(func, float);
    let params: Vec<String> =
        func.params().iter().map(|&v| format!("{}: {}", p.define(v), p.ty(v))).collect();
    let tys: Vec<&str> = func.body.results.iter().map(|&v| p.ty(v)).collect();
    p.block(&func.body, 1);
    let op = OPERATIONS.iter().find(|op| op.def().name == func.name);
    let doc = op.map_or_else(String::new, |op| format!("/// {}\n", op.def().doc));
    let vis = if op.is_some() { "pub " } else { "" };
    format!(
        "{doc}#[inline(always)]\n{vis}fn {}<const FMA: bool>({}) -> {} {{\n{}}}\n",
        func.name,
        params.join(", "),
        tuple(&tys),
        p.text
    )
}

fn tuple(items: &[impl AsRef<str>]) -> String {
    let items: Vec<&str> = items.iter().map(|s| s.as_ref()).collect();
    if items.len() == 1 { items[0].to_string() } else { format!("({})", items.join(", ")) }
}

/// Prints one function. A value without a name that is read once stands where it is read; every other one gets a `let`.
struct Printer<'f> {
    float: Scalar,
    values: &'f Values,
    uses: HashMap<Value, usize>,
    exprs: HashMap<Value, String>,
    taken: HashSet<String>,
    text: String,
    last: bool,
}

/// Expressions longer than this get a line of their own.
const LONG: usize = 60;

impl<'f> Printer<'f> {
    fn new(func: &'f Func, float: Scalar) -> Printer<'f> {
        let mut uses = HashMap::new();
        count(&func.body, &mut uses);
        Printer {
            float,
            values: &func.values,
            uses,
            exprs: HashMap::new(),
            taken: HashSet::new(),
            text: String::new(),
            last: false,
        }
    }

    fn ty(&self, v: Value) -> &'static str {
        self.values.ty(v).elem().expect("numbers only").name()
    }

    /// Gives a value a variable.
    fn define(&mut self, v: Value) -> String {
        let base = match self.values[v].name.as_str() {
            "" => "t",
            name => name,
        };
        let names = std::iter::once(base.to_string()).chain((1..).map(|k| format!("{base}{k}")));
        let name = names.into_iter().find(|n| !self.taken.contains(n)).expect("numbers do not end");
        self.taken.insert(name.clone());
        self.exprs.insert(v, name.clone());
        name
    }

    fn line(&mut self, depth: usize, line: &str) {
        writeln!(self.text, "{}{line}", "    ".repeat(depth)).expect("writing to a string");
    }

    fn block(&mut self, block: &Block, depth: usize) {
        for (k, inst) in block.insts.iter().enumerate() {
            // the last value needs no variable, however long it is
            self.last = k + 1 == block.insts.len() && block.results == inst.results;
            self.inst(inst, depth);
        }
        let results: Vec<&str> = block.results.iter().map(|v| self.exprs[v].as_str()).collect();
        self.line(depth, &tuple(&results));
    }

    fn inst(&mut self, inst: &Inst, depth: usize) {
        match &inst.kind {
            Kind::Const(lit) => {
                self.exprs.insert(inst.results[0], literal(*lit));
            }
            Kind::Op(op, args) => {
                let text = self.operation(*op, args);
                self.bind(inst.results[0], text, depth);
            }
            Kind::Call { func, args } => {
                let args: Vec<&str> = args.iter().map(|a| self.exprs[a].as_str()).collect();
                let text = format!("{func}::<FMA>({})", args.join(", "));
                match inst.results[..] {
                    [v] => self.bind(v, text, depth),
                    _ => {
                        let names: Vec<String> = inst.results.iter().map(|&v| self.define(v)).collect();
                        self.line(depth, &format!("let {} = {text};", tuple(&names)));
                    }
                }
            }
            Kind::If { cond, then, els } => {
                let cond = self.exprs[cond].clone();
                let names: Vec<String> = inst.results.iter().map(|&v| self.define(v)).collect();
                self.line(depth, &format!("let {} = if {cond} {{", tuple(&names)));
                self.block(then, depth + 1);
                self.line(depth, "} else {");
                self.block(els, depth + 1);
                self.line(depth, "};");
            }
            kind => panic!("a mathematical function has no {kind:?}"),
        }
    }

    fn bind(&mut self, v: Value, text: String, depth: usize) {
        if self.uses.get(&v) == Some(&1)
            && self.values[v].name.is_empty()
            && (text.len() <= LONG || self.last)
        {
            self.exprs.insert(v, text);
        } else {
            let name = self.define(v);
            self.line(depth, &format!("let {name} = {text};"));
        }
    }

    fn operation(&self, op: Op, args: &[Value]) -> String {
        let tys: Vec<Scalar> =
            args.iter().map(|&a| self.values.ty(a).elem().expect("numbers only")).collect();
        let texts: Vec<&str> = args.iter().map(|a| self.exprs[a].as_str()).collect();
        if op == Op::MulAdd {
            let module = if tys[0] == self.float { "" } else { "super::f64::" };
            return format!("{module}muladd::<FMA>({})", texts.join(", "));
        }
        let constant = texts.last().is_some_and(|t| is_number(t));
        let template = match op {
            Op::Add if tys[0].is_int() => "{0}.wrapping_add({1})",
            Op::Sub if tys[0].is_int() => "{0}.wrapping_sub({1})",
            Op::Mul if tys[0].is_int() => "{0}.wrapping_mul({1})",
            Op::Shl if constant => "{0} << {1}",
            Op::UShr if constant => "({0}.cast_unsigned() >> {1}).cast_signed()",
            _ => op.rust(&tys, false),
        };
        let result = op.result(&tys).expect("well typed").name();
        let mut text = template.replace("{T}", tys[0].name()).replace("{R}", result);
        for (k, arg) in texts.iter().enumerate() {
            let place = format!("{{{k}}}");
            let receiver = text.contains(&format!("{place}."));
            // the type of a choice between literals, and of a method's receiver, has to be written
            let choice = op == Op::Select && k == 1;
            let typed = receiver || (choice && is_number(texts[1]) && is_number(texts[2]));
            let bare = ["({})", "({},", "{ {} }"].iter().any(|t| text.contains(&t.replace("{}", &place)));
            let bare = !receiver && (bare || (op == Op::Select && !arg.starts_with("if ")));
            let arg =
                if typed && is_number(arg) { format!("{arg}_{}", tys[k].name()) } else { arg.to_string() };
            text = text.replace(&place, &operand(arg, receiver, bare));
        }
        text
    }
}

/// An expression as part of another: in parentheses where it has an operator of its own and the place has no brackets.
fn operand(text: String, receiver: bool, bare: bool) -> String {
    if (compound(&text) && !bare) || (text.starts_with('-') && receiver) { format!("({text})") } else { text }
}

fn is_number(text: &str) -> bool {
    text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()) && !text.contains(' ')
}

/// Whether the text has an operator outside of brackets.
fn compound(text: &str) -> bool {
    let mut depth = 0;
    text.starts_with('!')
        || text.chars().any(|c| {
            depth += i32::from(matches!(c, '(' | '{')) - i32::from(matches!(c, ')' | '}'));
            c == ' ' && depth == 0
        })
}

fn literal(lit: Lit) -> String {
    match lit {
        Lit::Bool(b) => b.to_string(),
        Lit::I32(i) => integer(i as i64),
        Lit::I64(i) => integer(i),
        Lit::F32(x) => float(format!("{x:?}"), x as f64, "f32"),
        Lit::F64(x) => float(format!("{x:?}"), x, "f64"),
    }
}

fn float(text: String, x: f64, ty: &str) -> String {
    match x {
        _ if x.is_nan() => format!("{ty}::NAN"),
        f64::INFINITY => format!("{ty}::INFINITY"),
        f64::NEG_INFINITY => format!("{ty}::NEG_INFINITY"),
        _ => text,
    }
}

/// Small numbers in decimal, bit patterns in hexadecimal.
fn integer(i: i64) -> String {
    let sign = if i < 0 { "-" } else { "" };
    if i.unsigned_abs() < 4096 { i.to_string() } else { format!("{sign}{:#x}", i.unsigned_abs()) }
}

fn count(block: &Block, uses: &mut HashMap<Value, usize>) {
    for inst in &block.insts {
        inst.kind.operands().into_iter().for_each(|v| *uses.entry(v).or_default() += 1);
        inst.kind.blocks().into_iter().for_each(|b| count(b, uses));
    }
    block.results.iter().for_each(|&v| *uses.entry(v).or_default() += 1);
}
