//! Matrix products inside of a nest: each thread makes its own, by loops.

use crate::ir::{Block, Builder, Contract, Extent, Inst, Kind, Reduce, Value, Values};
use crate::ops::Op;

/// Whether there are products in a block.
pub(super) fn has_products(block: &Block) -> bool {
    let one = |kind: &Kind| {
        matches!(kind, Kind::Contract { kind: Contract::MatMul { .. } | Contract::MatVec { .. }, .. })
            || kind.blocks().into_iter().any(has_products)
    };
    block.insts.iter().any(|i| one(&i.kind))
}

/// Writes products as nests.
pub(super) fn as_nests(values: &mut Values, block: &mut Block) {
    let mut insts = Vec::new();
    for mut inst in std::mem::take(&mut block.insts) {
        inst.kind.blocks_mut().into_iter().for_each(|b| as_nests(values, b));
        match &inst.kind {
            Kind::Contract { kind: Contract::MatMul { ta, tb }, args } => {
                insts.extend(product(values, &inst, args, (*ta, Some(*tb))));
            }
            Kind::Contract { kind: Contract::MatVec { ta }, args } => {
                insts.extend(product(values, &inst, args, (*ta, None)));
            }
            _ => insts.push(inst),
        }
    }
    block.insts = insts;
}

/// The instructions of one product; by a vector if nothing says how the right factor is read.
fn product(values: &mut Values, inst: &Inst, args: &[Value], (ta, tb): (bool, Option<bool>)) -> Vec<Inst> {
    let (a, b) = (args[0], args[1]);
    let domain: Vec<Extent> = values.ty(inst.results[0]).shape().to_vec();
    let inner = values.ty(a).shape()[usize::from(!ta)];
    let mut builder = Builder::new(values);
    builder.build(&domain, |e, at| {
        e.fold(Reduce::Sum, &[inner], |e, k| {
            let left = if ta { [k[0], at[0]] } else { [at[0], k[0]] };
            let right = match tb {
                None => vec![k[0]],
                Some(false) => vec![k[0], at[1]],
                Some(true) => vec![at[1], k[0]],
            };
            let (x, y) = (e.index(a, &left), e.index(b, &right));
            e.op(Op::Mul, &[x, y])
        })
    });
    let mut insts = builder.finish();
    insts.last_mut().expect("the nest").results.clone_from(&inst.results);
    insts
}
