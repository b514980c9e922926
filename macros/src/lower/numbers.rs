//! Numbers: literals, operators, casts, and the methods of `f32`, `f64` and the integers.

use pullback_kernels::ir::{Lit, Scalar, Value};
use pullback_kernels::ops::{Op, Sig};

use super::Lower;
use super::values::Val;
use crate::ast::{Bin, Expr, Place};
use crate::errors::Res;
use crate::messages;
use crate::ty::{Kind as Hole, Ty};
use crate::types::Int;

impl Lower<'_> {
    /// A float literal, rounded once, to its own type.
    pub(super) fn float_literal(&mut self, digits: &str, ty: &Ty) -> Val {
        let ty = self.types.resolve(ty);
        let lit = match ty.scalar() {
            Some(Scalar::F32) => Lit::F32(digits.parse().unwrap_or(f32::NAN)),
            _ => Lit::F64(digits.parse().unwrap_or(f64::NAN)),
        };
        Val::Num(self.b.lit(lit), ty)
    }

    /// Makes two numbers' types equal.
    pub(super) fn unify_or_fail(&mut self, a: &Ty, b: &Ty) -> Res<Ty> {
        match self.types.unify(a, b) {
            Some(t) => Ok(t),
            None => {
                let (a, b) = (self.types.resolve(a).show(), self.types.resolve(b).show());
                self.fail(self.here, messages::type_mismatch(&a, &b))
            }
        }
    }

    /// A binary operator on any values.
    pub(super) fn binary(&mut self, op: Bin, a: Val, b: Val) -> Res<Val> {
        match (a, b) {
            (Val::Num(a, ta), Val::Num(b, tb)) => self.binary_numbers(op, (a, ta), (b, tb)),
            (a, b) if matches!(a, Val::Arr(_)) || matches!(b, Val::Arr(_)) => self.binary_matrices(op, a, b),
            (Val::Tuple(a), Val::Tuple(b)) if a.len() == b.len() && matches!(op, Bin::Eq | Bin::Ne) => {
                let mut all = self.b.lit(Lit::Bool(true));
                for (x, y) in a.into_iter().zip(b) {
                    if let Val::Num(eq, _) = self.binary(Bin::Eq, x, y)? {
                        all = self.op("and", &[all, eq])?;
                    }
                }
                let v = if op == Bin::Eq { all } else { self.op("not", &[all])? };
                Ok(Val::Num(v, Ty::Bool))
            }
            (a, b) => self.fail(self.here, messages::operator(&a.show(), &b.show())),
        }
    }

    fn binary_numbers(&mut self, op: Bin, a: (Value, Ty), b: (Value, Ty)) -> Res<Val> {
        let (name, compares) = operation(op);
        if matches!(op, Bin::Shl | Bin::Shr) {
            return self.shift(name, a, b);
        }
        let ty = self.unify_or_fail(&a.1, &b.1)?;
        let logic = matches!(op, Bin::BitAnd | Bin::BitOr | Bin::BitXor | Bin::And | Bin::Or);
        if ty == Ty::Bool && !logic && !compares {
            return self.fail(self.here, messages::operator("bool", "bool"));
        }
        if compares {
            self.sure(a.0)?;
            self.sure(b.0)?;
        }
        let v = self.op(name, &[a.0, b.0])?;
        if ty.is_int() && !compares {
            self.suspect(v, &ty, op == Bin::Sub, &[a.0, b.0]);
        }
        Ok(Val::Num(v, if compares { Ty::Bool } else { ty }))
    }

    fn shift(&mut self, name: &str, a: (Value, Ty), b: (Value, Ty)) -> Res<Val> {
        let v = self.op(name, &[a.0, b.0])?;
        let ty = self.types.resolve(&a.1);
        let v = if name == "shl" { self.wrapped(v, &ty)? } else { v };
        Ok(Val::Num(v, ty))
    }

    /// `-a`.
    pub(super) fn negate(&mut self, a: &Expr) -> Res<Val> {
        match self.value(a)? {
            Val::Num(v, t) => match self.known.get(&v).copied() {
                Some(n) => Ok(Val::Num(self.int(n.wrapping_neg()), t)),
                None => Ok(Val::Num(self.op("neg", &[v])?, t)),
            },
            Val::Arr(m) => self.map_numbers(&m, |l, v| l.op("neg", &[v])).map(Val::Arr),
            other => self.fail_at(a, messages::operator("-", &other.show())),
        }
    }

    /// `!a`.
    pub(super) fn not(&mut self, a: &Expr) -> Res<Val> {
        match self.value(a)? {
            Val::Num(v, t) if self.types.resolve(&t) == Ty::Bool => Ok(Val::Num(self.op("not", &[v])?, t)),
            Val::Num(v, t) => {
                let v = self.op("not", &[v])?;
                let t = self.types.resolve(&t);
                Ok(Val::Num(self.wrapped(v, &t)?, t))
            }
            other => self.fail_at(a, messages::operator("!", &other.show())),
        }
    }

    /// `a as T`.
    pub(super) fn cast(&mut self, a: &Expr, to: &Ty) -> Res<Val> {
        let to = self.types.resolve(to);
        if let Some(v) = self.constant_cast(a, &to) {
            return Ok(v);
        }
        let Val::Num(v, from) = self.value(a)? else { return self.fail_at(a, messages::cast()) };
        let from = self.types.resolve(&from);
        self.sure(v)?;
        let signed = from.is_int() && ty_range(&from).0 < 0;
        let v = match (&from, &to) {
            (a, b) if a == b => v,
            (_, Ty::Var(..)) => return Ok(Val::Num(v, from)),
            (_, Ty::Float(Scalar::F32)) => self.op("to_f32", &[v])?,
            (_, Ty::Float(_)) => self.op("to_f64", &[v])?,
            (f, Ty::Int(i)) if f.is_float() => self.float_to_int(v, *i)?,
            (Ty::Bool, Ty::Int(_)) => self.op("to_i64", &[v])?,
            (_, Ty::Int(_)) => self.wrapped(v, &to)?,
            _ => return self.fail_at(a, messages::cast()),
        };
        if signed && matches!(to, Ty::Int(Int::Usize | Int::U64)) && !self.known.contains_key(&v) {
            // Rust makes a huge number of a negative one.
            self.suspect(v, &to, true, &[]);
        }
        Ok(Val::Num(v, to))
    }

    /// As Rust does: truncated, saturating at the type's bounds, NaN gives 0.
    fn float_to_int(&mut self, v: Value, to: Int) -> Res<Value> {
        let v = self.op("to_i64", &[v])?;
        let (lo, hi) = to.range();
        let v = if lo == i64::MIN {
            v
        } else {
            let lo = self.int(lo);
            self.op("max", &[v, lo])?
        };
        if hi == i64::MAX {
            return Ok(v);
        }
        let hi = self.int(hi);
        self.op("min", &[v, hi])
    }

    /// An integer reduced to the width of its type; 64 bits are left alone.
    fn wrapped(&mut self, v: Value, ty: &Ty) -> Res<Value> {
        let name = match ty {
            Ty::Int(Int::U8) => "wrap_u8",
            Ty::Int(Int::I8) => "wrap_i8",
            Ty::Int(Int::U16) => "wrap_u16",
            Ty::Int(Int::I16) => "wrap_i16",
            Ty::Int(Int::U32) => "wrap_u32",
            Ty::Int(Int::I32) => "wrap_i32",
            _ => return Ok(v),
        };
        let (lo, hi) = ty_range(ty);
        if self.known.get(&v).is_some_and(|n| (lo..=hi).contains(n)) {
            return Ok(v);
        }
        self.op(name, &[v])
    }

    /// A method of a number.
    pub(super) fn number_method(
        &mut self,
        v: Value,
        ty: &Ty,
        name: &str,
        at: Place,
        args: Vec<Val>,
    ) -> Res<Val> {
        let ty = self.types.resolve(ty);
        match name {
            "clone" | "to_owned" | "copied" | "cloned" | "into" | "borrow" => return Ok(Val::Num(v, ty)),
            "sin_cos" => {
                let (s, c) = (self.op("sin", &[v])?, self.op("cos", &[v])?);
                return Ok(Val::Tuple(vec![Val::Num(s, ty.clone()), Val::Num(c, ty)]));
            }
            "is_sign_positive" => {
                let negative = self.op("is_sign_negative", &[v])?;
                return Ok(Val::Num(self.op("not", &[negative])?, Ty::Bool));
            }
            _ => {}
        }
        if ty == Ty::Bool {
            return self.fail(at, messages::unknown_method(name, "bool"));
        }
        if ty.is_int() {
            return self.int_method(v, &ty, name, at, args);
        }
        self.float_method(v, &ty, name, at, args)
    }

    fn float_method(&mut self, v: Value, ty: &Ty, name: &str, at: Place, args: Vec<Val>) -> Res<Val> {
        let Some(op) = Op::from_spelling(name)
            .filter(|_| !name.starts_with(|c: char| c.is_ascii_punctuation() && c != '_'))
        else {
            return self.fail(at, messages::unknown_method(name, &ty.show()));
        };
        if args.len() + 1 != op.arity() {
            return self.fail(at, messages::argument_count(name, op.arity() - 1));
        }
        let mut all = vec![v];
        let mut ty = ty.clone();
        for arg in args {
            let Val::Num(a, t) = self.deref(arg)? else {
                return self.fail(at, messages::argument_type(name));
            };
            if op.def().sig == Sig::PowI {
                self.unify_or_fail(&t, &Ty::Int(Int::I32))?;
            } else {
                ty = self.unify_or_fail(&ty, &t)?;
            }
            all.push(a);
        }
        let result = self.op(op.def().name, &all)?;
        let ty = match op.def().sig {
            Sig::Test | Sig::Compare => Ty::Bool,
            Sig::Float(_) | Sig::Num(_) | Sig::PowI => ty,
            _ => return self.fail(at, messages::unknown_method(name, &ty.show())),
        };
        Ok(Val::Num(result, ty))
    }

    fn int_method(&mut self, v: Value, ty: &Ty, name: &str, at: Place, args: Vec<Val>) -> Res<Val> {
        let mut others = Vec::new();
        let mut ty = ty.clone();
        for arg in args {
            let Val::Num(a, t) = self.deref(arg)? else {
                return self.fail(at, messages::argument_type(name));
            };
            if matches!(name, "pow" | "wrapping_shl" | "wrapping_shr") {
                self.unify_or_fail(&t, &Ty::Int(Int::U32))?;
            } else {
                ty = self.unify_or_fail(&ty, &t)?;
            }
            others.push(a);
        }
        let (lo, hi) = ty_range(&ty);
        if let Some(v) = self.checked_method(v, &ty, name, &others) {
            return v;
        }
        let result = match (name, &others[..]) {
            ("min" | "max" | "rem_euclid" | "div_euclid", [b]) => self.op(name, &[v, *b])?,
            ("abs" | "signum", []) => self.op(name, &[v])?,
            ("unsigned_abs", []) => self.op("abs", &[v])?,
            ("pow", [n]) => self.op("ipow", &[v, *n])?,
            ("clamp", [a, b]) => {
                let v = self.op("max", &[v, *a])?;
                self.op("min", &[v, *b])?
            }
            ("abs_diff", [b]) => {
                let d = self.op("sub", &[v, *b])?;
                self.op("abs", &[d])?
            }
            ("saturating_sub" | "saturating_add" | "saturating_mul", [b]) => {
                let r = self.op(&name["saturating_".len()..], &[v, *b])?;
                self.saturate(r, lo, hi)?
            }
            ("wrapping_add" | "wrapping_sub" | "wrapping_mul", [b])
                if !matches!(ty, Ty::Int(Int::U64 | Int::Usize)) =>
            {
                let r = self.op(&name["wrapping_".len()..], &[v, *b])?;
                self.wrapped(r, &ty)?
            }
            ("div_ceil" | "next_multiple_of", [b]) if lo == 0 => {
                let one = self.int(1);
                let (sum, less) = (self.op("add", &[v, *b])?, one);
                let up = self.op("sub", &[sum, less])?;
                let q = self.op("div", &[up, *b])?;
                if name == "div_ceil" { q } else { self.op("mul", &[q, *b])? }
            }
            _ => return self.fail(at, messages::unknown_method(name, &ty.show())),
        };
        Ok(Val::Num(result, ty))
    }

    /// Methods of integers that give a truth value or an `Option`.
    fn checked_method(&mut self, v: Value, ty: &Ty, name: &str, others: &[Value]) -> Option<Res<Val>> {
        let known = ["is_power_of_two", "is_multiple_of", "is_positive", "is_negative"];
        if !name.starts_with("checked_") && !known.contains(&name) {
            return None;
        }
        Some(self.tested(v, ty.clone(), name, others))
    }

    fn tested(&mut self, v: Value, ty: Ty, name: &str, others: &[Value]) -> Res<Val> {
        match (name, others) {
            ("is_power_of_two", []) => {
                let (zero, one) = (self.int(0), self.int(1));
                let less = self.op("sub", &[v, one])?;
                let common = self.op("and", &[v, less])?;
                let (some, single) = (self.op("gt", &[v, zero])?, self.op("eq", &[common, zero])?);
                Ok(Val::Num(self.op("and", &[some, single])?, Ty::Bool))
            }
            ("checked_sub" | "checked_add" | "checked_mul", [b]) => {
                let r = self.op(&name["checked_".len()..], &[v, *b])?;
                self.checked(r, &ty)
            }
            ("checked_div" | "checked_rem", [b]) => {
                let (zero, one) = (self.int(0), self.int(1));
                let there = self.op("ne", &[*b, zero])?;
                let safe = self.op("select", &[there, *b, one])?;
                let r = self.op(&name["checked_".len()..], &[v, safe])?;
                Ok(self.maybe(there, Val::Num(r, ty)))
            }
            ("is_multiple_of", [b]) => {
                let (r, zero) = (self.op("rem", &[v, *b])?, self.int(0));
                Ok(Val::Num(self.op("eq", &[r, zero])?, Ty::Bool))
            }
            ("is_positive" | "is_negative", []) => {
                let zero = self.int(0);
                let op = if name == "is_positive" { "gt" } else { "lt" };
                Ok(Val::Num(self.op(op, &[v, zero])?, Ty::Bool))
            }
            _ => self.fail(self.here, messages::unknown_method(name, &ty.show())),
        }
    }

    /// An integer if it is within the range of its type.
    fn checked(&mut self, v: Value, ty: &Ty) -> Res<Val> {
        let (lo, hi) = ty_range(ty);
        let (lo, hi) = (self.int(lo), self.int(hi));
        let (low, high) = (self.op("ge", &[v, lo])?, self.op("le", &[v, hi])?);
        let there = self.op("and", &[low, high])?;
        Ok(self.maybe(there, Val::Num(v, ty.clone())))
    }

    fn saturate(&mut self, v: Value, lo: i64, hi: i64) -> Res<Value> {
        let lo = self.int(lo);
        let v = self.op("max", &[v, lo])?;
        if hi == i64::MAX {
            return Ok(v);
        }
        let hi = self.int(hi);
        self.op("min", &[v, hi])
    }

    /// A number of a type that is not known yet.
    pub(super) fn hole(id: u32) -> Ty {
        Ty::Var(id, Hole::Any)
    }
}

fn ty_range(ty: &Ty) -> (i64, i64) {
    match ty {
        Ty::Int(i) => i.range(),
        _ => Int::I32.range(),
    }
}

/// The operation of an operator, and whether it compares.
pub(super) fn operation(op: Bin) -> (&'static str, bool) {
    match op {
        Bin::Add => ("add", false),
        Bin::Sub => ("sub", false),
        Bin::Mul => ("mul", false),
        Bin::Div => ("div", false),
        Bin::Rem => ("rem", false),
        Bin::BitAnd | Bin::And => ("and", false),
        Bin::BitOr | Bin::Or => ("or", false),
        Bin::BitXor => ("xor", false),
        Bin::Shl => ("shl", false),
        Bin::Shr => ("shr", false),
        Bin::Lt => ("lt", true),
        Bin::Le => ("le", true),
        Bin::Gt => ("gt", true),
        Bin::Ge => ("ge", true),
        Bin::Eq => ("eq", true),
        Bin::Ne => ("ne", true),
    }
}
