//! Numbers that stay on a GPU: what computes with them outside of nests becomes nests of its own.
//!
//! A nest leaves the results of its reductions in the GPU's memory. Code between nests that reads such a number would
//! have to wait for it and copy it to the host. This pass gathers that code into as few small nests ("glue") as the order
//! of the others allows, so that the host launches kernels and computes only with what it knows: lengths, literals, integers
//! that were passed. A few operations that only one nest needs are done again in that nest rather than before it.
//!
//! A glue nest has a domain of one iteration, or one per element of a small array that it makes; its numbers are `fold
//! max` (of truth values `fold any`) of what every iteration computes alike, which is that number, bit for bit.
//!
//! Branches around nests become a choice between the results of both arms (`branches`).
//!
//! Sequential loops with arrays are run by one thread of the GPU: with whatever else is computed at that time they become
//! the code of one thread ([`Kind::Serial`](crate::ir::Kind::Serial)), unless there is work in them for more: a nest of a
//! size that is not known, or of more than 64 iterations, a product, a factorisation. Those stay loops of the host's
//! program, which launches kernels in each iteration; an element that such a loop writes is a nest over the array. Small
//! factorisations go to one thread as well, all others are loops around nests (`factors`). What one thread pushes on a
//! tape is in the GPU's memory and must be popped by one thread (`tapes`).
//!
//! What stays with the host, although it then has to read numbers back: conditions of loops around nests, branches
//! around nests that use tapes or make arrays as long as numbers say, and calls of functions without IR.

mod branches;
mod factors;
mod groups;
mod known;
mod residence;
mod rewrite;
mod sink;
mod tapes;

use crate::ir::{Block, Func, Values};
use crate::opt::{compact, dce, localize};

pub use residence::{Residents, residents};

/// Gathers what computes with numbers on the device. Parameters that are float numbers count as such.
pub fn run(f: &mut Func) {
    rewrite::run(f);
    branches::run(f);
    factors::run(f);
    each_block(f, &mut sink::block);
    dce::run(f);
    each_block(f, &mut groups::block);
    localize::run(f);
    dce::run(f);
    compact::run(f);
}

/// Rewrites each block of the host's program, inner ones first.
fn each_block(f: &mut Func, rewrite: &mut dyn FnMut(&mut Values, &known::Facts, &mut Block)) {
    let facts = known::Facts::of(f);
    let mut body = std::mem::take(&mut f.body);
    walk(&mut f.values, &facts, &mut body, rewrite);
    f.body = body;
}

fn walk(
    values: &mut Values,
    facts: &known::Facts,
    block: &mut Block,
    rewrite: &mut dyn FnMut(&mut Values, &known::Facts, &mut Block),
) {
    for inst in &mut block.insts {
        if known::is_control(inst) && !facts.is_glue(values, inst) && !known::stays_with_host(inst) {
            inst.kind.blocks_mut().into_iter().for_each(|b| walk(values, facts, b, rewrite));
        }
    }
    rewrite(values, facts, block);
}
