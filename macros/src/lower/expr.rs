//! One expression: which file knows about it.

use pullback_kernels::ir::{Extent, Kind, Lit};

use super::values::Val;
use super::{Lower, SILENT};
use crate::ast::{Bin, Block, Expr, ExprKind, Stmt};
use crate::errors::Res;
use crate::messages;
use crate::ty::{Kind as Hole, Ty};

/// How deep lowering may recurse (closures applied in closures count as well).
const MAX_DEPTH: u32 = 160;

impl Lower<'_> {
    /// The value of an expression; a mutable reference counts as what it refers to.
    pub(super) fn value(&mut self, e: &Expr) -> Res<Val> {
        let v = self.expr(e, None)?;
        self.deref(v)
    }

    /// What a mutable reference refers to; anything else itself.
    pub(super) fn deref(&mut self, v: Val) -> Res<Val> {
        match v {
            Val::Mut(t) => self.read(&t),
            Val::Missing => Err(SILENT),
            v => Ok(v),
        }
    }

    /// The value of an expression. `want` is the type that an annotation gives it, which decides what `collect` makes.
    pub(super) fn expr(&mut self, e: &Expr, want: Option<&Ty>) -> Res<Val> {
        if self.depth >= MAX_DEPTH {
            return self.fail_at(e, messages::too_deep());
        }
        let outer = self.here;
        self.locate(e.place);
        self.depth += 1;
        let v = self.dispatch(e, want);
        self.depth -= 1;
        self.locate(outer);
        v
    }

    fn dispatch(&mut self, e: &Expr, want: Option<&Ty>) -> Res<Val> {
        match &e.kind {
            ExprKind::Float(digits, ty) => {
                let ty = ty.clone().unwrap_or(Ty::Var(e.id * 4, Hole::Float));
                Ok(self.float_literal(digits, &ty))
            }
            ExprKind::Int(n, ty) => {
                let ty = self.types.resolve(&ty.clone().unwrap_or(Ty::Var(e.id * 4, Hole::Int)));
                Ok(Val::Num(self.int(*n), ty))
            }
            ExprKind::Bool(b) => Ok(Val::Num(self.b.lit(Lit::Bool(*b)), Ty::Bool)),
            ExprKind::Str => Ok(Val::Text),
            ExprKind::Path(p) => self.path(e, p),
            ExprKind::Neg(a) => self.negate(a),
            ExprKind::Not(a) => self.not(a),
            ExprKind::Deref(a) => self.value(a),
            ExprKind::Ref(a) => self.expr(a, want),
            ExprKind::RefMut(a) => self.borrow_mut(a),
            ExprKind::Bin(Bin::And | Bin::Or, ..) => self.short_circuit(e),
            ExprKind::Bin(..) => self.chain(e),
            ExprKind::Assign(l, r) => self.assign(l, r),
            ExprKind::OpAssign(op, l, r) => self.op_assign(*op, l, r),
            ExprKind::Call(f, args) => self.call(e, f, args),
            ExprKind::Method(m) if m.args.iter().any(|a| matches!(a.kind, ExprKind::Closure(_))) => {
                let fx = m
                    .args
                    .iter()
                    .fold(super::scan::Effects::default(), |fx, a| fx.and(super::scan::Effects::of_expr(a)));
                self.with_growth(&fx, Some(e), &mut |l| l.method(e, m, want))
            }
            ExprKind::Method(m) => self.method(e, m, want),
            ExprKind::Closure(c) => Ok(self.closure(c)),
            ExprKind::Index(a, i) => self.index(a, i),
            ExprKind::Field(a, name) => self.field(e, a, name),
            ExprKind::Tuple(es) => self.tuple(es, want),
            ExprKind::Struct(s) => self.struct_literal(e, s),
            ExprKind::Cast(a, ty) => self.cast(a, ty),
            ExprKind::Range(r) => self.range(e, r),
            ExprKind::Array(list, es) => self.array_literal(e, *list, es),
            ExprKind::Repeat(list, elem, n) => self.repeat(e, *list, elem, n),
            ExprKind::Assert(cond, message) => self.assert(cond, message),
            ExprKind::Panic(message) => self.panic(message),
            ExprKind::Let(..) => self.fail_at(e, messages::let_condition()),
            ExprKind::Ignore => self.fail_at(e, messages::expression()),
            _ => self.control(e, want),
        }
    }

    fn control(&mut self, e: &Expr, want: Option<&Ty>) -> Res<Val> {
        let block = matches!(e.kind, ExprKind::Block(None, _));
        if !block && !matches!(e.kind, ExprKind::Break(..) | ExprKind::Continue(_) | ExprKind::Return(_)) {
            let fx = super::scan::Effects::of_expr(e);
            return self.with_growth(&fx, Some(e), &mut |l| l.control_flow(e, want));
        }
        self.control_flow(e, want)
    }

    fn control_flow(&mut self, e: &Expr, want: Option<&Ty>) -> Res<Val> {
        match &e.kind {
            ExprKind::If(i) => self.if_(i, e, want, false),
            ExprKind::Match(v, arms) => self.match_(e, v, arms, want, false),
            ExprKind::Block(label, b) => self.labelled(e, label.as_deref(), b, want),
            ExprKind::For(f) => self.for_(e, f),
            ExprKind::While(label, cond, body) => self.while_(e, label.as_deref(), cond.as_deref(), body),
            ExprKind::Break(label, v) => self.break_(e, label.as_deref(), v.as_deref()),
            ExprKind::Continue(label) => self.continue_(e, label.as_deref()),
            ExprKind::Return(v) => self.return_(e, v.as_deref()),
            _ => self.fail_at(e, messages::expression()),
        }
    }

    fn tuple(&mut self, es: &[Expr], want: Option<&Ty>) -> Res<Val> {
        let wants: Vec<Option<&Ty>> = match want {
            Some(Ty::Tuple(ts)) if ts.len() == es.len() => ts.iter().map(Some).collect(),
            _ => vec![None; es.len()],
        };
        let all: Vec<Res<Val>> = es.iter().zip(wants).map(|(e, w)| self.expr(e, w)).collect();
        Ok(Val::Tuple(all.into_iter().collect::<Res<_>>()?))
    }

    /// A left-leaning chain of binary operators, without recursion.
    fn chain(&mut self, e: &Expr) -> Res<Val> {
        let (mut links, mut left) = (Vec::new(), e);
        while let ExprKind::Bin(op, l, r) = &left.kind
            && !matches!(op, Bin::And | Bin::Or)
        {
            links.push((*op, r, left.place));
            left = l;
        }
        let mut acc = self.value(left);
        for (op, right, place) in links.into_iter().rev() {
            let right = self.value(right);
            acc = match (acc, right) {
                (Ok(a), Ok(b)) => {
                    self.locate(place);
                    self.binary(op, a, b)
                }
                (Err(e), _) | (_, Err(e)) => Err(e),
            };
        }
        acc
    }

    /// `a && b`, `a || b`: the second is evaluated only if it decides.
    fn short_circuit(&mut self, e: &Expr) -> Res<Val> {
        let ExprKind::Bin(op, l, r) = &e.kind else { return Err(SILENT) };
        let cond = self.truth(l)?;
        let r = r.clone();
        let v = if *op == Bin::And {
            self.select_lazily(cond, |l| l.truth(&r), |l| Ok(l.b.lit(Lit::Bool(false))))?
        } else {
            self.select_lazily(cond, |l| Ok(l.b.lit(Lit::Bool(true))), |l| l.truth(&r))?
        };
        Ok(Val::Num(v, Ty::Bool))
    }

    /// A branch between two numbers.
    pub(super) fn select_lazily(
        &mut self,
        cond: pullback_kernels::ir::Value,
        then: impl FnOnce(&mut Self) -> Res<pullback_kernels::ir::Value>,
        els: impl FnOnce(&mut Self) -> Res<pullback_kernels::ir::Value>,
    ) -> Res<pullback_kernels::ir::Value> {
        self.conditional += 1;
        let then = self.block(Vec::new(), |l| Ok(vec![then(l)?]));
        let els = self.block(Vec::new(), |l| Ok(vec![els(l)?]));
        self.conditional -= 1;
        self.push1(Kind::If { cond, then: then?, els: els? })
    }

    /// The value of a condition.
    pub(super) fn truth(&mut self, e: &Expr) -> Res<pullback_kernels::ir::Value> {
        match self.value(e)? {
            Val::Num(v, t) if self.types.unify(&t, &Ty::Bool).is_some() => Ok(v),
            other => self.fail_at(e, messages::not_a_condition(&other.show())),
        }
    }

    fn assert(&mut self, cond: &Expr, message: &str) -> Res<Val> {
        if let ExprKind::Bin(Bin::Eq, a, b) = &cond.kind
            && self.conditional == 0
            && let (Val::Num(a, _), Val::Num(b, _)) = (self.value(a)?, self.value(b)?)
            && self.sizes.find(Extent::Value(a)).is_some()
            && self.sizes.find(Extent::Value(b)).is_some()
        {
            // Lengths of parameters that must be equal are one length.
            self.require_equal(Extent::Value(a), Extent::Value(b), message.to_string());
            return Ok(Val::unit());
        }
        let cond = self.truth(cond)?;
        self.push(Kind::Assert { cond, message: message.to_string() })?;
        Ok(Val::unit())
    }

    fn panic(&mut self, message: &str) -> Res<Val> {
        let cond = self.b.lit(Lit::Bool(false));
        self.push(Kind::Assert { cond, message: message.to_string() })?;
        Ok(Val::Never)
    }

    /// A block as an expression.
    pub(super) fn block_value(&mut self, b: &Block, want: Option<&Ty>) -> Res<Val> {
        self.stmts(&b.stmts, b.tail.as_deref(), want, false)
    }

    /// Statements, then the value at the end. After a mistake the rest is still looked at, for more mistakes. In
    /// `tail` position the value is that of the whole function, so that `return` is nothing special.
    pub(super) fn stmts(
        &mut self,
        stmts: &[Stmt],
        tail: Option<&Expr>,
        want: Option<&Ty>,
        is_tail: bool,
    ) -> Res<Val> {
        let depth = self.scope.len();
        let mut failed = None;
        for (k, s) in stmts.iter().enumerate() {
            if let (None, Stmt::LetElse(pat, ty, value, els)) = (&failed, s) {
                let result = self.let_else((pat, ty, value, els), &stmts[k + 1..], tail, want, is_tail);
                self.scope.truncate(depth);
                return result;
            }
            if failed.is_none()
                && let Some(result) = self.divert(s, &stmts[k + 1..], tail, want, is_tail)
            {
                self.scope.truncate(depth);
                return result;
            }
            match self.stmt(s) {
                Ok(Val::Never) if failed.is_none() => {
                    self.scope.truncate(depth);
                    return Ok(Val::Never);
                }
                Ok(_) => {}
                Err(e) => failed = Some(e),
            }
        }
        let v = match tail {
            Some(e) if is_tail => self.tail_expr(e, want),
            Some(e) => self.expr(e, want),
            None => Ok(Val::unit()),
        };
        self.scope.truncate(depth);
        failed.map_or(v, Err)
    }

    pub(super) fn stmt(&mut self, s: &Stmt) -> Res<Val> {
        match s {
            Stmt::Let(pat, ty, init) => {
                self.locate(pat.place);
                let v = match init {
                    None => Ok(Val::Missing),
                    Some(e) => self.expr(e, ty.as_ref()),
                };
                let v = v.and_then(|v| match (&v, ty) {
                    (Val::Missing, _) | (_, None) => Ok(v),
                    (_, Some(ty)) => self.expect_type(v, ty, pat.place),
                });
                match v {
                    Ok(Val::Never) => Ok(Val::Never),
                    Ok(v) => self.bind(pat, v).map(|()| Val::unit()),
                    Err(e) => {
                        self.bind_missing(pat);
                        Err(e)
                    }
                }
            }
            // Only after a mistake; otherwise `stmts` puts what follows into a branch.
            Stmt::LetElse(pat, _, value, _) => {
                let v = self.scrutinee(value);
                self.bind_missing(pat);
                v.map(|_| Val::unit())
            }
            Stmt::Expr(e) => {
                let met = self.counting;
                let v = self.expr(e, None);
                if is_pop(e) {
                    // The element is not looked at.
                    self.counting = met;
                }
                v
            }
        }
    }
}

/// Whether an expression is `name.pop()`.
fn is_pop(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Method(m) => {
            m.name == "pop" && m.args.is_empty() && matches!(m.receiver.kind, ExprKind::Path(_))
        }
        _ => false,
    }
}
