//! Branches.

use pullback_kernels::ir::{Block, Kind, Ty as IrTy, Value};

use super::scan::Effects;
use super::values::{Val, VarId, same};
use super::{Lower, SILENT, Var};
use crate::ast::{Expr, ExprKind, If};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

/// The type, and the IR types, of something that comes out of a branch.
type Slot = (Ty, Vec<IrTy>);

/// One side of a branch, lowered: its code, its value, and the variables that either side may change.
struct Side {
    block: Block,
    value: Val,
    vars: Vec<Val>,
}

impl Lower<'_> {
    /// `if`, as value or statement; in `tail` position of the function.
    pub(super) fn if_(&mut self, i: &If, e: &Expr, want: Option<&Ty>, tail: bool) -> Res<Val> {
        let depth = self.scope.len();
        let cond = self.condition(&i.cond);
        self.locate(e.place);
        let result = cond.and_then(|cond| self.if_on(cond, i, depth, want, tail));
        self.scope.truncate(depth);
        result
    }

    /// `if` after its condition, which may have bound names from `depth` on.
    fn if_on(&mut self, cond: Value, i: &If, depth: usize, want: Option<&Ty>, tail: bool) -> Res<Val> {
        let mut fx = Effects::of_block(&i.then);
        if let Some(els) = &i.els {
            fx = fx.and(Effects::of_expr(els));
        }
        let changed = self.changed_by(&fx);
        self.ending = tail;
        self.branch(
            cond,
            &changed,
            |l| l.stmts(&i.then.stmts, i.then.tail.as_deref(), want, tail),
            |l| {
                l.scope.truncate(depth);
                match &i.els {
                    None => Ok(Val::unit()),
                    Some(e) if tail => l.tail_expr(e, want),
                    Some(e) => l.expr(e, want),
                }
            },
        )
    }

    /// The condition of an `if`; its `let`s declare their names. What follows `&&` is evaluated only if it decides.
    pub(super) fn condition(&mut self, e: &Expr) -> Res<Value> {
        match &e.kind {
            ExprKind::Let(pat, value) => {
                let v = self.scrutinee(value)?;
                self.matches(pat, &v)
            }
            ExprKind::Bin(crate::ast::Bin::And, first, second) if e.has_let() => {
                let a = self.condition(first)?;
                let ExprKind::Let(pat, value) = &second.kind else {
                    let second = second.clone();
                    return self.select_lazily(
                        a,
                        |l| l.truth(&second),
                        |l| Ok(l.b.lit(pullback_kernels::ir::Lit::Bool(false))),
                    );
                };
                let changed = self.changed_by(&Effects::of_expr(value));
                let v = self.branch(a, &changed, |l| l.scrutinee(value), |_| Ok(Val::Never))?;
                let b = self.matches(pat, &v)?;
                self.op("and", &[a, b])
            }
            _ => self.truth(e),
        }
    }

    /// A branch of which both sides may change the given variables.
    pub(super) fn branch(
        &mut self,
        cond: Value,
        changed: &[VarId],
        then: impl FnOnce(&mut Self) -> Res<Val>,
        els: impl FnOnce(&mut Self) -> Res<Val>,
    ) -> Res<Val> {
        let mark = self.b.values.len() as u32;
        let before = self.vars.clone();
        let ending = std::mem::take(&mut self.ending);
        self.conditional += 1;
        let then = self.side(changed, &before, ending, then);
        let els = self.side(changed, &before, ending, els);
        self.conditional -= 1;
        let changed: Vec<VarId> =
            changed.iter().copied().filter(|id| !ending || self.filled.contains(id)).collect();
        let changed = &changed[..];
        let (mut then, mut els) = (then?, els?);
        let value = self.merged_type(&then.value, &els.value, None, mark)?;
        let mut slots = vec![];
        if let Some(m) = &value {
            slots.push(m.clone());
        }
        let merged = self.merged_vars(changed, &before, (&then, &els), mark)?;
        slots.extend(merged.iter().flatten().cloned());
        let parts = |s: &Side| {
            let mut vals: Vec<Val> = value.iter().map(|_| s.value.clone()).collect();
            vals.extend(s.vars.iter().zip(&merged).filter(|(_, m)| m.is_some()).map(|(v, _)| v.clone()));
            vals
        };
        let (a, b) = (parts(&then), parts(&els));
        self.seal(&mut then.block, &a, &slots)?;
        self.seal(&mut els.block, &b, &slots)?;
        let both_end = matches!((&then.value, &els.value), (Val::Never, Val::Never));
        let settled: Vec<Val> = then.vars.clone();
        let results = if slots.is_empty() && then.block.insts.is_empty() && els.block.insts.is_empty() {
            Vec::new()
        } else {
            self.push(Kind::If { cond, then: then.block, els: els.block })?
        };
        let mut results = results.into_iter();
        let value = match value {
            Some((ty, _)) => self.rebuild(&ty, &mut results),
            None if both_end => Val::Never,
            None => self.pass_through(then.value, els.value)?,
        };
        for ((&id, m), outer) in changed.iter().zip(merged).zip(settled) {
            let val = match m {
                Some((ty, _)) => self.rebuild(&ty, &mut results),
                None => outer,
            };
            let name = self.vars[id].name.clone();
            self.vars[id].val = self.named(val, &name);
        }
        Ok(value)
    }

    /// What comes out of a branch for each variable that either side may change.
    fn merged_vars(
        &mut self,
        changed: &[VarId],
        before: &[Var],
        (then, els): (&Side, &Side),
        mark: u32,
    ) -> Res<Vec<Option<Slot>>> {
        let mut merged = Vec::new();
        for (k, &id) in changed.iter().enumerate() {
            let m = match before.get(id).map(|v| &v.val) {
                _ if same(&then.vars[k], &els.vars[k]) && is_outer(&then.vars[k], mark) => None,
                Some(old) => self.merged_type(&then.vars[k], &els.vars[k], Some(old), mark)?,
                None => None,
            };
            if m.is_none()
                && !same(&then.vars[k], &els.vars[k])
                && self.type_of(&then.vars[k]) != Some(Ty::UNIT)
            {
                let shown = then.vars[k].show();
                return self.fail(self.here, messages::not_data(&shown));
            }
            merged.push(m);
        }
        Ok(merged)
    }

    /// The value of a branch that yields nothing at run time: both sides must agree on it, or one have none.
    fn pass_through(&mut self, a: Val, b: Val) -> Res<Val> {
        match (a, b) {
            (Val::Never, v) | (v, Val::Never) => Ok(v),
            (a, b) if same(&a, &b) || self.type_of(&a) == Some(Ty::UNIT) => Ok(a),
            (a, _) => self.fail(self.here, messages::not_data(&a.show())),
        }
    }

    fn side(
        &mut self,
        changed: &[VarId],
        before: &[Var],
        ending: bool,
        f: impl FnOnce(&mut Self) -> Res<Val>,
    ) -> Res<Side> {
        self.b.open();
        let depth = self.scope.len();
        if ending {
            // What was at home before the branch is now at home in it.
            let home = self.conditional;
            self.vars.iter_mut().filter(|v| v.home + 1 == home).for_each(|v| v.home = home);
        }
        let lowered = f(self).and_then(|v| {
            let value = self.settle(v)?;
            let kept: Vec<VarId> =
                changed.iter().copied().filter(|id| !ending || self.filled.contains(id)).collect();
            let vars =
                kept.iter().map(|&id| self.settle(self.vars[id].val.clone())).collect::<Res<Vec<_>>>()?;
            Ok((value, vars))
        });
        self.scope.truncate(depth);
        let block = self.b.close(Vec::new(), Vec::new());
        let stray = before
            .iter()
            .zip(&self.vars)
            .enumerate()
            .find(|(id, (a, b))| !changed.contains(id) && !same(&a.val, &b.val));
        let stray = stray.map(|(_, (a, _))| a.name.clone());
        self.vars = before.to_vec();
        let (value, vars) = lowered?;
        if let Some(name) = stray {
            return self.fail(self.here, messages::hidden_mutation(&name));
        }
        Ok(Side { block, value, vars })
    }

    /// The type, and the IR types, of what comes out of a branch; `None` if nothing needs to.
    fn merged_type(
        &mut self,
        a: &Val,
        b: &Val,
        old: Option<&Val>,
        mark: u32,
    ) -> Res<Option<(Ty, Vec<IrTy>)>> {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        let (ty, model) = match (ta, tb) {
            (Some(x), Some(y)) => match self.types.unify(&x, &y) {
                Some(t) => (t, if old.is_none() && !self.visible(a, mark)? { b } else { a }),
                None => return self.fail(self.here, messages::type_mismatch(&x.show(), &y.show())),
            },
            (Some(x), None) if absent(b) || hollow(b) => (x, a),
            (None, Some(y)) if absent(a) || hollow(a) => (y, b),
            _ => return Ok(None),
        };
        if ty == Ty::UNIT {
            return Ok(None);
        }
        let model = match old {
            Some(o) if self.type_of(o).is_some() => o,
            _ => model,
        };
        if !self.visible(model, mark)? {
            return self.fail(self.here, messages::branch_length());
        }
        let tys = self.flatten(model)?.into_iter().map(|v| self.b.values.ty(v).clone()).collect();
        Ok(Some((ty, tys)))
    }

    /// Whether the extents of a value exist outside the branch that began at the mark.
    fn visible(&mut self, v: &Val, mark: u32) -> Res<bool> {
        use pullback_kernels::ir::Extent;
        let inner = |e: &Extent| matches!(e, Extent::Value(v) if v.0 >= mark);
        Ok(!self.flatten(v)?.iter().any(|v| self.b.values.ty(*v).shape().iter().any(inner)))
    }

    /// Ends a side of a branch: its results, each of the type that both sides yield.
    fn seal(&mut self, block: &mut Block, vals: &[Val], slots: &[(Ty, Vec<IrTy>)]) -> Res<()> {
        self.b.open();
        std::mem::take(&mut block.insts).into_iter().for_each(|i| self.b.append(i));
        let mut results = Vec::new();
        let mut failed = None;
        for (v, (_, tys)) in vals.iter().zip(slots) {
            match self.fit_all(v, tys) {
                Ok(vs) => results.extend(vs),
                Err(e) => failed = Some(e),
            }
        }
        *block = self.b.close(Vec::new(), results);
        failed.map_or(Ok(()), Err)
    }

    pub(super) fn fit_all(&mut self, v: &Val, tys: &[IrTy]) -> Res<Vec<Value>> {
        if let (Val::Maybe(there, _), true, [_, payload @ ..]) = (v, hollow(v), tys) {
            return Ok([vec![*there], self.fit_all(&Val::Never, payload)?].concat());
        }
        if absent(v) {
            return Ok(tys
                .iter()
                .map(|t| self.zeros(t.elem().unwrap_or(pullback_kernels::ir::Scalar::F64), t.shape()))
                .collect());
        }
        let values = self.flatten(v)?;
        if values.len() != tys.len() {
            return Err(SILENT);
        }
        values.iter().try_for_each(|v| self.sure(*v))?;
        values.into_iter().zip(tys).map(|(v, t)| self.fit(v, t)).collect()
    }
}

/// No value comes from this side: control does not get to its end, or the variable has none yet.
fn absent(v: &Val) -> bool {
    matches!(v, Val::Never | Val::Missing)
}

/// A `None` of a type whose shape is not known.
fn hollow(v: &Val) -> bool {
    matches!(v, Val::Maybe(_, v) if absent(v))
}

fn is_outer(v: &Val, mark: u32) -> bool {
    match v {
        Val::Maybe(there, v) => there.0 < mark && is_outer(v, mark),
        Val::Growing(a, len, most) => len.0 < mark && most.0 < mark && is_outer(&Val::Arr(a.clone()), mark),
        Val::Num(v, _) => v.0 < mark,
        Val::Tuple(vs) | Val::Struct(_, vs) => vs.iter().all(|v| is_outer(v, mark)),
        Val::Arr(a) => {
            a.leaves.iter().all(|l| matches!(l.data, super::values::Data::Stored(v) if v.0 < mark))
        }
        _ => true,
    }
}
