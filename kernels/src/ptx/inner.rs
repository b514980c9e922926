//! Nests inside of a nest: loops of one thread.

use super::array::Array;
use super::body::unrolls;
use super::reduce::Fold;
use super::text::Num;
use super::{Emitter, Item, Result, unsupported};
use crate::ir::{Nest, Out, Scalar, Value};
use crate::ops::Op;

/// What becomes of the numbers that iterations yield.
enum Sink {
    Fold(Fold),
    Build(Array),
}

impl Emitter {
    /// The results of a nest that one thread runs.
    pub(super) fn inner_nest(&mut self, nest: &Nest) -> Result<Vec<Item>> {
        let extents = nest.domain.iter().map(|&e| self.extent(e)).collect::<Result<Vec<_>>>()?;
        for (&v, &e) in nest.body.params.iter().zip(&nest.domain) {
            self.frame.ranges.insert(v, e);
        }
        let known: Option<Vec<i64>> = extents.iter().map(|n| n.known().map(|n| n.max(0))).collect();
        let count = known.as_ref().map(|k| k.iter().product::<i64>());
        match (known, count) {
            (Some(shape), Some(n)) if unrolls(n, &nest.body) => self.unrolled_nest(nest, &shape),
            _ => self.rolled_nest(nest, &extents),
        }
    }

    fn elem(&self, v: Value) -> Scalar {
        self.ty(v).elem().unwrap_or(Scalar::F64)
    }

    fn unrolled_nest(&mut self, nest: &Nest, shape: &[i64]) -> Result<Vec<Item>> {
        let (rank, accs) = (shape.len(), nest.accs.len());
        let mut carried: Vec<Item> = nest.accs.iter().map(|&v| self.item(v)).collect();
        let mut folds: Vec<Fold> = Vec::new();
        let mut built: Vec<Vec<Num>> = Vec::new();
        for (out, &v) in nest.outs.iter().zip(&nest.body.results[accs..]) {
            let reduce = if let Out::Fold(reduce) = out { *reduce } else { crate::ir::Reduce::Sum };
            folds.push(Fold::empty(reduce, self.elem(v)));
            built.push(Vec::new());
        }
        for position in 0..shape.iter().product::<i64>() {
            let args = carried.into_iter().map(|i| self.unshared(i)).collect::<Result<Vec<_>>>()?;
            let mut items = self.scoped(|e| {
                let mut left = position;
                for (k, &n) in shape.iter().enumerate().rev() {
                    e.bind(nest.body.params[k], Item::Num(Num::int(left % n)));
                    left /= n;
                }
                nest.body.params[rank..].iter().zip(args).for_each(|(&p, a)| e.bind(p, a));
                e.block(&nest.body)
            })?;
            let outs = items.split_off(accs);
            carried = items;
            for (k, item) in outs.into_iter().enumerate() {
                let Item::Num(n) = item else { return Err(unsupported("a nest yields an array".into())) };
                match nest.outs[k] {
                    Out::Build => built[k].push(n),
                    Out::Fold(reduce) if position == 0 => folds[k] = Fold::of(reduce, n, Num::int(0)),
                    Out::Fold(reduce) => {
                        folds[k] = self.combine(&folds[k], &Fold::of(reduce, n, Num::int(position)))?;
                    }
                }
            }
        }
        for (k, items) in built.into_iter().enumerate() {
            carried.push(match nest.outs[k] {
                Out::Build => Item::Array(Array::Registers { shape: shape.to_vec(), items }),
                Out::Fold(_) => Item::Num(self.finished(&folds[k])?),
            });
        }
        Ok(carried)
    }

    fn rolled_nest(&mut self, nest: &Nest, extents: &[Num]) -> Result<Vec<Item>> {
        let accs = nest.accs.len();
        let rank = extents.len();
        let carried = self.carried(&nest.accs, &nest.body.params[rank..], &nest.body.results[..accs])?;
        let mut sinks = Vec::new();
        for (out, &v) in nest.outs.iter().zip(&nest.body.results[accs..]) {
            sinks.push(match out {
                Out::Fold(reduce) => Sink::Fold(self.fold_registers(*reduce, self.elem(v))),
                Out::Build => Sink::Build(self.new_array(self.elem(v), &nest.domain)?),
            });
        }
        let position = self.text.in_register(&Num::int(0));
        self.axis(nest, extents, &[], &carried, &sinks, &position)?;
        let mut results = carried;
        for sink in &sinks {
            results.push(match sink {
                Sink::Fold(fold) => Item::Num(self.finished(fold)?),
                Sink::Build(array) => Item::Array(array.clone()),
            });
        }
        Ok(results)
    }

    /// The loop over one axis, and in it those over the axes after it.
    fn axis(
        &mut self,
        nest: &Nest,
        extents: &[Num],
        indices: &[Num],
        carried: &[Item],
        sinks: &[Sink],
        position: &Num,
    ) -> Result<()> {
        let Some(extent) = extents.get(indices.len()) else {
            return self.iteration(nest, indices, carried, sinks, position);
        };
        let i = self.text.in_register(&Num::int(0));
        let (again, end) = (self.text.fresh_label("LOOP"), self.text.fresh_label("END"));
        let inner = [indices, std::slice::from_ref(&i)].concat();
        self.looped(Some(extent), false, |e, release| {
            e.text.label(&again);
            let done = e.text.emit(Scalar::Bool, "setp.ge.s64", &[&i.text, &extent.text]);
            e.text.line(format!("@{} bra {end};", done.text));
            e.axis(nest, extents, &inner, carried, sinks, position)?;
            release(e);
            e.text.line(format!("add.s64 {0}, {0}, 1;", i.text));
            e.text.line(format!("bra {again};"));
            e.text.label(&end);
            Ok(())
        })
    }

    fn iteration(
        &mut self,
        nest: &Nest,
        indices: &[Num],
        carried: &[Item],
        sinks: &[Sink],
        position: &Num,
    ) -> Result<()> {
        let accs = nest.accs.len();
        let args = indices.iter().cloned().map(Item::Num).chain(carried.iter().cloned());
        let items = self.scoped(|e| {
            nest.body.params.iter().zip(args).for_each(|(&p, a)| e.bind(p, a));
            e.block(&nest.body)
        })?;
        self.carry_back(carried, &items[..accs])?;
        for (sink, item) in sinks.iter().zip(&items[accs..]) {
            let Item::Num(n) = item else { return Err(unsupported("a nest yields an array".into())) };
            match sink {
                Sink::Fold(fold) => {
                    self.fold_into(fold, &Fold::of(fold.reduce, n.clone(), position.clone()))?
                }
                Sink::Build(array) => self.set_element(array, position, n)?,
            }
        }
        let next = self.op(Op::Add, &[position.clone(), Num::int(1)])?;
        self.text.assign(position, &next);
        Ok(())
    }
}
