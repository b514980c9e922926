//! Loops: variables that the body assigns to are carried from one iteration to the next.

use pullback_kernels::ir::{Extent, Kind, Lit, Scalar, Ty as IrTy, Value};

use super::exits::Frame;
use super::iterators::Iter;
use super::scan::Effects;
use super::values::{Val, VarId, same};
use super::{Lower, SILENT};
use crate::ast::{Block, Expr, For};
use crate::errors::Res;
use crate::messages;
use crate::ty::{Kind as Hole, Ty};

/// Variables that a loop carries, with their types.
struct Carried {
    ids: Vec<VarId>,
    tys: Vec<Ty>,
    init: Vec<Value>,
}

impl Lower<'_> {
    /// `for pat in iter { body }`.
    pub(super) fn for_(&mut self, e: &Expr, f: &For) -> Res<Val> {
        let iter = self.expr(&f.iter, None)?;
        let iter = self.iterate(iter, f.iter.place)?;
        if f.drains.is_some() && breaks_here(&f.body, f.label.as_deref()) {
            return self.fail_at(&f.iter, messages::advanced("next"));
        }
        // What the loop as a whole assigns to: `for e in &mut v` writes to `v`.
        let fx = Effects::of_block(&f.body).and_assigned_by(e);
        self.each(e, &iter, f.label.clone(), &fx, |l, item| {
            l.bind(&f.pat, item)?;
            l.block_value(&f.body, None)
        })?;
        if let Some(id) = f.drains.as_deref().and_then(|n| self.lookup(n)) {
            let zero = self.int(0);
            self.vars[id].val = Val::Range(Some(zero), Some(zero), Ty::USIZE);
        }
        Ok(Val::unit())
    }

    /// Runs a body for each item, in order.
    pub(super) fn each(
        &mut self,
        e: &Expr,
        iter: &Iter,
        label: Option<String>,
        fx: &Effects,
        body: impl FnOnce(&mut Self, Val) -> Res<Val>,
    ) -> Res<Val> {
        let Some(trip) = iter.len else { return self.fail_at(e, messages::endless()) };
        let skip = self.flag("skip");
        let broke = self.flag("broke");
        self.loops.push(Frame { label, is_loop: true, skip, broke: Some(broke), value: None });
        let changed = self.changed_by(fx);
        let leaves = changed.contains(&broke);
        let done = if leaves {
            self.counted_while(trip, iter, &changed, (skip, broke), body)
        } else {
            self.counted_for(trip, iter, &changed, skip, body)
        };
        self.loops.pop();
        done.map(|()| Val::unit())
    }

    fn counted_for(
        &mut self,
        trip: Extent,
        iter: &Iter,
        changed: &[VarId],
        skip: VarId,
        body: impl FnOnce(&mut Self, Val) -> Res<Val>,
    ) -> Res<()> {
        let ids: Vec<VarId> = changed.iter().copied().filter(|&id| id != skip).collect();
        let carried = self.carry(&ids)?;
        let k = self.b.values.add(Scalar::I64.into(), "");
        let mut params = vec![k];
        let body = self.loop_body(&carried, &mut params, |l| {
            l.lower_flag(skip);
            l.with_item(iter, k, changed, |l, item| body(l, item))
        })?;
        let results = self.push(Kind::For { trip, rev: false, init: carried.init.clone(), body })?;
        self.after_loop(&carried, results);
        Ok(())
    }

    fn counted_while(
        &mut self,
        trip: Extent,
        iter: &Iter,
        changed: &[VarId],
        (skip, broke): (VarId, VarId),
        body: impl FnOnce(&mut Self, Val) -> Res<Val>,
    ) -> Res<()> {
        let zero = self.int(0);
        let counter = self.hidden("k", Val::Num(zero, Ty::USIZE));
        let ids: Vec<VarId> = changed.iter().copied().filter(|&id| id != skip).chain([counter]).collect();
        let end = self.extent_value(trip);
        self.repeat_while(
            &ids,
            |l| {
                let Val::Num(k, _) = l.vars[counter].val else { return Err(SILENT) };
                let more = l.op("lt", &[k, end])?;
                let broke = l.flag_value(broke);
                let going = l.op("not", &[broke])?;
                l.op("and", &[more, going])
            },
            |l| {
                l.lower_flag(skip);
                let Val::Num(k, _) = l.vars[counter].val else { return Err(SILENT) };
                let one = l.int(1);
                let next = l.op("add", &[k, one])?;
                l.vars[counter].val = Val::Num(next, Ty::USIZE);
                l.with_item(iter, k, changed, |l, item| body(l, item))
            },
        )
    }

    /// `while cond { body }` and `loop { body }`.
    pub(super) fn while_(
        &mut self,
        e: &Expr,
        label: Option<&str>,
        cond: Option<&Expr>,
        body: &Block,
    ) -> Res<Val> {
        let skip = self.flag("skip");
        let broke = self.flag("broke");
        let ty = self.types.resolve(&Ty::Var(e.id * 4 + 1, Hole::Any));
        let breaks_with_value = cond.is_none() && has_break_value(body, label);
        let value = match self.zero_of(&ty) {
            Some(z) if breaks_with_value => Some(self.hidden("value", z)),
            None if breaks_with_value => return self.fail_at(e, messages::break_array()),
            _ => None,
        };
        self.loops.push(Frame {
            label: label.map(str::to_string),
            is_loop: true,
            skip,
            broke: Some(broke),
            value,
        });
        let mut fx = Effects::of_block(body);
        if let Some(c) = cond {
            fx = fx.and(Effects::of_expr(c));
        }
        let ids: Vec<VarId> = self.changed_by(&fx).into_iter().filter(|&id| id != skip).collect();
        let leaves = ids.contains(&broke);
        if cond.is_none() && !leaves {
            self.loops.pop();
            return self.fail_at(e, messages::endless());
        }
        let done = self.repeat_while(
            &ids,
            |l| {
                let broke = l.flag_value(broke);
                match cond {
                    Some(c) if leaves => {
                        let c = c.clone();
                        l.select_lazily(broke, |l| Ok(l.b.lit(Lit::Bool(false))), |l| l.truth(&c))
                    }
                    Some(c) => l.truth(c),
                    None => l.op("not", &[broke]),
                }
            },
            |l| {
                l.lower_flag(skip);
                l.block_value(body, None)
            },
        );
        self.loops.pop();
        done?;
        match value {
            Some(id) => Ok(self.vars[id].val.clone()),
            None if cond.is_none() && !breaks_here(body, label) => Ok(Val::Never),
            None => Ok(Val::unit()),
        }
    }

    fn lower_flag(&mut self, id: VarId) {
        let v = self.b.lit(Lit::Bool(false));
        self.vars[id].val = Val::Num(v, Ty::Bool);
    }

    /// A loop with a condition over carried variables.
    fn repeat_while(
        &mut self,
        ids: &[VarId],
        cond: impl FnOnce(&mut Self) -> Res<Value>,
        body: impl FnOnce(&mut Self) -> Res<Val>,
    ) -> Res<()> {
        let carried = self.carry(ids)?;
        let before = self.vars.clone();
        let params = self.parameters(&carried);
        self.set_vars(&carried, &params);
        self.conditional += 1;
        let cond = self.block(params, |l| Ok(vec![cond(l)?]));
        self.conditional -= 1;
        self.vars = before;
        let cond = cond?;
        let mut params = Vec::new();
        let body = self.loop_body(&carried, &mut params, body)?;
        let results = self.push(Kind::While { init: carried.init.clone(), cond, body })?;
        self.after_loop(&carried, results);
        Ok(())
    }

    /// What a loop carries: the variables that hold numbers.
    fn carry(&mut self, ids: &[VarId]) -> Res<Carried> {
        let mut carried = Carried { ids: Vec::new(), tys: Vec::new(), init: Vec::new() };
        for &id in ids {
            if let Val::Maybe(_, v) = &self.vars[id].val
                && matches!(**v, Val::Never)
            {
                return self.fail(self.here, messages::option_shape());
            }
            let Some(ty) = self.type_of(&self.vars[id].val) else { continue };
            let val = self.settle(self.vars[id].val.clone())?;
            carried.init.extend(self.flatten(&val)?);
            self.vars[id].val = val;
            carried.ids.push(id);
            carried.tys.push(ty);
        }
        Ok(carried)
    }

    fn parameters(&mut self, c: &Carried) -> Vec<Value> {
        let names: Vec<String> = c
            .ids
            .iter()
            .zip(&c.tys)
            .flat_map(|(&id, ty)| {
                std::iter::repeat_n(self.vars[id].name.clone(), super::values::leaf_types(ty).len())
            })
            .collect();
        let add = |(&v, name): (&Value, String)| {
            let ty = self.b.values.ty(v).clone();
            self.b.values.add(ty, &name)
        };
        c.init.iter().zip(names).map(add).collect()
    }

    fn set_vars(&mut self, c: &Carried, values: &[Value]) {
        let mut values = values.iter().copied();
        for (&id, ty) in c.ids.iter().zip(&c.tys) {
            self.vars[id].val = self.rebuild(ty, &mut values);
        }
    }

    fn after_loop(&mut self, c: &Carried, results: Vec<Value>) {
        self.set_vars(c, &results);
        for &id in &c.ids {
            let name = self.vars[id].name.clone();
            let val = self.vars[id].val.clone();
            self.named(val, &name);
        }
    }

    /// The body of a loop: parameters (after those given) and results are the carried values. Variables are restored.
    fn loop_body(
        &mut self,
        c: &Carried,
        params: &mut Vec<Value>,
        body: impl FnOnce(&mut Self) -> Res<Val>,
    ) -> Res<pullback_kernels::ir::Block> {
        let before = self.vars.clone();
        let depth = self.scope.len();
        let carried = self.parameters(c);
        params.extend(&carried);
        self.set_vars(c, &carried);
        let tys: Vec<IrTy> = c.init.iter().map(|&v| self.b.values.ty(v).clone()).collect();
        self.conditional += 1;
        let mut stray = None;
        let flags: Vec<VarId> = self.loops.iter().map(|f| f.skip).collect();
        let block = self.block(params.clone(), |l| {
            body(l)?;
            stray = before
                .iter()
                .zip(&l.vars)
                .enumerate()
                .find(|(id, (a, b))| {
                    !c.ids.contains(id)
                        && !matches!(a.val, Val::Missing)
                        && !same(&a.val, &b.val)
                        && !flags.contains(id)
                })
                .map(|(_, (a, _))| a.name.clone());
            l.carried_results(c, &tys)
        });
        self.conditional -= 1;
        self.scope.truncate(depth);
        self.vars = before;
        let block = block?;
        match stray {
            Some(name) => self.fail(self.here, messages::hidden_mutation(&name)),
            None => Ok(block),
        }
    }

    fn carried_results(&mut self, c: &Carried, tys: &[IrTy]) -> Res<Vec<Value>> {
        let mut results = Vec::new();
        let mut tys = tys;
        for (&id, ty) in c.ids.iter().zip(&c.tys) {
            let n = super::values::leaf_types(ty).len();
            let (now, rest) = tys.split_at(n);
            tys = rest;
            let val = self.vars[id].val.clone();
            let val = self.expect_type(val, ty, self.here)?;
            results.extend(self.fit_all(&val, now)?);
        }
        Ok(results)
    }
}

/// Whether a body breaks out of the loop that it is the body of.
fn breaks_here(body: &Block, label: Option<&str>) -> bool {
    Found::in_block(body, label).any
}

fn has_break_value(body: &Block, label: Option<&str>) -> bool {
    Found::in_block(body, label).with_value
}

struct Found {
    any: bool,
    with_value: bool,
}

impl Found {
    fn in_block(body: &Block, label: Option<&str>) -> Found {
        let mut found = Found { any: false, with_value: false };
        found.block(body, label, false);
        found
    }

    fn block(&mut self, b: &Block, label: Option<&str>, nested: bool) {
        use crate::ast::Stmt;
        for s in &b.stmts {
            match s {
                Stmt::Let(_, _, init) => init.iter().for_each(|e| self.expr(e, label, nested)),
                Stmt::LetElse(_, _, init, b) => {
                    self.expr(init, label, nested);
                    self.block(b, label, nested);
                }
                Stmt::Expr(e) => self.expr(e, label, nested),
            }
        }
        b.tail.iter().for_each(|e| self.expr(e, label, nested));
    }

    fn expr(&mut self, e: &Expr, label: Option<&str>, nested: bool) {
        use crate::ast::ExprKind as K;
        let mut nested = nested;
        match &e.kind {
            K::Break(l, v) => {
                let here = if l.is_none() { !nested } else { l.as_deref() == label };
                self.any |= here;
                self.with_value |= here && v.is_some();
            }
            K::For(_) | K::While(..) => nested = true,
            K::Closure(_) => return,
            _ => {}
        }
        let (exprs, blocks) = crate::callees::parts(e);
        exprs.into_iter().for_each(|e| self.expr(e, label, nested));
        blocks.into_iter().for_each(|b| self.block(b, label, nested));
    }
}
