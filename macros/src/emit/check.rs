//! `check`: the gradient against differences of the function itself, and against forward mode where that is asked for.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::surface::{call, kept, local, params};
use super::sweep::seeds;
use crate::types::{Mode, Param, Passing, RustTy, Signature};

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
    let along = wrt.iter().filter(|_| sig.modes.contains(&Mode::Jvp)).map(|p| along(sig, p, &wrt));
    quote! {
        /// Compares the gradient with differences of the function itself, and with `jvp` if there is one.
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
            #(#along)*
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

/// Reverse against forward mode, along a direction of one parameter.
fn along(sig: &Signature, param: &Param, wrt: &[&Param]) -> TokenStream {
    let (name, text, function) = (&param.name, param.name.to_string(), sig.name.to_string());
    let [grad, direction, forward] = ["grad", "direction", "forward"].map(|name| local(sig, name));
    let grad = if wrt.len() == 1 { quote!(#grad) } else { quote!(#grad.#name) };
    let start = |p: &Param| if p.passing == Passing::Mut { before(sig, p) } else { p.name.clone() };
    let from = start(param);
    let arguments = sig.params.iter().map(|p| match p.passing {
        Passing::Mut => {
            let before = before(sig, p);
            quote!(&mut #before.to_owned())
        }
        _ => kept(p),
    });
    let directions = wrt.iter().map(|p| {
        let start = start(p);
        let zero = quote!(::pullback::check::still(#start.to_owned()));
        match (p.name == param.name, p.passing) {
            (true, Passing::Value) => quote!(#direction.clone()),
            (true, _) => quote!(&#direction),
            (false, Passing::Value) => zero,
            (false, _) => quote!(&#zero),
        }
    });
    let seeds = seeds(sig);
    let parts = seeds.iter().enumerate().map(|(k, s)| {
        let (k, seed) = (syn::Index::from(k), local(sig, &s.name.to_string()));
        let part = if seeds.len() == 1 { quote!(#forward) } else { quote!(#forward.#k) };
        quote!(::pullback::check::products(&#part, &#seed))
    });
    quote! {
        let #direction = ::pullback::check::weigh(#from.to_owned());
        let #forward = Self::jvp(#(#arguments,)* #(#directions),*).1;
        ::pullback::check::modes(
            (#function, #text),
            &::pullback::check::products(&#grad, &#direction),
            &[#(#parts),*].concat(),
            ::pullback::Tangent::epsilon(&#direction),
        )?;
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
