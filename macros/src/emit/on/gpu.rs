//! Calls on a GPU: arguments as columns, and the gradient from columns.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::super::cotangents::from_leaves;
use super::super::gpu::Program;
use super::super::params::{tangent, to_leaves, zero};
use super::super::scalar;
use super::super::surface::local;
use super::{Function, Open};
use crate::types::{Leaf, Param};

/// The arguments of a program: the columns of all parameters.
pub(super) fn arguments(function: &Function<'_>) -> (TokenStream, TokenStream) {
    let (mut before, mut arguments) = (TokenStream::new(), TokenStream::new());
    for (param, open) in function.params() {
        let name = &param.name;
        if let Some(open) = open {
            let (text, argument) = (open.text(), open.argument());
            before.extend(quote!(let #name = #argument::columns(#name, gpu, #text)?;));
            let columns = param.ty.leaves();
            let columns = columns.iter().enumerate().map(|(k, leaf)| column(name, k, leaf));
            arguments.extend(quote!(#(#columns,)*));
        } else {
            let leaves = to_leaves(param);
            arguments.extend(quote!(#(#leaves,)*));
        }
    }
    (before, arguments)
}

/// A column as a program takes it.
fn column(name: &Ident, k: usize, leaf: &Leaf) -> TokenStream {
    let elem = scalar::ty(leaf.elem);
    if leaf.shape.is_empty() { quote!(#name.number::<#elem>(#k)?) } else { quote!(#name.leaf::<#elem>(#k)) }
}

/// The value.
pub(super) fn value(function: &Function<'_>, program: &Program) -> TokenStream {
    let ((before, arguments), name) = (arguments(function), &program.name);
    quote! {
        ::pullback::on::guarded(|| {
            #before
            ::core::result::Result::Ok(#name(gpu, #arguments)?.0)
        })
    }
}

/// Value and gradient.
pub(super) fn gradient(function: &Function<'_>, program: &Program) -> TokenStream {
    let ((before, arguments), name) = (arguments(function), &program.name);
    let (value, (results, after, grad)) = (local(function.sig, "value"), gradients(function));
    quote! {
        ::pullback::on::guarded(|| {
            #before
            let (#value, #(#results,)*) = #name(gpu, #arguments)?;
            #after
            ::core::result::Result::Ok((#value, #grad))
        })
    }
}

/// The cotangents that a program returns: their variables, what makes a gradient of them, and the gradient.
pub(super) fn gradients(function: &Function<'_>) -> (Vec<Ident>, TokenStream, TokenStream) {
    let mut results = Vec::new();
    let (mut after, mut parts) = (TokenStream::new(), Vec::new());
    for (param, open) in function.wrt() {
        let leaves: Vec<Leaf> = param.ty.leaves().into_iter().filter(|l| l.active).collect();
        let base = param.name.unraw();
        let local = |text: String| local(function.sig, &text);
        let own: Vec<Ident> = (0..leaves.len()).map(|k| local(format!("gradient_{base}_{k}"))).collect();
        let made = local(format!("gradient_of_{base}"));
        after.extend(part(param, open, (&made, &own), &leaves));
        results.extend(own);
        parts.push(quote!(#made));
    }
    let grad = function.gradient(&parts);
    (results, after, grad)
}

/// The gradient by one parameter, `made` from results of the program, its `own`.
fn part(
    param: &Param,
    open: Option<&Open<'_>>,
    (made, own): (&Ident, &[Ident]),
    leaves: &[Leaf],
) -> TokenStream {
    let Some(open) = open else {
        let (ty, zero, store) =
            (tangent(&param.ty), zero(&param.ty), from_leaves(&param.ty, &quote!(#made), own));
        return quote!(let mut #made: #ty = #zero; #store);
    };
    let columns = own.iter().zip(leaves).map(|(name, leaf)| {
        if leaf.shape.is_empty() { quote!(.and_number(#name)) } else { quote!(.and(#name)) }
    });
    let argument = open.argument();
    quote!(let #made = #argument::gradient(::pullback::on::Columns::new(gpu)#(#columns)*)?;)
}
