//! Types of the user's: what their companion macros say of them, and how it is passed on.
//!
//! A companion macro carries definitions in the order of their use, each under its id, and types in which an id stands for the
//! definition: `[$crate __pullback_Layer_1f struct Layer {w: DMatrix<f32>,} []] Vec<__pullback_Layer_1f>`.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use pullback_kernels::ir::Scalar;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Token, bracketed};

use crate::errors::{Errors, Res};
use crate::parse::{self, Parser};
use crate::ty::Ty;
use crate::types::{Enum, Field, Len, RustTy, Struct, TypeName};

/// Types by how they are written.
pub(crate) type Types = BTreeMap<String, Ty>;

/// The text of a path without generic arguments.
pub(crate) fn key(path: &syn::Path) -> String {
    let names: Vec<String> = path.segments.iter().map(|s| s.ident.unraw().to_string()).collect();
    names.join("::")
}

/// A type as the function that is being expanded names it.
pub(crate) fn named(ty: Ty, path: &syn::Path) -> Ty {
    let with = |name: &TypeName| TypeName { path: Some(path.clone()), ..name.clone() };
    match ty {
        Ty::Struct(s) => {
            let fields = parts(&s, path, &quote!(this));
            Ty::Struct(Rc::new(Struct { name: with(&s.name), fields, ..(*s).clone() }))
        }
        Ty::Enum(e) => Ty::Enum(Rc::new(Enum { name: with(&e.name), ..(*e).clone() })),
        ty => ty,
    }
}

/// The fields of a struct that lies at `place` in a value of the type `root`.
fn parts(s: &Struct, root: &syn::Path, place: &TokenStream) -> Vec<Field> {
    let part = |f: &Field| {
        let accessor = f.accessor();
        Field { ty: part_of(&f.ty, root, &quote!((*#place.#accessor()))), ..f.clone() }
    };
    s.fields.iter().map(part).collect()
}

/// The type of what lies at `place`, with the way to each type of the user's in it.
fn part_of(ty: &RustTy, root: &syn::Path, place: &TokenStream) -> RustTy {
    let element = |t: &RustTy| Box::new(part_of(t, root, &quote!(#place[0])));
    let with = |name: &TypeName| TypeName { part: Some(quote!(|this: &#root| &#place)), ..name.clone() };
    match ty {
        RustTy::Array(t, n) => RustTy::Array(element(t), *n),
        RustTy::Slice(t) => RustTy::Slice(element(t)),
        RustTy::Vec(t) => RustTy::Vec(element(t)),
        RustTy::Tuple(ts) => {
            let part = |(k, t): (usize, &RustTy)| {
                let k = syn::Index::from(k);
                part_of(t, root, &quote!(#place.#k))
            };
            RustTy::Tuple(ts.iter().enumerate().map(part).collect())
        }
        RustTy::Struct(s) => {
            let fields = parts(s, root, place);
            RustTy::Struct(Rc::new(Struct { name: with(&s.name), fields, ..(**s).clone() }))
        }
        RustTy::Enum(e) => RustTy::Enum(Rc::new(Enum { name: with(&e.name), ..(**e).clone() })),
        ty => ty.clone(),
    }
}

/// How the function that is being expanded names each type of the user's, by its id.
pub(crate) fn names(types: &Types) -> BTreeMap<String, TypeName> {
    let mut names = BTreeMap::new();
    types.values().for_each(|t| name_all(&t.finish(), &mut names));
    names
}

fn name_all(ty: &RustTy, names: &mut BTreeMap<String, TypeName>) {
    let mut add = |name: &TypeName| {
        let known = names.entry(name.id.clone()).or_insert_with(|| name.clone());
        if known.path.is_none() && (name.path.is_some() || known.part.is_none()) {
            *known = name.clone();
        }
    };
    match ty {
        RustTy::Array(t, _) | RustTy::Slice(t) | RustTy::Vec(t) => name_all(t, names),
        RustTy::Tuple(ts) => ts.iter().for_each(|t| name_all(t, names)),
        RustTy::Struct(s) => {
            add(&s.name);
            s.fields.iter().for_each(|f| name_all(&f.ty, names));
        }
        RustTy::Enum(e) => add(&e.name),
        _ => {}
    }
}

/// A definition as it is carried.
pub(crate) struct Definition {
    home: TokenStream,
    id: Ident,
    name: Ident,
    what: What,
}

enum What {
    Struct { tuple: bool, fields: Vec<(bool, Ident, syn::Type)>, opaque: Vec<Ident> },
    Enum(Vec<(Ident, i64)>),
}

impl Parse for Definition {
    fn parse(input: ParseStream) -> syn::Result<Definition> {
        let inner;
        bracketed!(inner in input);
        let input = &inner;
        let dollar = if input.peek(Token![$]) { Some(input.parse::<Token![$]>()?) } else { None };
        let home = Ident::parse_any(input)?;
        let home = quote!(#dollar #home);
        let (id, kind, name) = (input.parse()?, Ident::parse_any(input)?, input.parse()?);
        let what = if kind == "enum" { enumeration(input)? } else { structure(input, kind == "tuple")? };
        Ok(Definition { home, id, name, what })
    }
}

fn structure(input: ParseStream, tuple: bool) -> syn::Result<What> {
    let (mut fields, mut opaque) = (Vec::new(), Vec::new());
    let (inner, rest);
    syn::braced!(inner in input);
    while !inner.is_empty() {
        let no_diff = inner.peek(Token![#]);
        if no_diff {
            inner.parse::<Token![#]>()?;
        }
        let name = Ident::parse_any(&inner)?;
        inner.parse::<Token![:]>()?;
        fields.push((no_diff, name, inner.parse()?));
        inner.parse::<Token![,]>()?;
    }
    bracketed!(rest in input);
    while !rest.is_empty() {
        opaque.push(Ident::parse_any(&rest)?);
    }
    Ok(What::Struct { tuple, fields, opaque })
}

fn enumeration(input: ParseStream) -> syn::Result<What> {
    let mut variants = Vec::new();
    let inner;
    syn::braced!(inner in input);
    while !inner.is_empty() {
        let name = Ident::parse_any(&inner)?;
        inner.parse::<Token![=]>()?;
        let text: syn::LitStr = inner.parse()?;
        variants.push((name, text.value().parse().map_err(|_| inner.error("a number"))?));
        inner.parse::<Token![,]>()?;
    }
    Ok(What::Enum(variants))
}

impl Definition {
    /// Adds it to the types, under its id.
    pub(crate) fn define(self, types: &mut Types) -> Res<()> {
        let Definition { home, id, name, what } = self;
        let id = id.to_string();
        let name = TypeName { id: id.clone(), home, name: name.to_string(), path: None, part: None };
        let ty = match what {
            What::Enum(variants) => {
                let variants = variants.into_iter().map(|(v, n)| (v.unraw().to_string(), n)).collect();
                Ty::Enum(Rc::new(Enum { name, variants }))
            }
            What::Struct { tuple, fields, opaque } => {
                let fields = fields.into_iter().map(|(no_diff, field, ty)| {
                    let ty = resolve(&ty, types)?.finish();
                    Ok(Field { name: field_name(&field), ty, no_diff })
                });
                let fields = fields.collect::<Res<_>>()?;
                let opaque = opaque.iter().map(field_name).collect();
                Ty::Struct(Rc::new(Struct { name, tuple, fields, opaque }))
            }
        };
        types.insert(id, ty);
        Ok(())
    }
}

/// A field's name: those of tuples are carried as `_0`, `_1` with a mark, since a number is no identifier.
fn field_name(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("__pullback_").map_or(text.clone(), str::to_string)
}

fn field_ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        _ if name.starts_with(char::is_numeric) => format_ident!("__pullback_{name}"),
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}

/// A type that was carried.
pub(crate) fn resolve(ty: &syn::Type, types: &Types) -> Res<Ty> {
    let mut errors = Errors::default();
    let ty = parse::ty(&mut Parser::with(&mut errors, types), ty);
    errors.barrier()?;
    ty
}

/// A type as it is carried.
pub(crate) fn portable(ty: &RustTy) -> TokenStream {
    let scalar = |s: &Scalar| Ident::new(s.name(), Span::call_site());
    match ty {
        RustTy::Unit => quote!(()),
        RustTy::Float(s) => {
            let s = scalar(s);
            quote!(#s)
        }
        RustTy::Bool => quote!(bool),
        RustTy::Int(i) => {
            let i = Ident::new(i.name(), Span::call_site());
            quote!(#i)
        }
        RustTy::Array(t, n) => {
            let (t, n) = (portable(t), Literal::usize_unsuffixed(*n));
            quote!([#t; #n])
        }
        RustTy::Slice(t) => {
            let t = portable(t);
            quote!([#t])
        }
        RustTy::Vec(t) => {
            let t = portable(t);
            quote!(Vec<#t>)
        }
        RustTy::Matrix(s, rows, columns) => matrix(&scalar(s), *rows, *columns),
        RustTy::Tuple(ts) => {
            let ts = ts.iter().map(portable);
            quote!((#(#ts,)*))
        }
        RustTy::Struct(s) => id(&s.name),
        RustTy::Enum(e) => id(&e.name),
    }
}

fn id(name: &TypeName) -> TokenStream {
    let id = Ident::new(&name.id, Span::call_site());
    quote!(#id)
}

fn matrix(s: &Ident, rows: Len, columns: Len) -> TokenStream {
    let n = |n: usize| Literal::usize_unsuffixed(n);
    match (rows, columns) {
        (Len::Dyn, Len::Dyn) => quote!(DMatrix<#s>),
        (Len::Dyn, Len::Const(1)) => quote!(DVector<#s>),
        (Len::Const(1), Len::Dyn) => quote!(RowDVector<#s>),
        (Len::Const(r), Len::Const(c)) => {
            let (r, c) = (n(r), n(c));
            quote!(SMatrix<#s, #r, #c>)
        }
        (Len::Dyn, Len::Const(c)) => {
            let name = format_ident!("MatrixXx{c}");
            quote!(#name<#s>)
        }
        (Len::Const(r), Len::Dyn) => {
            let name = format_ident!("Matrix{r}xX");
            quote!(#name<#s>)
        }
    }
}

/// The definitions of all types of the user's in these types, each once and after those that it names.
pub(crate) fn definitions<'t>(types: impl IntoIterator<Item = &'t RustTy>) -> TokenStream {
    let (mut done, mut out) = (Vec::new(), TokenStream::new());
    types.into_iter().for_each(|t| define(t, &mut done, &mut out));
    out
}

fn define(ty: &RustTy, done: &mut Vec<String>, out: &mut TokenStream) {
    match ty {
        RustTy::Array(t, _) | RustTy::Slice(t) | RustTy::Vec(t) => define(t, done, out),
        RustTy::Tuple(ts) => ts.iter().for_each(|t| define(t, done, out)),
        RustTy::Struct(s) if !done.contains(&s.name.id) => {
            done.push(s.name.id.clone());
            s.fields.iter().for_each(|f| define(&f.ty, done, out));
            out.extend(structure_tokens(s));
        }
        RustTy::Enum(e) if !done.contains(&e.name.id) => {
            done.push(e.name.id.clone());
            let (home, id, name) = (&e.name.home, id(&e.name), field_ident(&e.name.name));
            let variants = e.variants.iter().map(|(v, n)| {
                let (v, n) = (field_ident(v), Literal::string(&n.to_string()));
                quote!(#v = #n,)
            });
            out.extend(quote!([#home #id enum #name { #(#variants)* }]));
        }
        _ => {}
    }
}

fn structure_tokens(s: &Struct) -> TokenStream {
    let (home, id, name) = (&s.name.home, id(&s.name), field_ident(&s.name.name));
    let kind = if s.tuple { quote!(tuple) } else { quote!(struct) };
    let fields = s.fields.iter().map(|f| {
        let (mark, field, ty) = (f.no_diff.then(|| quote!(#)), field_ident(&f.name), portable(&f.ty));
        quote!(#mark #field: #ty,)
    });
    let opaque = s.opaque.iter().map(|f| field_ident(f));
    quote!([#home #id #kind #name { #(#fields)* } [#(#opaque)*]])
}
