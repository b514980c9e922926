//! Literals move into the nests that use them, so that nests capture none.

use std::collections::HashMap;

use crate::ir::{Block, Func, Inst, Kind, Lit, Loc, Value, Values};

/// Gives each nest that is not inside another its own literals.
pub fn run(f: &mut Func) {
    let mut body = std::mem::take(&mut f.body);
    block(&mut f.values, &mut HashMap::new(), &mut body);
    f.body = body;
}

fn block(values: &mut Values, lits: &mut HashMap<Value, (Lit, Loc)>, b: &mut Block) {
    for inst in &mut b.insts {
        match &mut inst.kind {
            Kind::Const(lit) => {
                lits.insert(inst.results[0], (*lit, inst.loc));
            }
            Kind::Nest(nest) => {
                let mut local = Local { values, lits, new: Vec::new(), to: HashMap::new() };
                local.block(&mut nest.body);
                let new = local.new;
                nest.body.insts.splice(0..0, new);
            }
            Kind::Serial(body) => {
                let mut local = Local { values, lits, new: Vec::new(), to: HashMap::new() };
                local.block(body);
                let new = local.new;
                body.insts.splice(0..0, new);
            }
            kind => kind.blocks_mut().into_iter().for_each(|b| block(values, lits, b)),
        }
    }
}

/// The literals of one nest.
struct Local<'a> {
    values: &'a mut Values,
    lits: &'a HashMap<Value, (Lit, Loc)>,
    new: Vec<Inst>,
    to: HashMap<Value, Value>,
}

impl Local<'_> {
    fn value(&mut self, v: Value) -> Value {
        let Some(&(lit, loc)) = self.lits.get(&v) else { return v };
        *self.to.entry(v).or_insert_with(|| {
            let new = self.values.like(v);
            self.new.push(Inst { results: vec![new], kind: Kind::Const(lit), loc });
            new
        })
    }

    fn block(&mut self, b: &mut Block) {
        for inst in &mut b.insts {
            inst.kind.map_operands(&mut |v| self.value(v), &mut |e| e);
            inst.kind.blocks_mut().into_iter().for_each(|b| self.block(b));
        }
        b.results.iter_mut().for_each(|v| *v = self.value(*v));
    }
}
