//! What users call: the companion enum, the gradient, the workspace and the inherent functions.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::visit_mut::VisitMut;

use super::check;
use super::names::camel;
use super::params::{copied, is_number, tangent, zero};
use super::sweep::{self, Returns, Sweep, is_copy};
use super::{Derivatives, modes, on};
use crate::types::{Param, Passing, Signature};

/// The names of what is generated beside the companion enum.
pub(super) struct Types {
    /// The gradient.
    pub(super) grad: TokenStream,
    pub(super) workspace: Ident,
}

/// Everything that is generated for a function.
pub(crate) fn companion(sig: &Signature, derivatives: &Derivatives) -> TokenStream {
    let name = &sig.name;
    let prefix = camel(&name.unraw().to_string());
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let (grad, grad_item) = gradient(sig, &prefix, &wrt);
    let types = Types { grad, workspace: format_ident!("{prefix}Workspace") };
    // Named after the function, so that they do not hide what the user named.
    let own = |what: &str| format_ident!("{}_{what}", name.unraw());
    let into = derivatives.value_and_grad.as_ref().map(|func| {
        let names = (own("forward_and_backward"), prefix.clone());
        sweep::sweep(sig, names, (&derivatives.module, func), &types.grad, Returns::Value)
    });
    let names = (own("backward"), format!("{prefix}Pull"));
    let pull =
        sweep::sweep(sig, names, (&derivatives.module, &derivatives.vjp), &types.grad, Returns::Nothing);
    let workspace = workspace(&types, &wrt, into.as_ref());
    let loops = &into.as_ref().unwrap_or(&pull).loops;
    let on = match &into {
        Some(into) => on::all(sig, derivatives, &types, into),
        None => on::any::all(sig, derivatives, &types, &pull),
    };
    let explain = format!("{}\n// Its loops over data.\n{loops}{}", derivatives.explain.trim_end(), on.words);
    let methods = methods(sig, &types, &pull, into.as_ref(), (&on.methods, &explain));
    let forward = forward(sig);
    let modes = modes::all(sig, derivatives, &types);
    let (mode_items, methods_of_modes) = (modes.items, modes.methods);
    let (target, quiet) = (sig.target(), quiet());
    let mode_methods = (!methods_of_modes.is_empty()).then(|| quote!(impl #target { #methods_of_modes }));
    let on_items = on.items;
    let (sweeps, pulls, function) = (into.map(|s| s.code), &pull.code, function(sig, &types));
    let named = named(sig);
    quote! {
        #named

        #quiet
        const _: () = {
            #grad_item
            #workspace
            #function
            #methods
            #forward
            #sweeps
            #pulls
            #mode_items
            #on_items

            #mode_methods
        };
    }
}

/// The type that has the name of a free function.
fn named(sig: &Signature) -> TokenStream {
    let (vis, name) = (&sig.vis, &sig.name);
    let text = format!("The derivatives of the function [`{name}`](fn@{name}).");
    if sig.owner.is_some() {
        return TokenStream::new();
    }
    quote! {
        #[doc = #text]
        #[allow(non_camel_case_types, unreachable_pub)]
        #[derive(Clone, Copy, Debug)]
        #vis enum #name {}
    }
}

/// That type as a function for generic code.
fn function(sig: &Signature, types: &Types) -> TokenStream {
    let (name, literal) = (&sig.name, sig.name.unraw().to_string());
    let (grad, workspace) = (&types.grad, &types.workspace);
    if sig.owner.is_some() {
        return TokenStream::new();
    }
    quote! {
        impl ::pullback::Function for #name {
            type Grad = #grad;
            type Workspace = #workspace;
            const NAME: &'static str = #literal;
        }
    }
}

/// Lints are for what users write.
pub(crate) fn quiet() -> TokenStream {
    quote! {
        #[allow(
            unused,
            non_snake_case,
            unreachable_pub,
            private_bounds,
            private_interfaces,
            single_use_lifetimes,
            unused_qualifications,
            missing_copy_implementations,
            missing_debug_implementations,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction
        )]
    }
}

/// The type of the gradient, and its definition if it is a struct.
fn gradient(sig: &Signature, prefix: &str, wrt: &[&Param]) -> (TokenStream, TokenStream) {
    if let [param] = wrt {
        return (tangent(&param.ty), TokenStream::new());
    }
    let name = format_ident!("{prefix}Grad");
    // Where an argument is a tensor, so is its gradient.
    let mut generics = Vec::new();
    let fields: Vec<TokenStream> = wrt
        .iter()
        .map(|p| {
            let (field, host) = (&p.name, tangent(&p.ty));
            let generic = on::generic(sig, p);
            generics.extend(generic.iter().map(|g| quote!(#g = #host)));
            let ty = generic.map_or(host, |g| quote!(#g));
            let doc = format!("The derivative with respect to `{field}`.");
            quote!(#[doc = #doc] pub #field: #ty)
        })
        .collect();
    let generics = (!generics.is_empty()).then(|| quote!(<#(#generics),*>));
    let zeros = wrt.iter().map(|p| {
        let (field, zero) = (&p.name, zero(&p.ty));
        quote!(#field: #zero)
    });
    let function = &sig.name;
    let doc = format!("The gradient of [`{function}`](fn@{function}).");
    let leaves = leaves(&name, sig, wrt);
    let item = quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name #generics { #(#fields),* }

        impl ::core::default::Default for #name {
            fn default() -> Self {
                #name { #(#zeros),* }
            }
        }

        #leaves
    };
    (quote!(#name), item)
}

/// The leaves of a gradient are those of its fields, under the parameters' names.
fn leaves(gradient: &Ident, sig: &Signature, wrt: &[&Param]) -> TokenStream {
    let fields: Vec<&Ident> = wrt.iter().map(|p| &p.name).collect();
    let generics: Vec<Ident> = wrt.iter().filter_map(|p| on::generic(sig, p)).collect();
    let names: Vec<String> = fields.iter().map(|f| f.unraw().to_string()).collect();
    quote! {
        impl<#(#generics: ::pullback::Leaves),*> ::pullback::Leaves for #gradient<#(#generics),*> {
            fn visit<'a>(
                &'a self,
                path: ::pullback::leaves::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(::pullback::leaves::Path<'_>, ::pullback::leaves::Leaf<'a>),
            ) {
                #(::pullback::Leaves::visit(&self.#fields, path.field(#names), visitor);)*
            }
        }

        impl<#(#generics: ::pullback::LeavesMut),*> ::pullback::LeavesMut for #gradient<#(#generics),*> {
            fn visit_mut<'a>(
                &'a mut self,
                path: ::pullback::leaves::Path<'_>,
                visitor: &mut dyn ::core::ops::FnMut(::pullback::leaves::Path<'_>, ::pullback::leaves::LeafMut<'a>),
            ) {
                #(::pullback::LeavesMut::visit_mut(&mut self.#fields, path.field(#names), visitor);)*
            }
        }
    }
}

/// A zero gradient.
pub(super) fn zero_gradient(types: &Types, wrt: &[&Param]) -> TokenStream {
    if let [param] = wrt {
        return zero(&param.ty);
    }
    let grad = &types.grad;
    quote!(<#grad as ::core::default::Default>::default())
}

fn workspace(types: &Types, wrt: &[&Param], into: Option<&Sweep>) -> TokenStream {
    let (name, grad, zero) = (&types.workspace, &types.grad, zero_gradient(types, wrt));
    let (buffers, fresh) = match into {
        Some(Sweep { buffers, .. }) => {
            (quote!(buffers: #buffers), quote!(buffers: <#buffers as ::core::default::Default>::default()))
        }
        None => Default::default(),
    };
    quote! {
        /// What is kept between calls: the gradient, and room for intermediate arrays.
        #[derive(Clone, Debug)]
        pub struct #name {
            /// The gradient of the last call.
            pub grad: #grad,
            #buffers
        }

        impl ::core::default::Default for #name {
            fn default() -> Self {
                #name { grad: #zero, #fresh }
            }
        }
    }
}

fn methods(
    sig: &Signature,
    types: &Types,
    pull: &Sweep,
    into: Option<&Sweep>,
    (on, explain): (&TokenStream, &str),
) -> TokenStream {
    let (target, vis, name) = (sig.target(), sig.api_vis(), sig.api("explain"));
    let gradients = into.map(|into| gradients(sig, types, into));
    let (vjp, check) = (vjp(sig, types, pull), check::method(sig));
    quote! {
        impl #target {
            #gradients
            #vjp
            #check
            #on

            /// How the derivative is computed: the function's IR, the derivative's, and the loops.
            #[must_use]
            #vis fn #name() -> &'static str {
                #explain
            }
        }
    }
}

/// A local variable of a generated function that neither a parameter nor the user's function is named like.
pub(super) fn local(sig: &Signature, name: &str) -> Ident {
    let mut ident = format_ident!("{name}");
    while sig.name.unraw() == ident || sig.params.iter().any(|p| p.name.unraw() == ident) {
        ident = format_ident!("{ident}_");
    }
    ident
}

/// The function that calls the user's.
fn forward_name(sig: &Signature) -> Ident {
    if sig.params.iter().any(|p| p.name == sig.name) {
        format_ident!("{}_forward", sig.name.unraw())
    } else {
        sig.name.clone()
    }
}

/// Where a parameter hides the function, another function that calls it.
fn forward(sig: &Signature) -> TokenStream {
    let (name, forward, ret) = (&sig.name, forward_name(sig), &sig.written_ret);
    if forward == *name || sig.owner.is_some() {
        return TokenStream::new();
    }
    let names: Vec<Ident> =
        (0..sig.params.len()).map(|k| format_ident!("x{k}_of_{}", name.unraw())).collect();
    let types = sig.params.iter().map(|p| &p.written);
    quote! {
        #[track_caller]
        fn #forward(#(#names: #types),*) -> #ret {
            #name(#(#names),*)
        }
    }
}

/// A parameter as written.
pub(super) fn param(p: &Param) -> TokenStream {
    let (name, ty) = (&p.name, &p.written);
    quote!(#name: #ty)
}

/// The parameters of the user's function, `self` among them.
pub(super) fn params(sig: &Signature) -> Vec<TokenStream> {
    let mut all: Vec<TokenStream> = sig.params.iter().map(param).collect();
    if let (true, Some(first), Some(p)) = (sig.has_receiver(), all.first_mut(), sig.params.first()) {
        *first = match p.passing {
            Passing::Value | Passing::View => quote!(self),
            Passing::Ref => quote!(&self),
            Passing::Mut => quote!(&mut self),
        };
    }
    all
}

/// Gives `self` the name that it has in generated code.
pub(super) fn rebind(sig: &Signature) -> TokenStream {
    match sig.params.first().filter(|_| sig.has_receiver()) {
        Some(Param { name, .. }) => quote!(let #name = self;),
        None => TokenStream::new(),
    }
}

/// An argument of a sweep.
pub(super) fn argument(param: &Param) -> TokenStream {
    let name = &param.name;
    if param.passing == Passing::Value && !is_number(&param.ty) { quote!(&#name) } else { quote!(#name) }
}

fn gradients(sig: &Signature, types: &Types, into: &Sweep) -> TokenStream {
    let (params, ret, sweep) = (params(sig), &sig.written_ret, &into.name);
    let names: Vec<&Ident> = sig.params.iter().map(|p| &p.name).collect();
    let arguments = sig.params.iter().map(argument);
    let (room, value) = (local(sig, "workspace"), local(sig, "value"));
    let Types { grad, workspace } = types;
    let (vis, rebind) = (sig.api_vis(), rebind(sig));
    let [value_and_grad, grad_of, value_and_grad_into] =
        ["value_and_grad", "grad", "value_and_grad_into"].map(|name| sig.api(name));
    let new_workspace = sig.owner.as_ref().map(|_| {
        let name = sig.api("workspace");
        let doc = format!("An empty workspace for `{value_and_grad_into}`.");
        quote! {
            #[doc = #doc]
            #[must_use]
            #vis fn #name() -> #workspace {
                <#workspace as ::core::default::Default>::default()
            }
        }
    });
    quote! {
        #new_workspace

        /// The value and the gradient.
        #[inline]
        #[track_caller]
        #[must_use]
        #vis fn #value_and_grad(#(#params),*) -> (#ret, #grad) {
            #rebind
            let mut #room = <#workspace as ::core::default::Default>::default();
            let #value = Self::#value_and_grad_into(#(#names,)* &mut #room);
            (#value, #room.grad)
        }

        /// The gradient.
        #[inline]
        #[track_caller]
        #[must_use]
        #vis fn #grad_of(#(#params),*) -> #grad {
            #rebind
            Self::#value_and_grad(#(#names),*).1
        }

        /// The value; the gradient is `workspace.grad` afterwards. Allocates nothing if the workspace was used with the
        /// same sizes before.
        #[inline]
        #[track_caller]
        #vis fn #value_and_grad_into(#(#params,)* #room: &mut #workspace) -> #ret {
            #rebind
            #sweep(#(#arguments,)* &mut #room.grad, &mut #room.buffers)
        }
    }
}

/// Gives every elided lifetime a name.
struct NameLifetimes;

impl VisitMut for NameLifetimes {
    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        reference.lifetime.get_or_insert_with(pull_lifetime);
        syn::visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = pull_lifetime();
        }
    }
}

/// A view has its lifetime as its first argument, and may be written without.
fn name_view_lifetime(ty: &mut syn::Type) {
    let syn::Type::Path(path) = ty else { return };
    let last = path.path.segments.last_mut().map(|s| &mut s.arguments);
    if let Some(syn::PathArguments::AngleBracketed(a)) = last
        && !matches!(a.args.first(), Some(syn::GenericArgument::Lifetime(_)))
    {
        a.args.insert(0, syn::GenericArgument::Lifetime(pull_lifetime()));
    }
}

fn pull_lifetime() -> syn::Lifetime {
    syn::Lifetime::new("'pull", Span::call_site())
}

/// The parameters with the types that a function has which is called later: with lifetimes that have a name.
pub(super) fn pull_types(sig: &Signature) -> impl Iterator<Item = (&Ident, syn::Type)> {
    sig.params.iter().map(|p| {
        let (name, mut ty) = (&p.name, p.written.clone());
        if p.passing != Passing::Mut {
            NameLifetimes.visit_type_mut(&mut ty);
        }
        if p.passing == Passing::View {
            name_view_lifetime(&mut ty);
        }
        (name, ty)
    })
}

fn vjp(sig: &Signature, types: &Types, sweep: &Sweep) -> TokenStream {
    let (ret, grad_type, buffers_type, backward) =
        (&sig.written_ret, &types.grad, &sweep.buffers, &sweep.name);
    let written = sig.params.iter().zip(params(sig)).zip(pull_types(sig));
    let params = written.enumerate().map(|(k, ((p, printed), (name, ty)))| {
        if k == 0 && sig.has_receiver() {
            return if p.passing == Passing::Ref { quote!(&'pull self) } else { printed };
        }
        quote!(#name: #ty)
    });
    let (vis, vjp, rebind) = (sig.api_vis(), sig.api("vjp"), rebind(sig));
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let (zero, primal) = (zero_gradient(types, &wrt), call(sig));
    let [value, pull, grad, buffers] = ["value", "pull", "grad", "buffers"].map(|name| local(sig, name));
    let saved = sig.params.iter().filter(|p| p.passing == Passing::Mut).map(|p| {
        let (name, before) = (&p.name, before(sig, p));
        let copy = copied(&p.ty, "&*", name);
        quote!(let #before = #copy;)
    });
    let arguments = sig.params.iter().map(|p| match p.passing {
        Passing::Mut => {
            let before = before(sig, p);
            quote!(&#before)
        }
        _ => argument(p),
    });
    let seeds = sweep::seeds(sig);
    let names: Vec<Ident> = seeds.iter().map(|s| local(sig, &s.name.to_string())).collect();
    let passed =
        names.iter().zip(&seeds).map(|(n, s)| if is_number(&s.ty) { quote!(#n) } else { quote!(&#n) });
    let (seed, seed_type) =
        (tuple_of(&names), tuple_of(&seeds.iter().map(|s| &s.written).collect::<Vec<_>>()));
    quote! {
        /// The value, and the function that pulls a cotangent of the value back to one of each parameter. It may be
        /// called again. The cotangents of buffers that the function fills follow that of the value.
        #[inline]
        #[track_caller]
        #vis fn #vjp<'pull>(
            #(#params),*
        ) -> (#ret, impl ::core::ops::Fn(#seed_type) -> #grad_type + use<'pull>) {
            #rebind
            #(#saved)*
            let #value = #primal;
            let #pull = move |#seed: #seed_type| {
                let mut #grad: #grad_type = #zero;
                let mut #buffers = <#buffers_type as ::core::default::Default>::default();
                #backward(#(#arguments,)* #(#passed,)* &mut #grad, &mut #buffers);
                #grad
            };
            (#value, #pull)
        }
    }
}

/// What a buffer held before the function filled it.
fn before(sig: &Signature, param: &Param) -> Ident {
    local(sig, &format!("{}_before", param.name.unraw()))
}

/// One thing by itself, several as a tuple.
fn tuple_of<T: quote::ToTokens>(parts: &[T]) -> TokenStream {
    if let [one] = parts { quote!(#one) } else { quote!((#(#parts),*)) }
}

/// A call of the user's function that leaves its arguments usable.
pub(super) fn call(sig: &Signature) -> TokenStream {
    let name = match &sig.owner {
        Some(owner) => {
            let (path, name) = (&owner.path, &sig.name);
            quote!(#path::#name)
        }
        None => forward_name(sig).to_token_stream(),
    };
    let arguments = sig.params.iter().map(kept);
    quote!(#name(#(#arguments),*))
}

/// An argument that can be used again.
pub(super) fn kept(param: &Param) -> TokenStream {
    let name = &param.name;
    match param.passing {
        Passing::Value if param.ty.has_user_type() && !is_copy(&param.ty) => copied(&param.ty, "&", name),
        Passing::Value if !is_copy(&param.ty) => quote!(#name.clone()),
        Passing::Mut => quote!(&mut *#name),
        _ => quote!(#name),
    }
}
