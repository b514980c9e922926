//! Making and reading lists: literals, indices, slices, fields.

use std::rc::Rc;

use pullback_kernels::ir::{Extent, Kind, Value};

use super::values::{Arr, Data, Leaf, Val, leaf_ranks, leaf_types};
use super::{Lower, SILENT};
use crate::ast::{Expr, List, Place};
use crate::errors::Res;
use crate::messages;
use crate::ty::{Kind as Hole, Ty};
use crate::types::Len;

impl Lower<'_> {
    /// `[a, b]`, `vec![a, b]`.
    pub(super) fn array_literal(&mut self, e: &Expr, list: List, es: &[Expr]) -> Res<Val> {
        let vals: Vec<Res<Val>> = es.iter().map(|e| self.value(e)).collect();
        let vals: Vec<Val> = vals.into_iter().collect::<Res<_>>()?;
        self.packed(e.place, list, vals, Ty::Var(e.id * 4 + 1, Hole::Any))
    }

    /// A list of values of one type.
    pub(super) fn packed(&mut self, place: Place, list: List, vals: Vec<Val>, elem: Ty) -> Res<Val> {
        let n = vals.len();
        let mut elem = elem;
        let mut rows = Vec::new();
        for v in &vals {
            let Some(t) = self.type_of(v) else { return self.fail(place, messages::not_data(&v.show())) };
            elem = self.unify_or_fail(&elem, &t)?;
            rows.push(self.flatten(v)?);
        }
        elem = self.types.resolve(&elem);
        let ty = match list {
            List::Array => Ty::Array(Box::new(elem.clone()), n),
            List::Vec => Ty::Vec(Box::new(elem.clone())),
        };
        if n == 0 {
            return self.empty_list(ty);
        }
        let mut leaves = Vec::new();
        for (k, t) in leaf_types(&elem).into_iter().enumerate() {
            let parts: Vec<Value> = rows.iter().map(|r| r[k]).collect();
            leaves.push(self.packed_leaf(place, parts, t)?);
        }
        Ok(Val::Arr(Arr { ty, leaves }))
    }

    fn packed_leaf(&mut self, place: Place, parts: Vec<Value>, elem: Ty) -> Res<Leaf> {
        let inner: Vec<Extent> = self.b.values.ty(parts[0]).shape().to_vec();
        let mut dims = vec![parts.len() as i64];
        for e in &inner {
            match e {
                Extent::Const(n) => dims.push(*n),
                Extent::Value(_) => return self.fail(place, messages::ragged("this list")),
            }
        }
        let mut elems = Vec::new();
        for part in parts {
            self.all_elements(part, &dims[1..], &mut Vec::new(), &mut elems)?;
        }
        let shape: Vec<Extent> = dims.iter().map(|&n| Extent::Const(n)).collect();
        let v = self.push1(Kind::Pack { elems, shape: dims })?;
        Ok(Leaf { shape, elem, data: Data::Stored(v), narrow: false })
    }

    fn all_elements(&mut self, v: Value, dims: &[i64], at: &mut Vec<Value>, out: &mut Vec<Value>) -> Res<()> {
        let Some((&n, rest)) = dims.split_first() else {
            out.push(if at.is_empty() { v } else { self.push1(Kind::Index { array: v, at: at.clone() })? });
            return Ok(());
        };
        if n > 4096 {
            return self.fail(self.here, messages::large_literal());
        }
        for k in 0..n {
            let k = self.int(k);
            at.push(k);
            self.all_elements(v, rest, at, out)?;
            at.pop();
        }
        Ok(())
    }

    /// A list without elements; its length may grow by `push`.
    pub(super) fn empty_list(&mut self, ty: Ty) -> Res<Val> {
        let elem = ty.elem().cloned().ok_or(SILENT)?;
        let mut leaves = Vec::new();
        for (t, rank) in leaf_types(&elem).into_iter().zip(leaf_ranks(&elem)) {
            let shape = vec![Extent::Const(0); rank + 1];
            let v = self.b.zeros(t.scalar().unwrap_or(pullback_kernels::ir::Scalar::F64), &shape);
            leaves.push(Leaf { shape, elem: t, data: Data::Stored(v), narrow: false });
        }
        Ok(Val::Arr(Arr { ty, leaves }))
    }

    /// `[elem; n]`, `vec![elem; n]`.
    pub(super) fn repeat(&mut self, e: &Expr, list: List, elem: &Expr, n: &Expr) -> Res<Val> {
        let v = self.value(elem)?;
        let n = self.index_number(n)?;
        self.sure(n)?;
        let len = self.extent_of(n);
        let Some(t) = self.type_of(&v) else { return self.fail_at(elem, messages::not_data(&v.show())) };
        let ty = match (list, len) {
            // The length of an array may be a constant, whose value macros do not know.
            (List::Vec, _) | (List::Array, Extent::Value(_)) => Ty::Vec(Box::new(t.clone())),
            (List::Array, Extent::Const(n)) if n >= 0 => Ty::Array(Box::new(t.clone()), n as usize),
            _ => return self.fail_at(e, messages::array_length()),
        };
        let values = self.flatten(&v)?;
        let mut leaves = Vec::new();
        for (v, elem) in values.into_iter().zip(leaf_types(&t)) {
            let inner = self.b.values.ty(v).shape().to_vec();
            let shape: Vec<Extent> = std::iter::once(len).chain(inner).collect();
            leaves.push(self.built(&shape, &elem, |l, at| {
                if at.len() == 1 { Ok(v) } else { l.push1(Kind::Index { array: v, at: at[1..].to_vec() }) }
            })?);
        }
        Ok(Val::Arr(Arr { ty, leaves }))
    }

    /// The value of an index, a length, or a count.
    pub(super) fn index_number(&mut self, e: &Expr) -> Res<Value> {
        match self.value(e)? {
            Val::Num(v, t) if t.is_int() || !self.types.resolve(&t).is_float() => {
                self.unify_or_fail(&t, &Ty::USIZE)?;
                Ok(v)
            }
            Val::Num(v, t) if matches!(self.types.resolve(&t), Ty::Var(_, Hole::Any)) => {
                self.unify_or_fail(&t, &Ty::USIZE)?;
                Ok(v)
            }
            other => self.fail_at(e, messages::not_an_index(&other.show())),
        }
    }

    /// `a[i]`, `a[(i, j)]`, `a[lo..hi]`.
    pub(super) fn index(&mut self, base: &Expr, at: &Expr) -> Res<Val> {
        let base_val = self.value(base)?;
        let Val::Arr(a) = base_val else { return self.fail_at(base, messages::not_indexable()) };
        match self.value(at)? {
            Val::Range(lo, hi, _) => {
                let (from, len) = self.slice_bounds(&a, lo, hi, at.place)?;
                Ok(Val::Arr(self.sub_list(&a, from, len)))
            }
            index => {
                let axes = self.axes_of(&a, index, at.place)?;
                self.check_view(&a, &axes);
                self.at(&a, &axes)
            }
        }
    }

    /// The indices of the IR axes that an index stands for.
    pub(super) fn axes_of(&mut self, a: &Arr, index: Val, place: Place) -> Res<Vec<Value>> {
        match index {
            Val::Num(v, t) if !matches!(self.types.resolve(&t), Ty::Float(_) | Ty::Bool) => {
                self.unify_or_fail(&t, &Ty::USIZE)?;
                match (&a.ty, a.leaves.first()) {
                    (Ty::Matrix(..), Some(leaf)) if leaf.shape.len() == 2 => {
                        let rows = self.extent_value(leaf.shape[1]);
                        Ok(vec![self.op("div", &[v, rows])?, self.op("rem", &[v, rows])?])
                    }
                    _ => Ok(vec![v]),
                }
            }
            Val::Tuple(ij) => match (&ij[..], &a.ty) {
                ([Val::Num(i, ti), Val::Num(j, tj)], Ty::Matrix(_, r, c)) => {
                    self.unify_or_fail(ti, &Ty::USIZE)?;
                    self.unify_or_fail(tj, &Ty::USIZE)?;
                    Ok(match (r, c) {
                        (_, Len::Const(1)) => vec![*i],
                        (Len::Const(1), _) => vec![*j],
                        _ => vec![*j, *i],
                    })
                }
                _ => self.fail(place, messages::not_an_index("a tuple")),
            },
            other => self.fail(place, messages::not_an_index(&other.show())),
        }
    }

    /// The element with these indices of the leading IR axes.
    pub(super) fn at(&mut self, a: &Arr, at: &[Value]) -> Res<Val> {
        let elem = a.ty.elem().cloned().ok_or(SILENT)?;
        let mut leaves = a.leaves.iter();
        let elem = self.types.resolve(&elem);
        self.picked(&elem, &mut leaves, at)
    }

    fn picked(&mut self, ty: &Ty, leaves: &mut std::slice::Iter<Leaf>, at: &[Value]) -> Res<Val> {
        match ty {
            Ty::Tuple(ts) => {
                Ok(Val::Tuple(ts.iter().map(|t| self.picked(t, leaves, at)).collect::<Res<_>>()?))
            }
            Ty::Struct(s) => {
                let parts = ty.parts().unwrap_or_default();
                let fields = parts.iter().map(|t| self.picked(t, leaves, at)).collect::<Res<_>>()?;
                Ok(Val::Struct(s.clone(), fields))
            }
            _ if ty.elem().is_some() => {
                let n = leaf_types(ty).len();
                let parts = leaves.take(n).map(|l| partial(l, at)).collect();
                Ok(Val::Arr(Arr { ty: ty.clone(), leaves: parts }))
            }
            _ => {
                let leaf = leaves.next().ok_or(SILENT)?;
                Ok(Val::Num(self.element(leaf, at)?, ty.clone()))
            }
        }
    }

    /// The k-th item of a list.
    pub(super) fn list_get(&mut self, a: &Arr, k: Value, place: Place) -> Res<Val> {
        if a.leaves.is_empty() {
            return self.fail(place, messages::empty_elements());
        }
        self.at(a, &[k])
    }

    /// An index into a view is checked here: the view's own bounds are not those of the array that it reads.
    pub(super) fn check_view(&mut self, a: &Arr, at: &[Value]) {
        let Some(leaf) = a.leaves.first() else { return };
        if leaf.narrow {
            for (&k, &len) in at.iter().zip(&leaf.shape.clone()) {
                self.check_within(k, len);
            }
        }
    }

    /// Asserts `0 <= k < len`.
    pub(super) fn check_within(&mut self, k: Value, len: Extent) {
        if let (Some(&k), Extent::Const(n)) = (self.known.get(&k), len)
            && (0..n).contains(&k)
        {
            return;
        }
        let (n, zero) = (self.extent_value(len), self.int(0));
        let check = |l: &mut Self| -> Res<Value> {
            let (low, high) = (l.op("ge", &[k, zero])?, l.op("lt", &[k, n])?);
            l.op("and", &[low, high])
        };
        if let Ok(cond) = check(self) {
            self.b.push(Kind::Assert { cond, message: "index out of bounds".into() });
        }
    }

    /// The start and length of `lo..hi` in a list, checked when the program runs.
    pub(super) fn slice_bounds(
        &mut self,
        a: &Arr,
        lo: Option<Value>,
        hi: Option<Value>,
        place: Place,
    ) -> Res<(Value, Extent)> {
        if matches!(a.ty, Ty::Matrix(..)) && !a.ty.is_vector() {
            return self.fail(place, messages::matrix_slice());
        }
        let len = self.list_len(a, place)?;
        let n = self.extent_value(len);
        let zero = self.int(0);
        let (lo, hi) = (lo.unwrap_or(zero), hi.unwrap_or(n));
        if lo == zero && hi == n || self.known.get(&lo) == Some(&0) && self.extent_of(hi) == len {
            return Ok((lo, len));
        }
        let count = self.op("sub", &[hi, lo])?;
        let known = (self.known.get(&lo), self.known.get(&hi), len);
        let fine = matches!(known, (Some(&a), Some(&b), Extent::Const(n)) if 0 <= a && a <= b && b <= n);
        if !fine {
            let (a, b, c) =
                (self.op("ge", &[lo, zero])?, self.op("le", &[lo, hi])?, self.op("le", &[hi, n])?);
            let both = self.op("and", &[a, b])?;
            let cond = self.op("and", &[both, c])?;
            self.b.push(Kind::Assert { cond, message: "range out of bounds of a slice".into() });
        }
        Ok((lo, self.extent_of(count)))
    }

    /// A part of a list, as a view.
    pub(super) fn sub_list(&mut self, a: &Arr, from: Value, len: Extent) -> Arr {
        let ty = match &a.ty {
            Ty::Array(t, _) | Ty::Vec(t) => Ty::Slice(t.clone()),
            Ty::Matrix(t, _, _) => Ty::Slice(t.clone()),
            t => t.clone(),
        };
        let leaves = a.leaves.iter().map(|leaf| {
            let mut shape = leaf.shape.clone();
            shape[0] = len;
            let source = leaf.clone();
            let data = Data::View(Rc::new(move |l: &mut Lower, at: &[Value]| {
                let first = l.op("add", &[from, at[0]])?;
                l.element(&source, &[&[first], &at[1..]].concat())
            }));
            Leaf { shape, elem: leaf.elem.clone(), data, narrow: true }
        });
        Arr { leaves: leaves.collect(), ty }
    }

    /// `value.name`.
    pub(super) fn field(&mut self, e: &Expr, base: &Expr, name: &str) -> Res<Val> {
        let v = self.expr(base, None)?;
        if let Val::Mut(t) = &v
            && let Val::Tuple(_) = self.read(&t.clone())?
        {
            let Ok(k) = name.parse() else { return self.fail_at(e, messages::unknown_field(name)) };
            return Ok(Val::Mut(t.part(k, self)?));
        }
        if let Val::Mut(t) = &v
            && let Val::Struct(s, _) = self.read(&t.clone())?
        {
            let k = self.field_position(&s, name, e.place)?;
            return Ok(Val::Mut(t.part(k, self)?));
        }
        match self.deref(v)? {
            Val::Struct(s, vs) => {
                let k = self.field_position(&s, name, e.place)?;
                vs.get(k).cloned().filter(|v| !matches!(v, Val::Missing)).ok_or(SILENT)
            }
            Val::Tuple(vs) => match name.parse::<usize>().ok().and_then(|k| vs.get(k)) {
                Some(v) => Ok(v.clone()),
                None => self.fail_at(e, messages::unknown_field(name)),
            },
            Val::Arr(a) => {
                let at = self.named_component(e, &a, name)?;
                self.at(&a, &at)
            }
            other => self.fail_at(e, messages::no_fields(&other.show())),
        }
    }

    /// `.x`, `.m12`: the IR indices of a component of a static vector or matrix.
    pub(super) fn named_component(&mut self, e: &Expr, a: &Arr, name: &str) -> Res<Vec<Value>> {
        let Ty::Matrix(_, Len::Const(r), Len::Const(c)) = a.ty else {
            return self.fail_at(e, messages::no_fields(&a.ty.show()));
        };
        let digits: Vec<usize> =
            name.chars().skip(1).filter_map(|c| c.to_digit(10)).map(|d| d as usize).collect();
        let found = match (name, &digits[..]) {
            ("x" | "y" | "z" | "w" | "a" | "b", []) if r == 1 || c == 1 => {
                Some(vec!["xyzwab".find(name).unwrap_or(0)]).filter(|k| k[0] < r.max(c))
            }
            (_, [i, j]) if name.starts_with('m') && (1..=r).contains(i) && (1..=c).contains(j) => {
                Some(if r == 1 || c == 1 { vec![(i - 1).max(j - 1)] } else { vec![j - 1, i - 1] })
            }
            _ => None,
        };
        match found {
            Some(at) => Ok(at.into_iter().map(|k| self.int(k as i64)).collect()),
            None => self.fail_at(e, messages::unknown_field(name)),
        }
    }
}

/// A leaf with its leading indices fixed.
fn partial(leaf: &Leaf, at: &[Value]) -> Leaf {
    let (source, fixed) = (leaf.clone(), at.to_vec());
    let data = Data::View(Rc::new(move |l: &mut Lower, rest: &[Value]| {
        l.element(&source, &[&fixed[..], rest].concat())
    }));
    Leaf {
        shape: leaf.shape[at.len().min(leaf.shape.len())..].to_vec(),
        elem: leaf.elem.clone(),
        data,
        narrow: false,
    }
}
