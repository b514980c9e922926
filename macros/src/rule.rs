//! Custom rules. `#[derivative(of = f)]` on a function gives `f`, which is not annotated itself, a companion: its value
//! is that of calling `f`, its derivative is the annotated function.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Block, Func, Inst, Kind, Loc, Module, Rule, Ty as IrTy, Value};
use quote::{format_ident, quote};
use syn::ItemFn;
use syn::ext::IdentExt;

use crate::ast::Place;
use crate::attrs::Options;
use crate::companion::scalar_of;
use crate::errors::{Errors, Res};
use crate::messages;
use crate::ty::Ty;
use crate::types::{Param, RustTy, Signature};

/// The forwarding function through which generated code calls `f`.
const VALUE: &str = "__pullback_value";

/// The signature and module of `f`, given those of its rule.
pub(crate) fn attach(
    item: &ItemFn,
    of: &syn::Path,
    options: &Options,
    rule: Signature,
    mut module: Module,
    errors: &mut Errors,
) -> Res<(Signature, Module)> {
    let place = Place::at(item.sig.ident.span());
    let Some(name) = of.segments.last().map(|s| s.ident.clone()) else {
        return Err(errors.report(place, messages::derivative_arguments()));
    };
    let Some((seed, params)) = rule.params.split_last().filter(|(_, p)| !p.is_empty()) else {
        return Err(errors.report(place, messages::rule_parameters(&name.to_string())));
    };
    let mut params = params.to_vec();
    if let Some(p) = params.iter().chain([seed]).find(|p| scalar_of(&p.ty).is_none()) {
        return Err(errors.report(Place::of(&p.written), messages::rule_arrays()));
    }
    if options.wrt.as_ref().is_some_and(|w| w.contains(&seed.name)) {
        return Err(errors.report(Place::at(seed.name.span()), messages::rule_parameters(&name.to_string())));
    }
    let wrt: Vec<usize> = (0..params.len()).filter(|&k| params[k].wrt).collect();
    check_cotangents(&params, &wrt, &rule, item, errors)?;
    let consts = rule.consts.clone();
    if !consts.is_empty() {
        return Err(errors.report(place, messages::rule_constants()));
    }
    params.iter_mut().for_each(|p| p.passing = crate::types::Passing::Value);
    let types: Vec<IrTy> = params.iter().filter_map(|p| scalar_of(&p.ty)).map(IrTy::from).collect();
    let result: Vec<IrTy> = scalar_of(&seed.ty).map(IrTy::from).into_iter().collect();
    module.funcs.push(external(&name, &types, &result, &rule.name, wrt));
    module.funcs.push(wrapper(&name, &types, &result));
    let sig = Signature {
        vis: rule.vis,
        name,
        params,
        written_ret: seed.written.clone(),
        ret: seed.ty.clone(),
        modes: options.modes.iter().map(|(mode, _)| *mode).collect(),
        consts: Vec::new(),
        owner: None,
    };
    Ok((sig, module))
}

/// The rule returns one cotangent per parameter it is with respect to, each of the parameter's type.
fn check_cotangents(
    params: &[Param],
    wrt: &[usize],
    rule: &Signature,
    item: &ItemFn,
    errors: &mut Errors,
) -> Res<()> {
    let want = match wrt {
        [one] => params[*one].ty.clone(),
        many => RustTy::Tuple(many.iter().map(|&k| params[k].ty.clone()).collect()),
    };
    if want == rule.ret {
        return Ok(());
    }
    let names: Vec<String> = wrt.iter().map(|&k| params[k].name.unraw().to_string()).collect();
    let message = messages::rule_result(&Ty::from(&want).show(), &Ty::from(&rule.ret).show(), &names);
    Err(errors.report(Place::of(&item.sig.output), message))
}

fn value_name(name: &Ident) -> String {
    format!("{}.value", name.unraw())
}

/// `f` as a function without IR, with its rule.
fn external(name: &Ident, params: &[IrTy], returns: &[IrTy], rule: &Ident, wrt: Vec<usize>) -> Func {
    let mut f = Func::new(&value_name(name));
    f.body.params = params.iter().map(|t| f.values.add(t.clone(), "")).collect();
    f.external = Some(format!("{name}::{VALUE}"));
    f.returns = returns.to_vec();
    f.rule = Some(Rule { func: rule.unraw().to_string(), wrt });
    f
}

/// A function that calls the external one: what callers copy.
fn wrapper(name: &Ident, params: &[IrTy], returns: &[IrTy]) -> Func {
    let mut f = Func::new(&name.unraw().to_string());
    let args: Vec<Value> = params.iter().map(|t| f.values.add(t.clone(), "")).collect();
    let results: Vec<Value> = returns.iter().map(|t| f.values.add(t.clone(), "")).collect();
    let kind = Kind::Call { func: value_name(name), args: args.clone() };
    let insts = vec![Inst { results: results.clone(), kind, loc: Loc::default() }];
    f.body = Block { params: args, insts, results };
    f
}

/// `f::__pullback_value`: `f` with every integer an `i64`, as in IR.
pub(crate) fn value_function(sig: &Signature, of: &syn::Path) -> TokenStream {
    let name = &sig.name;
    let value = format_ident!("{VALUE}");
    let args: Vec<&Ident> = sig.params.iter().map(|p| &p.name).collect();
    let types = sig.params.iter().map(|p| match &p.ty {
        RustTy::Int(_) => quote!(::core::primitive::i64),
        _ => {
            let t = &p.written;
            quote!(#t)
        }
    });
    let passed = sig.params.iter().map(|p| {
        let (name, written) = (&p.name, &p.written);
        if matches!(p.ty, RustTy::Int(_)) { quote!(#name as #written) } else { quote!(#name) }
    });
    let ret = &sig.written_ret;
    quote! {
        #[allow(unused, unreachable_pub, clippy::all, clippy::pedantic)]
        impl #name {
            #[doc(hidden)]
            #[inline(always)]
            pub fn #value(#(#args: #types),*) -> #ret { #of(#(#passed),*) }
        }
    }
}
