//! The whole pipeline on one screen: tokens, tree, IR, derivatives, Rust.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use pullback_kernels::ad::{self, AdError};
use pullback_kernels::ir::{Func, Module, verify};
use pullback_kernels::opt;
use quote::{ToTokens, format_ident, quote};
use syn::ItemFn;

use crate::ast::Place;
use crate::attrs::{self, Options};
use crate::companion::{self, Callee, Entry, State};
use crate::emit::{self, Derivatives};
use crate::errors::{Errors, Res};
use crate::parse::{self, Function};
use crate::types::{RustTy, Signature};
use crate::{lower, messages, modes, rule};

/// `#[differentiable]` and, if `is_rule`, `#[derivative]`: the function, untouched, and what is generated beside it.
pub(crate) fn attribute(args: TokenStream, item: TokenStream, is_rule: bool) -> TokenStream {
    let plain = without_marks(&item);
    let generated = guarded(|| step(&State { entries: Vec::new(), rule: is_rule, args, item }));
    quote!(#plain #generated)
}

/// What is generated beside a function with `#[differentiable(args)]`.
pub(crate) fn generated(args: TokenStream, item: TokenStream) -> TokenStream {
    guarded(|| step(&State { entries: Vec::new(), rule: false, args, item }))
}

/// `__resume!`: one more callee has answered.
pub(crate) fn resume(tokens: TokenStream) -> TokenStream {
    guarded(|| match syn::parse2::<State>(tokens) {
        Ok(state) => step(&state),
        Err(_) => {
            let mut errors = Errors::default();
            errors.report(Place::at(Span::call_site()), messages::not_for_users());
            errors.into_tokens()
        }
    })
}

/// Whatever happens, the compiler goes on: a panic of this crate is its own bug, and is reported as one.
fn guarded(f: impl FnOnce() -> TokenStream) -> TokenStream {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        let mut errors = Errors::default();
        errors.report(Place::at(Span::call_site()), messages::bug(&text));
        errors.into_tokens()
    })
}

/// The function without the attributes that only this macro knows; what is no function stays as it is.
fn without_marks(item: &TokenStream) -> TokenStream {
    if parse::too_deep(item).is_some() {
        return item.clone();
    }
    match syn::parse2::<ItemFn>(item.clone()) {
        Ok(mut f) => {
            parse::strip_attributes(&mut f);
            f.into_token_stream()
        }
        Err(_) => item.clone(),
    }
}

/// Asks the next callee, or, when all have answered, generates.
fn step(state: &State) -> TokenStream {
    let mut errors = Errors::default();
    let result = front(state, &mut errors);
    let tokens = match result {
        Ok(Front::Ask(path)) => companion::ask(&path, state.tokens()),
        Ok(Front::Done(tokens)) => tokens,
        Err(_) => failed(state),
    };
    let errors = errors.into_tokens();
    quote!(#errors #tokens)
}

/// A function with errors still has a companion macro, so that its callers report nothing of their own.
fn failed(state: &State) -> TokenStream {
    if parse::too_deep(&state.item).is_some() {
        return TokenStream::new();
    }
    match syn::parse2::<ItemFn>(state.item.clone()) {
        Ok(item) if !state.rule && item.sig.receiver().is_none() => {
            companion::failed(&item.vis, &item.sig.ident)
        }
        _ => TokenStream::new(),
    }
}

enum Front {
    Ask(crate::ast::Path),
    Done(TokenStream),
}

fn front(state: &State, errors: &mut Errors) -> Res<Front> {
    let (item, options, function) = parsed(state, errors)?;
    if let Some(next) = function.callees.get(state.entries.len()) {
        return Ok(Front::Ask(next.clone()));
    }
    let Some(callees) = answers(state, &function, errors) else { return Ok(Front::Done(failed(state))) };
    let (mut sig, module, places) = lowered(&item, &options, function, &callees, errors)?;
    // When a companion macro resumes, names made here and the user's own would not see each other.
    let site = proc_macro2::Span::call_site();
    sig.params.iter_mut().for_each(|p| p.name.set_span(p.name.span().resolved_at(site)));
    generate(&sig, &module, &places, &options, errors).map(Front::Done)
}

fn parsed(state: &State, errors: &mut Errors) -> Res<(ItemFn, Options, Function)> {
    if let Some(span) = parse::too_deep(&state.item).or_else(|| parse::too_deep(&state.args)) {
        return Err(errors.report(Place::at(span), messages::too_deep()));
    }
    let item = syn::parse2::<ItemFn>(state.item.clone()).map_err(|e| parse::not_a_function(errors, &e))?;
    let options = attrs::options(state.args.clone(), state.rule, errors);
    // The body is looked at even if the attribute is wrong: mistakes are reported together.
    let function = parse::function(&item, options.as_ref().unwrap_or(&Options::default()), errors);
    Ok((item, options?, function?))
}

/// The callees' entries; `None` if one of them has errors of its own.
fn answers(state: &State, function: &Function, errors: &mut Errors) -> Option<Vec<Callee>> {
    let mut callees = Vec::new();
    for (path, tokens) in function.callees.iter().zip(&state.entries) {
        let entry = syn::parse2::<Entry>(tokens.clone()).ok()?;
        callees.extend(entry.callees(path, errors)?);
    }
    companion::separate(&mut callees);
    Some(callees)
}

/// The signature of the function that gets a companion, its module, and the places that the IR names.
fn lowered(
    item: &ItemFn,
    options: &Options,
    function: Function,
    callees: &[Callee],
    errors: &mut Errors,
) -> Res<(Signature, Module, Vec<Place>)> {
    let lowered = lower::lower(&function, callees, errors)?;
    errors.barrier()?;
    let mut sig = function.sig;
    sig.consts = lowered.consts;
    let module = companion::linked(lowered.func, callees, &lowered.calls);
    let (sig, module) = match &options.of {
        None => (sig, module),
        Some(of) => rule::attach(item, of, options, sig, module, errors)?,
    };
    Ok((sig, module, lowered.places))
}

/// From verified IR to Rust. Nothing fails from here on for a reason that lies with the user, save what has no
/// derivative.
fn generate(
    sig: &Signature,
    module: &Module,
    places: &[Place],
    options: &Options,
    errors: &mut Errors,
) -> Res<TokenStream> {
    let place = Place::at(sig.name.span());
    if let Err(violations) = verify(module) {
        let text = violations.iter().map(|v| v.0.clone()).collect::<Vec<_>>().join("; ");
        return Err(errors.report(place, messages::bug(&text)));
    }
    if options.instance {
        return Ok(resolved(companion::items(sig, module), sig.name.span()));
    }
    let derivatives = derivatives(sig, module, options.checkpoint).map_err(|e| {
        let at = places.get((e.loc.0 as usize).wrapping_sub(1)).copied().unwrap_or(place);
        errors.report(at, messages::no_derivative(&e.message))
    })?;
    let items = companion::items(sig, module);
    let companion = emit::companion(sig, &derivatives);
    let of = options.of.as_ref();
    let extra = of.map(|of| rule::value_function(sig, of));
    // A rule is used, though rustc sees no call of it.
    let used = of.map(|_| {
        module.funcs.iter().rev().find_map(|f| f.rule.as_ref()).map(|r| format_ident!("{}", r.func))
    });
    let used = used.flatten().map(|f| quote!(const _: () = { let _ = #f; };));
    Ok(resolved(quote!(#companion #items #extra #used), sig.name.span()))
}

/// The tokens with the user's function as the place where their names are looked up. A function with callees is expanded
/// within their companion macros, whose hygiene would keep generated names and the user's apart.
fn resolved(tokens: TokenStream, user: Span) -> TokenStream {
    let one = |mut t: TokenTree| {
        let span = t.span().resolved_at(user);
        if let TokenTree::Group(g) = &t {
            t = Group::new(g.delimiter(), resolved(g.stream(), user)).into();
        }
        t.set_span(span);
        t
    };
    tokens.into_iter().map(one).collect()
}

/// The derivatives that are asked for, optimised.
fn derivatives(sig: &Signature, module: &Module, segment: Option<i64>) -> Result<Derivatives, AdError> {
    let module = &fused(module, segment);
    let name = &module.entry().name;
    let wrt = wrt_leaves(sig);
    let scalar = matches!(sig.ret, RustTy::Float(_)) && module.entry().result_types().len() == 1;
    let value_and_grad =
        if scalar { Some(optimised(module, ad::value_and_grad(module, name, &wrt)?)) } else { None };
    let vjp = optimised(module, ad::vjp(module, name, &wrt)?);
    let modes = modes::derived(&sig.modes, module, &wrt)?;
    let explain = explain(module, value_and_grad.as_ref().unwrap_or(&vjp)) + &modes::explain(&modes);
    Ok(Derivatives { module: module.clone(), value_and_grad, vjp, modes, explain })
}

/// The module with its entry inlined and fused: what is one loop now has one loop as its derivative, with the seed applied
/// after it. Loops that stay sequential are split into segments where the user says so.
fn fused(module: &Module, segment: Option<i64>) -> Module {
    let mut fused = module.clone();
    if let Some(entry) = fused.funcs.last_mut() {
        opt::inline(module, entry, true);
        opt::optimize(entry);
        segment.into_iter().for_each(|every| opt::checkpoint(entry, every));
    }
    fused
}

/// The positions of the IR parameters whose cotangents are asked for.
fn wrt_leaves(sig: &Signature) -> Vec<usize> {
    let leaves = sig.params.iter().flat_map(|p| p.ty.leaves().into_iter().map(move |l| (p.wrt, l)));
    leaves.enumerate().filter(|(_, (wrt, l))| *wrt && l.elem.is_float()).map(|(k, _)| k).collect()
}

/// A derived function without calls, ready to be printed.
pub(crate) fn optimised(module: &Module, mut f: Func) -> Func {
    opt::inline(module, &mut f, false);
    opt::optimize(&mut f);
    opt::finish(&mut f);
    f
}

fn explain(module: &Module, derivative: &Func) -> String {
    format!("// The function.\n{}\n// Its derivative, fused.\n{derivative}", module.entry())
}
