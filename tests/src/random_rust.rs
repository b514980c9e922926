//! Random functions in the accepted language, as Rust text: once over `f64` with the attribute, once over dual numbers.
//!
//! A text is written with `@1.5@` for a literal, `F` for the float type and `#(i)#` for an integer as a float; the two
//! forms differ in what becomes of those. Values stay bounded (everything that is kept goes through a bounded function),
//! indices stay in bounds, loops end.

use std::fmt::Write;

#[path = "random_rust/lists.rs"]
mod lists;

/// Random numbers from a seed.
#[derive(Debug)]
pub struct Rng(u64);

impl Rng {
    /// Seeded.
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// The texts of one function.
#[derive(Debug)]
pub struct Program {
    /// With `#[differentiable]`, over `f64`.
    pub annotated: String,
    /// Over dual numbers, named `NAME_dual`.
    pub dual: String,
}

/// A function `fn NAME(a: f64, b: f64, x: &[f64], k: usize) -> f64`; it may call those in `callees`, functions of two numbers.
pub fn program(seed: u64, name: &str, callees: &[String]) -> Program {
    let mut g = Generator {
        rng: Rng::new(seed),
        out: String::new(),
        depth: 1,
        scopes: vec![Scope::default()],
        fresh: 0,
        callees: callees.to_vec(),
        loops: 0,
        budget: 14,
        structs: seed.is_multiple_of(2),
    };
    for v in ["a", "b"] {
        g.scope().floats.push(v.into());
    }
    g.scope().arrays.push(("x".into(), "x.len()".into()));
    g.scope().ints.push("k".into());
    g.collections();
    let count = 3 + g.rng.below(5);
    for _ in 0..count {
        g.statement();
    }
    let result = g.result();
    g.line(&result);
    render(&format!("fn {name}(a: F, b: F, x: &[F], k: usize) -> F"), name, &g.out)
}

/// A helper of two numbers, for programs to call.
pub fn helper(seed: u64, name: &str, callees: &[String]) -> Program {
    let mut g = Generator {
        rng: Rng::new(seed ^ 0xdead_beef),
        out: String::new(),
        depth: 1,
        scopes: vec![Scope { floats: vec!["a".into(), "b".into()], ..Scope::default() }],
        fresh: 0,
        callees: callees.to_vec(),
        loops: 0,
        budget: 4,
        structs: false,
    };
    for _ in 0..1 + g.rng.below(2) {
        g.statement();
    }
    let result = g.result();
    g.line(&result);
    render(&format!("fn {name}(a: F, b: F) -> F"), name, &g.out)
}

fn render(signature: &str, name: &str, body: &str) -> Program {
    // Dual numbers cannot be read in the right side of their own compound assignment.
    let compound = |body: &str, f: &dyn Fn(&str, &str, &str) -> String| {
        let line = |line: &str| match line.split('`').collect::<Vec<_>>()[..] {
            [indent, place, op, e, ""] => format!("{indent}{}", f(place, op, e)),
            _ => line.to_string(),
        };
        body.lines().map(line).map(|l| l + "\n").collect::<String>()
    };
    let in_place = compound(body, &|place, op, e| format!("{place} {op}= {e};"));
    let spelled_out = compound(body, &|place, op, e| format!("{place} = {place} {op} ({e});"));
    let [plain_text, dual_text] = [in_place, spelled_out].map(|body| format!("{signature} {{\n{body}}}\n"));
    let literal = |text: &str, f: &dyn Fn(&str) -> String| {
        let parts = text.split('@').enumerate();
        parts.map(|(k, part)| if k % 2 == 0 { part.to_string() } else { f(part) }).collect::<String>()
    };
    let typed = |text: String, ty: &str, cast: &str| {
        let text = text.replace("#(", &format!("{cast}(")).replace(")#", ") as f64)");
        let text = text.replace(": F", &format!(": {ty}")).replace("&[F]", &format!("&[{ty}]"));
        text.replace("<F>", &format!("<{ty}>")).replace("-> F", &format!("-> {ty}"))
    };
    let plain = typed(literal(&plain_text, &|l| l.to_string()), "f64", "(");
    let dual = typed(literal(&dual_text, &|l| format!("D::constant({l})")), "D", "D::constant(");
    let dual = dual.replacen(&format!("fn {name}("), &format!("fn {name}_dual("), 1);
    // Calls of helpers, whose names end so.
    let dual = dual.replace("__(", "___dual(").replace("Pair {", "DualPair {");
    Program { annotated: format!("#[differentiable]\n{plain}"), dual }
}

#[derive(Default, Debug)]
struct Scope {
    floats: Vec<String>,
    mutable: Vec<String>,
    ints: Vec<String>,
    /// Indices of loops with the array lengths that they stay below.
    indices: Vec<(String, String)>,
    arrays: Vec<(String, String)>,
    mutable_arrays: Vec<(String, String)>,
    closures: Vec<String>,
    pairs: Vec<String>,
    lists: Vec<String>,
    options: Vec<String>,
    labels: Vec<String>,
}

struct Generator {
    rng: Rng,
    out: String,
    depth: usize,
    scopes: Vec<Scope>,
    fresh: usize,
    callees: Vec<String>,
    loops: usize,
    budget: usize,
    /// Whether there are structs.
    structs: bool,
}

impl Generator {
    fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("a scope")
    }

    fn line(&mut self, text: &str) {
        let indent = "    ".repeat(self.depth);
        writeln!(self.out, "{indent}{text}").expect("a string");
    }

    fn name(&mut self, stem: &str) -> String {
        // Shadowing now and then.
        if self.rng.below(8) == 0 && stem == "v" {
            return "v0".into();
        }
        self.fresh += 1;
        format!("{stem}{}", self.fresh)
    }

    fn all<T: Clone>(&self, f: impl Fn(&Scope) -> &Vec<T>) -> Vec<T> {
        self.scopes.iter().flat_map(|s| f(s).clone()).collect()
    }

    fn choose<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.rng.below(from.len())].clone()) }
    }

    fn literal(&mut self) -> String {
        format!("@{}@", ["0.5", "1.25", "0.75", "2.0", "0.1", "1.5", "0.3"][self.rng.below(7)])
    }

    /// A place in an array that is in bounds.
    fn element(&mut self, arrays: &[(String, String)]) -> Option<String> {
        let (array, len) = self.choose(arrays)?;
        let indices: Vec<_> =
            self.all(|s| &s.indices).into_iter().filter(|(_, l)| *l == len).map(|(i, _)| i).collect();
        let any: Vec<String> =
            self.all(|s| &s.indices).into_iter().map(|(i, _)| i).chain(self.all(|s| &s.ints)).collect();
        let index = match (self.rng.below(5), self.choose(&indices), self.choose(&any)) {
            (0 | 1, Some(i), _) => i,
            (2, Some(i), _) => format!("{len} - 1 - {i}"),
            (3, _, Some(i)) => format!("({i} + {}) % {len}", self.rng.below(3)),
            (_, _, Some(i)) => format!("{i} % {len}"),
            _ => "0".into(),
        };
        Some(format!("{array}[{index}]"))
    }

    fn atom(&mut self) -> String {
        let floats = self.all(|s| &s.floats);
        let arrays: Vec<_> =
            self.all(|s| &s.arrays).into_iter().chain(self.all(|s| &s.mutable_arrays)).collect();
        match self.rng.below(10) {
            0..=4 => self.choose(&floats).unwrap_or_else(|| self.literal()),
            5..=7 => self.element(&arrays).unwrap_or_else(|| self.literal()),
            8 => {
                let ints: Vec<String> = self
                    .all(|s| &s.indices)
                    .into_iter()
                    .map(|(i, _)| i)
                    .chain(self.all(|s| &s.ints))
                    .collect();
                match self.choose(&ints) {
                    Some(i) => format!("(@0.2@ * #({i} % 4)#)"),
                    None => self.literal(),
                }
            }
            _ => self.literal(),
        }
    }

    fn expr(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.atom();
        }
        let closures = self.all(|s| &s.closures);
        match self.rng.below(16) {
            0..=2 => format!("({} + {})", self.expr(depth - 1), self.expr(depth - 1)),
            3 | 4 => format!("({} - {})", self.expr(depth - 1), self.expr(depth - 1)),
            5..=7 => format!("({} * {})", self.expr(depth - 1), self.expr(depth - 1)),
            8 => format!("({} / (@1.5@ + {}.powi(2)))", self.expr(depth - 1), self.receiver(depth - 1)),
            9 | 10 => {
                let f = self.rng.pick(&["sin", "cos", "tanh", "atan", "abs"]);
                format!("{}.{f}()", self.receiver(depth - 1))
            }
            11 => format!(
                "(@1.0@ + {}.powi(2)).{}()",
                self.receiver(depth - 1),
                self.rng.pick(&["sqrt", "ln", "recip"])
            ),
            12 => format!(
                "{}.{}({})",
                self.receiver(depth - 1),
                self.rng.pick(&["max", "min"]),
                self.expr(depth - 1)
            ),
            13 => match self.choose(&closures) {
                Some(f) => format!("{f}({})", self.expr(depth - 1)),
                None => format!("(-{})", self.expr(depth - 1)),
            },
            14 => match self.callees.clone() {
                c if c.is_empty() => self.atom(),
                c => format!(
                    "{}({}, {})",
                    c[self.rng.below(c.len())],
                    self.expr(depth - 1),
                    self.expr(depth - 1)
                ),
            },
            _ => self.block_expr(depth),
        }
    }

    /// Something that a method can be called on: literals need a type.
    fn receiver(&mut self, depth: usize) -> String {
        let e = self.expr(depth);
        format!("({e} + a * @0.0@)")
    }

    fn block_expr(&mut self, depth: usize) -> String {
        match self.rng.below(3) {
            0 => {
                let c = self.condition();
                format!("(if {c} {{ {} }} else {{ {} }})", self.expr(depth - 1), self.expr(depth - 1))
            }
            1 => {
                let ints: Vec<String> = self
                    .all(|s| &s.indices)
                    .into_iter()
                    .map(|(i, _)| i)
                    .chain(self.all(|s| &s.ints))
                    .collect();
                match self.choose(&ints) {
                    Some(i) => format!(
                        "(match {i} % 3 {{ 0 => {}, 1 => {}, _ => {} }})",
                        self.expr(depth - 1),
                        self.expr(depth - 1),
                        self.expr(depth - 1)
                    ),
                    None => self.atom(),
                }
            }
            _ => self.chain(depth),
        }
    }

    /// An iterator chain that comes to a number.
    fn chain(&mut self, depth: usize) -> String {
        let arrays: Vec<_> =
            self.all(|s| &s.arrays).into_iter().chain(self.all(|s| &s.mutable_arrays)).collect();
        let Some((array, _)) = self.choose(&arrays) else { return self.atom() };
        let Some((other, _)) = self.choose(&arrays) else { return self.atom() };
        self.fresh += 1;
        let (u, w) = (format!("u{}", self.fresh), format!("w{}", self.fresh));
        match self.rng.below(4) {
            0 => {
                let body = self.with(&[&u], |g| g.expr(depth - 1));
                format!("{array}.iter().map(|&{u}| {body}).sum::<F>().tanh()")
            }
            1 => {
                let body = self.with(&[&u, &w], |g| g.expr(depth - 1));
                format!("{array}.iter().zip({other}.iter()).map(|(&{u}, &{w})| {body}).sum::<F>().sin()")
            }
            2 => {
                let body = self.with(&[&u, &w], |g| g.expr(depth - 1));
                format!("{array}.iter().fold(a * @0.5@, |{u}, &{w}| ({body} + {u}).tanh())")
            }
            _ => format!("{array}.iter().copied().fold({other}[0], |{u}: F, {w}: F| {u}.max({w}))"),
        }
    }

    /// Runs `f` with names of numbers in scope.
    fn with(&mut self, names: &[&str], f: impl FnOnce(&mut Self) -> String) -> String {
        self.scopes.push(Scope { floats: names.iter().map(|n| n.to_string()).collect(), ..Scope::default() });
        let text = f(self);
        self.scopes.pop();
        text
    }

    fn condition(&mut self) -> String {
        let op = self.rng.pick(&["<", ">", "<=", ">="]);
        let first = format!("{} {op} {}", self.expr(1), self.literal());
        match self.rng.below(4) {
            0 => format!("{first} && {} > {}", self.expr(1), self.literal()),
            1 => format!("{first} || k > 2"),
            _ => first,
        }
        .replace(
            "|| k > 2",
            if self.all(|s| &s.ints).contains(&"k".to_string()) { "|| k > 2" } else { "|| a > b" },
        )
    }

    fn bounded(&mut self, depth: usize) -> String {
        let e = self.expr(depth);
        format!("({e} + a * @0.1@).{}()", self.rng.pick(&["sin", "tanh", "cos", "atan"]))
    }

    fn result(&mut self) -> String {
        let sums: Vec<String> = self
            .all(|s| &s.arrays)
            .into_iter()
            .chain(self.all(|s| &s.mutable_arrays))
            .map(|(v, _)| format!("{v}.iter().sum::<F>()"))
            .collect();
        let lists = self.all(|s| &s.lists).into_iter().map(|l| format!("{l}.iter().sum::<F>()"));
        let options = self.all(|s| &s.options).into_iter().map(|o| format!("{o}.unwrap_or(@0.25@)"));
        let sums: Vec<String> = sums.into_iter().chain(lists).chain(options).collect();
        let floats = self.all(|s| &s.mutable);
        let mut parts = vec![self.bounded(2)];
        parts.extend(floats);
        parts.extend(sums);
        parts.join(" + ")
    }

    fn statement(&mut self) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        // Inside blocks, what outlives them matters most.
        let top = self.depth == 1;
        match self.rng.below(if self.structs { 27 } else { 25 }) {
            20..=24 => self.collection(),
            25 | 26 => self.pair(top),
            0 | 1 => self.let_(!top),
            2..=4 if top => self.let_(true),
            2..=6 => self.assign(),
            7 | 8 if top => self.array(),
            7..=11 => self.element_assign(),
            12 | 13 => self.for_(),
            14 | 15 => self.if_(),
            16 => self.while_(),
            17 if top => self.closure(),
            17 => self.element_assign(),
            18 => self.exit(),
            _ => self.for_(),
        }
    }

    /// A struct, or a change of one.
    fn pair(&mut self, top: bool) {
        let pairs = self.all(|s| &s.pairs);
        let Some(s) = self.choose(&pairs).filter(|_| !top || self.rng.below(2) == 0) else {
            self.fresh += 1;
            let s = format!("s{}", self.fresh);
            let (p, q, r) = (self.bounded(2), self.bounded(1), self.atom());
            self.line(&format!("let mut {s} = Pair {{ p: {p}, q: [{q}, {r}, @0.5@] }};"));
            self.scope().floats.push(format!("{s}.p"));
            self.scope().mutable.push(format!("{s}.p"));
            self.scope().mutable_arrays.push((format!("{s}.q"), "3".into()));
            return self.scope().pairs.push(s);
        };
        let e = self.bounded(1);
        match (self.rng.below(4), self.choose(&pairs)) {
            (0, Some(other)) => self.line(&format!("{s} = Pair {{ p: {e}, ..{other} }};")),
            (1, Some(other)) => self.line(&format!("{s}.q = {other}.q;")),
            (2, Some(other)) => self.line(&format!("{s} = Pair {{ q: {s}.q, p: {other}.norm() }};")),
            _ => self.line(&format!("{s}.mix({e});")),
        }
    }

    fn let_(&mut self, mutable: bool) {
        let e = self.bounded(2);
        let v = self.name("v");
        self.line(&format!("let {}{v} = {e};", if mutable { "mut " } else { "" }));
        if mutable {
            self.scope().mutable.push(v.clone());
        } else {
            // A shadowed name may have been mutable.
            self.scopes.iter_mut().for_each(|s| s.mutable.retain(|m| *m != v));
        }
        self.scope().floats.push(v);
    }

    fn assign(&mut self) {
        let mutable = self.all(|s| &s.mutable);
        let Some(v) = self.choose(&mutable) else { return self.let_(true) };
        let op = self.rng.pick(&["=", "+=", "-=", "*=", "="]);
        let e = self.bounded(2);
        self.line(&format!("{v} {op} {e};"));
    }

    fn array(&mut self) {
        let v = self.name("w");
        let (init, len) = match self.rng.below(5) {
            0 => ("x.to_vec()".to_string(), "x.len()".to_string()),
            1 => (format!("vec![{}; x.len()]", self.literal()), "x.len()".into()),
            2 => (format!("[{}, {}, {}]", self.bounded(1), self.bounded(1), self.atom()), "3".into()),
            3 => (format!("[{}; 4]", self.literal()), "4".into()),
            _ => {
                let body = self.with(&["u"], |g| g.bounded(1));
                (format!("x.iter().map(|&u| {body}).collect::<Vec<F>>()"), "x.len()".into())
            }
        };
        if !self.all(|s| &s.arrays).iter().any(|(n, _)| n == "x") && init.contains('x') {
            return;
        }
        self.line(&format!("let mut {v} = {init};"));
        self.scope().mutable_arrays.push((v, len));
    }

    fn element_assign(&mut self) {
        let arrays = self.all(|s| &s.mutable_arrays);
        if self.rng.below(6) == 0
            && let Some((v, len)) = self.choose(&arrays)
        {
            let i = self.rng.below(3);
            self.line(&format!("{v}.swap({i} % {len}, {len} - 1);"));
            return;
        }
        let Some(place) = self.element(&arrays) else { return self.array() };
        let op = self.rng.pick(&["=", "+=", "-=", "*=", "="]);
        let e = if self.rng.below(4) == 0 {
            format!("{place} * @0.5@ + {}", self.bounded(1))
        } else {
            self.bounded(2)
        };
        match op.strip_suffix('=').filter(|op| !op.is_empty()) {
            Some(op) => self.line(&format!("`{place}`{op}`{e}`")),
            None => self.line(&format!("{place} = {e};")),
        }
    }

    fn block(&mut self, scope: Scope, statements: usize) {
        self.scopes.push(scope);
        self.depth += 1;
        for _ in 0..statements {
            self.statement();
        }
        self.depth -= 1;
        self.scopes.pop();
    }

    fn for_(&mut self) {
        if self.loops >= 2 {
            return self.assign();
        }
        self.fresh += 1;
        let i = format!("i{}", self.fresh);
        let arrays: Vec<_> =
            self.all(|s| &s.arrays).into_iter().chain(self.all(|s| &s.mutable_arrays)).collect();
        let Some((_, len)) = self.choose(&arrays) else { return self.assign() };
        let outer = self.all(|s| &s.indices);
        let (range, bound) = match (self.rng.below(7), self.choose(&outer)) {
            (0, _) => (format!("(0..{len}).rev()"), Some(len)),
            (1, _) => (format!("1..{len}"), Some(len)),
            (2, Some((j, l))) => (format!("{j}..{l}"), Some(l)),
            (3, Some((j, l))) => (format!("0..{j}"), Some(l)),
            (4, _) if self.all(|s| &s.ints).contains(&"k".to_string()) => ("0..k".into(), None),
            (5, _) => (format!("(0..{len}).step_by(2)"), Some(len)),
            _ => (format!("0..{len}"), Some(len)),
        };
        let mut scope = Scope::default();
        let label = if self.rng.below(3) == 0 { format!("'r{i}") } else { String::new() };
        if label.is_empty() {
            self.line(&format!("for {i} in {range} {{"));
        } else {
            self.line(&format!("{label}: for {i} in {range} {{"));
            scope.labels.push(label);
        }
        match bound {
            Some(len) => scope.indices.push((i, len)),
            None => scope.ints.push(i),
        }
        self.loops += 1;
        let count = 1 + self.rng.below(3);
        self.block(scope, count);
        self.loops -= 1;
        self.line("}");
    }

    fn if_(&mut self) {
        let c = self.condition();
        self.line(&format!("if {c} {{"));
        let count = 1 + self.rng.below(2);
        self.block(Scope::default(), count);
        if self.rng.below(2) == 0 {
            self.line("} else {");
            self.block(Scope::default(), 1);
        }
        self.line("}");
    }

    fn while_(&mut self) {
        if self.loops >= 2 {
            return self.assign();
        }
        self.fresh += 1;
        let t = format!("t{}", self.fresh);
        let mutable = self.all(|s| &s.mutable);
        let limit = 2 + self.rng.below(4);
        let c = match self.choose(&mutable) {
            Some(v) if self.rng.below(2) == 0 => format!("{t} < {limit} && {v} < {}", self.literal()),
            _ => format!("{t} < {limit}"),
        };
        self.line(&format!("let mut {t} = 0;"));
        self.line(&format!("while {c} {{"));
        self.depth += 1;
        self.line(&format!("{t} += 1;"));
        self.depth -= 1;
        self.loops += 1;
        let count = 1 + self.rng.below(2);
        self.block(Scope { ints: vec![t], ..Scope::default() }, count);
        self.loops -= 1;
        self.line("}");
    }

    fn closure(&mut self) {
        self.fresh += 1;
        let f = format!("f{}", self.fresh);
        // A closure may not see what is assigned later.
        let body = {
            let scopes = std::mem::take(&mut self.scopes);
            self.scopes = vec![Scope { floats: vec!["p".into(), "a".into()], ..Scope::default() }];
            let body = self.bounded(1);
            self.scopes = scopes;
            body
        };
        self.line(&format!("let {f} = |p: F| {body};"));
        self.scope().closures.push(f);
    }

    fn exit(&mut self) {
        let c = self.condition();
        let labels = self.all(|s| &s.labels);
        if let (true, Some(label)) = (self.rng.below(2) == 0, self.choose(&labels)) {
            let leave = self.rng.pick(&["continue", "break"]);
            return self.line(&format!("if {c} {{ {leave} {label}; }}"));
        }
        match (self.loops > 0, self.rng.below(3)) {
            (true, 0) => self.line(&format!("if {c} {{ continue; }}")),
            (true, 1) => self.line(&format!("if {c} {{ break; }}")),
            _ => {
                let e = self.bounded(1);
                self.line(&format!("if {c} {{ return {e}; }}"));
            }
        }
    }
}
