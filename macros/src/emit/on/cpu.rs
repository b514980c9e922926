//! Calls on the CPU.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::surface::{argument, call, local};
use super::super::sweep::Sweep;
use super::{Function, Open};

/// Arguments as host values, under the parameters' names; what does not fit together is an error.
pub(super) fn held(function: &Function<'_>) -> TokenStream {
    let (hold, lend, fits) = (hold(function), lend(function), function.checks(&[]));
    quote!(#hold #lend #fits)
}

/// What the call keeps of its arguments, under the parameters' names.
pub(super) fn hold(function: &Function<'_>) -> TokenStream {
    let one = |open: &Open<'_>| {
        let (name, text, argument) = (&open.param.name, open.text(), open.argument());
        quote!(let #name = #argument::hold(#name, #text)?;)
    };
    function.opens.iter().flatten().map(one).collect()
}

/// The host values in what is kept.
pub(super) fn lend(function: &Function<'_>) -> TokenStream {
    let one = |open: &Open<'_>| {
        let (name, target) = (&open.param.name, open.target());
        let by_reference = matches!(open.param.written, syn::Type::Reference(_));
        let value = quote!(::core::borrow::Borrow::<#target>::borrow(&#name));
        let value = if by_reference { value } else { quote!(::pullback::Differentiable::copied(#value)) };
        quote!(let #name = #value;)
    };
    function.opens.iter().flatten().map(one).collect()
}

/// The gradient as the arguments want it, from a gradient in the host's memory.
pub(super) fn given_back(function: &Function<'_>, grad: &TokenStream) -> TokenStream {
    let all: Vec<_> = function.wrt().collect();
    let parts = all.iter().map(|(param, open)| {
        let name = &param.name;
        let whole = if all.len() == 1 { quote!(#grad) } else { quote!(#grad.#name) };
        open.map(Open::argument).map_or(whole.clone(), |argument| quote!(#argument::give_back(#whole)?))
    });
    function.gradient(&parts.collect::<Vec<_>>())
}

/// Value and gradient.
pub(super) fn gradient(function: &Function<'_>, into: &Sweep) -> TokenStream {
    let (sig, held, sweep) = (function.sig, held(function), &into.name);
    let arguments = sig.params.iter().map(argument);
    let (room, value) = (local(sig, "workspace"), local(sig, "value"));
    let workspace = &function.types.workspace;
    let grad = given_back(function, &quote!(#room.grad));
    quote! {
        ::pullback::on::guarded(|| {
            #held
            let mut #room = <#workspace as ::core::default::Default>::default();
            let #value = #sweep(#(#arguments,)* &mut #room.grad, &mut #room.buffers);
            ::core::result::Result::Ok((#value, #grad))
        })
    }
}

/// The value.
pub(super) fn value(function: &Function<'_>) -> TokenStream {
    let (held, call) = (held(function), call(function.sig));
    quote! {
        ::pullback::on::guarded(|| {
            #held
            ::core::result::Result::Ok(#call)
        })
    }
}
