//! `loss::on(&device).queued()`: the same, with everything left on the device and nothing waited for.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::super::cotangents::from_leaves;
use super::super::gpu::Program;
use super::super::params::{tangent, to_leaves, zero};
use super::super::scalar;
use super::super::surface::{argument, call, local};
use super::super::sweep::Sweep;
use super::{Function, Open, either, parameter};
use crate::emit::names::GPU;
use crate::types::{Leaf, Param};

/// The type, how it is made, and what it can do.
pub(super) fn all(function: &Function<'_>, into: &Sweep, programs: &[Program], on: &Ident) -> TokenStream {
    let (queued, methods) = (format_ident!("{on}Queued"), methods(function, into, programs));
    quote! {
        impl<'device> #on<'device> {
            /// The same with results that stay on the device: tensors, numbers as tensors without axes. Nothing is copied
            /// to the host, and nothing is waited for.
            #[inline]
            #[must_use]
            pub fn queued(self) -> #queued<'device> {
                #queued { device: self.device }
            }
        }

        /// The function on a device, with results that stay there.
        #[derive(Clone, Copy, Debug)]
        pub struct #queued<'device> {
            device: &'device ::pullback::Device,
        }

        impl #queued<'_> {
            #methods
        }
    }
}

fn methods(function: &Function<'_>, into: &Sweep, programs: &[Program]) -> TokenStream {
    let bounds: Vec<TokenStream> = function.opens.iter().flatten().map(Open::bound).collect();
    let params: Vec<TokenStream> = function.params().map(parameter).collect();
    let names: Vec<&Ident> = function.params().map(|(p, _)| &p.name).collect();
    let (ret, grad) = (&function.sig.written_ret, gradient_type(function));
    let [gradient, value] = [gradient_on_cpu(function, into), value_on_cpu(function)];
    let [gradient, value] = match programs {
        [on_gpu, value_on_gpu] => [
            either(&gradient_on_gpu(function, on_gpu), &gradient),
            either(&value_on_gpu_of(function, value_on_gpu), &value),
        ],
        _ => [gradient, value],
    };
    quote! {
        /// The value, a tensor without axes, and the gradient.
        ///
        /// # Errors
        /// If lengths do not agree, or the device refuses. Where the function itself panics on a GPU is an error when
        /// something is copied to the host, or of `device.synchronize()`.
        pub fn value_and_grad<#(#bounds),*>(
            &self,
            #(#params),*
        ) -> ::core::result::Result<(::pullback::Tensor<#ret>, #grad), ::pullback::DeviceError> {
            #gradient
        }

        /// The gradient, or the errors of `value_and_grad`.
        pub fn grad<#(#bounds),*>(
            &self,
            #(#params),*
        ) -> ::core::result::Result<#grad, ::pullback::DeviceError> {
            ::core::result::Result::Ok(self.value_and_grad(#(#names),*)?.1)
        }

        /// The value, a tensor without axes, or the errors of `value_and_grad`.
        pub fn value<#(#bounds),*>(
            &self,
            #(#params),*
        ) -> ::core::result::Result<::pullback::Tensor<#ret>, ::pullback::DeviceError> {
            #value
        }
    }
}

/// The type of the gradient by one parameter, on a device where that is possible.
fn one_gradient((param, open): (&Param, Option<&Open<'_>>)) -> TokenStream {
    let tangent = tangent(&param.ty);
    open.map_or_else(|| tangent.clone(), |_| quote!(::pullback::Placed<#tangent>))
}

fn gradient_type(function: &Function<'_>) -> TokenStream {
    let all: Vec<_> = function.wrt().collect();
    if let [one] = all[..] {
        return one_gradient(one);
    }
    let parts = all.iter().filter(|(_, open)| open.is_some()).map(|&one| one_gradient(one));
    let (parts, grad) = (parts.collect::<Vec<_>>(), &function.types.grad);
    if parts.is_empty() { quote!(#grad) } else { quote!(#grad<#(#parts),*>) }
}

fn gradient_on_cpu(function: &Function<'_>, into: &Sweep) -> TokenStream {
    let (sig, held, sweep) = (function.sig, super::cpu::held(function), &into.name);
    let arguments = sig.params.iter().map(argument);
    let (room, value) = (local(sig, "workspace"), local(sig, "value"));
    let workspace = &function.types.workspace;
    let all: Vec<_> = function.wrt().collect();
    let parts = all.iter().map(|(param, open)| {
        let name = &param.name;
        let whole = if all.len() == 1 { quote!(#room.grad) } else { quote!(#room.grad.#name) };
        let placed = quote!(::pullback::Differentiable::to(&#whole, self.device)?);
        if open.is_some() { placed } else { whole }
    });
    let grad = function.gradient(&parts.collect::<Vec<_>>());
    quote! {
        ::pullback::on::guarded(|| {
            #held
            let mut #room = <#workspace as ::core::default::Default>::default();
            let #value = #sweep(#(#arguments,)* &mut #room.grad, &mut #room.buffers);
            ::core::result::Result::Ok((::pullback::Differentiable::to(&#value, self.device)?, #grad))
        })
    }
}

fn value_on_cpu(function: &Function<'_>) -> TokenStream {
    let (held, call) = (super::cpu::held(function), call(function.sig));
    quote! {
        ::pullback::on::guarded(|| {
            #held
            ::pullback::Differentiable::to(&#call, self.device)
        })
    }
}

/// The arguments of a program: floats as arrays of one element, wherever they are.
fn arguments(function: &Function<'_>) -> (TokenStream, TokenStream) {
    let (mut before, mut arguments) = (TokenStream::new(), TokenStream::new());
    for (param, open) in function.params() {
        let name = &param.name;
        let columns = param.ty.leaves();
        if let Some(open) = open {
            let (text, argument) = (open.text(), open.argument());
            before.extend(quote!(let #name = #argument::columns(#name, #GPU, #text)?;));
            let columns = columns.iter().enumerate().map(|(k, leaf)| column(name, k, leaf));
            arguments.extend(quote!(#(#columns,)*));
        } else {
            let leaves = to_leaves(param);
            let leaves = leaves.iter().zip(&columns).map(|(tokens, leaf)| match stays(leaf) {
                true => quote!(::pullback::cuda::Array::of_host(#GPU, ::std::vec![#tokens])),
                false => quote!(#tokens),
            });
            arguments.extend(quote!(#(#leaves,)*));
        }
    }
    (before, arguments)
}

/// Whether a leaf is a number that a program takes as an array of one element.
fn stays(leaf: &Leaf) -> bool {
    leaf.shape.is_empty() && leaf.elem.is_float()
}

/// A column as a program takes it.
fn column(name: &Ident, k: usize, leaf: &Leaf) -> TokenStream {
    let elem = scalar::ty(leaf.elem);
    match leaf.shape.is_empty() {
        _ if stays(leaf) => quote!(#name.leaf::<#elem>(#k).array.clone()),
        true => quote!(#name.number::<#elem>(#k)?),
        false => quote!(#name.leaf::<#elem>(#k)),
    }
}

fn value_on_gpu_of(function: &Function<'_>, program: &Program) -> TokenStream {
    let ((before, arguments), name) = (arguments(function), &program.name);
    quote! {
        ::pullback::on::guarded(|| {
            #before
            ::core::result::Result::Ok(::pullback::on::left_on_gpu(#name(#GPU, #arguments)?.0))
        })
    }
}

fn gradient_on_gpu(function: &Function<'_>, program: &Program) -> TokenStream {
    let ((before, arguments), name) = (arguments(function), &program.name);
    let mut results = vec![local(function.sig, "value")];
    let (mut after, mut parts) = (TokenStream::new(), Vec::new());
    for (param, open) in function.wrt() {
        let leaves: Vec<Leaf> = param.ty.leaves().into_iter().filter(|l| l.active).collect();
        let base = param.name.unraw();
        let local = |text: String| local(function.sig, &text);
        let own: Vec<Ident> = (0..leaves.len()).map(|k| local(format!("gradient_{base}_{k}"))).collect();
        let made = local(format!("gradient_of_{base}"));
        after.extend(part((param, open.is_some()), (&made, &own), &leaves));
        results.extend(own);
        parts.push(quote!(#made));
    }
    let (value, grad) = (&results[0], function.gradient(&parts));
    quote! {
        ::pullback::on::guarded(|| {
            #before
            let (#(#results,)*) = #name(#GPU, #arguments)?;
            #after
            ::core::result::Result::Ok((::pullback::on::left_on_gpu(#value), #grad))
        })
    }
}

/// The gradient by one parameter, `made` from results of the program, its `own`. What has no form on a device is copied.
fn part((param, placed): (&Param, bool), (made, own): (&Ident, &[Ident]), leaves: &[Leaf]) -> TokenStream {
    let tangent = tangent(&param.ty);
    if placed {
        let columns = own.iter().zip(leaves).map(|(name, leaf)| match leaf.shape.is_empty() {
            true => quote!(.and(::pullback::cuda::Leaf { dims: ::std::vec![], array: #name })),
            false => quote!(.and(#name)),
        });
        let columns = quote!(::pullback::on::Columns::new(#GPU)#(#columns)*);
        return quote!(let #made = ::pullback::on::placed_gradient::<#tangent>(#columns)?;);
    }
    let numbers = own.iter().zip(leaves).filter(|(_, leaf)| leaf.shape.is_empty());
    let numbers = numbers.map(|(name, _)| quote!(let #name = #name.at(0)?;));
    let (zero, store) = (zero(&param.ty), from_leaves(&param.ty, &quote!(#made), own));
    quote!(#(#numbers)* let mut #made: #tangent = #zero; #store)
}
