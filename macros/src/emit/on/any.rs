//! Functions that return something else than one float: `value`, and `vjp` as on the CPU.

use proc_macro2::TokenStream;
use pullback_kernels::opt;
use quote::{ToTokens, quote};

use super::super::gpu::Program;
use super::super::params::{is_number, to_tangent_leaves};
use super::super::surface::{argument, call, local, pull_types, zero_gradient};
use super::super::sweep::{self, Sweep};
use super::super::{Derivatives, gpu as printer};
use super::{Function, Open, Printed, Types, companion_of, cpu, either, gpu, modes, parameter};
use crate::emit::names::GPU;
use crate::types::{Param, Signature};

/// The programs for a GPU: the value, and what pulls a cotangent back.
struct Programs {
    value: Program,
    backward: Program,
}

/// Everything that is generated for calls on devices, for a function that is not of one float.
pub(in super::super) fn all(
    sig: &Signature,
    derivatives: &Derivatives,
    types: &Types,
    pull: &Sweep,
) -> Printed {
    let function = Function::new(sig, types, &derivatives.vjp);
    let programs = cfg!(feature = "cuda").then(|| programs(sig, derivatives));
    let mut methods = methods(&function, pull, programs.as_ref());
    let (mut code, mut words) = (TokenStream::new(), String::new());
    for program in programs.iter().flat_map(|p| [&p.value, &p.backward]) {
        code.extend(program.code.clone());
        words.push_str(&program.words);
    }
    let modes = modes::all(sig, derivatives, types, programs.as_ref().map(|p| &p.value));
    methods.extend(modes.methods);
    code.extend(modes.code);
    words.push_str(&modes.words);
    companion_of(sig, "vjp", &methods, &code, words)
}

fn programs(sig: &Signature, derivatives: &Derivatives) -> Programs {
    let whole = derivatives.whole.as_ref().unwrap_or(&derivatives.module);
    let value = printer::program(sig, "value", whole, &printer::forward(whole));
    // The derivative without the function's own results.
    let mut func = derivatives.vjp.clone();
    func.body.results.drain(..sweep::values(sig));
    opt::dce::run(&mut func);
    let seeds = sweep::seeds(sig);
    let backward = printer::program_along(sig, &seeds, "backward", &derivatives.module, &func);
    Programs { value, backward }
}

fn value(function: &Function<'_>, programs: Option<&Programs>) -> TokenStream {
    let on_cpu = cpu::value(function);
    let on_gpu = match programs.map(|p| &p.value) {
        None => return on_cpu,
        Some(program) => {
            let ((before, _), made) = (gpu::arguments(function), gpu::value_of(function, program, false));
            quote!(::pullback::on::guarded(|| { #before ::core::result::Result::Ok({ #made }) }))
        }
    };
    either(&on_gpu, &on_cpu)
}

fn vjp(function: &Function<'_>, pull: &Sweep, programs: Option<&Programs>) -> TokenStream {
    let on_cpu = vjp_on_cpu(function, pull);
    match programs {
        None => on_cpu,
        Some(programs) => either(&vjp_on_gpu(function, programs), &on_cpu),
    }
}

/// The cotangents of the results: their variables, a pattern of these, its type.
fn seeds(function: &Function<'_>) -> (Vec<Param>, TokenStream, TokenStream) {
    let sig = function.sig;
    let mut seeds = sweep::seeds(sig);
    seeds.iter_mut().for_each(|s| s.name = local(sig, &s.name.to_string()));
    let (names, types) = (seeds.iter().map(|s| &s.name), seeds.iter().map(|s| &s.written));
    let (pattern, ty) = match &seeds[..] {
        [one] => (one.name.clone().into_token_stream(), one.written.clone().into_token_stream()),
        _ => (quote!((#(#names),*)), quote!((#(#types),*))),
    };
    (seeds, pattern, ty)
}

fn vjp_on_cpu(function: &Function<'_>, pull: &Sweep) -> TokenStream {
    let (sig, types) = (function.sig, function.types);
    let (hold, lend, called) = (cpu::hold(function), cpu::lend(function), cpu::called(function, &call(sig)));
    let (backward, buffers_type, grad_type) = (&pull.name, &pull.buffers, &types.grad);
    let (arguments, before) = (sig.params.iter().map(argument), cpu::lend_before(function));
    let [value, pulled, grad, buffers] = ["value", "pull", "grad", "buffers"].map(|name| local(sig, name));
    let ((seeds, pattern, seed_type), own) = (seeds(function), function.gradient_type());
    let passed =
        seeds.iter().map(|Param { name, ty, .. }| if is_number(ty) { quote!(#name) } else { quote!(&#name) });
    let wrt: Vec<&Param> = function.wrt().map(|(p, _)| p).collect();
    let (zero, gradient) = (zero_gradient(types, &wrt), cpu::given_back(function, &quote!(#grad)));
    let seeds_fit = function.checks(&seeds);
    quote! {
        ::pullback::on::guarded(|| {
            #hold
            let #value = #called;
            let #pulled: ::pullback::on::Pull<'pull, #seed_type, #own> = ::std::boxed::Box::new(move |#pattern: #seed_type| {
                ::pullback::on::guarded(|| {
                    #lend
                    #before
                    #seeds_fit
                    let mut #grad: #grad_type = #zero;
                    let mut #buffers = <#buffers_type as ::core::default::Default>::default();
                    #backward(#(#arguments,)* #(#passed,)* &mut #grad, &mut #buffers);
                    ::core::result::Result::Ok(#gradient)
                })
            });
            ::core::result::Result::Ok((#value, #pulled))
        })
    }
}

fn vjp_on_gpu(function: &Function<'_>, programs: &Programs) -> TokenStream {
    let ((before, arguments), name) = (gpu::arguments(function), &programs.backward.name);
    let made = gpu::value_of(function, &programs.value, true);
    let ((seeds, pattern, seed_type), own) = (seeds(function), function.gradient_type());
    let given = seeds.iter().flat_map(to_tangent_leaves);
    let (results, after, gradient) = gpu::gradients(function, "gradient");
    let [value, pulled] = ["value", "pull"].map(|name| local(function.sig, name));
    quote! {
        ::pullback::on::guarded(|| {
            #before
            let #value = { #made };
            let #GPU = #GPU.clone();
            let #pulled: ::pullback::on::Pull<'pull, #seed_type, #own> = ::std::boxed::Box::new(move |#pattern: #seed_type| {
                let #GPU = &#GPU;
                ::pullback::on::guarded(|| {
                    let (#(#results,)*) = #name(#GPU, #arguments #(#given,)*)?;
                    #after
                    ::core::result::Result::Ok(#gradient)
                })
            });
            ::core::result::Result::Ok((#value, #pulled))
        })
    }
}

fn methods(function: &Function<'_>, pull: &Sweep, programs: Option<&Programs>) -> TokenStream {
    let bounds: Vec<TokenStream> = function.opens.iter().flatten().map(Open::bound).collect();
    let params: Vec<TokenStream> = function.params().map(parameter).collect();
    let (ret, grad) = (&function.sig.written_ret, function.gradient_type());
    let (value, vjp, (_, _, seed)) =
        (value(function, programs), vjp(function, pull, programs), seeds(function));
    let captured = pull_types(function.sig);
    let captured = function.params().zip(captured).map(|((p, open), (name, ty))| match open {
        Some(_) => parameter((p, open)),
        None => quote!(#name: #ty),
    });
    quote! {
        /// The value, in the host's memory. What the function fills is filled where it is; if there is an error, not at all
        /// if it is a tensor or a list of floats.
        ///
        /// # Errors
        /// Where the function itself panics; if lengths do not agree, or the device refuses.
        pub fn value<#(#bounds),*>(
            &self,
            #(#params),*
        ) -> ::core::result::Result<#ret, ::pullback::DeviceError> {
            #value
        }

        /// The value, and the function that pulls a cotangent of the value back to one of each parameter, on the device. It
        /// may be called again. The cotangents of what the function fills follow that of the value.
        ///
        /// # Errors
        /// As of `value`; of the function as well.
        pub fn vjp<'pull, #(#bounds + 'pull),*>(
            &self,
            #(#captured),*
        ) -> ::core::result::Result<(#ret, ::pullback::on::Pull<'pull, #seed, #grad>), ::pullback::DeviceError> {
            #vjp
        }
    }
}
