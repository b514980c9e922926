//! `loss::on(&device)`: the function and its gradient where the user says.

pub(super) mod any;
mod cpu;
mod gpu;
mod modes;
mod queued;

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::Func;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::gpu::Program;
use super::names::camel;
use super::params::{as_slice, tangent};
use super::surface::{Types, local};
use super::sweep::Sweep;
use super::{Derivatives, gpu as printer};
use crate::emit::names::GPU;
use crate::types::{Param, Passing, RustTy, Signature};

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

/// A parameter in the place of which something that is on a device may stand.
struct Open<'s> {
    param: &'s Param,
    /// The type parameter.
    generic: Ident,
}

/// The type parameter of an argument that may be on a device; also of the gradient's struct.
pub(super) fn generic(sig: &Signature, param: &Param) -> Option<Ident> {
    let k = sig.params.iter().position(|p| p.name == param.name)?;
    may_be_placed(param).then(|| format_ident!("Of{k}"))
}

/// Whether something that is on a device may stand for a parameter: for floats, arrays of floats, structs with floats
/// and slices of such.
fn may_be_placed(param: &Param) -> bool {
    let floats = |s: &RustTy| s.leaves().iter().any(|l| l.elem.is_float());
    let array = as_slice(&param.ty, &quote!(x)).is_some();
    let viewed = |ty: &syn::Type| matches!(ty, syn::Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident.to_string().contains("View")));
    match (&param.written, &param.ty) {
        (syn::Type::Reference(r), ty) => {
            let of_structs = |ty: &RustTy| matches!(ty, RustTy::Slice(t) if matches!(**t, RustTy::Struct(_)));
            let structure = (matches!(ty, RustTy::Struct(_)) || of_structs(ty)) && floats(ty);
            let number = matches!(ty, RustTy::Float(_));
            match param.passing {
                Passing::Ref => structure || array && !viewed(&r.elem),
                Passing::Mut => number || array,
                _ => false,
            }
        }
        (_, RustTy::Float(_)) => param.passing == Passing::Value,
        (_, RustTy::Struct(_)) => param.passing == Passing::Value && floats(&param.ty),
        (_, RustTy::Array(..)) => param.passing == Passing::Value && array,
        _ => false,
    }
}

impl Open<'_> {
    /// The type behind the reference: what the argument stands for.
    fn target(&self) -> TokenStream {
        match &self.param.written {
            syn::Type::Reference(r) => {
                let elem = &r.elem;
                quote!(#elem)
            }
            ty => quote!(#ty),
        }
    }

    /// ` G: Argument<Target>`, of what the function fills ` G: Fillable<Target>`.
    fn bound(&self) -> TokenStream {
        let (generic, role) = (&self.generic, self.role());
        let unsized_too = (self.param.passing == Passing::Mut).then(|| quote!(+ ?::core::marker::Sized));
        quote!(#generic: #role #unsized_too)
    }

    /// `<G as Argument<Target>>`.
    fn argument(&self) -> TokenStream {
        let (generic, role) = (&self.generic, self.role());
        quote!(<#generic as #role>)
    }

    fn role(&self) -> TokenStream {
        let target = self.target();
        match self.param.passing {
            Passing::Mut => quote!(::pullback::on::Fillable<#target>),
            _ => quote!(::pullback::on::Argument<#target>),
        }
    }

    /// The parameter's name, for errors.
    fn text(&self) -> String {
        self.param.name.unraw().to_string()
    }
}

/// The parts of a function that both ways to run it read.
struct Function<'s> {
    sig: &'s Signature,
    types: &'s Types,
    opens: Vec<Option<Open<'s>>>,
    /// How many parameters are the function's own; directions follow.
    own: usize,
    /// A derivative, whose parameters tell which lengths must agree.
    func: &'s Func,
}

impl<'s> Function<'s> {
    fn new(sig: &'s Signature, types: &'s Types, func: &'s Func) -> Function<'s> {
        Function::along(sig, sig.params.len(), types, func)
    }

    /// A function whose signature has directions after so many parameters of its own.
    fn along(sig: &'s Signature, own: usize, types: &'s Types, func: &'s Func) -> Function<'s> {
        let open = |p| generic(sig, p).map(|generic| Open { param: p, generic });
        Function { sig, types, opens: sig.params.iter().map(open).collect(), own, func }
    }

    /// Errors where lengths of arguments do not agree, or those of cotangents of the results.
    fn checks(&self, cotangents: &[Param]) -> TokenStream {
        let (own, directions) = self.sig.params.split_at(self.own);
        let tangents = [directions, cotangents].concat();
        super::params::checks(&self.sig.title(), (own, self.sig.consts.len(), &tangents), self.func)
    }

    /// The parameters, each with what may stand for it.
    fn params(&self) -> impl Iterator<Item = (&'s Param, Option<&Open<'s>>)> {
        self.sig.params.iter().zip(&self.opens).map(|(p, o)| (p, o.as_ref()))
    }

    /// Those that the gradient is by.
    fn wrt(&self) -> impl Iterator<Item = (&'s Param, Option<&Open<'s>>)> {
        self.params().take(self.own).filter(|(p, _)| p.wrt)
    }

    /// Those that the function fills.
    fn filled(&self) -> impl Iterator<Item = (&'s Param, Option<&Open<'s>>)> {
        self.params().filter(|(p, _)| p.passing == Passing::Mut)
    }

    /// What a call keeps of a parameter: under its own name, unless it is to be filled.
    fn kept(&self, param: &Param) -> Ident {
        match param.passing {
            Passing::Mut => local(self.sig, &format!("before_{}", param.name.unraw())),
            _ => param.name.clone(),
        }
    }

    /// The gradient put together from an expression per parameter.
    fn gradient(&self, parts: &[TokenStream]) -> TokenStream {
        if let [one] = parts {
            return one.clone();
        }
        let (grad, fields) = (&self.types.grad, self.wrt().map(|(p, _)| &p.name));
        quote!(#grad { #(#fields: #parts),* })
    }

    /// The type of the gradient.
    fn gradient_type(&self) -> TokenStream {
        let one = |open: &Open<'_>| {
            let argument = open.argument();
            quote!(#argument::Grad)
        };
        let all: Vec<_> = self.wrt().collect();
        if let [(param, open)] = all[..] {
            return open.map_or_else(|| tangent(&param.ty), one);
        }
        let parts: Vec<TokenStream> = all.iter().filter_map(|(_, open)| open.map(one)).collect();
        let grad = &self.types.grad;
        if parts.is_empty() { quote!(#grad) } else { quote!(#grad<#(#parts),*>) }
    }
}

/// Everything that is generated for calls on devices, for a function of one float.
pub(super) fn all(sig: &Signature, derivatives: &Derivatives, types: &Types, into: &Sweep) -> Printed {
    let function = Function::new(sig, types, &derivatives.vjp);
    let programs = programs(sig, derivatives);
    let on = format_ident!("{}On", camel(&sig.name.unraw().to_string()));
    let queued_programs = queued_programs(sig, derivatives);
    let mut code = queued::all(&function, into, &queued_programs, &on);
    let (mut methods, mut words) = (methods(&function, into, &programs), String::new());
    for program in programs.iter().chain(&queued_programs) {
        code.extend(program.code.clone());
        words.push_str(&program.words);
    }
    let modes = modes::all(sig, derivatives, types, programs.get(1));
    methods.extend(modes.methods);
    code.extend(modes.code);
    words.push_str(&modes.words);
    companion_of(sig, "value_and_grad", &methods, &code, words)
}

/// The struct that stands for the function on a device, and the function that makes it.
fn companion_of(
    sig: &Signature,
    example: &str,
    methods: &TokenStream,
    code: &TokenStream,
    words: String,
) -> Printed {
    let on = format_ident!("{}On", camel(&sig.name.unraw().to_string()));
    let (vis, name, device) = (sig.api_vis(), sig.api("on"), local(sig, "device"));
    let items = quote! {
        /// The function on a device. What is there may stand for what the function takes; then its gradient is there too.
        #[derive(Clone, Copy, Debug)]
        pub struct #on<'device> {
            device: &'device ::pullback::Device,
        }

        impl #on<'_> {
            #methods
        }

        #code
    };
    let target = sig.target();
    let text = format!("The function on a device: `{target}::{name}(&device).{example}(..)`.");
    let methods = quote! {
        #[doc = #text]
        #[inline]
        #[must_use]
        #vis fn #name(#device: &::pullback::Device) -> #on<'_> {
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
    let gradient = printer::program(sig, "gradient", module, func);
    vec![gradient, printer::program(sig, "value", module, &printer::forward(module))]
}

/// The same with results that stay on the device.
fn queued_programs(sig: &Signature, derivatives: &Derivatives) -> Vec<Program> {
    let Some(func) = derivatives.value_and_grad.as_ref().filter(|_| cfg!(feature = "cuda")) else {
        return Vec::new();
    };
    let module = &derivatives.module;
    let gradient = printer::queued(sig, "gradient", module, func);
    vec![gradient, printer::queued(sig, "value", module, &printer::forward(module))]
}

fn methods(function: &Function<'_>, into: &Sweep, programs: &[Program]) -> TokenStream {
    let bounds: Vec<TokenStream> = function.opens.iter().flatten().map(Open::bound).collect();
    let params: Vec<TokenStream> = function.params().map(parameter).collect();
    let names: Vec<&Ident> = function.params().map(|(p, _)| &p.name).collect();
    let (ret, grad) = (&function.sig.written_ret, function.gradient_type());
    let [gradient, value] = [cpu::gradient(function, into), cpu::value(function)];
    let [gradient, value] = match programs {
        [on_gpu, value_on_gpu] => [
            either(&gpu::gradient(function, on_gpu), &gradient),
            either(&gpu::value(function, value_on_gpu), &value),
        ],
        _ => [gradient, value],
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

fn parameter((param, open): (&Param, Option<&Open<'_>>)) -> TokenStream {
    let (name, written) = (&param.name, &param.written);
    match open {
        Some(Open { generic, .. }) if param.passing == Passing::Mut => quote!(#name: &mut #generic),
        Some(Open { generic, .. }) => quote!(#name: #generic),
        None => quote!(#name: #written),
    }
}

/// Where there is a GPU, the first; else the second.
fn either(on_gpu: &TokenStream, on_cpu: &TokenStream) -> TokenStream {
    quote! {
        match self.device.gpu() {
            ::core::option::Option::Some(#GPU) => #on_gpu,
            ::core::option::Option::None => #on_cpu,
        }
    }
}
