//! The state of an expansion that waits for answers of companion macros.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::braced;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};

use crate::known;
use crate::lower::{Wanted, method_key};

/// What is being expanded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// `#[differentiable]` on a function.
    Function,
    /// `#[derivative]`.
    Rule,
    /// A function in a `#[differentiable] impl`.
    Method,
    /// `#[derive(Differentiable)]`, or `#[differentiable]` on an alias or enum.
    Type,
}

const NAMES: [(What, &str); 4] =
    [(What::Function, "function"), (What::Rule, "rule"), (What::Method, "method"), (What::Type, "data")];

/// An expansion: what it was given, and the answers so far.
pub(crate) struct State {
    /// What is being expanded.
    pub(crate) what: What,
    /// The attribute's arguments.
    pub(crate) args: TokenStream,
    /// The type whose `impl` it stands in.
    pub(crate) owner: TokenStream,
    /// The item, with the attributes that only this crate knows.
    pub(crate) item: TokenStream,
    /// The answers so far.
    pub(crate) answers: Vec<Answer>,
}

/// The answer of a companion macro.
pub(crate) struct Answer {
    /// The path that was asked, as text, or the name of a method's companion macro.
    pub(crate) key: String,
    /// The path, or that of the method's type, or, if that has none, a closure that finds a value of it; may be empty.
    pub(crate) path: TokenStream,
    /// The name of the method; empty if it is none.
    pub(crate) method: String,
    /// What it said.
    pub(crate) entry: TokenStream,
}

impl State {
    /// A new expansion.
    pub(crate) fn new(what: What, args: TokenStream, owner: TokenStream, item: TokenStream) -> State {
        State { what, args, owner, item, answers: Vec::new() }
    }

    /// Whether this has been answered.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.answers.iter().any(|a| a.key == key)
    }

    /// Asks the companion macro of a path to answer to `::pullback::__resume!`.
    pub(crate) fn ask(&self, path: &syn::Path, is_type: bool) -> TokenStream {
        let mut bare = path.clone();
        bare.segments.iter_mut().for_each(|s| s.arguments = syn::PathArguments::None);
        let state = self.tokens(&known::key(path), "", &quote!(#path));
        // rustc says of a type without a companion macro only that there is none; this says what to do.
        let known = is_type.then(|| quote!(const _: fn() = ::pullback::__known::<#path>;));
        quote!(#known #bare ! { ::pullback::__resume ! { #state } })
    }

    /// Asks the companion macro of a method. It lies among the exported macros of the type's crate, whose name is `$crate` in
    /// what the type's own companion macro said. (rustc forbids a path to a macro that a macro made, but not a glob import.)
    pub(crate) fn ask_method(&self, wanted: &Wanted) -> TokenStream {
        let key = method_key(&wanted.of.id, &wanted.name);
        let (home, path, part) = (&wanted.of.home, &wanted.of.path, &wanted.of.part);
        let path = if path.is_some() { quote!(#path) } else { quote!(#part) };
        let state = self.tokens(&key, &wanted.name, &path);
        let scope = format_ident!("__pullback_ask_{:016x}", self.place_hash(&key));
        let name = Ident::new(&key, wanted.place.start);
        quote! {
            #[doc(hidden)]
            #[allow(unused_imports, unreachable_pub, ambiguous_glob_reexports)]
            mod #scope {
                pub mod methods_marked_differentiable {
                    pub use #home::*;
                }
            }
            #scope::methods_marked_differentiable::#name ! { ::pullback::__resume ! { #state } }
        }
    }

    /// A number that differs between the expansions of one crate.
    fn place_hash(&self, key: &str) -> u64 {
        let place = self.item.clone().into_iter().map(|t| {
            let start = t.span().start();
            format!("{}:{}:{}", t.span().file(), start.line, start.column)
        });
        let text = format!("{key}:{}:{}", place.take(8).collect::<String>(), self.item);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
    }

    /// As tokens that wait for an answer.
    fn tokens(&self, key: &str, method: &str, path: &TokenStream) -> TokenStream {
        let (args, owner, item) = (&self.args, &self.owner, &self.item);
        let name = NAMES.iter().find(|(w, _)| *w == self.what).map_or("", |(_, n)| n);
        let (kind, key, method) =
            (Ident::new(name, Span::call_site()), Literal::string(key), Literal::string(method));
        let answers = self.answers.iter().map(|Answer { key, path, method, entry }| {
            let (key, method) = (Literal::string(key), Literal::string(method));
            quote!(#key #method { #path } { #entry })
        });
        quote!(#key #method { #path } #kind { #args } { #owner } { #item } #(#answers)*)
    }
}

impl Parse for State {
    /// A new answer, then the state that waited for it.
    fn parse(input: ParseStream) -> syn::Result<State> {
        let group = |input: ParseStream| -> syn::Result<TokenStream> {
            let inner;
            braced!(inner in input);
            inner.parse()
        };
        let entry = group(input)?;
        let text = |input: ParseStream| Ok::<_, syn::Error>(input.parse::<syn::LitStr>()?.value());
        let (key, method, path) = (text(input)?, text(input)?, group(input)?);
        let kind = Ident::parse_any(input)?.to_string();
        let what = NAMES.iter().find(|(_, n)| *n == kind).map(|(w, _)| *w);
        let what = what.ok_or_else(|| input.error("unknown"))?;
        let (args, owner, item) = (group(input)?, group(input)?, group(input)?);
        let mut answers = Vec::new();
        while !input.is_empty() {
            let (key, method) = (text(input)?, text(input)?);
            answers.push(Answer { key, path: group(input)?, method, entry: group(input)? });
        }
        answers.push(Answer { key, path, method, entry });
        Ok(State { what, args, owner, item, answers })
    }
}
