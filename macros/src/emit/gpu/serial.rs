//! Code that one thread runs, as a kernel.

use proc_macro2::{Literal, TokenStream};
use pullback_kernels::ir::{Block, Inst, Kind, Ty, Value};
use pullback_kernels::ptx;
use quote::{format_ident, quote};

use super::{Printer, Res};
use crate::emit::names::GPU;
use crate::emit::scalar;

impl<'f> Printer<'f> {
    /// Launches the kernel, and binds what it leaves.
    pub(super) fn serial(&mut self, inst: &'f Inst, body: &'f Block) -> Res<TokenStream> {
        self.count += 1;
        let name = format!("{}_{}", self.prefix, self.count);
        let kernel =
            ptx::kernel_of(&self.func.values, inst, &name, &self.residents.numbers).map_err(|why| why.0)?;
        let (mut numbers, mut arrays) = (Vec::new(), Vec::new());
        let outs = inst.results.iter().map(|_| quote!(::pullback::cuda::Out::Fold)).collect();
        let description = Self::description(&kernel, outs, Vec::new(), &mut numbers, &mut arrays);
        let constant = format_ident!("KERNEL_{}", name.to_uppercase());
        self.kernels.extend(quote!(static #constant: ::pullback::cuda::Kernel = #description;));
        let sizes: Vec<TokenStream> = inst.results.iter().map(|&v| self.bytes(v)).collect();
        let given = self.all_given(&kernel, &numbers, &arrays, &[]);
        let left = self.names.fresh("", "left_on_gpu");
        let mut out = quote!(let mut #left = #constant.leave(#GPU, 1, &#given, &[#(#sizes),*])?;);
        for (k, &v) in inst.results.iter().enumerate() {
            let value = match self.ty(v) {
                Ty::Tape => {
                    let below = match origin(body, body.results[k]) {
                        Some(tape) => {
                            let name = &self.arrays[&tape];
                            quote!(#name)
                        }
                        None => quote!(<::pullback::cuda::Tape as ::core::default::Default>::default()),
                    };
                    quote!(#below.left(#left.array(#k), #left.room()))
                }
                _ => quote!(#left.array(#k)),
            };
            out.extend(self.bind_to(v, &value));
        }
        Ok(out)
    }

    /// How many bytes a result has.
    fn bytes(&self, v: Value) -> TokenStream {
        let Some(elem) = self.ty(v).elem() else { return quote!(8) };
        let bytes = Literal::usize_unsuffixed(scalar::bytes(elem));
        let lens = self.ty(v).shape().iter().map(|&e| self.len(e));
        quote!(#bytes #(* #lens)*)
    }
}

/// The tape from outside of a block that a tape of the block was made from, or nothing if it began in the block.
fn origin(block: &Block, tape: Value) -> Option<Value> {
    let Some((inst, k)) =
        block.insts.iter().find_map(|i| i.results.iter().position(|&v| v == tape).map(|k| (i, k)))
    else {
        return Some(tape);
    };
    match &inst.kind {
        Kind::Push { tape, .. } | Kind::Pop { tape } => origin(block, *tape),
        Kind::For { init, .. } | Kind::While { init, .. } => origin(block, init[k]),
        Kind::If { then, .. } => origin(then, then.results[k]).and_then(|tape| origin(block, tape)),
        Kind::Serial(body) => origin(body, body.results[k]).and_then(|tape| origin(block, tape)),
        _ => None,
    }
}
