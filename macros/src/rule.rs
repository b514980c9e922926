//! Custom rules. `#[derivative(of = f)]` on a function gives `f`, which is not annotated itself, a companion: its value
//! is that of calling `f`, its derivative is the annotated function. `#[differentiable(rule = f_vjp)]` on a function says
//! that its derivative is another one; then both are in the language, take arrays as well, and run on GPUs.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{
    Block, Func, Inst, Kind, Loc, Module, Rule, Scalar, Ty as IrTy, Value, call_types,
};
use quote::{format_ident, quote};
use syn::ItemFn;
use syn::ext::IdentExt;

use crate::ast::Place;
use crate::attrs::Options;
use crate::companion::{Callee, scalar_of};
use crate::errors::{Errors, Res};
use crate::ty::Ty;
use crate::types::{Len, Param, Passing, RustTy, Signature};
use crate::{known, messages};

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
    let wrt = positions(&params);
    check_cotangents(&params, &wrt, &rule, item, errors)?;
    let consts = rule.consts.clone();
    if !consts.is_empty() {
        return Err(errors.report(place, messages::rule_constants()));
    }
    params.iter_mut().for_each(|p| p.passing = Passing::Value);
    let types: Vec<IrTy> = params.iter().filter_map(|p| scalar_of(&p.ty)).map(IrTy::from).collect();
    let result: Vec<IrTy> = scalar_of(&seed.ty).map(IrTy::from).into_iter().collect();
    let value = external(&name, &types, &result, &rule.name, wrt);
    let entry = caller(&name, &value);
    module.funcs.push(value);
    module.funcs.extend(entry);
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

/// The module of a function whose derivative is another one: its own IR with that rule.
pub(crate) fn govern(
    path: &syn::Path,
    sig: &Signature,
    mut module: Module,
    callees: &[Callee],
    errors: &mut Errors,
) -> Res<Module> {
    let rule = rule_of(path, sig, callees).map_err(|(place, message)| errors.report(place, message))?;
    let wrt = positions(&sig.params);
    let Some(mut value) = module.funcs.pop() else { return Ok(module) };
    module.funcs.extend(rule.module.funcs.iter().cloned());
    let entry = caller(&sig.name, &value).filter(|f| is_as_long(f, rule.module.entry(), &wrt));
    let Some(entry) = entry else {
        return Err(errors.report(Place::of(path), messages::rule_lengths()));
    };
    value.name = value_name(&sig.name);
    value.rule = Some(Rule { func: rule.module.entry().name.clone(), wrt });
    module.funcs.extend([value, entry]);
    Ok(module)
}

/// The function at that path, if it can be the rule of the one with that signature; else what is wrong, and where.
fn rule_of<'c>(
    path: &syn::Path,
    sig: &Signature,
    callees: &'c [Callee],
) -> Result<&'c Callee, (Place, String)> {
    let (place, name) = (Place::of(path), sig.name.unraw().to_string());
    let key = known::key(path);
    let rule = callees.iter().find(|c| c.path == key && !c.detach && !c.is_method);
    let rule = rule.ok_or_else(|| (place, messages::rule_parameters(&name)))?;
    if !sig.consts.is_empty() || !rule.consts.is_empty() {
        return Err((place, messages::rule_constants()));
    }
    if let Some(p) = sig.params.iter().find(|p| p.ty.leaves().len() != 1 || p.passing == Passing::Mut) {
        return Err((Place::of(&p.written), messages::rule_parts()));
    }
    let takes: Vec<RustTy> = rule.params.iter().map(|(_, t)| t.finish()).collect();
    if !takes.iter().map(leaves).eq(sig.params.iter().map(|p| &p.ty).chain([&sig.ret]).map(leaves)) {
        return Err((place, messages::rule_parameters(&name)));
    }
    let (want, have) = (cotangents(&sig.params, &positions(&sig.params)), rule.ret.finish());
    if leaves(&want) != leaves(&have) {
        let names = names(&sig.params, &positions(&sig.params));
        return Err((place, messages::rule_result(&Ty::from(&want).show(), &rule.ret.show(), &names)));
    }
    Ok(rule)
}

/// A type as IR has it.
fn leaves(ty: &RustTy) -> Vec<(Scalar, Vec<Len>)> {
    ty.leaves().into_iter().map(|l| (l.elem, l.shape)).collect()
}

/// A function of that name that calls `value`: what callers copy. None if `value` computes the length of a result itself.
fn caller(name: &Ident, value: &Func) -> Option<Func> {
    let mut f = Func { name: name.unraw().to_string(), rule: None, external: None, ..value.clone() };
    f.returns.clear();
    let args = value.body.params.clone();
    let types = call_types(&f.values, value, &args).ok()?;
    let results: Vec<Value> = types.into_iter().map(|t| f.values.add(t, "")).collect();
    let kind = Kind::Call { func: value_name(name), args: args.clone() };
    let insts = vec![Inst { results: results.clone(), kind, loc: Loc::default() }];
    f.body = Block { params: args, insts, results };
    Some(f)
}

/// Whether a rule returns cotangents as long as the parameters of its function, whatever their lengths are.
fn is_as_long(entry: &Func, rule: &Func, wrt: &[usize]) -> bool {
    let (params, results) = (&entry.body.params, &entry.body.results);
    let args: Vec<Value> = params.iter().chain(results).copied().collect();
    let found = call_types(&entry.values, rule, &args);
    found.is_ok_and(|found| wrt.iter().map(|&k| entry.values.ty(params[k])).eq(&found))
}

/// The rule returns one cotangent per parameter it is with respect to, each of the parameter's type.
fn check_cotangents(
    params: &[Param],
    wrt: &[usize],
    rule: &Signature,
    item: &ItemFn,
    errors: &mut Errors,
) -> Res<()> {
    let want = cotangents(params, wrt);
    if want == rule.ret {
        return Ok(());
    }
    let (want, have) = (Ty::from(&want).show(), Ty::from(&rule.ret).show());
    let message = messages::rule_result(&want, &have, &names(params, wrt));
    Err(errors.report(Place::of(&item.sig.output), message))
}

/// The positions of the parameters that have a gradient.
fn positions(params: &[Param]) -> Vec<usize> {
    (0..params.len()).filter(|&k| params[k].wrt).collect()
}

/// What a rule returns.
fn cotangents(params: &[Param], wrt: &[usize]) -> RustTy {
    match wrt {
        [one] => params[*one].ty.clone(),
        many => RustTy::Tuple(many.iter().map(|&k| params[k].ty.clone()).collect()),
    }
}

/// The names of the parameters that a rule is with respect to.
fn names(params: &[Param], wrt: &[usize]) -> Vec<String> {
    wrt.iter().map(|&k| params[k].name.unraw().to_string()).collect()
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
