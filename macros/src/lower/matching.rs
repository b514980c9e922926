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
        let v = match self.expr(value, None)? {
            Val::Mut(_) => return self.fail_at(value, messages::match_mut()),
            v => self.deref(v)?,
        };
        self.arms(e, &v, arms, want, tail)
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
    fn test(&mut self, pat: &Pat, v: &Val) -> Res<Option<Value>> {
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
            PatKind::Slice(_) => self.fail(pat.place, messages::pattern()),
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
