//! `check`: the gradient against differences of the function itself, and against forward mode where that is asked for.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::params::copied;
use super::surface::{call, kept, local, params, rebind};
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
        let copy = copied(&p.ty, "&*", name);
        quote!(let #before = #copy;)
    });
    let weights = seeds(sig).into_iter().map(|s| {
        let name = local(sig, &s.name.to_string());
        let of = match filled(sig).find(|p| s.name == format_ident!("seed_{}", p.name.unraw())) {
            Some(p) => {
                let name = &p.name;
                let mixed = p.ty.leaves().iter().any(|l| !l.active);
                like(&p.ty, mixed, &quote!((&*#name)), &quote!(#name.to_owned()))
            }
            None => like(&sig.ret, false, &quote!((&#value)), &quote!(#value)),
        };
        (quote!(let #name = ::pullback::check::weigh(#of);), quote!(#name.clone()))
    });
    let (weights, given): (Vec<TokenStream>, Vec<TokenStream>) = weights.unzip();
    let given = if let [one] = &given[..] { one.clone() } else { quote!((#(#given),*)) };
    let comparisons = wrt.iter().map(|p| comparison(sig, p, wrt.len() == 1));
    let along = wrt.iter().filter(|_| sig.modes.contains(&Mode::Jvp)).map(|p| along(sig, p, &wrt));
    let (vis, [check, vjp], rebind) = (sig.api_vis(), ["check", "vjp"].map(|n| sig.api(n)), rebind(sig));
    quote! {
        /// Compares the gradient with differences of the function itself, and with `jvp` if there is one.
        ///
        /// # Errors
        /// On the first element whose derivative differs from what differences say.
        #[track_caller]
        #vis fn #check(#(#params),*) -> ::core::result::Result<(), ::pullback::CheckError> {
            #rebind
            #(#before)*
            let (#value, #pull) = Self::#vjp(#(#arguments),*);
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
    let (name, text, function) = (&param.name, param.name.unraw().to_string(), sig.title());
    let [grad, probe] = ["grad", "probe"].map(|name| local(sig, name));
    let grad = if single { quote!(#grad) } else { quote!(#grad.#name) };
    let start = if param.passing == Passing::Mut { before(sig, param) } else { name.clone() };
    let restore = filled(sig).map(|p| {
        let (name, before) = (&p.name, before(sig, p));
        let copy = if p.name == param.name { copied(&p.ty, "", &probe) } else { copied(&p.ty, "&", &before) };
        // What the function fills starts out as it did, and is not the caller's.
        quote!(let #name = &mut #copy;)
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
    let start = match param.passing {
        Passing::View => quote!(#start.clone_owned()),
        Passing::Ref => copied(&param.ty, "", &start),
        _ => copied(&param.ty, "&", &start),
    };
    quote! {
        let mut #probe = #start;
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
    let (name, text, function) = (&param.name, param.name.unraw().to_string(), sig.title());
    let [grad, direction, forward] = ["grad", "direction", "forward"].map(|name| local(sig, name));
    let grad = if wrt.len() == 1 { quote!(#grad) } else { quote!(#grad.#name) };
    let start = |p: &Param| {
        let start = if p.passing == Passing::Mut { before(sig, p) } else { p.name.clone() };
        if p.passing == Passing::View {
            return quote!(#start.clone_owned());
        }
        let reference = if p.passing == Passing::Ref { quote!(#start) } else { quote!((&#start)) };
        like(&p.ty, false, &reference, &quote!(#start.to_owned()))
    };
    let from = start(param);
    let arguments = sig.params.iter().map(|p| match p.passing {
        Passing::Mut => {
            let before = before(sig, p);
            let copy = copied(&p.ty, "&", &before);
            quote!(&mut #copy)
        }
        _ => kept(p),
    });
    let directions = wrt.iter().map(|p| {
        let start = start(p);
        let zero = quote!(::pullback::check::still(#start));
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
    let jvp = sig.api("jvp");
    quote! {
        let #direction = ::pullback::check::weigh(#from);
        let #forward = Self::#jvp(#(#arguments,)* #(#directions),*).1;
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
        (Passing::Value, ty) if ty.has_user_type() => copied(ty, "", probe),
        (Passing::Value, _) => quote!(#probe.clone()),
        (Passing::View, _) => quote!(#probe.as_view()),
        (_, RustTy::Slice(_)) => quote!(&#probe[..]),
        _ => quote!(#probe),
    }
}

/// A value with the numbers of a tangent, those of structs zero: `owned` itself where a value is its own tangent. Whether it is not,
/// because of numbers beside floats.
fn like(ty: &RustTy, mixed: bool, reference: &TokenStream, owned: &TokenStream) -> TokenStream {
    match ty {
        RustTy::Slice(t) if t.has_user_type() || mixed => {
            quote!(#reference.iter().map(::pullback::Differentiable::zeros_like).collect::<::std::vec::Vec<_>>())
        }
        ty if ty.has_user_type() || mixed => quote!(::pullback::Differentiable::zeros_like(#reference)),
        _ => owned.clone(),
    }
}
