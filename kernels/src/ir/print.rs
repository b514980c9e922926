//! The text form, written. What it looks like stands in `ARCHITECTURE.md`; [`parse`](super::parse) reads it back.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter, Write};

use super::{Block, Contract, Extent, Func, Inst, Kind, Lit, Module, Nest, Out, Rule, Ty, Value};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, func) in self.funcs.iter().enumerate() {
            if i > 0 {
                f.write_char('\n')?;
            }
            write!(f, "{func}")?;
        }
        Ok(())
    }
}

impl Display for Func {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let printer = Printer { func: self, names: names(self) };
        match &self.external {
            Some(path) => writeln!(f, "extern fn {} = {}", printer.head(), Quoted(path))?,
            None => {
                writeln!(f, "fn {} {{", printer.head())?;
                printer.body(f, &self.body, 1, "return")?;
                writeln!(f, "}}")?;
            }
        }
        match &self.rule {
            Some(rule) => writeln!(f, "{}", RuleLine(&self.name, rule)),
            None => Ok(()),
        }
    }
}

/// Extents that are values print as their numbers in the table; inside a function they print as names.
impl Display for Ty {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_ty(f, self, &|v| format!("%{}", v.0))
    }
}

impl Display for Lit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Lit::Bool(b) => write!(f, "{b}"),
            Lit::I32(i) => write!(f, "{i}"),
            Lit::I64(i) => write!(f, "{i}"),
            Lit::F32(x) if x.is_nan() && x.to_bits() != f32::NAN.to_bits() => {
                write!(f, "nan({:#x})", x.to_bits())
            }
            Lit::F64(x) if x.is_nan() && x.to_bits() != f64::NAN.to_bits() => {
                write!(f, "nan({:#x})", x.to_bits())
            }
            Lit::F32(x) if x.is_nan() => f.write_str("nan"),
            Lit::F64(x) if x.is_nan() => f.write_str("nan"),
            Lit::F32(x) => write!(f, "{x:?}"),
            Lit::F64(x) => write!(f, "{x:?}"),
        }
    }
}

impl Contract {
    /// All contractions with their names in the text form.
    pub const NAMES: [(Contract, &'static str); 12] = [
        (Contract::MatMul { ta: false, tb: false }, "matmul"),
        (Contract::MatMul { ta: true, tb: false }, "matmul.tn"),
        (Contract::MatMul { ta: false, tb: true }, "matmul.nt"),
        (Contract::MatMul { ta: true, tb: true }, "matmul.tt"),
        (Contract::MatVec { ta: false }, "matvec"),
        (Contract::MatVec { ta: true }, "matvec.t"),
        (Contract::Solve { ta: false }, "solve"),
        (Contract::Solve { ta: true }, "solve.t"),
        (Contract::Inverse, "inverse"),
        (Contract::Det, "det"),
        (Contract::Cofactor, "cofactor"),
        (Contract::Cholesky, "cholesky"),
    ];

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        Contract::NAMES.iter().find(|(c, _)| *c == self).expect("every contraction has a name").1
    }
}

/// The unique name under which each value of a function prints, `%` included: for messages about the printed text.
pub fn names(func: &Func) -> HashMap<Value, String> {
    let mut namer = Namer { func, names: HashMap::new(), used: HashMap::new(), numbers: 0 };
    for &p in func.params().iter().filter(|p| (p.0 as usize) < func.values.len()) {
        for &e in func.values.ty(p).shape() {
            if let Extent::Value(v) = e
                && func.sizes.contains(&v)
            {
                namer.name(v);
            }
        }
    }
    namer.block(&func.body);
    namer.names
}

struct Namer<'f> {
    func: &'f Func,
    names: HashMap<Value, String>,
    used: HashMap<String, usize>,
    numbers: usize,
}

impl<'f> Namer<'f> {
    fn block(&mut self, block: &'f Block) {
        block.params.iter().for_each(|&v| self.name(v));
        for inst in &block.insts {
            inst.results.iter().for_each(|&v| self.name(v));
            inst.kind.blocks().into_iter().for_each(|b| self.block(b));
        }
    }

    fn name(&mut self, v: Value) {
        if self.names.contains_key(&v) || v.0 as usize >= self.func.values.len() {
            return;
        }
        let base = base_name(&self.func.values[v].name);
        let name = if base.is_empty() {
            self.numbers += 1;
            format!("%{}", self.numbers - 1)
        } else {
            let clean: String = base.chars().map(|c| if is_name_char(c) { c } else { '_' }).collect();
            let name = format!("%{clean}");
            let count = self.used.entry(clean).or_insert(0);
            *count += 1;
            if *count == 1 { name } else { format!("{name}.{}", *count - 1) }
        };
        self.names.insert(v, name);
    }
}

/// A name without the suffix that made it unique; empty for a number.
pub(super) fn base_name(name: &str) -> &str {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem.strip_suffix('.') {
        _ if stem.is_empty() => "",
        Some(base) if stem.len() < name.len() => base_name(base),
        _ => name,
    }
}

/// Whether a name of a value may contain this character.
pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

struct Printer<'f> {
    func: &'f Func,
    names: HashMap<Value, String>,
}

impl Printer<'_> {
    fn value(&self, v: Value) -> String {
        self.names.get(&v).cloned().unwrap_or_else(|| format!("%undefined.{}", v.0))
    }

    fn list(&self, vs: &[Value]) -> String {
        vs.iter().map(|&v| self.value(v)).collect::<Vec<_>>().join(", ")
    }

    fn extent(&self, e: Extent) -> String {
        match e {
            Extent::Const(n) => n.to_string(),
            Extent::Value(v) => self.value(v),
        }
    }

    fn ty(&self, ty: &Ty) -> String {
        let mut text = String::new();
        write_ty(&mut text, ty, &|v| self.value(v)).expect("a String takes everything");
        text
    }

    fn ty_of(&self, v: Value) -> String {
        if (v.0 as usize) < self.func.values.len() {
            self.ty(self.func.values.ty(v))
        } else {
            "undefined".into()
        }
    }

    fn head(&self) -> String {
        let func = self.func;
        let params: Vec<String> =
            func.params().iter().map(|&p| format!("{}: {}", self.value(p), self.ty_of(p))).collect();
        let mut returns: Vec<String> = func.returns.iter().map(|t| self.ty(t)).collect();
        if func.external.is_none() {
            returns = func.body.results.iter().map(|&v| self.ty_of(v)).collect();
        }
        let returns =
            if let [one] = &returns[..] { one.clone() } else { format!("({})", returns.join(", ")) };
        format!("@{}({}) -> {returns}", func.name, params.join(", "))
    }

    fn body(&self, f: &mut Formatter<'_>, block: &Block, depth: usize, last: &str) -> fmt::Result {
        for inst in &block.insts {
            indent(f, depth)?;
            self.inst(f, inst, depth)?;
            f.write_char('\n')?;
        }
        indent(f, depth)?;
        writeln!(f, "{last}{}{}", if block.results.is_empty() { "" } else { " " }, self.list(&block.results))
    }

    /// A block in braces: on one line where it only yields.
    fn block(&self, f: &mut Formatter<'_>, block: &Block, depth: usize) -> fmt::Result {
        if block.insts.is_empty() {
            let space = if block.results.is_empty() { "" } else { " " };
            return write!(f, "{{ yield{space}{} }}", self.list(&block.results));
        }
        f.write_str("{\n")?;
        self.body(f, block, depth + 1, "yield")?;
        indent(f, depth)?;
        f.write_char('}')
    }

    fn inst(&self, f: &mut Formatter<'_>, inst: &Inst, depth: usize) -> fmt::Result {
        if !inst.results.is_empty() {
            write!(f, "{} = ", self.list(&inst.results))?;
        }
        match &inst.kind {
            Kind::Nest(nest) => self.nest(f, nest, depth),
            Kind::If { cond, then, els } => {
                write!(f, "if {} ", self.value(*cond))?;
                self.block(f, then, depth)?;
                f.write_str(" else ")?;
                self.block(f, els, depth)
            }
            Kind::Serial(body) => {
                f.write_str("serial ")?;
                self.block(f, body, depth)
            }
            Kind::For { trip, rev, init, body } => {
                let k = body.params.first().map_or_else(String::new, |&k| self.value(k));
                let rev = if *rev { "rev " } else { "" };
                write!(f, "for {rev}({k} < {}) ", self.extent(*trip))?;
                self.carried(f, "carry", body.params.get(1..).unwrap_or(&[]), init)?;
                self.block(f, body, depth)
            }
            Kind::While { init, cond, body } => {
                f.write_str("while ")?;
                self.carried(f, "carry", &cond.params, init)?;
                self.block(f, cond, depth)?;
                f.write_str(" do ")?;
                if !body.params.is_empty() {
                    write!(f, "({}) ", self.list(&body.params))?;
                }
                self.block(f, body, depth)
            }
            simple => f.write_str(&self.simple(inst, simple)),
        }
    }

    fn carried(&self, f: &mut Formatter<'_>, word: &str, params: &[Value], init: &[Value]) -> fmt::Result {
        if params.is_empty() && init.is_empty() {
            return Ok(());
        }
        let pairs: Vec<String> = params
            .iter()
            .zip(init)
            .map(|(&p, &i)| format!("{} = {}", self.value(p), self.value(i)))
            .collect();
        write!(f, "{word} ({}) ", pairs.join(", "))
    }

    fn nest(&self, f: &mut Formatter<'_>, nest: &Nest, depth: usize) -> fmt::Result {
        let (indices, accs) = nest.body.params.split_at(nest.domain.len().min(nest.body.params.len()));
        let domain: Vec<String> = indices
            .iter()
            .zip(&nest.domain)
            .map(|(&i, &e)| format!("{} < {}", self.value(i), self.extent(e)))
            .collect();
        let short = nest.accs.is_empty() && nest.outs.len() == 1;
        match nest.outs.first() {
            Some(&out) if short => write!(f, "{} ({}) ", out_name(out), domain.join(", "))?,
            _ => {
                write!(f, "nest ({}) ", domain.join(", "))?;
                self.carried(f, "accum", accs, &nest.accs)?;
                if !nest.outs.is_empty() {
                    let outs: Vec<String> = nest.outs.iter().map(|&o| out_name(o)).collect();
                    write!(f, "outs ({}) ", outs.join(", "))?;
                }
            }
        }
        self.block(f, &nest.body, depth)
    }

    /// An instruction without blocks.
    fn simple(&self, inst: &Inst, kind: &Kind) -> String {
        let v = |v: &Value| self.value(*v);
        match kind {
            Kind::Const(lit) => format!("const {lit}: {}", lit.ty().name()),
            Kind::Op(op, args) => format!("{} {}", op.def().name, self.list(args)),
            Kind::Index { array, at } => format!("index {}[{}]", v(array), self.list(at)),
            Kind::Update { array, at, value } => {
                format!("update {}[{}], {}", v(array), self.list(at), v(value))
            }
            Kind::Accum { array, at, value } => {
                format!("accum {}[{}], {}", v(array), self.list(at), v(value))
            }
            Kind::Pack { elems, shape } => {
                let shape: Vec<String> = shape.iter().map(i64::to_string).collect();
                format!("pack [{}] {}", shape.join(", "), self.list(elems))
            }
            Kind::Contract { kind, args } => format!("{} {}", kind.name(), self.list(args)),
            Kind::Call { func, args } => format!("call @{func}({})", self.list(args)),
            Kind::Checkpoint => "checkpoint".into(),
            Kind::Tape => "tape".into(),
            Kind::Push { tape, value } => format!("push {}, {}", v(tape), v(value)),
            Kind::Pop { tape } => {
                let ty = inst.results.get(1).map_or_else(|| "undefined".into(), |&r| self.ty_of(r));
                format!("pop {}: {ty}", v(tape))
            }
            Kind::Assert { cond, message } => format!("assert {}, {}", v(cond), Quoted(message)),
            Kind::Nest(_) | Kind::If { .. } | Kind::For { .. } | Kind::While { .. } | Kind::Serial(_) => {
                unreachable!("it has blocks")
            }
        }
    }
}

fn out_name(out: Out) -> String {
    match out {
        Out::Build => "build".into(),
        Out::Fold(r) => format!("fold {}", r.name()),
    }
}

pub(super) fn write_ty(f: &mut impl Write, ty: &Ty, name: &dyn Fn(Value) -> String) -> fmt::Result {
    match ty {
        Ty::Scalar(s) => f.write_str(s.name()),
        Ty::Tape => f.write_str("tape"),
        Ty::Array(s, shape) => {
            let extent = |e: &Extent| match *e {
                Extent::Const(n) => n.to_string(),
                Extent::Value(v) => name(v),
            };
            write!(f, "{}[{}]", s.name(), shape.iter().map(extent).collect::<Vec<_>>().join(", "))
        }
    }
}

fn indent(f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
    (0..depth).try_for_each(|_| f.write_str("  "))
}

struct RuleLine<'a>(&'a str, &'a Rule);

impl Display for RuleLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let wrt: Vec<String> = self.1.wrt.iter().map(usize::to_string).collect();
        write!(f, "rule @{} = @{} wrt {}", self.0, self.1.func, wrt.join(", "))
    }
}

/// A string in quotes, with `\` before quotes and backslashes, and control characters as `\u{..}`.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", c as u32)?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
