//! A nest as a type that the runtime launches.

use proc_macro2::{Ident, TokenStream, TokenTree};
use pullback_kernels::ir::{Extent, Inst, Nest, Out, Ty, Value, free_values};
use quote::{format_ident, quote};

use super::code::{Code, Site};
use super::loops::tuple;
use super::names::Names;
use super::nest::flat_position;
use super::plan::{Mode, Plan};
use super::reduce;
use super::run::{Accumulator, Run, Store, Sum};
use super::scalar::{self, Num};

/// A field of a nest: what it captures.
struct Capture {
    name: Ident,
    ty: TokenStream,
    init: TokenStream,
    array: bool,
}

/// The function `at`: one iteration.
struct At {
    /// Its definition.
    code: TokenStream,
    /// The indices that it takes.
    indices: Vec<bool>,
    /// Whether it takes `NEAR` and `__far`.
    near: bool,
    /// The type of the arrays and tapes that it works with.
    scratch: Option<(Ident, TokenStream)>,
}

impl<'f> Code<'f, '_> {
    /// Defines the type of a nest and launches it.
    pub(super) fn launch(&mut self, inst: &'f Inst, nest: &'f Nest) -> TokenStream {
        let plan = Plan::of(self.func, nest);
        let mut before = self.take_accumulators(nest);
        let accs = nest.accs.len();
        for (&v, out) in inst.results[accs..].iter().zip(&nest.outs) {
            if *out == Out::Build {
                before.extend(self.allocate(v).0);
            }
        }
        let name = self.items.next_nest();
        let captures = self.define(&name, inst, nest, &plan);
        let fields =
            captures.iter().map(
                |Capture { name, init, .. }| {
                    if *name == init.to_string() { quote!(#name) } else { quote!(#name: #init) }
                },
            );
        let outer = if plan.rows { &nest.domain[..nest.domain.len() - 1] } else { &nest.domain[..] };
        let (len, stores) = (self.volume(outer), self.stores(inst, nest, &plan));
        let call = quote!(::pullback::cpu::launch(&#name { #(#fields),* }, #len, #stores));
        let after = self.bind_sums(inst, nest, &call);
        quote!(#before #after)
    }

    /// What the nest writes, as the host program hands it over.
    fn stores(&self, inst: &Inst, nest: &Nest, plan: &Plan) -> TokenStream {
        let (accs, mut parts) = (nest.accs.len(), Vec::new());
        for (&v, _) in inst.results[accs..].iter().zip(&nest.outs).filter(|(_, o)| **o == Out::Build) {
            let array = self.array(v);
            let width = nest.domain.last().map(|&e| self.len(e));
            parts.push(match width {
                Some(width) if plan.rows => {
                    quote!(::pullback::cpu::Rows { data: &mut #array[..], width: #width })
                }
                _ => quote!(&mut #array[..]),
            });
        }
        for &p in &nest.body.params[nest.domain.len()..] {
            let array = self.array(p);
            parts.push(quote!(::pullback::cpu::Whole(&mut #array[..])));
        }
        if parts.is_empty() { quote!(()) } else { quote!((#(#parts,)*)) }
    }

    /// Binds the results of a launch.
    fn bind_sums(&mut self, inst: &Inst, nest: &Nest, call: &TokenStream) -> TokenStream {
        let accs = nest.accs.len();
        for (&v, &p) in inst.results.iter().zip(&nest.body.params[nest.domain.len()..]) {
            self.arrays.insert(v, self.arrays[&p]);
        }
        let (mut names, mut found) = (Vec::new(), TokenStream::new());
        for (&v, out) in inst.results[accs..].iter().zip(&nest.outs) {
            let Out::Fold(how) = out else { continue };
            let name = self.names.fresh(self.source_name(v), "sum");
            if reduce::wants_position(*how) {
                found.extend(self.let_num(v, &reduce::finish(*how, &quote!(#name))));
            } else {
                self.nums.insert(v, Num::atom(quote!(#name)));
            }
            names.push(quote!(#name));
        }
        if names.is_empty() {
            return quote!(#call;);
        }
        let names = tuple(&names);
        quote!(let #names = #call; #found)
    }

    /// Defines the type of a nest; returns what it captures.
    fn define(&mut self, name: &Ident, inst: &'f Inst, nest: &'f Nest, plan: &Plan) -> Vec<Capture> {
        let captured = self.captured(nest, plan.rows);
        let literals: Vec<(Value, Num)> = captured
            .iter()
            .filter(|v| self.literals.contains(v))
            .map(|&v| (v, self.num(v).clone()))
            .collect();
        let mut fields = Names::new();
        let host: Vec<(Value, Capture)> = captured
            .iter()
            .filter(|v| !self.literals.contains(v))
            .map(|&v| (v, self.capture(v, &mut fields)))
            .collect();
        let captured: Vec<Ident> = host.iter().map(|(_, c)| c.name.clone()).collect();
        let mut inner = self.inside(fields.clone(), &literals, &host);
        let mut run = inner.describe_run(inst, nest, plan);
        let at = inner.at(name, nest, plan, &mut run, &captured);
        run.indices = at.indices;
        run.near = at.near;
        let scratch = at.scratch.map(|(ty, definition)| {
            run.scratch = Some(ty);
            definition
        });
        let mut functions = at.code;
        if let (Some(stages), Some(staged)) = (&plan.stages, &mut run.staged) {
            functions.extend(self.inside(fields, &literals, &host).gather(nest, stages, staged, &captured));
        }
        let loop_code = run.code(plan);
        let mut captures: Vec<Capture> = host.into_iter().map(|(_, c)| c).collect();
        captures.retain(|c| mentions(&functions, &c.name) || mentions(&loop_code, &c.name));
        let definition = definition(name, &captures, &functions, &loop_code);
        let words = self.describe(name, nest, plan, &run);
        self.items.nests.extend(quote!(#scratch #definition));
        self.items.loops.push_str(&words);
        captures
    }

    /// What prints the code of an iteration, where captures are variables.
    fn inside(&mut self, names: Names, literals: &[(Value, Num)], host: &[(Value, Capture)]) -> Code<'f, '_> {
        let mut inner = Code::new(self.func, self.uses, self.items, Site::Iteration);
        inner.names = names;
        inner.nums.extend(literals.iter().cloned());
        for (v, capture) in host {
            let field = &capture.name;
            if capture.array {
                inner.bind_array(*v, field.clone(), false);
            } else if capture.ty.to_string() == "usize" {
                inner.nums.insert(*v, Num::index(quote!(#field)));
            } else {
                inner.nums.insert(*v, Num::atom(quote!(#field)));
            }
        }
        inner
    }

    /// A nest in words, with the bytes that an iteration moves.
    fn describe(&self, name: &Ident, nest: &Nest, plan: &Plan, run: &Run) -> String {
        let size = |v: Value| scalar::bytes(self.elem(v));
        let streams = plan.loads.iter().filter(|l| l.every).map(|l| size(l.array));
        let written = run.stores.iter().map(|s| scalar::bytes(s.elem));
        let bytes: usize = streams.chain(written).sum();
        let axes: Vec<String> = nest.domain.iter().map(|&e| self.len(e).to_string()).collect();
        let reads: Vec<String> = run.loads.iter().map(|(array, ..)| array.to_string()).collect();
        let how = match plan.mode {
            Mode::Plain => "one iteration after another".to_string(),
            Mode::Map => "lanes as the compiler finds them".to_string(),
            Mode::Lanes => format!(
                "lanes: {} baseline, {} AVX2, {} AVX-512{}",
                plan.lanes[0],
                plan.lanes[1],
                plan.lanes[2],
                if plan.stages.is_some() { ", reads and additions at computed places apart" } else { "" }
            ),
        };
        let (folds, writes) = (run.sums.len(), run.stores.len() + run.accumulators.len());
        format!(
            "// {name}: {} iterations; streams [{}]; writes {writes} arrays, reduces {folds} numbers; {bytes} bytes an iteration; {how}\n",
            axes.join(" x "),
            reads.join(", "),
        )
    }

    /// The values that a nest reads from outside, with what its arrays' shapes need.
    fn captured(&self, nest: &Nest, rows: bool) -> Vec<Value> {
        let mut found = free_values(&self.func.values, &nest.body);
        let mut k = 0;
        let extents = |shape: &[Extent]| {
            shape
                .iter()
                .filter_map(|e| if let Extent::Value(v) = e { Some(*v) } else { None })
                .collect::<Vec<_>>()
        };
        let inner = if rows { &nest.domain[1..] } else { &[] };
        found.extend(extents(inner));
        while k < found.len() {
            if let Ty::Array(_, shape) = self.ty(found[k])
                && shape.len() > 1
            {
                found.extend(extents(shape));
            }
            k += 1;
        }
        let mut seen = std::collections::HashSet::new();
        found.retain(|v| seen.insert(*v));
        found.sort_by_key(|&v| self.ty(v).is_array());
        found
    }

    fn capture(&self, v: Value, names: &mut Names) -> Capture {
        let elem = scalar::ty(self.elem(v));
        if self.ty(v).is_array() {
            let (array, slot) = (self.array(v), self.slot(v));
            let name = names.fresh(&array.to_string(), "x");
            let init = if slot.mutable { quote!(&#array[..]) } else { quote!(#array) };
            return Capture { name, ty: quote!(&'a [#elem]), init, array: true };
        }
        let num = self.num(v);
        let wanted = if num.depth == 0 { num.tokens.to_string() } else { String::new() };
        let name = names.fresh(&wanted, "c");
        let ty = if num.index { quote!(usize) } else { elem };
        Capture { name, ty, init: num.tokens.clone(), array: false }
    }

    /// What `run` needs to know of the nest.
    fn describe_run(&mut self, inst: &Inst, nest: &'f Nest, plan: &Plan) -> Run {
        let (accs, rank) = (nest.accs.len(), nest.domain.len());
        let mut run = Run {
            loads: plan.loads.iter().map(|l| (self.array(l.array), l.every, l.exact)).collect(),
            lens: nest.domain.iter().map(|&e| self.outside_len(e)).collect(),
            ..Run::default()
        };
        for ((&v, &r), out) in inst.results[accs..].iter().zip(&nest.body.results[accs..]).zip(&nest.outs) {
            let elem = self.elem(r);
            match out {
                Out::Build => run
                    .stores
                    .push(Store { name: self.names.fresh(unless_index(self.source_name(v)), "out"), elem }),
                Out::Fold(how) => {
                    run.sums.push(Sum {
                        name: self.names.fresh(unless_index(self.source_name(v)), "sum"),
                        how: *how,
                        elem,
                    });
                }
            }
        }
        for &p in &nest.body.params[rank..] {
            let name = self.names.fresh(unless_index(self.source_name(p)), "acc");
            self.bind_array(p, name.clone(), true);
            run.accumulators.push(Accumulator { name, elem: self.elem(p) });
        }
        run
    }

    /// An extent as `run` writes it, where captures are fields.
    fn outside_len(&self, e: Extent) -> TokenStream {
        match e {
            Extent::Value(v) => match self.nums.get(&v) {
                Some(num) if num.tokens.to_string().starts_with(char::is_numeric) => self.len(e),
                Some(num) if num.index => {
                    let field = &num.tokens;
                    quote!(self.#field)
                }
                Some(num) => {
                    let field = &num.tokens;
                    quote!(::pullback::cpu::extent(self.#field))
                }
                None => TokenStream::new(), // the outer axis: `run` gets a range of it
            },
            constant => self.len(constant),
        }
    }

    /// The function that is one iteration.
    fn at(&mut self, name: &Ident, nest: &'f Nest, plan: &Plan, run: &mut Run, captured: &[Ident]) -> At {
        let rank = nest.domain.len();
        let indices: Vec<Ident> =
            nest.body.params.iter().zip(&nest.domain).map(|(&v, &e)| self.loop_index(v, e)).collect();
        let mut loads = Vec::new();
        for load in &plan.loads {
            let array = self.array(load.array).to_string();
            let source = self.source_name(load.element);
            let name = self.names.fresh(if source.is_empty() { &array } else { source }, "x");
            self.nums.insert(load.element, Num::atom(quote!(#name)));
            let ty = scalar::ty(self.elem(load.element));
            loads.push(quote!(#name: #ty));
        }
        if let Some(stages) = &plan.stages {
            loads.extend(self.bind_stages(stages, run));
        }
        self.note_products(nest);
        let body = self.enter(&nest.body, true);
        let (copies, results) = self.yielded(nest, run, &indices, plan);
        self.leave();
        let mentioned =
            |name: &Ident| mentions(&body, name) || mentions(&copies, name) || mentions(&results, name);
        let used: Vec<bool> = if rank > 1 && !plan.rows {
            // All axes in one: the only index is the position.
            vec![mentioned(&indices[0])]
        } else {
            indices.iter().map(mentioned).collect()
        };
        let index_params = indices.iter().zip(&used).filter(|(_, u)| **u).map(|(i, _)| quote!(#i: usize));
        let accs = run.accumulators.iter().filter(|_| plan.stages.is_none()).map(|a| {
            let (name, ty) = (&a.name, scalar::ty(a.elem));
            quote!(#name: &mut [#ty])
        });
        let sums = run.sums.iter().map(|s| {
            let (name, ty) = (&s.name, s.ty());
            quote!(#name: #ty)
        });
        let fields: Vec<&Ident> = captured.iter().filter(|n| mentioned(n)).collect();
        let open = (!fields.is_empty()).then(|| quote!(let Self { #(#fields,)* .. } = *self;));
        let near = mentioned(&format_ident!("NEAR"));
        let far = near.then(|| quote!(__far: &mut bool));
        let scratch = self.items.define_scratch(name);
        let room = scratch.as_ref().map(|(ty, _)| quote!(__scratch: &mut #ty));
        let params = index_params.chain(loads).chain(accs).chain(sums).chain(far).chain(room);
        let near_param = near.then(|| quote!(, const NEAR: bool));
        let ret = run.result_type();
        let code = quote! {
            #[inline(always)]
            fn at<const FMA: bool #near_param>(&self, #(#params),*) #ret {
                #open
                #body
                #copies
                #results
            }
        };
        At { code, indices: used, near, scratch }
    }

    /// What an iteration returns: the numbers to store, then the sums; and what must be copied first.
    fn yielded(
        &mut self,
        nest: &Nest,
        run: &Run,
        indices: &[Ident],
        plan: &Plan,
    ) -> (TokenStream, TokenStream) {
        let accs = nest.accs.len();
        let mut copies = TokenStream::new();
        let accumulators = run.accumulators.iter().filter(|_| plan.stages.is_none());
        for (acc, &r) in accumulators.zip(&nest.body.results) {
            let (to, from) = (&acc.name, self.array(r));
            if *to != from {
                copies.extend(quote!(#to.copy_from_slice(&#from[..]);));
            }
        }
        let lens: Vec<TokenStream> = nest.domain.iter().map(|&e| self.position_len(e)).collect();
        let flat = match indices.first() {
            Some(first) if !plan.rows => quote!(#first),
            _ => flat_position(indices, &lens),
        };
        // As `run` assigns them: first what is stored, then what is summed.
        let (mut parts, mut folded, mut sums) = (Vec::new(), Vec::new(), run.sums.iter());
        for (&r, out) in nest.body.results[accs..].iter().zip(&nest.outs) {
            match out {
                Out::Build => parts.push(self.value(r)),
                Out::Fold(how) => {
                    let sum = &sums.next().expect("a sum per fold").name;
                    folded.push(self.folded_into(&quote!(#sum), r, *how, &flat));
                }
            }
        }
        parts.extend(plan.stages.iter().flat_map(|s| &s.scatters).map(|s| self.value(s.value)));
        parts.extend(folded);
        (copies, tuple(&parts))
    }

    /// An extent in a position; that of the outermost axis is never written.
    fn position_len(&self, e: Extent) -> TokenStream {
        match e {
            Extent::Value(v) if !self.nums.contains_key(&v) => TokenStream::new(),
            e => self.len(e),
        }
    }
}

/// The definition of a nest.
fn definition(name: &Ident, captures: &[Capture], at: &TokenStream, run: &TokenStream) -> TokenStream {
    let fields = captures.iter().map(|Capture { name, ty, .. }| quote!(#name: #ty));
    let borrows = captures.iter().any(|c| c.array);
    let (generics, elided) = if borrows { (quote!(<'a>), quote!(<'_>)) } else { Default::default() };
    quote! {
        struct #name #generics { #(#fields),* }

        impl #name #elided {
            #at
        }

        impl ::pullback::cpu::Nest for #name #elided {
            #run
        }
    }
}

/// Whether tokens contain a name.
pub(super) fn mentions(tokens: &TokenStream, name: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        _ => false,
    })
}

/// A source name that `run` does not use for its own index.
fn unless_index(name: &str) -> &str {
    if name == "i" { "" } else { name }
}
