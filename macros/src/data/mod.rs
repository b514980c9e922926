//! Types of the user's: `#[derive(Differentiable)]` on structs, `#[differentiable]` on aliases and C-like enums.

mod placed;
mod tangent;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Item, ItemEnum, ItemStruct, ItemType};

use crate::ast::Place;
use crate::companion;
use crate::emit::surface::quiet;
use crate::errors::{Errors, Res};
use crate::known::{self, Types};
use crate::messages;
use crate::parse::{self, Parser};
use crate::ty::Ty;
use crate::types::{Enum, Field, RustTy, Struct, TypeName};

/// What is generated for a type, or what must be known first.
pub(crate) enum Expanded {
    /// It names a type whose companion macro must be asked.
    Missing(syn::Path),
    /// All that is generated.
    Done(TokenStream),
}

/// The name of an item.
pub(crate) fn name(item: &Item) -> Ident {
    match item {
        Item::Struct(i) => i.ident.clone(),
        Item::Enum(i) => i.ident.clone(),
        Item::Type(i) => i.ident.clone(),
        _ => Ident::new("_item", proc_macro2::Span::call_site()),
    }
}

/// The companion macro of a type that has errors.
pub(crate) fn failed(item: &Item) -> TokenStream {
    let vis = match item {
        Item::Struct(i) => &i.vis,
        Item::Enum(i) => &i.vis,
        Item::Type(i) => &i.vis,
        _ => return TokenStream::new(),
    };
    companion::carrier(vis, &name(item), &quote!(failed), "")
}

/// Expands a type that names these others.
pub(crate) fn expand(item: &Item, types: &Types, errors: &mut Errors) -> Res<Expanded> {
    match item {
        Item::Struct(s) => structure(s, types, errors),
        Item::Enum(e) => enumeration(e, errors).map(Expanded::Done),
        Item::Type(t) => alias(t, types, errors),
        other => Err(errors.report(Place::of(other), messages::derive_on())),
    }
}

fn no_generics(generics: &syn::Generics, errors: &mut Errors) -> Res<()> {
    match generics.params.first() {
        None => Ok(()),
        Some(_) => Err(errors.report(Place::of(generics), messages::generic_type())),
    }
}

/// A name whose companion macro is about to be made.
fn new_name(ident: &Ident) -> TypeName {
    let id = companion::hidden_name(ident, "").to_string();
    TypeName {
        id,
        home: quote!($crate),
        name: ident.to_string(),
        path: Some(ident.clone().into()),
        part: None,
    }
}

fn structure(item: &ItemStruct, types: &Types, errors: &mut Errors) -> Res<Expanded> {
    let def = match described(item, types, errors)? {
        Ok(def) => def,
        Err(missing) => return Ok(Expanded::Missing(missing)),
    };
    let generated = tangent::items(item, &def);
    let ty = RustTy::Struct(std::rc::Rc::new(def));
    let (definitions, id) = (known::definitions([&ty]), known::portable(&ty));
    let carrier = companion::carrier(&item.vis, &item.ident, &quote!(type #definitions = #id), "");
    Ok(Expanded::Done(quote!(#generated #carrier)))
}

/// A struct, or a type that it names and that is not known yet.
pub(crate) fn described(
    item: &ItemStruct,
    types: &Types,
    errors: &mut Errors,
) -> Res<Result<Struct, syn::Path>> {
    no_generics(&item.generics, errors)?;
    let mut all = Fields::default();
    for (k, field) in item.fields.iter().enumerate() {
        let name = field.ident.as_ref().map_or(k.to_string(), ToString::to_string);
        all.add(name, field, types, errors);
    }
    errors.barrier()?;
    if let Some(path) = all.missing {
        return Ok(Err(path));
    }
    let tuple = matches!(item.fields, syn::Fields::Unnamed(_));
    Ok(Ok(Struct { name: new_name(&item.ident), tuple, fields: all.fields, opaque: all.opaque }))
}

#[derive(Default)]
struct Fields {
    fields: Vec<Field>,
    opaque: Vec<String>,
    missing: Option<syn::Path>,
}

impl Fields {
    fn add(&mut self, name: String, field: &syn::Field, types: &Types, errors: &mut Errors) {
        let mark = field.attrs.iter().find(|a| a.path().is_ident("no_diff"));
        let no_diff = mark.is_some();
        match mark.map(|m| &m.meta) {
            None | Some(syn::Meta::Path(_)) => {}
            Some(syn::Meta::List(l)) if l.tokens.to_string() == "opaque" => return self.opaque.push(name),
            Some(other) => {
                errors.report(Place::of(other), messages::no_diff_arguments());
                return;
            }
        }
        let mut refused = Errors::default();
        let mut p = Parser::with(&mut refused, types);
        let ty = parse::ty(&mut p, &field.ty);
        let missing = p.missing.into_iter().next();
        match ty.map(|t| t.finish()) {
            Ok(rust) => {
                if !no_diff && rust.is_active() && matches!(field.ty, syn::Type::Reference(_)) {
                    errors.report(Place::of(&field.ty), messages::borrowed_field(&name));
                }
                self.fields.push(Field { name, ty: rust, no_diff });
            }
            _ if refused.is_empty() && missing.is_some() => {
                self.missing.get_or_insert_with(|| missing.unwrap_or_else(|| syn::parse_quote!(_unknown)));
            }
            _ if no_diff => self.opaque.push(name),
            _ => errors.append(refused),
        }
    }
}

/// A C-like enum: an integer with names.
fn enumeration(item: &ItemEnum, errors: &mut Errors) -> Res<TokenStream> {
    no_generics(&item.generics, errors)?;
    let mut variants: Vec<(String, i64)> = Vec::new();
    let mut next = 0;
    for v in &item.variants {
        if !matches!(v.fields, syn::Fields::Unit) {
            errors.report(Place::of(v), messages::enum_with_payload(&item.ident.to_string()));
        }
        if let Some((_, e)) = &v.discriminant {
            match discriminant(e) {
                Some(n) => next = n,
                None => {
                    errors.report(Place::of(e), messages::discriminant());
                }
            }
        }
        variants.push((v.ident.to_string(), next));
        next += 1;
    }
    errors.barrier()?;
    let (ident, vis) = (&item.ident, &item.vis);
    let arms = item.variants.iter().zip(&variants).map(|(v, (_, n))| {
        let v = &v.ident;
        quote!(#ident::#v => #n)
    });
    let arms: Vec<TokenStream> = arms.collect();
    let (quiet, devices) = (quiet(), placed::enumeration(item, &variants));
    let ty = RustTy::Enum(std::rc::Rc::new(Enum { name: new_name(ident), variants }));
    let (definitions, id) = (known::definitions([&ty]), known::portable(&ty));
    let carrier = companion::carrier(vis, ident, &quote!(type #definitions = #id), "");
    Ok(quote! {
        #quiet
        const _: () = {
            impl #ident {
                #[doc(hidden)]
                #[inline(always)]
                #vis fn __pullback_index(&self) -> ::core::primitive::i64 {
                    match self { #(#arms),* }
                }
            }

            #devices
        };
        #carrier
    })
}

/// A discriminant that is a literal.
fn discriminant(e: &syn::Expr) -> Option<i64> {
    match e {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) => n.base10_parse().ok(),
        syn::Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => {
            discriminant(expr).map(|n: i64| -n)
        }
        _ => None,
    }
}

/// `type Real = f64;`
fn alias(item: &ItemType, types: &Types, errors: &mut Errors) -> Res<Expanded> {
    no_generics(&item.generics, errors)?;
    let mut p = Parser::with(errors, types);
    let ty = parse::ty(&mut p, &item.ty);
    if let (true, Some(path)) = (p.errors.is_empty(), p.missing.first()) {
        return Ok(Expanded::Missing(path.clone()));
    }
    let ty: Ty = ty?;
    let ty = ty.finish();
    let (definitions, target) = (known::definitions([&ty]), known::portable(&ty));
    let carrier = companion::carrier(&item.vis, &item.ident, &quote!(type #definitions = #target), "");
    Ok(Expanded::Done(carrier))
}
