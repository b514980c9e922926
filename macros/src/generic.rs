//! The library's functions that are generic over the float type. Each is written once, in terms of `T`, and instantiated
//! for `f32` and `f64`; a caller gets both instances and takes the one that its arguments ask for.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ItemFn;

use crate::{companion, expand};

/// `#[__instance(f32)] fn f(x: T) -> T { .. }`: a function that others call, with `T` for the float type. `T` must be an alias
/// where it stands. It has no derivatives of its own.
pub(crate) fn instance(float: &Ident, item: TokenStream) -> TokenStream {
    let meant = with_float(item.clone(), float);
    let generated = expand::generated(quote!(__instance), meant);
    quote!(#item #generated)
}

/// `#[__generic(::path)] fn f<T: Real>(x: T) -> T { .. }`: the function that dispatches to the instances `::path::single::f` and
/// `::path::double::f`.
pub(crate) fn generic(path: &syn::Path, item: ItemFn) -> TokenStream {
    let carrier = companion::generic(&item.vis, &item.sig.ident, path);
    let item = item.into_token_stream();
    quote!(#item #carrier)
}

/// The tokens with `T` replaced.
fn with_float(tokens: TokenStream, float: &Ident) -> TokenStream {
    let one = |t: TokenTree| match t {
        TokenTree::Ident(i) if i == "T" => Ident::new(&float.to_string(), i.span()).into(),
        TokenTree::Group(g) => {
            let mut inner = Group::new(g.delimiter(), with_float(g.stream(), float));
            inner.set_span(g.span());
            inner.into()
        }
        t => t,
    };
    tokens.into_iter().map(one).collect()
}
