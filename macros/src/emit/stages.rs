//! Nests that read or add at computed places, in three stages over a block of lanes: all reads, then all arithmetic, then
//! all additions. The first and the last check their places one by one; what is between them is vectors.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Block, Func, Inst, Kind, Lit, Nest, Scalar, Value};
use quote::quote;

use super::code::Code;
use super::launch::mentions;
use super::loops::tuple;
use super::plan::Load;
use super::run::{Run, Staged};
use super::scalar::{self, Num};

/// Stages are worth it from so much arithmetic for each number that goes through memory, in additions.
const WORTH: usize = 4;

/// How a nest's iteration falls apart.
#[derive(Debug)]
pub(super) struct Stages {
    /// What the first stage computes: places, and the elements there. Some of it may be read along the lanes as well.
    pub(super) front: HashSet<Value>,
    /// What the second stage needs of that, in order.
    pub(super) gathered: Vec<Value>,
    /// What the third stage does, in order.
    pub(super) scatters: Vec<Scatter>,
}

/// An addition to an element of an accumulator.
#[derive(Debug)]
pub(super) struct Scatter {
    /// The position of the accumulator.
    pub(super) acc: usize,
    /// The accumulator before and after it.
    pub(super) array: Value,
    pub(super) result: Value,
    pub(super) at: Vec<Value>,
    pub(super) value: Value,
}

/// The stages of a nest; nothing if its places depend on its arithmetic, or if it is not straight-line code.
pub(super) fn stages(func: &Func, nest: &Nest, loads: &[Load]) -> Option<Stages> {
    let scatters = scatters(nest)?;
    let body = &nest.body;
    body.insts.iter().all(is_straight).then_some(())?;
    let loaded: HashSet<Value> = loads.iter().map(|l| l.element).collect();
    let reads: Vec<&Inst> = body
        .insts
        .iter()
        .filter(|i| matches!(i.kind, Kind::Index { .. }) && !loaded.contains(&i.results[0]))
        .collect();
    let roots = reads.iter().map(|i| i.results[0]).chain(scatters.iter().flat_map(|s| s.at.iter().copied()));
    let front = addresses(func, body, roots.collect())?;
    let moved = reads.len() + scatters.len();
    let arithmetic: usize = body.insts.iter().map(cost).sum();
    if moved == 0 || arithmetic < WORTH * moved {
        return None;
    }
    let gathered = gathered(body, &front, &scatters, &loaded);
    Some(Stages { front, gathered, scatters })
}

/// The additions to accumulators; nothing if a branch or loop makes some.
fn scatters(nest: &Nest) -> Option<Vec<Scatter>> {
    let mut states: Vec<Value> = nest.body.params[nest.domain.len()..].to_vec();
    let mut found = Vec::new();
    for inst in &nest.body.insts {
        let Kind::Accum { array, at, value } = &inst.kind else { continue };
        let acc = states.iter().position(|s| s == array)?;
        let result = inst.results[0];
        found.push(Scatter { acc, array: *array, result, at: at.clone(), value: *value });
        states[acc] = result;
    }
    (nest.body.results[..states.len()] == states).then_some(found)
}

/// Whether an instruction is arithmetic, a read or an addition, or a branch with nothing but arithmetic in it.
fn is_straight(inst: &Inst) -> bool {
    fn arithmetic(inst: &Inst) -> bool {
        match &inst.kind {
            Kind::Const(_) | Kind::Op(..) => true,
            Kind::If { then, els, .. } => then.insts.iter().chain(&els.insts).all(arithmetic),
            _ => false,
        }
    }
    matches!(inst.kind, Kind::Index { .. } | Kind::Accum { .. }) || arithmetic(inst)
}

/// What has to be computed for these values, if that is reads and arithmetic of integers.
fn addresses(func: &Func, body: &Block, mut open: Vec<Value>) -> Option<HashSet<Value>> {
    let defs: HashMap<Value, &Inst> =
        body.insts.iter().flat_map(|i| i.results.iter().map(move |&r| (r, i))).collect();
    let mut found = HashSet::new();
    while let Some(v) = open.pop() {
        let Some(inst) = defs.get(&v) else { continue };
        match &inst.kind {
            Kind::Const(_) => continue,
            Kind::Index { at, .. } => open.extend(at),
            Kind::Op(_, args) => {
                let float = args.iter().chain([&v]).any(|&v| func.values.ty(v).is_float());
                (!float).then_some(())?;
                open.extend(args);
            }
            _ => return None,
        }
        found.insert(v);
    }
    Some(found)
}

/// The values of the first stage that the second reads.
fn gathered(
    body: &Block,
    front: &HashSet<Value>,
    scatters: &[Scatter],
    loaded: &HashSet<Value>,
) -> Vec<Value> {
    fn reads(block: &Block, of: &dyn Fn(&Inst) -> Vec<Value>, found: &mut Vec<Value>) {
        for inst in &block.insts {
            found.extend(of(inst));
            inst.kind.blocks().into_iter().for_each(|b| reads(b, of, found));
        }
        found.extend(&block.results);
    }
    let of = |inst: &Inst| match inst.kind {
        Kind::Accum { value, .. } => vec![value],
        _ if inst.results.iter().any(|r| front.contains(r)) => Vec::new(),
        _ => inst.kind.operands(),
    };
    let mut all = Vec::new();
    reads(body, &of, &mut all);
    let mut seen = HashSet::new();
    let states: HashSet<Value> = scatters.iter().map(|s| s.result).collect();
    all.retain(|v| front.contains(v) && !loaded.contains(v) && !states.contains(v) && seen.insert(*v));
    all
}

/// The arithmetic of an instruction, in additions.
fn cost(inst: &Inst) -> usize {
    match &inst.kind {
        Kind::Op(op, _) => op.def().cost as usize,
        kind => kind.blocks().iter().flat_map(|b| &b.insts).map(cost).sum(),
    }
}

impl<'f> Code<'f, '_> {
    /// The function `gather`: the first stage of an iteration. Sets which indices it takes.
    pub(super) fn gather(
        &mut self,
        nest: &'f Nest,
        stages: &Stages,
        staged: &mut Staged,
        captured: &[Ident],
    ) -> TokenStream {
        let indices: Vec<Ident> =
            nest.body.params.iter().zip(&nest.domain).map(|(&v, &e)| self.loop_index(v, e)).collect();
        let wanted = |i: &Inst| matches!(i.kind, Kind::Const(_)) || stages.front.contains(&i.results[0]);
        let body = self.enter_part(&nest.body, &wanted);
        let elements = stages.gathered.iter().map(|&v| self.value(v));
        let places = stages.scatters.iter().map(|s| self.position(s.array, &s.at));
        let results = tuple(&elements.chain(places).collect::<Vec<_>>());
        self.leave();
        let elements = stages.gathered.iter().map(|&v| scalar::ty(self.elem(v)));
        let types = tuple(&elements.chain(stages.scatters.iter().map(|_| quote!(usize))).collect::<Vec<_>>());
        staged.indices = indices.iter().map(|i| mentions(&body, i) || mentions(&results, i)).collect();
        let params =
            indices.iter().zip(&staged.indices).filter(|(_, used)| **used).map(|(i, _)| quote!(#i: usize));
        let fields: Vec<&Ident> =
            captured.iter().filter(|n| mentions(&body, n) || mentions(&results, n)).collect();
        let open = (!fields.is_empty()).then(|| quote!(let Self { #(#fields,)* .. } = *self;));
        quote! {
            #[inline(always)]
            fn gather(&self, #(#params),*) -> #types {
                #open
                #body
                #results
            }
        }
    }

    /// Gives the second stage what the first computed; returns the parameters for it.
    pub(super) fn bind_stages(&mut self, stages: &Stages, run: &mut Run) -> Vec<TokenStream> {
        let mut staged = Staged::default();
        let mut params = Vec::new();
        for &v in &stages.gathered {
            let (name, elem) = (self.names.fresh(self.source_name(v), "g"), self.elem(v));
            self.nums.insert(v, Num::atom(quote!(#name)));
            let ty = scalar::ty(elem);
            params.push(quote!(#name: #ty));
            staged.gathered.push((name, elem));
        }
        // Neither printed nor asked for in this stage.
        let elsewhere = stages.front.iter().copied().chain(stages.scatters.iter().map(|s| s.result));
        for v in elsewhere {
            self.nums.entry(v).or_insert_with(|| Num::atom(quote!(())));
        }
        for s in &stages.scatters {
            let acc = run.accumulators[s.acc].name.clone();
            let [place, number] = ["place", "number"].map(|name| self.names.fresh("", name));
            staged.scatters.push((acc, place, number, self.elem(s.value)));
        }
        run.staged = Some(staged);
        params
    }
}

/// Arguments and targets of one iteration: what it reads along the lanes, its sums, and what it assigns to.
type Lane<'a> = (&'a [TokenStream], &'a [TokenStream], &'a [TokenStream]);

impl Staged {
    /// The stages of a block of lanes, where `index` is the iteration's.
    pub(super) fn block(
        &self,
        run: &Run,
        index: &[TokenStream],
        (loads, sums, targets): Lane<'_>,
    ) -> TokenStream {
        let zero = |elem: Scalar| scalar::literal(Lit::of(elem, 0.0)).tokens;
        let elements = self.gathered.iter().map(|(name, elem)| {
            let zero = zero(*elem);
            quote!(let mut #name = [#zero; L];)
        });
        let places = self.scatters.iter().map(|(_, place, number, elem)| {
            let zero = zero(*elem);
            quote!(let mut #place = [0_usize; L]; let mut #number = [#zero; L];)
        });
        let lane = |name: &Ident| quote!(#name[l]);
        let gather = self.gather(index, &|name| lane(name));
        let loads = [loads, &self.gathered.iter().map(|(name, _)| lane(name)).collect::<Vec<_>>()].concat();
        let added: Vec<TokenStream> = self.scatters.iter().map(|(_, _, number, _)| lane(number)).collect();
        let stores = targets.len() - sums.len();
        let targets = [&targets[..stores], &added, &targets[stores..]].concat();
        let step = run.call(index, &loads, sums, &targets);
        let compute = quote!(for l in 0..L { #step });
        let compute = if run.near { self.again_if_far(run, &compute) } else { compute };
        let add = self.scatters.iter().map(|(acc, place, number, _)| quote!(#acc[#place[l]] += #number[l];));
        let add = (!self.scatters.is_empty()).then(|| quote!(for l in 0..L { #(#add)* }));
        quote!(#(#elements)* #(#places)* for l in 0..L { #gather } #compute #add)
    }

    /// The arithmetic for usual arguments, and where it met others, once more for all.
    fn again_if_far(&self, run: &Run, compute: &TokenStream) -> TokenStream {
        let names: Vec<&Ident> = run.sums.iter().map(|s| &s.name).collect();
        quote! {
            let before = (#(#names,)*);
            {
                const NEAR: bool = true;
                #compute
            }
            if __far {
                const NEAR: bool = false;
                (#(#names,)*) = before;
                #compute
                __far = false;
            }
        }
    }

    /// The stages of one iteration.
    pub(super) fn single(
        &self,
        run: &Run,
        index: &[TokenStream],
        (loads, sums, targets): Lane<'_>,
    ) -> TokenStream {
        let gather = self.gather(index, &|name| quote!(#name));
        let names = self.gathered.iter().map(|(name, _)| name);
        let places = self.scatters.iter().map(|(_, place, _, _)| place);
        let declare = names.chain(places).map(|name| quote!(let #name;));
        let loads =
            [loads, &self.gathered.iter().map(|(name, _)| quote!(#name)).collect::<Vec<_>>()].concat();
        let added: Vec<TokenStream> = self.scatters.iter().map(|(_, _, number, _)| quote!(#number)).collect();
        let numbers = added.iter().map(|number| quote!(let #number;));
        let stores = targets.len() - sums.len();
        let targets = [&targets[..stores], &added, &targets[stores..]].concat();
        let step = run.call(index, &loads, sums, &targets);
        let step = if run.near { quote!(const NEAR: bool = false; #step) } else { step };
        let add = self.scatters.iter().map(|(acc, place, number, _)| quote!(#acc[#place] += #number;));
        quote!(#(#declare)* #(#numbers)* #gather #step #(#add)*)
    }

    /// `targets = self.gather(..)`.
    fn gather(&self, index: &[TokenStream], target: &dyn Fn(&Ident) -> TokenStream) -> TokenStream {
        let index = index.iter().zip(&self.indices).filter(|(_, used)| **used).map(|(i, _)| i);
        let names = self.gathered.iter().map(|(name, _)| name);
        let targets: Vec<TokenStream> =
            names.chain(self.scatters.iter().map(|(_, place, _, _)| place)).map(target).collect();
        let targets = tuple(&targets);
        quote!(#targets = self.gather(#(#index),*);)
    }
}
