//! Which instructions of a block go into one glue nest, and the nests.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::ir::{
    Block, Extent, Inst, Kind, Nest, Out, Reduce, Renamer, Scalar, Ty, Value, Values, inst_free_values,
};

use super::known::{Facts, is_serial};

/// When an instruction runs: first what the host knows from the start, then by turns the glue of a step (even) and
/// everything else that needs no later glue (odd).
type Time = i64;

/// The host's own numbers that wait for nothing.
const START: Time = -1;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Glue,
    /// Numbers of the host, which cost no launch.
    Host,
    Other,
}

/// Gathers the glue of a block into nests.
pub(super) fn block(values: &mut Values, facts: &Facts, block: &mut Block) {
    let roles: Vec<Role> = block.insts.iter().map(|i| role(values, facts, i)).collect();
    if !roles.contains(&Role::Glue) {
        return;
    }
    let plan = Plan::of(values, block, &roles);
    let times = plan.gathered(&plan.earliest());
    let groups = plan.groups(&times);
    let mut order: Vec<usize> = (0..block.insts.len()).collect();
    order.sort_by_key(|&k| times[k]);
    let mut insts = Vec::new();
    for k in order {
        match groups.get(&times[k]).filter(|_| roles[k] == Role::Glue) {
            Some(group) if group[0] == k => insts.extend(nests(values, block, group)),
            Some(_) => {}
            None => insts.push(block.insts[k].clone()),
        }
    }
    block.insts = insts;
}

fn role(values: &Values, facts: &Facts, inst: &Inst) -> Role {
    match inst.kind {
        _ if facts.is_glue(values, inst) => Role::Glue,
        Kind::Const(_) | Kind::Op(..) => Role::Host,
        _ => Role::Other,
    }
}

struct Plan<'r> {
    roles: &'r [Role],
    /// The instructions of the block that each one reads from.
    needs: Vec<Vec<usize>>,
    /// The other way around.
    readers: Vec<Vec<usize>>,
}

impl<'r> Plan<'r> {
    fn of(values: &Values, block: &Block, roles: &'r [Role]) -> Plan<'r> {
        let mut home: HashMap<Value, usize> = HashMap::new();
        let mut plan = Plan { roles, needs: Vec::new(), readers: vec![Vec::new(); roles.len()] };
        for (k, inst) in block.insts.iter().enumerate() {
            let needs: Vec<usize> =
                inst_free_values(values, inst).iter().filter_map(|v| home.get(v).copied()).collect();
            needs.iter().for_each(|&d| plan.readers[d].push(k));
            plan.needs.push(needs);
            home.extend(inst.results.iter().map(|&v| (v, k)));
        }
        plan
    }

    /// The first time at which each may run.
    fn earliest(&self) -> Vec<Time> {
        let mut times: Vec<Time> = Vec::new();
        for (needs, role) in self.needs.iter().zip(self.roles) {
            let after = needs.iter().map(|&d| times[d]).max().unwrap_or(START);
            times.push(match role {
                Role::Host => after,
                Role::Glue => after + after.rem_euclid(2),
                Role::Other => after.max(0) + 1 - after.max(0).rem_euclid(2),
            });
        }
        times
    }

    /// The times with the glue at as few of them as possible: what may wait for the next group that cannot does.
    fn gathered(&self, earliest: &[Time]) -> Vec<Time> {
        let end = earliest.iter().map(|t| t + t.rem_euclid(2)).max().unwrap_or(0);
        let mut latest = earliest.to_vec();
        for k in (0..latest.len()).rev().filter(|&k| self.roles[k] == Role::Glue) {
            let before = self.readers[k].iter().map(|&r| match self.roles[r] {
                Role::Glue => latest[r],
                _ => latest[r] - 1,
            });
            latest[k] = before.min().unwrap_or(end);
        }
        let mut times = earliest.to_vec();
        let mut left: Vec<usize> = (0..times.len()).filter(|&k| self.roles[k] == Role::Glue).collect();
        while let Some(now) = left.iter().map(|&k| latest[k]).min() {
            left.retain(|&k| {
                let waits = earliest[k] > now;
                if !waits {
                    times[k] = now;
                }
                waits
            });
        }
        times
    }

    fn groups(&self, times: &[Time]) -> BTreeMap<Time, Vec<usize>> {
        let mut groups: BTreeMap<Time, Vec<usize>> = BTreeMap::new();
        for (k, &time) in times.iter().enumerate().filter(|(k, _)| self.roles[*k] == Role::Glue) {
            groups.entry(time).or_default().push(k);
        }
        groups
    }
}

/// The nests of a group: one, and one more for each array that has another shape than the first.
fn nests(values: &mut Values, block: &Block, group: &[usize]) -> Vec<Inst> {
    let insts: Vec<&Inst> = group.iter().map(|&k| &block.insts[k]).collect();
    let read = read_outside(values, block, group);
    let mut wanted: Vec<Value> =
        insts.iter().flat_map(|i| &i.results).copied().filter(|v| read.contains(v)).collect();
    if insts.iter().any(|i| is_serial(values, i)) {
        return vec![serial(values, &insts, &wanted)];
    }
    let shapes: Vec<Vec<Extent>> =
        wanted.iter().map(|&v| values.ty(v).shape().to_vec()).filter(|s| !s.is_empty()).collect();
    let domain = shapes.first().cloned().unwrap_or_else(|| vec![Extent::Const(1)]);
    let fits = |values: &Values, v: Value| values.ty(v).is_scalar() || values.ty(v).shape() == domain;
    let (mut own, later): (Vec<Value>, Vec<Value>) = wanted.drain(..).partition(|&v| fits(values, v));
    let apart: Vec<&Inst> =
        insts.iter().filter(|i| i.results.iter().any(|v| later.contains(v))).copied().collect();
    // The elements of those arrays have to be known outside.
    let defined: HashSet<Value> = insts.iter().flat_map(|i| &i.results).copied().collect();
    for v in apart.iter().flat_map(|i| i.kind.operands()).filter(|v| defined.contains(v)) {
        if !own.contains(&v) {
            own.push(v);
        }
    }
    let mut made = vec![nest(values, &insts, &own, domain)];
    for inst in apart {
        let shape = values.ty(inst.results[0]).shape().to_vec();
        made.push(nest(values, &[inst], &inst.results, shape));
    }
    made
}

/// The instructions as the code of one thread.
fn serial(values: &mut Values, insts: &[&Inst], wanted: &[Value]) -> Inst {
    let mut renamer = Renamer::default();
    let loc = insts[0].loc;
    let insts = insts.iter().map(|i| renamer.inst(values, None, i)).collect();
    let body = Block { params: Vec::new(), insts, results: renamer.values(wanted) };
    Inst { results: wanted.to_vec(), kind: Kind::Serial(body), loc }
}

/// What is read by anything that is not in the group.
fn read_outside(values: &Values, block: &Block, group: &[usize]) -> HashSet<Value> {
    let inside: HashSet<usize> = group.iter().copied().collect();
    let others = block.insts.iter().enumerate().filter(|(k, _)| !inside.contains(k));
    let read = others.flat_map(|(_, i)| inst_free_values(values, i));
    let results = block.results.iter().copied();
    // Extents of what the block yields are among what is read.
    let extents = block.results.iter().flat_map(|&v| values.ty(v).shape()).filter_map(|e| match e {
        Extent::Value(n) => Some(*n),
        Extent::Const(_) => None,
    });
    read.chain(results).chain(extents).collect()
}

/// A nest that runs the instructions in every iteration.
fn nest(values: &mut Values, insts: &[&Inst], wanted: &[Value], domain: Vec<Extent>) -> Inst {
    let mut renamer = Renamer::default();
    let indices: Vec<Value> = domain.iter().map(|_| values.add(Scalar::I64.into(), "")).collect();
    let mut body: Vec<Inst> = insts.iter().map(|i| renamer.inst(values, None, i)).collect();
    let loc = insts[0].loc;
    let (mut outs, mut results) = (Vec::new(), Vec::new());
    for &v in wanted {
        let inner = renamer.value(v);
        let (out, result) = match values.ty(v).clone() {
            Ty::Array(elem, _) => {
                let element = values.add(elem.into(), "");
                let kind = Kind::Index { array: inner, at: indices.clone() };
                body.push(Inst { results: vec![element], kind, loc });
                (Out::Build, element)
            }
            ty => (Out::Fold(keeps(&ty)), inner),
        };
        outs.push(out);
        results.push(result);
    }
    let body = Block { params: indices, insts: body, results };
    Inst { results: wanted.to_vec(), kind: Kind::Nest(Nest { domain, accs: Vec::new(), body, outs }), loc }
}

/// The reduction that gives the number itself if all iterations have the same one.
fn keeps(ty: &Ty) -> Reduce {
    if *ty == Ty::Scalar(Scalar::Bool) { Reduce::Any } else { Reduce::Max }
}
