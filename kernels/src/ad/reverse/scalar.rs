//! Scalar operations: the table's partials, as far as they are needed.

use super::Reverse;
use crate::ir::Value;
use crate::ops::{self, Op};

impl Reverse<'_, '_> {
    pub(super) fn op(&mut self, op: Op, args: &[Value], result: Value) {
        let d = self.take_or_zero(result);
        for k in 0..args.len() {
            if !self.is_active(args[k]) {
                continue;
            }
            let reads = ops::reads(op, k);
            // What the partial does not read stands in for its type only.
            let here: Vec<Value> = args
                .iter()
                .enumerate()
                .map(|(j, &a)| if reads.args[j] { self.primal(a) } else { a })
                .collect();
            let y = if reads.result { self.primal(result) } else { result };
            if let Some(contribution) = ops::scale(&mut self.b, op, k, &here, y, d) {
                self.add(args[k], contribution);
            }
        }
    }
}
