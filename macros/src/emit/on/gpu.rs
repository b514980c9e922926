//! Calls on a GPU: arguments as columns, and the gradient from columns.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::super::cotangents::from_leaves;
use super::super::gpu::Program;
use super::super::params::{tangent, to_leaves, to_tangent_leaves, zero};
use super::super::scalar;
use super::super::surface::local;
use super::{Function, Open};
use crate::types::{Leaf, Param, RustTy};

/// The arguments of a program: the columns of all parameters.
pub(super) fn arguments(function: &Function<'_>) -> (TokenStream, TokenStream) {
    let (mut before, mut arguments) = (TokenStream::new(), TokenStream::new());
    for (k, (param, open)) in function.params().enumerate() {
        let (name, is_direction) = (&param.name, k >= function.own);
        if let Some(open) = open {
            let (text, argument) = (open.text(), open.argument());
            before.extend(quote!(let #name = #argument::columns(#name, gpu, #text)?;));
            let mut columns = param.ty.leaves();
            columns.retain(|leaf| leaf.active || !is_direction);
            let columns = columns.iter().enumerate().map(|(k, leaf)| column(name, k, leaf));
            arguments.extend(quote!(#(#columns,)*));
        } else {
            let leaves = if is_direction { to_tangent_leaves(param) } else { to_leaves(param) };
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
    let (value, (results, after, grad)) = (local(function.sig, "value"), gradients(function, "gradient"));
    quote! {
        ::pullback::on::guarded(|| {
            #before
            let (#value, #(#results,)*) = #name(gpu, #arguments)?;
            #after
            ::core::result::Result::Ok((#value, #grad))
        })
    }
}

/// A value from results of a program; of a tangent these are the floats. Tuples are made part by part: they may be long.
pub(super) fn made(ty: &TokenStream, of: &RustTy, results: &[Ident], tangent: bool) -> TokenStream {
    let leaves: Vec<Leaf> = of.leaves().into_iter().filter(|l| l.active || !tangent).collect();
    let columns = self::columns(results, &leaves);
    let parts = parts(of);
    quote!({
        let mut columns = #columns;
        let made: #ty = #parts;
        made
    })
}

fn parts(of: &RustTy) -> TokenStream {
    match of {
        RustTy::Tuple(all) => {
            let all = all.iter().map(parts);
            quote!((#(#all,)*))
        }
        _ => quote!(::pullback::on::next_value(&mut columns)?),
    }
}

/// Results of a program as columns.
fn columns(results: &[Ident], leaves: &[Leaf]) -> TokenStream {
    let each = results.iter().zip(leaves).map(|(name, leaf)| {
        if leaf.shape.is_empty() { quote!(.and_number(#name)) } else { quote!(.and(#name)) }
    });
    quote!(::pullback::on::Columns::new(gpu)#(#each)*)
}

/// The value from a program, after its arguments were prepared.
pub(super) fn value_of(function: &Function<'_>, program: &Program) -> TokenStream {
    let (sig, (_, arguments)) = (function.sig, arguments(function));
    let results: Vec<Ident> =
        (0..sig.ret.leaves().len()).map(|k| local(sig, &format!("result_{k}"))).collect();
    let (name, ret) = (&program.name, &sig.written_ret);
    let value = made(&quote!(#ret), &sig.ret, &results, false);
    quote!({
        let (#(#results,)*) = #name(gpu, #arguments)?;
        #value
    })
}

/// The cotangents that a program returns: their variables, what makes a gradient of them, and the gradient.
pub(super) fn gradients(function: &Function<'_>, what: &str) -> (Vec<Ident>, TokenStream, TokenStream) {
    let mut results = Vec::new();
    let (mut after, mut parts) = (TokenStream::new(), Vec::new());
    for (param, open) in function.wrt() {
        let leaves: Vec<Leaf> = param.ty.leaves().into_iter().filter(|l| l.active).collect();
        let base = param.name.unraw();
        let local = |text: String| local(function.sig, &text);
        let own: Vec<Ident> = (0..leaves.len()).map(|k| local(format!("{what}_{base}_{k}"))).collect();
        let made = local(format!("{what}_of_{base}"));
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
    let (argument, columns) = (open.argument(), columns(own, leaves));
    quote!(let #made = #argument::gradient(#columns)?;)
}
