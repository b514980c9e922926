//! Nests: the reverse of a parallel loop is a parallel loop.

use super::Reverse;
use super::frame::{Access, Frame};
use super::record::Record;
use crate::ir::{Block, Extent, Inst, Kind, Nest, Out, Reduce, Ty, Value};
use crate::ops::Op;

/// Makes the cotangent of a number at the indices of one iteration.
type MakeSeed = dyn Fn(&mut Reverse<'_, '_>, &[Value]) -> Value;

/// The cotangent of one of the numbers that a nest's body yields.
pub(super) struct Seed {
    /// The number, a value of the body.
    pub(super) of: Value,
    /// Its cotangent; the closure may ask for primal values.
    pub(super) make: Box<MakeSeed>,
}

impl Reverse<'_, '_> {
    pub(super) fn nest(&mut self, inst: &Inst, nest: &Nest) {
        let na = nest.accs.len();
        let mut seeds: Vec<Seed> = Vec::new();
        let mut scale = None;
        for (k, out) in nest.outs.iter().enumerate() {
            let Some(d) = self.adjoints.remove(&inst.results[na + k]) else { continue };
            let of = nest.body.results[na + k];
            match out {
                Out::Build => seeds.push(Seed { of, make: Box::new(move |r, at| r.b.index(d, at)) }),
                Out::Fold(Reduce::Sum) if self.linear(nest) => {
                    let ty = super::super::float_of(self.b.values, d);
                    scale = Some(d);
                    seeds.push(Seed { of, make: Box::new(move |r, _| r.b.number(ty, 1.0)) });
                }
                Out::Fold(Reduce::Sum) => seeds.push(Seed { of, make: Box::new(move |_, _| d) }),
                Out::Fold(Reduce::Product) => seeds.push(self.product_seed(nest, of, d)),
                Out::Fold(Reduce::Max | Reduce::Min) => {
                    seeds.push(self.extremum_seed(nest, of, inst.results[na + k], d));
                }
                Out::Fold(_) => {}
            }
        }
        let tokens = self.token_adjoints(inst, nest);
        if !seeds.is_empty() || !tokens.is_empty() {
            let domain: Vec<Extent> = nest.domain.iter().map(|&e| self.primal_extent(e)).collect();
            self.pointwise(nest, &domain, &seeds, &tokens, scale);
        }
        for (&acc, (_, d)) in nest.accs.iter().zip(tokens) {
            self.add(acc, d);
        }
    }

    /// Whether the seed may be applied after the loop: one sum, and only numbers to give cotangents to.
    fn linear(&self, nest: &Nest) -> bool {
        let captured = self.captured(&[&nest.body]);
        nest.outs.len() == 1
            && nest.accs.is_empty()
            && captured.iter().all(|&v| self.b.values.ty(v).is_scalar())
    }

    /// The cotangents of the accumulators, with what the body yields for them. They are only read.
    fn token_adjoints(&mut self, inst: &Inst, nest: &Nest) -> Vec<(Value, Value)> {
        let any = inst.results[..nest.accs.len()].iter().any(|r| self.adjoints.contains_key(r));
        if !any {
            return Vec::new();
        }
        (0..nest.accs.len()).map(|k| (nest.body.results[k], self.take_or_zero(inst.results[k]))).collect()
    }

    /// A nest over `domain` that reverses the body, and adds what comes out to the cotangents of what the body captures
    /// (numbers times `scale`).
    fn pointwise(
        &mut self,
        nest: &Nest,
        domain: &[Extent],
        seeds: &[Seed],
        tokens: &[(Value, Value)],
        scale: Option<Value>,
    ) {
        let captured = self.captured(&[&nest.body]);
        let (arrays, numbers): (Vec<Value>, Vec<Value>) =
            captured.iter().partition(|&&v| self.b.values.ty(v).is_array());
        let accs: Vec<Value> = arrays.iter().map(|&v| self.adjoint_or_zero(v)).collect();
        let saved = std::mem::take(&mut self.adjoints);

        let indices: Vec<Value> =
            domain.iter().map(|_| self.b.values.add(Ty::Scalar(crate::ir::Scalar::I64), "")).collect();
        for (&new, &old) in indices.iter().zip(&nest.body.params) {
            self.b.values[new].name = self.b.values[old].name.clone();
        }
        let inner: Vec<Value> = accs.iter().map(|&v| self.b.values.like(v)).collect();
        self.b.open();
        let mut frame = Frame::new(Access::Again, &nest.body);
        for (&param, &value) in nest.body.params.iter().zip(&indices) {
            frame = frame.known(param, value);
        }
        self.frames.push(frame);
        self.adjoints.extend(arrays.iter().copied().zip(inner.iter().copied()));
        self.adjoints.extend(tokens.iter().copied());
        let block = self.reverse_body(nest, &indices, seeds);
        let sums: Vec<Value> = numbers.iter().copied().filter(|v| self.adjoints.contains_key(v)).collect();
        let mut results: Vec<Value> = arrays.iter().map(|v| self.adjoints[v]).collect();
        results.extend(sums.iter().map(|v| self.adjoints[v]));
        self.frames.pop();
        self.adjoints = saved;

        block.into_iter().for_each(|i| self.b.append(i));
        let body = self.b.close([indices, inner].concat(), results);
        let outs = vec![Out::Fold(Reduce::Sum); sums.len()];
        let out = self.b.push(Kind::Nest(Nest { domain: domain.to_vec(), accs, body, outs }));
        self.adjoints.extend(arrays.iter().copied().zip(out.iter().copied()));
        for (&v, &d) in sums.iter().zip(&out[arrays.len()..]) {
            let d = scale.map_or(d, |s| self.b.op(Op::MulZ, &[s, d]));
            self.add(v, d);
        }
    }

    /// One iteration: the forward body again, as far as it is needed, then its reverse.
    fn reverse_body(&mut self, nest: &Nest, here: &[Value], seeds: &[Seed]) -> Vec<Inst> {
        let body: &Block = &nest.body;
        let outer_tape = self.tape;
        let end = self.b.values.add(Ty::Tape, "");
        self.tape = Some(end);
        self.b.open();
        for seed in seeds {
            let d = (seed.make)(self, here);
            self.add(seed.of, d);
        }
        let record: Record = self.block(body);
        let reverse = self.b.close(Vec::new(), Vec::new()).insts;
        let mut insts = Vec::new();
        let mut start = None;
        if record.uses_tape() {
            let token = self.b.values.add(Ty::Tape, "");
            insts.push(Inst { results: vec![token], kind: Kind::Tape, loc: self.b.loc });
            start = Some(token);
        }
        insts.extend(self.finish_again(body, &record, start, end));
        insts.extend(reverse);
        self.tape = outer_tape;
        insts
    }
}
