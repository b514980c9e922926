//! `check`: the gradient against differences of the function itself.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::surface::{call, kept, local, params};
use super::sweep::seeds;
use crate::types::{Param, Passing, RustTy, Signature};

/// The method.
pub(super) fn method(sig: &Signature) -> TokenStream {
    let params = params(sig);
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let [value, pull, grad] = ["value", "pull", "grad"].map(|name| local(sig, name));
    let arguments: Vec<TokenStream> = sig.params.iter().map(kept).collect();
    let before = filled(sig).map(|p| {
        let (name, before) = (&p.name, before(sig, p));
        quote!(let #before = #name.to_owned();)
    });
    let weights = seeds(sig).into_iter().map(|s| {
        let name = local(sig, &s.name.to_string());
        let of = match filled(sig).find(|p| s.name == format_ident!("seed_{}", p.name.unraw())) {
            Some(p) => {
                let name = &p.name;
                quote!(#name.to_owned())
            }
            None => quote!(#value),
        };
        (quote!(let #name = ::pullback::check::weigh(#of);), quote!(#name.clone()))
    });
    let (weights, given): (Vec<TokenStream>, Vec<TokenStream>) = weights.unzip();
    let given = if let [one] = &given[..] { one.clone() } else { quote!((#(#given),*)) };
    let comparisons = wrt.iter().map(|p| comparison(sig, p, wrt.len() == 1));
    quote! {
        /// Compares the gradient with differences of the function itself.
        ///
        /// # Errors
        /// On the first element whose derivative differs from what differences say.
        #[track_caller]
        pub fn check(#(#params),*) -> ::core::result::Result<(), ::pullback::CheckError> {
            #(#before)*
            let (#value, #pull) = Self::vjp(#(#arguments),*);
            #(#weights)*
            let #grad = #pull(#given);
            #(#comparisons)*
            ::core::result::Result::Ok(())
        }
    }
}

/// The parameters that the function fills.
fn filled(sig: &Signature) -> impl Iterator<Item = &Param> {
    sig.params.iter().filter(|p| p.passing == Passing::Mut)
}

fn before(sig: &Signature, param: &Param) -> proc_macro2::Ident {
    local(sig, &format!("{}_before", param.name.unraw()))
}

fn comparison(sig: &Signature, param: &Param, single: bool) -> TokenStream {
    let (name, text, function) = (&param.name, param.name.to_string(), sig.name.to_string());
    let [grad, probe] = ["grad", "probe"].map(|name| local(sig, name));
    let grad = if single { quote!(#grad) } else { quote!(#grad.#name) };
    let start = if param.passing == Passing::Mut { before(sig, param) } else { name.clone() };
    let restore = filled(sig).map(|p| {
        let (name, before) = (&p.name, before(sig, p));
        let from = if p.name == param.name { quote!(#probe) } else { quote!(#before) };
        // What the function fills starts out as it did, and is not the caller's.
        quote!(let #name = &mut #from.to_owned();)
    });
    let probed = (param.passing != Passing::Mut).then(|| {
        let value = probed(param, &probe);
        quote!(let #name = #value;)
    });
    let call = call(sig);
    let value = local(sig, "value");
    let parts = seeds(sig).into_iter().map(|s| {
        let seed = local(sig, &s.name.to_string());
        match filled(sig).find(|p| s.name == format_ident!("seed_{}", p.name.unraw())) {
            Some(p) => {
                let name = &p.name;
                quote!(::pullback::check::dot(#name, &#seed))
            }
            None => quote!(::pullback::check::dot(&#value, &#seed)),
        }
    });
    quote! {
        let mut #probe = #start.to_owned();
        ::pullback::check::parameter((#function, #text), &mut #probe, &#grad, |#probe| {
            #(#restore)*
            #probed
            let #value = #call;
            #(#parts)+*
        })?;
    }
}

/// What the user's function takes in place of a parameter, from a reference to an owned copy.
fn probed(param: &Param, probe: &proc_macro2::Ident) -> TokenStream {
    match (param.passing, &param.ty) {
        (Passing::Value, _) => quote!(#probe.clone()),
        (_, RustTy::Slice(_)) => quote!(&#probe[..]),
        _ => quote!(#probe),
    }
}
