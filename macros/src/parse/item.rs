//! The annotated function itself: its signature and what may not stand in it.

use std::collections::BTreeMap;

use syn::ext::IdentExt;
use syn::visit_mut::VisitMut;
use syn::{FnArg, ItemFn, ReturnType};

use super::{Parser, types};
use crate::ast::{Block, Expr, Place};
use crate::attrs::Options;
use crate::callees;
use crate::errors::{Errors, Failed, Res};
use crate::known::{self, Types};
use crate::messages;
use crate::ty::Ty;
use crate::types::{Mode, Owner, Param, Passing, RustTy, Signature, TypeName};

/// An annotated function, parsed.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its signature; `consts` are found by lowering.
    pub(crate) sig: Signature,
    /// Its body.
    pub(crate) body: Block,
    /// The paths that it calls and that are no part of the language: other annotated functions.
    pub(crate) callees: Vec<crate::ast::Path>,
    /// How it names types of the user's.
    pub(crate) names: BTreeMap<String, TypeName>,
}

/// A function, or what must be known first.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// The function.
    Function(Box<Function>),
    /// It names a type whose companion macro must be asked.
    Missing(syn::Path),
}

/// Parses a function that names these types of the user's. Mistakes go to the sink.
pub(crate) fn function(
    item: &ItemFn,
    options: &Options,
    owner: Option<&syn::Path>,
    types: &Types,
    errors: &mut Errors,
) -> Res<Parsed> {
    let mut p = Parser::with(errors, types);
    qualifiers(&mut p, item);
    p.errors.barrier()?;
    if let Some(span) = super::limits::conditional(item) {
        p.errors.report(Place::at(span), messages::conditional_code());
    }
    let params = params(&mut p, item, options);
    if params.is_err() {
        unknown_wrt(&mut p, options, item);
    }
    let ret = result(&mut p, item);
    p.in_body = true;
    let body = p.block(&item.block);
    let owner = owner.map(|path| owned(&mut p, path, item)).transpose();
    if let (true, Some(path)) = (p.errors.is_empty(), p.missing.first()) {
        return Ok(Parsed::Missing(path.clone()));
    }
    if p.errors.is_empty()
        && let Ok(params) = &params
    {
        check_wrt(&mut p, params, options, item, owner.as_ref().is_ok_and(Option::is_some));
        if !owner.as_ref().is_ok_and(Option::is_some) {
            check_result(&mut p, &ret, params, item);
        }
        check_modes(&mut p, &ret, params, options);
    }
    errors.barrier()?;
    let (ret, params, body, owner) = (ret?, params?, body?, owner?);
    let written_ret = match &item.sig.output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, t) => (**t).clone(),
    };
    let mut names: Vec<String> = params.iter().map(|p| p.name.unraw().to_string()).collect();
    names.push(item.sig.ident.unraw().to_string());
    let callees = callees::of(&body, &names);
    recursion(&body, item, errors);
    for p in callees.iter().filter(|p| matches!(p.segments[0].as_str(), "std" | "core" | "alloc")) {
        errors.report(Place::of(&p.written), messages::standard_function(&p.show()));
    }
    errors.barrier()?;
    let sig = Signature {
        vis: item.vis.clone(),
        name: item.sig.ident.clone(),
        params,
        written_ret,
        ret,
        modes: options.modes.iter().map(|(mode, _)| *mode).collect(),
        consts: Vec::new(),
        owner,
    };
    Ok(Parsed::Function(Box::new(Function { sig, body, callees, names: known::names(types) })))
}

/// The type in whose `impl` a function stands.
fn owned(p: &mut Parser, path: &syn::Path, item: &ItemFn) -> Res<Owner> {
    let ty = types::ty(p, &syn::parse_quote!(#path))?;
    let name = match &ty {
        Ty::Struct(s) => &s.name,
        Ty::Enum(e) => &e.name,
        other => return Err(p.refuse(path, messages::impl_of(&other.show()))),
    };
    let receiver = matches!(item.sig.inputs.first(), Some(FnArg::Typed(t)) if is_this(&t.pat));
    Ok(Owner { path: path.clone(), id: name.id.clone(), receiver })
}

fn is_this(pat: &syn::Pat) -> bool {
    matches!(pat, syn::Pat::Ident(i) if i.ident == crate::methods::THIS)
}

fn qualifiers(p: &mut Parser, item: &ItemFn) {
    let sig = &item.sig;
    if let Some(a) = &sig.asyncness {
        p.refuse(a, messages::async_code());
    }
    if let syn::Safety::Unsafe(u) = &sig.safety {
        p.refuse(u, messages::unsafe_code());
    }
    if let Some(abi) = &sig.abi {
        p.refuse(abi, messages::foreign_abi());
    }
    let lifetimes_only = sig.generics.params.iter().all(|g| matches!(g, syn::GenericParam::Lifetime(_)));
    if !lifetimes_only {
        p.refuse(&sig.generics, messages::generic_function());
    } else if let Some(w) = &sig.generics.where_clause {
        p.refuse(w, messages::generic_function());
    }
    if let Some(v) = &sig.variadic {
        p.refuse(v, messages::foreign_abi());
    }
}

fn params(p: &mut Parser, item: &ItemFn, options: &Options) -> Res<Vec<Param>> {
    let all: Vec<Res<Param>> = item.sig.inputs.iter().map(|a| param(p, a, options)).collect();
    all.into_iter().collect()
}

fn param(p: &mut Parser, arg: &FnArg, options: &Options) -> Res<Param> {
    let FnArg::Typed(arg) = arg else { return Err(p.refuse(arg, messages::receiver())) };
    let name = match &*arg.pat {
        syn::Pat::Ident(i) if i.by_ref.is_none() && i.subpat.is_none() => i.ident.clone(),
        other => return Err(p.refuse(other, messages::parameter_pattern())),
    };
    let (passing, ty) = types::written(p, &arg.ty)?;
    if contains_hole(&ty) {
        return Err(p.refuse(&arg.ty, messages::parameter_type()));
    }
    if contains_option(&ty) {
        return Err(p.refuse(&arg.ty, messages::option_type("Option")));
    }
    let rust = ty.finish();
    let float = rust.is_active();
    let no_diff = arg.attrs.iter().any(|a| a.path().is_ident("no_diff"));
    if passing == Passing::Mut && matches!(ty, Ty::Vec(_)) {
        return Err(p.refuse(&arg.ty, messages::mut_vec()));
    }
    let listed = options.wrt.as_ref().map(|w| w.contains(&name));
    let wrt = listed.unwrap_or(float && !no_diff);
    let mut written = (*arg.ty).clone();
    Elide.visit_type_mut(&mut written);
    Ok(Param { name, written, passing, ty: rust, wrt })
}

/// Forgets the names of lifetimes: nothing that is generated returns a part of an argument.
struct Elide;

impl VisitMut for Elide {
    fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
        if lifetime.ident != "static" {
            *lifetime = syn::Lifetime::new("'_", lifetime.span());
        }
    }
}

fn contains_option(ty: &Ty) -> bool {
    match ty {
        Ty::Option(_) => true,
        Ty::Tuple(ts) => ts.iter().any(contains_option),
        _ => ty.elem().is_some_and(contains_option),
    }
}

fn contains_hole(ty: &Ty) -> bool {
    match ty {
        Ty::Var(..) => true,
        Ty::Tuple(ts) => ts.iter().any(contains_hole),
        _ => ty.elem().is_some_and(contains_hole),
    }
}

fn result(p: &mut Parser, item: &ItemFn) -> Res<RustTy> {
    match &item.sig.output {
        ReturnType::Default => Ok(RustTy::Unit),
        ReturnType::Type(_, t) => match types::written(p, t)? {
            (_, ty) if contains_option(&ty) => Err(p.refuse(t, messages::option_type("Option"))),
            (Passing::Value, ty) => Ok(ty.finish()),
            _ => Err(p.refuse(t, messages::reference_result())),
        },
    }
}

/// Gradients may be asked of parameters that exist, whatever else is wrong with these.
fn unknown_wrt(p: &mut Parser, options: &Options, item: &ItemFn) {
    let names: Vec<&syn::Ident> = item.sig.inputs.iter().filter_map(parameter_name).collect();
    for name in options.wrt.iter().flatten().filter(|n| !names.contains(n)) {
        let all: Vec<String> = names.iter().map(ToString::to_string).collect();
        p.errors.report(Place::at(name.span()), messages::wrt_unknown(&name.to_string(), &all));
    }
}

fn parameter_name(arg: &FnArg) -> Option<&syn::Ident> {
    match arg {
        FnArg::Typed(syn::PatType { pat, .. }) => match &**pat {
            syn::Pat::Ident(i) => Some(&i.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

/// Gradients may be asked of floats, of parameters that exist.
fn check_wrt(p: &mut Parser, params: &[Param], options: &Options, item: &ItemFn, is_method: bool) {
    for name in options.wrt.iter().flatten() {
        match params.iter().find(|q| q.name == *name) {
            None => {
                let names: Vec<String> = params.iter().map(|q| q.name.to_string()).collect();
                p.errors.report(Place::at(name.span()), messages::wrt_unknown(&name.to_string(), &names));
            }
            Some(q) if !q.ty.is_active() => {
                let shown = Ty::from(&q.ty).show();
                p.errors.report(Place::at(name.span()), messages::wrt_integer(&name.to_string(), &shown));
            }
            _ => {}
        }
    }
    let no_diff = |a: &FnArg| match a {
        FnArg::Typed(t) => t.attrs.iter().find(|a| a.path().is_ident("no_diff")).cloned(),
        FnArg::Receiver(_) => None,
    };
    for (attr, param) in item.sig.inputs.iter().map(no_diff).zip(params) {
        if let Some(attr) = attr
            && options.wrt.is_some()
            && param.wrt
        {
            p.refuse(&attr, messages::wrt_and_no_diff(&param.name.to_string()));
        }
    }
    if !is_method && !params.iter().any(|q| q.wrt) && p.errors.is_empty() {
        p.errors.report(Place::at(item.sig.ident.span()), messages::nothing_to_differentiate());
    }
}

/// There must be a float among the results.
fn check_result(p: &mut Parser, ret: &Res<RustTy>, params: &[Param], item: &ItemFn) {
    let Ok(ret) = ret else { return };
    let float = RustTy::is_active;
    let filled = params.iter().any(|q| q.passing == Passing::Mut && float(&q.ty));
    if !float(ret) && !filled {
        let place = match &item.sig.output {
            ReturnType::Default => Place::at(item.sig.ident.span()),
            ReturnType::Type(_, t) => Place::of(t),
        };
        p.errors.report(place, messages::no_float_result(&Ty::from(ret).show()));
    }
}

/// Second derivatives are of functions that return one number.
fn check_modes(p: &mut Parser, ret: &Res<RustTy>, params: &[Param], options: &Options) {
    let Ok(ret) = ret else { return };
    let filled = params.iter().find(|q| q.passing == Passing::Mut);
    for (mode, place) in &options.modes {
        let results = std::iter::once(ret).chain(filled.map(|q| &q.ty));
        let mut structs = results.filter(|t| has_struct(t)).map(|t| Ty::from(t).show());
        if let (Mode::Jacobian, Some(shown)) = (mode, structs.next()) {
            p.errors.report(*place, messages::struct_result("jacobian", &shown));
        }
        if let (Mode::Hessian, Some(q)) = (mode, params.iter().find(|q| q.wrt && has_struct(&q.ty))) {
            p.errors.report(*place, messages::struct_hessian(&q.name.to_string(), &Ty::from(&q.ty).show()));
        }
    }
    if matches!(ret, RustTy::Float(_)) && filled.is_none() {
        return;
    }
    for (mode, place) in &options.modes {
        let name = match mode {
            Mode::Hessian => "hessian",
            Mode::Hvp => "hvp",
            Mode::Jvp | Mode::Jacobian => continue,
        };
        let text = match filled {
            Some(q) => messages::second_order_of_filled(name, &q.name.to_string()),
            None => messages::second_order_of(name, &Ty::from(ret).show()),
        };
        p.errors.report(*place, text);
    }
}

fn has_struct(ty: &RustTy) -> bool {
    match ty {
        RustTy::Struct(_) => true,
        RustTy::Array(t, _) | RustTy::Slice(t) | RustTy::Vec(t) => has_struct(t),
        RustTy::Tuple(ts) => ts.iter().any(has_struct),
        _ => false,
    }
}

fn recursion(body: &Block, item: &ItemFn, errors: &mut Errors) {
    let name = item.sig.ident.unraw().to_string();
    let mut check = |e: &Expr| {
        if let crate::ast::ExprKind::Call(f, _) = &e.kind
            && let crate::ast::ExprKind::Path(p) = &f.kind
            && p.single() == Some(&name)
        {
            errors.report(e.place, messages::recursion(&name));
        }
    };
    callees::visit_block(body, &mut check);
}

/// Whether this is `#[differentiable]` or `#[derivative]`.
pub(crate) fn is_ours(attr: &syn::Attribute) -> bool {
    attr.path().segments.last().is_some_and(|s| s.ident == "differentiable" || s.ident == "derivative")
}

/// Removes the attributes that only this macro knows.
pub(crate) fn strip_attributes(sig: &mut syn::Signature) {
    for arg in &mut sig.inputs {
        let attrs = match arg {
            FnArg::Typed(t) => &mut t.attrs,
            FnArg::Receiver(r) => &mut r.attrs,
        };
        attrs.retain(|a| !a.path().is_ident("no_diff"));
    }
}

/// The error of a function that could not even be parsed as one.
pub(crate) fn not_a_function(errors: &mut Errors, error: &syn::Error) -> Failed {
    errors.report(Place::at(error.span()), messages::not_a_function())
}
