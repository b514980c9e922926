//! Long loops in segments, so that the reverse sweep stores little: the carried values once per segment, and the rest
//! of one segment at a time.

use crate::ir::{Block, Builder, Extent, Func, Inst, Kind, Loc, Scalar, Value, Values};
use crate::ops::Op;

/// Splits the outermost sequential loops with counters into segments of `every` iterations that the reverse sweep computes
/// again.
pub fn checkpoint(f: &mut Func, every: i64) {
    split(&mut f.values, &mut f.body, every.max(1));
}

fn split(values: &mut Values, block: &mut Block, every: i64) {
    for mut inst in std::mem::take(&mut block.insts) {
        match inst.kind {
            Kind::For { trip: Extent::Const(n), .. } if n <= every => block.insts.push(inst),
            Kind::For { trip, rev, init, body } => {
                let whole = Loop { trip, rev, init, body, results: inst.results, loc: inst.loc };
                block.insts.extend(whole.segments(values, every));
            }
            _ => {
                if matches!(inst.kind, Kind::If { .. }) {
                    inst.kind.blocks_mut().into_iter().for_each(|b| split(values, b, every));
                }
                block.insts.push(inst);
            }
        }
    }
}

struct Loop {
    trip: Extent,
    rev: bool,
    init: Vec<Value>,
    body: Block,
    results: Vec<Value>,
    loc: Loc,
}

impl Loop {
    /// A loop over segments around a loop over the iterations of one.
    fn segments(self, values: &mut Values, every: i64) -> Vec<Inst> {
        let Loop { trip, rev, init, body, results, loc } = self;
        let mut b = Builder::new(values);
        b.loc = loc;
        let (n, length, round_up) = (b.extent(trip), b.int(every), b.int(every - 1));
        let sum = b.op(Op::Add, &[n, round_up]);
        let count = b.op(Op::Div, &[sum, length]);
        b.for_(Extent::Value(count), rev, &init, |b, segment, carried| {
            b.push(Kind::Checkpoint);
            let start = b.op(Op::Mul, &[segment, length]);
            let rest = b.op(Op::Sub, &[n, start]);
            let trip = b.op(Op::Min, &[length, rest]);
            let body = within(b, body, start);
            b.push(Kind::For { trip: Extent::Value(trip), rev, init: carried.to_vec(), body })
        });
        if let Some(outer) = b.current_mut().last_mut() {
            outer.results = results;
        }
        b.finish()
    }
}

/// A loop's body whose counter starts at `start`.
fn within(b: &mut Builder, body: Block, start: Value) -> Block {
    let Block { mut params, insts, results } = body;
    let step = b.values.add(Scalar::I64.into(), "");
    b.open();
    let counter = std::mem::replace(&mut params[0], step);
    let kind = Kind::Op(Op::Add, vec![start, step]);
    b.append(Inst { results: vec![counter], kind, loc: b.loc });
    insts.into_iter().for_each(|i| b.append(i));
    b.close(params, results)
}
