//! Simplification of IR.

pub mod compact;
pub mod cse;
mod cursor;
pub mod dce;
mod facts;
mod fold;
mod inline;
mod known;
pub mod simplify;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use cursor::Cursor;
pub use inline::inline;
pub(crate) use known::Known;

use crate::ir::Func;

/// Every rewriting pass by name.
pub const PASSES: &[(&str, fn(&mut Func))] =
    &[("simplify", simplify::run), ("cse", cse::run), ("dce", dce::run), ("compact", compact::run)];

/// The most rounds of [`optimize`].
const MAX_ROUNDS: usize = 4;

/// Runs the passes until nothing changes, or a bounded number of rounds.
pub fn optimize(f: &mut Func) {
    for _ in 0..MAX_ROUNDS {
        let before = f.body.clone();
        simplify::run(f);
        cse::run(f);
        dce::run(f);
        compact::run(f);
        let _ = before;
    }
}
