//! What looks for one item of an iterator: `find`, `position`, `max_by`, `reduce`, `next`.

use std::rc::Rc;

use pullback_kernels::ir::{Extent, Lit, Out, Reduce, Value};

use super::iterators::Iter;
use super::scan::Effects;
use super::values::{Closure, Val};
use super::{Lower, SILENT};
use crate::ast::{self, Expr, ExprKind, Method};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// Methods that give an `Option`.
    pub(super) fn maybe_item(&mut self, e: &Expr, it: &Iter, m: &Method, args: &[Val]) -> Res<Val> {
        let Some(len) = it.len else { return self.fail_at(e, messages::endless()) };
        match (m.name.as_str(), args) {
            ("last" | "next", []) if !it.stages.is_empty() => self.kept_item(e, it, m.name == "next"),
            ("last", []) => {
                let (n, one) = (self.extent_value(len), self.int(1));
                let at = self.op("sub", &[n, one])?;
                let there = self.not_empty(len)?;
                self.if_there(there, it, at)
            }
            ("next", []) => {
                let (there, at) = (self.not_empty(len)?, self.int(0));
                self.if_there(there, it, at)
            }
            ("nth", [Val::Num(k, _)]) if it.stages.is_empty() => {
                let n = self.extent_value(len);
                let there = self.op("lt", &[*k, n])?;
                self.if_there(there, it, *k)
            }
            ("position", [f]) if it.stages.is_empty() => {
                let (there, at) = self.first_where(e, it, f, m)?;
                Ok(self.maybe(there, Val::Num(at, Ty::USIZE)))
            }
            ("find", [f]) => {
                let mut it = it.clone();
                it.stages.push(super::iterators::Stage::Filter(f.clone(), m.name_at));
                self.kept_item(e, &it, true)
            }
            ("find_map", [f]) => {
                let mut it = it.clone();
                it.stages.push(super::iterators::Stage::FilterMap(f.clone(), m.name_at));
                self.kept_item(e, &it, true)
            }
            ("max_by" | "min_by", [f]) => self.best(e, it, m, |l, a, b| l.compared(f, a, b, m)),
            ("max_by_key" | "min_by_key", [f]) => self.best(e, it, m, |l, a, b| {
                Ok((l.apply(f, vec![a], m.name_at)?, l.apply(f, vec![b], m.name_at)?))
            }),
            ("reduce", [f]) => self.reduced_items(e, it, f, m),
            _ if !it.stages.is_empty() => self.fail(m.name_at, messages::after_filter(&m.name)),
            _ => self.fail(m.name_at, messages::unknown_method(&m.name, "an iterator")),
        }
    }

    /// Whether the predicate holds for an item, and the first position where it does.
    pub(super) fn first_where(&mut self, e: &Expr, it: &Iter, f: &Val, m: &Method) -> Res<(Value, Value)> {
        self.picked_position(e, it, true, |l, item| match l.apply(f, vec![item], m.name_at)? {
            Val::Num(v, _) => Ok(v),
            other => l.fail(m.name_at, messages::not_a_condition(&other.show())),
        })
    }

    /// The first or last position where something holds; the items' stages are not gone through.
    pub(super) fn picked_position(
        &mut self,
        e: &Expr,
        it: &Iter,
        first: bool,
        holds: impl FnOnce(&mut Self, Val) -> Res<Value>,
    ) -> Res<(Value, Value)> {
        let Some(len) = it.len else { return self.fail_at(e, messages::endless()) };
        let n = self.extent_value(len);
        let minus = self.int(-1);
        let missing = if first { n } else { minus };
        let reduce = if first { Reduce::Min } else { Reduce::Max };
        let item = it.item.clone();
        let found = self.nest(&[len], &[Out::Fold(reduce)], |l, at| {
            let item = item(l, at[0])?;
            let holds = holds(l, item)?;
            Ok(vec![l.op("select", &[holds, at[0], missing])?])
        })?[0];
        let zero = self.int(0);
        let there = if first { self.op("lt", &[found, n])? } else { self.op("ge", &[found, zero])? };
        // Nothing is read at this position unless it is there.
        Ok((there, found))
    }

    /// The first or last item that passes the filters.
    fn kept_item(&mut self, e: &Expr, it: &Iter, first: bool) -> Res<Val> {
        let stages = it.stages.clone();
        let (there, at) = self.picked_position(e, it, first, |l, item| {
            let kept = l.staged(&stages, item, &[], |l, _| {
                let yes = l.b.lit(Lit::Bool(true));
                Ok(Val::Num(yes, Ty::Bool))
            })?;
            match kept {
                Val::Num(v, _) => Ok(v),
                _ => Err(SILENT),
            }
        })?;
        let it = it.clone();
        let v =
            self.branch(there, &[], |l| l.with_item(&it, at, &[], |l, v| l.deref(v)), |_| Ok(Val::Never))?;
        Ok(self.maybe(there, v))
    }

    pub(super) fn not_empty(&mut self, len: Extent) -> Res<Value> {
        let (n, zero) = (self.extent_value(len), self.int(0));
        self.op("gt", &[n, zero])
    }

    /// The two values that a comparison function compares: `|a, b| a.partial_cmp(b).unwrap()` or `f64::total_cmp`.
    pub(super) fn compared(&mut self, f: &Val, a: Val, b: Val, m: &Method) -> Res<(Val, Val)> {
        match f {
            Val::Func(p) if matches!(p.last(), "total_cmp" | "cmp") => Ok((a, b)),
            Val::Closure(c) => {
                let Some((left, right)) = comparison(&c.code.body) else {
                    return self.fail(m.name_at, messages::comparison(&m.name));
                };
                let place = c.code.body.place;
                let kind = ExprKind::Tuple(vec![left.clone(), right.clone()]);
                let body = Expr { id: c.code.body.id, place, kind };
                let code = ast::Closure { params: c.code.params.clone(), body, moves: c.code.moves };
                let pair = Val::Closure(Rc::new(Closure { code: Rc::new(code), scope: c.scope.clone() }));
                match self.apply(&pair, vec![a, b], place)? {
                    Val::Tuple(vs) if vs.len() == 2 => Ok((vs[0].clone(), vs[1].clone())),
                    _ => Err(SILENT),
                }
            }
            _ => self.fail(m.name_at, messages::comparison(&m.name)),
        }
    }

    /// `max_by` and its kin: the last of the largest, the first of the smallest.
    fn best(
        &mut self,
        e: &Expr,
        it: &Iter,
        m: &Method,
        keys: impl FnOnce(&mut Self, Val, Val) -> Res<(Val, Val)>,
    ) -> Res<Val> {
        let largest = m.name.starts_with("max");
        self.carried_best(e, it, m, |l, old, new| {
            let (a, b) = keys(l, old.clone(), new.clone())?;
            let (Val::Num(a, ta), Val::Num(b, tb)) = (l.deref(a)?, l.deref(b)?) else {
                return l.fail(m.name_at, messages::comparison(&m.name));
            };
            l.unify_or_fail(&ta, &tb)?;
            let better = if largest { l.op("le", &[a, b])? } else { l.op("gt", &[a, b])? };
            l.branch(better, &[], |_| Ok(new), |_| Ok(old))
        })
    }

    fn reduced_items(&mut self, e: &Expr, it: &Iter, f: &Val, m: &Method) -> Res<Val> {
        self.carried_best(e, it, m, |l, old, new| l.apply(f, vec![old, new], m.name_at))
    }

    /// A loop that starts with the first item and combines it with each that follows.
    fn carried_best(
        &mut self,
        e: &Expr,
        it: &Iter,
        m: &Method,
        combine: impl FnOnce(&mut Self, Val, Val) -> Res<Val>,
    ) -> Res<Val> {
        let Some(len) = it.len else { return self.fail_at(e, messages::endless()) };
        if it.stages.is_empty() {
            let (there, zero) = (self.not_empty(len)?, self.int(0));
            let Val::Maybe(_, first) = self.if_there(there, it, zero)? else { return Err(SILENT) };
            let acc = self.hidden("best", *first);
            let one = self.int(1);
            let rest = self.skipped(it.clone(), one)?;
            self.each_with(e, &rest, &[acc], &Effects::default(), |l, item| {
                let (old, item) = (l.vars[acc].val.clone(), l.deref(item)?);
                let new = combine(l, old, item)?;
                l.write(&super::assign::Target { var: acc, path: Vec::new() }, new)?;
                Ok(Val::unit())
            })?;
            return Ok(self.maybe(there, self.vars[acc].val.clone()));
        }
        let model = self.glance(|l| {
            let k = l.int(0);
            l.with_item(it, k, &[], |l, v| l.deref(v))
        });
        let zero = model.and_then(|v| self.type_of(&v)).and_then(|t| self.zero_of(&t));
        let Some(zero) = zero else { return self.fail(m.name_at, messages::after_filter(&m.name)) };
        let none = self.b.lit(Lit::Bool(false));
        let acc = self.hidden("best", Val::Maybe(none, Box::new(zero)));
        self.each_with(e, it, &[acc], &Effects::default(), |l, item| {
            let item = l.deref(item)?;
            let Val::Maybe(there, old) = l.vars[acc].val.clone() else { return Err(SILENT) };
            let first = item.clone();
            let new = l.branch(there, &[], |l| combine(l, *old, item), |_| Ok(first))?;
            let yes = l.b.lit(Lit::Bool(true));
            l.write(&super::assign::Target { var: acc, path: Vec::new() }, Val::Maybe(yes, Box::new(new)))?;
            Ok(Val::unit())
        })?;
        Ok(self.vars[acc].val.clone())
    }
}

/// The two sides of `a.partial_cmp(b).unwrap()`, `a.total_cmp(b)` or `a.cmp(b)`.
fn comparison(body: &Expr) -> Option<(&Expr, &Expr)> {
    let ExprKind::Method(m) = &body.kind else { return None };
    match (m.name.as_str(), &m.args[..]) {
        ("partial_cmp" | "total_cmp" | "cmp", [b]) => Some((&m.receiver, b)),
        ("unwrap" | "expect" | "unwrap_or", _) => comparison(&m.receiver),
        _ => None,
    }
}
