//! What is popped in the block that pushed it never goes to the tape: what unrolled loops leave behind.

use std::collections::HashMap;

use crate::fuse::substitute;
use crate::ir::{Block, Func, Kind, Value};

/// Removes pairs of a push and its pop.
pub fn run(f: &mut Func) {
    let mut to = HashMap::new();
    let mut body = std::mem::take(&mut f.body);
    block(&mut body, &mut to);
    let last = |v: &Value| {
        let mut v = *v;
        while let Some(&next) = to.get(&v) {
            v = next;
        }
        v
    };
    let to = to.iter().map(|(&from, v)| (from, last(v))).collect();
    substitute(&mut f.values, &mut body, &to);
    f.body = body;
}

/// Takes the pairs out of a block; `to` gets what becomes of the values that the pops gave.
fn block(b: &mut Block, to: &mut HashMap<Value, Value>) {
    let resolve = |to: &HashMap<Value, Value>, mut v: Value| {
        while let Some(&next) = to.get(&v) {
            v = next;
        }
        v
    };
    // A tape is used once, so that a pop of what a push gave is the only reader of it.
    let mut pushes: HashMap<Value, (usize, Value, Value)> = HashMap::new();
    let mut gone = vec![false; b.insts.len()];
    for (at, inst) in b.insts.iter_mut().enumerate() {
        match &inst.kind {
            Kind::Push { tape, value } => {
                pushes.insert(inst.results[0], (at, *tape, *value));
            }
            Kind::Pop { tape } => {
                if let Some((pushed, below, value)) = pushes.remove(&resolve(to, *tape)) {
                    to.insert(inst.results[0], below);
                    to.insert(inst.results[1], value);
                    gone[pushed] = true;
                    gone[at] = true;
                }
            }
            _ => inst.kind.blocks_mut().into_iter().for_each(|inner| block(inner, to)),
        }
    }
    let mut gone = gone.into_iter();
    b.insts.retain(|_| !gone.next().expect("one flag each"));
}
