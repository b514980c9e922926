//! The host's program in a form that can be gathered: multiply-adds as the host computes them, and single elements
//! written as arrays over all of their indices.

use crate::fuse;
use crate::ir::{Block, Builder, Extent, Func, Inst, Kind, Scalar, Value, Values};
use crate::ops::{Op, expand};
use crate::opt::dce;
use crate::rewrite::Known;

use super::known::{Facts, is_control};

pub(super) fn run(f: &mut Func) {
    let (known, facts) = (Known::of(f), Facts::of(f));
    let mut body = std::mem::take(&mut f.body);
    let mut rewrite = Rewrite { known, facts, written: false };
    rewrite.block(&mut f.values, &mut body, false);
    f.body = body;
    if rewrite.written {
        // Several elements of one array come to one array.
        fuse::vertical::run(f);
        dce::run(f);
    }
}

struct Rewrite {
    known: Known,
    facts: Facts,
    /// Whether an element was written.
    written: bool,
}

impl Rewrite {
    /// Rewrites a block of the host's program, or of what one thread runs, where elements are written as they are.
    fn block(&mut self, values: &mut Values, block: &mut Block, by_thread: bool) {
        let mut b = Builder::new(values);
        for mut inst in std::mem::take(&mut block.insts) {
            if is_control(&inst) && !calls(&inst) {
                let inner = by_thread || self.facts.is_glue(b.values, &inst);
                inst.kind.blocks_mut().into_iter().for_each(|block| self.block(b.values, block, inner));
            }
            self.known.define(&inst);
            b.loc = inst.loc;
            match &inst.kind {
                Kind::Op(op, args) if !op.def().unfused.is_empty() => {
                    let y = inst.results[0];
                    expand(&mut b, op.def().unfused, args, y);
                    b.current_mut().last_mut().expect("a line is an operation at least").results = vec![y];
                }
                Kind::Update { array, at, value } | Kind::Accum { array, at, value } if !by_thread => {
                    let add = matches!(inst.kind, Kind::Accum { .. });
                    self.write(&mut b, &inst, (*array, at), *value, add);
                }
                _ => b.append(inst),
            }
        }
        block.insts = b.finish();
    }

    /// An array over all indices that has the new element at its place.
    fn write(
        &mut self,
        b: &mut Builder,
        inst: &Inst,
        (array, at): (Value, &[Value]),
        value: Value,
        add: bool,
    ) {
        self.written = true;
        let shape = b.values.ty(array).shape().to_vec();
        for (&i, &n) in at.iter().zip(&shape) {
            if !self.known.in_bounds(i, n) {
                within(b, i, n);
            }
        }
        b.build(&shape, |b, indices| {
            let old = b.index(array, indices);
            let new = if add { b.op(Op::Add, &[old, value]) } else { value };
            let here: Vec<Value> = indices.iter().zip(at).map(|(&i, &k)| b.op(Op::Eq, &[i, k])).collect();
            let all = here[1..].iter().fold(here[0], |all, &one| b.op(Op::And, &[all, one]));
            b.op(Op::Select, &[all, new, old])
        });
        b.current_mut().last_mut().expect("the array was just made").results = inst.results.clone();
    }
}

/// Whether an instruction calls what the host computes: it is left to the host as it is.
fn calls(inst: &Inst) -> bool {
    let inside = |b: &Block| b.insts.iter().any(calls);
    matches!(inst.kind, Kind::Call { .. }) || inst.kind.blocks().into_iter().any(inside)
}

/// Asserts that an index is within an axis.
fn within(b: &mut Builder, i: Value, n: Extent) {
    let (zero, n) = (b.number(Scalar::I64, 0.0), b.extent(n));
    let low = b.op(Op::Ge, &[i, zero]);
    let high = b.op(Op::Lt, &[i, n]);
    let inside = b.op(Op::And, &[low, high]);
    b.push(Kind::Assert { cond: inside, message: "index out of bounds".to_string() });
}
