//! The verifier: collects every violation.
//!
//! This file checks names, scopes and types; `signature` what concerns several functions; `linear` the values that may
//! be used only once.

use std::collections::HashMap;
use std::fmt;

use super::print::write_ty;
use super::{Block, Extent, Func, Inst, Kind, Module, Nest, Scalar, Ty, Value, call_types, infer, names};

mod linear;
mod signature;

/// One thing that is wrong with a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a function, calls into the module included.
///
/// # Errors
/// All violations found.
pub fn verify_func(module: &Module, func: &Func) -> Result<(), Vec<Violation>> {
    let mut v = Verifier::new(module, func);
    if v.all_known() {
        v.signature();
        v.body();
        if v.found.is_empty() {
            linear::check(&mut v);
        }
    }
    if v.found.is_empty() { Ok(()) } else { Err(v.found) }
}

/// Checks every function of a module.
///
/// # Errors
/// All violations found.
pub fn verify(module: &Module) -> Result<(), Vec<Violation>> {
    let mut found = Vec::new();
    for (i, func) in module.funcs.iter().enumerate() {
        if module.funcs[..i].iter().any(|f| f.name == func.name) {
            found.push(Violation(format!("@{}: defined twice", func.name)));
        }
        found.extend(verify_func(module, func).err().unwrap_or_default());
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The state of the check of one function.
struct Verifier<'m> {
    module: &'m Module,
    func: &'m Func,
    names: HashMap<Value, String>,
    found: Vec<Violation>,
    /// Whether each value has been defined, and whether it can be seen from here.
    defined: Vec<bool>,
    in_scope: Vec<bool>,
}

impl<'m> Verifier<'m> {
    fn new(module: &'m Module, func: &'m Func) -> Verifier<'m> {
        let n = func.values.len();
        Verifier {
            module,
            func,
            names: names(func),
            found: Vec::new(),
            defined: vec![false; n],
            in_scope: vec![false; n],
        }
    }

    fn report(&mut self, message: impl fmt::Display) {
        self.found.push(Violation(format!("@{}: {message}", self.func.name)));
    }

    fn name(&self, v: Value) -> String {
        self.names.get(&v).cloned().unwrap_or_else(|| format!("%undefined.{}", v.0))
    }

    fn ty(&self, ty: &Ty) -> String {
        let mut text = String::new();
        write_ty(&mut text, ty, &|v| self.name(v)).expect("a String takes everything");
        text
    }

    /// What an instruction is called in messages: its results.
    fn inst_name(&self, inst: &Inst) -> String {
        match &inst.results[..] {
            [] => match inst.kind {
                Kind::Assert { .. } => "an assert".into(),
                _ => "an instruction without results".into(),
            },
            results => results.iter().map(|&v| self.name(v)).collect::<Vec<_>>().join(", "),
        }
    }

    /// Whether every value stands in the function's table: nothing else can be checked otherwise.
    fn all_known(&mut self) -> bool {
        let mut all = self.func.sizes.clone();
        values_of(&self.func.body, &mut all);
        let types = self.func.values.iter().map(|v| self.func.values.ty(v)).chain(&self.func.returns);
        all.extend(types.flat_map(Ty::shape).filter_map(extent_value));
        all.retain(|v| v.0 as usize >= self.func.values.len());
        all.dedup();
        for v in &all {
            self.report(format!("{} is not in the table of values", self.name(*v)));
        }
        all.is_empty()
    }

    fn define(&mut self, v: Value) {
        let i = v.0 as usize;
        if self.defined[i] {
            self.report(format!("{} is defined twice", self.name(v)));
        }
        self.defined[i] = true;
        self.in_scope[i] = true;
    }

    /// Defines a value and checks the extents of its type.
    fn introduce(&mut self, v: Value) {
        for &e in self.func.values.ty(v).clone().shape() {
            self.extent(e, &format!("an extent of {}", self.name(v)));
        }
        self.define(v);
    }

    fn read(&mut self, v: Value, by: &str) {
        let i = v.0 as usize;
        if !self.in_scope[i] {
            let what = if self.defined[i] { "out of scope" } else { "not defined" };
            self.report(format!("{} is {what} where {by} reads it", self.name(v)));
        }
    }

    fn extent(&mut self, e: Extent, by: &str) {
        let Extent::Value(v) = e else { return };
        self.read(v, by);
        if *self.func.values.ty(v) != Ty::Scalar(Scalar::I64) {
            self.report(format!("{by} is {}, which is no i64", self.name(v)));
        }
    }

    fn body(&mut self) {
        for &size in &self.func.sizes {
            self.define(size);
        }
        self.block(&self.func.body, "return");
    }

    /// Checks a block; what it defines is out of scope afterwards.
    fn block(&mut self, block: &Block, end: &str) {
        let before = self.in_scope.clone();
        block.params.iter().for_each(|&p| self.introduce(p));
        block.insts.iter().for_each(|i| self.inst(i));
        block.results.iter().for_each(|&v| self.read(v, end));
        self.in_scope = before;
    }

    fn inst(&mut self, inst: &Inst) {
        let name = self.inst_name(inst);
        let (domain, plain) = split_operands(&inst.kind);
        domain.into_iter().for_each(|e| self.extent(e, &format!("an extent of {name}")));
        plain.into_iter().for_each(|v| self.read(v, &name));
        inst.kind.blocks().into_iter().for_each(|b| self.block(b, "yield"));
        self.shape_of_blocks(&inst.kind, &name);
        self.types(inst, &name);
        inst.results.iter().for_each(|&v| self.introduce(v));
    }

    /// What `infer` takes for granted of an instruction's blocks.
    fn shape_of_blocks(&mut self, kind: &Kind, name: &str) {
        match kind {
            Kind::If { then, els, .. } if !then.params.is_empty() || !els.params.is_empty() => {
                self.report(format!("{name}: the blocks of a branch have no parameters"));
            }
            Kind::Serial(body) if !body.params.is_empty() => {
                self.report(format!("{name}: the block of one thread has no parameters"));
            }
            Kind::For { body, .. } => match body.params.first() {
                Some(&k) if *self.func.values.ty(k) == Ty::Scalar(Scalar::I64) => {}
                _ => self.report(format!("{name}: the index of a loop is an i64")),
            },
            Kind::Nest(Nest { accs, .. }) => {
                for &acc in accs {
                    if !self.func.values.ty(acc).is_array() {
                        self.report(format!("{name}: the accumulator {} is no array", self.name(acc)));
                    }
                }
            }
            _ => {}
        }
    }

    fn types(&mut self, inst: &Inst, name: &str) {
        let tys = match &inst.kind {
            Kind::Call { func, args } => self.call(func, args),
            Kind::Pop { tape } => self.pop(inst, *tape),
            Kind::Pack { shape, .. } if shape.iter().any(|&n| n <= 0) || product(shape).is_none() => {
                Err("pack: the shape is not positive".into())
            }
            kind => infer(&self.func.values, kind),
        };
        let tys = match tys {
            Ok(tys) => tys,
            Err(message) => return self.report(format!("{name}: {message}")),
        };
        if tys.len() != inst.results.len() {
            return self.report(format!("{name}: {} names for {} results", inst.results.len(), tys.len()));
        }
        for (&v, ty) in inst.results.iter().zip(&tys) {
            let recorded = self.func.values.ty(v);
            if recorded != ty {
                self.report(format!("{} is a {}, not a {}", self.name(v), self.ty(ty), self.ty(recorded)));
            }
        }
    }

    fn pop(&self, inst: &Inst, tape: Value) -> Result<Vec<Ty>, String> {
        if *self.func.values.ty(tape) != Ty::Tape {
            return Err("pop wants a tape".into());
        }
        let top = inst.results.get(1).map(|&v| self.func.values.ty(v).clone());
        Ok(std::iter::once(Ty::Tape).chain(top).collect())
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Vec<Ty>, String> {
        let position = |n: &str| self.module.funcs.iter().position(|f| f.name == n);
        let Some(callee) = position(name) else { return Err(format!("there is no function @{name}")) };
        if position(&self.func.name).is_some_and(|caller| callee >= caller) {
            return Err(format!("@{name} must stand above its callers"));
        }
        let callee = &self.module.funcs[callee];
        if !sound_head(callee) {
            return Err(format!("@{name} is malformed itself"));
        }
        call_types(&self.func.values, callee, args)
    }
}

/// Whether a function's parameters and results stand in its table of values.
fn sound_head(func: &Func) -> bool {
    func.params().iter().chain(&func.body.results).all(|v| (v.0 as usize) < func.values.len())
}

/// Every value that a block or a block in it names.
fn values_of(block: &Block, all: &mut Vec<Value>) {
    all.extend(&block.params);
    for inst in &block.insts {
        all.extend(inst.kind.operands());
        all.extend(&inst.results);
        inst.kind.blocks().into_iter().for_each(|b| values_of(b, all));
    }
    all.extend(&block.results);
}

fn extent_value(e: &Extent) -> Option<Value> {
    match e {
        Extent::Value(v) => Some(*v),
        Extent::Const(_) => None,
    }
}

/// The extents that an instruction loops over, and its other operands.
fn split_operands(kind: &Kind) -> (Vec<Extent>, Vec<Value>) {
    match kind {
        Kind::Nest(nest) => (nest.domain.clone(), nest.accs.clone()),
        Kind::For { trip, init, .. } => (vec![*trip], init.clone()),
        kind => (Vec::new(), kind.operands()),
    }
}

fn product(shape: &[i64]) -> Option<i64> {
    shape.iter().try_fold(1i64, |n, &e| n.checked_mul(e))
}
