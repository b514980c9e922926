//! `match`: a chain of branches.

use pullback_kernels::ir::{Lit, Value};

use super::scan::Effects;
use super::values::Val;
use super::{Lower, SILENT};
use crate::ast::{Arm, Bin, Expr, Pat, PatKind};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// `match value { arms }`.
    pub(super) fn match_(
        &mut self,
        e: &Expr,
        value: &Expr,
        arms: &[Arm],
        want: Option<&Ty>,
        tail: bool,
    ) -> Res<Val> {
        let v = self.scrutinee(value)?;
        self.arms(e, &v, arms, want, tail)
    }

    /// The value that patterns are tried on.
    pub(super) fn scrutinee(&mut self, value: &Expr) -> Res<Val> {
        let v = self.expr(value, None)?;
        self.tried(v, value)
    }

    /// A value as one that patterns are tried on.
    pub(super) fn tried(&mut self, v: Val, value: &Expr) -> Res<Val> {
        match v {
            Val::Mut(_) => self.fail_at(value, messages::match_mut()),
            Val::Fallible(_) => self.fail_at(value, messages::fallible("if let")),
            v => self.deref(v),
        }
    }

    /// Binds the pattern's names; whether it matches.
    pub(super) fn matches(&mut self, pat: &Pat, v: &Val) -> Res<Value> {
        let test = self.test(pat, v)?;
        Ok(test.unwrap_or_else(|| self.b.lit(Lit::Bool(true))))
    }

    fn arms(&mut self, e: &Expr, v: &Val, arms: &[Arm], want: Option<&Ty>, tail: bool) -> Res<Val> {
        let Some((arm, rest)) = arms.split_first() else { return self.fail_at(e, messages::empty_match()) };
        let depth = self.scope.len();
        let test = self.test(&arm.pat, v);
        let test = test.and_then(|t| self.guarded(t, arm));
        let test = match test {
            Ok(t) => t,
            Err(e) => {
                self.scope.truncate(depth);
                return Err(e);
            }
        };
        // The last arm needs no test: rustc has checked that the arms are exhaustive.
        let Some(cond) = test.filter(|_| !rest.is_empty()) else {
            let v = self.arm_value(&arm.body, want, tail);
            self.scope.truncate(depth);
            return v;
        };
        let fx = arms.iter().fold(Effects::default(), |fx, a| fx.and(Effects::of_expr(&a.body)));
        let changed = self.changed_by(&fx);
        self.ending = tail;
        let result = self.branch(
            cond,
            &changed,
            |l| l.arm_value(&arm.body, want, tail),
            |l| {
                l.scope.truncate(depth);
                l.arms(e, v, rest, want, tail)
            },
        );
        self.scope.truncate(depth);
        result
    }

    fn arm_value(&mut self, body: &Expr, want: Option<&Ty>, tail: bool) -> Res<Val> {
        if tail { self.tail_expr(body, want) } else { self.expr(body, want) }
    }

    fn guarded(&mut self, test: Option<Value>, arm: &Arm) -> Res<Option<Value>> {
        let Some(guard) = &arm.guard else { return Ok(test) };
        match test {
            None => self.truth(guard).map(Some),
            Some(t) => self.select_lazily(t, |l| l.truth(guard), |l| Ok(l.b.lit(Lit::Bool(false)))).map(Some),
        }
    }

    /// Binds the pattern's names; the condition under which it matches, `None` if always.
    pub(super) fn test(&mut self, pat: &Pat, v: &Val) -> Res<Option<Value>> {
        match &pat.kind {
            PatKind::Wild | PatKind::Rest => Ok(None),
            PatKind::Bind(name, inner) => {
                self.declare(name, v.clone());
                inner.as_ref().map_or(Ok(None), |p| self.test(p, v))
            }
            PatKind::Typed(p, _) => self.test(p, v),
            PatKind::Tuple(ps) => match v {
                Val::Tuple(vs) if vs.len() == ps.len() => self.all_of(ps, vs),
                _ => self.fail(pat.place, messages::pattern_shape(&v.show())),
            },
            PatKind::Struct(ty, ps) => self.test_fields(pat, ty, ps, v),
            PatKind::Lit(e) => {
                let lit = self.value(e)?;
                if let Val::Num(_, t) = v
                    && self.types.resolve(t).is_float()
                {
                    return self.fail(pat.place, messages::float_pattern());
                }
                self.equal(v.clone(), lit).map(Some)
            }
            PatKind::Path(p) => {
                let e = Expr { id: pat.id, place: pat.place, kind: crate::ast::ExprKind::Path(p.clone()) };
                let lit = self.value(&e)?;
                self.equal(v.clone(), lit).map(Some)
            }
            PatKind::Some(p) => match v {
                Val::Maybe(there, v) => {
                    let inner = self.test(p, v)?;
                    let all = inner.map_or(Ok(*there), |t| self.op("and", &[*there, t]));
                    all.map(Some)
                }
                _ => self.fail(pat.place, messages::pattern_shape(&v.show())),
            },
            PatKind::None => match v {
                Val::Maybe(there, _) => self.op("not", &[*there]).map(Some),
                _ => self.fail(pat.place, messages::pattern_shape(&v.show())),
            },
            PatKind::Range(r) => self.in_range(r, v),
            PatKind::Or(ps) => {
                let mut any: Option<Value> = None;
                for p in ps {
                    let Some(t) = self.test(p, v)? else { return Ok(None) };
                    any = Some(match any {
                        None => t,
                        Some(a) => self.op("or", &[a, t])?,
                    });
                }
                Ok(any)
            }
            PatKind::Slice(ps) => self.slice_test(pat, ps, v),
        }
    }

    /// `[a, b]`, `[first, .., last]`, `[first, rest @ ..]`: of an array, or of a slice whose length decides.
    fn slice_test(&mut self, pat: &Pat, ps: &[Pat], v: &Val) -> Res<Option<Value>> {
        let Val::Arr(a) = v else { return self.fail(pat.place, messages::pattern_shape(&v.show())) };
        let rest = ps.iter().position(super::binding::is_rest);
        if matches!(a.ty, Ty::Array(..)) {
            let Ok(parts) = self.parts_of(v, ps.len(), rest, pat.place) else {
                return self.fail(pat.place, messages::pattern_shape(&v.show()));
            };
            return self.all_of(ps, &parts);
        }
        let len = self.list_len(a, pat.place)?;
        let (n, fixed) = (self.extent_value(len), self.int((ps.len() - usize::from(rest.is_some())) as i64));
        let fits = self.op(if rest.is_some() { "ge" } else { "eq" }, &[n, fixed])?;
        let mut parts = Vec::new();
        for (k, p) in ps.iter().enumerate() {
            let from_end = self.int((ps.len() - k) as i64);
            let at = if rest.is_some_and(|r| k > r) {
                self.op("sub", &[n, from_end])?
            } else {
                self.int(k as i64)
            };
            if super::binding::is_rest(p) {
                let count = self.op("sub", &[n, fixed])?;
                let count = self.extent_of(count);
                parts.push(Val::Arr(self.sub_list(a, at, count)));
                continue;
            }
            parts.push(self.branch(fits, &[], |l| l.list_get(a, at, pat.place), |_| Ok(Val::Never))?);
        }
        match self.all_of(ps, &parts)? {
            Some(inner) => self.op("and", &[fits, inner]).map(Some),
            None => Ok(Some(fits)),
        }
    }

    fn all_of(&mut self, ps: &[Pat], vs: &[Val]) -> Res<Option<Value>> {
        let mut all: Option<Value> = None;
        for (p, v) in ps.iter().zip(vs) {
            if let Some(t) = self.test(p, v)? {
                all = Some(match all {
                    None => t,
                    Some(a) => self.op("and", &[a, t])?,
                });
            }
        }
        Ok(all)
    }

    fn equal(&mut self, a: Val, b: Val) -> Res<Value> {
        match self.binary(Bin::Eq, a, b)? {
            Val::Num(v, _) => Ok(v),
            _ => Err(SILENT),
        }
    }

    fn in_range(&mut self, r: &crate::ast::Range, v: &Val) -> Res<Option<Value>> {
        let mut all: Option<Value> = None;
        let upper = if r.inclusive { Bin::Le } else { Bin::Lt };
        for (bound, op) in [(&r.lo, Bin::Ge), (&r.hi, upper)] {
            let Some(bound) = bound else { continue };
            let bound = self.value(bound)?;
            let Val::Num(t, _) = self.binary(op, v.clone(), bound)? else { return Err(SILENT) };
            all = Some(match all {
                None => t,
                Some(a) => self.op("and", &[a, t])?,
            });
        }
        Ok(all)
    }
}
