//! Expressions, statements and blocks.

use proc_macro2::Span;
use pullback_kernels::ir::Scalar;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{BinOp, Expr as SynExpr, UnOp};

use super::pat::path_of;
use super::{MAX_DEPTH, Parser, types};
use crate::ast::{
    Arm, Bin, Block, Closure, Expr, ExprKind, For, If, List, Literal, Method, Path, Place, Stmt,
};
use crate::errors::Res;
use crate::messages;
use crate::ty::{Kind, Ty};
use crate::types::Int;

impl Parser<'_> {
    pub(super) fn enter(&mut self, at: &impl ToTokens) -> Res<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(at, messages::too_deep()));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn expr(&mut self, e: &SynExpr) -> Res<Expr> {
        if let Some(chain) = self.chain(e) {
            return chain;
        }
        self.enter(e)?;
        let kind = self.kind(e);
        self.depth -= 1;
        Ok(Expr { id: self.id(), place: Place::of(e), kind: kind? })
    }

    fn boxed(&mut self, e: &SynExpr) -> Res<Box<Expr>> {
        Ok(Box::new(self.expr(e)?))
    }

    /// All of them, so that the mistakes of each are reported.
    pub(super) fn exprs<'s>(&mut self, es: impl IntoIterator<Item = &'s SynExpr>) -> Res<Vec<Expr>> {
        let all: Vec<Res<Expr>> = es.into_iter().map(|e| self.expr(e)).collect();
        all.into_iter().collect()
    }

    /// A left-leaning chain of binary operators, without recursion: sums of hundreds of terms are written by programs.
    fn chain(&mut self, e: &SynExpr) -> Option<Res<Expr>> {
        let mut links = Vec::new();
        let mut left = e;
        while let SynExpr::Binary(b) = left {
            let Some(op) = binary(&b.op) else { break };
            links.push((op, b));
            left = &b.left;
        }
        if links.is_empty() { None } else { Some(self.fold_chain(left, links)) }
    }

    fn fold_chain(&mut self, first: &SynExpr, links: Vec<(Bin, &syn::ExprBinary)>) -> Res<Expr> {
        self.enter(first)?;
        let mut left = self.expr(first);
        let start = first.to_token_stream().into_iter().next().map_or_else(Span::call_site, |t| t.span());
        for (op, b) in links.into_iter().rev() {
            let right = self.expr(&b.right);
            left = match (left, right) {
                (Ok(l), Ok(r)) => {
                    let place = Place { start, end: r.place.end };
                    Ok(Expr { id: self.id(), place, kind: ExprKind::Bin(op, Box::new(l), Box::new(r)) })
                }
                (Err(e), _) | (_, Err(e)) => Err(e),
            };
        }
        self.depth -= 1;
        left
    }

    fn kind(&mut self, e: &SynExpr) -> Res<ExprKind> {
        Ok(match e {
            SynExpr::Paren(e) => return self.kind_of(&e.expr),
            SynExpr::Group(e) => return self.kind_of(&e.expr),
            SynExpr::Lit(l) => return self.literal(&l.lit),
            SynExpr::Path(p) => ExprKind::Path(self.path(p)?),
            SynExpr::Unary(u) => self.unary(u)?,
            SynExpr::Reference(r) if r.mutability.is_some() => ExprKind::RefMut(self.boxed(&r.expr)?),
            SynExpr::Reference(r) => ExprKind::Ref(self.boxed(&r.expr)?),
            SynExpr::Binary(b) => self.compound(b)?,
            SynExpr::Assign(a) => {
                let (l, r) = (self.boxed(&a.left), self.boxed(&a.right));
                ExprKind::Assign(l?, r?)
            }
            SynExpr::Infer(_) => ExprKind::Ignore,
            SynExpr::Call(c) if let Some(path) = constructor(&c.func) => self.tuple_struct(path, c)?,
            SynExpr::Struct(s) if s.qself.is_none() => self.struct_literal(s)?,
            SynExpr::Call(c) => {
                let (f, args) = (self.boxed(&c.func), self.exprs(&c.args));
                ExprKind::Call(f?, args?)
            }
            SynExpr::MethodCall(m) => self.method(m)?,
            SynExpr::Closure(c) => self.closure(c)?,
            SynExpr::Index(i) => ExprKind::Index(self.boxed(&i.expr)?, self.boxed(&i.index)?),
            SynExpr::Field(f) => {
                ExprKind::Field(self.boxed(&f.base)?, f.member.to_token_stream().to_string())
            }
            SynExpr::Tuple(t) => ExprKind::Tuple(self.exprs(&t.elems)?),
            SynExpr::Cast(c) => ExprKind::Cast(self.boxed(&c.expr)?, types::ty(self, &c.ty)?),
            SynExpr::Range(r) => ExprKind::Range(self.range(r)?),
            SynExpr::Array(a) => ExprKind::Array(List::Array, self.exprs(&a.elems)?),
            SynExpr::Repeat(r) => ExprKind::Repeat(List::Array, self.boxed(&r.expr)?, self.boxed(&r.len)?),
            SynExpr::Macro(m) => self.macro_(&m.mac)?,
            other => return self.control(other),
        })
    }

    fn kind_of(&mut self, e: &SynExpr) -> Res<ExprKind> {
        Ok(self.expr(e)?.kind)
    }

    fn control(&mut self, e: &SynExpr) -> Res<ExprKind> {
        Ok(match e {
            SynExpr::If(i) => self.if_(i)?,
            SynExpr::Let(l) => {
                let (p, e) = (self.pat(&l.pat), self.boxed(&l.expr));
                ExprKind::Let(Box::new(p?), e?)
            }
            SynExpr::Match(m) => self.match_(m)?,
            SynExpr::Block(b) => ExprKind::Block(label(&b.label), self.block(&b.block)?),
            SynExpr::ForLoop(f) => {
                let (pat, iter, body) = (self.pat(&f.pat), self.expr(&f.expr), self.block(&f.body));
                let (pat, iter, body) = (pat?, iter?, body?);
                ExprKind::For(Box::new(For { label: label(&f.label), pat, iter, body, drains: None }))
            }
            SynExpr::While(w) => {
                let (cond, body) = (self.boxed(&w.cond), self.block(&w.body));
                self.while_(label(&w.label), cond?, body?)
            }
            SynExpr::Loop(l) => ExprKind::While(label(&l.label), None, self.block(&l.body)?),
            SynExpr::Break(b) => {
                let value = b.expr.as_ref().map(|e| self.boxed(e)).transpose()?;
                ExprKind::Break(b.label.as_ref().map(|l| l.ident.to_string()), value)
            }
            SynExpr::Continue(c) => ExprKind::Continue(c.label.as_ref().map(|l| l.ident.to_string())),
            SynExpr::Return(r) => ExprKind::Return(r.expr.as_ref().map(|e| self.boxed(e)).transpose()?),
            other => return Err(self.foreign(other)),
        })
    }

    /// `while let` is a `loop` that ends where the pattern does not match; where it takes the items of an iterator one
    /// by one, a `for`.
    fn while_(&mut self, label: Option<String>, cond: Box<Expr>, body: Block) -> ExprKind {
        if !cond.has_let() {
            return ExprKind::While(label, Some(cond), body);
        }
        if let ExprKind::Let(pat, value) = &cond.kind
            && let crate::ast::PatKind::Some(pat) = &pat.kind
            && let ExprKind::Method(m) = &value.kind
            && let ("next", ExprKind::Path(p)) = (m.name.as_str(), &m.receiver.kind)
            && let Some(name) = p.single()
        {
            let (pat, iter, drains) = ((**pat).clone(), m.receiver.clone(), Some(name.to_string()));
            return ExprKind::For(Box::new(For { label, pat, iter, body, drains }));
        }
        let place = cond.place;
        let leave = Expr { id: self.id(), place, kind: ExprKind::Break(None, None) };
        let kind = ExprKind::If(Box::new(If { cond: *cond, then: body, els: Some(leave) }));
        let stmts = vec![Stmt::Expr(Expr { id: self.id(), place, kind })];
        ExprKind::While(label, None, Block { stmts, tail: None, place })
    }

    /// What is no part of the language.
    fn foreign(&mut self, e: &SynExpr) -> crate::errors::Failed {
        let message = match e {
            SynExpr::Async(_) | SynExpr::Await(_) => messages::async_code(),
            SynExpr::Unsafe(_) | SynExpr::RawAddr(_) => messages::unsafe_code(),
            SynExpr::Try(_) | SynExpr::TryBlock(_) => messages::question_mark(),
            SynExpr::Const(_) => messages::const_block(),
            _ => messages::expression(),
        };
        self.refuse(e, message)
    }

    fn literal(&mut self, lit: &syn::Lit) -> Res<ExprKind> {
        match lit {
            syn::Lit::Float(f) => match f.suffix() {
                "" => Ok(ExprKind::Float(f.base10_digits().into(), None)),
                s => self.float(f.base10_digits(), s, lit),
            },
            syn::Lit::Int(i) => match i.suffix() {
                "f32" | "f64" => self.float(i.base10_digits(), i.suffix(), lit),
                suffix => {
                    let ty = Int::from_name(suffix).map(Ty::Int);
                    let value = i.base10_parse::<i64>().ok().filter(|_| suffix.is_empty() || ty.is_some());
                    let value = value.ok_or_else(|| self.refuse(lit, messages::integer_literal()))?;
                    Ok(ExprKind::Int(value, ty))
                }
            },
            syn::Lit::Bool(b) => Ok(ExprKind::Bool(b.value)),
            syn::Lit::Str(_) => Ok(ExprKind::Str),
            other => Err(self.refuse(other, messages::text_type("char"))),
        }
    }

    fn float(&mut self, digits: &str, suffix: &str, at: &syn::Lit) -> Res<ExprKind> {
        match Scalar::from_name(suffix).filter(|s| s.is_float()) {
            Some(s) => Ok(ExprKind::Float(digits.into(), Some(Ty::Float(s)))),
            None => Err(self.refuse(at, messages::unknown_type())),
        }
    }

    pub(super) fn path(&mut self, p: &syn::ExprPath) -> Res<Path> {
        if p.qself.is_some() {
            return Err(self.refuse(p, messages::qualified_path()));
        }
        let mut path = path_of(&p.path);
        for segment in p.path.segments.iter().rev().take(2) {
            if let syn::PathArguments::AngleBracketed(a) = &segment.arguments {
                path.generics = self.generics(a)?;
                if let Some((r, c)) = types::matrix_dimensions(&segment.ident.to_string(), &dims(a)) {
                    let elem = path.generics.first().cloned().unwrap_or(Ty::Var(self.id() * 4, Kind::Float));
                    path.generics = vec![Ty::Matrix(Box::new(elem), r, c)];
                }
            }
        }
        if path.generics.is_empty()
            && let Some((r, c)) = path.owner().and_then(|o| types::matrix_dimensions(o, &[]))
        {
            path.generics = vec![Ty::Matrix(Box::new(Ty::Var(self.id() * 4, Kind::Float)), r, c)];
        }
        self.owned_path(path)
    }

    /// `Model { w, b: 0.0, ..base }`.
    fn struct_literal(&mut self, s: &syn::ExprStruct) -> Res<ExprKind> {
        let ty = types::of_path(self, &s.path);
        let fields: Vec<Res<(String, Expr)>> = s
            .fields
            .iter()
            .map(|f| Ok((f.member.to_token_stream().to_string(), self.expr(&f.expr)?)))
            .collect();
        let base = s.rest.as_ref().map(|e| self.expr(e)).transpose();
        let fields = fields.into_iter().collect::<Res<_>>()?;
        Ok(ExprKind::Struct(Box::new(Literal { ty: ty?, fields, base: base? })))
    }

    /// `Meters(x)`.
    fn tuple_struct(&mut self, path: &syn::Path, c: &syn::ExprCall) -> Res<ExprKind> {
        let (ty, args) = (types::of_path(self, path), self.exprs(&c.args));
        let fields = args?.into_iter().enumerate().map(|(k, e)| (k.to_string(), e)).collect();
        Ok(ExprKind::Struct(Box::new(Literal { ty: ty?, fields, base: None })))
    }

    fn generics(&mut self, a: &syn::AngleBracketedGenericArguments) -> Res<Vec<Ty>> {
        let mut found = Vec::new();
        for arg in &a.args {
            if let syn::GenericArgument::Type(t) = arg {
                found.push(types::ty(self, t)?);
            }
        }
        Ok(found)
    }

    fn unary(&mut self, u: &syn::ExprUnary) -> Res<ExprKind> {
        let inner = self.boxed(&u.expr)?;
        Ok(match u.op {
            UnOp::Deref(_) => ExprKind::Deref(inner),
            UnOp::Not(_) => ExprKind::Not(inner),
            UnOp::Neg(_) => ExprKind::Neg(inner),
            _ => return Err(self.refuse(u, messages::expression())),
        })
    }

    fn compound(&mut self, b: &syn::ExprBinary) -> Res<ExprKind> {
        let (l, r) = (self.boxed(&b.left), self.boxed(&b.right));
        match assigning(&b.op) {
            Some(op) => Ok(ExprKind::OpAssign(op, l?, r?)),
            None => Err(self.refuse(b, messages::expression())),
        }
    }

    fn method(&mut self, m: &syn::ExprMethodCall) -> Res<ExprKind> {
        let (receiver, args) = (self.expr(&m.receiver), self.exprs(&m.args));
        let types = m.turbofish.as_ref().map(|t| self.generics(t)).transpose()?.unwrap_or_default();
        let lengths = m.turbofish.iter().flat_map(|t| &t.args).filter_map(types::constant).collect();
        let name = m.method.unraw().to_string();
        let name_at = Place::at(m.method.span());
        Ok(ExprKind::Method(Box::new(Method {
            receiver: receiver?,
            name,
            name_at,
            types,
            lengths,
            args: args?,
            mutates: Default::default(),
        })))
    }

    fn closure(&mut self, c: &syn::ExprClosure) -> Res<ExprKind> {
        if c.asyncness.is_some() {
            return Err(self.refuse(c, messages::async_code()));
        }
        let params = c.inputs.iter().map(|p| self.pat(p)).collect::<Res<Vec<_>>>()?;
        let body = self.expr(&c.body)?;
        Ok(ExprKind::Closure(std::rc::Rc::new(Closure { params, body, moves: c.capture.is_some() })))
    }

    fn if_(&mut self, i: &syn::ExprIf) -> Res<ExprKind> {
        let cond = self.expr(&i.cond);
        let then = self.block(&i.then_branch);
        let els = i.else_branch.as_ref().map(|(_, e)| self.expr(e)).transpose();
        Ok(ExprKind::If(Box::new(If { cond: cond?, then: then?, els: els? })))
    }

    fn match_(&mut self, m: &syn::ExprMatch) -> Res<ExprKind> {
        let value = self.boxed(&m.expr);
        let arms: Vec<Res<Arm>> = m.arms.iter().map(|a| self.arm(a)).collect();
        Ok(ExprKind::Match(value?, arms.into_iter().collect::<Res<_>>()?))
    }

    fn arm(&mut self, arm: &syn::Arm) -> Res<Arm> {
        let (pat, guard) = match &arm.pat {
            syn::Pat::Guard(g) => (&*g.pat, Some(self.expr(&g.guard))),
            pat => (pat, None),
        };
        let (pat, body) = (self.pat(pat), self.expr(&arm.body));
        Ok(Arm { pat: pat?, guard: guard.transpose()?, body: body? })
    }

    pub(super) fn block(&mut self, b: &syn::Block) -> Res<Block> {
        let mut stmts: Vec<Res<Stmt>> = Vec::new();
        let mut tail = None;
        // Functions and constants are known in the whole block.
        let item = |s: &&syn::Stmt| matches!(s, syn::Stmt::Item(syn::Item::Fn(_) | syn::Item::Const(_)));
        stmts.extend(b.stmts.iter().filter(item).map(|s| self.stmt(s)).collect::<Vec<_>>());
        for (k, stmt) in b.stmts.iter().enumerate() {
            match stmt {
                syn::Stmt::Expr(e, None) if k + 1 == b.stmts.len() => tail = Some(self.boxed(e)),
                syn::Stmt::Macro(m) if k + 1 == b.stmts.len() && m.semi_token.is_none() => {
                    let kind = self.macro_(&m.mac);
                    let id = self.id();
                    tail = Some(kind.map(|kind| Box::new(Expr { id, place: Place::of(m), kind })));
                }
                other if item(&other) => {}
                other => stmts.push(self.stmt(other)),
            }
        }
        let tail = tail.transpose();
        Ok(Block { stmts: stmts.into_iter().collect::<Res<_>>()?, tail: tail?, place: Place::at(b.span()) })
    }

    fn stmt(&mut self, s: &syn::Stmt) -> Res<Stmt> {
        match s {
            syn::Stmt::Local(l) => {
                let init = l.init.as_ref().map(|i| self.expr(&i.expr)).transpose();
                let (pat, ty) = match &l.pat {
                    syn::Pat::Type(t) => (self.pat(&t.pat), Some(types::ty(self, &t.ty))),
                    p => (self.pat(p), None),
                };
                let diverge = l.init.as_ref().and_then(|i| i.diverge.as_ref()).map(|(_, e)| self.expr(e));
                let (pat, ty, init, diverge) = (pat?, ty.transpose()?, init?, diverge.transpose()?);
                Ok(match (init, diverge) {
                    (Some(init), Some(Expr { kind: ExprKind::Block(None, b), .. })) => {
                        Stmt::LetElse(pat, ty, init, b)
                    }
                    (init, _) => Stmt::Let(pat, ty, init),
                })
            }
            syn::Stmt::Expr(e, _) => Ok(Stmt::Expr(self.expr(e)?)),
            syn::Stmt::Macro(m) => {
                let kind = self.macro_(&m.mac)?;
                Ok(Stmt::Expr(Expr { id: self.id(), place: Place::of(m), kind }))
            }
            syn::Stmt::Item(syn::Item::Const(c)) => self.local_const(c),
            syn::Stmt::Item(syn::Item::Use(_)) => {
                let unit = ExprKind::Tuple(Vec::new());
                Ok(Stmt::Expr(Expr { id: self.id(), place: Place::of(s), kind: unit }))
            }
            syn::Stmt::Item(syn::Item::Fn(f)) => self.local_fn(f),
            syn::Stmt::Item(i) => Err(self.refuse(i, messages::item_in_body())),
        }
    }

    /// A function in the body is a closure that sees nothing but its parameters and what stands before it.
    fn local_fn(&mut self, f: &syn::ItemFn) -> Res<Stmt> {
        let plain = f.sig.generics.params.is_empty() && f.sig.asyncness.is_none() && f.sig.abi.is_none();
        if !plain || !matches!(f.sig.safety, syn::Safety::Default) {
            return Err(self.refuse(&f.sig, messages::item_in_body()));
        }
        let mut params = Vec::new();
        for input in &f.sig.inputs {
            let syn::FnArg::Typed(t) = input else {
                return Err(self.refuse(input, messages::item_in_body()));
            };
            let (pat, ty) = (self.pat(&t.pat)?, types::ty(self, &t.ty)?);
            let kind = crate::ast::PatKind::Typed(Box::new(pat), ty);
            params.push(crate::ast::Pat { id: self.id(), place: Place::of(t), kind });
        }
        let (block, place) = (self.block(&f.block)?, Place::of(&f.sig));
        let body = Expr { id: self.id(), place, kind: ExprKind::Block(None, block) };
        let kind = ExprKind::Closure(std::rc::Rc::new(Closure { params, body, moves: false }));
        let value = Expr { id: self.id(), place, kind };
        let name = crate::ast::PatKind::Bind(f.sig.ident.unraw().to_string(), None);
        let pat = crate::ast::Pat { id: self.id(), place: Place::at(f.sig.ident.span()), kind: name };
        Ok(Stmt::Let(pat, None, Some(value)))
    }

    fn local_const(&mut self, c: &syn::ItemConst) -> Res<Stmt> {
        let (ty, value) = (types::ty(self, &c.ty), self.expr(&c.expr));
        let kind = crate::ast::PatKind::Bind(c.ident.to_string(), None);
        let pat = crate::ast::Pat { id: self.id(), place: Place::at(c.ident.span()), kind };
        Ok(Stmt::Let(pat, Some(ty?), Some(value?)))
    }
}

/// The path of a tuple struct that is called: a name like `Meters`.
fn constructor(f: &SynExpr) -> Option<&syn::Path> {
    let SynExpr::Path(p) = f else { return None };
    let last = p.path.segments.last()?.ident.to_string();
    let known = matches!(last.as_str(), "Some" | "None" | "Ok" | "Err");
    (p.qself.is_none() && last.starts_with(char::is_uppercase) && !known).then_some(&p.path)
}

fn dims(a: &syn::AngleBracketedGenericArguments) -> Vec<syn::GenericArgument> {
    a.args.iter().cloned().collect()
}

fn label(l: &Option<syn::Label>) -> Option<String> {
    l.as_ref().map(|l| l.name.ident.to_string())
}

fn binary(op: &BinOp) -> Option<Bin> {
    Some(match op {
        BinOp::Add(_) => Bin::Add,
        BinOp::Sub(_) => Bin::Sub,
        BinOp::Mul(_) => Bin::Mul,
        BinOp::Div(_) => Bin::Div,
        BinOp::Rem(_) => Bin::Rem,
        BinOp::And(_) => Bin::And,
        BinOp::Or(_) => Bin::Or,
        BinOp::BitXor(_) => Bin::BitXor,
        BinOp::BitAnd(_) => Bin::BitAnd,
        BinOp::BitOr(_) => Bin::BitOr,
        BinOp::Shl(_) => Bin::Shl,
        BinOp::Shr(_) => Bin::Shr,
        BinOp::Eq(_) => Bin::Eq,
        BinOp::Lt(_) => Bin::Lt,
        BinOp::Le(_) => Bin::Le,
        BinOp::Ne(_) => Bin::Ne,
        BinOp::Ge(_) => Bin::Ge,
        BinOp::Gt(_) => Bin::Gt,
        _ => return None,
    })
}

fn assigning(op: &BinOp) -> Option<Bin> {
    Some(match op {
        BinOp::AddAssign(_) => Bin::Add,
        BinOp::SubAssign(_) => Bin::Sub,
        BinOp::MulAssign(_) => Bin::Mul,
        BinOp::DivAssign(_) => Bin::Div,
        BinOp::RemAssign(_) => Bin::Rem,
        BinOp::BitXorAssign(_) => Bin::BitXor,
        BinOp::BitAndAssign(_) => Bin::BitAnd,
        BinOp::BitOrAssign(_) => Bin::BitOr,
        BinOp::ShlAssign(_) => Bin::Shl,
        BinOp::ShrAssign(_) => Bin::Shr,
        _ => return None,
    })
}
