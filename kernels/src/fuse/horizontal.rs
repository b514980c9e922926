//! Nests over one domain become one nest with several outs.
//!
//! Two nests of a block merge if the later one does not need the earlier one's results, or needs them only at its own
//! indices (elements that the merged iteration has at hand) or as the arrays that it accumulates to in turn.

use std::collections::{HashMap, HashSet};

use crate::ir::{Block, Func, Inst, Kind, Nest, Out, Value, Values, free_values, inst_free_values};

use super::uses::{substitute, uses};

/// Merges nests.
pub fn run(f: &mut Func) {
    let uses = uses(f);
    let mut body = std::mem::take(&mut f.body);
    Merger { values: &mut f.values, uses }.block(&mut body);
    f.body = body;
}

struct Merger<'f> {
    values: &'f mut Values,
    uses: Vec<u32>,
}

/// Which instructions of a block each instruction needs.
struct Needs {
    /// Positions of the instructions that define what it reads, or that must run before it.
    of: Vec<Vec<usize>>,
    /// What the body of each nest reads from outside.
    bodies: Vec<HashSet<Value>>,
}

impl Needs {
    fn new(values: &Values, block: &Block) -> Needs {
        let mut defined: HashMap<Value, usize> = HashMap::new();
        let mut effect = None;
        let mut of = Vec::with_capacity(block.insts.len());
        let mut bodies = Vec::with_capacity(block.insts.len());
        for (p, inst) in block.insts.iter().enumerate() {
            let mut needs: Vec<usize> =
                free(values, inst).iter().filter_map(|v| defined.get(v).copied()).collect();
            if has_effect(inst) {
                needs.extend(effect);
                effect = Some(p);
            }
            of.push(needs);
            bodies.push(
                nest(inst).map_or_else(HashSet::new, |n| free_values(values, &n.body).into_iter().collect()),
            );
            defined.extend(inst.results.iter().map(|&r| (r, p)));
        }
        Needs { of, bodies }
    }

    /// The instructions between `q` and `p` that need `q`, perhaps through others.
    fn dependents(&self, q: usize, p: usize) -> Vec<bool> {
        let mut depends = vec![false; p];
        for x in q + 1..p {
            depends[x] = self.of[x].iter().any(|&d| d == q || depends[d]);
        }
        depends
    }
}

/// What an instruction reads: a plain one its operands, one with blocks everything in them.
fn free(values: &Values, inst: &Inst) -> Vec<Value> {
    match inst.kind.blocks().is_empty() && inst.results.iter().all(|&r| !values.ty(r).is_array()) {
        true => inst.kind.operands(),
        false => inst_free_values(values, inst),
    }
}

/// Assertions and calls keep their order.
fn has_effect(inst: &Inst) -> bool {
    match &inst.kind {
        Kind::Assert { .. } | Kind::Call { .. } => true,
        kind => kind.blocks().iter().any(|b| b.insts.iter().any(has_effect)),
    }
}

impl Merger<'_> {
    fn block(&mut self, block: &mut Block) {
        for inst in &mut block.insts {
            inst.kind.blocks_mut().into_iter().for_each(|b| self.block(b));
        }
        while let Some((q, p, depends)) = self.pair(block) {
            self.merge(block, q, p, &depends);
        }
    }

    /// Two nests that can merge, and what between them has to move behind.
    fn pair(&self, block: &Block) -> Option<(usize, usize, Vec<bool>)> {
        let nests: Vec<usize> = (0..block.insts.len()).filter(|&p| nest(&block.insts[p]).is_some()).collect();
        if nests.len() < 2 {
            return None;
        }
        let needs = Needs::new(self.values, block);
        for (k, &p) in nests.iter().enumerate() {
            for &q in &nests[..k] {
                let (a, b) = (nest(&block.insts[q])?, nest(&block.insts[p])?);
                if a.domain != b.domain || !self.compatible(block, q, p, &needs.bodies) {
                    continue;
                }
                let depends = needs.dependents(q, p);
                if !needs.of[p].iter().any(|&d| depends[d]) {
                    return Some((q, p, depends));
                }
            }
        }
        None
    }

    /// Whether the later nest reads the earlier one's results only in ways that the merged nest can serve.
    fn compatible(&self, block: &Block, q: usize, p: usize, bodies: &[HashSet<Value>]) -> bool {
        let (first, second) = (&block.insts[q], &block.insts[p]);
        let (Some(a), Some(b)) = (nest(first), nest(second)) else { return false };
        if a.accs.iter().any(|acc| bodies[p].contains(acc))
            || b.accs.iter().any(|acc| bodies[q].contains(acc))
        {
            return false;
        }
        let indices = &b.body.params[..b.domain.len()];
        first.results.iter().enumerate().all(|(k, &result)| {
            match k.checked_sub(a.accs.len()).map(|o| a.outs[o]) {
                None => !bodies[p].contains(&result) && self.handed_on(b, result),
                Some(Out::Fold(_)) => {
                    !bodies[p].contains(&result) && !second.kind.operands().contains(&result)
                }
                Some(Out::Build) => !b.accs.contains(&result) && reads_only_at(&b.body, result, indices),
            }
        })
    }

    /// Whether an accumulator's result is not used by that nest, or only as what it accumulates to, and nowhere else.
    fn handed_on(&self, b: &Nest, result: Value) -> bool {
        let times = b.accs.iter().filter(|&&acc| acc == result).count();
        times == 0 || times == 1 && self.uses[result.0 as usize] == 1
    }

    /// Puts the merged nest in the place of the first; what depends on the first comes after it.
    fn merge(&mut self, block: &mut Block, q: usize, p: usize, depends: &[bool]) {
        let mut rest = block.insts.split_off(p);
        let between = block.insts.split_off(q + 1);
        let first = block.insts.pop().expect("the first nest");
        let second = rest.remove(0);
        let mut later = Vec::new();
        for (inst, &depends) in between.into_iter().zip(&depends[q + 1..]) {
            if depends { later.push(inst) } else { block.insts.push(inst) }
        }
        block.insts.push(self.merged(first, second));
        block.insts.append(&mut later);
        block.insts.append(&mut rest);
    }

    fn merged(&mut self, first: Inst, second: Inst) -> Inst {
        let Kind::Nest(mut a) = first.kind else { unreachable!("a nest") };
        let Kind::Nest(mut b) = second.kind else { unreachable!("a nest") };
        let rank = a.domain.len();
        let mut map: HashMap<Value, Value> =
            b.body.params[..rank].iter().copied().zip(a.body.params[..rank].iter().copied()).collect();
        let elements =
            first.results[a.accs.len()..].iter().copied().zip(a.body.results[a.accs.len()..].iter().copied());
        let elements: HashMap<Value, Value> = elements.collect();
        take_reads(&mut b.body, &elements, &mut map);
        let tokens: Vec<Value> = b.body.params.split_off(rank);
        let mut merged = Accumulators {
            inits: a.accs.clone(),
            params: a.body.params.split_off(rank),
            yields: a.body.results[..a.accs.len()].to_vec(),
            results: first.results[..a.accs.len()].to_vec(),
        };
        let outs_a = a.body.results.split_off(a.accs.len());
        let handed: Vec<Option<usize>> =
            b.accs.iter().map(|acc| first.results.iter().position(|r| r == acc)).collect();
        for (k, slot) in handed.iter().enumerate() {
            if let Some(slot) = *slot {
                map.insert(tokens[k], merged.yields[slot]);
            }
        }
        resolve_chains(&mut map);
        substitute(self.values, &mut b.body, &map);
        for (k, slot) in handed.into_iter().enumerate() {
            merged.add(slot, b.accs[k], tokens[k], b.body.results[k], second.results[k]);
        }
        let accs = b.accs.len();
        let body = Block {
            params: [a.body.params, merged.params].concat(),
            insts: [a.body.insts, b.body.insts].concat(),
            results: [merged.yields, outs_a, b.body.results[accs..].to_vec()].concat(),
        };
        let results =
            [merged.results, first.results[a.accs.len()..].to_vec(), second.results[accs..].to_vec()]
                .concat();
        let nest = Nest { domain: a.domain, accs: merged.inits, body, outs: [a.outs, b.outs].concat() };
        Inst { results, kind: Kind::Nest(nest), loc: first.loc }
    }
}

/// The accumulators of a merged nest.
struct Accumulators {
    inits: Vec<Value>,
    params: Vec<Value>,
    yields: Vec<Value>,
    results: Vec<Value>,
}

impl Accumulators {
    /// Adds one of the second nest, or lets it go on with that of the first.
    fn add(&mut self, slot: Option<usize>, init: Value, param: Value, yielded: Value, result: Value) {
        match slot {
            Some(slot) => {
                self.yields[slot] = yielded;
                self.results[slot] = result;
            }
            None => {
                self.inits.push(init);
                self.params.push(param);
                self.yields.push(yielded);
                self.results.push(result);
            }
        }
    }
}

fn nest(inst: &Inst) -> Option<&Nest> {
    match &inst.kind {
        Kind::Nest(nest) => Some(nest),
        _ => None,
    }
}

/// Whether a block reads an array at these indices only.
fn reads_only_at(block: &Block, array: Value, indices: &[Value]) -> bool {
    let fine = |inst: &Inst| match &inst.kind {
        Kind::Index { array: a, at } if *a == array => at == indices,
        kind => {
            !kind.operands().contains(&array)
                && kind.blocks().into_iter().all(|b| reads_only_at(b, array, indices))
        }
    };
    block.insts.iter().all(fine) && !block.results.contains(&array)
}

/// Takes the reads of these arrays out of a block; their results become the elements.
fn take_reads(block: &mut Block, elements: &HashMap<Value, Value>, map: &mut HashMap<Value, Value>) {
    block.insts.retain_mut(|inst| {
        if let Kind::Index { array, .. } = &inst.kind
            && let Some(&element) = elements.get(array)
        {
            map.insert(inst.results[0], element);
            return false;
        }
        inst.kind.blocks_mut().into_iter().for_each(|b| take_reads(b, elements, map));
        true
    });
}

/// Makes every replacement final.
fn resolve_chains(map: &mut HashMap<Value, Value>) {
    let keys: Vec<Value> = map.keys().copied().collect();
    for key in keys {
        let mut to = map[&key];
        while let Some(&next) = map.get(&to) {
            to = next;
        }
        map.insert(key, to);
    }
}
