//! Lines of mathematics (`2.0 * a / y`) to IR.
//!
//! A line has `+ - * /`, comparisons, calls of operations of the table by name, the arguments `a b c d`, the result
//! `y`, the cotangent `dy` where there is one, numbers with a point (of the operation's float type) and without
//! (`i64`), `float(i)` (an integer as that float) and `cross(dy)` (for casts: a cotangent as a float of the argument's
//! type, a tangent as one of the result's).

use super::Op;
use crate::ir::{Builder, Lit, Scalar, Ty, Value};

/// Appends the code of a line of mathematics in `a`, `b`, `c`, `d` (the arguments) and `y` (the result). Equal parts of
/// the line become one instruction.
///
/// # Panics
/// On a line that does not parse: every line of the table is tested.
pub fn expand(b: &mut Builder, text: &str, args: &[Value], y: Value) -> Value {
    expand_at(b, text, args, y, None)
}

/// As [`expand`], with a value for `dy`.
pub(super) fn expand_at(b: &mut Builder, text: &str, args: &[Value], y: Value, dy: Option<Value>) -> Value {
    let float = float_type(b, args, y);
    let mut line = Line { b, text, rest: text, args, y, dy, float, lits: Vec::new(), ops: Vec::new() };
    let value = line.comparison();
    assert!(line.rest.trim_start().is_empty(), "{:?} left over in {text:?}", line.rest);
    value
}

/// The type of the line's literals: the result's, or that of the first float among the arguments.
fn float_type(b: &Builder, args: &[Value], y: Value) -> Scalar {
    let mut tys = [&[y], args].concat().into_iter().filter_map(|v| b.values.ty(v).elem());
    tys.find(|s| s.is_float()).unwrap_or(Scalar::F64)
}

struct Line<'a, 'b, 'f> {
    b: &'a mut Builder<'f>,
    text: &'b str,
    rest: &'b str,
    args: &'b [Value],
    y: Value,
    dy: Option<Value>,
    float: Scalar,
    /// The literals so far, so that each stands once.
    lits: Vec<(Lit, Value)>,
    /// The operations so far, likewise.
    ops: Vec<(Op, Vec<Value>, Value)>,
}

impl<'b> Line<'_, 'b, '_> {
    /// `sum`, or `sum < sum` and its kin.
    fn comparison(&mut self) -> Value {
        let left = self.sum();
        // The longer names first: `<=` begins with `<`.
        for (name, op) in
            [("<=", Op::Le), (">=", Op::Ge), ("==", Op::Eq), ("!=", Op::Ne), ("<", Op::Lt), (">", Op::Gt)]
        {
            if self.eat(name) {
                let right = self.sum();
                return self.op(op, &[left, right]);
            }
        }
        left
    }

    fn sum(&mut self) -> Value {
        let mut left = self.product();
        loop {
            let op = match () {
                () if self.eat("+") => Op::Add,
                () if self.eat("-") => Op::Sub,
                () => return left,
            };
            let right = self.product();
            left = self.op(op, &[left, right]);
        }
    }

    fn product(&mut self) -> Value {
        let mut left = self.unary();
        loop {
            let op = match () {
                () if self.eat("*") => Op::Mul,
                () if self.eat("/") => Op::Div,
                () => return left,
            };
            let right = self.unary();
            left = self.op(op, &[left, right]);
        }
    }

    fn unary(&mut self) -> Value {
        if !self.eat("-") {
            return self.atom();
        }
        if self.rest.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            return self.number("-");
        }
        let v = self.unary();
        self.op(Op::Neg, &[v])
    }

    fn atom(&mut self) -> Value {
        if self.eat("(") {
            let v = self.comparison();
            self.expect(")");
            return v;
        }
        match self.rest.trim_start().chars().next() {
            Some(c) if c.is_ascii_digit() => self.number(""),
            Some(c) if c.is_ascii_alphabetic() => self.name(),
            _ => panic!("no expression at {:?} in {:?}", self.rest, self.text),
        }
    }

    fn number(&mut self, sign: &str) -> Value {
        let digits = self.take(|c| c.is_ascii_digit() || c == '.');
        let text = format!("{sign}{digits}");
        let lit = match text.parse::<i64>() {
            Ok(i) => Lit::I64(i),
            Err(_) => {
                Lit::of(self.float, text.parse().unwrap_or_else(|_| panic!("{text} in {:?}", self.text)))
            }
        };
        if let Some((_, v)) = self.lits.iter().find(|(l, _)| *l == lit) {
            return *v;
        }
        let v = self.b.lit(lit);
        self.lits.push((lit, v));
        v
    }

    fn name(&mut self) -> Value {
        let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
        if self.eat("(") {
            return self.call(name);
        }
        let found = match name {
            "y" => Some(self.y),
            "dy" => self.dy,
            "a" | "b" | "c" | "d" => self.args.get((name.as_bytes()[0] - b'a') as usize).copied(),
            _ => None,
        };
        found.unwrap_or_else(|| panic!("{name} in {:?}", self.text))
    }

    fn call(&mut self, name: &str) -> Value {
        let mut args = vec![self.comparison()];
        while self.eat(",") {
            args.push(self.comparison());
        }
        self.expect(")");
        match (name, &args[..]) {
            ("float", &[v]) => self.cast(v, self.float),
            ("cross", &[v]) => {
                let from_result = self.b.values.ty(v) == self.b.values.ty(self.y);
                let to = if from_result { self.args[0] } else { self.y };
                let to = self.b.values.ty(to).elem().unwrap_or(self.float);
                self.cast(v, to)
            }
            _ => {
                let op = Op::from_name(name).unwrap_or_else(|| panic!("{name} in {:?}", self.text));
                self.op(op, &args)
            }
        }
    }

    fn cast(&mut self, v: Value, to: Scalar) -> Value {
        if *self.b.values.ty(v) == Ty::Scalar(to) {
            return v;
        }
        match to {
            Scalar::F32 => self.op(Op::ToF32, &[v]),
            _ => self.op(Op::ToF64, &[v]),
        }
    }

    fn op(&mut self, op: Op, args: &[Value]) -> Value {
        if let Some((_, _, v)) = self.ops.iter().find(|(o, a, _)| *o == op && a == args) {
            return *v;
        }
        let v = self.b.op(op, args);
        self.ops.push((op, args.to_vec(), v));
        v
    }

    fn take(&mut self, part: fn(char) -> bool) -> &'b str {
        let rest = self.rest.trim_start();
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        self.rest = &rest[end..];
        &rest[..end]
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) {
        assert!(self.eat(token), "{token} expected at {:?} in {:?}", self.rest, self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Values;
    use crate::ops::{Sig, scale};

    /// The types of arguments with which an operation can take part in differentiation.
    fn float_signatures(op: Op) -> Vec<Vec<Scalar>> {
        let n = op.arity();
        [Scalar::F32, Scalar::F64]
            .into_iter()
            .flat_map(|s| match op.def().sig {
                Sig::Select => vec![vec![Scalar::Bool, s, s]],
                Sig::PowI => vec![vec![s, Scalar::I64]],
                Sig::Cast(_) => vec![vec![s]],
                _ => vec![vec![s; n]],
            })
            .filter(|args| op.result(args).is_ok())
            .collect()
    }

    /// The type of the contribution of `op` to argument `k`, in reverse (`dy` like y) or forward (like the argument).
    fn contribution(op: Op, tys: &[Scalar], k: usize, reverse: bool) -> Option<Scalar> {
        let mut values = Values::default();
        let args: Vec<Value> = tys.iter().map(|&t| values.add(t.into(), "")).collect();
        let result = op.result(tys).unwrap();
        let y = values.add(result.into(), "");
        let dy = values.add(if reverse { result } else { tys[k] }.into(), "");
        let mut b = Builder::new(&mut values);
        scale(&mut b, op, k, &args, y, dy).map(|v| b.values.ty(v).elem().unwrap())
    }

    #[test]
    fn every_partial_expands_to_the_right_type() {
        let mut lines = 0;
        for op in Op::all() {
            for tys in float_signatures(op) {
                let result = op.result(&tys).unwrap();
                for k in (0..tys.len()).filter(|_| result.is_float()) {
                    let name = op.def().name;
                    assert!(
                        contribution(op, &tys, k, true).is_none_or(|t| t == tys[k]),
                        "{name} {tys:?} {k}"
                    );
                    assert!(
                        contribution(op, &tys, k, false).is_none_or(|t| t == result),
                        "{name} {tys:?} {k}"
                    );
                    lines += 1;
                }
            }
        }
        assert!(lines > 100, "{lines}");
    }

    #[test]
    fn equal_parts_become_one_instruction() {
        let mut values = Values::default();
        let a = values.add(Scalar::F32.into(), "");
        let mut b = Builder::new(&mut values);
        expand(&mut b, "2.0 * exp(-a) / (2.0 + exp(-a))", &[a], a);
        assert_eq!(b.finish().len(), 6, "2.0, neg, exp, mul, add, div");
    }

    #[test]
    fn precedence_and_signs() {
        let mut values = Values::default();
        let a = values.add(Scalar::F64.into(), "");
        let mut b = Builder::new(&mut values);
        let v = expand(&mut b, "-a * a - -1.0 / (a + 3.0) < a", &[a], a);
        assert_eq!(*b.values.ty(v), Ty::Scalar(Scalar::Bool));
        let text: Vec<String> = b.finish().iter().map(|i| format!("{:?}", i.kind)).collect();
        let want = ["Neg", "Mul", "-1.0", "3.0", "Add", "Div", "Sub", "Lt"];
        assert_eq!(text.len(), want.len());
        text.iter().zip(want).for_each(|(t, w)| assert!(t.contains(w), "{t} has no {w}"));
    }
}

/// What a partial derivative reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reads {
    /// Which arguments.
    pub args: [bool; 4],
    /// Whether the result.
    pub result: bool,
}

/// What the partial derivative of an operation with respect to argument `k` reads, so that the reverse sweep keeps
/// nothing else.
pub fn reads(op: Op, k: usize) -> Reads {
    let mut reads = Reads::default();
    let text = op.def().partials.get(k).map_or("", |p| p.text());
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        match word {
            "a" | "b" | "c" | "d" => reads.args[usize::from(word.as_bytes()[0] - b'a')] = true,
            "y" => reads.result = true,
            _ => {}
        }
    }
    reads
}
