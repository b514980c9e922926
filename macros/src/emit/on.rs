//! `loss::on(&device)`: the function and its gradient where the user says.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::Scalar;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::cotangents::{from_data, from_leaves};
use super::gpu::{self, Program};
use super::names::camel;
use super::params::{as_slice, tangent, to_leaves, zero};
use super::surface::{Types, call, local};
use super::sweep::Sweep;
use super::{Derivatives, scalar};
use crate::types::{Len, Param, Passing, RustTy, Signature};

/// What is generated for calls on devices.
#[derive(Default)]
pub(super) struct Printed {
    /// Items beside the companion.
    pub(super) items: TokenStream,
    /// Inherent functions of the companion.
    pub(super) methods: TokenStream,
    /// What `explain` says.
    pub(super) words: String,
}

/// A parameter in the place of which a tensor may stand.
struct Open<'s> {
    param: &'s Param,
    /// The type that stands for the parameter in bounds.
    marker: Ident,
    /// The type parameter.
    generic: Ident,
}

/// The type parameter of an argument that may be a tensor; also of the gradient's struct.
pub(super) fn generic(sig: &Signature, param: &Param) -> Option<Ident> {
    let k = sig.params.iter().position(|p| p.name == param.name)?;
    takes_tensors(param).then(|| format_ident!("Of{k}"))
}

/// Whether a tensor may stand for a parameter: arrays of floats, behind a reference or as arrays by value.
fn takes_tensors(param: &Param) -> bool {
    let one = as_slice(&param.ty, &quote!(x)).is_some();
    let owned = matches!(param.ty, RustTy::Array(..));
    let viewed = |ty: &syn::Type| matches!(ty, syn::Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident.to_string().contains("View")));
    one && match &param.written {
        syn::Type::Reference(r) => param.passing == Passing::Ref && !viewed(&r.elem),
        _ => param.passing == Passing::Value && owned,
    }
}

/// The type behind the reference.
fn target(param: &Param) -> TokenStream {
    match &param.written {
        syn::Type::Reference(r) => {
            let elem = &r.elem;
            quote!(#elem)
        }
        ty => quote!(#ty),
    }
}

/// Everything that is generated for calls on devices, for a function of one float.
pub(super) fn all(sig: &Signature, derivatives: &Derivatives, types: &Types, into: &Sweep) -> Printed {
    let opens: Vec<Option<Open<'_>>> = sig.params.iter().map(|p| open(sig, p)).collect();
    let markers = opens.iter().flatten().map(Open::items);
    let programs = programs(sig, derivatives);
    let on = format_ident!("{}On", camel(&sig.name.unraw().to_string()));
    let methods = methods(sig, types, into, &opens, &programs);
    let (name, device) = (&sig.name, local(sig, "device"));
    let (mut code, mut words) = (TokenStream::new(), String::new());
    for program in &programs {
        code.extend(program.code.clone());
        words.push_str(&program.words);
    }
    let items = quote! {
        #(#markers)*

        /// The function on a device. Arrays of floats may be passed as tensors; their gradients are tensors then.
        #[derive(Clone, Copy, Debug)]
        pub struct #on<'device> {
            device: &'device ::pullback::Device,
        }

        impl #on<'_> {
            #methods
        }

        #code
    };
    let text = format!("The function on a device: `{}::on(&device).value_and_grad(..)`.", name.unraw());
    let methods = quote! {
        #[doc = #text]
        #[inline]
        #[must_use]
        pub fn on(#device: &::pullback::Device) -> #on<'_> {
            #on { device: #device }
        }
    };
    Printed { items, methods, words }
}

/// The programs for GPUs, if this crate was built to make them: value and gradient, then the value.
fn programs(sig: &Signature, derivatives: &Derivatives) -> Vec<Program> {
    let Some(func) = derivatives.value_and_grad.as_ref().filter(|_| cfg!(feature = "cuda")) else {
        return Vec::new();
    };
    let module = &derivatives.module;
    let gradient = gpu::program(sig, "gradient", module, func);
    vec![gradient, gpu::program(sig, "value", module, &gpu::forward(module))]
}

fn open<'s>(sig: &Signature, param: &'s Param) -> Option<Open<'s>> {
    let generic = generic(sig, param)?;
    let marker = format_ident!(
        "{}{}",
        camel(&sig.name.unraw().to_string()),
        camel(&format!("_{}_argument", param.name.unraw()))
    );
    Some(Open { param, marker, generic })
}

impl Open<'_> {
    /// The marker, and the host values that stand for the parameter.
    fn items(&self) -> TokenStream {
        let Open { param, marker, .. } = self;
        let Some((slice, lens)) = as_slice(&param.ty, &quote!(x)) else { return TokenStream::new() };
        let (target, made, zero) = (target(param), tangent(&param.ty), zero(&param.ty));
        let elem = scalar::ty(float(&param.ty));
        let fill = from_data(&param.ty, &quote!(made));
        let shape = shape(&param.ty);
        let columns = matches!(param.ty, RustTy::Matrix(..));
        let text = param.name.unraw().to_string();
        let reference = matches!(param.written, syn::Type::Reference(_));
        let hosts = if reference { hosts(marker, &target) } else { quote!(#marker, #target) };
        let kind = if reference { quote!(__host_argument) } else { quote!(__owned_argument) };
        quote! {
            ::pullback::__parameter! {
                #marker, #elem, #target => #made, #text, [#(#shape),*], #columns,
                |x| #slice, [#(#lens),*],
                |data, dims| { let mut made: #made = #zero; #fill made }
            }
            ::pullback::#kind!(#hosts);
        }
    }

    /// ` G: Argument<Marker>`.
    fn bound(&self) -> TokenStream {
        let Open { marker, generic, .. } = self;
        quote!(#generic: ::pullback::on::Argument<#marker>)
    }
}

/// The types that stand for `&T` as they do in a call of the function: for a slice also arrays and vectors.
fn hosts(marker: &Ident, target: &TokenStream) -> TokenStream {
    match syn::parse2::<syn::Type>(target.clone()) {
        Ok(syn::Type::Slice(slice)) => {
            let elem = &slice.elem;
            quote!(#marker, [#elem])
        }
        _ => quote!(#marker, #target),
    }
}

/// The float type of an array.
fn float(ty: &RustTy) -> Scalar {
    ty.leaves()[0].elem
}

/// The lengths that a tensor's axes must have: rows and columns for matrices.
fn shape(ty: &RustTy) -> Vec<TokenStream> {
    let mut shape = ty.leaves().remove(0).shape;
    if matches!(ty, RustTy::Matrix(..)) {
        shape.reverse();
    }
    let one = |len: Len| match len {
        Len::Const(n) => quote!(::core::option::Option::Some(#n)),
        Len::Dyn => quote!(::core::option::Option::None),
    };
    shape.into_iter().map(one).collect()
}

fn methods(
    sig: &Signature,
    types: &Types,
    into: &Sweep,
    opens: &[Option<Open<'_>>],
    programs: &[Program],
) -> TokenStream {
    let bounds: Vec<TokenStream> = opens.iter().flatten().map(Open::bound).collect();
    let params: Vec<TokenStream> = sig.params.iter().zip(opens).map(parameter).collect();
    let names: Vec<&Ident> = sig.params.iter().map(|p| &p.name).collect();
    let (ret, grad) = (&sig.written_ret, gradient_type(sig, types, opens));
    let gradient_on_cpu = gradient_on_cpu(sig, types, into, opens);
    let value_on_cpu = value_on_cpu(sig, opens);
    let [gradient, value] = match programs {
        [gradient, value] => [
            on_gpu(&gradient_on_gpu(sig, types, opens, gradient), &gradient_on_cpu),
            on_gpu(&value_on_gpu(sig, opens, value), &value_on_cpu),
        ],
        _ => [gradient_on_cpu, value_on_cpu],
    };
    quote! {
        /// The value and the gradient.
        ///
        /// # Errors
        /// Where the function itself panics; if lengths do not agree, or the device refuses.
        pub fn value_and_grad<#(#bounds),*>(
            &self,
            #(#params),*
        ) -> ::core::result::Result<(#ret, #grad), ::pullback::DeviceError> {
            #gradient
        }

        /// The gradient, or the errors of `value_and_grad`.
        pub fn grad<#(#bounds),*>(
            &self,
            #(#params),*
        ) -> ::core::result::Result<#grad, ::pullback::DeviceError> {
            ::core::result::Result::Ok(self.value_and_grad(#(#names),*)?.1)
        }

        /// The value, or the errors of `value_and_grad`.
        pub fn value<#(#bounds),*>(
            &self,
            #(#params),*
        ) -> ::core::result::Result<#ret, ::pullback::DeviceError> {
            #value
        }
    }
}

fn parameter((param, open): (&Param, &Option<Open<'_>>)) -> TokenStream {
    let (name, written) = (&param.name, &param.written);
    match open {
        Some(Open { generic, .. }) => quote!(#name: #generic),
        None => quote!(#name: #written),
    }
}

/// The type of the gradient of one parameter.
fn one_gradient(open: Option<&Open<'_>>, param: &Param) -> TokenStream {
    match open {
        Some(Open { marker, generic, .. }) => {
            quote!(<#generic as ::pullback::on::Argument<#marker>>::Grad)
        }
        None => tangent(&param.ty),
    }
}

fn wrt<'a>(
    sig: &'a Signature,
    opens: &'a [Option<Open<'a>>],
) -> impl Iterator<Item = (&'a Param, Option<&'a Open<'a>>)> {
    sig.params.iter().zip(opens).map(|(p, o)| (p, o.as_ref())).filter(|(p, _)| p.wrt)
}

fn gradient_type(sig: &Signature, types: &Types, opens: &[Option<Open<'_>>]) -> TokenStream {
    let all: Vec<_> = wrt(sig, opens).collect();
    if let [(param, open)] = all[..] {
        return one_gradient(open, param);
    }
    let parts = all.iter().filter_map(|(p, o)| o.map(|o| one_gradient(Some(o), p)));
    let grad = &types.grad;
    let parts: Vec<TokenStream> = parts.collect();
    if parts.is_empty() { quote!(#grad) } else { quote!(#grad<#(#parts),*>) }
}

/// The gradient put together from an expression per parameter.
fn gradient(sig: &Signature, types: &Types, parts: &[TokenStream]) -> TokenStream {
    if let [one] = parts {
        return one.clone();
    }
    let (grad, fields) = (&types.grad, sig.params.iter().filter(|p| p.wrt).map(|p| &p.name));
    quote!(#grad { #(#fields: #parts),* })
}

/// Where there is a GPU, the first; else the second.
fn on_gpu(gpu: &TokenStream, cpu: &TokenStream) -> TokenStream {
    quote! {
        match self.device.gpu() {
            ::core::option::Option::Some(gpu) => #gpu,
            ::core::option::Option::None => #cpu,
        }
    }
}

/// Tensors as host values, under the parameters' names.
fn held(opens: &[Option<Open<'_>>]) -> TokenStream {
    let one = |Open { param, marker, .. }: &Open<'_>| {
        let (name, target) = (&param.name, target(param));
        let by_reference = matches!(param.written, syn::Type::Reference(_));
        let value = quote!(::core::borrow::Borrow::<#target>::borrow(&#name));
        let value = if by_reference { value } else { quote!(#value.clone()) };
        quote! {
            let #name = ::pullback::on::Argument::<#marker>::hold(#name)?;
            let #name = #value;
        }
    };
    opens.iter().flatten().map(one).collect()
}

fn gradient_on_cpu(sig: &Signature, types: &Types, into: &Sweep, opens: &[Option<Open<'_>>]) -> TokenStream {
    let (held, sweep, arguments) = (held(opens), &into.name, sig.params.iter().map(super::surface::argument));
    let (room, value) = (local(sig, "workspace"), local(sig, "value"));
    let workspace = &types.workspace;
    let all: Vec<_> = wrt(sig, opens).collect();
    let parts = all.iter().map(|(param, open)| {
        let name = &param.name;
        let whole = if all.len() == 1 { quote!(#room.grad) } else { quote!(#room.grad.#name) };
        match open {
            Some(Open { marker, generic, .. }) => {
                quote!(<#generic as ::pullback::on::Argument<#marker>>::give_back(#whole))
            }
            None => whole,
        }
    });
    let grad = gradient(sig, types, &parts.collect::<Vec<_>>());
    quote! {
        ::pullback::on::guarded(|| {
            #held
            let mut #room = <#workspace as ::core::default::Default>::default();
            let #value = #sweep(#(#arguments,)* &mut #room.grad, &mut #room.buffers);
            ::core::result::Result::Ok((#value, #grad))
        })
    }
}

fn value_on_cpu(sig: &Signature, opens: &[Option<Open<'_>>]) -> TokenStream {
    let (held, call) = (held(opens), call(sig));
    quote! {
        ::pullback::on::guarded(|| {
            #held
            ::core::result::Result::Ok(#call)
        })
    }
}

/// The arguments of a program: the leaves of all parameters.
fn leaves(sig: &Signature, opens: &[Option<Open<'_>>]) -> (TokenStream, TokenStream) {
    let (mut before, mut arguments) = (TokenStream::new(), TokenStream::new());
    for (param, open) in sig.params.iter().zip(opens) {
        let name = &param.name;
        if let Some(Open { marker, .. }) = open {
            before.extend(quote!(let #name = ::pullback::on::Argument::<#marker>::leaf(#name, gpu)?;));
            arguments.extend(quote!(&#name,));
        } else {
            let leaves = to_leaves(param);
            arguments.extend(quote!(#(#leaves,)*));
        }
    }
    (before, arguments)
}

fn value_on_gpu(sig: &Signature, opens: &[Option<Open<'_>>], program: &Program) -> TokenStream {
    let ((before, arguments), name) = (leaves(sig, opens), &program.name);
    quote! {
        ::pullback::on::guarded(|| {
            #before
            ::core::result::Result::Ok(#name(gpu, #arguments)?.0)
        })
    }
}

fn gradient_on_gpu(
    sig: &Signature,
    types: &Types,
    opens: &[Option<Open<'_>>],
    program: &Program,
) -> TokenStream {
    let ((before, arguments), name) = (leaves(sig, opens), &program.name);
    let mut results = vec![local(sig, "value")];
    let (mut after, mut parts) = (TokenStream::new(), Vec::new());
    for (param, open) in wrt(sig, opens) {
        let floats = param.ty.leaves().iter().filter(|l| l.active).count();
        let base = param.name.unraw();
        let own: Vec<Ident> = (0..floats).map(|k| local(sig, &format!("gradient_{base}_{k}"))).collect();
        let made = local(sig, &format!("gradient_of_{base}"));
        after.extend(match open {
            Some(Open { marker, generic, .. }) => {
                let leaf = &own[0];
                quote!(let #made = <#generic as ::pullback::on::Argument<#marker>>::gradient(#leaf)?;)
            }
            None => {
                let (ty, zero, store) =
                    (tangent(&param.ty), zero(&param.ty), from_leaves(&param.ty, &quote!(#made), &own));
                quote!(let mut #made: #ty = #zero; #store)
            }
        });
        results.extend(own);
        parts.push(quote!(#made));
    }
    let (value, grad) = (&results[0], gradient(sig, types, &parts));
    quote! {
        ::pullback::on::guarded(|| {
            #before
            let (#(#results,)*) = #name(gpu, #arguments)?;
            #after
            ::core::result::Result::Ok((#value, #grad))
        })
    }
}
