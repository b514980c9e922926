//! The few macros that the language has: assertions, `vec!`, and those that only panic.

use quote::ToTokens;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr as SynExpr, Token};

use super::Parser;
use crate::ast::{Arm, Bin, Expr, ExprKind, List, Pat, PatKind, Place};
use crate::errors::Res;
use crate::messages;

impl Parser<'_> {
    pub(super) fn macro_(&mut self, mac: &syn::Macro) -> Res<ExprKind> {
        let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        match name.as_str() {
            "vec" => self.vec_macro(mac),
            "assert" | "debug_assert" => {
                let args = self.arguments(mac)?;
                let [cond, ..] = &args[..] else {
                    return Err(self.refuse(mac, messages::macro_arguments(&name)));
                };
                let text = format!("assertion failed: {}", cond.to_token_stream());
                Ok(ExprKind::Assert(Box::new(self.expr(cond)?), text))
            }
            "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => {
                self.assert_equal(mac, &name)
            }
            "panic" | "unreachable" | "todo" | "unimplemented" => {
                Ok(ExprKind::Panic(format!("{name}! was reached")))
            }
            "matches" => self.matches_macro(mac),
            "println" | "print" | "eprintln" | "eprint" | "dbg" | "write" | "writeln" => {
                Err(self.refuse(mac, messages::output(&name)))
            }
            "format" | "format_args" | "concat" | "stringify" => {
                Err(self.refuse(mac, messages::text_type("String")))
            }
            _ => Err(self.refuse(mac, messages::unknown_macro(&name))),
        }
    }

    fn assert_equal(&mut self, mac: &syn::Macro, name: &str) -> Res<ExprKind> {
        let args = self.arguments(mac)?;
        let [a, b, ..] = &args[..] else { return Err(self.refuse(mac, messages::macro_arguments(name))) };
        let (op, sign) = if name.ends_with("eq") { (Bin::Eq, "==") } else { (Bin::Ne, "!=") };
        let text = format!("assertion failed: {} {sign} {}", a.to_token_stream(), b.to_token_stream());
        let (a, b) = (self.expr(a)?, self.expr(b)?);
        let kind = ExprKind::Bin(op, Box::new(a), Box::new(b));
        let cond = Expr { id: self.id(), place: Place::of(mac), kind };
        Ok(ExprKind::Assert(Box::new(cond), text))
    }

    /// `matches!(value, pattern if guard)`.
    fn matches_macro(&mut self, mac: &syn::Macro) -> Res<ExprKind> {
        let parts = |input: syn::parse::ParseStream| {
            let value: SynExpr = input.parse()?;
            input.parse::<Token![,]>()?;
            let pat = syn::Pat::parse_multi_with_leading_vert(input)?;
            let guard = input.peek(Token![if]).then(|| {
                input.parse::<Token![if]>()?;
                input.parse::<SynExpr>()
            });
            input.parse::<Option<Token![,]>>()?;
            Ok((value, pat, guard.transpose()?))
        };
        let Ok((value, pat, guard)) = parts.parse2(mac.tokens.clone()) else {
            return Err(self.refuse(mac, messages::macro_arguments("matches")));
        };
        let (value, pat) = (self.expr(&value), self.pat(&pat));
        let guard = guard.map(|g| self.expr(&g)).transpose();
        let place = Place::of(mac);
        let truth = |p: &mut Self, b| Expr { id: p.id(), place, kind: ExprKind::Bool(b) };
        let wild = Pat { id: self.id(), place, kind: PatKind::Wild };
        let yes = Arm { pat: pat?, guard: guard?, body: truth(self, true) };
        let no = Arm { pat: wild, guard: None, body: truth(self, false) };
        Ok(ExprKind::Match(Box::new(value?), vec![yes, no]))
    }

    /// `vec![a, b]` and `vec![a; n]`.
    fn vec_macro(&mut self, mac: &syn::Macro) -> Res<ExprKind> {
        let array = proc_macro2::Group::new(proc_macro2::Delimiter::Bracket, mac.tokens.clone());
        match syn::parse2::<SynExpr>(proc_macro2::TokenTree::Group(array).into()) {
            Ok(SynExpr::Array(a)) => Ok(ExprKind::Array(List::Vec, self.exprs(&a.elems)?)),
            Ok(SynExpr::Repeat(r)) => {
                let (elem, len) = (self.expr(&r.expr)?, self.expr(&r.len)?);
                Ok(ExprKind::Repeat(List::Vec, Box::new(elem), Box::new(len)))
            }
            _ => Err(self.refuse(mac, messages::macro_arguments("vec"))),
        }
    }

    fn arguments(&mut self, mac: &syn::Macro) -> Res<Vec<SynExpr>> {
        let parser = Punctuated::<SynExpr, Token![,]>::parse_terminated;
        match parser.parse2(mac.tokens.clone()) {
            Ok(args) => Ok(args.into_iter().collect()),
            Err(_) => Err(self.refuse(mac, messages::macro_arguments("assert"))),
        }
    }
}
