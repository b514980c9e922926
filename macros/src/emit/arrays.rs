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
            Site::Iteration => {
                let field = self.items.scratch(&quote!(::std::vec::Vec<#elem>));
                quote!(let #name = ::pullback::cpu::buffer(&mut __scratch.#field, #volume);)
            }
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
            Site::Iteration => {
                let field = self.items.scratch(&quote!(::pullback::cpu::Tape));
                quote!(let #name = &mut __scratch.#field; #name.clear();)
            }
        }
    }

    /// Puts a value on a tape.
    pub(super) fn push(&mut self, v: Value, tape: Value, value: Value) -> TokenStream {
        let name = self.tapes[&tape].clone();
        self.tapes.insert(v, name.clone());
        if let Some(code) = self.push_to_strip(v, tape, value) {
            return code;
        }
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
        if let Some(place) = self.pop_from_strip(v, tape) {
            return self.let_num(value, &place);
        }
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

    /// A matrix product, or what else goes to the matrix library.
    pub(super) fn contract(&mut self, v: Value, kind: Contract, args: &[Value]) -> TokenStream {
        let args: Vec<TokenStream> = args.iter().map(|&a| self.matrix(a)).collect();
        if self.ty(v).is_scalar() {
            return self.let_num(v, &quote!(::pullback::cpu::det(#(#args),*)));
        }
        let (decl, name) = self.allocate(v);
        let function = match kind {
            Contract::MatMul { ta, tb } => quote!(matmul::<_, #ta, #tb>),
            Contract::MatVec { ta } => quote!(matvec::<_, #ta>),
            Contract::Solve { ta } => quote!(solve::<_, #ta>),
            Contract::Inverse => quote!(inverse),
            Contract::Cofactor => quote!(cofactor),
            Contract::Cholesky => quote!(cholesky),
            Contract::Det => quote!(det),
        };
        quote!(#decl ::pullback::cpu::#function(#name, #(#args),*);)
    }

    /// A matrix with its rows and columns; a vector by itself.
    fn matrix(&self, v: Value) -> TokenStream {
        let (name, shape) = (self.array(v), self.ty(v).shape());
        match shape {
            [rows, columns] => {
                let (rows, columns) = (self.len(*rows), self.len(*columns));
                quote!((&#name[..], #rows, #columns))
            }
            _ => quote!(&#name[..]),
        }
    }
}
