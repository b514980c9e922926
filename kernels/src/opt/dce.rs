//! Dead code: instructions, outs and accumulators of nests, results of branches and carried values of loops that nothing
//! needs. Assertions and calls stay. An access out of bounds whose result is unused goes, and its panic with it.

use crate::ir::{Block, Extent, Func, Inst, Kind, Nest, Out, Value, Values};

/// Removes dead code.
pub fn run(f: &mut Func) {
    let mut live = Live {
        values: &f.values,
        needs: vec![Vec::new(); f.values.len()],
        live: vec![false; f.values.len()],
    };
    let body = &f.body;
    let mut roots = body.results.clone();
    roots.extend(f.sizes.iter().chain(&body.params));
    live.block(body, &mut Vec::new(), &mut roots);
    live.mark(roots);
    let live = live.live;
    let mut body = std::mem::take(&mut f.body);
    sweep(&live, &mut body);
    f.body = body;
}

/// Which values each value needs, and which are needed at all.
struct Live<'a> {
    values: &'a Values,
    needs: Vec<Vec<Value>>,
    live: Vec<bool>,
}

impl Live<'_> {
    fn mark(&mut self, mut pending: Vec<Value>) {
        while let Some(v) = pending.pop() {
            let at = v.0 as usize;
            if !std::mem::replace(&mut self.live[at], true) {
                pending.append(&mut self.needs[at]);
                pending.extend(extents(self.values.ty(v).shape()));
            }
        }
    }

    fn need(&mut self, v: Value, what: impl IntoIterator<Item = Value>) {
        self.needs[v.0 as usize].extend(what);
    }

    /// Notes what each value of a block needs. `control` decides whether the block runs, `roots` is what effects need.
    fn block(&mut self, block: &Block, control: &mut Vec<Value>, roots: &mut Vec<Value>) {
        for inst in &block.insts {
            self.inst(inst, control, roots);
        }
    }

    fn inst(&mut self, inst: &Inst, control: &mut Vec<Value>, roots: &mut Vec<Value>) {
        let depth = control.len();
        match &inst.kind {
            Kind::Nest(nest) => {
                self.nest(inst, nest);
                control.extend(extents(&nest.domain));
            }
            Kind::If { cond, then, els } => {
                for (k, &r) in inst.results.iter().enumerate() {
                    self.need(r, [*cond, then.results[k], els.results[k]]);
                }
                control.push(*cond);
            }
            Kind::For { trip, init, body, .. } => {
                self.need(body.params[0], extents(&[*trip]));
                self.carried(&inst.results, init, &body.params[1..], &body.results, &extents(&[*trip]));
                control.extend(extents(&[*trip]));
            }
            Kind::Serial(body) => {
                for (&r, &yielded) in inst.results.iter().zip(&body.results) {
                    self.need(r, [yielded]);
                }
            }
            Kind::While { init, cond, body } => {
                self.carried(&inst.results, init, &body.params, &body.results, &cond.results);
                for (&p, &q) in cond.params.iter().zip(&body.params) {
                    self.need(p, [q]);
                    self.need(q, [p]);
                }
                control.extend(&cond.results);
            }
            kind => {
                let operands = kind.operands();
                if matches!(kind, Kind::Assert { .. } | Kind::Call { .. }) {
                    roots.extend(operands.iter().chain(control.iter()).chain(&inst.results));
                }
                inst.results.iter().for_each(|&r| self.need(r, operands.iter().copied()));
            }
        }
        for block in inst.kind.blocks() {
            self.block(block, control, roots);
        }
        control.truncate(depth);
    }

    fn nest(&mut self, inst: &Inst, nest: &Nest) {
        let domain = extents(&nest.domain);
        let (indices, tokens) = nest.body.params.split_at(nest.domain.len());
        indices.iter().for_each(|&i| self.need(i, domain.iter().copied()));
        for (&token, &acc) in tokens.iter().zip(&nest.accs) {
            self.need(token, [acc]);
        }
        for (&result, &yielded) in inst.results.iter().zip(&nest.body.results) {
            self.need(result, domain.iter().copied().chain([yielded]));
        }
        for (&result, &acc) in inst.results.iter().zip(&nest.accs) {
            self.need(result, [acc]);
        }
    }

    /// A carried value needs what it starts from and what each iteration makes of it; how often that happens matters too.
    fn carried(
        &mut self,
        results: &[Value],
        init: &[Value],
        params: &[Value],
        next: &[Value],
        control: &[Value],
    ) {
        for (k, &result) in results.iter().enumerate() {
            self.need(result, control.iter().copied().chain([params[k]]));
            self.need(params[k], [init[k], next[k], result]);
        }
    }
}

fn extents(shape: &[Extent]) -> Vec<Value> {
    shape.iter().filter_map(|e| if let Extent::Value(v) = e { Some(*v) } else { None }).collect()
}

fn sweep(live: &[bool], block: &mut Block) {
    let needed = |vs: &[Value]| -> Vec<bool> { vs.iter().map(|v| live[v.0 as usize]).collect() };
    block.insts.retain_mut(|inst| {
        for inner in inst.kind.blocks_mut() {
            sweep(live, inner);
        }
        let wanted = needed(&inst.results);
        let marks = matches!(inst.kind, Kind::Checkpoint);
        if !wanted.contains(&true) && !has_roots(inst) && !marks {
            return false;
        }
        prune(inst, &wanted);
        true
    });
}

/// Whether an instruction stays although nothing needs its results.
fn has_roots(inst: &Inst) -> bool {
    match &inst.kind {
        Kind::Assert { .. } | Kind::Call { .. } => true,
        kind => kind.blocks().iter().any(|b| b.insts.iter().any(has_roots)),
    }
}

/// Takes unneeded results away from an instruction that stays.
pub(super) fn prune(inst: &mut Inst, wanted: &[bool]) {
    if !wanted.contains(&false) {
        return;
    }
    match &mut inst.kind {
        Kind::Nest(nest) => prune_nest(nest, wanted),
        Kind::If { then, els, .. } => {
            filter(&mut then.results, wanted);
            filter(&mut els.results, wanted);
        }
        Kind::For { init, body, .. } => {
            filter(init, wanted);
            filter(&mut body.results, wanted);
            filter(&mut body.params, &[&[true], wanted].concat());
        }
        Kind::Serial(body) => filter(&mut body.results, wanted),
        Kind::While { init, cond, body } => {
            filter(init, wanted);
            filter(&mut cond.params, wanted);
            filter(&mut body.params, wanted);
            filter(&mut body.results, wanted);
        }
        _ => return,
    }
    filter(&mut inst.results, wanted);
}

fn prune_nest(nest: &mut Nest, wanted: &[bool]) {
    let (indices, accs) = (nest.domain.len(), nest.accs.len());
    filter(&mut nest.body.params, &[&vec![true; indices], &wanted[..accs]].concat());
    filter::<Value>(&mut nest.body.results, wanted);
    filter(&mut nest.accs, &wanted[..accs]);
    filter::<Out>(&mut nest.outs, &wanted[accs..]);
}

fn filter<T>(items: &mut Vec<T>, wanted: &[bool]) {
    let mut wanted = wanted.iter();
    items.retain(|_| *wanted.next().expect("one flag each"));
}
