//! What a struct is on a device: the struct of tensors, and the ways there and back.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Member, Type};

use crate::types::Field;

/// A field of a struct that moves to a device.
pub(super) struct Part {
    pub(super) member: Member,
    /// The field's name in messages.
    pub(super) name: String,
    /// Its type in the host's memory.
    pub(super) ty: TokenStream,
    /// Where it is on a device.
    pub(super) place: Place,
    /// Whether functions see it.
    pub(super) known: bool,
    /// Whether optimizers do.
    pub(super) active: bool,
}

/// Where a field is when its struct is on a device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the device as well.
    Device,
    /// In the host's memory; a type of the user's is in it.
    Host { nested: bool },
}

impl Part {
    /// A field; `None` for one of a type that functions do not see.
    pub(super) fn new(member: Member, written: &Type, field: Option<&Field>) -> Part {
        let name = match &member {
            Member::Named(name) => name.to_string().trim_start_matches("r#").to_string(),
            Member::Unnamed(k) => k.index.to_string(),
        };
        let nested = field.is_some_and(|f| f.ty.has_user_type());
        let moves = |f: &Field| {
            let arrays = |l: &crate::types::Leaf| l.elem.is_float() && (nested || !l.shape.is_empty());
            !matches!(written, Type::Reference(_)) && (f.is_active() || f.ty.leaves().iter().any(arrays))
        };
        let place = if field.is_some_and(moves) { Place::Device } else { Place::Host { nested } };
        let active = field.is_some_and(Field::is_active);
        Part { member, name, ty: quote!(#written), place, known: field.is_some(), active }
    }

    /// Whether functions can make a value of it.
    fn is_made(&self) -> bool {
        let nothing = self.ty.to_string() == "()";
        nothing || self.known && !matches!(syn::parse2::<Type>(self.ty.clone()), Ok(Type::Reference(_)))
    }

    fn placed_type(&self) -> TokenStream {
        let ty = &self.ty;
        match self.place {
            Place::Device => quote!(<#ty as ::pullback::Differentiable>::Placed),
            Place::Host { .. } => quote!(#ty),
        }
    }

    /// A copy of a field that stays with the host.
    fn copied(&self, nested: bool, of: &TokenStream) -> TokenStream {
        let member = &self.member;
        if nested {
            quote!(::pullback::Differentiable::copied(&#of.#member))
        } else {
            quote!(::core::clone::Clone::clone(&#of.#member))
        }
    }

    /// An expression for each kind of field.
    fn either(&self, of: &TokenStream, device: &TokenStream) -> TokenStream {
        let member = &self.member;
        let value = match self.place {
            Place::Device => device.clone(),
            Place::Host { nested } => self.copied(nested, of),
        };
        quote!(#member: #value)
    }
}

/// A struct and its form on a device.
pub(super) struct Form<'s> {
    pub(super) host: &'s Ident,
    pub(super) placed: Ident,
    pub(super) vis: TokenStream,
    pub(super) tuple: bool,
    pub(super) parts: Vec<Part>,
}

impl Form<'_> {
    /// The struct of tensors with what it can do. Its leaves are not among it.
    pub(super) fn items(&self) -> TokenStream {
        let (definition, copies, methods) = (self.definition(), self.copies(), self.methods());
        quote!(#definition #copies #methods)
    }

    fn definition(&self) -> TokenStream {
        let Form { host, placed, .. } = self;
        let (doc, text) = (format!("A [`{host}`] on a device."), host.to_string());
        let fields = self.parts.iter().map(|part| {
            let (member, ty, doc) = (&part.member, part.placed_type(), format!("`{}` there.", part.name));
            if self.tuple { quote!(#[doc = #doc] pub #ty) } else { quote!(#[doc = #doc] pub #member: #ty) }
        });
        let body = if self.tuple { quote!((#(#fields),*);) } else { quote!({ #(#fields),* }) };
        quote! {
            #[doc = #doc]
            pub struct #placed #body

            impl ::core::fmt::Debug for #placed {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::pullback::leaves::describe(self, #text, f)
                }
            }
        }
    }

    fn copies(&self) -> TokenStream {
        let placed = &self.placed;
        let copies = self.fields(&quote!(self), |m| quote!(::pullback::differentiable::Move::copy(&self.#m)));
        let moves = self
            .fields(&quote!(self), |m| quote!(::pullback::differentiable::Move::moved(&self.#m, device)?));
        quote! {
            impl ::core::clone::Clone for #placed {
                fn clone(&self) -> Self {
                    #placed { #(#copies),* }
                }
            }

            impl ::pullback::differentiable::Move for #placed {
                fn moved(
                    &self,
                    device: &::pullback::Device,
                ) -> ::core::result::Result<Self, ::pullback::DeviceError> {
                    ::core::result::Result::Ok(#placed { #(#moves),* })
                }
                fn copy(&self) -> Self {
                    ::core::clone::Clone::clone(self)
                }
            }
        }
    }

    fn methods(&self) -> TokenStream {
        let Form { host, placed, vis, .. } = self;
        quote! {
            impl #placed {
                /// The same on another device.
                ///
                /// # Errors
                /// If there is no memory left there, or earlier work failed.
                pub fn to(
                    &self,
                    device: &::pullback::Device,
                ) -> ::core::result::Result<Self, ::pullback::DeviceError> {
                    ::pullback::differentiable::Move::moved(self, device)
                }

                /// A copy in the host's memory.
                ///
                /// # Errors
                /// If a tensor has not the shape that its field's type says, or earlier work failed.
                #vis fn to_host(&self) -> ::core::result::Result<#host, ::pullback::DeviceError> {
                    ::pullback::Differentiable::from_placed(self)
                }
            }
        }
    }

    /// `member: expression` for all fields, those of the device by `device`.
    fn fields(&self, of: &TokenStream, device: impl Fn(&Member) -> TokenStream) -> Vec<TokenStream> {
        self.parts.iter().map(|part| part.either(of, &device(&part.member))).collect()
    }

    /// The items of `Differentiable` that are about devices.
    pub(super) fn moving(&self) -> TokenStream {
        let Form { host, placed, .. } = self;
        let there = self.fields(&quote!(self), |m| quote!(::pullback::Differentiable::to(&self.#m, device)?));
        let back = self.parts.iter().map(|part| {
            let (member, name) = (&part.member, &part.name);
            let value = quote!(::pullback::Differentiable::from_placed(&placed.#member));
            part.either(&quote!(placed), &quote!(::pullback::differentiable::inside(#name, #value)?))
        });
        quote! {
            type Placed = #placed;
            type Form = ::pullback::differentiable::Single<#placed>;
            fn to(
                &self,
                device: &::pullback::Device,
            ) -> ::core::result::Result<#placed, ::pullback::DeviceError> {
                ::core::result::Result::Ok(#placed { #(#there),* })
            }
            fn from_placed(placed: &#placed) -> ::core::result::Result<#host, ::pullback::DeviceError> {
                ::core::result::Result::Ok(#host { #(#back),* })
            }
            fn pack(
                items: &[Self],
                device: &::pullback::Device,
            ) -> ::core::result::Result<::std::vec::Vec<#placed>, ::pullback::DeviceError> {
                ::pullback::differentiable::each_to(items, device)
            }
            fn unpack<'a: 'a>(
                opened: ::std::vec::Vec<&'a #placed>,
                _count: ::core::primitive::usize,
            ) -> ::core::result::Result<::std::vec::Vec<Self>, ::pullback::DeviceError> {
                ::pullback::differentiable::each_from(&opened)
            }
        }
    }

    /// The struct as the columns that programs for GPUs take, and as an argument.
    pub(super) fn flat(&self) -> TokenStream {
        let Form { host, placed, .. } = self;
        let known = || self.parts.iter().filter(|part| part.known);
        let flatten = known().map(flattened);
        let stack = known().map(stacked);
        quote! {
            impl ::pullback::on::Flat for #host {
                ::pullback::__on_gpu! {
                    fn flatten(
                        runs: &[&[Self]],
                        dims: &[::core::primitive::usize],
                        out: &mut ::pullback::on::Columns,
                    ) -> ::core::result::Result<(), ::pullback::DeviceError> {
                        #(#flatten)*
                        ::core::result::Result::Ok(())
                    }
                    fn stack(
                        items: &[&#placed],
                        dims: &[::core::primitive::usize],
                        out: &mut ::pullback::on::Columns,
                    ) -> ::core::result::Result<(), ::pullback::DeviceError> {
                        #(#stack)*
                        ::core::result::Result::Ok(())
                    }
                }
            }

            ::pullback::__host_arguments! {
                ['a] &'a #host, for #host, as &'a #host, |x| x, where [];
                [] #host, for #host, as #host, |x| x, where [];
            }
            ::pullback::__placed_arguments! {
                [] &#placed, for #host, where [];
            }
            ::pullback::__placed_list!(#placed, #host);
        }
    }

    /// Structs from the columns that programs for GPUs return, by a function of their fields.
    fn collect(&self, name: &Ident, make: impl Fn(&TokenStream) -> TokenStream) -> TokenStream {
        let each = self.parts.iter().filter(|part| part.known).map(|Part { member, ty, .. }| {
            let (list, make) = (list(member), make(ty));
            quote!(let mut #list = #make(columns, lead)?.into_iter();)
        });
        let fields = self.parts.iter().map(|Part { member, known, .. }| {
            let list = list(member);
            let one = quote!(#list.next().expect("as many of each"));
            if *known { quote!(#member: #one) } else { quote!(#member: ()) }
        });
        quote! {
            #(#each)*
            let one = |_: ::core::primitive::usize| #name { #(#fields),* };
            ::core::result::Result::Ok(
                (0..lead.iter().product::<::core::primitive::usize>()).map(one).collect(),
            )
        }
    }

    /// The struct from the columns that programs for GPUs return. One with fields that no program knows, or that are borrowed,
    /// is not made of anything.
    pub(super) fn made(&self) -> TokenStream {
        let host = self.host;
        let any = self.parts.iter().any(|part| part.known);
        let lacking = self.parts.iter().find(|part| !part.is_made());
        let unflatten = match lacking {
            None => self.collect(host, |ty| quote!(<#ty as ::pullback::on::FromColumns>::unflatten)),
            Some(part) => {
                let why = format!(
                    "a `{host}` is not made on a GPU: functions do not make its field `{}`",
                    part.name
                );
                quote!(::core::result::Result::Err(::pullback::DeviceError::Unsupported(#why)))
            }
        };
        quote! {
            impl ::pullback::on::FromColumns for #host {
                const NUMBERS: ::core::primitive::bool = #any;
                ::pullback::__on_gpu! {
                    fn unflatten(
                        columns: &mut ::pullback::on::Columns,
                        lead: &[::core::primitive::usize],
                    ) -> ::core::result::Result<::std::vec::Vec<Self>, ::pullback::DeviceError> {
                        #unflatten
                    }
                }
            }
        }
    }

    /// The tangent from these columns, on the device as well.
    pub(super) fn cotangent(&self) -> TokenStream {
        let Form { host, placed, .. } = self;
        let unflatten = self.made();
        let unstack = self.collect(placed, |ty| quote!(<#ty as ::pullback::on::Cotangent>::unstack));
        quote! {
            #unflatten

            impl ::pullback::on::Cotangent for #host {
                ::pullback::__on_gpu! {
                    fn unstack(
                        columns: &mut ::pullback::on::Columns,
                        lead: &[::core::primitive::usize],
                    ) -> ::core::result::Result<::std::vec::Vec<#placed>, ::pullback::DeviceError> {
                        #unstack
                    }
                }
            }
        }
    }
}

/// The variable with all values of a field.
fn list(member: &Member) -> Ident {
    match member {
        Member::Named(name) => quote::format_ident!("all_{}", syn::ext::IdentExt::unraw(name)),
        Member::Unnamed(k) => quote::format_ident!("all_{}", k.index),
    }
}

/// The columns of a field.
fn flattened(part: &Part) -> TokenStream {
    let (member, name) = (&part.member, &part.name);
    let call = match syn::parse2::<Type>(part.ty.clone()) {
        Ok(Type::Reference(r)) if matches!(*r.elem, Type::Slice(_)) => {
            quote!(::pullback::on::flatten_slices(runs, |whole| whole.#member, dims, out))
        }
        Ok(Type::Reference(_)) => {
            quote!(::pullback::on::flatten_part(runs, |whole| whole.#member, dims, out))
        }
        _ => quote!(::pullback::on::flatten_part(runs, |whole| &whole.#member, dims, out)),
    };
    quote!(::pullback::differentiable::inside(#name, #call)?;)
}

/// The columns of a field on a device.
fn stacked(part: &Part) -> TokenStream {
    let (member, name, ty) = (&part.member, &part.name, &part.ty);
    let call = match (part.place, syn::parse2::<Type>(ty.clone())) {
        (Place::Device, _) => {
            quote!(::pullback::on::stack_part::<_, #ty>(items, |whole| &whole.#member, dims, out))
        }
        (_, Ok(Type::Reference(r))) if matches!(*r.elem, Type::Slice(_)) => {
            quote!(::pullback::on::flatten_slices(&parts, |whole| whole.#member, dims, out))
        }
        (_, Ok(Type::Reference(_))) => {
            quote!(::pullback::on::flatten_part(&parts, |whole| whole.#member, dims, out))
        }
        _ => quote!(::pullback::on::flatten_part(&parts, |whole| &whole.#member, dims, out)),
    };
    let parts = (part.place != Place::Device).then(|| quote!(let parts = ::pullback::on::alone(items);));
    quote!(::pullback::differentiable::inside(#name, { #parts #call })?;)
}

/// What an enum needs in order to be a part of something that moves: it stays where it is, and programs take its index.
pub(super) fn enumeration(item: &syn::ItemEnum, variants: &[(String, i64)]) -> TokenStream {
    let ident = &item.ident;
    let index = |all: TokenStream| {
        quote! {
            out.push_host::<::core::primitive::i64>(#all.map(|x| x.__pullback_index()).collect(), dims);
            ::core::result::Result::Ok(())
        }
    };
    let (runs, items) = (index(quote!(runs.iter().copied().flatten())), index(quote!(items.iter().copied())));
    let (stays, made) = (enumeration_stays(item), enumeration_made(item, variants));
    quote! {
        #stays

        #made

        impl ::pullback::on::Flat for #ident {
            ::pullback::__on_gpu! {
                fn flatten(
                    runs: &[&[Self]],
                    dims: &[::core::primitive::usize],
                    out: &mut ::pullback::on::Columns,
                ) -> ::core::result::Result<(), ::pullback::DeviceError> {
                    #runs
                }
                fn stack(
                    items: &[&Self],
                    dims: &[::core::primitive::usize],
                    out: &mut ::pullback::on::Columns,
                ) -> ::core::result::Result<(), ::pullback::DeviceError> {
                    #items
                }
            }
        }

        impl ::pullback::differentiable::Move for #ident {
            fn moved(
                &self,
                _device: &::pullback::Device,
            ) -> ::core::result::Result<Self, ::pullback::DeviceError> {
                ::core::result::Result::Ok(::pullback::Differentiable::copied(self))
            }
            fn copy(&self) -> Self {
                ::pullback::Differentiable::copied(self)
            }
        }
    }
}

/// An enum from the indices that programs for GPUs return.
fn enumeration_made(item: &syn::ItemEnum, variants: &[(String, i64)]) -> TokenStream {
    let ident = &item.ident;
    let each = item.variants.iter().zip(variants).map(|(v, (_, n))| {
        let v = &v.ident;
        quote!(#n => ::core::result::Result::Ok(#ident::#v))
    });
    let unknown = format!("no variant of `{ident}` has that index");
    quote! {
        impl ::pullback::on::FromColumns for #ident {
            const NUMBERS: ::core::primitive::bool = true;
            ::pullback::__on_gpu! {
                fn unflatten(
                    columns: &mut ::pullback::on::Columns,
                    lead: &[::core::primitive::usize],
                ) -> ::core::result::Result<::std::vec::Vec<Self>, ::pullback::DeviceError> {
                    let one = |index: ::core::primitive::i64| match index {
                        #(#each,)*
                        _ => ::core::result::Result::Err(::pullback::DeviceError::Panicked(#unknown.to_string())),
                    };
                    let all = <::core::primitive::i64 as ::pullback::on::FromColumns>::unflatten(columns, lead)?;
                    all.into_iter().map(one).collect()
                }
            }
        }
    }
}

/// An enum has no derivative, and is on a device what it is with the host.
fn enumeration_stays(item: &syn::ItemEnum) -> TokenStream {
    let ident = &item.ident;
    let copies = item.variants.iter().map(|v| {
        let v = &v.ident;
        quote!(#ident::#v => #ident::#v)
    });
    quote! {
        impl ::pullback::Differentiable for #ident {
            type Tangent = ();
            type Placed = Self;
            type Form = ::pullback::differentiable::Single<Self>;
            fn zeros_like(&self) {}
            fn copied(&self) -> Self {
                match self { #(#copies),* }
            }
            fn to(
                &self,
                _device: &::pullback::Device,
            ) -> ::core::result::Result<Self, ::pullback::DeviceError> {
                ::core::result::Result::Ok(self.copied())
            }
            fn from_placed(placed: &Self) -> ::core::result::Result<Self, ::pullback::DeviceError> {
                ::core::result::Result::Ok(placed.copied())
            }
            fn pack(
                items: &[Self],
                _device: &::pullback::Device,
            ) -> ::core::result::Result<::std::vec::Vec<Self>, ::pullback::DeviceError> {
                ::core::result::Result::Ok(items.iter().map(Self::copied).collect())
            }
            fn unpack<'a: 'a>(
                opened: ::std::vec::Vec<&'a Self>,
                _count: ::core::primitive::usize,
            ) -> ::core::result::Result<::std::vec::Vec<Self>, ::pullback::DeviceError> {
                ::core::result::Result::Ok(opened.into_iter().map(Self::copied).collect())
            }
        }
    }
}
