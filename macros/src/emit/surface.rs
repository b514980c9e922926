//! What users call: the companion enum, the gradient, the workspace and the inherent functions.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::visit_mut::VisitMut;

use super::Derivatives;
use super::names::camel;
use super::params::{tangent, zero};
use super::sweep::{self, Returns, Sweep, argument, is_copy};
use crate::types::{Param, Passing, RustTy, Signature};

/// The names of what is generated beside the companion enum.
struct Types {
    grad: TokenStream,
    workspace: Ident,
}

/// Everything that is generated for a function.
pub(crate) fn companion(sig: &Signature, derivatives: &Derivatives) -> TokenStream {
    let (vis, name) = (&sig.vis, &sig.name);
    let prefix = camel(&name.to_string());
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let (grad, grad_item) = gradient(&prefix, name, &wrt);
    let types = Types { grad, workspace: format_ident!("{prefix}Workspace") };
    let into = derivatives.value_and_grad.as_ref().map(|func| {
        let names = (&format_ident!("forward_and_backward"), prefix.clone());
        sweep::sweep(sig, names, (&derivatives.module, func), &types.grad, Returns::Value)
    });
    let names = (&format_ident!("backward"), format!("{prefix}Pull"));
    let pull =
        sweep::sweep(sig, names, (&derivatives.module, &derivatives.vjp), &types.grad, Returns::Nothing);
    let workspace = workspace(&types, &wrt, into.as_ref());
    let methods = methods(sig, &types, &pull, into.is_some(), &derivatives.explain);
    let (sweeps, pulls) = (into.map(|s| s.code), &pull.code);
    let text = format!("The derivatives of the function [`{name}`](fn@{name}).");
    let (grad_type, workspace_type, literal) = (&types.grad, &types.workspace, name.to_string());
    quote! {
        #[doc = #text]
        #[allow(non_camel_case_types)]
        #[derive(Debug)]
        #vis enum #name {}

        #[allow(unused, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        const _: () = {
            #grad_item
            #workspace

            impl ::pullback::Function for #name {
                type Grad = #grad_type;
                type Workspace = #workspace_type;
                const NAME: &'static str = #literal;
            }

            #methods
            #sweeps
            #pulls
        };
    }
}

/// The type of the gradient, and its definition if it is a struct.
fn gradient(prefix: &str, function: &Ident, wrt: &[&Param]) -> (TokenStream, TokenStream) {
    if let [param] = wrt {
        return (tangent(&param.ty), TokenStream::new());
    }
    let name = format_ident!("{prefix}Grad");
    let fields = wrt.iter().map(|p| {
        let (field, ty) = (&p.name, tangent(&p.ty));
        let doc = format!("The derivative with respect to `{field}`.");
        quote!(#[doc = #doc] pub #field: #ty)
    });
    let zeros = wrt.iter().map(|p| {
        let (field, zero) = (&p.name, zero(&p.ty));
        quote!(#field: #zero)
    });
    let doc = format!("The gradient of [`{function}`](fn@{function}).");
    let item = quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name { #(#fields),* }

        impl ::core::default::Default for #name {
            fn default() -> Self {
                #name { #(#zeros),* }
            }
        }
    };
    (quote!(#name), item)
}

/// A zero gradient.
fn zero_gradient(types: &Types, wrt: &[&Param]) -> TokenStream {
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

fn methods(sig: &Signature, types: &Types, pull: &Sweep, scalar: bool, explain: &str) -> TokenStream {
    let name = &sig.name;
    let gradients = scalar.then(|| gradients(sig, types));
    let (vjp, check) = (vjp(sig, types, pull), check(sig));
    quote! {
        impl #name {
            #gradients
            #vjp
            #check

            /// How the derivative is computed: the function's IR, the derivative's, and the loops.
            #[must_use]
            pub fn explain() -> &'static str {
                #explain
            }
        }
    }
}

fn params(sig: &Signature) -> Vec<TokenStream> {
    let each = |p: &Param| {
        let (name, ty) = (&p.name, &p.written);
        quote!(#name: #ty)
    };
    sig.params.iter().map(each).collect()
}

fn gradients(sig: &Signature, types: &Types) -> TokenStream {
    let (params, ret) = (params(sig), &sig.written_ret);
    let names: Vec<&Ident> = sig.params.iter().map(|p| &p.name).collect();
    let arguments = sig.params.iter().map(argument);
    let Types { grad, workspace } = types;
    quote! {
        /// The value and the gradient.
        #[inline]
        #[track_caller]
        #[must_use]
        pub fn value_and_grad(#(#params),*) -> (#ret, #grad) {
            let mut workspace = <#workspace as ::core::default::Default>::default();
            let value = Self::value_and_grad_into(#(#names,)* &mut workspace);
            (value, workspace.grad)
        }

        /// The gradient.
        #[inline]
        #[track_caller]
        #[must_use]
        pub fn grad(#(#params),*) -> #grad {
            Self::value_and_grad(#(#names),*).1
        }

        /// The value; the gradient is `workspace.grad` afterwards. Allocates nothing if the workspace was used with the
        /// same sizes before.
        #[inline]
        #[track_caller]
        pub fn value_and_grad_into(#(#params,)* workspace: &mut #workspace) -> #ret {
            forward_and_backward(#(#arguments,)* &mut workspace.grad, &mut workspace.buffers)
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

fn pull_lifetime() -> syn::Lifetime {
    syn::Lifetime::new("'pull", Span::call_site())
}

fn vjp(sig: &Signature, types: &Types, pull: &Sweep) -> TokenStream {
    let (ret, grad, buffers) = (&sig.written_ret, &types.grad, &pull.buffers);
    let params = sig.params.iter().map(|p| {
        let (name, mut ty) = (&p.name, p.written.clone());
        NameLifetimes.visit_type_mut(&mut ty);
        quote!(#name: #ty)
    });
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let (zero, primal) = (zero_gradient(types, &wrt), call(sig));
    let arguments = sig.params.iter().map(argument);
    let seed = if super::params::is_number(&sig.ret) { quote!(seed) } else { quote!(&seed) };
    quote! {
        /// The value, and the function that pulls a cotangent of the value back to one of each parameter. It may be
        /// called again.
        #[inline]
        #[track_caller]
        pub fn vjp<'pull>(#(#params),*) -> (#ret, impl ::core::ops::Fn(#ret) -> #grad + 'pull) {
            let value = #primal;
            let pull = move |seed: #ret| {
                let mut grad: #grad = #zero;
                let mut buffers = <#buffers as ::core::default::Default>::default();
                backward(#(#arguments,)* #seed, &mut grad, &mut buffers);
                grad
            };
            (value, pull)
        }
    }
}

/// A call of the user's function that leaves its arguments usable.
fn call(sig: &Signature) -> TokenStream {
    let name = &sig.name;
    let arguments = sig.params.iter().map(|p| {
        let name = &p.name;
        if p.passing == Passing::Value && !is_copy(&p.ty) { quote!(#name.clone()) } else { quote!(#name) }
    });
    quote!(#name(#(#arguments),*))
}

fn check(sig: &Signature) -> TokenStream {
    let (params, function) = (params(sig), sig.name.to_string());
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let arguments = sig.params.iter().map(|p| {
        let name = &p.name;
        if p.passing == Passing::Value && !is_copy(&p.ty) { quote!(#name.clone()) } else { quote!(#name) }
    });
    let comparisons = wrt.iter().map(|p| {
        let (name, text, probe) = (&p.name, p.name.to_string(), probe(p));
        let grad = if wrt.len() == 1 { quote!(grad) } else { quote!(grad.#name) };
        let call = call(sig);
        quote! {
            let mut probe = #name.to_owned();
            ::pullback::check::parameter((#function, #text), &mut probe, &#grad, |probe| {
                let #name = #probe;
                ::pullback::check::dot(&#call, &seed)
            })?;
        }
    });
    quote! {
        /// Compares the gradient with differences of the function itself.
        ///
        /// # Errors
        /// On the first element whose derivative differs from what differences say.
        #[track_caller]
        pub fn check(#(#params),*) -> ::core::result::Result<(), ::pullback::CheckError> {
            let (value, pull) = Self::vjp(#(#arguments),*);
            let seed = ::pullback::check::weigh(value);
            let grad = pull(seed.clone());
            #(#comparisons)*
            ::core::result::Result::Ok(())
        }
    }
}

/// What the user's function takes in place of a parameter, from a reference to an owned copy.
fn probe(param: &Param) -> TokenStream {
    match (param.passing, &param.ty) {
        (Passing::Value, _) => quote!(probe.clone()),
        (_, RustTy::Slice(_)) => quote!(&probe[..]),
        _ => quote!(probe),
    }
}
