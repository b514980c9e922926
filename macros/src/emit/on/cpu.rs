//! Calls on the CPU.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::super::params::copied;
use super::super::surface::{argument, call, local};
use super::super::sweep::Sweep;
use super::{Function, Open};
use crate::types::{Param, Passing};

/// Arguments as host values, under the parameters' names; what does not fit together is an error.
pub(super) fn held(function: &Function<'_>) -> TokenStream {
    let (hold, lend, fits) = (hold(function), lend(function), function.checks(&[]));
    quote!(#hold #lend #fits)
}

/// What the call keeps of its arguments, under the parameters' names; of what it fills the contents before.
pub(super) fn hold(function: &Function<'_>) -> TokenStream {
    let one = |(param, open): (&Param, Option<&Open<'_>>)| {
        let (name, kept) = (&param.name, function.kept(param));
        match open {
            Some(open) => {
                let (text, argument) = (open.text(), open.argument());
                quote!(let #kept = #argument::hold(#name, #text)?;)
            }
            None if param.passing == Passing::Mut => {
                let copy = copied(&param.ty, "&*", name);
                quote!(let #kept = #copy;)
            }
            None => TokenStream::new(),
        }
    };
    function.params().map(one).collect()
}

/// A call of a function of the host, which fills copies of the contents that are kept, and then what was passed.
pub(super) fn called(function: &Function<'_>, call: &TokenStream) -> TokenStream {
    let (lend, fits) = (lend(function), function.checks(&[]));
    let (mut copies, mut lent, mut puts) = (TokenStream::new(), TokenStream::new(), TokenStream::new());
    for (param, open) in function.filled() {
        let Some(open) = open else { continue };
        let (name, kept, argument, target) =
            (&param.name, function.kept(param), open.argument(), open.target());
        let filled = local(function.sig, &format!("filled_{}", name.unraw()));
        copies.extend(quote!(let mut #filled = ::pullback::Differentiable::copied(&#kept);));
        lent.extend(quote!(let #name = ::core::borrow::BorrowMut::<#target>::borrow_mut(&mut #filled);));
        puts.extend(quote!(#argument::put(#name, #filled)?;));
    }
    if copies.is_empty() {
        return quote!({ #lend #fits #call });
    }
    let value = local(function.sig, "value");
    quote!({ #copies let #value = { #lent #lend #fits #call }; #puts #value })
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
    function.opens.iter().flatten().filter(|open| open.param.passing != Passing::Mut).map(one).collect()
}

/// What buffers held before, under the parameters' names.
pub(super) fn lend_before(function: &Function<'_>) -> TokenStream {
    let one = |(param, open): (&Param, Option<&Open<'_>>)| {
        let (name, kept) = (&param.name, function.kept(param));
        let target = open.map(Open::target);
        let held = target.map(|target| quote!(::core::borrow::Borrow::<#target>::borrow(&#kept)));
        let held = held.unwrap_or_else(|| quote!(&#kept));
        quote!(let #name = #held;)
    };
    function.filled().map(one).collect()
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
    let (hold, called) = (hold(function), called(function, &call(function.sig)));
    quote! {
        ::pullback::on::guarded(|| {
            #hold
            ::core::result::Result::Ok(#called)
        })
    }
}
