//! Elements, tapes and contractions.

use proc_macro2::TokenStream;
use pullback_kernels::ir::{Contract, Inst, Ty, Value};
use pullback_kernels::ptx::{self, Product};
use quote::{format_ident, quote};

use super::Printer;
use crate::emit::names::GPU;
use crate::emit::scalar;

impl Printer<'_> {
    pub(super) fn index(&mut self, v: Value, array: Value, at: &[Value]) -> TokenStream {
        let (name, position) = (self.arrays[&array].clone(), self.position(array, at));
        self.bind_to(v, &quote!(#name.at(#position)?))
    }

    /// The position of an element of an array that the host reads, with each index checked.
    fn position(&self, array: Value, at: &[Value]) -> TokenStream {
        self.waits.set(true);
        let axes = at.iter().zip(self.ty(array).shape()).map(|(&i, &n)| {
            let (i, n) = (self.num(i), self.len(n));
            (quote!(::pullback::cuda::offset(#i, #n)?), n)
        });
        axes.fold(
            TokenStream::new(),
            |outer, (i, n)| {
                if outer.is_empty() { i } else { quote!((#outer) * #n + #i) }
            },
        )
    }

    /// One element changed.
    pub(super) fn write(
        &mut self,
        v: Value,
        array: Value,
        at: &[Value],
        value: Value,
        add: bool,
    ) -> TokenStream {
        let (position, value) = (self.position(array, at), self.num(value));
        let old = self.owned(array, &[]);
        let new = if add { quote!(|old| old + new) } else { quote!(|_| new) };
        self.bind_to(v, &quote!({ let new = #value; #old.with(#position, #new)? }))
    }

    pub(super) fn pack(&mut self, v: Value, elems: &[Value]) -> TokenStream {
        let elems = elems.iter().map(|&e| self.num(e));
        self.bind_to(v, &quote!(::pullback::cuda::Array::of_host(#GPU, ::std::vec![#(#elems),*])))
    }

    pub(super) fn push(&mut self, v: Value, tape: Value, value: Value) -> TokenStream {
        let resident = self.ty(value).is_scalar() && self.residents.on_tapes(self.elem(value));
        let (tape, value) = (self.owned(tape, &[]), self.handed(value, resident, &[]));
        self.bind_to(v, &quote!(#tape.push(#value)))
    }

    pub(super) fn pop(&mut self, inst: &Inst, tape: Value) -> TokenStream {
        let tape = self.owned(tape, &[]);
        let ty = self.rust_type(inst.results[1]);
        let [rest, top] = [0, 1].map(|k| self.fresh(inst.results[k], "popped"));
        self.define(inst.results[0], &rest);
        self.define(inst.results[1], &top);
        quote!(let (#rest, #top) = #tape.pop::<#ty>();)
    }

    /// Products run on the GPU; the rest of linear algebra on the host, whose arrays are copied.
    pub(super) fn contract(&mut self, v: Value, kind: Contract, args: &[Value]) -> TokenStream {
        match kind {
            Contract::MatMul { ta, tb } => return self.product(v, args, (ta, tb)),
            Contract::MatVec { ta } => return self.product(v, args, (ta, false)),
            _ => {}
        }
        let operands: Vec<TokenStream> = args.iter().map(|&a| self.matrix(a)).collect();
        if self.ty(v).is_scalar() {
            return self.bind_to(v, &quote!(::pullback::cpu::det(#(#operands),*)));
        }
        let function = match kind {
            Contract::Solve { ta } => quote!(solve::<_, #ta>),
            Contract::Inverse => quote!(inverse),
            Contract::Cofactor => quote!(cofactor),
            Contract::Cholesky => quote!(cholesky),
            _ => panic!("`{kind:?}` is a product or a number"),
        };
        let Ty::Array(elem, shape) = self.ty(v) else { panic!("a contraction makes an array") };
        let (elem, lens) = (scalar::ty(*elem), shape.iter().map(|&e| self.len(e)));
        let code = quote!({
            let mut made = ::std::vec![<#elem as ::core::default::Default>::default(); 1 #(* #lens)*];
            ::pullback::cpu::#function(&mut made[..], #(#operands),*);
            ::pullback::cuda::Array::of_host(#GPU, made)
        });
        self.bind_to(v, &code)
    }

    /// A matrix product; a vector counts as a matrix with one column.
    fn product(&mut self, v: Value, args: &[Value], (ta, tb): (bool, bool)) -> TokenStream {
        let Product { name, add, text } = ptx::product(self.elem(v), ta, tb);
        let constant = format_ident!("{}_{}", self.prefix.to_uppercase(), name.to_uppercase());
        let lens = |v: Value| self.ty(v).shape().iter().map(|&e| self.len(e)).collect::<Vec<_>>();
        let (made, left) = (lens(v), lens(args[0]));
        let (rows, columns) = (&made[0], made.get(1).cloned().unwrap_or_else(|| quote!(1)));
        let inner = if ta { &left[0] } else { &left[1] };
        let [a, b] = [args[0], args[1]].map(|v| self.arrays[&v].clone());
        let run = quote!(#constant.run((&#a, &#b), [#rows, #columns, #inner])?);
        if self.products.insert(name.clone()) {
            self.words.push_str(&format!("// On a GPU, {name}: a matrix product\n"));
            self.kernels.extend(quote! {
                static #constant: ::pullback::cuda::Product =
                    ::pullback::cuda::Product {
                        name: #name, add: #add, ptx: #text, transposed: (#ta, #tb),
                    };
            });
        }
        self.bind_to(v, &run)
    }

    /// A matrix in the host's memory with its rows and columns; a vector by itself.
    fn matrix(&self, v: Value) -> TokenStream {
        self.waits.set(true);
        let name = &self.arrays[&v];
        match self.ty(v).shape() {
            [rows, columns] => {
                let (rows, columns) = (self.len(*rows), self.len(*columns));
                quote!((&#name.host()?[..], #rows, #columns))
            }
            _ => quote!(&#name.host()?[..]),
        }
    }
}
