//! `Option`: a truth value and a value, which is all zeros where there is none.

use pullback_kernels::ir::{Kind, Lit, Value};

use super::iterators::Iter;
use super::values::Val;
use super::{Lower, SILENT};
use crate::ast::Method;
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// `Some(v)` if the condition holds.
    pub(super) fn maybe(&mut self, there: Value, v: Val) -> Val {
        Val::Maybe(there, Box::new(v))
    }

    /// The item at a position, read only if it is there.
    pub(super) fn if_there(&mut self, there: Value, it: &Iter, at: Value) -> Res<Val> {
        let item = it.item.clone();
        if let Some(Val::Mut(_)) = self.glance(|l| item(l, at)) {
            let target = item(self, at)?;
            return Ok(self.maybe(there, target));
        }
        let v = self.branch(there, &[], |l| item(l, at).and_then(|v| l.deref(v)), |_| Ok(Val::Never))?;
        Ok(self.maybe(there, v))
    }

    /// What code would give, from a copy of it that is thrown away.
    pub(super) fn glance(&mut self, f: impl FnOnce(&mut Self) -> Res<Val>) -> Option<Val> {
        let vars = self.vars.clone();
        self.b.open();
        let v = f(self);
        let _ = self.b.close(Vec::new(), Vec::new());
        self.vars = vars;
        v.ok()
    }

    /// A function applied to what is there; `other` where nothing is.
    fn where_there(
        &mut self,
        there: Value,
        f: &Val,
        v: Val,
        m: &Method,
        other: impl FnOnce(&mut Self) -> Res<Val>,
    ) -> Res<Val> {
        let changed = self.changed_by(&self.effects_of(f));
        self.branch(there, &changed, |l| l.apply(f, vec![v], m.name_at).and_then(|v| l.deref(v)), other)
    }

    /// A function without arguments, where nothing is there.
    fn or_else(&mut self, there: Value, v: Val, f: &Val, m: &Method) -> Res<Val> {
        let changed = self.changed_by(&self.effects_of(f));
        self.branch(
            there,
            &changed,
            |_| Ok(v),
            |l| l.apply(f, Vec::new(), m.name_at).and_then(|v| l.deref(v)),
        )
    }

    /// Methods of `Option`.
    pub(super) fn maybe_method(&mut self, there: Value, v: Val, m: &Method, args: &[Val]) -> Res<Val> {
        let all = (m.name.as_str(), args);
        match all {
            ("unwrap" | "expect", _) => {
                let message = "called `unwrap()` on a `None` value".to_string();
                self.push(Kind::Assert { cond: there, message })?;
                Ok(v)
            }
            ("is_some", []) => Ok(Val::Num(there, Ty::Bool)),
            ("is_none", []) => Ok(Val::Num(self.op("not", &[there])?, Ty::Bool)),
            ("copied" | "cloned" | "clone" | "as_ref" | "as_deref", []) => {
                let v = self.deref(v)?;
                Ok(self.maybe(there, v))
            }
            ("unwrap_or", [default]) => {
                let default = self.deref(default.clone())?;
                self.branch(there, &[], |_| Ok(v), |_| Ok(default))
            }
            ("unwrap_or_else", [f]) => self.or_else(there, v, f, m),
            ("unwrap_or_default", []) => {
                let zero = self.type_of(&v).and_then(|t| self.zero_of(&t));
                let Some(zero) = zero else { return self.fail(m.name_at, messages::option_default()) };
                self.branch(there, &[], |_| Ok(v), |_| Ok(zero))
            }
            ("map_or", [default, f]) => {
                let default = self.deref(default.clone())?;
                self.where_there(there, f, v, m, |_| Ok(default))
            }
            ("map_or_else", [default, f]) => {
                self.where_there(there, f, v, m, |l| l.apply(default, Vec::new(), m.name_at))
            }
            ("is_some_and" | "is_none_or", [f]) => {
                let none = Lit::Bool(m.name == "is_none_or");
                self.where_there(there, f, v, m, |l| Ok(Val::Num(l.b.lit(none), Ty::Bool)))
            }
            _ => self.combined(there, v, m, args),
        }
    }

    /// Methods that give another `Option`.
    fn combined(&mut self, there: Value, v: Val, m: &Method, args: &[Val]) -> Res<Val> {
        match (m.name.as_str(), args) {
            ("map", [f]) => {
                let v = self.where_there(there, f, v, m, |_| Ok(Val::Never))?;
                Ok(self.maybe(there, v))
            }
            ("and_then", [f]) => {
                let none = self.b.lit(Lit::Bool(false));
                self.where_there(there, f, v, m, |_| Ok(Val::Maybe(none, Box::new(Val::Never))))
            }
            ("filter", [f]) => {
                let none = self.b.lit(Lit::Bool(false));
                let keep = self.where_there(there, f, v.clone(), m, |_| Ok(Val::Num(none, Ty::Bool)))?;
                let Val::Num(keep, _) = keep else { return Err(SILENT) };
                Ok(self.maybe(keep, v))
            }
            ("or", [other @ Val::Maybe(..)]) => {
                let (this, other) = (self.maybe(there, v), other.clone());
                self.branch(there, &[], |_| Ok(this), |_| Ok(other))
            }
            ("or_else", [f]) => {
                let this = self.maybe(there, v);
                self.or_else(there, this, f, m)
            }
            ("zip", [Val::Maybe(there2, w)]) => {
                let both = self.op("and", &[there, *there2])?;
                Ok(self.maybe(both, Val::Tuple(vec![v, (**w).clone()])))
            }
            ("ok_or" | "ok_or_else", _) => self.fail(m.name_at, messages::question_mark()),
            _ => self.fail(m.name_at, messages::unknown_method(&m.name, "Option")),
        }
    }

    /// `take` and `replace` of a variable that holds an `Option`; `None` if they are not called on one.
    pub(super) fn option_mutation(&mut self, m: &Method) -> Option<Res<Val>> {
        if !matches!((m.name.as_str(), m.args.len()), ("take", 0) | ("replace", 1)) {
            return None;
        }
        let crate::ast::ExprKind::Path(p) = &m.receiver.kind else { return None };
        let id = p.single().and_then(|n| self.lookup(n))?;
        let Val::Maybe(_, payload) = self.vars[id].val.clone() else { return None };
        let old = self.vars[id].val.clone();
        let new = match m.args.first() {
            None => {
                let none = self.b.lit(Lit::Bool(false));
                Ok(Val::Maybe(none, payload))
            }
            Some(e) => {
                let there = self.b.lit(Lit::Bool(true));
                self.value(e).map(|v| Val::Maybe(there, Box::new(v)))
            }
        };
        let target = super::assign::Target { var: id, path: Vec::new() };
        Some(new.and_then(|new| self.write(&target, new)).map(|()| old))
    }

    /// `condition.then(|| ..)` and `condition.then_some(v)`.
    pub(super) fn bool_method(&mut self, cond: Value, m: &Method, args: &[Val]) -> Option<Res<Val>> {
        let v = match (m.name.as_str(), args) {
            ("then_some", [v]) => self.deref(v.clone()),
            ("then", [f]) => {
                let changed = self.changed_by(&self.effects_of(f));
                self.branch(
                    cond,
                    &changed,
                    |l| l.apply(f, Vec::new(), m.name_at).and_then(|v| l.deref(v)),
                    |_| Ok(Val::Never),
                )
            }
            _ => return None,
        };
        Some(v.map(|v| self.maybe(cond, v)))
    }
}
