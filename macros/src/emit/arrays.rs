//! Arrays, tapes and contractions: where they live, and when they are copied.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Contract, Extent, Ty, Value};
use quote::quote;

use super::code::{Code, Site, Wanted};
use super::scalar;

impl Code<'_, '_> {
    /// The gradient in whose place a value is wanted, unless that place is taken.
    pub(super) fn wanted_place(&self, v: Value) -> Option<&Wanted> {
        self.wanted.get(&v).and_then(|&k| self.places[k].as_ref())
    }

    /// A new array for a value: statements that declare it, and its name. What it holds is unspecified.
    pub(super) fn allocate(&mut self, v: Value) -> (TokenStream, Ident) {
        let wanted = self.wanted.get(&v).copied().and_then(|k| Some((k, self.places[k].take()?)));
        if let Some((k, Wanted { place, name })) = wanted {
            let name = self.names.fresh(&name, "grad");
            self.bind_array(v, name.clone(), true);
            self.placed.insert(k, self.arrays[&v]);
            return (quote!(let #name = #place;), name);
        }
        let Ty::Array(elem, shape) = self.ty(v) else { panic!("only arrays have places") };
        let name = self.names.fresh(self.source_name(v), "h");
        let (elem, volume) = (scalar::ty(*elem), self.volume(shape));
        self.bind_array(v, name.clone(), true);
        let decl = match self.site {
            Site::Host => {
                let field = self.items.field(&name, &quote!(::std::vec::Vec<#elem>));
                quote!(let #name = ::pullback::cpu::buffer(&mut buffers.#field, #volume);)
            }
            Site::Iteration if shape.iter().all(|e| matches!(e, Extent::Const(_))) => {
                quote!(let #name = &mut [<#elem as ::core::default::Default>::default(); #volume];)
            }
            Site::Iteration => quote!(let #name = &mut ::std::vec![<#elem as ::core::default::Default>::default(); #volume][..];),
        };
        (decl, name)
    }

    /// Puts `v` where `old` is, if that may be written and is not needed any more; else in a copy.
    pub(super) fn take(&mut self, v: Value, old: Value) -> TokenStream {
        let slot = self.arrays[&old];
        if self.slots[slot].mutable && self.is_dead(old) {
            self.arrays.insert(v, slot);
            return TokenStream::new();
        }
        let from = self.slots[slot].name.clone();
        let (decl, name) = self.allocate(v);
        quote!(#decl #name.copy_from_slice(&#from[..]);)
    }

    /// A new, empty tape.
    pub(super) fn new_tape(&mut self, v: Value) -> TokenStream {
        let name = self.names.fresh(self.source_name(v), "stack");
        self.tapes.insert(v, name.clone());
        match self.site {
            Site::Host => {
                let field = self.items.field(&name, &quote!(::pullback::cpu::Tape));
                quote!(let #name = &mut buffers.#field; #name.clear();)
            }
            Site::Iteration => quote!(let #name = &mut ::pullback::cpu::Tape::default();),
        }
    }

    /// Puts a value on a tape.
    pub(super) fn push(&mut self, v: Value, tape: Value, value: Value) -> TokenStream {
        let name = self.tapes[&tape].clone();
        self.tapes.insert(v, name.clone());
        match self.ty(value) {
            Ty::Scalar(_) => {
                let value = self.value(value);
                quote!(#name.push(#value);)
            }
            Ty::Array(..) => {
                let value = self.array(value);
                quote!(#name.push_slice(&#value[..]);)
            }
            Ty::Tape => {
                let value = &self.tapes[&value];
                quote!(#name.push_tape(#value);)
            }
        }
    }

    /// Takes a value from a tape.
    pub(super) fn pop(&mut self, v: Value, tape: Value, value: Value) -> TokenStream {
        let name = self.tapes[&tape].clone();
        self.tapes.insert(v, name.clone());
        match self.ty(value) {
            Ty::Scalar(elem) => {
                let ty = scalar::ty(*elem);
                self.let_num(value, &quote!(#name.pop::<#ty>()))
            }
            Ty::Array(..) => {
                let (decl, array) = self.allocate(value);
                quote!(#decl #name.pop_slice(&mut #array[..]);)
            }
            Ty::Tape => {
                let decl = self.new_tape(value);
                let popped = &self.tapes[&value];
                quote!(#decl #name.pop_tape(#popped);)
            }
        }
    }

    /// A matrix product.
    pub(super) fn contract(&mut self, v: Value, kind: Contract, args: &[Value]) -> TokenStream {
        let (a, b) = (self.array(args[0]), self.array(args[1]));
        let (sa, sb) = (self.ty(args[0]).shape(), self.ty(args[1]).shape());
        let (rows, columns) = (self.len(sa[0]), self.len(sa[1]));
        let (decl, name) = self.allocate(v);
        let product = match kind {
            Contract::MatMul { ta, tb } => {
                let (b_rows, b_columns) = (self.len(sb[0]), self.len(sb[1]));
                quote! {
                    ::pullback::cpu::matmul::<_, #ta, #tb>(#name, (&#a[..], #rows, #columns), (&#b[..], #b_rows, #b_columns));
                }
            }
            Contract::MatVec { ta } => quote! {
                ::pullback::cpu::matvec::<_, #ta>(#name, (&#a[..], #rows, #columns), &#b[..]);
            },
        };
        quote!(#decl #product)
    }
}
