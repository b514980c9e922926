//! Structs and C-like enums: literals, fields, patterns, methods.

use pullback_kernels::ir::Value;

use super::values::Val;
use super::{Lower, SILENT, Wanted};
use crate::ast::{Expr, ExprKind, Literal, Method, Pat, Path, Place};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;
use crate::types::{Struct, TypeName};

impl Lower<'_> {
    /// The position of a field.
    pub(super) fn field_position(&mut self, s: &Struct, name: &str, place: Place) -> Res<usize> {
        let found = s.fields.iter().position(|f| f.name == name);
        match found {
            Some(k) => Ok(k),
            None if s.opaque.iter().any(|f| f == name) => {
                self.fail(place, messages::opaque_field(&s.name.name, name))
            }
            None => {
                let names: Vec<&str> = s.fields.iter().map(|f| f.name.as_str()).collect();
                self.fail(place, messages::no_such_field(&s.name.name, name, &names))
            }
        }
    }

    /// `Model { w, b: 0.0, ..base }`, `Meters(x)`.
    pub(super) fn struct_literal(&mut self, e: &Expr, literal: &Literal) -> Res<Val> {
        let Ty::Struct(s) = &literal.ty else {
            return self.fail_at(e, messages::not_a_struct(&literal.ty.show()));
        };
        if let Some(field) = s.opaque.first() {
            return self.fail_at(e, messages::opaque_literal(&s.name.name, field));
        }
        let mut given = Vec::new();
        for (name, value) in &literal.fields {
            let k = self.field_position(s, name, value.place);
            let want = k.as_ref().ok().map(|&k| Ty::from(&s.fields[k].ty));
            let v = self.expr(value, want.as_ref());
            let v = v.and_then(|v| match &want {
                Some(ty) => self.expect_type(v, ty, value.place),
                None => Err(SILENT),
            });
            given.push((k, v));
        }
        let base = literal.base.as_ref().map(|b| self.base_fields(b, s)).transpose()?;
        let mut fields = base.unwrap_or_else(|| vec![Val::Missing; s.fields.len()]);
        for (k, v) in given {
            fields[k?] = v?;
        }
        // A field that is missing is for rustc to report.
        if fields.iter().any(|v| matches!(v, Val::Missing)) {
            Err(SILENT)
        } else {
            Ok(Val::Struct(s.clone(), fields))
        }
    }

    fn base_fields(&mut self, base: &Expr, s: &Struct) -> Res<Vec<Val>> {
        match self.value(base)? {
            Val::Struct(have, vs) if have.name == s.name => Ok(vs),
            other => {
                let shown = other.show();
                self.fail_at(base, messages::type_mismatch(&s.name.name, &shown))
            }
        }
    }

    /// The field patterns that are written, each with the position of its field.
    fn field_patterns<'p>(
        &mut self,
        pat: &Pat,
        ty: &Ty,
        ps: &'p [(String, Pat)],
        v: &Val,
    ) -> Res<Vec<(usize, &'p Pat)>> {
        let have = match v {
            Val::Mut(t) => self.read(&t.clone())?,
            v => v.clone(),
        };
        match (ty, have) {
            (Ty::Struct(want), Val::Struct(s, _)) if want.name == s.name => {
                ps.iter().map(|(name, p)| Ok((self.field_position(&s, name, p.place)?, p))).collect()
            }
            (_, have) => self.fail(pat.place, messages::pattern_shape(&have.show())),
        }
    }

    /// `let Model { w, .. } = value`.
    pub(super) fn bind_fields(&mut self, pat: &Pat, ty: &Ty, ps: &[(String, Pat)], v: &Val) -> Res<()> {
        if matches!(v, Val::Missing) {
            self.bind_missing(pat);
            return Ok(());
        }
        let found = self.field_patterns(pat, ty, ps, v);
        let Ok(found) = found else {
            self.bind_missing(pat);
            return Err(SILENT);
        };
        for (k, p) in found {
            let part = self.part(v, k, p.place)?;
            self.bind(p, part)?;
        }
        Ok(())
    }

    /// A pattern of fields in a `match`: the condition under which it matches.
    pub(super) fn test_fields(
        &mut self,
        pat: &Pat,
        ty: &Ty,
        ps: &[(String, Pat)],
        v: &Val,
    ) -> Res<Option<Value>> {
        let mut all: Option<Value> = None;
        for (k, p) in self.field_patterns(pat, ty, ps, v)? {
            let part = self.part(v, k, p.place)?;
            if let Some(t) = self.test(p, &part)? {
                all = Some(match all {
                    None => t,
                    Some(a) => self.op("and", &[a, t])?,
                });
            }
        }
        Ok(all)
    }

    /// `model.method(args)`.
    pub(super) fn user_method(&mut self, this: Val, of: &TypeName, m: &Method, args: Vec<Val>) -> Res<Val> {
        if args.is_empty() && matches!(m.name.as_str(), "clone" | "to_owned" | "as_ref") {
            return Ok(this);
        }
        let Some(k) = self.method_of(of, &m.name, m.name_at)? else { return Err(SILENT) };
        let fills = self.callees[k].params.first().is_some_and(|(fills, _)| *fills);
        if fills && !m.mutates.replace(true) {
            // What loops and branches change is found anew.
            self.types.learned = true;
        }
        let this = if fills { self.borrow_mut(&m.receiver)? } else { this };
        let args = std::iter::once(this).chain(args).collect();
        self.call_known(k, None, args, m.name_at)
    }

    /// Whether a place holds a struct or enum of the user's, whose methods may have the names of others.
    pub(super) fn is_of_user(&mut self, place: &Expr) -> bool {
        let mut root = place;
        while let ExprKind::Field(e, _) | ExprKind::Index(e, _) | ExprKind::Deref(e) = &root.kind {
            root = e;
        }
        let ExprKind::Path(p) = &root.kind else { return false };
        let whole = p.single().and_then(|n| self.lookup(n)).map(|id| self.vars[id].val.clone());
        let whole = whole.and_then(|v| self.deref(v).ok()).and_then(|v| self.type_of(&v));
        if !whole.is_some_and(|t| t.finish().has_user_type()) {
            return false;
        }
        let value = self.target(place).and_then(|t| self.read(&t)).ok();
        value.and_then(|v| self.type_of(&v)).is_some_and(|t| matches!(t, Ty::Struct(_) | Ty::Enum(_)))
    }

    /// `Model::new(args)`, `Model::loss(&model, x)`.
    pub(super) fn call_associated(
        &mut self,
        of: &TypeName,
        name: &str,
        args: Vec<Val>,
        place: Place,
    ) -> Res<Val> {
        match self.method_of(of, name, place)? {
            Some(k) => self.call_known(k, None, args, place),
            None => Err(SILENT),
        }
    }

    /// The position of a method among the callees; `None` if its companion macro must be asked first.
    fn method_of(&mut self, of: &TypeName, name: &str, place: Place) -> Res<Option<usize>> {
        // A value that a call returned has a type without a name.
        let of = self.names.get(&of.id).unwrap_or(of);
        let key = method_key(&of.id, name);
        let found = self.callees.iter().position(|c| c.path == key);
        if found.is_none() && self.own_method.as_ref() == Some(&key) {
            return self.fail(place, messages::recursion(name));
        }
        if found.is_none() {
            self.wanted.get_or_insert(Wanted { of: of.clone(), name: name.to_string(), place });
        }
        Ok(found)
    }

    /// `Kernel::Gauss`.
    pub(super) fn variant(&mut self, p: &Path) -> Option<Val> {
        let Some(Ty::Enum(e)) = p.owner_type.as_deref() else { return None };
        let (_, n) = e.variants.iter().find(|(name, _)| name == p.last())?;
        Some(Val::Num(self.int(*n), Ty::Enum(e.clone())))
    }
}

/// How the companion macro of a method is called among those of its crate.
pub(crate) fn method_key(type_id: &str, name: &str) -> String {
    format!("{type_id}_{name}")
}
