//! Cotangents to gradients: where each result of a sweep is written.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Extent, Ty, Value};
use quote::quote;

use super::code::{Code, Wanted};
use super::params::{innermost, zero};
use super::uses::{ancestors, definitions};
use crate::types::{Len, Param, RustTy};

/// A place in a gradient.
enum Target {
    /// A number.
    Number(TokenStream),
    /// An array.
    Slice { place: TokenStream, ty: RustTy },
    /// One component of each element of an array.
    Component { place: TokenStream, ty: RustTy, component: TokenStream },
    /// An array in each element of an array: the statement that takes its numbers from `from`, for an element `to`.
    Components { place: TokenStream, ty: RustTy, fill: TokenStream },
}

/// The float leaves of a gradient, in order.
fn targets(ty: &RustTy, place: &TokenStream) -> Vec<Target> {
    match ty {
        RustTy::Unit | RustTy::Bool | RustTy::Int(_) | RustTy::Enum(_) => Vec::new(),
        RustTy::Struct(s) => s
            .fields
            .iter()
            .filter(|f| f.is_active())
            .flat_map(|f| {
                let member = f.member();
                targets(&f.ty, &quote!(#place.#member))
            })
            .collect(),
        RustTy::Float(_) => vec![Target::Number(place.clone())],
        RustTy::Matrix(..) => vec![Target::Slice { place: place.clone(), ty: ty.clone() }],
        RustTy::Tuple(parts) => parts
            .iter()
            .enumerate()
            .flat_map(|(k, part)| {
                let k = syn::Index::from(k);
                targets(part, &quote!(#place.#k))
            })
            .collect(),
        RustTy::Array(..) | RustTy::Slice(_) | RustTy::Vec(_) => match innermost(ty).0 {
            RustTy::Float(_) => vec![Target::Slice { place: place.clone(), ty: ty.clone() }],
            element => targets(element, &quote!(to))
                .into_iter()
                .map(|t| match t {
                    Target::Number(component) => {
                        Target::Component { place: place.clone(), ty: ty.clone(), component }
                    }
                    t => Target::Components { place: place.clone(), ty: ty.clone(), fill: filled(t) },
                })
                .collect(),
        },
    }
}

/// The statement that fills a part of `to` with the next numbers of `from`.
fn filled(target: Target) -> TokenStream {
    let next = quote!(::pullback::cpu::next(&mut from));
    match target {
        Target::Number(place) => quote!(#place = #next;),
        Target::Slice { place, ty } => {
            let to = elements(&ty, &place, &[]);
            quote!(for to in #to.iter_mut() { *to = #next; })
        }
        Target::Component { place, ty, component } => {
            let to = elements(&ty, &place, &[]);
            quote!(for to in #to.iter_mut() { #component = #next; })
        }
        Target::Components { place, ty, fill } => {
            let to = elements(&ty, &place, &[]);
            quote!(for to in #to.iter_mut() { #fill })
        }
    }
}

/// The elements of a gradient as `&mut [T]`, after it took the lengths asked for.
fn elements(ty: &RustTy, place: &TokenStream, lens: &[TokenStream]) -> TokenStream {
    match ty {
        RustTy::Matrix(_, Len::Const(_), Len::Const(_)) if lens.is_empty() => quote!(#place.as_mut_slice()),
        RustTy::Matrix(..) => quote!(::pullback::cpu::Storage::shaped(&mut #place, &[#(#lens),*])),
        RustTy::Slice(element) | RustTy::Vec(element) => {
            let (n, zero) = (&lens[0], zero(element));
            let flatten = (1..innermost(ty).1).map(|_| quote!(.as_flattened_mut()));
            quote!(::pullback::cpu::sized(&mut #place, #n, #zero)#(#flatten)*)
        }
        _ => {
            let depth = innermost(ty).1;
            let flatten = (1..depth).map(|_| quote!(.as_flattened_mut()));
            if depth > 1 { quote!(#place #(#flatten)*) } else { quote!((&mut #place[..])) }
        }
    }
}

/// How many axes an array has.
fn axes(ty: &RustTy) -> usize {
    ty.leaves().first().map_or(0, |l| l.shape.len())
}

/// Writes the float leaves of a gradient from what a GPU computed: numbers, and leaves by the variables that hold them.
pub(super) fn from_leaves(ty: &RustTy, place: &TokenStream, leaves: &[Ident]) -> TokenStream {
    let fixed =
        |ty: &RustTy| matches!(ty, RustTy::Matrix(_, Len::Const(_), Len::Const(_)) | RustTy::Array(..));
    let to = |ty: &RustTy, place: &TokenStream, leaf: &Ident| {
        let axes = if fixed(ty) { 0 } else { axes(ty) };
        let lens: Vec<TokenStream> = (0..axes).map(|k| quote!(#leaf.dims[#k])).collect();
        elements(ty, place, &lens)
    };
    let each = |(target, leaf): (Target, &Ident)| match target {
        Target::Number(place) => {
            let place = super::params::unwrap(&place);
            quote!(#place = #leaf;)
        }
        Target::Slice { place, ty } => {
            let to = to(&ty, &place, leaf);
            quote!(#to.copy_from_slice(&#leaf.array.host()?);)
        }
        Target::Component { place, ty, component } => {
            let to = to(&ty, &place, leaf);
            quote!(for (to, from) in #to.iter_mut().zip(#leaf.array.host()?.iter()) { #component = *from; })
        }
        Target::Components { place, ty, fill } => {
            let to = to(&ty, &place, leaf);
            quote!({
                let from = #leaf.array.host()?;
                let mut from = from.iter().copied();
                for to in #to.iter_mut() { #fill }
            })
        }
    };
    targets(ty, place).into_iter().zip(leaves).map(each).collect()
}

/// Where a value of a Rust type is written.
#[derive(Clone)]
pub(super) struct Place {
    /// A name for the variable that holds it.
    pub(super) name: String,
    /// The type of the value that it is a derivative of.
    pub(super) ty: RustTy,
    /// The expression.
    pub(super) place: TokenStream,
}

/// A result of a sweep and where it belongs.
pub(super) struct Cotangent {
    target: Target,
    value: Value,
    /// The expression of the place as a slice, and its number, for arrays that can be computed in place.
    place: Option<(usize, TokenStream)>,
}

impl Code<'_, '_> {
    /// The places of the gradient, in the order of the cotangents. Arrays that end up there are wanted there.
    pub(super) fn want(&mut self, wrt: &[&Param], results: &[Value]) -> Vec<Cotangent> {
        let place = |param: &&Param| {
            let name = &param.name;
            let place = if wrt.len() == 1 { quote!((*grad)) } else { quote!(grad.#name) };
            Place { name: format!("grad_{name}"), ty: param.ty.clone(), place }
        };
        let places: Vec<Place> = wrt.iter().map(place).collect();
        self.want_at(&places, results)
    }

    /// As `want`, for results that belong anywhere.
    pub(super) fn want_at(&mut self, places: &[Place], results: &[Value]) -> Vec<Cotangent> {
        let definitions = definitions(self.func);
        let parts = |p: &Place| targets(&p.ty, &p.place).into_iter().map(|t| (p.name.clone(), t)).collect();
        let places: Vec<(String, Target)> = places.iter().flat_map::<Vec<_>, _>(parts).collect();
        assert_eq!(places.len(), results.len(), "cotangents and gradient differ in number");
        let mut cotangents = Vec::new();
        for ((name, target), &value) in places.into_iter().zip(results) {
            let mut place = None;
            if let Target::Slice { place: at, ty } = &target
                && self.is_sized(value)
            {
                let k = self.places.len();
                let slice = elements(ty, at, &self.lens_for(ty, value));
                self.places.push(Some(Wanted { place: slice.clone(), name }));
                for ancestor in ancestors(&definitions, value) {
                    self.wanted.entry(ancestor).or_insert(k);
                }
                place = Some((k, slice));
            }
            cotangents.push(Cotangent { target, value, place });
        }
        cotangents
    }

    /// Whether the lengths of a result are known before anything is computed.
    fn is_sized(&self, v: Value) -> bool {
        self.ty(v).shape().iter().all(|e| match e {
            Extent::Const(_) => true,
            Extent::Value(n) => self.nums.contains_key(n),
        })
    }

    /// The lengths of a gradient's axes. They are bound.
    fn lens_for(&self, ty: &RustTy, v: Value) -> Vec<TokenStream> {
        let Ty::Array(_, shape) = self.ty(v) else { return Vec::new() };
        let fixed = matches!(ty, RustTy::Matrix(_, Len::Const(_), Len::Const(_)) | RustTy::Array(..));
        if fixed { Vec::new() } else { shape.iter().map(|&e| self.len(e)).collect() }
    }

    /// Writes the cotangents where they belong, unless they are there.
    pub(super) fn store(&mut self, cotangents: &[Cotangent]) -> TokenStream {
        let mut saved = TokenStream::new();
        for c in cotangents {
            saved.extend(self.save(c, cotangents));
        }
        let stores = cotangents.iter().map(|c| self.store_one(c));
        quote!(#saved #(#stores)*)
    }

    /// Whether a cotangent must be copied into the place that another value took.
    fn overwrites(&self, c: &Cotangent, slot: usize) -> bool {
        let Some((k, _)) = &c.place else { return false };
        self.placed.get(k) == Some(&slot) && self.arrays[&c.value] != slot
    }

    /// Copies a cotangent that lies where another one belongs out of the way.
    fn save(&mut self, c: &Cotangent, all: &[Cotangent]) -> TokenStream {
        let Some(&slot) = self.arrays.get(&c.value) else { return TokenStream::new() };
        if !all.iter().any(|other| self.overwrites(other, slot)) {
            return TokenStream::new();
        }
        let from = self.array(c.value);
        let name = self.names.fresh(&from.to_string(), "h");
        self.bind_array(c.value, name.clone(), false);
        quote!(let #name = &#from.to_vec()[..];)
    }

    fn store_one(&self, Cotangent { target, value, place }: &Cotangent) -> TokenStream {
        match (target, place) {
            (Target::Number(place), _) => {
                let value = self.value(*value);
                let place = super::params::unwrap(place);
                quote!(#place = #value;)
            }
            (Target::Slice { .. }, Some((k, slice))) => {
                let from = self.array(*value);
                match self.placed.get(k) {
                    Some(slot) if *slot == self.arrays[value] => TokenStream::new(),
                    Some(slot) if self.slots[*slot].outermost => {
                        let to = &self.slots[*slot].name;
                        quote!(#to.copy_from_slice(&#from[..]);)
                    }
                    _ => quote!(#slice.copy_from_slice(&#from[..]);),
                }
            }
            (Target::Component { place, ty, component }, _) => {
                let to = elements(ty, place, &self.lens_for(ty, *value));
                let from = self.array(*value);
                quote!(for (to, from) in #to.iter_mut().zip(#from.iter()) { #component = *from; })
            }
            (Target::Components { place, ty, fill }, _) => {
                let to = elements(ty, place, &self.lens_for(ty, *value));
                let from = self.array(*value);
                quote!({
                    let mut from = #from.iter().copied();
                    for to in #to.iter_mut() { #fill }
                })
            }
            (Target::Slice { place, ty }, None) => {
                let (to, from) = (elements(ty, place, &self.lens_for(ty, *value)), self.array(*value));
                quote!(#to.copy_from_slice(&#from[..]);)
            }
        }
    }
}
