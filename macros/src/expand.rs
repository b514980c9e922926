//! The whole pipeline on one screen: tokens, tree, IR, derivatives, Rust.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use pullback_kernels::ad::{self, AdError};
use pullback_kernels::ir::{Func, Module, verify};
use pullback_kernels::opt;
use quote::{ToTokens, format_ident, quote};
use syn::{Item, ItemFn, ItemImpl};

use crate::ast::Place;
use crate::attrs::{self, Options};
use crate::companion::{self, Callee, Entry};
use crate::emit::{self, Derivatives};
use crate::errors::{Errors, Failed, Res};
use crate::known::{self, Types};
use crate::lower::{Lowered, Stopped, Wanted};
use crate::parse::{self, Function, Parsed};
use crate::protocol::{State, What};
use crate::ty::Ty;
use crate::types::{Leaf, Passing, RustTy, Signature};
use crate::{data, lower, messages, methods, modes, rule};

/// `#[differentiable]` and, if `is_rule`, `#[derivative]`: the item, untouched, and what is generated beside it.
pub(crate) fn attribute(args: TokenStream, item: TokenStream, is_rule: bool) -> TokenStream {
    if !is_rule
        && parse::too_deep(&item).is_none()
        && let Ok(item) = syn::parse2::<ItemImpl>(item.clone())
    {
        return implementation(&args, &item);
    }
    let (plain, is_type) = without_marks(&item);
    let what = match (is_rule, is_type) {
        (true, _) => What::Rule,
        (_, true) => What::Type,
        _ => What::Function,
    };
    let state = State::new(what, args, TokenStream::new(), item);
    let generated = guarded(|| step(&state));
    quote!(#plain #generated)
}

/// What is generated beside a function with `#[differentiable(args)]`.
pub(crate) fn generated(args: TokenStream, item: TokenStream) -> TokenStream {
    guarded(|| step(&State::new(What::Function, args, TokenStream::new(), item)))
}

/// `#[differentiable] impl`.
fn implementation(args: &TokenStream, item: &ItemImpl) -> TokenStream {
    let plain = methods::plain(item);
    let generated = guarded(|| {
        let mut errors = Errors::default();
        let expansions = methods::expansions(args, item, &mut errors);
        let steps: TokenStream = expansions.iter().map(step).collect();
        let errors = errors.into_tokens();
        quote!(#errors #steps)
    });
    quote!(#plain #generated)
}

/// `#[derive(Differentiable)]`.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    guarded(|| step(&State::new(What::Type, TokenStream::new(), TokenStream::new(), item)))
}

/// `__resume!`: one more companion macro has answered.
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

/// The function without the attributes that only this macro knows, what is no function as it is; and whether it is a type.
fn without_marks(item: &TokenStream) -> (TokenStream, bool) {
    if parse::too_deep(item).is_some() {
        return (item.clone(), false);
    }
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(mut f)) => {
            parse::strip_attributes(&mut f.sig);
            f.attrs.retain(|a| !parse::is_ours(a));
            (f.into_token_stream(), false)
        }
        Ok(Item::Type(_) | Item::Enum(_)) => (item.clone(), true),
        _ => (item.clone(), false),
    }
}

/// Asks the next companion macro, or, when all have answered, generates.
fn step(state: &State) -> TokenStream {
    let mut errors = Errors::default();
    let result = match state.what {
        What::Type => types(state, &mut errors),
        _ => front(state, &mut errors),
    };
    let tokens = match result {
        Ok(Front::Ask(path, is_type)) => state.ask(&path, is_type),
        Ok(Front::AskMethod(wanted)) => state.ask_method(&wanted),
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
    match (state.what, syn::parse2::<Item>(state.item.clone())) {
        (What::Function, Ok(Item::Fn(item))) if item.sig.receiver().is_none() => {
            companion::failed(&item.vis, &item.sig.ident)
        }
        (What::Method, Ok(Item::Fn(item))) => {
            let owner = syn::parse2(state.owner.clone()).ok();
            let owner = owner.and_then(|path: syn::Path| known_types(state).get(&known::key(&path)).cloned());
            match owner {
                Some(Ty::Struct(s)) => {
                    companion::method_carrier(&s.name.id, &item.sig.ident, &quote!(failed))
                }
                Some(Ty::Enum(e)) => companion::method_carrier(&e.name.id, &item.sig.ident, &quote!(failed)),
                _ => TokenStream::new(),
            }
        }
        (What::Type, Ok(item)) => data::failed(&item),
        _ => TokenStream::new(),
    }
}

enum Front {
    /// A function, or a type.
    Ask(syn::Path, bool),
    AskMethod(Box<Wanted>),
    Done(TokenStream),
}

/// The types of the user's that have answered, by how they are written.
fn known_types(state: &State) -> Types {
    let mut types = Types::default();
    for answer in &state.answers {
        if let Ok(Entry::Type(definitions, ty)) = syn::parse2(answer.entry.clone())
            && let Ok(path) = syn::parse2::<syn::Path>(answer.path.clone())
            && let Ok(ty) = companion::carried_type(definitions, &ty)
        {
            types.insert(answer.key.clone(), known::named(ty, &path));
        }
    }
    types
}

/// An alias, a C-like enum, or a struct.
fn types(state: &State, errors: &mut Errors) -> Res<Front> {
    if let Some(span) = parse::too_deep(&state.item) {
        return Err(errors.report(Place::at(span), messages::too_deep()));
    }
    if failed_answer(state) {
        return Ok(Front::Done(failed(state)));
    }
    let item = syn::parse2::<Item>(state.item.clone()).map_err(|e| parse::not_a_function(errors, &e))?;
    Ok(match data::expand(&item, &known_types(state), errors)? {
        data::Expanded::Missing(path) => Front::Ask(path, true),
        data::Expanded::Done(tokens) => Front::Done(resolved(tokens, data::name(&item).span())),
    })
}

/// Whether something that was asked has errors of its own.
fn failed_answer(state: &State) -> bool {
    state.answers.iter().any(|a| {
        !matches!(syn::parse2(a.entry.clone()), Ok(Entry::Type(..) | Entry::Function(_) | Entry::Detach))
    })
}

fn front(state: &State, errors: &mut Errors) -> Res<Front> {
    let (item, options, parsed) = parsed(state, errors)?;
    if failed_answer(state) {
        return Ok(Front::Done(failed(state)));
    }
    let function = match parsed {
        Parsed::Missing(path) => return Ok(Front::Ask(path, true)),
        Parsed::Function(function) => *function,
    };
    let mut called = function.callees.iter().map(|c| &c.written).chain(&options.rule);
    if let Some(next) = called.find(|c| !state.knows(&known::key(c))) {
        return Ok(Front::Ask(next.clone(), false));
    }
    let callees = callees(state);
    let lowered = match lower::lower(&function, &callees, errors) {
        Ok(lowered) => lowered,
        Err(Stopped::Failed) => return Err(Failed),
        Err(Stopped::Wanted(wanted)) => return Ok(Front::AskMethod(wanted)),
    };
    let places = lowered.places.clone();
    let (mut sig, module) = linked(&item, &options, (function, lowered), &callees, errors)?;
    // When a companion macro resumes, names made here and the user's own would not see each other.
    let site = proc_macro2::Span::call_site();
    sig.params.iter_mut().for_each(|p| p.name.set_span(p.name.span().resolved_at(site)));
    generate(&sig, &module, &places, &options, errors).map(Front::Done)
}

fn parsed(state: &State, errors: &mut Errors) -> Res<(ItemFn, Options, Parsed)> {
    if let Some(span) = parse::too_deep(&state.item).or_else(|| parse::too_deep(&state.args)) {
        return Err(errors.report(Place::at(span), messages::too_deep()));
    }
    let item = syn::parse2::<ItemFn>(state.item.clone());
    let item = item.map_err(|e| match syn::parse2::<Item>(state.item.clone()) {
        Ok(Item::Struct(s)) => {
            errors.report(Place::at(s.struct_token.span), messages::differentiable_struct())
        }
        _ => parse::not_a_function(errors, &e),
    })?;
    if let Some(other) = item.attrs.iter().find(|a| parse::is_ours(a)) {
        return Err(errors.report(Place::of(other), messages::rule_and_function()));
    }
    let options = attrs::options(state.args.clone(), state.what == What::Rule, errors);
    let owner: Option<syn::Path> = syn::parse2(state.owner.clone()).ok();
    // The body is looked at even if the attribute is wrong: mistakes are reported together.
    let given = options.as_ref().cloned().unwrap_or_default();
    let function = parse::function(&item, &given, owner.as_ref(), &known_types(state), errors);
    Ok((item, options?, function?))
}

/// The functions and methods that have answered.
fn callees(state: &State) -> Vec<Callee> {
    let mut callees = Vec::new();
    for answer in &state.answers {
        let instances = match syn::parse2(answer.entry.clone()) {
            Ok(Entry::Function(instances)) => instances,
            Ok(Entry::Detach) => {
                callees.push(Callee::detach(&answer.key));
                continue;
            }
            _ => continue,
        };
        let written: Option<syn::Path> = syn::parse2(answer.path.clone()).ok();
        let is_method = !answer.method.is_empty();
        let name = if is_method { &answer.method } else { &answer.key };
        for entry in instances {
            let part = (written.is_none() && !answer.path.is_empty()).then(|| answer.path.clone());
            let callee = entry.callee(&answer.key, name, written.clone(), is_method);
            callees.extend(callee.map(|c| Callee { part, ..c }));
        }
    }
    companion::separate(&mut callees);
    callees
}

/// The signature of the function that gets a companion, and its module.
fn linked(
    item: &ItemFn,
    options: &Options,
    (function, lowered): (Function, Lowered),
    callees: &[Callee],
    errors: &mut Errors,
) -> Res<(Signature, Module)> {
    errors.barrier()?;
    let mut sig = function.sig;
    sig.consts = lowered.consts;
    let module = companion::linked(lowered.func, callees, &lowered.calls);
    match (&options.of, &options.rule) {
        (Some(of), _) => rule::attach(item, of, options, sig, module, errors),
        (_, Some(rule)) => rule::govern(rule, &sig, module, callees, errors).map(|module| (sig, module)),
        _ => Ok((sig, module)),
    }
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
    let items = companion::items(sig, module);
    let results =
        sig.ret.is_active() || sig.params.iter().any(|p| p.passing == Passing::Mut && p.ty.is_active());
    let helper = sig.owner.is_some() && !(results && sig.params.iter().any(|p| p.wrt));
    if options.instance || helper {
        return Ok(resolved(items, sig.name.span()));
    }
    let derivatives = derivatives(sig, module, options.checkpoint).map_err(|e| {
        let at = places.get((e.loc.0 as usize).wrapping_sub(1)).copied().unwrap_or(place);
        errors.report(at, messages::no_derivative(&e.message))
    })?;
    let companion = emit::companion(sig, &derivatives);
    let of = options.of.as_ref();
    let extra = of.map(|of| rule::value_function(sig, of));
    // A rule is used, though rustc sees no call of it.
    let own = of.and_then(|_| module.funcs.iter().rev().find_map(|f| f.rule.as_ref()));
    let own = own.map(|r| format_ident!("{}", r.func).into());
    let used = options.rule.clone().or(own).map(|f: syn::Path| quote!(const _: () = { let _ = #f; };));
    Ok(resolved(quote!(#companion #items #extra #used), sig.name.span()))
}

/// The tokens with the user's function as the place where their names are looked up. A function with callees is expanded
/// within their companion macros, whose hygiene would keep generated names and the user's apart.
fn resolved(tokens: TokenStream, user: Span) -> TokenStream {
    let one = |mut t: TokenTree| {
        if matches!(&t, TokenTree::Ident(i) if i == "$crate") {
            return t;
        }
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
    let frozen = sig.results().iter().any(Leaf::is_frozen);
    let whole = (frozen && cfg!(feature = "cuda")).then(|| fused(module, segment));
    let module = &fused(&without_frozen(sig, module), segment);
    let name = &module.entry().name;
    let wrt = wrt_leaves(sig);
    let scalar = matches!(sig.ret, RustTy::Float(_)) && module.entry().result_types().len() == 1;
    let value_and_grad =
        if scalar { Some(optimised(module, ad::value_and_grad(module, name, &wrt)?)) } else { None };
    let vjp = optimised(module, ad::vjp(module, name, &wrt)?);
    let modes = modes::derived(&sig.modes, module, &wrt)?;
    let explain = explain(module, value_and_grad.as_ref().unwrap_or(&vjp)) + &modes::explain(&modes);
    Ok(Derivatives { module: module.clone(), value_and_grad, vjp, whole, modes, explain })
}

/// The module without the results that count as constants, so that no cotangent of them is asked for.
fn without_frozen(sig: &Signature, module: &Module) -> Module {
    let mut module = module.clone();
    if let Some(entry) = module.funcs.last_mut() {
        let mut leaves = sig.results().into_iter();
        entry.body.results.retain(|_| !leaves.next().is_some_and(|l| l.is_frozen()));
    }
    module
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
    let leaves = sig.params.iter().flat_map(|p| p.ty.leaves().into_iter().map(move |l| p.wrt && l.active));
    leaves.enumerate().filter(|(_, active)| *active).map(|(k, _)| k).collect()
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
