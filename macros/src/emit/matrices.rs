//! Whole matrices of derivatives: `jacobian` and `hessian`, shaped like the result outside and like the parameter
//! inside, with names where several parameters are differentiated.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Func, Module, Value};
use quote::{format_ident, quote};

use super::Derived;
use super::code::Code;
use super::modes::{Method, Outputs, Printed, method, results};
use super::names::{Names, camel};
use super::nested::{Fill, Nested};
use super::scalar;
use crate::types::{Param, RustTy, Signature};

/// One list of numbers of a matrix, and where it belongs.
pub(super) struct Block {
    place: TokenStream,
    nested: Nested,
    path: Vec<usize>,
    /// Which result of the derivative it is.
    result: usize,
}

impl Code<'_, '_> {
    /// The statements that write blocks to their places.
    pub(super) fn fill(&mut self, blocks: &[Block], results: &[Value]) -> TokenStream {
        blocks.iter().map(|b| self.fill_one(b, results[b.result])).collect()
    }

    fn fill_one(&mut self, block: &Block, v: Value) -> TokenStream {
        let from = self.names.fresh("from", "from");
        let lens: Vec<TokenStream> = self.ty(v).shape().iter().map(|&e| self.len(e)).collect();
        let numbers = if lens.is_empty() {
            let value = self.value(v);
            let ty = scalar::ty(self.elem(v));
            quote!(::core::iter::once::<#ty>(#value))
        } else {
            let array = self.array(v);
            quote!(#array.iter().copied())
        };
        let mut fill =
            Fill { from: &from, path: block.path.iter(), lens: lens.iter(), names: &mut self.names };
        let fill = fill.fill(&block.nested, &block.place);
        quote!(let mut #from = #numbers; #fill)
    }
}

/// How many float leaves a type has.
fn floats(ty: &RustTy) -> usize {
    ty.leaves().iter().filter(|l| l.active).count()
}

/// A row of blocks: the derivatives of one value by each of the `wrt` parameters, a struct of their names if there are
/// several.
struct Row {
    ty: TokenStream,
    item: TokenStream,
    zero: TokenStream,
    blocks: Vec<Block>,
}

/// The derivatives of a value of type `of` that lie at `place`; `first` of its numbers come before in the derivative.
fn row(wrt: &[&Param], of: &RustTy, place: &TokenStream, first: usize, (name, doc): (&Ident, &str)) -> Row {
    let total: usize = wrt.iter().map(|p| floats(&p.ty)).sum();
    let mut blocks = Vec::new();
    let mut before = 0;
    for p in wrt {
        let (nested, count, field) = (Nested::by(of, &p.ty), floats(&p.ty), &p.name);
        let place = if wrt.len() == 1 { place.clone() } else { quote!(#place.#field) };
        blocks.extend(nested.paths().into_iter().enumerate().map(|(k, path)| {
            let result = (first + k / count) * total + before + k % count;
            Block { place: place.clone(), nested: nested.clone(), path, result }
        }));
        before += count;
    }
    let parts: Vec<Nested> = wrt.iter().map(|p| Nested::by(of, &p.ty)).collect();
    if let [part] = parts.as_slice() {
        return Row { ty: part.ty(), item: TokenStream::new(), zero: part.zero(), blocks };
    }
    let fields: Vec<&Ident> = wrt.iter().map(|p| &p.name).collect();
    let tys: Vec<TokenStream> = parts.iter().map(Nested::ty).collect();
    let zeros = parts.iter().map(Nested::zero);
    Row {
        ty: quote!(#name),
        item: structure(name, doc, &fields, &tys),
        zero: quote!(#name { #(#fields: #zeros),* }),
        blocks,
    }
}

fn structure(name: &Ident, doc: &str, fields: &[&Ident], tys: &[TokenStream]) -> TokenStream {
    let docs = fields.iter().map(|f| format!("By `{f}`."));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name { #(#[doc = #docs] pub #fields: #tys),* }
    }
}

/// The statements that write blocks to their places from what a GPU computed, by the variables that hold it.
pub(super) fn from_leaves(blocks: &[Block], func: &Func, leaves: &[Ident]) -> TokenStream {
    let (mut names, mut out) = (Names::new(), TokenStream::new());
    for block in blocks {
        let (leaf, ty) = (&leaves[block.result], func.values.ty(func.body.results[block.result]));
        let lens: Vec<TokenStream> = (0..ty.shape().len()).map(|k| quote!(#leaf.dims[#k])).collect();
        let (from, host) = (names.fresh("from", "from"), names.fresh("host", "host"));
        let (hold, numbers) = match lens.is_empty() {
            true => (TokenStream::new(), quote!(::core::iter::once(#leaf))),
            false => (quote!(let #host = #leaf.array.host()?;), quote!(#host.iter().copied())),
        };
        let mut fill = Fill { from: &from, path: block.path.iter(), lens: lens.iter(), names: &mut names };
        let fill = fill.fill(&block.nested, &block.place);
        out.extend(quote!({ #hold let mut #from = #numbers; #fill }));
    }
    out
}

/// All derivatives of one kind.
pub(super) struct Whole {
    /// What computes them and nothing else.
    pub(super) func: Func,
    /// The structs with the parameters' names.
    item: TokenStream,
    /// The type that holds them, and what that is at first.
    pub(super) written: (TokenStream, TokenStream),
    /// Where they are written: places in `derivative`, a reference.
    pub(super) blocks: Vec<Block>,
}

impl Whole {
    fn printed(self, sig: &Signature, module: &Module, (name, doc): (&str, &str)) -> Printed {
        let printed = Method {
            name,
            doc,
            directions: Vec::new(),
            written: self.written,
            value: None,
            outputs: Outputs::Blocks(self.blocks),
        };
        let printed = method(sig, module, &self.func, &printed);
        let (item, items) = (self.item, printed.items);
        Printed { items: quote!(#item #items), ..printed }
    }
}

/// The derivatives of what the function returns.
pub(super) fn jacobian_of(sig: &Signature, derived: &Derived) -> Whole {
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let (mut func, results) = (derived.func.clone(), results(sig));
    func.body.results.drain(..func.body.results.len() - floats(&results) * count(&wrt));
    pullback_kernels::opt::dce::run(&mut func);
    let function = &sig.name;
    let name = format_ident!("{}Jacobian", camel(&function.to_string()));
    let doc = format!("The Jacobian of [`{function}`](fn@{function}).");
    let whole = if wrt.len() == 1 { quote!((*derivative)) } else { quote!(derivative) };
    let row = row(&wrt, &results, &whole, 0, (&name, &doc));
    Whole { func, item: row.item, written: (row.ty, row.zero), blocks: row.blocks }
}

/// What `jacobian` returns.
pub(super) const JACOBIAN: (&str, &str) = (
    "jacobian",
    "The derivative of every number of the result by every number of the parameters that are differentiated. \
     Rows are results: the matrix for a vector by a vector, otherwise the result's shape with the parameter's in place \
     of each number. Buffers that the function fills are results, and are left alone.",
);

/// `jacobian(args)`.
pub(super) fn jacobian(sig: &Signature, module: &Module, derived: &Derived) -> Printed {
    jacobian_of(sig, derived).printed(sig, module, JACOBIAN)
}

/// How many float leaves parameters have.
fn count(wrt: &[&Param]) -> usize {
    wrt.iter().map(|p| floats(&p.ty)).sum()
}

/// The derivatives of the gradient.
pub(super) fn hessian_of(sig: &Signature, derived: &Derived) -> Whole {
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let mut func = derived.func.clone();
    func.body.results.drain(..=count(&wrt));
    pullback_kernels::opt::dce::run(&mut func);
    let function = &sig.name;
    let name = format_ident!("{}Hessian", camel(&function.to_string()));
    let mut first = 0;
    let mut rows = Vec::new();
    for (k, p) in wrt.iter().enumerate() {
        let field = &p.name;
        let place = if wrt.len() == 1 { quote!((*derivative)) } else { quote!(derivative.#field) };
        // The position keeps names apart that differ in underscores only.
        let part = format_ident!("{name}{}{k}", camel(&field.to_string()));
        let doc = format!("The derivatives of the derivative by `{field}` of [`{function}`](fn@{function}).");
        rows.push(row(&wrt, &p.ty, &place, first, (&part, &doc)));
        first += floats(&p.ty);
    }
    let fields: Vec<&Ident> = wrt.iter().map(|p| &p.name).collect();
    let (tys, zeros): (Vec<_>, Vec<_>) = rows.iter().map(|r| (r.ty.clone(), r.zero.clone())).unzip();
    let inner: TokenStream = rows.iter().map(|r| r.item.clone()).collect();
    let (ty, start, item) = match rows.as_slice() {
        [row] => (row.ty.clone(), row.zero.clone(), TokenStream::new()),
        _ => {
            let doc = format!("The Hessian of [`{function}`](fn@{function}).");
            let item = structure(&name, &doc, &fields, &tys);
            (quote!(#name), quote!(#name { #(#fields: #zeros),* }), item)
        }
    };
    let blocks = rows.into_iter().flat_map(|r| r.blocks).collect();
    Whole { func, item: quote!(#item #inner), written: (ty, start), blocks }
}

/// What `hessian` returns.
pub(super) const HESSIAN: (&str, &str) = (
    "hessian",
    "The second derivatives: the derivative of every number of the gradient by every number of the parameters that are \
     differentiated, shaped as the Jacobian of the gradient.",
);

/// `hessian(args)`.
pub(super) fn hessian(sig: &Signature, module: &Module, derived: &Derived) -> Printed {
    hessian_of(sig, derived).printed(sig, module, HESSIAN)
}
