//! A product with one use in a sum or difference becomes a multiply-add.

use std::collections::{HashMap, HashSet};

use crate::fuse::uses;
use crate::ir::{Block, Func, Inst, Kind, Reduce, Value, Values};
use crate::ops::Op;

use crate::rewrite::facts::linear_coefficients;

/// Contracts products and sums of floats.
pub fn run(f: &mut Func) {
    let uses = uses(f);
    let mut body = std::mem::take(&mut f.body);
    contract(&mut f.values, &uses, &mut body);
    f.body = body;
}

fn contract(values: &mut Values, uses: &[u32], block: &mut Block) {
    // The products of this block that nothing else reads: where their factors are found.
    let mut products: HashMap<Value, [Value; 2]> = HashMap::new();
    let mut consumed = HashSet::new();
    let mut insts = Vec::with_capacity(block.insts.len());
    for mut inst in std::mem::take(&mut block.insts) {
        inst.kind.blocks_mut().into_iter().for_each(|b| contract(values, uses, b));
        if let Kind::Op(op, args) = &inst.kind
            && values.ty(args[0]).is_float()
        {
            let result = inst.results[0];
            if let (Some(Reduce::Product), &[a, b]) = (op.def().facts.reduce, &args[..]) {
                if uses[result.0 as usize] == 1 {
                    products.insert(result, [a, b]);
                }
            } else if let Some((product, args)) = multiply_add(values, &products, &mut insts, &inst) {
                consumed.insert(product);
                inst.kind = Kind::Op(Op::MulAdd, args);
            }
        }
        insts.push(inst);
    }
    insts.retain(|i| !i.results.first().is_some_and(|r| consumed.contains(r)));
    block.insts = insts;
}

/// The product that a sum consumes, and the arguments of the multiply-add that the sum comes to.
fn multiply_add(
    values: &mut Values,
    products: &HashMap<Value, [Value; 2]>,
    insts: &mut Vec<Inst>,
    sum: &Inst,
) -> Option<(Value, Vec<Value>)> {
    let Kind::Op(op, args) = &sum.kind else { return None };
    let &[x, y] = &args[..] else { return None };
    let signs = linear_coefficients(op.def())?;
    let mut negated = |v: Value| {
        let new = values.like(v);
        values[new].name.clear();
        insts.push(Inst { results: vec![new], kind: Kind::Op(Op::Neg, vec![v]), loc: sum.loc });
        new
    };
    let &[1, sign] = &signs[..] else { return None };
    match (sign, products.get(&x), products.get(&y)) {
        (1, _, Some(&[a, b])) => Some((y, vec![a, b, x])),
        (1, Some(&[a, b]), None) => Some((x, vec![a, b, y])),
        (-1, _, Some(&[a, b])) => Some((y, vec![negated(a), b, x])),
        (-1, Some(&[a, b]), None) => Some((x, vec![a, b, negated(y)])),
        _ => None,
    }
}
