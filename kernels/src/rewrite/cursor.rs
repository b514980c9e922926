//! The walk that rewriting passes share: a builder, the replacements made so far, and what is known of values.

use crate::ir::{Block, Builder, Extent, Func, Inst, Kind, Lit, Value, Values};

use super::known::Known;

/// Appends rewritten instructions. Values that were replaced are looked up in a dense table; the types of whatever is
/// kept follow replaced extents.
pub(crate) struct Cursor<'f> {
    pub(crate) b: Builder<'f>,
    pub(crate) known: Known,
    to: Vec<Value>,
    /// Whether anything was replaced.
    pub(crate) changed: bool,
}

impl<'f> Cursor<'f> {
    /// Takes a function's body apart; [`Cursor::finish`] of the rewritten block gives the new one.
    pub(crate) fn run(f: &mut Func, pass: impl FnOnce(&mut Cursor, Block) -> Block) -> bool {
        let known = Known::of(f);
        let body = std::mem::take(&mut f.body);
        let to = f.values.iter().collect();
        let mut cursor = Cursor { b: Builder::new(&mut f.values), known, to, changed: false };
        let body = pass(&mut cursor, body);
        let changed = cursor.changed;
        f.body = body;
        changed
    }

    pub(crate) fn values(&self) -> &Values {
        self.b.values
    }

    /// What became of a value.
    pub(crate) fn value(&self, mut v: Value) -> Value {
        while let Some(&to) = self.to.get(v.0 as usize)
            && to != v
        {
            v = to;
        }
        v
    }

    /// What became of each value.
    pub(crate) fn all(&self, vs: &[Value]) -> Vec<Value> {
        vs.iter().map(|&v| self.value(v)).collect()
    }

    /// What became of an extent.
    pub(crate) fn extent(&self, e: Extent) -> Extent {
        match e {
            Extent::Value(v) => self.known.extent(Extent::Value(self.value(v))),
            e => e,
        }
    }

    /// Replaces a value from here on; the new one inherits the name if it has none.
    pub(crate) fn replace(&mut self, old: Value, new: Value) {
        let new = self.value(new);
        if old == new {
            return;
        }
        let at = old.0 as usize;
        while self.to.len() <= at {
            self.to.push(Value(self.to.len() as u32));
        }
        self.to[at] = new;
        self.changed = true;
        if self.values()[new].name.is_empty() && !self.values()[old].name.is_empty() {
            let name = self.values()[old].name.clone();
            self.b.name(new, &name);
        }
    }

    /// Replaces values pairwise.
    pub(crate) fn replace_all(&mut self, old: &[Value], new: &[Value]) {
        old.iter().zip(new).for_each(|(&o, &n)| self.replace(o, n));
    }

    /// Puts what values became in the place of an instruction's operands.
    pub(crate) fn resolve(&self, kind: &mut Kind) {
        kind.map_operands(&mut |v| self.value(v), &mut |e| self.extent(e));
    }

    /// Lets the types of values that are about to be defined follow replaced extents.
    pub(crate) fn retype(&mut self, vs: &[Value]) {
        for &v in vs {
            if self.values().ty(v).is_array() {
                let ty = self.values().ty(v).map_extents(|e| self.extent(e));
                self.b.values[v].ty = ty;
            }
        }
    }

    /// Appends an instruction whose operands are resolved.
    pub(crate) fn keep(&mut self, inst: Inst) {
        self.retype(&inst.results);
        self.known.define(&inst);
        self.b.append(inst);
    }

    /// Appends a new instruction.
    pub(crate) fn emit(&mut self, kind: Kind) -> Vec<Value> {
        let results = self.b.push(kind);
        self.known.define(self.b.current().last().expect("an instruction was just pushed"));
        results
    }

    /// Appends a literal.
    pub(crate) fn lit(&mut self, lit: Lit) -> Value {
        self.emit(Kind::Const(lit))[0]
    }

    /// Notes the ranges of the indices that the instruction's blocks bind.
    pub(crate) fn bind_indices(&mut self, kind: &Kind) {
        match kind {
            Kind::Nest(nest) => {
                for (&i, &e) in nest.body.params.iter().zip(&nest.domain) {
                    self.known.index(i, e);
                }
            }
            Kind::For { trip, body, .. } => self.known.index(body.params[0], *trip),
            _ => {}
        }
    }

    /// [`Cursor::bind_indices`] for an instruction and all in it, whose definitions are noted as well.
    pub(crate) fn bind_all(&mut self, inst: &Inst) {
        self.bind_indices(&inst.kind);
        for block in inst.kind.blocks() {
            for inner in &block.insts {
                self.bind_all(inner);
                self.known.define(inner);
            }
        }
    }

    /// Rewrites a block: `each` handles one instruction.
    pub(crate) fn block(&mut self, block: Block, each: &mut dyn FnMut(&mut Cursor, Inst)) -> Block {
        self.b.open();
        self.retype(&block.params);
        for inst in block.insts {
            self.b.loc = inst.loc;
            each(self, inst);
        }
        let results = self.all(&block.results);
        self.b.close(block.params, results)
    }
}
