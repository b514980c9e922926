//! Making a failing function smaller.

use std::time::{Duration, Instant};

use pullback_kernels::ir::{Block, Builder, Inst, Kind, Module, Ty, Value, Values, verify};

/// How long to look for something smaller.
const PATIENCE: Duration = Duration::from_secs(20);

/// The smallest module found that verifies and still fails: results of the entry function dropped, instructions
/// dropped, or replaced by constants, from the last to the first.
pub fn shrink(module: &Module, fails: impl Fn(&Module) -> bool) -> Module {
    let start = Instant::now();
    let better = |c: &Module, best: &Module| {
        start.elapsed() < PATIENCE && size(c) < size(best) && verify(c).is_ok() && fails(c)
    };
    let mut best = module.clone();
    loop {
        let before = size(&best);
        best = Some(without_dead_code(&best)).filter(|c| better(c, &best)).unwrap_or(best);
        while let Some(smaller) = drop_results(&best).into_iter().find(|c| better(c, &best)) {
            best = smaller;
        }
        for position in (0..count(&best.entry().body)).rev() {
            let candidates = [false, true].map(|constants| change(&best, position, constants));
            if let Some(smaller) = candidates.into_iter().find(|c| better(c, &best)) {
                best = smaller;
            }
        }
        if size(&best) == before {
            return best;
        }
    }
}

/// What gets smaller: instructions that are no constants count most.
fn size(module: &Module) -> usize {
    let body = &module.entry().body;
    4 * count(body) + body.results.len() - 2 * constants(body)
}

fn count(block: &Block) -> usize {
    block.insts.iter().map(|i| 1 + i.kind.blocks().into_iter().map(count).sum::<usize>()).sum()
}

fn constants(block: &Block) -> usize {
    let own = |i: &Inst| matches!(i.kind, Kind::Const(_)) as usize;
    block.insts.iter().map(|i| own(i) + i.kind.blocks().into_iter().map(constants).sum::<usize>()).sum()
}

fn without_dead_code(module: &Module) -> Module {
    let mut m = module.clone();
    pullback_kernels::opt::dce::run(m.funcs.last_mut().expect("an entry"));
    m
}

fn drop_results(module: &Module) -> Vec<Module> {
    let n = module.entry().body.results.len();
    let without = |i: usize| {
        let mut m = module.clone();
        m.funcs.last_mut().expect("an entry").body.results.remove(i);
        m
    };
    if n > 1 { (0..n).map(without).collect() } else { Vec::new() }
}

/// The module without the entry function's instruction at a position in the text, or with constants in its place.
fn change(module: &Module, position: usize, constants: bool) -> Module {
    let mut m = module.clone();
    let f = m.funcs.last_mut().expect("an entry");
    let mut left = position;
    change_in(&mut f.body, &mut f.values, &mut left, constants);
    m
}

/// Whether the instruction was found.
fn change_in(block: &mut Block, values: &mut Values, left: &mut usize, constants: bool) -> bool {
    for i in 0..block.insts.len() {
        if *left == 0 {
            let old = block.insts.remove(i);
            if constants {
                let new = old.results.iter().flat_map(|&r| constant(values, r)).collect::<Vec<_>>();
                block.insts.splice(i..i, new);
            }
            return true;
        }
        *left -= 1;
        for inner in block.insts[i].kind.blocks_mut() {
            if change_in(inner, values, left, constants) {
                return true;
            }
        }
    }
    false
}

/// Code that defines a value as a constant; none for a tape.
fn constant(values: &mut Values, v: Value) -> Vec<Inst> {
    let ty = values.ty(v).clone();
    let mut b = Builder::new(values);
    match ty {
        Ty::Tape => return Vec::new(),
        Ty::Scalar(s) => b.number(s, 1.0),
        Ty::Array(s, shape) => b.build(&shape, |b, _| b.number(s, 1.0)),
    };
    let mut insts = b.finish();
    insts.last_mut().expect("the constant").results = vec![v];
    insts
}
