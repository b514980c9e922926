//! A table of values without those that nothing defines any more, numbered in order of definition.

use crate::ir::{Block, Extent, Func, Value, Values};

/// Renumbers a function's values.
pub fn run(f: &mut Func) {
    if f.external.is_some() {
        return;
    }
    let mut old = std::mem::take(&mut f.values);
    let mut compact = Compact { to: vec![None; old.len()], values: Values::default(), old: &mut old };
    let mut body = std::mem::take(&mut f.body);
    f.sizes.iter_mut().for_each(|v| compact.define(v));
    compact.block(&mut body);
    f.body = body;
    f.values = compact.values;
}

struct Compact<'a> {
    to: Vec<Option<Value>>,
    values: Values,
    old: &'a mut Values,
}

impl Compact<'_> {
    fn value(&self, v: Value) -> Value {
        self.to[v.0 as usize].unwrap_or_else(|| panic!("{v:?} is used before it is defined"))
    }

    fn extent(&self, e: Extent) -> Extent {
        match e {
            Extent::Value(v) => Extent::Value(self.value(v)),
            e => e,
        }
    }

    fn define(&mut self, v: &mut Value) {
        let name = std::mem::take(&mut self.old[*v].name);
        let ty = self.old.ty(*v).map_extents(|e| self.extent(e));
        let new = self.values.add(ty, &name);
        self.to[v.0 as usize] = Some(new);
        *v = new;
    }

    fn block(&mut self, block: &mut Block) {
        block.params.iter_mut().for_each(|v| self.define(v));
        for inst in &mut block.insts {
            inst.kind.map_operands(&mut |v| self.value(v), &mut |e| self.extent(e));
            for inner in inst.kind.blocks_mut() {
                self.block(inner);
            }
            inst.results.iter_mut().for_each(|v| self.define(v));
        }
        block.results.iter_mut().for_each(|v| *v = self.value(*v));
    }
}
