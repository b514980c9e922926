//! Lists in another order: sorting and rotating.

use pullback_kernels::ir::{Extent, Kind, Out, Reduce, Scalar, Value};

use super::assign::Target;
use super::values::{Arr, Val};
use super::{Lower, SILENT};
use crate::ast::Method;
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// Methods that put the elements of a list into another order; `None` if it is none of those.
    pub(super) fn rearrangement(&mut self, t: &Target, m: &Method, args: &[Val]) -> Option<Res<()>> {
        let order = match (m.name.as_str(), args) {
            ("sort_by" | "sort_unstable_by", [f]) => self.sorted(t, m, |l, a, b| l.compared(f, a, b, m)),
            ("sort_by_key", [f]) => self.sorted(t, m, |l, a, b| {
                Ok((l.apply(f, vec![a], m.name_at)?, l.apply(f, vec![b], m.name_at)?))
            }),
            ("rotate_left" | "rotate_right", [Val::Num(k, _)]) => self.rotated(t, m, *k),
            _ => return None,
        };
        Some(order)
    }

    fn list_at(&mut self, t: &Target, m: &Method) -> Res<Arr> {
        match self.read(t)? {
            Val::Arr(a) if a.ty.is_list() => Ok(a),
            other => self.fail(m.name_at, messages::unknown_method(&m.name, &other.show())),
        }
    }

    /// A stable sort: an element's place is the number of those that come before it.
    fn sorted(
        &mut self,
        t: &Target,
        m: &Method,
        keys: impl FnOnce(&mut Self, Val, Val) -> Res<(Val, Val)>,
    ) -> Res<()> {
        let list = self.list_at(t, m)?;
        let Val::Arr(a) = self.settle(Val::Arr(list))? else { return Err(SILENT) };
        let len = self.list_len(&a, m.name_at)?;
        let places = self.build(&[len], |l, at| {
            let i = at[0];
            Ok(l.nest(&[len], &[Out::Fold(Reduce::Sum)], |l, at| {
                let (x, y) = (l.list_get(&a, at[0], m.name_at)?, l.list_get(&a, i, m.name_at)?);
                let (x, y) = keys(l, x, y)?;
                let (Val::Num(x, tx), Val::Num(y, ty)) = (l.deref(x)?, l.deref(y)?) else {
                    return l.fail(m.name_at, messages::comparison(&m.name));
                };
                l.unify_or_fail(&tx, &ty)?;
                let (less, equal) = (l.op("lt", &[x, y])?, l.op("eq", &[x, y])?);
                let earlier = l.op("lt", &[at[0], i])?;
                let tie = l.op("and", &[equal, earlier])?;
                let before = l.op("or", &[less, tie])?;
                Ok(vec![l.op("to_i64", &[before])?])
            })?[0])
        })?;
        let order = self.inverse_order(places, len)?;
        self.reordered(t, &a, len, |l, k| l.push1(Kind::Index { array: order, at: vec![k] }))
    }

    /// Which element goes to each place, from the place of each element.
    fn inverse_order(&mut self, places: Value, len: Extent) -> Res<Value> {
        let init = self.b.zeros(Scalar::I64, &[len]);
        let (k, carried) = (self.b.values.add(Scalar::I64.into(), ""), self.b.values.like(init));
        let body = self.block(vec![k, carried], |l| {
            let place = l.push1(Kind::Index { array: places, at: vec![k] })?;
            Ok(vec![l.push1(Kind::Update { array: carried, at: vec![place], value: k })?])
        })?;
        self.push1(Kind::For { trip: len, rev: false, init: vec![init], body })
    }

    fn rotated(&mut self, t: &Target, m: &Method, k: Value) -> Res<()> {
        let a = self.list_at(t, m)?;
        let len = self.list_len(&a, m.name_at)?;
        let (n, one) = (self.extent_value(len), self.int(1));
        let after = self.op("add", &[n, one])?;
        self.check_within(k, Extent::Value(after));
        let by = if m.name == "rotate_left" { k } else { self.op("sub", &[n, k])? };
        self.reordered(t, &a, len, |l, k| {
            let moved = l.op("add", &[k, by])?;
            l.op("rem", &[moved, n])
        })
    }

    /// The list's k-th element becomes the one at `from(k)`.
    fn reordered(
        &mut self,
        t: &Target,
        a: &Arr,
        len: Extent,
        mut from: impl FnMut(&mut Self, Value) -> Res<Value>,
    ) -> Res<()> {
        let mut leaves = Vec::new();
        for leaf in &a.leaves {
            let source = leaf.clone();
            let shape: Vec<Extent> = std::iter::once(len).chain(leaf.shape[1..].iter().copied()).collect();
            leaves.push(self.built(&shape, &leaf.elem, |l, at| {
                let k = from(l, at[0])?;
                l.element(&source, &[&[k], &at[1..]].concat())
            })?);
        }
        let elem = a.ty.elem().cloned().ok_or(SILENT)?;
        let ty = if matches!(a.ty, Ty::Slice(_)) { Ty::Slice(Box::new(elem)) } else { a.ty.clone() };
        self.write(t, Val::Arr(Arr { ty, leaves }))
    }
}
