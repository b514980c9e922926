//! Products, maxima and minima over a domain.

use super::Reverse;
use super::nest::Seed;
use crate::ad::float_of;
use crate::ir::{Builder, Extent, Nest, Out, Reduce, Renamer, Value, free_values};
use crate::ops::Op;

impl Reverse<'_, '_> {
    /// The cotangent of each factor of a product: the product of the others, exact where factors are zero.
    pub(super) fn product_seed(&mut self, nest: &Nest, factor: Value, d: Value) -> Seed {
        let outs = [Out::Fold(Reduce::Product), Out::Fold(Reduce::Sum)];
        let parts = self.again_over(nest, &outs, |b, v| factor_parts(b, v).to_vec(), factor);
        let (nonzero, zeros) = (parts[0], parts[1]);
        let make = move |r: &mut Reverse<'_, '_>, _: &[Value]| {
            let v = r.primal(factor);
            others(&mut r.b, v, nonzero, zeros, d)
        };
        Seed { of: factor, make: Box::new(make) }
    }

    /// The cotangent of a maximum or minimum is shared by the iterations that attain it.
    pub(super) fn extremum_seed(&mut self, nest: &Nest, of: Value, result: Value, d: Value) -> Seed {
        let extremum = self.primal(result);
        let ties =
            self.again_over(nest, &[Out::Fold(Reduce::Sum)], |b, v| vec![indicator(b, v, extremum)], of)[0];
        let share = self.b.op(Op::Div, &[d, ties]);
        let make = move |r: &mut Reverse<'_, '_>, _: &[Value]| {
            let v = r.primal(of);
            let attained = r.b.op(Op::Eq, &[v, extremum]);
            let elem = float_of(r.b.values, v);
            let zero = r.b.number(elem, 0.0);
            r.b.op(Op::Select, &[attained, share, zero])
        };
        Seed { of, make: Box::new(make) }
    }

    /// Runs a nest's body again for one number that it yields, and reduces what `f` makes of it.
    fn again_over(
        &mut self,
        nest: &Nest,
        outs: &[Out],
        f: impl FnOnce(&mut Builder, Value) -> Vec<Value>,
        of: Value,
    ) -> Vec<Value> {
        let free = free_values(self.b.values, &nest.body);
        let domain: Vec<Extent> = nest.domain.iter().map(|&e| self.primal_extent(e)).collect();
        let pairs: Vec<(Value, Value)> = free.into_iter().map(|v| (v, self.primal(v))).collect();
        let accs: Vec<Value> = nest.accs.iter().map(|&a| self.primal(a)).collect();
        let out = self.b.nest(&domain, &accs, outs, |b, at, tokens| {
            let mut renamer = Renamer::with(pairs);
            let params = at.iter().chain(tokens);
            renamer.map.extend(nest.body.params.iter().copied().zip(params.copied()));
            for inst in &nest.body.insts {
                let inst = renamer.inst(b.values, None, inst);
                b.append(inst);
            }
            let mut results = renamer.values(&nest.body.results[..accs.len()]);
            results.extend(f(b, renamer.value(of)));
            results
        });
        out[accs.len()..].to_vec()
    }
}

/// What a factor adds to the product of the non-zero factors, and to the number of zeros.
pub(in crate::ad) fn factor_parts(b: &mut Builder, v: Value) -> [Value; 2] {
    let elem = float_of(b.values, v);
    let (zero, one) = (b.number(elem, 0.0), b.number(elem, 1.0));
    let is_zero = b.op(Op::Eq, &[v, zero]);
    [b.op(Op::Select, &[is_zero, one, v]), b.op(Op::Select, &[is_zero, one, zero])]
}

/// 1 where a number is the extremum, otherwise 0.
pub(in crate::ad) fn indicator(b: &mut Builder, v: Value, extremum: Value) -> Value {
    let elem = float_of(b.values, v);
    let (zero, one) = (b.number(elem, 0.0), b.number(elem, 1.0));
    let attained = b.op(Op::Eq, &[v, extremum]);
    b.op(Op::Select, &[attained, one, zero])
}

/// `d` times the product of the factors other than `v`, from the product of the non-zero ones and the number of zeros.
pub(in crate::ad) fn others(b: &mut Builder, v: Value, nonzero: Value, zeros: Value, d: Value) -> Value {
    let elem = float_of(b.values, v);
    let (zero, one) = (b.number(elem, 0.0), b.number(elem, 1.0));
    let is_zero = b.op(Op::Eq, &[v, zero]);
    let safe = b.op(Op::Select, &[is_zero, one, v]);
    let quotient = b.op(Op::Div, &[nonzero, safe]);
    let others_zero = b.op(Op::Select, &[is_zero, one, zero]);
    let all_others = b.op(Op::Eq, &[zeros, others_zero]);
    let product = b.op(Op::Select, &[all_others, quotient, zero]);
    b.op(Op::MulZ, &[d, product])
}
