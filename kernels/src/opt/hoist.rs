//! Loop-invariant code moves out of nests and loops: pure code that cannot panic, whole nests included. Literals move
//! too; [`localize`](super::localize) brings them back in the end.

use crate::ir::{Extent, Func, Inst, Kind, Value, Values, inst_free_values};

use crate::rewrite::Cursor;
use crate::rewrite::facts::linear_coefficients;

/// Moves invariant code out of loops and branches in loops, also where it may then run in vain. Not before
/// differentiation: code that does not run contributes nothing, code that runs in vain may contribute a zero times an
/// infinity.
pub fn run(f: &mut Func) {
    hoist(f, true);
}

/// Moves invariant code out of loops that certainly run; of other code only what contributes nothing to derivatives
/// where nothing needs it.
pub fn cautious(f: &mut Func) {
    hoist(f, false);
}

fn hoist(f: &mut Func, in_vain: bool) {
    let mut hoist =
        Hoist { depth: vec![0; f.values.len()], pending: vec![Vec::new()], certain: vec![true], in_vain };
    Cursor::run(f, |c, body| c.block(body, &mut |c, i| hoist.inst(c, i)));
}

struct Hoist {
    /// Whether code may move to where it may run in vain.
    in_vain: bool,
    /// For each loop around the current instruction, outermost first, after an unused entry: whether the instruction
    /// certainly runs when the loop is reached.
    certain: Vec<bool>,
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
        let header = extents(&i.kind);
        for block in i.kind.blocks_mut() {
            let block_in = std::mem::take(block);
            let before = self.certain.clone();
            if loops {
                self.pending.push(Vec::new());
                self.certain.push(runs(&header));
            } else if let Some(last) = self.certain.last_mut() {
                *last = false;
            }
            self.set(&block_in.params, self.here());
            *block = c.block(block_in, &mut |c, i| self.inst(c, i));
            self.certain = before;
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
        let needed = free.iter().map(|v| self.depth[v.0 as usize]).max().unwrap_or(0);
        if self.in_vain || is_harmless(c.values(), i) {
            return needed;
        }
        let certain = self.certain[1..].iter().rev().take_while(|&&c| c).count();
        needed.max(here - certain)
    }
}

/// The trip counts of a loop; none for a loop that asks a condition.
fn extents(kind: &Kind) -> Vec<Extent> {
    match kind {
        Kind::Nest(nest) => nest.domain.clone(),
        Kind::For { trip, .. } => vec![*trip],
        _ => Vec::new(),
    }
}

/// Whether a loop of these extents has an iteration.
fn runs(extents: &[Extent]) -> bool {
    !extents.is_empty() && extents.iter().all(|e| matches!(e, Extent::Const(n) if *n > 0))
}

/// Whether the code's derivative is zero where its cotangent is: it has none, or passes the cotangent on.
fn is_harmless(values: &Values, i: &Inst) -> bool {
    match &i.kind {
        Kind::Const(_) | Kind::Index { .. } | Kind::Pack { .. } => true,
        Kind::Op(op, _) => !values.ty(i.results[0]).is_float() || linear_coefficients(op.def()).is_some(),
        _ => false,
    }
}
