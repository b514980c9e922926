//! Nests: one loop over values and tangents; products and extrema take a second look.

use super::Forward;
use crate::ad::reverse::{factor_parts, indicator, others};
use crate::ad::{float_of, zero};
use crate::ir::{Block, Inst, Kind, Nest, Out, Reduce, Renamer, Value};
use crate::ops::Op;

impl Forward<'_, '_> {
    pub(super) fn nest(&mut self, inst: &Inst, nest: &Nest) {
        let (rank, na) = (nest.domain.len(), nest.accs.len());
        let is_active = |f: &Self, k: usize| f.active.contains(&inst.results[k]);
        let accs: Vec<usize> = (0..na).filter(|&k| is_active(self, k)).collect();
        let outs: Vec<usize> = (0..nest.outs.len()).filter(|&k| is_active(self, na + k)).collect();

        let mut inits = nest.accs.clone();
        inits.extend(accs.iter().map(|&k| self.tangent_or_zero(nest.accs[k])).collect::<Vec<_>>());
        let mut params = nest.body.params.clone();
        params.extend(accs.iter().map(|&k| self.new_tangent(nest.body.params[rank + k])).collect::<Vec<_>>());
        self.b.open();
        self.insts(&nest.body);
        let mut results = nest.body.results[..na].to_vec();
        results.extend(accs.iter().map(|&k| self.tangent_or_zero(nest.body.results[k])).collect::<Vec<_>>());
        results.extend(&nest.body.results[na..]);
        let ds: Vec<Value> = outs.iter().map(|&k| self.tangent_or_zero(nest.body.results[na + k])).collect();
        let mut made = nest.outs.clone();
        let mut out_results = inst.results.clone();
        out_results
            .splice(na..na, accs.iter().map(|&k| self.new_tangent(inst.results[k])).collect::<Vec<_>>());
        let mut later = Vec::new();
        for (&k, &d) in outs.iter().zip(&ds) {
            let (y, v) = (inst.results[na + k], nest.body.results[na + k]);
            match nest.outs[k] {
                out @ (Out::Build | Out::Fold(Reduce::Sum)) => {
                    made.push(out);
                    results.push(d);
                    out_results.push(self.new_tangent(y));
                }
                Out::Fold(Reduce::Product) => {
                    let elem = float_of(self.b.values, v);
                    results.extend(factor_parts(&mut self.b, v));
                    made.extend([Out::Fold(Reduce::Product), Out::Fold(Reduce::Sum)]);
                    let parts = [0; 2].map(|_| self.b.values.add(elem.into(), ""));
                    out_results.extend(parts);
                    later.push((y, v, d, Later::Product(parts)));
                }
                Out::Fold(_) => later.push((y, v, d, Later::Extremum(y))),
            }
        }
        let body = self.b.close(params, results);
        let dual = Nest { domain: nest.domain.clone(), accs: inits, body, outs: made };
        self.b.append(Inst { results: out_results, kind: Kind::Nest(dual.clone()), loc: inst.loc });
        for (y, v, d, how) in later {
            let tangent = self.second_look(&dual, v, d, how);
            self.tangents.insert(y, tangent);
        }
    }

    fn zeros_like(&mut self, v: Value) -> Value {
        let ty = self.b.values.ty(v).clone();
        zero(&mut self.b, &ty)
    }

    /// The tangent of a product or an extremum: a sum over all iterations once the result is known.
    fn second_look(&mut self, dual: &Nest, v: Value, d: Value, how: Later) -> Value {
        let na = dual.accs.len();
        let sums = [Out::Fold(Reduce::Sum); 2];
        // what the copied code accumulates is dropped; the accumulators themselves may be used only once
        let accs: Vec<Value> = dual.accs.iter().map(|&a| self.zeros_like(a)).collect();
        let out = self.b.nest(&dual.domain, &accs, &sums, |b, at, tokens| {
            let body: &Block = &dual.body;
            let mut renamer =
                Renamer::with(body.params.iter().copied().zip(at.iter().chain(tokens).copied()));
            for inst in &body.insts {
                let inst = renamer.inst(b.values, None, inst);
                b.append(inst);
            }
            let mut results = renamer.values(&body.results[..na]);
            let (v, d) = (renamer.value(v), renamer.value(d));
            match how {
                Later::Product([nonzero, zeros]) => {
                    let part = others(b, v, nonzero, zeros, d);
                    results.extend([part, part]);
                }
                Later::Extremum(y) => {
                    let attained = indicator(b, v, y);
                    results.extend([b.op(Op::MulZ, &[attained, d]), attained]);
                }
            }
            results
        });
        match how {
            Later::Product(_) => out[na],
            Later::Extremum(_) => self.b.op(Op::Div, &[out[na], out[na + 1]]),
        }
    }
}

/// What a second look needs: the product of the non-zero factors and the number of zeros, or the extremum.
#[derive(Clone, Copy)]
enum Later {
    Product([Value; 2]),
    Extremum(Value),
}
