//! A derivative as a function: parameters in, the value out, the gradient written where the caller wants it.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Func, Module};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::code::{Code, Site};
use super::items::Items;
use super::params::{is_number, tangent};
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
    /// Its name.
    pub(super) name: Ident,
    /// The type of its buffers.
    pub(super) buffers: Ident,
    /// Its nests, one a line.
    pub(super) loops: String,
}

/// Names of a sweep's parameters beside the user's.
const OWN: [&str; 4] = ["grad", "buffers", "seed", "derivative"];

/// The function's parameters as those of a sweep, and the cotangents of its results.
pub(super) fn parameters(sig: &Signature) -> (Vec<Param>, Vec<Param>) {
    let own = |p: &Param| {
        let mut p = p.clone();
        if OWN.contains(&p.name.unraw().to_string().as_str()) {
            p.name = format_ident!("{}_of_{}", p.name, sig.name.unraw());
        }
        if let syn::Type::Reference(r) = &mut p.written {
            r.mutability = None; // a sweep reads what a buffer held before the call
        }
        p
    };
    (sig.params.iter().map(own).collect(), seeds(sig))
}

/// The cotangents of the results: of the function's own, and of the buffers that it fills.
pub(super) fn seeds(sig: &Signature) -> Vec<Param> {
    let seed = |name: Ident, written: syn::Type, ty: &RustTy| Param {
        name,
        written,
        passing: Passing::Value,
        ty: ty.clone(),
        wrt: false,
    };
    let written = if sig.ret.has_user_type() {
        let ty = tangent(&sig.ret);
        syn::parse_quote!(#ty)
    } else {
        sig.written_ret.clone()
    };
    let own = seed(format_ident!("seed"), written, &sig.ret);
    let filled = sig.params.iter().filter(|p| p.passing == Passing::Mut);
    let filled = filled.map(|p| {
        let ty = tangent(&p.ty);
        seed(format_ident!("seed_{}", p.name.unraw()), syn::parse_quote!(#ty), &p.ty)
    });
    std::iter::once(own).chain(filled).filter(|p| p.ty.is_active()).collect()
}

/// How many results of a derivative are the function's own.
pub(super) fn values(sig: &Signature) -> usize {
    sig.results().iter().filter(|l| !l.is_frozen()).count()
}

/// Prints a derivative as a function `name(params.., seeds.., grad, buffers)`.
pub(super) fn sweep(
    sig: &Signature,
    (name, prefix): (Ident, String),
    (module, func): (&Module, &Func),
    grad: &TokenStream,
    returns: Returns,
) -> Sweep {
    let mut func = func.clone();
    let (params, mut seeds) = parameters(sig);
    let mut values = values(sig);
    if returns == Returns::Nothing {
        func.body.results.drain(..values);
        values = 0;
        pullback_kernels::opt::dce::run(&mut func);
    } else {
        seeds.clear();
    }
    let (uses, mut items) = (Uses::of(&func), Items::new(prefix, module));
    let code = Code::new(&func, &uses, &mut items, Site::Host);
    let (body, value) = statements(code, sig, (&params, &seeds), values);
    let buffers = items.buffers();
    let (definition, nests) = (items.define_buffers(), &items.nests);
    let params = params.iter().chain(&seeds).map(|p| {
        let (name, ty) = (&p.name, passed(p));
        quote!(#name: #ty)
    });
    let ret = value.is_some().then(|| {
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
    Sweep { code, name, buffers, loops: items.loops }
}

/// The body of a sweep, and the expression of its value if it has one.
fn statements(
    mut code: Code<'_, '_>,
    sig: &Signature,
    (params, seeds): (&[Param], &[Param]),
    values: usize,
) -> (TokenStream, Option<TokenStream>) {
    let func = code.func;
    let leaves = params.iter().map(|p| p.ty.leaves().len()).sum();
    let (own, rest) = func.params().split_at(leaves);
    let (hidden, cotangents) = rest.split_at(sig.consts.len());
    let bind = code.bind_params(&sig.title(), params, seeds, &[own, cotangents].concat());
    let consts = code.bind_consts(&sig.consts, hidden);
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let cotangents = code.want(&wrt, &func.body.results[values..]);
    let body = code.enter(&func.body, false);
    let store = code.store(&cotangents);
    let value = (values > 0).then(|| code.value(func.body.results[0]));
    code.leave();
    (quote!(#bind #consts #body #store), value)
}

/// The type of a parameter of a sweep: as written, but by reference where a value would have to be copied.
pub(super) fn passed(param: &Param) -> TokenStream {
    let ty = &param.written;
    if param.passing == Passing::Value && !is_number(&param.ty) { quote!(&#ty) } else { quote!(#ty) }
}

/// Whether a type's values are copied by `=`.
pub(super) fn is_copy(ty: &RustTy) -> bool {
    match ty {
        RustTy::Vec(_) | RustTy::Slice(_) | RustTy::Struct(_) => false,
        RustTy::Matrix(_, r, c) => [r, c].iter().all(|l| matches!(l, crate::types::Len::Const(_))),
        RustTy::Array(t, _) => is_copy(t),
        RustTy::Tuple(parts) => parts.iter().all(is_copy),
        RustTy::Unit | RustTy::Float(_) | RustTy::Bool | RustTy::Int(_) | RustTy::Enum(_) => true,
    }
}
