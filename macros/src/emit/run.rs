//! The loop of a nest: its `run`.

use proc_macro2::{Ident, Literal, TokenStream};
use pullback_kernels::ir::{Lit, Reduce, Scalar};
use quote::{format_ident, quote};

use super::loops::tuple;
use super::plan::{Mode, Plan};
use super::{reduce, scalar};

/// An array that iterations write an element of each.
pub(super) struct Store {
    pub(super) name: Ident,
    pub(super) elem: Scalar,
}

/// An array that iterations add to.
pub(super) struct Accumulator {
    pub(super) name: Ident,
    pub(super) elem: Scalar,
}

/// A reduction.
pub(super) struct Sum {
    pub(super) name: Ident,
    pub(super) how: Reduce,
    pub(super) elem: Scalar,
}

impl Sum {
    /// The type of what it accumulates.
    pub(super) fn ty(&self) -> TokenStream {
        reduce::ty(self.how, self.elem)
    }

    fn init(&self) -> TokenStream {
        reduce::init(self.how, self.elem)
    }
}

/// What `run` needs to know of a nest.
#[derive(Default)]
pub(super) struct Run {
    /// The fields that are read along the innermost axis, whether each row has its own elements, and whether the field is
    /// certainly as long as the axis.
    pub(super) loads: Vec<(Ident, bool, bool)>,
    /// The lengths of the axes; nothing for an outermost one.
    pub(super) lens: Vec<TokenStream>,
    pub(super) stores: Vec<Store>,
    pub(super) accumulators: Vec<Accumulator>,
    pub(super) sums: Vec<Sum>,
    /// Which indices one iteration takes.
    pub(super) indices: Vec<bool>,
    /// Whether an iteration may find that it needs more time than lanes have: it takes `NEAR` and notes it in `__far`.
    pub(super) near: bool,
    /// The type of what an iteration works with, if it needs arrays or tapes.
    pub(super) scratch: Option<Ident>,
    /// What a block of lanes reads before its arithmetic, and adds after it.
    pub(super) staged: Option<Staged>,
}

/// What stands apart from the arithmetic of a block of lanes.
#[derive(Default)]
pub(super) struct Staged {
    /// Which indices `gather` takes.
    pub(super) indices: Vec<bool>,
    /// What `gather` returns first: elements.
    pub(super) gathered: Vec<(Ident, Scalar)>,
    /// For each place that it returns then: the accumulator, the name of the place and that of what is added there.
    pub(super) scatters: Vec<(Ident, Ident, Ident, Scalar)>,
}

/// A part of a loop over several things at once: pattern and iterator.
type Part = (TokenStream, TokenStream);

impl Run {
    /// ` -> type`: what one iteration returns.
    pub(super) fn result_type(&self) -> TokenStream {
        let stores = self.stores.iter().map(|s| scalar::ty(s.elem));
        let added = self.staged.iter().flat_map(|s| &s.scatters).map(|(.., elem)| scalar::ty(*elem));
        let types: Vec<TokenStream> = stores.chain(added).chain(self.sums.iter().map(Sum::ty)).collect();
        if types.is_empty() {
            return TokenStream::new();
        }
        let ty = tuple(&types);
        quote!(-> #ty)
    }

    /// The items of `impl Nest`.
    pub(super) fn code(&self, plan: &Plan) -> TokenStream {
        let [base, v3, v4] = plan.lanes.map(Literal::usize_unsuffixed);
        let cost = Literal::usize_unsuffixed(plan.cost);
        let sums: Vec<TokenStream> = self.sums.iter().map(Sum::ty).collect();
        let sums = if sums.is_empty() { quote!(()) } else { tuple(&sums) };
        let (store_types, store_pattern) = self.stores_signature(plan);
        let serial = (!self.accumulators.is_empty()).then(|| {
            quote!(
                const SERIAL: bool = true;
            )
        });
        let width = plan.rows.then(|| {
            let width = self.lens.last();
            quote! {
                #[inline]
                fn width(&self) -> usize {
                    #width
                }
            }
        });
        let (body, combine) = (self.body(plan), self.combine());
        quote! {
            type Sums = #sums;
            type Stores<'s> = #store_types;
            type Lanes = ::pullback::cpu::Lanes<#base, #v3, #v4>;
            const COST: usize = #cost;
            #serial
            #width
            #[inline(always)]
            fn run<const FMA: bool, const L: usize>(
                &self,
                range: ::core::ops::Range<usize>,
                #store_pattern: Self::Stores<'_>,
            ) -> Self::Sums {
                #body
            }
            #combine
        }
    }

    fn stores_signature(&self, plan: &Plan) -> (TokenStream, TokenStream) {
        let (mut types, mut patterns) = (Vec::new(), Vec::new());
        for Store { name, elem } in &self.stores {
            let ty = scalar::ty(*elem);
            if plan.rows {
                types.push(quote!(::pullback::cpu::Rows<'s, #ty>));
                patterns.push(quote!(::pullback::cpu::Rows { data: #name, .. }));
            } else {
                types.push(quote!(&'s mut [#ty]));
                patterns.push(quote!(#name));
            }
        }
        for Accumulator { name, elem } in &self.accumulators {
            let ty = scalar::ty(*elem);
            types.push(quote!(::pullback::cpu::Whole<'s, #ty>));
            patterns.push(quote!(::pullback::cpu::Whole(#name)));
        }
        if types.is_empty() {
            (quote!(()), quote!(()))
        } else {
            (quote!((#(#types,)*)), quote!((#(#patterns,)*)))
        }
    }

    fn combine(&self) -> TokenStream {
        let parts: Vec<TokenStream> = self
            .sums
            .iter()
            .enumerate()
            .map(|(k, s)| {
                let k = Literal::usize_unsuffixed(k);
                let (a, b) = if self.sums.len() == 1 {
                    (quote!(left), quote!(right))
                } else {
                    (quote!(left.#k), quote!(right.#k))
                };
                reduce::merge(s.how, s.elem, &a, &b)
            })
            .collect();
        let names =
            if parts.is_empty() { (quote!(_left), quote!(_right)) } else { (quote!(left), quote!(right)) };
        let ((left, right), parts) = (names, tuple(&parts));
        quote! {
            #[inline(always)]
            fn combine(#left: Self::Sums, #right: Self::Sums) -> Self::Sums {
                #parts
            }
        }
    }

    fn body(&self, plan: &Plan) -> TokenStream {
        let lanes = plan.mode == Mode::Lanes;
        let starts = self.sums.iter().map(|s| {
            let (name, ty, init) = (&s.name, s.ty(), s.init());
            if lanes {
                quote!(let mut #name: [#ty; L] = [#init; L];)
            } else {
                quote!(let mut #name: #ty = #init;)
            }
        });
        let ends: Vec<TokenStream> = self
            .sums
            .iter()
            .map(|s| {
                let name = &s.name;
                if lanes { reduce::lanes(s.how, s.elem, &quote!(#name)) } else { quote!(#name) }
            })
            .collect();
        let (code, ends) = (if plan.rows { self.rows(plan) } else { self.whole(plan) }, tuple(&ends));
        let scratch = self
            .scratch
            .as_ref()
            .map(|ty| quote!(let mut __scratch = <#ty as ::core::default::Default>::default();));
        let pass = quote!(#scratch #(#starts)* #code);
        match self.near {
            true if self.staged.is_some() => quote!(let mut __far = false; #pass #ends),
            true => self.twice(plan, &pass, &ends),
            false => quote!(#pass #ends),
        }
    }

    /// A pass for usual arguments, and where it met others, once more from the start for all.
    fn twice(&self, plan: &Plan, pass: &TokenStream, ends: &TokenStream) -> TokenStream {
        let done = if self.sums.is_empty() { quote!(return;) } else { quote!(return #ends;) };
        let first = (plan.mode != Mode::Plain).then(|| {
            quote!({
                const NEAR: bool = true;
                let range = range.clone();
                #pass
                if !__far {
                    #done
                }
            })
        });
        quote! {
            let mut __far = false;
            #first
            const NEAR: bool = false;
            #pass
            #ends
        }
    }

    /// All axes in one.
    fn whole(&self, plan: &Plan) -> TokenStream {
        if plan.mode == Mode::Plain {
            return self.plain(&quote!(range), &quote!(i - start), true);
        }
        let slices = self.loads.iter().map(|(name, _, exact)| match exact {
            true => quote!(let #name = &self.#name[range.clone()];),
            false => quote!(let #name = ::pullback::cpu::part(self.#name, range.clone());),
        });
        let start = self.counts_blocks().then(|| quote!(let start = range.start;));
        let index = vec![quote!(start)];
        let inner =
            if plan.mode == Mode::Map { self.map(&index) } else { self.lanes(&index, &quote!(range.len())) };
        quote!(#start #(#slices)* #inner)
    }

    /// An outer loop over rows, inside which the innermost axis runs.
    fn rows(&self, plan: &Plan) -> TokenStream {
        let rank = self.lens.len();
        let width = &self.lens[rank - 1];
        let outer = self.outer_indices();
        let row_of = (!self.stores.is_empty()).then(|| quote!(let start = range.start;));
        if plan.mode == Mode::Plain {
            let inner = self.plain(&quote!(0..width), &quote!((row - start) * width + i), false);
            return quote!(let width = #width; #row_of for row in range { #outer #inner });
        }
        let slices = self.loads.iter().map(|(name, every, exact)| {
            if *every {
                quote!(let #name = &self.#name[row * width..][..width];)
            } else if *exact {
                quote!(let #name = &self.#name[..width];)
            } else {
                quote!(let #name = ::pullback::cpu::part(self.#name, 0..width);)
            }
        });
        let stores = self
            .stores
            .iter()
            .map(|Store { name, .. }| quote!(let #name = &mut #name[(row - start) * width..][..width];));
        let mut index: Vec<TokenStream> = (0..rank - 1).map(|k| axis(k, rank)).collect();
        index.push(quote!(0));
        let inner =
            if plan.mode == Mode::Map { self.map(&index) } else { self.lanes(&index, &quote!(width)) };
        quote! {
            let width = #width;
            #row_of
            for row in range {
                #outer
                #(#slices)*
                #(#stores)*
                #inner
            }
        }
    }

    /// The outer indices from the number of the row.
    fn outer_indices(&self) -> TokenStream {
        let outer = self.lens.len() - 1;
        if outer == 1 {
            return TokenStream::new();
        }
        let mut code = quote!(let rest = row;);
        for k in (1..outer).rev() {
            let (name, n) = (format_ident!("i{k}"), &self.lens[k]);
            code.extend(quote!(let #name = rest % (#n); let rest = rest / (#n);));
        }
        quote!(#code let i0 = rest;)
    }

    /// One iteration after another.
    fn plain(&self, over: &TokenStream, position: &TokenStream, whole: bool) -> TokenStream {
        let rank = self.lens.len();
        let index: Vec<TokenStream> =
            (0..self.indices.len()).map(|k| if k + 1 == rank { quote!(i) } else { axis(k, rank) }).collect();
        let targets = self.stores.iter().map(|Store { name, .. }| quote!(#name[#position]));
        let sums: Vec<TokenStream> = self.names_of_sums();
        let targets: Vec<TokenStream> = targets.chain(sums.iter().cloned()).collect();
        let step = self.call(&index, &[], &sums, &targets);
        let start = (whole && !self.stores.is_empty()).then(|| quote!(let start = range.start;));
        quote!(#start for i in #over { #step })
    }

    fn names_of_sums(&self) -> Vec<TokenStream> {
        self.sums.iter().map(|Sum { name, .. }| quote!(#name)).collect()
    }

    /// `targets = self.at(..)`.
    pub(super) fn call(
        &self,
        index: &[TokenStream],
        loads: &[TokenStream],
        sums: &[TokenStream],
        targets: &[TokenStream],
    ) -> TokenStream {
        let index = index.iter().zip(&self.indices).filter(|(_, used)| **used).map(|(i, _)| i);
        let accs = self.accumulators.iter().filter(|_| self.staged.is_none());
        let accs = accs.map(|Accumulator { name, .. }| quote!(#name));
        let far = self.near.then(|| quote!(&mut __far));
        let scratch = self.scratch.is_some().then(|| quote!(&mut __scratch));
        let args: Vec<TokenStream> = index
            .cloned()
            .chain(loads.iter().cloned())
            .chain(accs)
            .chain(sums.iter().cloned())
            .chain(far)
            .chain(scratch)
            .collect();
        let near = self.near.then(|| quote!(, NEAR));
        let call = quote!(self.at::<FMA #near>(#(#args),*));
        if targets.is_empty() {
            return quote!(#call;);
        }
        let targets = tuple(targets);
        quote!(#targets = #call;)
    }

    /// One array from others.
    fn map(&self, start: &[TokenStream]) -> TokenStream {
        let out = &self.stores[0].name;
        let mut parts: Vec<Part> = vec![(quote!(#out), quote!(#out.iter_mut()))];
        parts.extend(self.loads.iter().map(|(name, ..)| (quote!(&#name), quote!(#name))));
        let (pattern, iterator) = zip(&parts);
        let loads: Vec<TokenStream> = self.loads.iter().map(|(name, ..)| quote!(#name)).collect();
        let step = self.call(&advance(start, &quote!(l)), &loads, &[], &[quote!(*#out)]);
        if *self.indices.last().unwrap_or(&false) {
            quote!(for (l, #pattern) in #iterator.enumerate() { #step })
        } else {
            quote!(for #pattern in #iterator { #step })
        }
    }

    /// Blocks of lanes, and what is left over.
    fn lanes(&self, start: &[TokenStream], len: &TokenStream) -> TokenStream {
        let (mut splits, mut blocks, mut tails): (TokenStream, Vec<Part>, Vec<Part>) = Default::default();
        for (name, ..) in &self.loads {
            let tail = format_ident!("{name}_tail");
            splits.extend(quote!(let (#name, #tail) = #name.as_chunks::<L>();));
            blocks.push((quote!(#name), quote!(#name)));
            tails.push((quote!(&#name), quote!(#tail)));
        }
        for Store { name, .. } in &self.stores {
            let (block, tail) = (format_ident!("{name}_block"), format_ident!("{name}_tail"));
            splits.extend(quote!(let (#name, #tail) = #name.as_chunks_mut::<L>();));
            blocks.push((quote!(#block), quote!(#name)));
            tails.push((quote!(#name), quote!(#tail)));
        }
        let main = self.block_loop(start, len, &blocks);
        let rest = self.rest_loop(start, len, &tails);
        quote!(#splits #main #rest)
    }

    fn block_loop(&self, start: &[TokenStream], len: &TokenStream, blocks: &[Part]) -> TokenStream {
        let sums: Vec<TokenStream> = self.sums.iter().map(|Sum { name, .. }| quote!(#name[l])).collect();
        let loads: Vec<TokenStream> = self.loads.iter().map(|(name, ..)| quote!(#name[l])).collect();
        let (mut open, mut close, mut targets) = (TokenStream::new(), TokenStream::new(), Vec::new());
        for Store { name, elem } in &self.stores {
            let (block, zero) = (format_ident!("{name}_block"), scalar::literal(Lit::of(*elem, 0.0)).tokens);
            open.extend(quote!(let mut #name = [#zero; L];));
            close.extend(quote!(*#block = #name;));
            targets.push(quote!(#name[l]));
        }
        targets.extend(sums.iter().cloned());
        let index = advance(start, &quote!(block * L + l));
        let counted = self.counts_blocks();
        let body = match &self.staged {
            Some(staged) => {
                let steps = staged.block(self, &index, (&loads, &sums, &targets));
                quote!(#open #steps #close)
            }
            None => {
                let step = self.call(&index, &loads, &sums, &targets);
                quote!(#open for l in 0..L { #step } #close)
            }
        };
        if blocks.is_empty() {
            return quote!(for block in 0..#len / L { #body });
        }
        let (pattern, iterator) = zip_slices(blocks);
        if counted {
            quote!(for (block, #pattern) in #iterator.enumerate() { #body })
        } else {
            quote!(for #pattern in #iterator { #body })
        }
    }

    /// Whether an iteration asks for the innermost index.
    fn counts_blocks(&self) -> bool {
        let last = |indices: &[bool]| *indices.last().unwrap_or(&false);
        last(&self.indices) || self.staged.as_ref().is_some_and(|s| last(&s.indices))
    }

    fn rest_loop(&self, start: &[TokenStream], len: &TokenStream, tails: &[Part]) -> TokenStream {
        let sums: Vec<TokenStream> = self.sums.iter().map(|Sum { name, .. }| quote!(#name[l])).collect();
        let loads: Vec<TokenStream> = self.loads.iter().map(|(name, ..)| quote!(#name)).collect();
        let stores = self.stores.iter().map(|Store { name, .. }| quote!(*#name));
        let targets: Vec<TokenStream> = stores.chain(sums.iter().cloned()).collect();
        let index = advance(start, &quote!(#len / L * L + l));
        let step = match &self.staged {
            Some(staged) => staged.single(self, &index, (&loads, &sums, &targets)),
            None => self.call(&index, &loads, &sums, &targets),
        };
        if tails.is_empty() {
            return quote!(for l in 0..#len % L { #step });
        }
        let (pattern, iterator) = zip_slices(tails);
        quote!(for (l, #pattern) in #iterator.enumerate() { #step })
    }
}

/// The name of an outer index in `run`.
fn axis(k: usize, rank: usize) -> TokenStream {
    let name = if rank == 2 { format_ident!("row") } else { format_ident!("i{k}") };
    quote!(#name)
}

/// The indices, the last one moved on.
fn advance(start: &[TokenStream], by: &TokenStream) -> Vec<TokenStream> {
    let mut index = start.to_vec();
    if let Some(last) = index.last_mut() {
        *last = if last.to_string() == "0" { by.clone() } else { quote!(#last + #by) };
    }
    index
}

/// Several iterators as one; the first is one already.
fn zip(parts: &[Part]) -> Part {
    let mut parts = parts.iter().cloned();
    let first = parts.next().expect("something to loop over");
    parts.fold(first, |(pattern, iterator), (p, i)| (quote!((#pattern, #p)), quote!(#iterator.zip(#i))))
}

/// Several slices as one iterator.
fn zip_slices(parts: &[Part]) -> Part {
    let mut parts = parts.to_vec();
    let first = parts[0].1.clone();
    parts[0].1 = if parts[0].0.to_string().ends_with("_block") || is_written(&parts[0]) {
        quote!(#first.iter_mut())
    } else {
        quote!(#first.iter())
    };
    zip(&parts)
}

/// Whether a part is a slice that is written: its pattern takes no copy.
fn is_written((pattern, iterator): &Part) -> bool {
    iterator.to_string().ends_with("_tail") && !pattern.to_string().starts_with('&')
}
