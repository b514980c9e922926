//! Leaving early: `break`, `continue`, `return`. Control flow becomes truth values: a statement that may leave sets
//! flags, and what follows it runs only if they are not set. Where a branch of an `if` certainly leaves, what follows
//! the `if` simply moves into the other branch.

use pullback_kernels::ir::{Lit, Value};

use super::Lower;
use super::scan::{Effects, diverges, expr_diverges};
use super::values::{Val, VarId};
use crate::ast::{Block, Expr, ExprKind, If, Pat, PatKind, Stmt};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

/// A loop or labelled block that is being lowered.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) label: Option<String>,
    pub(super) is_loop: bool,
    /// Flag: the rest of this iteration is skipped.
    pub(super) skip: VarId,
    /// Flag: no more iterations.
    pub(super) broke: Option<VarId>,
    /// The value of `break value`.
    pub(super) value: Option<VarId>,
}

impl Lower<'_> {
    /// A truth value that is false for now.
    pub(super) fn flag(&mut self, name: &str) -> VarId {
        let v = self.b.lit(Lit::Bool(false));
        self.hidden(name, Val::Num(v, Ty::Bool))
    }

    pub(super) fn set_flag(&mut self, id: VarId) {
        let v = self.b.lit(Lit::Bool(true));
        self.vars[id].val = Val::Num(v, Ty::Bool);
    }

    pub(super) fn flag_value(&mut self, id: VarId) -> Value {
        match self.vars[id].val {
            Val::Num(v, _) => v,
            _ => self.b.lit(Lit::Bool(false)),
        }
    }

    /// The function's body: every path ends with the function's result.
    pub(super) fn function_block(&mut self, b: &Block) -> Res<Val> {
        let ret = self.ret.clone();
        if Effects::of_block(b).returns() {
            self.ret_flag = Some(self.flag("returned"));
            let zero = self.zero_of(&ret).unwrap_or(Val::Missing);
            self.ret_value = Some(self.hidden("result", zero));
        }
        self.stmts(&b.stmts, b.tail.as_deref(), Some(&ret), true)
    }

    /// An expression whose value is the function's.
    pub(super) fn tail_expr(&mut self, e: &Expr, want: Option<&Ty>) -> Res<Val> {
        match &e.kind {
            ExprKind::If(i) => self.if_(i, e, want, true),
            ExprKind::Match(v, arms) => self.match_(e, v, arms, want, true),
            ExprKind::Block(None, b) => self.stmts(&b.stmts, b.tail.as_deref(), want, true),
            ExprKind::Return(Some(v)) => self.tail_expr(v, want),
            ExprKind::Return(None) => Ok(Val::unit()),
            _ => {
                let returns = Effects::of_expr(e).returns();
                let v = self.expr(e, want)?;
                if returns { self.returned_or(|_| Ok(v), &[]) } else { Ok(v) }
            }
        }
    }

    /// The value that was returned if the flag says so, otherwise what `rest` gives.
    fn returned_or(&mut self, rest: impl FnOnce(&mut Self) -> Res<Val>, changed: &[VarId]) -> Res<Val> {
        let (Some(flag), Some(value)) = (self.ret_flag, self.ret_value) else { return rest(self) };
        let cond = self.flag_value(flag);
        if self.ret != Ty::UNIT && matches!(self.vars[value].val, Val::Missing) {
            return self.fail(self.here, messages::return_in_loop());
        }
        self.ending = true;
        self.branch(cond, changed, |l| Ok(l.vars[value].val.clone()), rest)
    }

    /// Statements after one that may leave. `None`: the statement is nothing special.
    pub(super) fn divert(
        &mut self,
        s: &Stmt,
        rest: &[Stmt],
        tail: Option<&Expr>,
        want: Option<&Ty>,
        is_tail: bool,
    ) -> Option<Res<Val>> {
        let fx = Effects::of_stmt(s);
        if !fx.exits() {
            return None;
        }
        if let Stmt::Expr(e) = s {
            if is_tail && let ExprKind::Return(v) = &e.kind {
                return Some(match v {
                    Some(v) => self.tail_expr(v, want),
                    None => Ok(Val::unit()),
                });
            }
            if expr_diverges(e) && !matches!(e.kind, ExprKind::If(_)) {
                return None;
            }
            if let ExprKind::If(i) = &e.kind
                && (diverges(&i.then) || i.els.as_ref().is_some_and(expr_diverges))
            {
                return Some(self.moved_rest(e, i, rest, tail, want, is_tail));
            }
        }
        Some(self.guarded_rest(s, &fx, rest, tail, want, is_tail))
    }

    /// `if c { ..leaves } else { e } rest` is `if c { ..leaves } else { e; rest }`.
    fn moved_rest(
        &mut self,
        e: &Expr,
        i: &If,
        rest: &[Stmt],
        tail: Option<&Expr>,
        want: Option<&Ty>,
        is_tail: bool,
    ) -> Res<Val> {
        if !is_tail {
            let fx = Effects::of_expr(e).and(Effects::of_stmts(rest, tail));
            return self.with_growth(&fx, None, &mut |l| l.moved(e, i, rest, tail, want, false));
        }
        self.moved(e, i, rest, tail, want, true)
    }

    fn moved(
        &mut self,
        e: &Expr,
        i: &If,
        rest: &[Stmt],
        tail: Option<&Expr>,
        want: Option<&Ty>,
        is_tail: bool,
    ) -> Res<Val> {
        let depth = self.scope.len();
        let cond = self.condition(&i.cond)?;
        self.locate(e.place);
        let fx = Effects::of_expr(e).and(Effects::of_stmts(rest, tail));
        let changed = self.changed_by(&fx);
        let then_leaves = diverges(&i.then);
        let els_leaves = i.els.as_ref().is_some_and(expr_diverges);
        let after = |l: &mut Self, leaves: bool, first: Res<Val>| match first {
            Err(e) => Err(e),
            Ok(v) if leaves => Ok(v),
            Ok(Val::Never) => Ok(Val::Never),
            Ok(_) => {
                l.scope.truncate(depth);
                l.stmts(rest, tail, want, is_tail)
            }
        };
        self.ending = is_tail;
        self.branch(
            cond,
            &changed,
            |l| {
                let first = l.stmts(
                    &i.then.stmts,
                    i.then.tail.as_deref(),
                    want.filter(|_| then_leaves),
                    is_tail && then_leaves,
                );
                after(l, then_leaves, first)
            },
            |l| {
                l.scope.truncate(depth);
                let first = match &i.els {
                    None => Ok(Val::unit()),
                    Some(e) if els_leaves && is_tail => l.tail_expr(e, want),
                    Some(e) => l.expr(e, None),
                };
                after(l, els_leaves, first)
            },
        )
    }

    /// `let pattern = value else { ..leaves }; rest` is `if let pattern = value { rest } else { ..leaves }`.
    pub(super) fn let_else(
        &mut self,
        (pat, ty, value, els): (&Pat, &Option<Ty>, &Expr, &Block),
        rest: &[Stmt],
        tail: Option<&Expr>,
        want: Option<&Ty>,
        is_tail: bool,
    ) -> Res<Val> {
        let depth = self.scope.len();
        let v = match (self.expr(value, None)?, &pat.kind, only(els)) {
            (Val::Fallible(v), PatKind::Some(p), Some(ExprKind::Panic(_))) => {
                self.bind(p, *v)?;
                return self.stmts(rest, tail, want, is_tail);
            }
            (v, ..) => self.tried(v, value)?,
        };
        let v = ty.as_ref().map_or(Ok(v.clone()), |t| self.expect_type(v, t, pat.place))?;
        let cond = self.matches(pat, &v)?;
        self.locate(pat.place);
        let fx = Effects::of_block(els).and(Effects::of_stmts(rest, tail));
        let changed = self.changed_by(&fx);
        self.ending = is_tail;
        self.branch(
            cond,
            &changed,
            |l| l.stmts(rest, tail, want, is_tail),
            |l| {
                l.scope.truncate(depth);
                l.stmts(&els.stmts, els.tail.as_deref(), want.filter(|_| is_tail), is_tail)
            },
        )
    }

    /// The statement, then the rest if no flag was set.
    fn guarded_rest(
        &mut self,
        s: &Stmt,
        fx: &Effects,
        rest: &[Stmt],
        tail: Option<&Expr>,
        want: Option<&Ty>,
        is_tail: bool,
    ) -> Res<Val> {
        let v = self.stmt(s)?;
        let flag = match self.loops.last() {
            Some(frame) => Some(frame.skip),
            None => self.ret_flag.filter(|_| fx.returns()),
        };
        let changed = self.changed_by(&Effects::of_stmts(rest, tail));
        if is_tail && self.loops.is_empty() && fx.returns() {
            if matches!(v, Val::Never) {
                return self.returned_or(|_| Ok(Val::Never), &[]);
            }
            return self.returned_or(|l| l.stmts(rest, tail, want, true), &changed);
        }
        if matches!(v, Val::Never) {
            return Ok(Val::Never);
        }
        if rest.is_empty() && tail.is_none() {
            return Ok(Val::unit());
        }
        let Some(flag) = flag else { return self.stmts(rest, tail, want, is_tail) };
        let cond = self.flag_value(flag);
        self.with_growth(&Effects::of_stmts(rest, tail), None, &mut |l| {
            l.branch(cond, &changed, |_| Ok(Val::Never), |l| l.stmts(rest, tail, want, is_tail))
        })
    }

    /// The frame that a label names.
    fn frame(&mut self, e: &Expr, label: Option<&str>) -> Res<usize> {
        let found = match label {
            None => self.loops.iter().rposition(|f| f.is_loop),
            Some(_) => self.loops.iter().rposition(|f| f.label.as_deref() == label),
        };
        match found {
            Some(k) => Ok(k),
            None => self.fail_at(e, messages::no_loop(label)),
        }
    }

    /// Sets the flags of all frames inside the k-th, so that control gets there.
    fn leave_to(&mut self, k: usize) {
        let inner: Vec<Frame> = self.loops[k + 1..].to_vec();
        for frame in inner {
            self.set_flag(frame.skip);
            if let Some(b) = frame.broke {
                self.set_flag(b);
            }
        }
    }

    /// `break`.
    pub(super) fn break_(&mut self, e: &Expr, label: Option<&str>, value: Option<&Expr>) -> Res<Val> {
        let k = self.frame(e, label)?;
        if let Some(v) = value {
            let v = self.value(v)?;
            let v = self.settle(v)?;
            match self.loops[k].value {
                Some(id) => {
                    let target = super::assign::Target { var: id, path: Vec::new() };
                    self.write(&target, v)?;
                }
                None => return self.fail_at(e, messages::break_value()),
            }
        }
        self.leave_to(k);
        let frame = self.loops[k].clone();
        self.set_flag(frame.skip);
        if let Some(b) = frame.broke {
            self.set_flag(b);
        }
        Ok(Val::Never)
    }

    /// `continue`.
    pub(super) fn continue_(&mut self, e: &Expr, label: Option<&str>) -> Res<Val> {
        let k = self.frame(e, label)?;
        self.leave_to(k);
        self.set_flag(self.loops[k].skip);
        Ok(Val::Never)
    }

    /// `return` where it is not simply the function's value.
    pub(super) fn return_(&mut self, e: &Expr, value: Option<&Expr>) -> Res<Val> {
        if self.closures > 0 {
            return self.fail_at(e, messages::return_in_closure());
        }
        let ret = self.ret.clone();
        let v = match value {
            Some(v) => self.expr(v, Some(&ret))?,
            None => Val::unit(),
        };
        let v = self.expect_type(v, &ret, e.place)?;
        let v = self.settle(v)?;
        let (Some(flag), Some(slot)) = (self.ret_flag, self.ret_value) else {
            return self.fail_at(e, messages::return_in_loop());
        };
        if matches!(self.vars[slot].val, Val::Missing) && self.ret != Ty::UNIT {
            return self.fail_at(e, messages::return_in_loop());
        }
        self.vars[slot].val = v;
        self.set_flag(flag);
        for frame in self.loops.clone() {
            self.set_flag(frame.skip);
            if let Some(b) = frame.broke {
                self.set_flag(b);
            }
        }
        Ok(Val::Never)
    }

    /// `'label: { .. }` and plain blocks.
    pub(super) fn labelled(
        &mut self,
        e: &Expr,
        label: Option<&str>,
        b: &Block,
        want: Option<&Ty>,
    ) -> Res<Val> {
        let Some(label) = label else { return self.block_value(b, want) };
        let skip = self.flag("skip");
        let ty = Ty::Var(e.id * 4 + 1, crate::ty::Kind::Any);
        let ty = self.types.resolve(&ty);
        let zero = self.zero_of(&ty);
        let value = zero.map(|z| self.hidden("value", z));
        self.loops.push(Frame { label: Some(label.to_string()), is_loop: false, skip, broke: None, value });
        let v = self.block_value(b, want);
        self.loops.pop();
        let v = v?;
        let Some(slot) = value else { return self.fail_at(e, messages::break_value()) };
        let cond = self.flag_value(skip);
        if matches!(&v, Val::Tuple(vs) if vs.is_empty()) {
            return Ok(Val::unit());
        }
        if let Some(have) = self.type_of(&v) {
            self.unify_or_fail(&have, &ty)?;
        }
        self.branch(cond, &[], |l| Ok(l.vars[slot].val.clone()), |_| Ok(v))
    }
}

/// The only expression of a block.
fn only(b: &Block) -> Option<&ExprKind> {
    match (&b.stmts[..], &b.tail) {
        ([Stmt::Expr(e)], None) => Some(&e.kind),
        ([], Some(e)) => Some(&e.kind),
        _ => None,
    }
}
