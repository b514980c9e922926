//! Names: declaring variables, looking them up, taking values apart by patterns.

use super::values::{Arr, Data, Leaf, Val, VarId};
use super::{Lower, Var};
use crate::ast::{Pat, PatKind, Place};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

/// `..` and `name @ ..`.
pub(super) fn is_rest(p: &Pat) -> bool {
    match &p.kind {
        PatKind::Rest => true,
        PatKind::Bind(_, Some(inner)) => is_rest(inner),
        _ => false,
    }
}

impl Lower<'_> {
    /// A new variable of that name.
    pub(super) fn declare(&mut self, name: &str, val: Val) -> VarId {
        let val = self.named(val, name);
        self.vars.push(Var { name: name.to_string(), val, home: self.conditional });
        let id = self.vars.len() - 1;
        self.scope.push((name.to_string(), id));
        id
    }

    /// A new variable that no name refers to.
    pub(super) fn hidden(&mut self, name: &str, val: Val) -> VarId {
        self.vars.push(Var { name: name.to_string(), val, home: self.conditional });
        self.vars.len() - 1
    }

    /// The variable of that name.
    pub(super) fn lookup(&self, name: &str) -> Option<VarId> {
        self.scope.iter().rev().find(|(n, _)| n == name).map(|(_, id)| *id)
    }

    /// Gives IR values the name of the variable that they are assigned to.
    pub(super) fn named(&mut self, val: Val, name: &str) -> Val {
        match &val {
            Val::Num(v, _) => {
                self.b.name(*v, name);
            }
            Val::Arr(a) => {
                for leaf in &a.leaves {
                    if let Data::Stored(v) = leaf.data {
                        self.b.name(v, name);
                    }
                }
            }
            Val::Growing(a, len, _) => {
                self.named(Val::Arr(a.clone()), name);
                self.b.name(*len, &format!("{name}_len"));
            }
            Val::Maybe(_, v) => {
                self.named((**v).clone(), name);
            }
            Val::Tuple(vs) => vs.iter().for_each(|v| {
                self.named(v.clone(), name);
            }),
            Val::Struct(s, vs) => s.fields.iter().zip(vs).for_each(|(f, v)| {
                self.named(v.clone(), &format!("{name}_{}", f.name.trim_start_matches("r#")));
            }),
            _ => {}
        }
        val
    }

    /// Binds the names of a pattern that always matches.
    pub(super) fn bind(&mut self, pat: &Pat, val: Val) -> Res<()> {
        match &pat.kind {
            PatKind::Wild | PatKind::Rest => Ok(()),
            PatKind::Bind(name, inner) => {
                if let Some(inner) = inner {
                    self.bind(inner, val.clone())?;
                }
                self.declare(name, val);
                Ok(())
            }
            PatKind::Typed(inner, ty) => {
                let val = self.expect_type(val, ty, pat.place)?;
                self.bind(inner, val)
            }
            PatKind::Tuple(ps) | PatKind::Slice(ps) => self.bind_parts(pat, ps, val),
            PatKind::Struct(ty, ps) => self.bind_fields(pat, ty, ps, &val),
            PatKind::Path(p) if p.single().is_some() => {
                self.declare(p.last(), val);
                Ok(())
            }
            PatKind::Lit(_)
            | PatKind::Range(_)
            | PatKind::Or(_)
            | PatKind::Path(_)
            | PatKind::Some(_)
            | PatKind::None => {
                self.bind_missing(pat);
                self.fail(pat.place, messages::refutable_pattern())
            }
        }
    }

    fn bind_parts(&mut self, pat: &Pat, ps: &[Pat], val: Val) -> Res<()> {
        if ps.is_empty() || matches!(val, Val::Missing) {
            self.bind_missing(pat);
            return Ok(());
        }
        let parts = self.parts_of(&val, ps.len(), ps.iter().position(is_rest), pat.place);
        let Ok(parts) = parts else {
            self.bind_missing(pat);
            return self.fail(pat.place, messages::pattern_shape(&val.show()));
        };
        let all: Vec<Res<()>> = ps.iter().zip(parts).map(|(p, v)| self.bind(p, v)).collect();
        all.into_iter().collect()
    }

    /// The parts of a tuple or array for `n` patterns, one of which may stand for any number of parts.
    pub(super) fn parts_of(
        &mut self,
        val: &Val,
        n: usize,
        rest: Option<usize>,
        place: Place,
    ) -> Res<Vec<Val>> {
        let total = match val {
            Val::Tuple(vs) => vs.len(),
            Val::Mut(t) => match self.read(&t.clone())? {
                Val::Tuple(vs) => vs.len(),
                Val::Arr(Arr { ty: Ty::Array(_, n), .. }) => n,
                _ => return Err(super::SILENT),
            },
            Val::Arr(Arr { ty: Ty::Array(_, n), .. }) => *n,
            _ => return Err(super::SILENT),
        };
        let skipped = match rest {
            Some(_) if total + 1 >= n => total + 1 - n,
            None if total == n => 1,
            _ => return Err(super::SILENT),
        };
        let mut parts = Vec::new();
        for k in 0..n {
            if Some(k) == rest {
                let from = self.int(k as i64);
                let len = pullback_kernels::ir::Extent::Const(skipped as i64);
                parts.push(match val {
                    Val::Arr(a) => Val::Arr(self.sub_list(a, from, len)),
                    Val::Mut(t) => Val::Mut(t.slice(from, len)),
                    _ => Val::unit(),
                });
                continue;
            }
            let at = if rest.is_some_and(|r| k > r) { k + skipped - 1 } else { k };
            parts.push(self.part(val, at, place)?);
        }
        Ok(parts)
    }

    pub(super) fn part(&mut self, val: &Val, k: usize, place: Place) -> Res<Val> {
        match val {
            Val::Tuple(vs) | Val::Struct(_, vs) => vs.get(k).cloned().ok_or(super::SILENT),
            Val::Mut(t) => Ok(Val::Mut(t.part(k, self)?)),
            Val::Arr(a) => {
                let at = self.int(k as i64);
                self.list_get(a, at, place)
            }
            _ => Err(super::SILENT),
        }
    }

    /// Declares the names of a pattern whose value failed, so that their uses fail silently.
    pub(super) fn bind_missing(&mut self, pat: &Pat) {
        let mut names = Vec::new();
        pat.names(&mut |n| names.push(n.to_string()));
        names.into_iter().for_each(|n| {
            self.declare(&n, Val::Missing);
        });
    }

    /// The value as one of the given type: literals learn their type from it, arrays coerce to slices.
    pub(super) fn expect_type(&mut self, v: Val, ty: &Ty, place: Place) -> Res<Val> {
        if matches!(v, Val::Never | Val::Missing) {
            return Ok(v);
        }
        let v = self.deref(v)?;
        let Some(have) = self.type_of(&v) else {
            let want = self.types.resolve(ty);
            return if matches!(want, Ty::Var(..)) {
                Ok(v)
            } else {
                self.fail(place, messages::not_data(&v.show()))
            };
        };
        match self.types.unify(&have, ty) {
            Some(_) => Ok(self.retyped(v, &have)),
            None => {
                let want = self.types.resolve(ty).show();
                self.fail(place, messages::type_mismatch(&want, &have.show()))
            }
        }
    }

    fn retyped(&self, v: Val, ty: &Ty) -> Val {
        let ty = self.types.resolve(ty);
        match v {
            Val::Num(v, _) => Val::Num(v, ty),
            Val::Arr(a) => {
                let elems = super::values::leaf_types(&ty);
                let leaves = a.leaves.into_iter().zip(elems).map(|(l, elem)| Leaf { elem, ..l });
                Val::Arr(Arr { leaves: leaves.collect(), ty })
            }
            v => v,
        }
    }
}
