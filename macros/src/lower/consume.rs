//! What uses an iterator up: sums, folds, `collect`, `for_each`.

use pullback_kernels::ir::{Extent, Kind, Out, Reduce, Scalar, Value};

use super::iterators::Iter;
use super::scan::Effects;
use super::values::{Arr, Data, Leaf, Val, leaf_ranks, leaf_types};
use super::{Lower, SILENT};
use crate::ast::{Bin, Expr, ExprKind, Method};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// A method of an iterator.
    pub(super) fn iterator_method(
        &mut self,
        e: &Expr,
        it: &Iter,
        m: &Method,
        args: Vec<Val>,
        want: Option<&Ty>,
    ) -> Res<Val> {
        // These take the iterator by `&mut`: a variable would go on from where they stopped.
        let advances = ["next", "nth", "all", "any", "position", "find", "by_ref", "next_back", "try_fold"];
        if advances.contains(&m.name.as_str()) && matches!(m.receiver.kind, ExprKind::Path(_)) {
            return self.fail(m.name_at, messages::advanced(&m.name));
        }
        if let Some(result) = self.adapter(it, &m.name, &args, m.name_at) {
            return result;
        }
        if let Some(result) = self.deciding(e, it, m, &args) {
            return result.map(Val::Iter);
        }
        match (m.name.as_str(), &args[..]) {
            ("sum", []) => self.reduced(e, it, Reduce::Sum),
            ("product", []) => self.reduced(e, it, Reduce::Product),
            ("count", []) => self.count(e, it),
            ("len", []) => self.count(e, it),
            ("all", [f]) => self.quantified(e, it, f, Reduce::All),
            ("any", [f]) => self.quantified(e, it, f, Reduce::Any),
            ("fold", [init, f]) => self.folded(e, it, init.clone(), f),
            ("for_each", [f]) => {
                let fx = Effects::of_expr(&m.args[0]).and(self.effects_of(f));
                self.each(e, it, None, &fx, |l, item| l.apply(f, vec![item], m.name_at).map(|_| Val::unit()))
            }
            ("collect", []) => self.collected(e, it, m.types.first().or(want)),
            ("min" | "max", []) => self.extreme(e, it, if m.name == "min" { "min" } else { "max" }),
            ("unzip", []) => self.unzipped(e, it),
            ("partition", [f]) => self.partitioned(e, it, f, m),
            _ => self.maybe_item(e, it, m, &args),
        }
    }

    fn length(&mut self, e: &Expr, it: &Iter) -> Res<Extent> {
        it.len.map_or_else(|| self.fail_at(e, messages::endless()), Ok)
    }

    /// A reduction of numbers. Dropped items count as the reduction of nothing.
    fn reduced(&mut self, e: &Expr, it: &Iter, reduce: Reduce) -> Res<Val> {
        let len = self.length(e, it)?;
        let mut ty = None;
        let neutral = if reduce == Reduce::Product { 1.0 } else { 0.0 };
        let mut arrays = false;
        let folded = self.nest(&[len], &[Out::Fold(reduce)], |l, at| {
            let hole = Ty::Var(e.id * 4 + 3, crate::ty::Kind::Any);
            let known = l.types.resolve(&hole);
            let item = l.with_item(it, at[0], &[], |l, v| l.deref(v))?;
            match item {
                Val::Num(v, t) => {
                    l.types.unify(&hole, &t);
                    ty = Some(t);
                    Ok(vec![v])
                }
                Val::Never => {
                    ty = Some(known.clone());
                    Ok(vec![l.number(&known, neutral)])
                }
                Val::Arr(_) => {
                    arrays = true;
                    Err(SILENT)
                }
                other => l.fail_at(e, messages::not_a_number(&other.show())),
            }
        });
        if arrays && reduce == Reduce::Sum {
            return self.sum_of_arrays(e, it);
        }
        let folded = folded?;
        Ok(Val::Num(folded[0], ty.unwrap_or_else(|| Lower::hole(e.id * 4 + 3))))
    }

    /// The sum of vectors or matrices: a loop that adds to zeros of the first one's shape.
    fn sum_of_arrays(&mut self, e: &Expr, it: &Iter) -> Res<Val> {
        let mark = self.b.values.len() as u32;
        let (ty, shapes) = self.look_at_item(e, it)?;
        let inner = |x: &Extent| matches!(x, Extent::Value(v) if v.0 >= mark);
        if !matches!(ty, Ty::Matrix(..)) || shapes.iter().flatten().any(inner) {
            return self.fail_at(e, messages::sum_of_arrays());
        }
        let s = ty.elem().and_then(Ty::scalar).ok_or(SILENT)?;
        let zeros: Vec<Value> = shapes.iter().map(|shape| self.zeros(s, shape)).collect();
        let zeros = self.rebuild(&ty, &mut zeros.into_iter());
        let acc = self.hidden("sum", zeros);
        self.each_with(e, it, &[acc], &Effects::default(), |l, item| {
            let (old, item) = (l.vars[acc].val.clone(), l.deref(item)?);
            let new = l.binary(Bin::Add, old, item)?;
            let target = super::assign::Target { var: acc, path: Vec::new() };
            l.write(&target, new)?;
            Ok(Val::unit())
        })?;
        Ok(self.vars[acc].val.clone())
    }

    /// What the items are and their shapes, from code that is thrown away.
    fn look_at_item(&mut self, e: &Expr, it: &Iter) -> Res<(Ty, Vec<Vec<Extent>>)> {
        self.b.open();
        let k = self.b.values.add(Scalar::I64.into(), "");
        let vars = self.vars.clone();
        let item = (it.item.clone())(self, k).and_then(|v| self.deref(v));
        let shapes = item.as_ref().map_or(Err(SILENT), |v| self.flatten(&v.clone()));
        let shapes = shapes.map(|vs| vs.iter().map(|&v| self.b.values.ty(v).shape().to_vec()).collect());
        self.vars = vars;
        let _ = self.b.close(Vec::new(), Vec::new());
        let item = item?;
        match self.type_of(&item) {
            Some(ty) => Ok((ty, shapes?)),
            None => self.fail_at(e, messages::not_data(&item.show())),
        }
    }

    /// How many items there are.
    pub(super) fn count(&mut self, e: &Expr, it: &Iter) -> Res<Val> {
        let len = self.length(e, it)?;
        if it.stages.is_empty() {
            let (n, zero) = (self.extent_value(len), self.int(0));
            let is_size = self.sizes.find(len).is_some();
            let n = if is_size { n } else { self.op("max", &[n, zero])? };
            return Ok(Val::Num(n, Ty::USIZE));
        }
        let n = self.nest(&[len], &[Out::Fold(Reduce::Sum)], |l, at| {
            let kept = l.with_item(it, at[0], &[], |l, _| {
                let one = l.int(1);
                Ok(Val::Num(one, Ty::USIZE))
            })?;
            let v = l.or_number(kept, 0.0)?;
            Ok(vec![v])
        })?;
        Ok(Val::Num(n[0], Ty::USIZE))
    }

    fn or_number(&mut self, v: Val, default: f64) -> Res<Value> {
        match v {
            Val::Num(v, _) => Ok(v),
            Val::Never => Ok(self.number(&Ty::USIZE, default)),
            _ => Err(SILENT),
        }
    }

    fn quantified(&mut self, e: &Expr, it: &Iter, f: &Val, reduce: Reduce) -> Res<Val> {
        let len = self.length(e, it)?;
        let v = self.nest(&[len], &[Out::Fold(reduce)], |l, at| {
            let item = (it.item.clone())(l, at[0])?;
            if !it.stages.is_empty() {
                return l.fail_at(e, messages::after_filter(reduce.name()));
            }
            match l.apply(f, vec![item], e.place)? {
                Val::Num(v, _) => Ok(vec![v]),
                other => l.fail_at(e, messages::not_a_condition(&other.show())),
            }
        })?;
        Ok(Val::Num(v[0], Ty::Bool))
    }

    /// `fold`: a loop that carries the accumulator.
    fn folded(&mut self, e: &Expr, it: &Iter, init: Val, f: &Val) -> Res<Val> {
        let acc = self.hidden("acc", init);
        let fx = self.effects_of(f);
        self.each_with(e, it, &[acc], &fx, |l, item| {
            let old = l.vars[acc].val.clone();
            let new = l.apply(f, vec![old, item], e.place)?;
            let target = super::assign::Target { var: acc, path: Vec::new() };
            l.write(&target, new)?;
            Ok(Val::unit())
        })?;
        Ok(self.vars[acc].val.clone())
    }

    /// The largest or smallest of integers.
    fn extreme(&mut self, e: &Expr, it: &Iter, op: &str) -> Res<Val> {
        let first = (it.item.clone(), it.len);
        let Some(len) = first.1 else { return self.fail_at(e, messages::endless()) };
        if !it.stages.is_empty() {
            return self.fail_at(e, messages::after_filter(op));
        }
        let mut ty = Ty::USIZE;
        let reduce = if op == "min" { Reduce::Min } else { Reduce::Max };
        let v = self.nest(&[len], &[Out::Fold(reduce)], |l, at| match (first.0.clone())(l, at[0])? {
            Val::Num(v, t) => {
                ty = t;
                Ok(vec![v])
            }
            other => l.fail_at(e, messages::not_a_number(&other.show())),
        })?;
        let there = self.not_empty(len)?;
        Ok(Val::Maybe(there, Box::new(Val::Num(v[0], ty))))
    }

    /// As `each`, for a body that changes hidden variables too.
    pub(super) fn each_with(
        &mut self,
        e: &Expr,
        it: &Iter,
        hidden: &[usize],
        fx: &Effects,
        body: impl FnOnce(&mut Self, Val) -> Res<Val>,
    ) -> Res<Val> {
        let names: Vec<(String, usize)> = hidden.iter().map(|&id| (format!("\u{0}{id}"), id)).collect();
        let depth = self.scope.len();
        self.scope.extend(names.iter().cloned());
        let fx = Effects::default().and_names(names.into_iter().map(|(n, _)| n)).and_ref(fx);
        let result = self.each(e, it, None, &fx, body);
        self.scope.truncate(depth);
        result
    }

    /// `collect()` and `to_vec()`.
    pub(super) fn collected(&mut self, e: &Expr, it: &Iter, want: Option<&Ty>) -> Res<Val> {
        let len = self.length(e, it)?;
        if !it.stages.is_empty() {
            return self.collected_filtered(e, it);
        }
        let len = self.non_negative(len)?;
        let mut elem = Ty::UNIT;
        let probe = self.nest_of_items(e, it, len, &mut elem)?;
        let ty = match want.map(|t| self.types.resolve(t)) {
            Some(Ty::Matrix(t, r, c)) if elem.scalar().is_some() => {
                self.unify_or_fail(&elem, &t)?;
                Ty::Matrix(t, r, c)
            }
            Some(Ty::Vec(t)) => {
                self.unify_or_fail(&elem, &t)?;
                Ty::Vec(t)
            }
            _ => Ty::Vec(Box::new(elem)),
        };
        Ok(Val::Arr(Arr { ty, leaves: probe }))
    }

    /// A length as it counts: not below zero.
    fn non_negative(&mut self, len: Extent) -> Res<Extent> {
        if matches!(len, Extent::Const(n) if n >= 0) || self.sizes.find(len).is_some() {
            return Ok(len);
        }
        let (n, zero) = (self.extent_value(len), self.int(0));
        let n = self.op("max", &[n, zero])?;
        Ok(self.extent_of(n))
    }

    /// The leaves of the list of all items. Items that are arrays must have a shape known at compile time.
    fn nest_of_items(&mut self, e: &Expr, it: &Iter, len: Extent, elem: &mut Ty) -> Res<Vec<Leaf>> {
        let (ty, shapes) = self.look_at_item(e, it)?;
        *elem = ty.clone();
        let types = leaf_types(&ty);
        if leaf_ranks(&ty).iter().all(|&r| r == 0) {
            let outs = vec![Out::Build; types.len()];
            let vs = self.nest(&[len], &outs, |l, at| {
                let v = (it.item.clone())(l, at[0])?;
                l.flatten(&v)
            })?;
            let leaf = |(v, elem): (Value, Ty)| Leaf {
                shape: vec![len],
                elem,
                data: Data::Stored(v),
                narrow: false,
            };
            return Ok(vs.into_iter().zip(types).map(leaf).collect());
        }
        let mut leaves = Vec::new();
        for (k, (elem, shape)) in types.into_iter().zip(shapes).enumerate() {
            if shape.iter().any(|x| !matches!(x, Extent::Const(_))) {
                return self.fail_at(e, messages::ragged(&Ty::Vec(Box::new(ty)).show()));
            }
            let whole: Vec<Extent> = std::iter::once(len).chain(shape).collect();
            leaves.push(self.built(&whole, &elem, |l, at| {
                let v = (it.item.clone())(l, at[0])?;
                let v = l.flatten(&v)?[k];
                if at.len() == 1 { Ok(v) } else { l.push1(Kind::Index { array: v, at: at[1..].to_vec() }) }
            })?);
        }
        Ok(leaves)
    }

    /// A filtered iterator into a `Vec`: first count, then write each item to the next free position.
    fn collected_filtered(&mut self, e: &Expr, it: &Iter) -> Res<Val> {
        let Val::Num(n, _) = self.count(e, it)? else { return Err(SILENT) };
        let count = self.extent_of(n);
        let hole = Ty::Var(e.id * 4 + 3, crate::ty::Kind::Any);
        let elem = self.types.resolve(&hole);
        let s = elem.scalar().unwrap_or(Scalar::F64);
        let zeros = self.b.zeros(s, &[count]);
        let ty = Ty::Vec(Box::new(hole.clone()));
        let start = self.rebuild(&ty, &mut std::iter::once(zeros));
        let out = self.hidden("kept", start);
        let zero = self.int(0);
        let next = self.hidden("next", Val::Num(zero, Ty::USIZE));
        self.each_with(e, it, &[out, next], &Effects::default(), |l, item| {
            let item = l.deref(item)?;
            let Val::Num(v, t) = item else { return l.fail_at(e, messages::not_a_number(&item.show())) };
            l.types.unify(&hole, &t);
            let Val::Num(k, _) = l.vars[next].val else { return Err(SILENT) };
            let target = super::assign::Target { var: out, path: Vec::new() }.at(vec![k]);
            l.write(&target, Val::Num(v, t))?;
            let one = l.int(1);
            let k = l.op("add", &[k, one])?;
            l.vars[next].val = Val::Num(k, Ty::USIZE);
            Ok(Val::unit())
        })?;
        Ok(self.vars[out].val.clone())
    }
}
