//! Carried arrays that are only accumulated to.

use std::collections::HashMap;

use crate::ir::{Block, Inst, Kind, Value};

/// Whether `next` is `param` after additions to its elements, and nothing else reads the array in between.
pub(super) fn only_accumulated(
    insts: &[Inst],
    param: Value,
    next: Value,
    uses: &HashMap<Value, u32>,
) -> bool {
    let mut steps = 0;
    follow(insts, param, next, uses, &mut steps) && steps > 0
}

/// Follows an array forward through the instructions that accumulate to it; each of its states is used once (in a
/// branch: once per arm).
fn follow(insts: &[Inst], from: Value, to: Value, uses: &HashMap<Value, u32>, steps: &mut u32) -> bool {
    let mut current = from;
    for inst in insts {
        match advance(inst, current, uses, steps) {
            Step::None => {}
            Step::To(next) => current = next,
            Step::Blocked => return false,
        }
    }
    current == to && uses.get(&to) == Some(&1)
}

enum Step {
    /// The instruction has nothing to do with the array.
    None,
    /// It accumulates to it.
    To(Value),
    /// It does something else with it.
    Blocked,
}

fn advance(inst: &Inst, current: Value, uses: &HashMap<Value, u32>, steps: &mut u32) -> Step {
    let once = uses.get(&current) == Some(&1);
    let mut inner = |block: &Block, from: Value, to: Value| follow(&block.insts, from, to, uses, steps);
    match &inst.kind {
        Kind::Accum { array, .. } if *array == current => {
            *steps += 1;
            if once { Step::To(inst.results[0]) } else { Step::Blocked }
        }
        Kind::Nest(nest) => match nest.accs.iter().position(|&a| a == current) {
            Some(k) => {
                let token = nest.body.params[nest.domain.len() + k];
                let fine = once && inner(&nest.body, token, nest.body.results[k]);
                if fine { Step::To(inst.results[k]) } else { Step::Blocked }
            }
            None => Step::None,
        },
        Kind::For { init, body, .. } => match init.iter().position(|&a| a == current) {
            Some(k) => {
                let fine = once && inner(body, body.params[1 + k], body.results[k]);
                if fine { Step::To(inst.results[k]) } else { Step::Blocked }
            }
            None => Step::None,
        },
        Kind::If { then, els, .. } => branch(inst, [then, els], current, uses, steps),
        _ => Step::None,
    }
}

/// A branch whose arms both accumulate, or hand the array on.
fn branch(
    inst: &Inst,
    arms: [&Block; 2],
    current: Value,
    uses: &HashMap<Value, u32>,
    steps: &mut u32,
) -> Step {
    if uses.get(&current) != Some(&2) {
        return Step::None;
    }
    let mut once = uses.clone();
    once.insert(current, 1);
    for (k, &result) in inst.results.iter().enumerate() {
        if arms.iter().all(|arm| follow(&arm.insts, current, arm.results[k], &once, steps)) {
            return Step::To(result);
        }
    }
    Step::None
}
