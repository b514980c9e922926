//! The few macros that the language has: assertions, `vec!`, and those that only panic.

use quote::ToTokens;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr as SynExpr, Token};

use super::Parser;
use crate::ast::{Bin, Expr, ExprKind, List, Place};
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
