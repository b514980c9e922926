//! Branches and sequential loops.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Block, Extent, Inst, Ty, Value};
use quote::quote;

use super::code::Code;
use super::scalar::{self, Num};
use super::uses::reads;

impl<'f> Code<'f, '_> {
    /// `if cond { .. } else { .. }`.
    pub(super) fn branch(
        &mut self,
        inst: &Inst,
        cond: Value,
        then: &'f Block,
        els: &'f Block,
    ) -> TokenStream {
        let cond = self.value(cond);
        let then_code = self.enter(then, false);
        self.leave();
        let els_code = self.enter(els, false);
        self.leave();
        let (mut before, mut in_then, mut in_els) =
            (TokenStream::new(), TokenStream::new(), TokenStream::new());
        let (mut names, mut types, mut then_values, mut els_values) = (vec![], vec![], vec![], vec![]);
        for ((&v, &a), &b) in inst.results.iter().zip(&then.results).zip(&els.results) {
            match self.ty(v) {
                Ty::Scalar(elem) => {
                    then_values.push(self.value(a));
                    els_values.push(self.value(b));
                    types.push(scalar::ty(*elem));
                    names.push((v, self.names.fresh(self.source_name(v), "t")));
                }
                Ty::Array(..) => {
                    let moves = self.join_arrays(v, a, b);
                    before.extend(moves.0);
                    in_then.extend(moves.1);
                    in_els.extend(moves.2);
                }
                Ty::Tape => {
                    let moves = self.join_tapes(v, a, b);
                    before.extend(moves.0);
                    in_then.extend(moves.1);
                    in_els.extend(moves.2);
                }
            }
        }
        self.nums.extend(names.iter().map(|(v, name)| (*v, Num::atom(quote!(#name)))));
        let names: Vec<&Ident> = names.iter().map(|(_, name)| name).collect();
        let binding = match names.as_slice() {
            [] => TokenStream::new(),
            [name] => quote!(let #name: #(#types)* =),
            _ => quote!(let (#(#names),*): (#(#types),*) =),
        };
        let (then_value, els_value) = (tuple(&then_values), tuple(&els_values));
        let end = (!names.is_empty()).then(|| quote!(;));
        quote!(#before #binding if #cond { #then_code #in_then #then_value } else { #els_code #in_els #els_value } #end)
    }

    /// Where the array of a branch is: declaration, and what each branch does at its end.
    fn join_arrays(&mut self, v: Value, a: Value, b: Value) -> (TokenStream, TokenStream, TokenStream) {
        let (sa, sb) = (self.arrays[&a], self.arrays[&b]);
        if sa == sb && (!self.slots[sa].mutable || (self.is_dead(a) && self.is_dead(b))) {
            self.arrays.insert(v, sa);
            return Default::default();
        }
        let (from_a, from_b) = (self.array(a), self.array(b));
        let (decl, name) = self.allocate(v);
        let copy = |from: Ident| quote!(#name.copy_from_slice(&#from[..]););
        (decl, copy(from_a), copy(from_b))
    }

    fn join_tapes(&mut self, v: Value, a: Value, b: Value) -> (TokenStream, TokenStream, TokenStream) {
        let (a, b) = (self.tapes[&a].clone(), self.tapes[&b].clone());
        if a == b {
            self.tapes.insert(v, a);
            return Default::default();
        }
        let decl = self.new_tape(v);
        let name = self.tapes[&v].clone();
        (decl, quote!(::core::mem::swap(#name, #a);), quote!(::core::mem::swap(#name, #b);))
    }

    /// `for k in 0..trip { .. }`.
    pub(super) fn for_loop(
        &mut self,
        inst: &Inst,
        trip: Extent,
        rev: bool,
        init: &[Value],
        body: &'f Block,
    ) -> TokenStream {
        let start = self.start(init, &body.params[1..], &[body]);
        let end = self.len(trip);
        let k = self.loop_index(body.params[0], trip);
        let (before, after) = self.strip(body, (&k, &end, rev));
        let code = self.enter(body, true);
        let carry = self.carry(&body.params[1..], &body.results);
        self.leave();
        self.finish(&inst.results, &body.params[1..]);
        let range = if rev { quote!((0..#end).rev()) } else { quote!(0..#end) };
        quote!(#start #before for #k in #range { #code #carry } #after)
    }

    /// A name for a loop's index, which stays below an extent.
    pub(super) fn loop_index(&mut self, v: Value, extent: Extent) -> Ident {
        let name = self.names.fresh(self.source_name(v), "i");
        self.nums.insert(v, Num::index(quote!(#name)));
        self.bounds.insert(v, extent);
        name
    }

    /// `while cond { .. }`.
    pub(super) fn while_loop(
        &mut self,
        inst: &Inst,
        init: &[Value],
        cond: &'f Block,
        body: &'f Block,
    ) -> TokenStream {
        let start = self.start(init, &body.params, &[cond, body]);
        for (&c, &p) in cond.params.iter().zip(&body.params) {
            match self.ty(p) {
                Ty::Scalar(_) => drop(self.nums.insert(c, self.num(p).clone())),
                Ty::Array(..) => self.bind_array(c, self.array(p), false),
                Ty::Tape => drop(self.tapes.insert(c, self.tapes[&p].clone())),
            }
        }
        let test = self.enter(cond, true);
        let holds = self.value(cond.results[0]);
        self.leave();
        let code = self.enter(body, true);
        let carry = self.carry(&body.params, &body.results);
        self.leave();
        self.finish(&inst.results, &body.params);
        let test = if test.is_empty() { holds } else { quote!({ #test #holds }) };
        quote!(#start while #test { #code #carry })
    }

    /// Declares what a loop carries, with the initial values.
    fn start(&mut self, init: &[Value], params: &[Value], blocks: &[&Block]) -> TokenStream {
        let mut out = TokenStream::new();
        for (&from, &p) in init.iter().zip(params) {
            match self.ty(p) {
                Ty::Scalar(elem) => {
                    let (value, ty) = (self.value(from), scalar::ty(*elem));
                    let name = self.names.fresh(self.source_name(p), "t");
                    self.nums.insert(p, Num::atom(quote!(#name)));
                    out.extend(quote!(let mut #name: #ty = #value;));
                }
                Ty::Array(..) => out.extend(self.take_for(p, from, init, blocks)),
                Ty::Tape => drop(self.tapes.insert(p, self.tapes[&from].clone())),
            }
        }
        out
    }

    /// As `take`, for an initial value of a loop: the loop may not read it otherwise.
    pub(super) fn take_for(
        &mut self,
        p: Value,
        from: Value,
        init: &[Value],
        blocks: &[&Block],
    ) -> TokenStream {
        let shared = init.iter().filter(|&&v| v == from).count() > 1 || blocks.iter().any(|b| reads(b, from));
        if !shared {
            return self.take(p, from);
        }
        let old = self.array(from);
        let (decl, name) = self.allocate(p);
        quote!(#decl #name.copy_from_slice(&#old[..]);)
    }

    /// Hands the results of an iteration to the next one.
    fn carry(&mut self, params: &[Value], results: &[Value]) -> TokenStream {
        let mut out = self.carry_arrays(params, results);
        let (mut to, mut from) = (vec![], vec![]);
        for (&p, &r) in params.iter().zip(results) {
            match self.ty(p) {
                Ty::Scalar(_) => {
                    let (target, value) = (self.value(p), self.value(r));
                    if target.to_string() != value.to_string() {
                        to.push(target);
                        from.push(value);
                    }
                }
                Ty::Tape if self.tapes[&p] != self.tapes[&r] => {
                    let (p, r) = (&self.tapes[&p], &self.tapes[&r]);
                    out.extend(quote!(::core::mem::swap(#p, #r);));
                }
                _ => {}
            }
        }
        if !to.is_empty() {
            let (to, from) = (tuple(&to), tuple(&from));
            out.extend(quote!(#to = #from;));
        }
        out
    }

    fn carry_arrays(&mut self, params: &[Value], results: &[Value]) -> TokenStream {
        let pairs = params.iter().zip(results).filter(|(p, _)| self.ty(**p).is_array());
        let moves: Vec<(usize, usize)> =
            pairs.map(|(p, r)| (self.arrays[p], self.arrays[r])).filter(|(p, r)| p != r).collect();
        let (mut saved, mut copies) = (TokenStream::new(), TokenStream::new());
        for &(to, from) in &moves {
            let (target, mut source) = (self.slots[to].name.clone(), self.slots[from].name.clone());
            if moves.iter().any(|&(other, _)| other == from) {
                // It is overwritten itself: what is carried changes places.
                let copy = self.names.fresh(&source.to_string(), "h");
                saved.extend(quote!(let #copy = #source.to_vec();));
                source = copy;
            }
            copies.extend(quote!(#target.copy_from_slice(&#source[..]);));
        }
        quote!(#saved #copies)
    }

    /// The results of a loop are what it carried last.
    fn finish(&mut self, results: &[Value], params: &[Value]) {
        for (&r, &p) in results.iter().zip(params) {
            match self.ty(r) {
                Ty::Scalar(_) => drop(self.nums.insert(r, self.num(p).clone())),
                Ty::Array(..) => drop(self.arrays.insert(r, self.arrays[&p])),
                Ty::Tape => drop(self.tapes.insert(r, self.tapes[&p].clone())),
            }
        }
    }
}

/// `a`, or `(a, b)`; nothing of nothing.
pub(super) fn tuple(parts: &[TokenStream]) -> TokenStream {
    match parts {
        [] => TokenStream::new(),
        [one] => one.clone(),
        _ => quote!((#(#parts),*)),
    }
}
