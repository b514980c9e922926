//! Simplification of IR.

mod checkpoint;
pub mod compact;
pub mod contract;
pub mod cse;
pub mod dce;
pub mod flatten;
mod fold;
pub mod hoist;
mod inline;
pub mod localize;
pub mod promote;
pub mod reads_first;
pub mod scalarize;
pub mod simplify;
pub mod split;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod twins;
pub mod unroll;
pub mod untape;

pub use checkpoint::checkpoint;
pub use inline::inline;
pub(crate) use unroll::positions;

use crate::fuse;
use crate::ir::{Block, Func};

/// A rewriting pass: its name and what it does to a function.
pub type Pass = (&'static str, fn(&mut Func));

/// Every rewriting pass.
pub const PASSES: &[Pass] = &[
    ("simplify", simplify::run),
    ("cse", cse::run),
    ("dce", dce::run),
    ("compact", compact::run),
    ("unroll", unroll::run),
    ("scalarize", scalarize::run),
    ("untape", untape::run),
    ("promote", promote::run),
    ("hoist", hoist::run),
    ("inline_builds", fuse::vertical::run),
    ("merge", fuse::horizontal::run),
    ("twins", twins::run),
    ("scatter_to_build", fuse::scatter::run),
    ("flatten", flatten::run),
    ("contract", contract::run),
    ("localize", localize::run),
    ("reads_first", reads_first::run),
    ("split", split::run),
    ("glue", crate::glue::run),
];

/// The most rounds of [`optimize`]; each removes what the one before uncovered.
const MAX_ROUNDS: usize = 4;

/// Simplifies and fuses: the passes in order, until nothing becomes smaller, or a bounded number of rounds.
pub fn optimize(f: &mut Func) {
    let mut size = usize::MAX;
    for _ in 0..MAX_ROUNDS {
        round(f);
        let now = count(&f.body);
        if now == size {
            break;
        }
        size = now;
    }
}

/// The last step before a back end: invariant code leaves loops even where it may run in vain, branches in nests become choices, products and sums multiply-adds, nests get
/// their own literals, and reads come before what writes over them. Not before differentiation, which must see the branches.
pub fn finish(f: &mut Func) {
    hoist::run(f);
    cse::run(f);
    fuse::horizontal::run(f);
    dce::run(f);
    flatten::run(f);
    cse::run(f);
    contract::run(f);
    localize::run(f);
    dce::run(f);
    reads_first::run(f);
    compact::run(f);
}

fn round(f: &mut Func) {
    dce::run(f);
    simplify::run(f);
    cse::run(f);
    dce::run(f);
    unroll::run(f);
    scalarize::run(f);
    untape::run(f);
    simplify::run(f);
    cse::run(f);
    dce::run(f);
    promote::run(f);
    hoist::cautious(f);
    fuse::vertical::run(f);
    fuse::scatter::run(f);
    simplify::run(f);
    cse::run(f);
    dce::run(f);
    fuse::horizontal::run(f);
    twins::run(f);
    cse::run(f);
    dce::run(f);
    compact::run(f);
}

/// How many instructions a block has, those of nested blocks included.
pub(crate) fn count(block: &Block) -> usize {
    let nested = |i: &crate::ir::Inst| i.kind.blocks().into_iter().map(count).sum::<usize>();
    block.insts.iter().map(|i| 1 + nested(i)).sum()
}
