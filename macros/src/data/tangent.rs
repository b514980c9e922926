//! What a struct gets: its tangent, the traits that walk over the numbers of both, and the methods that lend its fields.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ItemStruct;
use syn::ext::IdentExt;

use super::placed::{Form, Part, Place};
use crate::emit::params::{tangent, zero};
use crate::emit::surface::quiet;
use crate::types::{Field, Struct};

/// Everything but the companion macro.
pub(super) fn items(item: &ItemStruct, def: &Struct) -> TokenStream {
    let (ident, quiet) = (&item.ident, quiet());
    let tangent = format_ident!("{}Tangent", ident.unraw());
    let active: Vec<&Field> = def.fields.iter().filter(|f| f.is_active()).collect();
    let definition = definition(item, def, &tangent);
    let (whole, part) = (placed(item, def), placed_tangent(def, &tangent));
    let differentiable = differentiable(item, def, &tangent, &whole.moving());
    let of_tangent = tangent_of_itself(&part);
    let (numbers, leaves) = (|name| numbers(name, &active), |name| leaves(name, &active));
    let numbers = [ident, &tangent].map(numbers);
    let leaves = [ident, &tangent, &whole.placed, &part.placed].map(leaves);
    let devices = [whole.items(), part.items(), whole.flat(), part.flat(), whole.made(), part.cotangent()];
    let accessors = accessors(item, def);
    quote! {
        #quiet
        const _: () = {
            #definition
            #differentiable
            #of_tangent
            #(#devices)*
            #(#numbers)*
            #(#leaves)*
            #accessors
        };
    }
}

/// The struct on a device.
fn placed<'s>(item: &'s ItemStruct, def: &Struct) -> Form<'s> {
    let parts = item.fields.iter().zip(item.fields.members()).map(|(field, member)| {
        let name = field_name(&member);
        Part::new(member, &field.ty, def.fields.iter().find(|f| f.name == name))
    });
    let vis = &item.vis;
    Form {
        host: &item.ident,
        placed: format_ident!("Placed{}", item.ident.unraw()),
        vis: quote!(#vis),
        tuple: def.tuple,
        parts: parts.collect(),
    }
}

/// The tangent on a device.
fn placed_tangent<'s>(def: &Struct, name: &'s Ident) -> Form<'s> {
    let active = |f: &Field| {
        let (ty, name) = (tangent(&f.ty), f.name.trim_start_matches("r#").to_string());
        Part { member: f.member(), name, ty, place: Place::Device, known: true, active: true }
    };
    let mut parts: Vec<Part> = def.fields.iter().filter(|f| f.is_active()).map(active).collect();
    parts.extend(inactive_places(def).map(|k| Part {
        name: k.index.to_string(),
        member: syn::Member::Unnamed(k),
        ty: quote!(()),
        place: Place::Host { nested: false },
        known: false,
        active: false,
    }));
    parts.sort_by_key(|part| match &part.member {
        syn::Member::Unnamed(k) => k.index,
        syn::Member::Named(_) => 0,
    });
    Form { host: name, placed: format_ident!("Placed{}", name), vis: quote!(pub), tuple: def.tuple, parts }
}

/// A tangent is its own tangent.
fn tangent_of_itself(form: &Form<'_>) -> TokenStream {
    let (name, moving) = (form.host, form.moving());
    let zeros = form.parts.iter().map(|Part { member, active, .. }| {
        if *active {
            quote!(#member: ::pullback::Differentiable::zeros_like(&self.#member))
        } else {
            quote!(#member: ())
        }
    });
    quote! {
        impl ::pullback::Differentiable for #name {
            type Tangent = #name;
            #moving
            fn zeros_like(&self) -> #name {
                #name { #(#zeros),* }
            }
            fn copied(&self) -> Self {
                ::core::clone::Clone::clone(self)
            }
        }
    }
}

/// A field's name as the definition has it.
fn field_name(member: &syn::Member) -> String {
    match member {
        syn::Member::Named(i) => i.to_string(),
        syn::Member::Unnamed(k) => k.index.to_string(),
    }
}

/// The tangent. Fields of tuples keep their places.
fn definition(item: &ItemStruct, def: &Struct, name: &Ident) -> TokenStream {
    let doc = format!("The derivative with respect to a [`{}`].", item.ident);
    let of = |f: &Field| (tangent(&f.ty), format!("The derivative with respect to `{}`.", f.name));
    let position = |f: Option<&Field>| match f.filter(|f| f.is_active()).map(of) {
        Some((ty, doc)) => quote!(#[doc = #doc] pub #ty),
        None => quote!(pub ()),
    };
    let field = |f: &Field| {
        let (member, (ty, doc)) = (f.member(), of(f));
        quote!(#[doc = #doc] pub #member: #ty)
    };
    let fields: Vec<TokenStream> = if def.tuple {
        places(def).map(position).collect()
    } else {
        def.fields.iter().filter(|f| f.is_active()).map(field).collect()
    };
    let body = if def.tuple { quote!((#(#fields),*);) } else { quote!({ #(#fields),* }) };
    let zeros = def.fields.iter().filter(|f| f.is_active()).map(|f| {
        let (member, zero) = (f.member(), zero(&f.ty));
        quote!(#member: #zero)
    });
    let rest = inactive_places(def).map(|k| quote!(#k: ()));
    let zeros = zeros.chain(rest);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name #body

        impl ::core::default::Default for #name {
            fn default() -> Self {
                #name { #(#zeros),* }
            }
        }
    }
}

/// The fields of a tuple struct in order; `None` where a field is opaque.
fn places(def: &Struct) -> impl Iterator<Item = Option<&Field>> {
    let n = if def.tuple { def.fields.len() + def.opaque.len() } else { 0 };
    (0..n).map(|k| def.fields.iter().find(|f| f.name == k.to_string()))
}

/// The places in a tuple's tangent that hold nothing.
fn inactive_places(def: &Struct) -> impl Iterator<Item = syn::Index> {
    places(def)
        .enumerate()
        .filter(|(_, f)| !f.is_some_and(Field::is_active))
        .map(|(k, _)| syn::Index::from(k))
}

fn differentiable(item: &ItemStruct, def: &Struct, tangent: &Ident, moving: &TokenStream) -> TokenStream {
    let ident = &item.ident;
    let zeros = def.fields.iter().filter(|f| f.is_active()).map(|f| {
        let member = f.member();
        quote!(#member: ::pullback::Differentiable::zeros_like(&self.#member))
    });
    let rest = inactive_places(def).map(|k| quote!(#k: ()));
    let zeros = zeros.chain(rest);
    let copies = item.fields.members().map(|member| {
        let name = field_name(&member);
        let nested = def.fields.iter().find(|f| f.name == name).is_some_and(|f| f.ty.has_user_type());
        if nested {
            quote!(#member: ::pullback::Differentiable::copied(&self.#member))
        } else {
            quote!(#member: ::core::clone::Clone::clone(&self.#member))
        }
    });
    quote! {
        impl ::pullback::Differentiable for #ident {
            type Tangent = #tangent;
            #moving
            fn zeros_like(&self) -> #tangent {
                #tangent { #(#zeros),* }
            }
            fn copied(&self) -> Self {
                #ident { #(#copies),* }
            }
        }
    }
}

/// The walks of optimizers and of saving.
fn leaves(name: &Ident, active: &[&Field]) -> TokenStream {
    let members: Vec<syn::Member> = active.iter().map(|f| f.member()).collect();
    let names: Vec<&str> = active.iter().map(|f| f.name.trim_start_matches("r#")).collect();
    quote! {
        impl ::pullback::leaves::Leaves for #name {
            fn visit<'a>(
                &'a self,
                path: ::pullback::leaves::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(::pullback::leaves::Path<'_>, ::pullback::leaves::Leaf<'a>),
            ) {
                #(::pullback::leaves::Leaves::visit(&self.#members, path.field(#names), visitor);)*
            }
        }

        impl ::pullback::leaves::LeavesMut for #name {
            fn visit_mut<'a>(
                &'a mut self,
                path: ::pullback::leaves::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(::pullback::leaves::Path<'_>, ::pullback::leaves::LeafMut<'a>),
            ) {
                #(::pullback::leaves::LeavesMut::visit_mut(&mut self.#members, path.field(#names), visitor);)*
            }
        }
    }
}

/// The list of numbers that checks see.
fn numbers(name: &Ident, active: &[&Field]) -> TokenStream {
    let members: Vec<syn::Member> = active.iter().map(|f| f.member()).collect();
    quote! {
        impl ::pullback::Tangent for #name {
            fn size(&self) -> ::core::primitive::usize {
                0 #(+ ::pullback::Tangent::size(&self.#members))*
            }
            fn number(&self, mut k: ::core::primitive::usize) -> ::core::primitive::f64 {
                #(let n = ::pullback::Tangent::size(&self.#members);
                if k < n {
                    return ::pullback::Tangent::number(&self.#members, k);
                }
                k -= n;)*
                ::core::panic!("number {k} past the end")
            }
            fn set_number(&mut self, mut k: ::core::primitive::usize, value: ::core::primitive::f64) {
                #(let n = ::pullback::Tangent::size(&self.#members);
                if k < n {
                    return ::pullback::Tangent::set_number(&mut self.#members, k, value);
                }
                k -= n;)*
                ::core::panic!("number {k} past the end")
            }
            fn epsilon(&self) -> ::core::primitive::f64 {
                0.0_f64 #(.max(::pullback::Tangent::epsilon(&self.#members)))*
            }
        }
    }
}

/// Generated code may stand where fields are private.
fn accessors(item: &ItemStruct, def: &Struct) -> TokenStream {
    let (ident, vis) = (&item.ident, &item.vis);
    let methods = item.fields.iter().zip(item.fields.members()).filter_map(|(field, member)| {
        let name = field_name(&member);
        let accessor = def.fields.iter().find(|f| f.name == name)?.accessor();
        let ty = &field.ty;
        Some(quote! {
            #[doc(hidden)]
            #[inline(always)]
            #vis fn #accessor(&self) -> &#ty {
                &self.#member
            }
        })
    });
    quote!(impl #ident { #(#methods)* })
}
