//! Operands, nested blocks, free values, and copies with fresh names.

use std::collections::{HashMap, HashSet};

use super::{Block, Extent, Inst, Kind, Value, Values};

impl Kind {
    /// The values that the instruction itself reads, extents included, those of nested blocks not.
    pub fn operands(&self) -> Vec<Value> {
        let mut found = Vec::new();
        self.visit(&mut |v| found.push(v));
        found
    }

    fn visit(&self, f: &mut dyn FnMut(Value)) {
        let extent = |e: &Extent, f: &mut dyn FnMut(Value)| {
            if let Extent::Value(v) = e {
                f(*v);
            }
        };
        match self {
            Kind::Const(_) | Kind::Checkpoint | Kind::Tape | Kind::Serial(_) => {}
            Kind::Op(_, args) | Kind::Contract { args, .. } | Kind::Call { args, .. } => {
                args.iter().for_each(|&v| f(v))
            }
            Kind::Index { array, at } => {
                f(*array);
                at.iter().for_each(|&v| f(v));
            }
            Kind::Update { array, at, value } | Kind::Accum { array, at, value } => {
                f(*array);
                at.iter().for_each(|&v| f(v));
                f(*value);
            }
            Kind::Pack { elems, .. } => elems.iter().for_each(|&v| f(v)),
            Kind::Nest(nest) => {
                nest.domain.iter().for_each(|e| extent(e, f));
                nest.accs.iter().for_each(|&v| f(v));
            }
            Kind::If { cond, .. } | Kind::Assert { cond, .. } => f(*cond),
            Kind::For { trip, init, .. } => {
                extent(trip, f);
                init.iter().for_each(|&v| f(v));
            }
            Kind::While { init, .. } => init.iter().for_each(|&v| f(v)),
            Kind::Push { tape, value } => {
                f(*tape);
                f(*value);
            }
            Kind::Pop { tape } => f(*tape),
        }
    }

    /// Replaces the values that the instruction itself reads, extents included; an extent may become a constant.
    pub fn map_operands(
        &mut self,
        f: &mut dyn FnMut(Value) -> Value,
        extent: &mut dyn FnMut(Extent) -> Extent,
    ) {
        let all =
            |vs: &mut Vec<Value>, f: &mut dyn FnMut(Value) -> Value| vs.iter_mut().for_each(|v| *v = f(*v));
        match self {
            Kind::Const(_) | Kind::Checkpoint | Kind::Tape | Kind::Serial(_) => {}
            Kind::Op(_, args) | Kind::Contract { args, .. } | Kind::Call { args, .. } => all(args, f),
            Kind::Index { array, at } => {
                *array = f(*array);
                all(at, f);
            }
            Kind::Update { array, at, value } | Kind::Accum { array, at, value } => {
                *array = f(*array);
                all(at, f);
                *value = f(*value);
            }
            Kind::Pack { elems, .. } => all(elems, f),
            Kind::Nest(nest) => {
                nest.domain.iter_mut().for_each(|e| *e = extent(*e));
                all(&mut nest.accs, f);
            }
            Kind::If { cond, .. } | Kind::Assert { cond, .. } => *cond = f(*cond),
            Kind::For { trip, init, .. } => {
                *trip = extent(*trip);
                all(init, f);
            }
            Kind::While { init, .. } => all(init, f),
            Kind::Push { tape, value } => {
                *tape = f(*tape);
                *value = f(*value);
            }
            Kind::Pop { tape } => *tape = f(*tape),
        }
    }

    /// The blocks that the instruction owns.
    pub fn blocks(&self) -> Vec<&Block> {
        match self {
            Kind::Nest(nest) => vec![&nest.body],
            Kind::If { then, els, .. } => vec![then, els],
            Kind::For { body, .. } | Kind::Serial(body) => vec![body],
            Kind::While { cond, body, .. } => vec![cond, body],
            _ => Vec::new(),
        }
    }

    /// The blocks that the instruction owns, to change.
    pub fn blocks_mut(&mut self) -> Vec<&mut Block> {
        match self {
            Kind::Nest(nest) => vec![&mut nest.body],
            Kind::If { then, els, .. } => vec![then, els],
            Kind::For { body, .. } | Kind::Serial(body) => vec![body],
            Kind::While { cond, body, .. } => vec![cond, body],
            _ => Vec::new(),
        }
    }
}

/// The values that a block reads but neither it nor a block in it defines, in order of first use. Extents in the
/// types of the values that it defines count as read.
pub fn free_values(values: &Values, block: &Block) -> Vec<Value> {
    let mut free = Free { values, defined: HashSet::new(), seen: HashSet::new(), found: Vec::new() };
    free.block(block);
    free.found
}

/// As [`free_values`], for one instruction: its operands and what its blocks read from outside.
pub fn inst_free_values(values: &Values, inst: &Inst) -> Vec<Value> {
    let mut free = Free { values, defined: HashSet::new(), seen: HashSet::new(), found: Vec::new() };
    free.inst(inst);
    free.found
}

struct Free<'a> {
    values: &'a Values,
    defined: HashSet<Value>,
    seen: HashSet<Value>,
    found: Vec<Value>,
}

impl Free<'_> {
    fn block(&mut self, block: &Block) {
        self.define(&block.params);
        block.insts.iter().for_each(|i| self.inst(i));
        block.results.iter().for_each(|&v| self.read(v));
    }

    fn inst(&mut self, inst: &Inst) {
        inst.kind.operands().into_iter().for_each(|v| self.read(v));
        inst.kind.blocks().into_iter().for_each(|b| self.block(b));
        self.define(&inst.results);
    }

    fn define(&mut self, vs: &[Value]) {
        self.defined.extend(vs);
        for &v in vs {
            for e in self.values.ty(v).shape() {
                if let Extent::Value(n) = *e {
                    self.read(n);
                }
            }
        }
    }

    fn read(&mut self, v: Value) {
        if !self.defined.contains(&v) && self.seen.insert(v) {
            self.found.push(v);
        }
    }
}

/// Copies code with fresh values for everything that the copied code defines; values from outside go through the map.
#[derive(Default, Clone, Debug)]
pub struct Renamer {
    /// What becomes of each value; a value that is missing stays itself.
    pub map: HashMap<Value, Value>,
    /// What becomes of an extent whose value is known at compile time.
    pub consts: HashMap<Value, i64>,
}

impl Renamer {
    /// A renamer that starts with these replacements.
    pub fn with(pairs: impl IntoIterator<Item = (Value, Value)>) -> Renamer {
        Renamer { map: pairs.into_iter().collect(), consts: HashMap::new() }
    }

    /// What becomes of a value.
    pub fn value(&self, v: Value) -> Value {
        self.map.get(&v).copied().unwrap_or(v)
    }

    /// What becomes of each value.
    pub fn values(&self, vs: &[Value]) -> Vec<Value> {
        vs.iter().map(|&v| self.value(v)).collect()
    }

    /// What becomes of an extent.
    pub fn extent(&self, e: Extent) -> Extent {
        match e {
            Extent::Value(v) => match self.consts.get(&v) {
                Some(&n) => Extent::Const(n),
                None => Extent::Value(self.value(v)),
            },
            e => e,
        }
    }

    /// A fresh value for one that the copied code defines. `from` is the table it comes from, `None` for `to` itself.
    pub fn define(&mut self, to: &mut Values, from: Option<&Values>, v: Value) -> Value {
        let info = from.map_or_else(|| to[v].clone(), |t| t[v].clone());
        let ty = info.ty.map_extents(|e| self.extent(e));
        let new = to.add(ty, &info.name);
        self.map.insert(v, new);
        new
    }

    /// A copy of a block.
    pub fn block(&mut self, to: &mut Values, from: Option<&Values>, block: &Block) -> Block {
        let params = block.params.iter().map(|&v| self.define(to, from, v)).collect();
        let insts = block.insts.iter().map(|i| self.inst(to, from, i)).collect();
        Block { params, insts, results: self.values(&block.results) }
    }

    /// A copy of an instruction.
    pub fn inst(&mut self, to: &mut Values, from: Option<&Values>, inst: &Inst) -> Inst {
        let mut kind = inst.kind.clone();
        kind.map_operands(&mut |v| self.value(v), &mut |e| self.extent(e));
        for block in kind.blocks_mut() {
            *block = self.block(to, from, block);
        }
        let results = inst.results.iter().map(|&v| self.define(to, from, v)).collect();
        Inst { results, kind, loc: inst.loc }
    }
}
