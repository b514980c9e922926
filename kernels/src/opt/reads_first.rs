//! Reads of an array move before what replaces its elements: a back end may then write in place, where it would have to
//! copy the whole array for the sake of one element.

use crate::ir::{Block, Func, Inst, Kind, Value};

/// Moves reads before writes of the same array.
pub fn run(f: &mut Func) {
    block(&mut f.body);
}

fn block(b: &mut Block) {
    for inst in &mut b.insts {
        inst.kind.blocks_mut().into_iter().for_each(block);
    }
    let mut q = 0;
    while q < b.insts.len() {
        for array in written(&b.insts[q]) {
            q += move_reads(b, q, array);
        }
        q += 1;
    }
}

/// The arrays that an instruction takes over.
fn written(inst: &Inst) -> Vec<Value> {
    match &inst.kind {
        Kind::Update { array, .. } | Kind::Accum { array, .. } => vec![*array],
        Kind::For { init, .. } | Kind::While { init, .. } => init.clone(),
        Kind::Nest(nest) => nest.accs.clone(),
        Kind::If { then, els, .. } => then.insts.iter().chain(&els.insts).flat_map(written).collect(),
        _ => Vec::new(),
    }
}

/// Moves the reads of an array behind the instruction at `q` in front of it, with the arithmetic that they need. Returns how
/// many instructions moved.
fn move_reads(b: &mut Block, q: usize, array: Value) -> usize {
    let mut moved = 0;
    for p in q + 1..b.insts.len() {
        let reads = matches!(b.insts[p].kind, Kind::Index { array: a, .. } if a == array);
        if !reads {
            continue;
        }
        let q = q + moved;
        let Some(needed) = needed(b, q, p) else { continue };
        let (mut first, mut rest) = (Vec::new(), Vec::new());
        for (k, inst) in b.insts.drain(q..=p).enumerate() {
            if needed[k] { first.push(inst) } else { rest.push(inst) }
        }
        moved += first.len();
        b.insts.splice(q..q, first.into_iter().chain(rest));
    }
    moved
}

/// Which of the instructions from `q` to `p` the last one needs, itself included; nothing unless they are reads and
/// arithmetic, and that at `q` is not among them.
fn needed(b: &Block, q: usize, p: usize) -> Option<Vec<bool>> {
    let mut needed = vec![false; p + 1 - q];
    needed[p - q] = true;
    for x in (q..=p).rev() {
        if !needed[x - q] {
            continue;
        }
        let inst = &b.insts[x];
        let plain = matches!(inst.kind, Kind::Const(_) | Kind::Op(..) | Kind::Index { .. });
        (plain && x != q).then_some(())?;
        for v in inst.kind.operands() {
            if let Some(d) = (q..x).find(|&d| b.insts[d].results.contains(&v)) {
                needed[d - q] = true;
            }
        }
    }
    Some(needed)
}
