//! Carried arrays of which each iteration writes an element of its own.

use std::collections::HashMap;

use crate::ir::{Extent, Inst, Kind, Value};
use crate::ops::Op;
use crate::rewrite::Cursor;

use super::Loop;

/// The element that an iteration writes.
pub(super) struct Write {
    /// What it writes.
    pub(super) value: Value,
    /// For each axis the loop that moves along it.
    pub(super) loops: Vec<usize>,
    /// For each axis how far the element is from the loop's index.
    offsets: Vec<i64>,
    pub(super) shape: Vec<Extent>,
    /// The array with the element replaced.
    updated: Value,
}

/// The write to the carried array `param`, if it is the only one and of an element of the iteration's own, and the array
/// is read at that element only.
pub(super) fn write(
    c: &Cursor,
    l: &Loop,
    param: Value,
    next: Value,
    uses: &HashMap<Value, u32>,
) -> Option<Write> {
    let inst = l.insts.iter().find(|i| i.results.contains(&next))?;
    let Kind::Update { array, at, value } = &inst.kind else { return None };
    let reads = own_reads(c, &l.insts, param, at)?;
    if *array != param || uses.get(&next) != Some(&1) || uses.get(&param) != Some(&(reads + 1)) {
        return None;
    }
    let shape = c.values().ty(param).shape().to_vec();
    let mut loops = Vec::new();
    let mut offsets = Vec::new();
    for &i in at {
        let sum = c.known.linear(i);
        let [(index, 1)] = sum.terms[..] else { return None };
        loops.push(l.indices.iter().position(|&k| k == index)?);
        offsets.push(sum.constant);
    }
    let mut moved = loops.clone();
    moved.sort_unstable();
    let each_once = moved.iter().copied().eq(0..l.indices.len());
    (each_once && c.known.all_in_bounds(c.values(), param, at)).then_some(Write {
        value: *value,
        loops,
        offsets,
        shape,
        updated: next,
    })
}

/// How often the array's element at the written place is read; `None` if another element is.
fn own_reads(c: &Cursor, insts: &[Inst], array: Value, at: &[Value]) -> Option<u32> {
    let mut reads = 0;
    for inst in insts {
        match &inst.kind {
            Kind::Index { array: a, at: place } if *a == array => {
                (c.known.same_place(place, at) == Some(true)).then_some(())?;
                reads += 1;
            }
            kind => {
                for block in kind.blocks() {
                    reads += own_reads(c, &block.insts, array, at)?;
                }
            }
        }
    }
    Some(reads)
}

/// Reads of the carried array at the written place see the initial array.
pub(super) fn read_initial(insts: &mut [Inst], param: Value, init: Value) {
    for inst in insts {
        if let Kind::Index { array, .. } = &mut inst.kind
            && *array == param
        {
            *array = init;
        }
        inst.kind.blocks_mut().into_iter().for_each(|b| read_initial(&mut b.insts, param, init));
    }
}

impl Write {
    /// Takes the update away.
    pub(super) fn remove(&self, insts: &mut Vec<Inst>) {
        insts.retain(|i| !i.results.contains(&self.updated));
    }

    /// Whether a nest over that domain writes the whole array.
    pub(super) fn covers(&self, c: &Cursor, domain: &[Extent]) -> bool {
        self.offsets.iter().all(|&o| o == 0)
            && self.shape.iter().zip(domain).all(|(&a, &b)| c.extent(a) == c.extent(b))
    }

    /// The array: what was written where the loop came by, what was there before elsewhere.
    pub(super) fn cover(&self, c: &mut Cursor, domain: &[Extent], part: Value, init: Value) -> Value {
        let (offsets, domain) = (self.offsets.clone(), domain.to_vec());
        c.b.build(&self.shape, |b, at| {
            let mut inside = None;
            let mut place = Vec::new();
            for ((&i, &offset), &n) in at.iter().zip(&offsets).zip(&domain) {
                let (offset, zero, n) = (b.int(offset), b.int(0), b.extent(n));
                let k = b.op(Op::Sub, &[i, offset]);
                let (low, high) = (b.op(Op::Ge, &[k, zero]), b.op(Op::Lt, &[k, n]));
                let both = b.op(Op::And, &[low, high]);
                inside = Some(inside.map_or(both, |all| b.op(Op::And, &[all, both])));
                place.push(k);
            }
            let inside = inside.expect("an array has an axis");
            b.if_(inside, |b| vec![b.index(part, &place)], |b| vec![b.index(init, at)])[0]
        })
    }
}
