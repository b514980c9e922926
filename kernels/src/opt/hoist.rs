//! Loop-invariant code moves out of nests and loops: pure code that cannot panic, whole nests included. Literals move
//! too; [`localize`](super::localize) brings them back in the end.

use crate::ir::{Func, Inst, Kind, Value, inst_free_values};

use super::cursor::Cursor;

/// Moves invariant code out of loops.
pub fn run(f: &mut Func) {
    let mut hoist = Hoist { depth: vec![0; f.values.len()], pending: vec![Vec::new()] };
    Cursor::run(f, |c, body| c.block(body, &mut |c, i| hoist.inst(c, i)));
}

struct Hoist {
    /// How many loops are around the definition of each value.
    depth: Vec<usize>,
    /// For each loop around the current instruction, outermost first, what goes before it; then an unused entry.
    pending: Vec<Vec<Inst>>,
}

impl Hoist {
    /// The number of loops around the current instruction.
    fn here(&self) -> usize {
        self.pending.len() - 1
    }

    fn set(&mut self, vs: &[Value], depth: usize) {
        for &v in vs {
            let at = v.0 as usize;
            if self.depth.len() <= at {
                self.depth.resize(at + 1, 0);
            }
            self.depth[at] = depth;
        }
    }

    fn inst(&mut self, c: &mut Cursor, mut i: Inst) {
        c.resolve(&mut i.kind);
        c.bind_indices(&i.kind);
        let loops = matches!(i.kind, Kind::Nest(_) | Kind::For { .. } | Kind::While { .. });
        for block in i.kind.blocks_mut() {
            let block_in = std::mem::take(block);
            if loops {
                self.pending.push(Vec::new());
            }
            self.set(&block_in.params, self.here());
            *block = c.block(block_in, &mut |c, i| self.inst(c, i));
            if loops {
                self.pending.pop();
                self.place(c);
            }
        }
        self.settle(c, i);
    }

    /// Appends what was moved out of the loop that just ended.
    fn place(&mut self, c: &mut Cursor) {
        let here = self.here();
        for inst in std::mem::take(&mut self.pending[here]) {
            c.keep(inst);
        }
    }

    /// Puts an instruction before the outermost loop in which everything it reads is known.
    fn settle(&mut self, c: &mut Cursor, i: Inst) {
        let here = self.here();
        let target = self.target(c, &i, here);
        self.set(&i.results, target);
        if target == here {
            return c.keep(i);
        }
        // What follows in this walk may ask for its definition.
        c.retype(&i.results);
        c.known.define(&i);
        c.changed = true;
        self.pending[target].push(i);
    }

    fn target(&self, c: &Cursor, i: &Inst, here: usize) -> usize {
        if here == 0 || c.known.has_effect(c.values(), i) {
            return here;
        }
        let free = inst_free_values(c.values(), i);
        free.iter().map(|v| self.depth[v.0 as usize]).max().unwrap_or(0)
    }
}
