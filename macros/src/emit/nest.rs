//! Nests as plain loops, and which of them are launched instead.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Extent, Inst, Kind, Nest, Out, Reduce, Value};
use pullback_kernels::ops::Op;
use quote::quote;

use super::code::{Code, Site};
use super::reduce;
use super::scalar::{self, Num};

/// Domains of at most this many iterations run where they stand.
const TINY: i64 = 32;

impl<'f> Code<'f, '_> {
    /// A parallel loop.
    pub(super) fn nest(&mut self, inst: &'f Inst, nest: &'f Nest) -> TokenStream {
        if let Some(code) = self.fills(inst, nest) {
            return code;
        }
        if self.site == Site::Host && !is_tiny(nest) {
            return self.launch(inst, nest);
        }
        self.inline_nest(inst, nest)
    }

    /// A nest that writes one number everywhere.
    fn fills(&mut self, inst: &Inst, nest: &'f Nest) -> Option<TokenStream> {
        let constant = |i: &Inst| matches!(i.kind, Kind::Const(_));
        let plain = nest.accs.is_empty() && nest.outs.iter().all(|o| *o == Out::Build);
        if !plain || !nest.body.insts.iter().all(constant) {
            return None;
        }
        if nest.body.results.iter().any(|v| nest.body.params.contains(v)) {
            return None;
        }
        let mut out = self.enter(&nest.body, true);
        self.leave();
        for (&v, &number) in inst.results.iter().zip(&nest.body.results) {
            let (decl, name) = self.allocate(v);
            let number = self.value(number);
            out.extend(quote!(#decl #name.fill(#number);));
        }
        Some(out)
    }

    /// A nest as loops where it stands.
    fn inline_nest(&mut self, inst: &'f Inst, nest: &'f Nest) -> TokenStream {
        let accs = nest.accs.len();
        let mut before = self.take_accumulators(nest);
        for ((&v, &r), out) in inst.results[accs..].iter().zip(&nest.body.results[accs..]).zip(&nest.outs) {
            before.extend(self.declare_out(v, r, *out));
        }
        self.note_products(nest);
        let lens: Vec<TokenStream> = nest.domain.iter().map(|&e| self.len(e)).collect();
        let indices: Vec<Ident> =
            nest.body.params.iter().zip(&nest.domain).map(|(&v, &e)| self.loop_index(v, e)).collect();
        let body = self.enter(&nest.body, true);
        let flat = flat_position(&indices, &lens);
        let mut after = TokenStream::new();
        for ((&v, &result), out) in
            inst.results[accs..].iter().zip(&nest.body.results[accs..]).zip(&nest.outs)
        {
            after.extend(self.combine_out(v, result, *out, &flat));
        }
        self.leave();
        let mut code = quote!(#body #after);
        for (i, n) in indices.iter().zip(&lens).rev() {
            code = quote!(for #i in 0..#n { #code });
        }
        let end = self.finish_outs(inst, nest);
        quote!(#before #code #end)
    }

    /// Puts the accumulators where they may be written, and binds the body's names for them.
    pub(super) fn take_accumulators(&mut self, nest: &'f Nest) -> TokenStream {
        let params = &nest.body.params[nest.domain.len()..];
        let each = |(&p, &acc)| self.take_for(p, acc, &nest.accs, &[&nest.body]);
        params.iter().zip(&nest.accs).map(each).collect()
    }

    /// Products that are only summed become multiply-adds: they are not computed by themselves.
    pub(super) fn note_products(&mut self, nest: &'f Nest) {
        let folds = nest.body.results[nest.accs.len()..].iter().zip(&nest.outs);
        for (&v, _) in folds.filter(|(_, out)| **out == Out::Fold(Reduce::Sum)) {
            let inst = nest.body.insts.iter().find(|i| i.results.contains(&v));
            if let Some(Kind::Op(Op::Mul, args)) = inst.map(|i| &i.kind)
                && self.elem(v).is_float()
                && self.uses.is_local(v)
            {
                self.products.insert(v, [args[0], args[1]]);
            }
        }
    }

    fn declare_out(&mut self, v: Value, result: Value, out: Out) -> TokenStream {
        match out {
            Out::Build => self.allocate(v).0,
            Out::Fold(how) => {
                let elem = self.elem(result);
                let name = self.names.fresh(self.source_name(v), "sum");
                let (ty, init) = (reduce::ty(how, elem), reduce::init(how, elem));
                self.nums.insert(v, Num::atom(quote!(#name)));
                quote!(let mut #name: #ty = #init;)
            }
        }
    }

    fn combine_out(&mut self, v: Value, result: Value, out: Out, flat: &TokenStream) -> TokenStream {
        match out {
            Out::Build => {
                let (name, value) = (self.array(v), self.value(result));
                quote!(#name[#flat] = #value;)
            }
            Out::Fold(how) => {
                let acc = self.value(v);
                let next = self.folded_into(&acc, result, how, flat);
                quote!(#acc = #next;)
            }
        }
    }

    /// What is accumulated after an iteration: `acc + result`, as one multiply-add where the result is a product.
    pub(super) fn folded_into(
        &self,
        acc: &TokenStream,
        result: Value,
        how: Reduce,
        flat: &TokenStream,
    ) -> TokenStream {
        let elem = self.elem(result);
        if let Some([a, b]) = self.products.get(&result) {
            let operands = [self.num(*a).clone(), self.num(*b).clone(), Num::atom(acc.clone())];
            return scalar::apply(Op::MulAdd, &operands, &[elem; 3], elem, self.site == Site::Iteration)
                .tokens;
        }
        let value = self.num(result);
        let value = if reduce::wants_position(how) { value.value() } else { value.operand() };
        reduce::merge(how, elem, acc, &reduce::contribution(how, &value, flat))
    }

    fn finish_outs(&mut self, inst: &Inst, nest: &Nest) -> TokenStream {
        let (accs, mut end) = (nest.accs.len(), TokenStream::new());
        for (&v, &result) in inst.results.iter().zip(&nest.body.results[..accs]) {
            self.arrays.insert(v, self.arrays[&result]);
        }
        for (&v, out) in inst.results[accs..].iter().zip(&nest.outs) {
            if let Out::Fold(how) = out
                && reduce::wants_position(*how)
            {
                let found = reduce::finish(*how, &self.value(v));
                end.extend(self.let_num(v, &found));
            }
        }
        end
    }
}

/// The row-major position of a loop's indices.
pub(super) fn flat_position(indices: &[Ident], lens: &[TokenStream]) -> TokenStream {
    let mut axes = indices.iter().zip(lens);
    let Some((first, _)) = axes.next() else { return quote!(0) };
    axes.enumerate().fold(quote!(#first), |outer, (k, (i, n))| {
        if k == 0 { quote!(#outer * #n + #i) } else { quote!((#outer) * #n + #i) }
    })
}

fn is_tiny(nest: &Nest) -> bool {
    let extents = nest.domain.iter().map(|e| match e {
        Extent::Const(n) => Some((*n).max(0)),
        Extent::Value(_) => None,
    });
    extents.product::<Option<i64>>().is_some_and(|n| n <= TINY)
}
