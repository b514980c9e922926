//! From the tree to IR, inferring types on the way.
//!
//! The type of a literal comes from its use, which may come later. So lowering is repeated: each round fills in what
//! the rounds before have learned ([`Unifier`]), and the first round that learns nothing new is the result. The same
//! holds for lengths: where nalgebra requires two parameters to be equally long, they share one extent from the next
//! round on. Code of a round that still learns may be ill-typed; it is thrown away.

mod adapters;
mod arrays;
mod assign;
mod binding;
mod blocks;
mod borrows;
mod calls;
mod closures;
mod consume;
mod control;
mod exits;
mod expr;
mod growing;
mod iterators;
mod linear;
mod lists;
mod loops;
mod matching;
mod matrices;
mod numbers;
mod options;
mod order;
mod paths;
mod scan;
mod search;
mod solvers;
mod structs;
mod unsigned;
mod values;

use std::collections::{BTreeMap, HashMap};

use pullback_kernels::ir::{Block, Builder, Extent, Func, Kind, Loc, Scalar, Ty as IrTy, Value};
use syn::ext::IdentExt;

use crate::ast::{Expr, Place};
use crate::companion::Callee;
use crate::errors::{Errors, Failed, Res};
use crate::messages;
use crate::parse::Function;
use crate::ty::{Ty, Unifier};
use crate::types::{Len, Passing, TypeName};
pub(crate) use structs::method_key;
use values::{Val, VarId};

/// How often lowering is repeated before inference is given up.
const MAX_ROUNDS: usize = 40;

/// A lowered function.
pub(crate) struct Lowered {
    /// The function.
    pub(crate) func: Func,
    /// The constants that it reads, in the order of its last parameters.
    pub(crate) consts: Vec<(syn::Expr, Scalar)>,
    /// The callees (by position) that it really calls.
    pub(crate) calls: Vec<usize>,
    /// The places that the IR names by number, from 1.
    pub(crate) places: Vec<Place>,
}

/// Why lowering stopped.
pub(crate) enum Stopped {
    /// There are errors.
    Failed,
    /// A method's companion macro must be asked first.
    Wanted(Box<Wanted>),
}

/// A method that is called.
pub(crate) struct Wanted {
    /// The type that has it.
    pub(crate) of: TypeName,
    /// Its name.
    pub(crate) name: String,
    /// Where it is called.
    pub(crate) place: Place,
}

/// Lowers a function.
pub(crate) fn lower(f: &Function, callees: &[Callee], errors: &mut Errors) -> Result<Lowered, Stopped> {
    let (mut types, mut sizes) = (Unifier::default(), Sizes::default());
    for _ in 0..MAX_ROUNDS {
        types.learned = false;
        errors.clear();
        let mut wanted = None;
        let lowered = round(f, callees, errors, &mut types, &mut sizes, &mut wanted);
        if let Some(wanted) = wanted {
            errors.clear();
            return Err(Stopped::Wanted(Box::new(wanted)));
        }
        if !types.learned {
            errors.barrier().map_err(|_| Stopped::Failed)?;
            return lowered.map_err(|_| Stopped::Failed);
        }
    }
    errors.report(Place::at(f.sig.name.span()), messages::inference());
    Err(Stopped::Failed)
}

fn round(
    f: &Function,
    callees: &[Callee],
    errors: &mut Errors,
    types: &mut Unifier,
    sizes: &mut Sizes,
    wanted: &mut Option<Wanted>,
) -> Res<Lowered> {
    let mut func = Func::new(&f.sig.name.unraw().to_string());
    sizes.values.clear();
    let mut l = Lower {
        b: Builder::new(&mut func.values),
        vars: Vec::new(),
        scope: Vec::new(),
        types,
        sizes,
        errors,
        callees,
        wanted,
        names: &f.names,
        own_method: f.sig.owner.as_ref().map(|o| structs::method_key(&o.id, &f.sig.name.to_string())),
        calls: Vec::new(),
        consts: Vec::new(),
        known: HashMap::new(),
        suspects: HashMap::new(),
        conditional: 0,
        closures: 0,
        depth: 0,
        loops: Vec::new(),
        counting: growing::Counting::Off,
        ending: false,
        filled: Vec::new(),
        ret: Ty::from(&f.sig.ret),
        ret_flag: None,
        ret_value: None,
        here: Place::at(f.sig.name.span()),
        places: Vec::new(),
    };
    let params = l.params(f);
    let results = l.body(f);
    let (consts, calls) = (std::mem::take(&mut l.consts), std::mem::take(&mut l.calls));
    let places = std::mem::take(&mut l.places);
    let insts = l.b.finish();
    let results = results?;
    let hidden = consts.iter().map(|c| c.value);
    func.sizes = unique(sizes.values.iter().filter_map(|e| match e {
        Extent::Value(v) => Some(*v),
        Extent::Const(_) => None,
    }));
    func.body = Block { params: params.into_iter().chain(hidden).collect(), insts, results };
    let consts =
        consts.into_iter().map(|c| (c.expr, types.resolve(&c.ty).scalar().unwrap_or(Scalar::F64))).collect();
    Ok(Lowered { func, consts, calls, places })
}

fn unique(vs: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut found = Vec::new();
    vs.for_each(|v| {
        if !found.contains(&v) {
            found.push(v);
        }
    });
    found
}

/// The run-time lengths in the types of the parameters, and which of them must be equal.
#[derive(Default)]
struct Sizes {
    /// The length that a length is equal to (an earlier one).
    same: BTreeMap<usize, usize>,
    /// In this round, the extent of each.
    values: Vec<Extent>,
}

impl Sizes {
    fn root(&self, mut k: usize) -> usize {
        while let Some(&r) = self.same.get(&k) {
            k = r;
        }
        k
    }

    fn find(&self, e: Extent) -> Option<usize> {
        self.values.iter().position(|v| *v == e)
    }
}

/// A constant of the user's crate that the body reads.
struct ConstUse {
    text: String,
    expr: syn::Expr,
    value: Value,
    ty: Ty,
}

/// A variable.
#[derive(Clone)]
struct Var {
    name: String,
    val: Val,
    /// How many branches and loops surrounded its declaration.
    home: u32,
}

/// The state of lowering one function.
pub(crate) struct Lower<'a> {
    b: Builder<'a>,
    vars: Vec<Var>,
    scope: Vec<(String, VarId)>,
    types: &'a mut Unifier,
    sizes: &'a mut Sizes,
    errors: &'a mut Errors,
    callees: &'a [Callee],
    wanted: &'a mut Option<Wanted>,
    names: &'a BTreeMap<String, TypeName>,
    /// The key of the method that is being lowered, if it is one.
    own_method: Option<String>,
    calls: Vec<usize>,
    consts: Vec<ConstUse>,
    /// Integers whose value is known.
    known: HashMap<Value, i64>,
    /// Unsigned integers that may be below zero, and the differences that they come from.
    suspects: HashMap<Value, Vec<Value>>,
    /// How many branches and loops surround the code: inside one, lengths are compared at run time.
    conditional: u32,
    /// How many closures are being applied.
    closures: u32,
    /// How deep expressions nest.
    depth: u32,
    loops: Vec<exits::Frame>,
    /// Whether this is a pass that only counts the elements of `Vec`s.
    counting: growing::Counting,
    /// The next branch is the end of the function: what it does to variables matters to nobody.
    ending: bool,
    /// The parameters that the function fills.
    filled: Vec<VarId>,
    ret: Ty,
    ret_flag: Option<VarId>,
    ret_value: Option<VarId>,
    here: Place,
    places: Vec<Place>,
}

impl Lower<'_> {
    /// Declares the parameters and returns their IR values.
    fn params(&mut self, f: &Function) -> Vec<Value> {
        let mut all = Vec::new();
        for p in &f.sig.params {
            let name = p.name.unraw().to_string();
            let mut values = Vec::new();
            let mut list_lengths: HashMap<usize, Extent> = HashMap::new();
            for leaf in &p.ty.leaves() {
                let mut shape = Vec::new();
                let name = format!("{name}{}", leaf.name.replace('.', "_"));
                for (axis, (len, list)) in leaf.shape.iter().zip(&leaf.lists).enumerate() {
                    // All leaves of one list share the list's length.
                    let extent = match (len, list_lengths.get(list)) {
                        (Len::Const(n), _) => Extent::Const(*n as i64),
                        (Len::Dyn, Some(known)) => *known,
                        (Len::Dyn, None) => self.size(&name, axis, leaf.shape.len()),
                    };
                    list_lengths.insert(*list, extent);
                    shape.push(extent);
                }
                let ty =
                    if shape.is_empty() { IrTy::Scalar(leaf.elem) } else { IrTy::Array(leaf.elem, shape) };
                values.push(self.b.values.add(ty, &name));
            }
            let val = self.rebuild(&Ty::from(&p.ty), &mut values.iter().copied());
            self.declare(&name, val);
            all.extend(values);
        }
        all
    }

    /// The next run-time length of a parameter.
    fn size(&mut self, param: &str, axis: usize, rank: usize) -> Extent {
        let k = self.sizes.values.len();
        let root = self.sizes.root(k);
        let extent = if root < k {
            self.sizes.values[root]
        } else {
            let suffix = match (rank, axis) {
                (1, _) => "len",
                (_, 0) => "cols",
                _ => "rows",
            };
            Extent::Value(self.b.values.add(Scalar::I64.into(), &format!("{param}_{suffix}")))
        };
        self.sizes.values.push(extent);
        extent
    }

    /// The body, and after its results the contents of the parameters that it fills.
    fn body(&mut self, f: &Function) -> Res<Vec<Value>> {
        let filled: Vec<VarId> =
            (0..f.sig.params.len()).filter(|&k| f.sig.params[k].passing == Passing::Mut).collect();
        self.filled = filled.clone();
        let value = self.function_block(&f.body)?;
        let ret = self.ret.clone();
        let value = self.expect_type(value, &ret, f.body.tail.as_ref().map_or(f.body.place, |t| t.place))?;
        let mut results = self.flatten(&value)?;
        results.clone().into_iter().try_for_each(|v| self.sure(v))?;
        for k in filled {
            let (old, new) = (Ty::from(&f.sig.params[k].ty), self.vars[k].val.clone());
            let new = self.expect_type(new, &old, self.here)?;
            results.extend(self.flatten(&new)?);
        }
        Ok(results)
    }

    /// Reports a mistake at a place.
    fn fail<T>(&mut self, place: Place, message: impl Into<String>) -> Res<T> {
        Err(self.errors.report(place, message))
    }

    /// Reports a mistake at an expression.
    fn fail_at<T>(&mut self, e: &Expr, message: impl Into<String>) -> Res<T> {
        self.fail(e.place, message)
    }

    /// Appends an instruction. What does not type-check is an error, not a panic: in a round that still learns it is
    /// expected, and after that it is a mistake in the user's types that rustc reports better.
    fn push(&mut self, kind: Kind) -> Res<Vec<Value>> {
        match pullback_kernels::ir::infer(self.b.values, &kind) {
            Ok(tys) => Ok(self.b.push_typed(kind, &tys)),
            Err(e) => self.fail(self.here, messages::ill_typed(&e)),
        }
    }

    fn push1(&mut self, kind: Kind) -> Res<Value> {
        Ok(self.push(kind)?[0])
    }

    /// What follows comes from this place; the IR keeps its number.
    fn locate(&mut self, place: Place) {
        self.here = place;
        self.places.push(place);
        self.b.loc = Loc(self.places.len() as u32);
    }
}

/// A failure that was reported before (a variable whose definition failed).
const SILENT: Failed = Failed;
