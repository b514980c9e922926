//! Patterns.

use quote::ToTokens;
use syn::ext::IdentExt;

use super::{Parser, types};
use crate::ast::{Pat, PatKind, Place, Range};
use crate::errors::Res;
use crate::messages;

impl Parser<'_> {
    pub(super) fn pat(&mut self, pat: &syn::Pat) -> Res<Pat> {
        self.enter(pat)?;
        let kind = self.pat_kind(pat);
        self.depth -= 1;
        Ok(Pat { id: self.id(), place: Place::of(pat), kind: kind? })
    }

    fn pats<'p>(&mut self, pats: impl IntoIterator<Item = &'p syn::Pat>) -> Res<Vec<Pat>> {
        let all: Vec<Res<Pat>> = pats.into_iter().map(|p| self.pat(p)).collect();
        all.into_iter().collect()
    }

    fn pat_kind(&mut self, pat: &syn::Pat) -> Res<PatKind> {
        Ok(match pat {
            syn::Pat::Wild(_) => PatKind::Wild,
            syn::Pat::Rest(_) => PatKind::Rest,
            syn::Pat::Paren(p) => return self.pat_kind(&p.pat),
            syn::Pat::Reference(p) => return self.pat_kind(&p.pat),
            syn::Pat::Ident(p) if p.by_ref.is_some() && p.mutability.is_some() => {
                return Err(self.refuse(pat, messages::pattern()));
            }
            syn::Pat::Ident(p) => {
                let inner = p.subpat.as_ref().map(|(_, p)| self.pat(p)).transpose()?;
                let name = p.ident.unraw().to_string();
                if name == "None" {
                    return Ok(PatKind::None);
                }
                let constant =
                    is_constant(&name) && inner.is_none() && p.mutability.is_none() && p.by_ref.is_none();
                if constant {
                    return Ok(PatKind::Path(path_of(&syn::Path::from(p.ident.clone()))));
                }
                PatKind::Bind(name, inner.map(Box::new))
            }
            syn::Pat::Tuple(p) => PatKind::Tuple(self.pats(&p.elems)?),
            syn::Pat::Slice(p) => PatKind::Slice(self.pats(&p.elems)?),
            syn::Pat::Or(p) => PatKind::Or(self.pats(&p.cases)?),
            syn::Pat::Lit(p) => PatKind::Lit(Box::new(self.expr(&syn::Expr::Lit(p.clone()))?)),
            syn::Pat::Range(p) => PatKind::Range(self.range(p)?),
            syn::Pat::Path(p) => PatKind::Path(self.owned_path(path_of(&p.path))?),
            syn::Pat::Type(p) => {
                let inner = self.pat(&p.pat)?;
                PatKind::Typed(Box::new(inner), types::ty(self, &p.ty)?)
            }
            syn::Pat::TupleStruct(p) if p.path.is_ident("Some") && p.elems.len() == 1 => {
                PatKind::Some(Box::new(self.pat(&p.elems[0])?))
            }
            syn::Pat::Struct(p) if p.qself.is_none() => self.fields(&p.path, p)?,
            syn::Pat::TupleStruct(p) if p.qself.is_none() => self.positions(pat, p)?,
            other => return Err(self.refuse(other, messages::pattern())),
        })
    }

    /// `Model { w, b: _, .. }`.
    fn fields(&mut self, path: &syn::Path, pat: &syn::PatStruct) -> Res<PatKind> {
        let ty = types::of_path(self, path);
        let all: Vec<Res<(String, Pat)>> = pat
            .fields
            .iter()
            .map(|f| Ok((f.member.to_token_stream().to_string(), self.pat(&f.pat)?)))
            .collect();
        Ok(PatKind::Struct(ty?, all.into_iter().collect::<Res<_>>()?))
    }

    /// `Meters(x)`.
    fn positions(&mut self, at: &syn::Pat, pat: &syn::PatTupleStruct) -> Res<PatKind> {
        if matches!(pat.path.get_ident().map(ToString::to_string).as_deref(), Some("Some" | "Ok" | "Err")) {
            return Err(self.refuse(at, messages::struct_pattern()));
        }
        let (ty, n) = (types::of_path(self, &pat.path), pat.elems.len());
        let all = self.pats(&pat.elems)?;
        let ty = ty?;
        let total = ty.parts().map_or(n, |ts| ts.len());
        let rest = all.iter().position(|p| matches!(p.kind, PatKind::Rest));
        let place = |k: usize| if rest.is_some_and(|r| k > r) { (total + k).saturating_sub(n) } else { k };
        let named = all.into_iter().enumerate().filter(|(k, _)| Some(*k) != rest);
        Ok(PatKind::Struct(ty, named.map(|(k, p)| (place(k).to_string(), p)).collect()))
    }

    /// A path with the type of the user's that it begins with.
    pub(super) fn owned_path(&mut self, mut path: crate::ast::Path) -> Res<crate::ast::Path> {
        let is_type = |name: &str| name.starts_with(char::is_uppercase);
        let standard = matches!(path.segments[0].as_str(), "std" | "core" | "alloc");
        if standard || !path.owner().is_some_and(is_type) || crate::builtin::is_builtin(&path) {
            return Ok(path);
        }
        let mut owner = path.written.clone();
        owner.segments.pop();
        owner.segments.pop_punct();
        path.owner_type = Some(Box::new(types::of_path(self, &owner)?));
        Ok(path)
    }

    pub(super) fn range(&mut self, r: &syn::ExprRange) -> Res<Range> {
        let lo = r.start.as_ref().map(|e| self.expr(e)).transpose()?;
        let hi = r.end.as_ref().map(|e| self.expr(e)).transpose()?;
        let inclusive = matches!(r.limits, syn::RangeLimits::Closed(_));
        Ok(Range { lo: lo.map(Box::new), hi: hi.map(Box::new), inclusive })
    }
}

/// Whether a name is written as constants are.
pub(crate) fn is_constant(name: &str) -> bool {
    let mut letters = name.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some() && letters.all(char::is_uppercase) && !name.starts_with(char::is_lowercase)
}

/// A path without its generic arguments.
pub(super) fn path_of(path: &syn::Path) -> crate::ast::Path {
    let segments = path.segments.iter().map(|s| s.ident.unraw().to_string()).collect();
    crate::ast::Path { segments, generics: Vec::new(), owner_type: None, written: path.clone() }
}
