//! The derivatives that `modes(..)` asks for, on devices: each is the function of the CPU there, and a program on a GPU.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::Func;
use pullback_kernels::opt;
use quote::{format_ident, quote};

use super::super::gpu::Program;
use super::super::matrices::{self, Whole};
use super::super::modes::{HVP, JVP, directions, hvp_of, results};
use super::super::params::tangent;
use super::super::surface::local;
use super::super::{Derivatives, Derived, gpu as printer, sweep};
use super::{Function, Open, Types, cpu, either, gpu, parameter};
use crate::emit::names::GPU;
use crate::types::{Leaf, Mode, Signature};

/// What is generated for the modes.
#[derive(Default)]
pub(super) struct Printed {
    pub(super) methods: TokenStream,
    pub(super) code: TokenStream,
    pub(super) words: String,
}

/// Prints every mode that is asked for. `value` is the program of the value.
pub(super) fn all(
    sig: &Signature,
    derivatives: &Derivatives,
    types: &Types,
    value: Option<&Program>,
) -> Printed {
    let mut printed = Printed::default();
    for derived in &derivatives.modes {
        let along = match derived.mode {
            Mode::Jvp | Mode::Hvp => directions(sig),
            Mode::Jacobian | Mode::Hessian => Vec::new(),
        };
        let mut extended = sig.clone();
        extended.params.extend(along.iter().cloned());
        let function = Function::along(&extended, sig.params.len(), types, &derived.func);
        let mode = match derived.mode {
            Mode::Jvp => jvp(&function, sig, derived, value),
            Mode::Hvp => hvp(&function, derived),
            Mode::Jacobian => whole(&function, matrices::jacobian_of(sig, derived), matrices::JACOBIAN),
            Mode::Hessian => whole(&function, matrices::hessian_of(sig, derived), matrices::HESSIAN),
        };
        let name = mode.text.0;
        let program = cfg!(feature = "cuda")
            .then(|| printer::program_along(sig, &along, name, &derivatives.module, &mode.func));
        printed.methods.extend(mode.method(&function, sig, program.as_ref()));
        if let Some(program) = program {
            printed.code.extend(program.code);
            printed.words.push_str(&program.words);
        }
    }
    printed
}

/// One mode.
struct Printing {
    /// Its name and what it returns.
    text: (&'static str, &'static str),
    ret: TokenStream,
    /// The program on a GPU.
    func: Func,
    /// The results of the program, what is made of them, and the expression for all.
    results: Vec<Ident>,
    made: TokenStream,
    on_gpu: TokenStream,
    /// The same from `made`, which the function of the CPU returned.
    on_cpu: TokenStream,
}

/// What a function of the CPU returned, or what is about to be returned.
fn made(function: &Function<'_>) -> Ident {
    local(function.sig, "made")
}

fn named(function: &Function<'_>, what: &str, n: usize) -> Vec<Ident> {
    (0..n).map(|k| local(function.sig, &format!("{what}_{k}"))).collect()
}

fn jvp(function: &Function<'_>, sig: &Signature, derived: &Derived, value: Option<&Program>) -> Printing {
    let (mut func, made) = (derived.func.clone(), made(function));
    let (along, own) = (results(sig), sweep::values(sig));
    let (ret, dty) = (&sig.written_ret, tangent(&along));
    let derivatives = named(function, "derivative", along.leaves().iter().filter(|l| l.active).count());
    let derivative = gpu::made(&dty, &along, &derivatives, true);
    // Floats that count as constants are no results of a derivative: the function itself computes them.
    let constant = sig.results().iter().any(Leaf::is_frozen);
    let (results, value) = match (constant, value) {
        (true, Some(program)) => {
            func.body.results.drain(..own);
            opt::dce::run(&mut func);
            (derivatives, gpu::value_of(&Function::new(sig, function.types, function.func), program, false))
        }
        // There are no programs for GPUs.
        (true, None) => (derivatives, TokenStream::new()),
        (false, _) => {
            let values = named(function, "value", own);
            let value = gpu::finished(function, &values, false);
            ([values, derivatives].concat(), value)
        }
    };
    Printing {
        text: JVP,
        ret: quote!((#ret, #dty)),
        func,
        results,
        made: TokenStream::new(),
        on_gpu: quote!((#value, #derivative)),
        on_cpu: quote!(#made),
    }
}

fn hvp(function: &Function<'_>, derived: &Derived) -> Printing {
    let (grad, made) = (function.gradient_type(), made(function));
    let [first, second] = ["gradient", "along"].map(|what| gpu::gradients(function, what));
    let [on_cpu, along] = [quote!(#made.0), quote!(#made.1)].map(|part| cpu::given_back(function, &part));
    let (after, after_along, gradient, gradient_along) = (first.1, second.1, first.2, second.2);
    Printing {
        text: HVP,
        ret: quote!((#grad, #grad)),
        func: hvp_of(derived),
        results: [first.0, second.0].concat(),
        made: quote!(#after #after_along),
        on_gpu: quote!((#gradient, #gradient_along)),
        on_cpu: quote!((#on_cpu, #along)),
    }
}

/// A Jacobian or a Hessian, in the host's memory.
fn whole(function: &Function<'_>, whole: Whole, text: (&'static str, &'static str)) -> Printing {
    let results = named(function, "block", whole.func.body.results.len());
    let (made, (ret, zero)) = (made(function), &whole.written);
    let fill = matrices::from_leaves(&whole.blocks, &whole.func, &results);
    let filled = quote!(let mut #made: #ret = #zero; { let derivative = &mut #made; #fill });
    Printing {
        text,
        ret: ret.clone(),
        func: whole.func,
        results,
        made: filled,
        on_gpu: quote!(#made),
        on_cpu: quote!(#made),
    }
}

impl Printing {
    fn method(&self, function: &Function<'_>, sig: &Signature, program: Option<&Program>) -> TokenStream {
        let on_cpu = self.on_cpu(function, sig);
        let body = program.map_or(on_cpu.clone(), |p| either(&self.on_gpu(function, p), &on_cpu));
        let bounds = function.opens.iter().flatten().map(Open::bound);
        let params = function.params().map(parameter);
        let (ret, (name, doc)) = (&self.ret, self.text);
        let name = format_ident!("{name}");
        quote! {
            #[doc = #doc]
            ///
            /// # Errors
            /// Where the function itself panics; if lengths do not agree, or the device refuses.
            pub fn #name<#(#bounds),*>(
                &self,
                #(#params),*
            ) -> ::core::result::Result<#ret, ::pullback::DeviceError> {
                #body
            }
        }
    }

    fn on_cpu(&self, function: &Function<'_>, sig: &Signature) -> TokenStream {
        let (hold, made, given) = (cpu::hold(function), made(function), &self.on_cpu);
        let (target, name) = (sig.target(), sig.api(self.text.0));
        let names = function.params().map(|(p, _)| &p.name);
        let called = cpu::called(function, &quote!(<#target>::#name(#(#names),*)));
        quote! {
            ::pullback::on::guarded(|| {
                #hold
                let #made = #called;
                ::core::result::Result::Ok(#given)
            })
        }
    }

    fn on_gpu(&self, function: &Function<'_>, program: &Program) -> TokenStream {
        let ((before, arguments), name) = (gpu::arguments(function), &program.name);
        let (results, made, given) = (&self.results, &self.made, &self.on_gpu);
        quote! {
            ::pullback::on::guarded(|| {
                #before
                let (#(#results,)*) = #name(#GPU, #arguments)?;
                #made
                ::core::result::Result::Ok(#given)
            })
        }
    }
}
