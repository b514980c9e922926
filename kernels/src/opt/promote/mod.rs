//! A sequential loop whose iterations do not need each other becomes a nest.
//!
//! Each carried value must be one of: a number that is only added to (multiplied, ..), an array that is only accumulated
//! to, an array of which each iteration writes an element of its own. One of another kind, an assertion or a call, and
//! the loop stays. Perfectly nested loops become one nest.

mod accumulate;
pub(super) mod reduce;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{HashMap, HashSet};

use crate::ir::{Block, Extent, Func, Inst, Kind, Loc, Nest, Out, Value};

use crate::rewrite::Cursor;
use reduce::Contribution;
use write::Write;

/// Turns loops into nests.
pub fn run(f: &mut Func) {
    Cursor::run(f, |c, body| c.block(body, &mut inst));
}

fn inst(c: &mut Cursor, mut i: Inst) {
    c.resolve(&mut i.kind);
    c.bind_all(&i);
    if is_perfect(&i)
        && let Some(promoted) = flatten(&i).and_then(|l| l.promote(c))
    {
        return promoted.place(c, &mut inst);
    }
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut inst);
    }
    match single(&i).and_then(|l| l.promote(c)) {
        Some(promoted) => promoted.place(c, &mut |c, i| c.keep(i)),
        None => c.keep(i),
    }
}

/// A loop, or loops directly inside each other, with the innermost body.
struct Loop {
    indices: Vec<Value>,
    trips: Vec<Extent>,
    /// The carried values: before the loop, at the start of an iteration, at its end, after the loop.
    init: Vec<Value>,
    params: Vec<Value>,
    next: Vec<Value>,
    results: Vec<Value>,
    insts: Vec<Inst>,
    loc: Loc,
}

fn single(i: &Inst) -> Option<Loop> {
    let Kind::For { trip, init, body, .. } = &i.kind else { return None };
    if init.is_empty() || body.insts.iter().any(is_ordered) {
        return None;
    }
    Some(Loop {
        indices: vec![body.params[0]],
        trips: vec![*trip],
        init: init.clone(),
        params: body.params[1..].to_vec(),
        next: body.results.clone(),
        results: i.results.clone(),
        insts: body.insts.iter().filter(|i| !matches!(i.kind, Kind::Checkpoint)).cloned().collect(),
        loc: i.loc,
    })
}

/// Whether an instruction does what may happen only where and when the program says.
fn is_ordered(inst: &Inst) -> bool {
    match &inst.kind {
        Kind::Assert { .. } | Kind::Call { .. } | Kind::Tape | Kind::Push { .. } | Kind::Pop { .. } => true,
        kind => kind.blocks().iter().any(|b| b.insts.iter().any(is_ordered)),
    }
}

/// The position of the only loop in the body of a loop that hands its carried values through.
fn inner_loop(i: &Inst) -> Option<usize> {
    let Kind::For { body, .. } = &i.kind else { return None };
    let loops = body.insts.iter().enumerate().filter(|(_, i)| !i.kind.blocks().is_empty());
    let [(at, inner)] = loops.collect::<Vec<_>>()[..] else { return None };
    let Kind::For { init, trip, .. } = &inner.kind else { return None };
    let local: HashSet<Value> =
        body.insts.iter().flat_map(|i| &i.results).chain(&body.params).copied().collect();
    let rectangular = !matches!(trip, Extent::Value(v) if local.contains(v));
    (rectangular && *init == body.params[1..] && body.results == inner.results).then_some(at)
}

fn is_perfect(i: &Inst) -> bool {
    inner_loop(i).is_some()
}

/// Perfectly nested loops as one; what stands before or after an inner loop moves into it.
fn flatten(i: &Inst) -> Option<Loop> {
    let Some(at) = inner_loop(i) else { return single(i) };
    let Kind::For { trip, init, body, .. } = &i.kind else { return None };
    if init.is_empty() || body.insts.iter().any(is_ordered) {
        return None;
    }
    let carried = &body.params[1..];
    let around = || {
        let others =
            body.insts.iter().enumerate().filter(|(k, i)| *k != at && !matches!(i.kind, Kind::Checkpoint));
        others.map(|(_, i)| i)
    };
    let untouched =
        |i: &Inst| i.kind.operands().iter().all(|v| !carried.contains(v) && !body.results.contains(v));
    if !around().all(untouched) {
        return None;
    }
    let mut inner = flatten(&body.insts[at])?;
    inner.indices.insert(0, body.params[0]);
    inner.trips.insert(0, *trip);
    inner.insts.splice(0..0, around().cloned());
    Some(Loop { init: init.clone(), results: i.results.clone(), loc: i.loc, ..inner })
}

/// What becomes of a carried value.
enum Role {
    Fold(Contribution),
    Accumulate,
    Write(Write),
}

impl Loop {
    fn promote(mut self, c: &mut Cursor) -> Option<Promoted> {
        let uses = count(&self.insts, &self.next);
        let mut roles = Vec::new();
        for k in 0..self.params.len() {
            roles.push(self.role(c, k, &uses)?);
        }
        let order = self.order(&roles)?;
        self.domain(c, &roles);
        for role in &roles {
            match role {
                Role::Fold(contribution) => contribution.remove(&mut self.insts),
                Role::Write(write) => write.remove(&mut self.insts),
                Role::Accumulate => {}
            }
        }
        Some(self.nest(c, roles, &order))
    }

    fn role(&self, c: &Cursor, k: usize, uses: &HashMap<Value, u32>) -> Option<Role> {
        let (param, next) = (self.params[k], self.next[k]);
        if c.values().ty(param).is_scalar() {
            return reduce::contribution(c, &self.insts, param, next, uses).map(Role::Fold);
        }
        if accumulate::only_accumulated(&self.insts, param, next, uses) {
            return Some(Role::Accumulate);
        }
        write::write(c, self, param, next, uses).map(Role::Write)
    }

    /// The order of the loops in the nest: that of the axes of what is written.
    fn order(&self, roles: &[Role]) -> Option<Vec<usize>> {
        let mut orders =
            roles.iter().filter_map(|r| if let Role::Write(w) = r { Some(w.loops.clone()) } else { None });
        let order = orders.next().unwrap_or_else(|| (0..self.indices.len()).collect());
        orders.all(|o| o == order).then_some(order)
    }

    /// Takes the extents of written arrays for trip counts that are known to be the same.
    fn domain(&mut self, c: &Cursor, roles: &[Role]) {
        for role in roles {
            let Role::Write(w) = role else { continue };
            for (&l, &extent) in w.loops.iter().zip(&w.shape) {
                if c.known.linear_extent(self.trips[l]) == c.known.linear_extent(extent) {
                    self.trips[l] = extent;
                }
            }
        }
    }

    fn nest(self, c: &mut Cursor, roles: Vec<Role>, order: &[usize]) -> Promoted {
        let domain: Vec<Extent> = order.iter().map(|&l| self.trips[l]).collect();
        let mut nest =
            Nest { domain: domain.clone(), accs: Vec::new(), body: Block::default(), outs: Vec::new() };
        nest.body.params = order.iter().map(|&l| self.indices[l]).collect();
        nest.body.insts = self.insts;
        let mut promoted =
            Promoted { nest, accs: Vec::new(), outs: Vec::new(), after: Vec::new(), loc: self.loc };
        for (k, role) in roles.into_iter().enumerate() {
            let (init, result) = (self.init[k], self.results[k]);
            match role {
                Role::Accumulate => promoted.accumulator(init, self.params[k], self.next[k], result),
                Role::Fold(contribution) => promoted.fold(c, contribution, init, result),
                Role::Write(write) => promoted.write(c, write, init, self.params[k], result),
            }
        }
        promoted
    }
}

/// A nest in the making, and what follows it.
struct Promoted {
    nest: Nest,
    accs: Vec<Value>,
    outs: Vec<Value>,
    after: Vec<After>,
    loc: Loc,
}

/// What is made of an out after the nest.
enum After {
    /// The number that a reduction starts from is combined with the sum.
    Combine { op: crate::ops::Op, init: Value, sum: Value, result: Value },
    /// The elements that the loop wrote replace those of the initial array.
    Cover { write: Write, part: Value, init: Value, result: Value },
    /// The out itself.
    Same { out: Value, result: Value },
}

impl Promoted {
    fn accumulator(&mut self, init: Value, token: Value, next: Value, result: Value) {
        let accs = self.nest.accs.len();
        self.nest.accs.push(init);
        self.nest.body.params.push(token);
        self.nest.body.results.insert(accs, next);
        self.accs.push(result);
    }

    fn out(&mut self, out: Out, yielded: Value, result: Value) {
        self.nest.outs.push(out);
        self.nest.body.results.push(yielded);
        self.outs.push(result);
    }

    fn fold(&mut self, c: &mut Cursor, contribution: Contribution, init: Value, result: Value) {
        let yielded = contribution.value(c, &mut self.nest.body.insts);
        let sum = c.b.values.like(result);
        self.out(Out::Fold(contribution.reduce), yielded, sum);
        self.after.push(match reduce::is_neutral(c, contribution.reduce, init) {
            true => After::Same { out: sum, result },
            false => After::Combine { op: reduce::op_of(contribution.reduce), init, sum, result },
        });
    }

    fn write(&mut self, c: &mut Cursor, write: Write, init: Value, param: Value, result: Value) {
        write::read_initial(&mut self.nest.body.insts, param, init);
        let elem = c.values().ty(result).elem().expect("an array");
        let part = c.b.values.add(crate::ir::Ty::Array(elem, self.nest.domain.clone()), "");
        self.out(Out::Build, write.value, part);
        self.after.push(match write.covers(c, &self.nest.domain) {
            true => After::Same { out: part, result },
            false => After::Cover { write, part, init, result },
        });
    }

    /// Appends the nest, `each` handling the nest itself, and what follows it.
    fn place(self, c: &mut Cursor, each: &mut dyn FnMut(&mut Cursor, Inst)) {
        let domain = self.nest.domain.clone();
        c.b.loc = self.loc;
        each(
            c,
            Inst { results: [self.accs, self.outs].concat(), kind: Kind::Nest(self.nest), loc: self.loc },
        );
        for after in self.after {
            let (new, result) = match after {
                After::Same { out, result } => (out, result),
                After::Combine { op, init, sum, result } => {
                    (c.emit(Kind::Op(op, vec![init, sum]))[0], result)
                }
                After::Cover { write, part, init, result } => (write.cover(c, &domain, part, init), result),
            };
            c.replace(result, new);
        }
    }
}

/// How often values are read in these instructions and results.
fn count(insts: &[Inst], results: &[Value]) -> HashMap<Value, u32> {
    fn walk(insts: &[Inst], count: &mut HashMap<Value, u32>) {
        for inst in insts {
            inst.kind.operands().into_iter().for_each(|v| *count.entry(v).or_default() += 1);
            for block in inst.kind.blocks() {
                walk(&block.insts, count);
                block.results.iter().for_each(|&v| *count.entry(v).or_default() += 1);
            }
        }
    }
    let mut found = HashMap::new();
    walk(insts, &mut found);
    results.iter().for_each(|&v| *found.entry(v).or_default() += 1);
    found
}
