//! Code that a nest does again, rather than have a glue nest run before it.

use std::collections::{BTreeSet, HashMap};

use crate::fuse;
use crate::ir::{Block, Kind, Renamer, Value, Values, free_values};

use super::known::{Facts, cost};

/// At most so many additions' time is spent on it, by every thread once.
const MAX_COST: u64 = 200;

/// Copies short code into the nests of a block that need it.
pub(super) fn block(values: &mut Values, facts: &Facts, block: &mut Block) {
    let glue: Vec<bool> = block.insts.iter().map(|i| facts.is_glue(values, i)).collect();
    let mut home: HashMap<Value, usize> = HashMap::new();
    for (at, inst) in block.insts.iter().enumerate().filter(|(at, _)| glue[*at]) {
        home.extend(inst.results.iter().map(|&v| (v, at)));
    }
    for at in 0..block.insts.len() {
        let Kind::Nest(nest) = &block.insts[at].kind else { continue };
        let mut wanted = BTreeSet::new();
        for v in free_values(values, &nest.body) {
            let mut slice = BTreeSet::new();
            if needs(values, facts, block, &home, v, &mut slice) {
                wanted.extend(slice);
            }
        }
        if wanted.iter().map(|&k| cost(&block.insts[k])).sum::<u64>() <= MAX_COST {
            sink(values, block, &wanted, at);
        }
    }
}

/// Adds the instructions that make a value to `slice`; false if one of them has to stay.
fn needs(
    values: &Values,
    facts: &Facts,
    block: &Block,
    home: &HashMap<Value, usize>,
    v: Value,
    slice: &mut BTreeSet<usize>,
) -> bool {
    let Some(&at) = home.get(&v) else { return true };
    let inst = &block.insts[at];
    slice.contains(&at)
        || facts.may_sink(values, inst)
            && inst.kind.operands().into_iter().all(|v| needs(values, facts, block, home, v, slice))
            && slice.insert(at)
}

fn sink(values: &mut Values, block: &mut Block, wanted: &BTreeSet<usize>, at: usize) {
    let mut renamer = Renamer::default();
    let copies: Vec<_> = wanted.iter().map(|&k| renamer.inst(values, None, &block.insts[k])).collect();
    let Kind::Nest(nest) = &mut block.insts[at].kind else { return };
    fuse::substitute(values, &mut nest.body, &renamer.map);
    nest.body.insts.splice(0..0, copies);
}
