//! What back ends want to know of a nest: what it captures, how it reads, what it moves.

use std::collections::HashSet;

use crate::ir::{Block, Extent, Kind, Nest, Out, Scalar, Ty, Value, Values, free_values};

/// Facts about one nest of a function. [`nest_info`] makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NestInfo {
    /// Numbers from outside that the body or its extents read, in order of first use. Those of the nest's domain come
    /// first. After [`finish`](crate::opt::finish) no literal is among them.
    pub scalars: Vec<Value>,
    /// Arrays from outside that the body reads, in order of first use. An accumulator's initial array is among them
    /// only if the body reads it.
    pub arrays: Vec<Read>,
    /// Whether the body is scalar operations, literals and reads only: no branch, loop, accumulation or assertion.
    pub straight: bool,
    /// Bytes that one iteration reads from arrays whose elements differ from iteration to iteration.
    pub bytes_read: u64,
    /// Bytes that one iteration writes.
    pub bytes_written: u64,
    /// About how many additions' time one iteration takes.
    pub cost: u64,
}

/// How a nest reads an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Read {
    /// The array.
    pub array: Value,
    /// The pattern of all its reads in the body.
    pub pattern: Pattern,
}

/// Which elements the iterations of a nest read. The reads of an array have the least regular of their patterns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Pattern {
    /// Every iteration the same element or elements.
    Invariant,
    /// The element at the nest's own indices: neighbouring iterations, neighbouring elements, each read once.
    Own,
    /// The last index is the nest's innermost one, the others do not depend on it: contiguous along the innermost axis.
    Contiguous,
    /// Anything else.
    Other,
}

/// The facts about a nest.
pub fn nest_info(values: &Values, nest: &Nest) -> NestInfo {
    let rank = nest.domain.len();
    let mut survey = Survey { nest, local: HashSet::new(), found: Vec::new(), straight: true };
    survey.block(&nest.body);
    let (found, straight) = (survey.found, survey.straight);
    let captured = captures(values, nest);
    let (arrays, scalars): (Vec<Value>, Vec<Value>) =
        captured.into_iter().partition(|&v| values.ty(v).is_array());
    let tokens: HashSet<Value> = nest.body.params[rank..].iter().copied().collect();
    let pattern = |array| found.iter().filter(|r| r.array == array).map(|r| r.pattern).max();
    let arrays: Vec<Read> = arrays
        .into_iter()
        .map(|array| Read { array, pattern: pattern(array).unwrap_or(Pattern::Other) })
        .collect();
    let moved = |r: &&Read| r.pattern != Pattern::Invariant && !tokens.contains(&r.array);
    let written =
        nest.body.results[nest.accs.len()..].iter().zip(&nest.outs).filter(|(_, o)| **o == Out::Build);
    NestInfo {
        bytes_read: arrays.iter().filter(moved).map(|r| bytes(values.ty(r.array))).sum(),
        bytes_written: written.map(|(&v, _)| bytes(values.ty(v))).sum::<u64>()
            + nest.accs.iter().map(|&a| bytes(values.ty(a))).sum::<u64>(),
        cost: super::cost(&nest.body),
        scalars,
        arrays,
        straight,
    }
}

/// The values from outside that a nest reads: extents of its domain, then what its body reads.
fn captures(values: &Values, nest: &Nest) -> Vec<Value> {
    let mut captured: Vec<Value> = Vec::new();
    let extents = nest.domain.iter().filter_map(|e| if let Extent::Value(v) = e { Some(*v) } else { None });
    // The extents of an accumulator belong to its type, not to what the body reads.
    let free = free_values(values, &nest.body);
    for v in extents.chain(free) {
        if !captured.contains(&v) {
            captured.push(v);
        }
    }
    captured
}

fn bytes(ty: &Ty) -> u64 {
    match ty.elem() {
        Some(Scalar::Bool) => 1,
        Some(Scalar::I32 | Scalar::F32) => 4,
        Some(Scalar::I64 | Scalar::F64) => 8,
        None => 0,
    }
}

struct Survey<'n> {
    nest: &'n Nest,
    /// What the body defines, indices included.
    local: HashSet<Value>,
    found: Vec<Read>,
    straight: bool,
}

impl Survey<'_> {
    fn block(&mut self, block: &Block) {
        self.local.extend(&block.params);
        for inst in &block.insts {
            match &inst.kind {
                Kind::Const(_) | Kind::Op(..) => {}
                Kind::Index { array, at } => {
                    let pattern = self.pattern(at);
                    self.found.push(Read { array: *array, pattern });
                }
                _ => self.straight = false,
            }
            inst.kind.blocks().into_iter().for_each(|b| self.block(b));
            self.local.extend(&inst.results);
        }
    }

    fn pattern(&self, at: &[Value]) -> Pattern {
        let indices = &self.nest.body.params[..self.nest.domain.len()];
        let invariant = |v: &Value| !self.local.contains(v);
        if at.iter().all(invariant) {
            return Pattern::Invariant;
        }
        if at == indices {
            return Pattern::Own;
        }
        let outer = |v: &Value| invariant(v) || indices[..indices.len() - 1].contains(v);
        match at.split_last() {
            Some((last, rest)) if indices.last() == Some(last) && rest.iter().all(outer) => {
                Pattern::Contiguous
            }
            _ => Pattern::Other,
        }
    }
}
