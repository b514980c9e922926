//! Functions that return something else than one float: `value`, and `vjp` as on the CPU.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::Func;
use pullback_kernels::opt;
use quote::{ToTokens, quote};

use super::super::cotangents::from_leaves;
use super::super::gpu::Program;
use super::super::params::{is_number, tangent, to_leaves, zero};
use super::super::surface::{argument, call, local, pull_types, zero_gradient};
use super::super::sweep::{self, Sweep};
use super::super::{Derivatives, gpu as printer};
use super::{Function, Open, Printed, Types, companion_of, cpu, either, gpu, parameter};
use crate::types::{Param, Passing, RustTy, Signature};

/// The programs for a GPU: the value, and what pulls a cotangent back, or why there is none.
struct Programs {
    value: Result<Program, String>,
    backward: Result<Program, String>,
}

/// Everything that is generated for calls on devices, for a function that is not of one float.
pub(in super::super) fn all(
    sig: &Signature,
    derivatives: &Derivatives,
    types: &Types,
    pull: &Sweep,
) -> Printed {
    // What a function leaves in a buffer of the caller has no place on a device.
    if sig.params.iter().any(|p| p.passing == Passing::Mut) {
        return Printed::default();
    }
    let function = Function::new(sig, types);
    let programs = cfg!(feature = "cuda").then(|| programs(sig, derivatives));
    let methods = methods(&function, pull, programs.as_ref());
    let (mut code, mut words) = (TokenStream::new(), String::new());
    for program in programs.iter().flat_map(|p| [&p.value, &p.backward]) {
        match program {
            Ok(program) => {
                code.extend(program.code.clone());
                words.push_str(&program.words);
            }
            Err(why) => words.push_str(&format!("// On a GPU: {why}\n")),
        }
    }
    companion_of(sig, "vjp", &methods, &code, words)
}

fn programs(sig: &Signature, derivatives: &Derivatives) -> Programs {
    let module = &derivatives.module;
    let refuse = |what: &str| Err(format!("`{}` runs on the CPU only: {what}", sig.title()));
    if !is_plain(&sig.ret) {
        let why = "it returns something else than numbers, arrays and matrices of them, and tuples of these";
        return Programs { value: refuse(why), backward: refuse(why) };
    }
    let value = Ok(printer::program(sig, "value", module, &printer::forward(module)));
    if sig.ret.leaves().iter().any(|l| !l.active) {
        let why =
            "it returns integers or truth values beside floats; on a GPU there is `value` of such a function";
        return Programs { value, backward: refuse(why) };
    }
    let (with_seeds, func) = backward(sig, &derivatives.vjp);
    Programs { value, backward: Ok(printer::program(&with_seeds, "backward", module, &func)) }
}

/// The derivative without the function's own results, with seeds as parameters after the function's own.
fn backward(sig: &Signature, vjp: &Func) -> (Signature, Func) {
    let (mut sig, mut func) = (sig.clone(), vjp.clone());
    func.body.results.drain(..sweep::values(&sig));
    opt::dce::run(&mut func);
    let own: usize = sig.params.iter().map(|p| p.ty.leaves().len()).sum();
    func.body.params[own..].rotate_left(sig.consts.len());
    sig.params.extend(sweep::seeds(&sig));
    (sig, func)
}

/// Whether values of a type can be made of what a program returns.
fn is_plain(ty: &RustTy) -> bool {
    match ty {
        RustTy::Float(_) | RustTy::Int(_) | RustTy::Bool => true,
        RustTy::Tuple(parts) => parts.iter().all(is_plain),
        other => !other.has_user_type() && other.leaves().iter().all(|l| l.active),
    }
}

/// A value from the results of a program, which are named in order.
fn made(ty: &RustTy, results: &mut impl Iterator<Item = Ident>) -> TokenStream {
    match ty {
        RustTy::Float(_) | RustTy::Bool => {
            let one = results.next();
            quote!(#one)
        }
        RustTy::Int(_) => {
            let one = results.next();
            quote!(#one as _)
        }
        RustTy::Tuple(parts) => {
            let parts: Vec<TokenStream> = parts.iter().map(|p| made(p, results)).collect();
            quote!((#(#parts,)*))
        }
        array => {
            let own: Vec<Ident> = results.take(array.leaves().len()).collect();
            let (ty, zero, store) = (tangent(array), zero(array), from_leaves(array, &quote!(made), &own));
            quote!({ let mut made: #ty = #zero; #store made })
        }
    }
}

/// The value from a program, after its arguments were prepared.
fn value_on_gpu(function: &Function<'_>, program: &Program, arguments: &TokenStream) -> TokenStream {
    let leaves = function.sig.ret.leaves().len();
    let results: Vec<Ident> = (0..leaves).map(|k| local(function.sig, &format!("result_{k}"))).collect();
    let (name, value) = (&program.name, made(&function.sig.ret, &mut results.iter().cloned()));
    let ret = &function.sig.written_ret;
    quote! {
        let (#(#results,)*) = #name(gpu, #arguments)?;
        let made: #ret = #value;
        made
    }
}

fn refusal(why: &str) -> TokenStream {
    quote!(::core::result::Result::Err(::pullback::DeviceError::Unsupported(#why)))
}

fn value(function: &Function<'_>, programs: Option<&Programs>) -> TokenStream {
    let on_cpu = cpu::value(function);
    let on_gpu = match programs.map(|p| &p.value) {
        None => return on_cpu,
        Some(Err(why)) => refusal(why),
        Some(Ok(program)) => {
            let (before, arguments) = gpu::arguments(function);
            let made = value_on_gpu(function, program, &arguments);
            quote!(::pullback::on::guarded(|| { #before ::core::result::Result::Ok({ #made }) }))
        }
    };
    either(&on_gpu, &on_cpu)
}

fn vjp(function: &Function<'_>, pull: &Sweep, programs: Option<&Programs>) -> TokenStream {
    let on_cpu = vjp_on_cpu(function, pull);
    let on_gpu = match programs.map(|p| (&p.value, &p.backward)) {
        None => return on_cpu,
        Some((Err(why), _) | (_, Err(why))) => refusal(why),
        Some((Ok(value), Ok(backward))) => vjp_on_gpu(function, value, backward),
    };
    either(&on_gpu, &on_cpu)
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
    let (hold, lend) = (cpu::hold(function), cpu::lend(function));
    let (primal, backward, buffers_type, grad_type) = (call(sig), &pull.name, &pull.buffers, &types.grad);
    let arguments = sig.params.iter().map(argument);
    let [value, pulled, grad, buffers] = ["value", "pull", "grad", "buffers"].map(|name| local(sig, name));
    let ((seeds, pattern, seed_type), own) = (seeds(function), function.gradient_type());
    let passed =
        seeds.iter().map(|Param { name, ty, .. }| if is_number(ty) { quote!(#name) } else { quote!(&#name) });
    let wrt: Vec<&Param> = function.wrt().map(|(p, _)| p).collect();
    let (zero, gradient) = (zero_gradient(types, &wrt), cpu::given_back(function, &quote!(#grad)));
    quote! {
        ::pullback::on::guarded(|| {
            #hold
            let #value = { #lend #primal };
            let #pulled: ::pullback::on::Pull<'pull, #seed_type, #own> = ::std::boxed::Box::new(move |#pattern: #seed_type| {
                ::pullback::on::guarded(|| {
                    #lend
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

fn vjp_on_gpu(function: &Function<'_>, value: &Program, backward: &Program) -> TokenStream {
    let ((before, arguments), name) = (gpu::arguments(function), &backward.name);
    let made = value_on_gpu(function, value, &arguments);
    let ((seeds, pattern, seed_type), own) = (seeds(function), function.gradient_type());
    let given = seeds.iter().flat_map(to_leaves);
    let (results, after, gradient) = gpu::gradients(function);
    let [value, pulled] = ["value", "pull"].map(|name| local(function.sig, name));
    quote! {
        ::pullback::on::guarded(|| {
            #before
            let #value = { #made };
            let gpu = gpu.clone();
            let #pulled: ::pullback::on::Pull<'pull, #seed_type, #own> = ::std::boxed::Box::new(move |#pattern: #seed_type| {
                let gpu = &gpu;
                ::pullback::on::guarded(|| {
                    let (#(#results,)*) = #name(gpu, #arguments #(#given,)*)?;
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
        /// The value, in the host's memory.
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
        /// may be called again.
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
