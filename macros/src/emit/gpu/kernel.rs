//! Nests as kernels, and their launches.

use proc_macro2::{Ident, Literal, TokenStream};
use pullback_kernels::ir::{Inst, Nest, Out, Ty, Value};
use pullback_kernels::ptx::{self, Kernel, Param};
use quote::{format_ident, quote};

use super::{Printer, Res};
use crate::emit::names::GPU;
use crate::emit::scalar;

impl<'f> Printer<'f> {
    /// Launches a nest's kernel, and binds what it leaves.
    pub(super) fn nest(&mut self, inst: &'f Inst, nest: &'f Nest) -> Res<TokenStream> {
        self.count += 1;
        let name = format!("{}_{}", self.prefix, self.count);
        let kernel =
            ptx::kernel_of(&self.func.values, inst, &name, &self.residents.numbers).map_err(|why| why.0)?;
        let (mut numbers, mut arrays) = (Vec::new(), Vec::new());
        let description = self.describe(&kernel, nest, &mut numbers, &mut arrays);
        let constant = format_ident!("KERNEL_{}", name.to_uppercase());
        self.kernels.extend(quote!(static #constant: ::pullback::cuda::Kernel = #description;));
        self.words.push_str(&words(&kernel));
        let launch = self.launch(&constant, &kernel, (inst, nest), [&numbers, &arrays]);
        let left = self.names.fresh("", "left_on_gpu");
        let results = self.results(inst, nest, &left);
        Ok(quote!(let mut #left = #launch; #results))
    }

    /// The launch of a kernel with these numbers and arrays.
    fn launch(
        &self,
        constant: &Ident,
        kernel: &Kernel,
        (inst, nest): (&Inst, &Nest),
        [numbers, arrays]: [&[Value]; 2],
    ) -> TokenStream {
        let lens = nest.domain.iter().map(|&e| {
            let n = self.len(e);
            quote!(#n as i64)
        });
        let count = quote!(::pullback::cuda::count(&[#(#lens),*]));
        if !self.queued {
            let [numbers, arrays, initial] = self.lists(numbers, arrays, &nest.accs);
            let (run, room) = self.room(kernel);
            let room = room.map(|room| quote!(, #room));
            return quote!(#constant.#run(#GPU, #count, #numbers, #arrays, #initial #room)?);
        }
        let given = self.all_given(kernel, numbers, arrays, &nest.accs);
        let sizes = nest.outs.iter().zip(&inst.results[nest.accs.len()..]).map(|(out, &v)| match out {
            Out::Build => 0,
            Out::Fold(_) => scalar::bytes(self.elem(v)),
        });
        quote!(#constant.leave(#GPU, #count, &#given, &[#(#sizes),*])?)
    }

    /// What a kernel takes, where numbers stay in the GPU's memory.
    pub(super) fn all_given(
        &self,
        kernel: &Kernel,
        numbers: &[Value],
        arrays: &[Value],
        initial: &[Value],
    ) -> TokenStream {
        let [numbers, arrays, initial] = self.lists(numbers, arrays, initial);
        let room = self.room(kernel).1.unwrap_or_else(|| quote!(::pullback::cuda::Room::None));
        quote! {
            ::pullback::cuda::Given { numbers: #numbers, arrays: #arrays, initial: #initial, room: #room }
        }
    }

    /// Numbers and arrays for a kernel.
    fn lists(&self, numbers: &[Value], arrays: &[Value], initial: &[Value]) -> [TokenStream; 3] {
        let numbers = numbers.iter().map(|&v| self.given(v));
        let device = |v: &Value| {
            let name = &self.arrays[v];
            quote!(#name.device()?)
        };
        let (arrays, initial) = (arrays.iter().map(device), initial.iter().map(device));
        [quote!(&[#(#numbers),*]), quote!(&[#(#arrays),*]), quote!(&[#(#initial),*])]
    }

    /// A number for a kernel; a tape is the address of its top.
    fn given(&self, v: Value) -> TokenStream {
        if self.is_resident(v) || *self.ty(v) == Ty::Tape {
            let name = &self.arrays[&v];
            return quote!(#name.number());
        }
        let (n, ty) = (self.num(v), scalar::ty(self.elem(v)));
        let arg = quote!(<#ty as ::pullback::cuda::Element>::arg(#n));
        if self.queued { quote!(::pullback::cuda::Number::known(#arg)) } else { arg }
    }

    /// What launches the kernel, and how much memory of its own each thread needs.
    fn room(&self, kernel: &Kernel) -> (TokenStream, Option<TokenStream>) {
        let Some(scratch) = &kernel.scratch else { return (quote!(run), None) };
        let Some(terms) = &scratch.slots else {
            self.waits.set(true);
            return (quote!(run_in), Some(quote!(::pullback::cuda::Room::Grows)));
        };
        let terms = terms.iter().map(|term| {
            let (factor, values) = (term.factor, term.values.iter().map(|&v| self.num(v)));
            quote!((#factor, &[#(#values),*]))
        });
        (quote!(run_in), Some(quote!(::pullback::cuda::Room::of(&[#(#terms),*]))))
    }

    fn results(&mut self, inst: &Inst, nest: &Nest, left: &Ident) -> TokenStream {
        let accs = nest.accs.len();
        let mut out = TokenStream::new();
        for (k, &v) in inst.results.iter().enumerate() {
            let value = match k.checked_sub(accs).map(|k| (k, nest.outs[k])) {
                None => quote!(#left.accumulator(#k)),
                Some((k, Out::Build)) => quote!(#left.array(#k)),
                Some((k, Out::Fold(_))) if self.queued => quote!(#left.array(#k)),
                Some((k, Out::Fold(_))) => quote!(#left.number(#k)),
            };
            out.extend(self.bind_to(v, &value));
        }
        out
    }

    /// The kernel as the runtime knows it; notes which numbers and arrays it takes.
    fn describe(
        &self,
        kernel: &Kernel,
        nest: &Nest,
        numbers: &mut Vec<Value>,
        arrays: &mut Vec<Value>,
    ) -> TokenStream {
        let outs = nest.outs.iter().zip(&nest.body.results[nest.accs.len()..]).map(|(out, &v)| match out {
            Out::Build => {
                let bytes = scalar::bytes(self.elem(v));
                quote!(::pullback::cuda::Out::Build(#bytes))
            }
            Out::Fold(_) => quote!(::pullback::cuda::Out::Fold),
        });
        let accumulators = nest.accs.iter().map(|&a| {
            let elem = self.elem(a);
            let (name, bytes) = (format!("{}_add_{}", kernel.name, elem.name()), scalar::bytes(elem));
            quote!((#name, #bytes))
        });
        Self::description(kernel, outs.collect(), accumulators.collect(), numbers, arrays)
    }

    /// The same from its outs and accumulators.
    pub(super) fn description(
        kernel: &Kernel,
        outs: Vec<TokenStream>,
        accumulators: Vec<TokenStream>,
        numbers: &mut Vec<Value>,
        arrays: &mut Vec<Value>,
    ) -> TokenStream {
        let params = kernel.params.iter().map(|&p| param(p, numbers, arrays));
        let Kernel { name, text, width, folds, failures, .. } = kernel;
        quote! {
            ::pullback::cuda::Kernel {
                name: #name,
                ptx: #text,
                params: &[#(::pullback::cuda::Param::#params),*],
                outs: &[#(#outs),*],
                accumulators: &[#(#accumulators),*],
                width: #width,
                folds: #folds,
                failures: &[#(#failures),*],
            }
        }
    }
}

/// A parameter as the runtime knows it; notes the number or array that it is.
fn param(param: Param, numbers: &mut Vec<Value>, arrays: &mut Vec<Value>) -> TokenStream {
    let place = |all: &mut Vec<Value>, v: Value| {
        all.push(v);
        Literal::usize_unsuffixed(all.len() - 1)
    };
    match param {
        Param::Count => quote!(Count),
        Param::Scalar(v) => {
            let k = place(numbers, v);
            quote!(Scalar(#k))
        }
        Param::Address(v) => {
            let k = place(numbers, v);
            quote!(Address(#k))
        }
        Param::Array(v) => {
            let k = place(arrays, v);
            quote!(Array(#k))
        }
        Param::Out(k) => quote!(Out(#k)),
        Param::Copies(k) => quote!(Copies(#k)),
        Param::CopyCount => quote!(CopyCount),
        Param::Partials => quote!(Partials),
        Param::Ticket => quote!(Ticket),
        Param::Status => quote!(Status),
        Param::Scratch => quote!(Scratch),
        Param::ScratchThreads => quote!(ScratchThreads),
        Param::Slots => quote!(Slots),
        Param::FirstBlock => quote!(FirstBlock),
        Param::Blocks => quote!(Blocks),
    }
}

/// A kernel in words, for `explain`.
fn words(kernel: &Kernel) -> String {
    let copies = if kernel.copies { ", adds in copies of its accumulators" } else { "" };
    let room = match &kernel.scratch {
        None => "",
        Some(ptx::Scratch { slots: Some(_) }) => ", with memory for each thread",
        Some(ptx::Scratch { slots: None }) => ", with memory for each thread that grows as needed",
    };
    format!(
        "// On a GPU, {}: {} iterations a thread at once, reduces {} numbers{copies}{room}\n",
        kernel.name, kernel.width, kernel.folds
    )
}
