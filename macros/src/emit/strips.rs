//! The tape of an innermost loop as a slice.
//!
//! A `for` that pushes as many numbers of one type in every iteration takes room for all of them at once, and writes each
//! at its place; one that pops them reads from their places. The tape holds the same in both cases as if the numbers were
//! pushed one by one.

use proc_macro2::{Ident, Literal, TokenStream};
use pullback_kernels::ir::{Block, Kind, Scalar, Ty, Value};
use quote::quote;

use super::code::Code;
use super::scalar;

/// What a loop's body does with its tape.
struct Pattern {
    /// The position of the tape among the carried values.
    slot: usize,
    pops: bool,
    /// How many numbers an iteration pushes or pops.
    count: usize,
    elem: Scalar,
}

/// The numbers of one loop on its tape, for the iteration that is being printed.
#[derive(Clone)]
pub(super) struct Strip {
    name: Ident,
    /// Where the iteration's numbers begin.
    base: TokenStream,
    /// The place of the next number among them.
    at: usize,
    pops: bool,
}

impl Strip {
    /// The place of the next number, and the strip after it.
    fn next(&self) -> (TokenStream, Strip) {
        let Strip { name, base, at, pops } = self;
        let offset = Literal::usize_unsuffixed(*at);
        let place = if *at == 0 { quote!(#name[#base]) } else { quote!(#name[#base + #offset]) };
        let after = if *pops { at.wrapping_sub(1) } else { at + 1 };
        (place, Strip { at: after, ..self.clone() })
    }
}

impl Code<'_, '_> {
    /// Takes the numbers of a loop over `index` below `end` as a slice, if its body lets that be done. Returns what stands
    /// before the loop and after it.
    pub(super) fn strip(
        &mut self,
        body: &Block,
        (index, end, rev): (&Ident, &TokenStream, bool),
    ) -> (TokenStream, TokenStream) {
        let Some(Pattern { slot, pops, count, elem }) = self.pattern(body) else {
            return Default::default();
        };
        let token = body.params[1 + slot];
        let (tape, ty) = (self.tapes[&token].clone(), scalar::ty(elem));
        let [name, len] = ["strip", "iterations"].map(|name| self.names.fresh("", name));
        let times = |n: TokenStream| {
            let each = Literal::usize_unsuffixed(count);
            if count == 1 { n } else { quote!(#n * #each) }
        };
        // In the order of time; what is popped first was pushed last.
        let base = if rev == pops { times(quote!(#index)) } else { times(quote!((#len - 1 - #index))) };
        let all = times(quote!(#len));
        let at = if pops { count - 1 } else { 0 };
        self.strips.insert(token, Strip { name: name.clone(), base, at, pops });
        let (method, end_of) = if pops {
            (quote!(top), quote!(#tape.shrink::<#ty>(#all);))
        } else {
            (quote!(grow), TokenStream::new())
        };
        (quote!(let #len = #end; let #name = #tape.#method::<#ty>(#all);), end_of)
    }

    /// What a body does with its tape, if it is the same numbers in every iteration.
    fn pattern(&self, body: &Block) -> Option<Pattern> {
        let tapes =
            |vs: &[Value]| -> Vec<usize> { (0..vs.len()).filter(|&k| *self.ty(vs[k]) == Ty::Tape).collect() };
        let [slot] = tapes(&body.params[1..])[..] else { return None };
        let mut token = body.params[1 + slot];
        let (mut elems, mut kinds) = (Vec::new(), Vec::new());
        for inst in &body.insts {
            let (tape, value, next, pops) = match &inst.kind {
                Kind::Push { tape, value } => (*tape, *value, inst.results[0], false),
                Kind::Pop { tape } => (*tape, inst.results[1], inst.results[0], true),
                kind if uses_tapes(self, kind) => return None,
                _ => continue,
            };
            let Ty::Scalar(elem) = self.ty(value) else { return None };
            (tape == token).then_some(())?;
            token = next;
            elems.push(*elem);
            kinds.push(pops);
        }
        let same = elems.iter().all(|e| *e == elems[0]) && kinds.iter().all(|k| *k == kinds[0]);
        (!elems.is_empty() && same && body.results[slot] == token).then(|| Pattern {
            slot,
            pops: kinds[0],
            count: elems.len(),
            elem: elems[0],
        })
    }

    /// Writes a number at its place in a strip, if the tape is one.
    pub(super) fn push_to_strip(&mut self, v: Value, tape: Value, value: Value) -> Option<TokenStream> {
        let (place, after) = self.strips.get(&tape)?.next();
        self.strips.insert(v, after);
        let value = self.value(value);
        Some(quote!(#place = #value;))
    }

    /// The place of a number in a strip, if the tape is one.
    pub(super) fn pop_from_strip(&mut self, v: Value, tape: Value) -> Option<TokenStream> {
        let (place, after) = self.strips.get(&tape)?.next();
        self.strips.insert(v, after);
        Some(place)
    }
}

/// Whether an instruction, or one in its blocks, has to do with a tape.
fn uses_tapes(code: &Code<'_, '_>, kind: &Kind) -> bool {
    kind.operands().iter().any(|&v| *code.ty(v) == Ty::Tape)
        || matches!(kind, Kind::Tape)
        || kind.blocks().into_iter().any(|b| b.insts.iter().any(|i| uses_tapes(code, &i.kind)))
}
