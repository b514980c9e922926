//! Places that can be assigned to: a variable and a way into it.

use pullback_kernels::ir::{Extent, Kind, Value};

use super::values::{Arr, Data, Leaf, Val, VarId, leaf_types};
use super::{Lower, SILENT};
use crate::ast::{Bin, Expr, ExprKind};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

/// A variable, or a part of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Target {
    pub(super) var: VarId,
    pub(super) path: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Step {
    /// A component of a tuple.
    Part(usize),
    /// An element: the indices of the IR axes that it fixes.
    At(Vec<Value>),
    /// A part of a list: from this index, so many.
    Slice(Value, Extent),
    /// A column of a matrix.
    Column(Value),
    /// A row of a matrix.
    Row(Value),
}

impl Target {
    fn step(&self, s: Step) -> Target {
        let mut t = self.clone();
        t.path.push(s);
        t
    }

    /// The k-th component of a tuple, or element of an array.
    pub(super) fn part(&self, k: usize, l: &mut Lower) -> Res<Target> {
        Ok(match l.read(self)? {
            Val::Tuple(_) | Val::Struct(..) => self.step(Step::Part(k)),
            _ => {
                let at = l.int(k as i64);
                self.step(Step::At(vec![at]))
            }
        })
    }

    /// One element of a list or matrix (with the indices of its IR axes).
    pub(super) fn at(&self, at: Vec<Value>) -> Target {
        self.step(Step::At(at))
    }

    /// A part of a list.
    pub(super) fn slice(&self, from: Value, len: Extent) -> Target {
        self.step(Step::Slice(from, len))
    }

    /// A column or a row of a matrix.
    pub(super) fn line(&self, k: Value, column: bool) -> Target {
        self.step(if column { Step::Column(k) } else { Step::Row(k) })
    }
}

impl Lower<'_> {
    /// `&mut e`.
    pub(super) fn borrow_mut(&mut self, e: &Expr) -> Res<Val> {
        Ok(Val::Mut(self.target(e)?))
    }

    /// The place that an expression names.
    pub(super) fn target(&mut self, e: &Expr) -> Res<Target> {
        match &e.kind {
            ExprKind::Path(p) => match p.single().and_then(|n| self.lookup(n)) {
                Some(var) => Ok(match &self.vars[var].val {
                    Val::Mut(t) => t.clone(),
                    _ => Target { var, path: Vec::new() },
                }),
                None => self.fail_at(e, messages::not_a_place()),
            },
            ExprKind::Deref(e) | ExprKind::RefMut(e) | ExprKind::Ref(e) => self.target(e),
            ExprKind::Field(base, name) => {
                let t = self.target(base)?;
                self.field_target(e, &t, name)
            }
            ExprKind::Index(base, at) => {
                let t = self.target(base)?;
                self.index_target(e, &t, at)
            }
            ExprKind::Method(_) => match self.expr(e, None)? {
                Val::Mut(t) => Ok(t),
                _ => self.fail_at(e, messages::not_a_place()),
            },
            _ => self.fail_at(e, messages::not_a_place()),
        }
    }

    fn field_target(&mut self, e: &Expr, t: &Target, name: &str) -> Res<Target> {
        match self.read(t)? {
            Val::Tuple(vs) => match name.parse::<usize>().ok().filter(|&k| k < vs.len()) {
                Some(k) => Ok(t.step(Step::Part(k))),
                None => self.fail_at(e, messages::unknown_field(name)),
            },
            Val::Struct(s, _) => {
                let k = self.field_position(&s, name, e.place)?;
                Ok(t.step(Step::Part(k)))
            }
            Val::Arr(a) => {
                let at = self.named_component(e, &a, name)?;
                Ok(t.at(at))
            }
            other => {
                let shown = other.show();
                self.fail_at(e, messages::no_fields(&shown))
            }
        }
    }

    fn index_target(&mut self, e: &Expr, t: &Target, at: &Expr) -> Res<Target> {
        let Val::Arr(a) = self.read(t)? else { return self.fail_at(e, messages::not_indexable()) };
        match self.value(at)? {
            Val::Range(lo, hi, _) => {
                let (from, len) = self.slice_bounds(&a, lo, hi, e.place)?;
                Ok(t.slice(from, len))
            }
            index => {
                let at = self.axes_of(&a, index, e.place)?;
                self.check_view(&a, &at);
                Ok(t.at(at))
            }
        }
    }

    /// The current value of a place.
    pub(super) fn read(&mut self, t: &Target) -> Res<Val> {
        let v = self.vars[t.var].val.clone();
        let mut v = self.filled_part(v);
        for step in &t.path {
            v = match (v, step) {
                (Val::Tuple(vs) | Val::Struct(_, vs), Step::Part(k)) => vs.get(*k).cloned().ok_or(SILENT)?,
                (Val::Arr(a), Step::At(at)) => self.at(&a, at)?,
                (Val::Arr(a), Step::Slice(from, len)) => Val::Arr(self.sub_list(&a, *from, *len)),
                (Val::Arr(a), Step::Column(k)) => Val::Arr(self.column(&a, *k)),
                (Val::Arr(a), Step::Row(k)) => Val::Arr(self.row(&a, *k)),
                (Val::Missing, _) => return Err(SILENT),
                _ => return self.fail(self.here, messages::not_a_place()),
            };
        }
        if matches!(v, Val::Missing) { Err(SILENT) } else { Ok(v) }
    }

    /// Gives a place a new value.
    pub(super) fn write(&mut self, t: &Target, new: Val) -> Res<()> {
        let old = self.vars[t.var].val.clone();
        if let (Val::Growing(..), true) = (&old, t.path.is_empty()) {
            return self.assign_growing(t.var, new);
        }
        if t.path.is_empty() {
            let new = self.like_before(&old, new)?;
            let name = self.vars[t.var].name.clone();
            self.vars[t.var].val = self.named(new, &name);
            return Ok(());
        }
        let changed = self.changed(old, &t.path, new)?;
        let name = self.vars[t.var].name.clone();
        self.vars[t.var].val = self.named(changed, &name);
        Ok(())
    }

    /// An assigned value has the type of the old one.
    fn like_before(&mut self, old: &Val, new: Val) -> Res<Val> {
        match self.type_of(old) {
            Some(ty) => self.expect_type(new, &ty, self.here),
            None => self.deref(new),
        }
    }

    /// A value with the part at the end of the path replaced.
    fn changed(&mut self, old: Val, path: &[Step], new: Val) -> Res<Val> {
        match (old, path) {
            (old, []) => self.like_before(&old, new),
            (Val::Growing(a, len, most), path) => {
                if self.counting != super::growing::Counting::Off {
                    return Ok(Val::Growing(a, len, most));
                }
                if let Some(Step::At(at)) = path.first() {
                    self.check_within(at[0], Extent::Value(len));
                }
                match self.changed(Val::Arr(a), path, new)? {
                    Val::Arr(a) => Ok(Val::Growing(a, len, most)),
                    _ => Err(SILENT),
                }
            }
            (Val::Tuple(mut vs), [Step::Part(k), rest @ ..]) if *k < vs.len() => {
                let part = std::mem::replace(&mut vs[*k], Val::Missing);
                vs[*k] = self.changed(part, rest, new)?;
                Ok(Val::Tuple(vs))
            }
            (Val::Struct(s, mut vs), [Step::Part(k), rest @ ..]) if *k < vs.len() => {
                let part = std::mem::replace(&mut vs[*k], Val::Missing);
                vs[*k] = self.changed(part, rest, new)?;
                Ok(Val::Struct(s, vs))
            }
            (Val::Arr(a), path) => {
                let Val::Arr(a) = self.settle(Val::Arr(a))? else { return Err(SILENT) };
                let ty = a.ty.clone();
                let all = 0..a.leaves.len();
                Ok(Val::Arr(self.changed_array(a, &ty, all, Vec::new(), path, new)?))
            }
            _ => self.fail(self.here, messages::not_a_place()),
        }
    }

    /// `fixed` are the indices of the leading axes so far, `ty` the type of what they pick, `leaves` its leaves.
    pub(super) fn changed_array(
        &mut self,
        a: Arr,
        ty: &Ty,
        leaves: std::ops::Range<usize>,
        fixed: Vec<Value>,
        path: &[Step],
        new: Val,
    ) -> Res<Arr> {
        match (ty, path) {
            (_, []) => self.replaced(a, ty, leaves, &fixed, new),
            (Ty::Tuple(_) | Ty::Struct(_), [Step::Part(k), rest @ ..]) => {
                let ts = ty.parts().filter(|ts| *k < ts.len()).ok_or(SILENT)?;
                let before: usize = ts[..*k].iter().map(|t| leaf_types(t).len()).sum();
                let start = leaves.start + before;
                let part = start..start + leaf_types(&ts[*k]).len();
                self.changed_array(a, &ts[*k].clone(), part, fixed, rest, new)
            }
            (_, [Step::At(at), rest @ ..]) => {
                let elem = ty.elem().cloned().ok_or(SILENT)?;
                self.changed_array(a, &elem, leaves, [fixed, at.clone()].concat(), rest, new)
            }
            (_, [Step::Slice(from, _), Step::At(at), rest @ ..]) if at.len() == 1 => {
                let k = self.op("add", &[*from, at[0]])?;
                let joined: Vec<Step> =
                    std::iter::once(Step::At(vec![k])).chain(rest.iter().cloned()).collect();
                self.changed_array(a, ty, leaves, fixed, &joined, new)
            }
            (_, [Step::Slice(from, _), Step::Slice(from2, len), rest @ ..]) => {
                let k = self.op("add", &[*from, *from2])?;
                let joined: Vec<Step> =
                    std::iter::once(Step::Slice(k, *len)).chain(rest.iter().cloned()).collect();
                self.changed_array(a, ty, leaves, fixed, &joined, new)
            }
            (_, [Step::Column(j), Step::At(at), rest @ ..]) if at.len() == 1 => {
                let joined: Vec<Step> =
                    std::iter::once(Step::At(vec![*j, at[0]])).chain(rest.iter().cloned()).collect();
                self.changed_array(a, ty, leaves, fixed, &joined, new)
            }
            (_, [Step::Row(i), Step::At(at), rest @ ..]) if at.len() == 1 => {
                let joined: Vec<Step> =
                    std::iter::once(Step::At(vec![at[0], *i])).chain(rest.iter().cloned()).collect();
                self.changed_array(a, ty, leaves, fixed, &joined, new)
            }
            (_, [step @ (Step::Slice(..) | Step::Column(_) | Step::Row(_))]) => {
                self.replaced_part(a, leaves, fixed, step.clone(), new)
            }
            _ => self.fail(self.here, messages::not_a_place()),
        }
    }

    /// The elements that the leading indices pick are replaced by those of `new`.
    fn replaced(
        &mut self,
        a: Arr,
        ty: &Ty,
        leaves: std::ops::Range<usize>,
        fixed: &[Value],
        new: Val,
    ) -> Res<Arr> {
        let new = self.expect_type(new, ty, self.here)?;
        let values = self.flatten(&new)?;
        let mut a = a;
        for (k, v) in leaves.zip(values) {
            let Data::Stored(array) = a.leaves[k].data else { return Err(SILENT) };
            let rest: Vec<Extent> = a.leaves[k].shape[fixed.len()..].to_vec();
            let whole = self.update_all(array, fixed, &rest, v)?;
            a.leaves[k] = Leaf { data: Data::Stored(whole), ..a.leaves[k].clone() };
        }
        Ok(a)
    }

    fn update_all(&mut self, array: Value, fixed: &[Value], rest: &[Extent], v: Value) -> Res<Value> {
        if rest.is_empty() {
            return self.push1(Kind::Update { array, at: fixed.to_vec(), value: v });
        }
        for (have, want) in self.b.values.ty(v).shape().to_vec().into_iter().zip(rest.to_vec()) {
            self.require_equal(have, want, messages::length_changed());
        }
        self.update_loop(array, fixed.to_vec(), rest, &[], v)
    }

    fn update_loop(
        &mut self,
        array: Value,
        fixed: Vec<Value>,
        rest: &[Extent],
        at: &[Value],
        v: Value,
    ) -> Res<Value> {
        let Some((&extent, inner)) = rest.split_first() else {
            let value = self.push1(Kind::Index { array: v, at: at.to_vec() })?;
            return self.push1(Kind::Update { array, at: fixed, value });
        };
        self.counted(extent, array, |l, k, carried| {
            let fixed = [fixed.clone(), vec![k]].concat();
            l.update_loop(carried, fixed, inner, &[at, &[k]].concat(), v)
        })
    }

    /// A sequential loop that carries one value.
    fn counted(
        &mut self,
        trip: Extent,
        init: Value,
        f: impl FnOnce(&mut Self, Value, Value) -> Res<Value>,
    ) -> Res<Value> {
        let k = self.b.values.add(pullback_kernels::ir::Scalar::I64.into(), "");
        let carried = self.b.values.like(init);
        let body = self.block(vec![k, carried], |l| Ok(vec![f(l, k, carried)?]))?;
        self.push1(Kind::For { trip, rev: false, init: vec![init], body })
    }

    /// A part of a list, or a line of a matrix, is replaced as a whole.
    fn replaced_part(
        &mut self,
        a: Arr,
        leaves: std::ops::Range<usize>,
        fixed: Vec<Value>,
        step: Step,
        new: Val,
    ) -> Res<Arr> {
        let Val::Arr(new) = self.settle(new)? else { return self.fail(self.here, messages::not_a_place()) };
        if !fixed.is_empty() {
            return self.fail(self.here, messages::nested_part());
        }
        let len = match (&step, a.leaves.get(leaves.start)) {
            (Step::Slice(_, len), _) => *len,
            (Step::Column(_), Some(l)) if l.shape.len() == 2 => l.shape[1],
            (Step::Row(_), Some(l)) if l.shape.len() == 2 => l.shape[0],
            _ => return self.fail(self.here, messages::nested_part()),
        };
        let have = new.leaves.first().and_then(|l| l.shape.first()).copied().ok_or(SILENT)?;
        self.require_equal(len, have, messages::length_changed());
        let mut a = a;
        for (k, source) in leaves.zip(&new.leaves) {
            let (Data::Stored(array), Data::Stored(v)) = (&a.leaves[k].data, &source.data) else {
                return Err(SILENT);
            };
            let (array, v, inner) = (*array, *v, source.shape[1..].to_vec());
            let step = step.clone();
            let whole = self.counted(len, array, |l, i, carried| {
                let fixed = match step {
                    Step::Slice(from, _) => vec![l.op("add", &[from, i])?],
                    Step::Column(j) => vec![j, i],
                    Step::Row(r) => vec![i, r],
                    _ => return Err(SILENT),
                };
                l.update_loop(carried, fixed, &inner, &[i], v)
            })?;
            a.leaves[k] = Leaf { data: Data::Stored(whole), ..a.leaves[k].clone() };
        }
        Ok(a)
    }

    /// `place = value`.
    pub(super) fn assign(&mut self, left: &Expr, right: &Expr) -> Res<Val> {
        let v = self.expr(right, None);
        match &left.kind {
            ExprKind::Ignore => {
                v?;
            }
            ExprKind::Tuple(ls) | ExprKind::Array(_, ls) => {
                let v = self.settle_parts(v?, ls.len(), left)?;
                for (l, v) in ls.iter().zip(v) {
                    if !matches!(l.kind, ExprKind::Ignore) {
                        let t = self.target(l)?;
                        self.write(&t, v)?;
                    }
                }
            }
            _ => {
                let v = v?;
                if matches!(v, Val::Never) {
                    return Ok(Val::Never);
                }
                let v = self.deref(v)?;
                self.all_sure([&v])?;
                let t = self.target(left)?;
                self.write(&t, v)?;
            }
        }
        Ok(Val::unit())
    }

    fn settle_parts(&mut self, v: Val, n: usize, at: &Expr) -> Res<Vec<Val>> {
        match self.deref(v)? {
            Val::Tuple(vs) if vs.len() == n => Ok(vs),
            Val::Arr(a) if matches!(a.ty, Ty::Array(_, m) if m == n) => (0..n)
                .map(|k| {
                    let k = self.int(k as i64);
                    self.list_get(&a, k, at.place)
                })
                .collect(),
            other => {
                let shown = other.show();
                self.fail_at(at, messages::pattern_shape(&shown))
            }
        }
    }

    /// `place op= value`.
    pub(super) fn op_assign(&mut self, op: Bin, left: &Expr, right: &Expr) -> Res<Val> {
        let v = self.value(right)?;
        let t = self.target(left)?;
        let old = self.read(&t)?;
        let new = self.binary(op, old, v)?;
        self.all_sure([&new])?;
        self.write(&t, new)?;
        Ok(Val::unit())
    }
}
