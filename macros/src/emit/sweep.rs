//! A derivative as a function: parameters in, the value out, the gradient written where the caller wants it.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Func, Module};
use quote::quote;

use super::code::{Code, Site};
use super::items::Items;
use super::params::is_number;
use super::uses::Uses;
use crate::types::{Param, Passing, RustTy, Signature};

/// What a sweep returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    /// The function's value.
    Value,
    /// Nothing: only the gradient is asked for.
    Nothing,
}

/// The printed form of a derivative.
pub(super) struct Sweep {
    /// The function and what it needs.
    pub(super) code: TokenStream,
    /// The type of its buffers.
    pub(super) buffers: Ident,
}

/// Prints a derivative as a function `name(params.., seed.., grad, buffers)`.
pub(super) fn sweep(
    sig: &Signature,
    (name, prefix): (&Ident, String),
    (module, func): (&Module, &Func),
    grad: &TokenStream,
    returns: Returns,
) -> Sweep {
    let mut params = sig.params.clone();
    if returns == Returns::Nothing {
        params.push(seed(sig));
    }
    let mut func = func.clone();
    let mut values = sig.ret.leaves().len();
    if returns == Returns::Nothing {
        func.body.results.drain(..values);
        values = 0;
        pullback_kernels::opt::dce::run(&mut func);
    }
    let func = &func;
    let (uses, mut items) = (Uses::of(func), Items::new(prefix, module));
    let (body, value) = {
        let mut code = Code::new(func, &uses, &mut items, Site::Host);
        let cotangent = (returns == Returns::Nothing).then(|| params.last()).flatten();
        let leaves = sig.params.iter().map(|p| p.ty.leaves().len()).sum();
        let (own, rest) = func.params().split_at(leaves);
        let (hidden, seeds) = rest.split_at(sig.consts.len());
        let consts = code.bind_consts(&sig.consts, hidden);
        let bind = code.bind_params(&sig.name.to_string(), &params, cotangent, &[own, seeds].concat());
        let bind = quote!(#bind #consts);
        let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
        let cotangents = code.want(&wrt, &func.body.results[values..]);
        let body = code.enter(&func.body, false);
        let store = code.store(&cotangents);
        let value = (returns == Returns::Value).then(|| code.value(func.body.results[0]));
        code.leave();
        (quote!(#bind #body #store), value)
    };
    let buffers = items.buffers();
    let (definition, nests) = (items.define_buffers(), &items.nests);
    let params = params.iter().map(|p| {
        let (name, ty) = (&p.name, passed(p));
        quote!(#name: #ty)
    });
    let ret = (returns == Returns::Value).then(|| {
        let ty = &sig.written_ret;
        quote!(-> #ty)
    });
    let code = quote! {
        #definition

        #nests

        #[track_caller]
        fn #name(#(#params,)* grad: &mut #grad, buffers: &mut #buffers) #ret {
            #body
            #value
        }
    };
    Sweep { code, buffers }
}

/// The cotangent of the result as a parameter.
fn seed(sig: &Signature) -> Param {
    Param {
        name: Ident::new("seed", proc_macro2::Span::call_site()),
        written: sig.written_ret.clone(),
        passing: Passing::Value,
        ty: sig.ret.clone(),
        wrt: false,
    }
}

/// The type of a parameter of a sweep: as written, but by reference where a value would have to be copied.
fn passed(param: &Param) -> TokenStream {
    let ty = &param.written;
    if param.passing == Passing::Value && !is_number(&param.ty) { quote!(&#ty) } else { quote!(#ty) }
}

/// An argument for such a parameter.
pub(super) fn argument(param: &Param) -> TokenStream {
    let name = &param.name;
    if param.passing == Passing::Value && !is_number(&param.ty) { quote!(&#name) } else { quote!(#name) }
}

/// Whether a type's values are copied by `=`.
pub(super) fn is_copy(ty: &RustTy) -> bool {
    match ty {
        RustTy::Vec(_) | RustTy::Slice(_) => false,
        RustTy::Matrix(_, r, c) => [r, c].iter().all(|l| matches!(l, crate::types::Len::Const(_))),
        RustTy::Array(t, _) => is_copy(t),
        RustTy::Tuple(parts) => parts.iter().all(is_copy),
        RustTy::Unit | RustTy::Float(_) | RustTy::Bool | RustTy::Int(_) => true,
    }
}
