//! Branches and sequential loops: they run on the host, whatever they carry.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Block, Extent, Inst, Ty, Value};
use quote::quote;

use super::{Printer, Res};
use crate::emit::uses::reads;

impl<'f> Printer<'f> {
    pub(super) fn branch(
        &mut self,
        inst: &'f Inst,
        cond: Value,
        then: &'f Block,
        els: &'f Block,
    ) -> Res<TokenStream> {
        let cond = self.num(cond);
        let then = self.branch_block(then, &inst.results)?;
        let els = self.branch_block(els, &inst.results)?;
        let types: Vec<TokenStream> = inst.results.iter().map(|&v| self.rust_type(v)).collect();
        let names: Vec<Ident> = inst.results.iter().map(|&v| self.fresh(v, "t")).collect();
        inst.results.iter().zip(&names).for_each(|(&v, name)| self.define(v, name));
        Ok(quote!(let (#(#names,)*): (#(#types,)*) = if #cond { #then } else { #els };))
    }

    fn branch_block(&mut self, block: &'f Block, to: &[Value]) -> Res<TokenStream> {
        let code = self.enter(block, false)?;
        let pairs = block.results.iter().zip(to);
        let results: Vec<TokenStream> =
            pairs.map(|(&v, &to)| self.handed(v, self.is_resident(to), &block.results)).collect();
        self.leave();
        Ok(quote!(#code (#(#results,)*)))
    }

    pub(super) fn for_loop(
        &mut self,
        inst: &'f Inst,
        trip: Extent,
        rev: bool,
        init: &[Value],
        body: &'f Block,
    ) -> Res<TokenStream> {
        let (start, carried) = self.start(init, &body.params[1..], &[body]);
        let end = self.len(trip);
        let (position, k) = (self.names.fresh("", "k"), self.fresh(body.params[0], "i"));
        self.define(body.params[0], &k);
        let code = self.enter(body, true)?;
        let carry = self.carry(&carried, &body.params[1..], &body.results);
        self.leave();
        self.finish(&inst.results, &carried);
        let range = if rev { quote!((0..#end).rev()) } else { quote!(0..#end) };
        Ok(quote!(#start for #position in #range { let #k = #position as i64; #code #carry }))
    }

    pub(super) fn while_loop(
        &mut self,
        inst: &'f Inst,
        init: &[Value],
        cond: &'f Block,
        body: &'f Block,
    ) -> Res<TokenStream> {
        let (start, carried) = self.start(init, &body.params, &[cond, body]);
        cond.params.iter().zip(&carried).for_each(|(&c, name)| self.define(c, name));
        let test = self.enter(cond, true)?;
        let holds = self.num(cond.results[0]);
        self.leave();
        let code = self.enter(body, true)?;
        let carry = self.carry(&carried, &body.params, &body.results);
        self.leave();
        self.finish(&inst.results, &carried);
        Ok(quote!(#start while { #test #holds } { #code #carry }))
    }

    /// Declares what a loop carries, with the initial values.
    fn start(&mut self, init: &[Value], params: &[Value], blocks: &[&Block]) -> (TokenStream, Vec<Ident>) {
        let mut out = TokenStream::new();
        let mut names = Vec::new();
        for (&from, &p) in init.iter().zip(params) {
            // The loop may read what it starts from as well.
            let (own, resident) = (self.is_resident(from), self.is_resident(p));
            let shared = self.ty(from).is_array() || own && resident;
            let again = shared && blocks.iter().any(|b| reads(b, from));
            let value = if again { self.copied(from) } else { self.handed(from, resident, init) };
            let ty = self.rust_type(p);
            let name = self.fresh(p, "carried");
            out.extend(quote!(let mut #name: #ty = #value;));
            names.push(name);
        }
        params.iter().zip(&names).for_each(|(&p, name)| self.define(p, name));
        (out, names)
    }

    /// Hands the results of an iteration to the next one.
    fn carry(&self, names: &[Ident], params: &[Value], results: &[Value]) -> TokenStream {
        let same = |(&p, &r): (&Value, &Value)| p == r && *self.ty(p) != Ty::Tape;
        let changed: Vec<bool> = params.iter().zip(results).map(|pair| !same(pair)).collect();
        let to = names.iter().zip(&changed).filter(|(_, c)| **c).map(|(name, _)| name);
        let pairs = results.iter().zip(params).zip(&changed).filter(|(_, c)| **c);
        let from = pairs.map(|((&r, &p), _)| self.handed(r, self.is_resident(p), results));
        quote!((#(#to,)*) = (#(#from,)*);)
    }

    /// The results of a loop are what it carried last.
    fn finish(&mut self, results: &[Value], names: &[Ident]) {
        results.iter().zip(names).for_each(|(&r, name)| self.define(r, name));
    }
}
