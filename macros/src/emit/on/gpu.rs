//! Calls on a GPU: arguments as columns, and the gradient from columns.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::super::cotangents::from_leaves;
use super::super::gpu::Program;
use super::super::params::{copied, tangent, to_leaves, to_tangent_leaves, zero};
use super::super::scalar;
use super::super::surface::local;
use super::{Function, Open};
use crate::emit::names::GPU;
use crate::types::{Leaf, Param, Passing, RustTy};

/// The arguments of a program: the columns of all parameters.
pub(super) fn arguments(function: &Function<'_>) -> (TokenStream, TokenStream) {
    let (mut before, mut arguments) = (TokenStream::new(), TokenStream::new());
    for (k, (param, open)) in function.params().enumerate() {
        let (name, kept, is_direction) = (&param.name, function.kept(param), k >= function.own);
        if let Some(open) = open {
            let (text, argument) = (open.text(), open.argument());
            before.extend(quote!(let #kept = #argument::columns(#name, #GPU, #text)?;));
            let mut columns = param.ty.leaves();
            columns.retain(|leaf| leaf.active || !is_direction);
            let columns = columns.iter().enumerate().map(|(k, leaf)| column(&kept, k, leaf));
            arguments.extend(quote!(#(#columns,)*));
        } else if param.passing == Passing::Mut {
            let copy = copied(&param.ty, "&*", name);
            before.extend(quote!(let #kept = #copy;));
            let kept = Param { name: kept, passing: Passing::Value, ..param.clone() };
            let leaves = to_leaves(&kept);
            arguments.extend(quote!(#(#leaves,)*));
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
            ::core::result::Result::Ok(#name(#GPU, #arguments)?.0)
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
            let (#value, #(#results,)*) = #name(#GPU, #arguments)?;
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
    quote!(::pullback::on::Columns::new(#GPU)#(#each)*)
}

/// The value from a program, after its arguments were prepared; buffers are filled.
pub(super) fn value_of(function: &Function<'_>, program: &Program, again: bool) -> TokenStream {
    let (sig, (_, arguments)) = (function.sig, arguments(function));
    let results: Vec<Ident> = (0..sig.results().len()).map(|k| local(sig, &format!("result_{k}"))).collect();
    let (name, value) = (&program.name, finished(function, &results, again));
    quote!({
        let (#(#results,)*) = #name(#GPU, #arguments)?;
        #value
    })
}

/// The value from results of a program, and buffers filled from those that follow. Whether the arguments are used again.
pub(super) fn finished(function: &Function<'_>, results: &[Ident], again: bool) -> TokenStream {
    let (sig, ret) = (function.sig, &function.sig.written_ret);
    let (own, mut rest) = results.split_at(sig.ret.leaves().len());
    let (value, made_value) = (local(sig, "value"), made(&quote!(#ret), &sig.ret, own, false));
    let mut fills = TokenStream::new();
    for (param, open) in function.filled() {
        let leaves = param.ty.leaves();
        let (this, others) = rest.split_at(leaves.len());
        fills.extend(filled(function, (param, open), &columns(this, &leaves), again));
        rest = others;
    }
    if fills.is_empty() { made_value } else { quote!({ let #value = #made_value; #fills #value }) }
}

/// The statements that fill a buffer.
fn filled(
    function: &Function<'_>,
    (param, open): (&Param, Option<&Open<'_>>),
    columns: &TokenStream,
    again: bool,
) -> TokenStream {
    let (name, kept) = (&param.name, function.kept(param));
    match open {
        Some(open) => {
            let argument = open.argument();
            // Memory that nobody else has is filled in place.
            let alone = (!again).then(|| quote!(::core::mem::drop(#kept);));
            quote!(#alone #argument::put_columns(&mut *#name, #columns)?;)
        }
        None if matches!(param.ty, RustTy::Slice(_)) => quote! {
            let made: ::std::vec::Vec<_> = ::pullback::on::host_value(#columns)?;
            #name.iter_mut().zip(made).for_each(|(to, from)| *to = from);
        },
        None => quote!(*#name = ::pullback::on::host_value(#columns)?;),
    }
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
