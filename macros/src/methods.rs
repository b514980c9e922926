//! `#[differentiable] impl Model { .. }`: each function is expanded by itself, as a free function of `this`.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{FnArg, ImplItem, ImplItemFn, ItemImpl};

use crate::ast::Place;
use crate::errors::Errors;
use crate::messages;
use crate::parse;
use crate::protocol::{State, What};

/// What `self` is called in generated code, and among the fields of a gradient.
pub(crate) const THIS: &str = "this";

/// The `impl` without what only this crate knows.
pub(crate) fn plain(item: &ItemImpl) -> TokenStream {
    let mut item = item.clone();
    for f in functions_mut(&mut item) {
        f.attrs.retain(|a| !is_mark(a));
        parse::strip_attributes(&mut f.sig);
    }
    item.into_token_stream()
}

fn functions_mut(item: &mut ItemImpl) -> impl Iterator<Item = &mut ImplItemFn> {
    item.items.iter_mut().filter_map(|i| match i {
        ImplItem::Fn(f) => Some(f),
        _ => None,
    })
}

fn is_mark(a: &syn::Attribute) -> bool {
    a.path().segments.last().is_some_and(|s| s.ident == "differentiable")
}

/// The expansions of the functions of an `impl`.
pub(crate) fn expansions(args: &TokenStream, item: &ItemImpl, errors: &mut Errors) -> Vec<State> {
    let Some(owner) = owner(item, errors) else { return Vec::new() };
    let functions = item.items.iter().filter_map(|i| match i {
        ImplItem::Fn(f) => Some(f),
        _ => None,
    });
    functions.filter_map(|f| expansion(args, &owner, f, errors)).collect()
}

/// The type, if this is an `impl` of methods of a type without parameters.
fn owner(item: &ItemImpl, errors: &mut Errors) -> Option<syn::Path> {
    if let Some((path, _)) = &item.trait_ {
        errors.report(Place::of(path), messages::trait_impl());
        return None;
    }
    if !item.generics.params.is_empty() {
        errors.report(Place::of(&item.generics), messages::generic_type());
        return None;
    }
    match &*item.self_ty {
        syn::Type::Path(t) if t.qself.is_none() && t.path.segments.iter().all(|s| s.arguments.is_none()) => {
            Some(t.path.clone())
        }
        other => {
            errors.report(Place::of(other), messages::impl_of(&other.to_token_stream().to_string()));
            None
        }
    }
}

/// A function of an `impl` as one by itself.
fn expansion(args: &TokenStream, owner: &syn::Path, f: &ImplItemFn, errors: &mut Errors) -> Option<State> {
    let own = f.attrs.iter().find(|a| is_mark(a)).map(|a| match &a.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    });
    let (vis, block) = (&f.vis, &f.block);
    let mut sig = f.sig.clone();
    if let Some(used) = find(&quote!(#sig #block), THIS) {
        errors.report(Place::at(used.span()), messages::this());
        return None;
    }
    for arg in &mut sig.inputs {
        if let FnArg::Receiver(r) = arg {
            let typed = receiver(r, errors)?;
            *arg = typed;
        }
    }
    let names = (owner.to_token_stream(), quote!(#vis #sig #block));
    let args = own.unwrap_or_else(|| args.clone());
    let state = |item| State::new(What::Method, substituted(args, &names.0), names.0.clone(), item);
    Some(state(substituted(names.1.clone(), &names.0)))
}

/// `&self` as `this: &Self`.
fn receiver(r: &syn::Receiver, errors: &mut Errors) -> Option<FnArg> {
    let (attrs, mutability, this) = (&r.attrs, &r.mutability, Ident::new(THIS, r.self_token.span));
    Some(match &r.kind {
        syn::ReceiverKind::Value => syn::parse_quote!(#(#attrs)* #mutability #this: Self),
        syn::ReceiverKind::Reference(and, _, mutable) => {
            syn::parse_quote!(#(#attrs)* #this: #and #mutable Self)
        }
        syn::ReceiverKind::Typed(_, ty) => syn::parse_quote!(#(#attrs)* #mutability #this: #ty),
        _ => {
            errors.report(Place::of(r), messages::receiver());
            return None;
        }
    })
}

/// The first identifier of that name.
fn find(tokens: &TokenStream, name: &str) -> Option<Ident> {
    tokens.clone().into_iter().find_map(|t| match t {
        TokenTree::Ident(i) if i == name => Some(i),
        TokenTree::Group(g) => find(&g.stream(), name),
        _ => None,
    })
}

/// `self` as `this`, and `Self` as the type.
fn substituted(tokens: TokenStream, owner: &TokenStream) -> TokenStream {
    let one = |t: TokenTree| -> TokenStream {
        match t {
            TokenTree::Ident(i) if i == "self" => Ident::new(THIS, i.span()).into_token_stream(),
            TokenTree::Ident(i) if i == "Self" => owner
                .clone()
                .into_iter()
                .map(|mut t| {
                    t.set_span(i.span());
                    t
                })
                .collect(),
            TokenTree::Group(g) => {
                let mut inner = Group::new(g.delimiter(), substituted(g.stream(), owner));
                inner.set_span(g.span());
                inner.into_token_stream()
            }
            t => t.into_token_stream(),
        }
    };
    tokens.into_iter().flat_map(one).collect()
}
