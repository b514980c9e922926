//! What printing a function adds beside it: nests, and the fields of the workspace.

use std::collections::HashMap;

use proc_macro2::{Ident, Span, TokenStream};
use pullback_kernels::ir::Module;
use quote::quote;

use super::names::Names;

/// The items of one derivative.
pub(super) struct Items {
    /// The start of type names.
    pub(super) prefix: String,
    /// The nests.
    pub(super) nests: TokenStream,
    /// The nests in words: what each reads and writes.
    pub(super) loops: String,
    /// The buffers that are kept between calls: names and types.
    pub(super) fields: Vec<(Ident, TokenStream)>,
    /// The paths of functions without IR, by their names in it.
    pub(super) externals: HashMap<String, TokenStream>,
    names: Names,
    count: usize,
    /// The arrays and tapes that an iteration of the nest being printed works with.
    scratch: Vec<(Ident, TokenStream)>,
}

impl Items {
    /// Nothing yet.
    pub(super) fn new(prefix: String, module: &Module) -> Items {
        let path = |f: &pullback_kernels::ir::Func| {
            let path = f.external.as_ref()?.parse().ok()?;
            Some((f.name.clone(), path))
        };
        let externals = module.funcs.iter().filter_map(path).collect();
        Items {
            prefix,
            nests: TokenStream::new(),
            loops: String::new(),
            fields: Vec::new(),
            externals,
            names: Names::new(),
            count: 0,
            scratch: Vec::new(),
        }
    }

    /// A buffer named like a variable.
    pub(super) fn field(&mut self, like: &Ident, ty: &TokenStream) -> Ident {
        let name = self.names.fresh(&like.to_string(), "h");
        self.fields.push((name.clone(), ty.clone()));
        name
    }

    /// An array or a tape that iterations of the nest being printed use one after the other.
    pub(super) fn scratch(&mut self, ty: &TokenStream) -> Ident {
        let name = Ident::new(&format!("h{}", self.scratch.len()), Span::call_site());
        self.scratch.push((name.clone(), ty.clone()));
        name
    }

    /// The type that holds what iterations of a nest work with, and its definition; nothing if they need none.
    pub(super) fn define_scratch(&mut self, nest: &Ident) -> Option<(Ident, TokenStream)> {
        if self.scratch.is_empty() {
            return None;
        }
        let name = Ident::new(&format!("{nest}Scratch"), Span::call_site());
        let fields = self.scratch.drain(..).map(|(name, ty)| quote!(#name: #ty));
        let definition = quote! {
            #[derive(Default)]
            struct #name { #(#fields),* }
        };
        Some((name, definition))
    }

    /// The name of the next nest.
    pub(super) fn next_nest(&mut self) -> Ident {
        self.count += 1;
        Ident::new(&format!("{}Nest{}", self.prefix, self.count), Span::call_site())
    }

    /// The type that holds the buffers.
    pub(super) fn buffers(&self) -> Ident {
        Ident::new(&format!("{}Buffers", self.prefix), Span::call_site())
    }

    /// The definition of that type.
    pub(super) fn define_buffers(&self) -> TokenStream {
        let name = self.buffers();
        let fields = self.fields.iter().map(|(name, ty)| quote!(#name: #ty));
        let doc = "Arrays that are kept between calls.";
        quote! {
            #[doc = #doc]
            #[derive(Clone, Debug, Default)]
            pub struct #name { #(#fields),* }
        }
    }
}
