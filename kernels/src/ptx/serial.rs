//! Code that one thread runs: its results may be arrays and tapes as well as numbers.
//!
//! An array that a loop changes and that is a result of the kernel is changed where it is left, rather than in the
//! thread's own memory. All threads of the block copy there what it starts from, before one of them begins.

use std::collections::{HashMap, HashSet};

use super::array::{Array, LOCAL_BYTES, same_place};
use super::text::{Num, size};
use super::{Emitter, Param, Result, unsupported};
use crate::ir::{Block, Extent, Inst, Kind, Nest, Out, Scalar, Value, Values};

/// Where an array that a loop carries is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The out that it becomes.
    out: usize,
    /// The array from outside that it starts from, if it is one.
    from: Option<Value>,
}

/// Code of one thread as a nest of one iteration, which yields arrays and tapes as it is.
pub(super) fn as_nest(values: &mut Values, body: &Block) -> Nest {
    let index = values.add(Scalar::I64.into(), "");
    let outs = vec![Out::Build; body.results.len()];
    let body = Block { params: vec![index], ..body.clone() };
    Nest { domain: vec![Extent::Const(1)], accs: Vec::new(), body, outs }
}

impl Emitter {
    /// Finds the loops that may change an array where the kernel leaves it.
    pub(super) fn place_results(&mut self, nest: &Nest) {
        let home: HashMap<Value, (&Inst, usize)> = nest
            .body
            .insts
            .iter()
            .flat_map(|i| i.results.iter().enumerate().map(move |(k, &v)| (v, (i, k))))
            .collect();
        let mut taken = HashSet::new();
        for (out, &result) in nest.body.results.iter().enumerate() {
            if !self.is_large(result) || !taken.insert(result) {
                continue;
            }
            let mut at = result;
            while let Some(&(inst, k)) = home.get(&at) {
                let (init, params) = match &inst.kind {
                    Kind::For { init, body, .. } => (init, &body.params[1..]),
                    Kind::While { init, body, .. } => (init, &body.params[..]),
                    _ => break,
                };
                let from = init[k];
                let ours = home.contains_key(&from);
                self.placed.insert(params[k], Place { out, from: (!ours).then_some(from) });
                // The loop before may change it there if nobody else reads what it leaves.
                if !ours || self.frame.uses.get(&from) != Some(&1) {
                    break;
                }
                at = from;
            }
        }
    }

    /// Whether an array is too large for a thread's local memory.
    fn is_large(&self, v: Value) -> bool {
        let ty = self.ty(v);
        let count = self.constant_extents(ty.shape()).map(|s| s.iter().product::<i64>().unsigned_abs());
        ty.is_array() && count.is_none_or(|n| n * size(ty.elem().unwrap_or(Scalar::F64)) > LOCAL_BYTES)
    }

    /// Whether one of these is changed where the kernel leaves it.
    pub(super) fn is_placed(&self, params: &[Value]) -> bool {
        params.iter().any(|p| self.placed.contains_key(p))
    }

    /// All threads copy what arrays start from to where they are left.
    pub(super) fn fill_places(&mut self, thread: &Num) -> Result<()> {
        let mut all: Vec<(usize, Value)> =
            self.placed.values().filter_map(|p| p.from.map(|from| (p.out, from))).collect();
        all.sort_unstable();
        let some = !all.is_empty();
        for (out, from) in all {
            let (to, from) = (self.out_place(out, from), self.captured(from));
            self.copy_by_threads(&to, &from, thread)?;
        }
        if some {
            self.text.line("bar.sync 0;");
        }
        Ok(())
    }

    /// An array at the place of an out.
    fn out_place(&mut self, out: usize, like: Value) -> Array {
        let (ty, pointer) = (self.ty(like), self.param(Param::Out(out)));
        let elem = ty.elem().unwrap_or(Scalar::F64);
        let stride = Num::int(size(elem) as i64);
        Array::Room { elem, shape: ty.shape().to_vec(), pointer, stride, own: true }
    }

    /// What a loop carries, where the kernel leaves it.
    pub(super) fn placed(&mut self, init: Value, param: Value) -> Result<Array> {
        let Place { out, from } = self.placed[&param];
        let to = self.out_place(out, param);
        if from.is_none() {
            let item = self.array(init)?;
            if !same_place(&to, &item) {
                self.copy(&to, &item)?;
            }
        }
        Ok(to)
    }

    /// Leaves an array where its out goes.
    pub(super) fn leave(&mut self, out: usize, array: &Array, v: Value) -> Result<()> {
        if matches!(array, Array::Copy { .. }) {
            return Err(unsupported("an accumulator is left".into()));
        }
        let to = self.out_place(out, v);
        if same_place(&to, array) { Ok(()) } else { self.copy(&to, array) }
    }
}
