//! `Vec`s that loops and branches make longer or shorter.
//!
//! IR has no arrays whose length changes. Around the control flow that changes it, such a `Vec` is room for as many
//! elements as it may get, and its length; after it, the part of the room that is filled. How much room there must be
//! follows from the loop (`for` with a `push` or two), or from running the code once without the elements, only to
//! count ([`Lower::counting`]): nothing of it but the count is kept.

use std::rc::Rc;

use pullback_kernels::ir::{Extent, Kind, Scalar, Value};

use super::assign::{Step, Target};
use super::iterators::Iter;
use super::scan::{Effects, changes_of_length, pushes};
use super::values::{Arr, Data, Leaf, Val, VarId, leaf_shapes};
use super::{Lower, SILENT};
use crate::ast::{Expr, ExprKind, Method, Stmt};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

/// What a pass over the code that only counts has met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// No such pass.
    Off,
    /// Only lengths are known.
    On,
    /// An element was read, so that the count may depend on what is not there.
    Read,
}

impl Lower<'_> {
    /// Lowers a piece of control flow in which variables outside it may change their length.
    pub(super) fn with_growth(
        &mut self,
        fx: &Effects,
        e: Option<&Expr>,
        lower: &mut dyn FnMut(&mut Self) -> Res<Val>,
    ) -> Res<Val> {
        let ids = self.resized_by(fx);
        if ids.is_empty() {
            return lower(self);
        }
        let e = e.filter(|_| self.resizes_by_name(fx));
        let rooms = self.rooms(&ids, e, lower)?;
        for (&id, (room, _)) in ids.iter().zip(&rooms) {
            self.grow(id, *room)?;
        }
        let v = lower(self)?;
        for (&id, (_, full)) in ids.iter().zip(rooms) {
            self.shrink(id, full)?;
        }
        Ok(v)
    }

    /// Whether lengths are changed through the variables' own names only, so that the code shows how often.
    fn resizes_by_name(&self, fx: &Effects) -> bool {
        fx.resized().all(|name| self.lookup(name).is_some_and(|id| !matches!(self.vars[id].val, Val::Mut(_))))
            && fx.used().filter_map(|name| self.lookup(name)).all(|id| match &self.vars[id].val {
                Val::Closure(c) => self.resized_by(&Effects::of_expr(&c.code.body)).is_empty(),
                _ => true,
            })
    }

    /// How many elements each variable may get, and whether it certainly gets that many.
    fn rooms(
        &mut self,
        ids: &[VarId],
        e: Option<&Expr>,
        lower: &mut dyn FnMut(&mut Self) -> Res<Val>,
    ) -> Res<Vec<(Extent, bool)>> {
        let mut known = Vec::new();
        for &id in ids {
            let name = self.vars[id].name.clone();
            let Some(room) = e.and_then(|e| self.bounded(id, &name, e).transpose()) else { break };
            known.push(room?);
        }
        if known.len() == ids.len() {
            return Ok(known);
        }
        Ok(self.counted_rooms(ids, lower)?.into_iter().map(|n| (n, false)).collect())
    }

    /// The length plus as many elements as a `for` or a branch can push, and whether it pushes exactly that many.
    fn bounded(&mut self, id: VarId, name: &str, e: &Expr) -> Res<Option<(Extent, bool)>> {
        let Val::Arr(a) = self.vars[id].val.clone() else { return Ok(None) };
        let n = self.list_len(&a, e.place)?;
        let n = self.extent_value(n);
        let (times, count, exact) = match &e.kind {
            ExprKind::For(f) => {
                let Some(count) = pushes(&f.body, name) else { return Ok(None) };
                let it = self.expr(&f.iter, None)?;
                let it = self.iterate(it, f.iter.place)?;
                let Some(len) = it.len else { return Ok(None) };
                let (len, zero) = (self.extent_value(len), self.int(0));
                let plain = f.body.stmts.iter().filter(|s| is_push(s, name)).count();
                let exact = plain == changes_of_length(&f.body, name)
                    && it.stages.is_empty()
                    && !Effects::of_block(&f.body).exits()
                    && !shadows(f, name);
                (self.op("max", &[len, zero])?, count, exact)
            }
            _ => {
                let block =
                    crate::ast::Block { stmts: vec![Stmt::Expr(e.clone())], tail: None, place: e.place };
                let Some(count) = pushes(&block, name) else { return Ok(None) };
                (self.int(1), count, false)
            }
        };
        let count = self.int(count as i64);
        let more = self.op("mul", &[times, count])?;
        let room = self.op("add", &[n, more])?;
        Ok(Some((self.extent_of(room), exact)))
    }

    /// The greatest lengths, from running the code without the elements.
    fn counted_rooms(
        &mut self,
        ids: &[VarId],
        lower: &mut dyn FnMut(&mut Self) -> Res<Val>,
    ) -> Res<Vec<Extent>> {
        let before = self.vars.clone();
        let outer = std::mem::replace(&mut self.counting, Counting::On);
        let counted = self.count_in(ids, lower);
        let met = std::mem::replace(&mut self.counting, outer);
        self.vars = before;
        let rooms = counted?;
        if met == Counting::Read {
            return self.fail(self.here, messages::push_by_content());
        }
        Ok(rooms)
    }

    fn count_in(&mut self, ids: &[VarId], lower: &mut dyn FnMut(&mut Self) -> Res<Val>) -> Res<Vec<Extent>> {
        for &id in ids {
            let Val::Arr(a) = self.vars[id].val.clone() else { return Err(SILENT) };
            let len = self.list_len(&a, self.here)?;
            let len = self.extent_value(len);
            let elem = a.ty.elem().cloned().ok_or(SILENT)?;
            let Val::Arr(none) = self.no_elements(&a, &elem)? else { return Err(SILENT) };
            self.vars[id].val = Val::Growing(none, len, len);
        }
        lower(self)?;
        let most = |v: &Val| match v {
            Val::Growing(_, _, most) => Ok(*most),
            _ => Err(SILENT),
        };
        let most: Vec<Value> = ids.iter().map(|&id| most(&self.vars[id].val)).collect::<Res<_>>()?;
        Ok(most.into_iter().map(|n| self.extent_of(n)).collect())
    }

    /// A list without elements, of the shape that the elements have.
    fn no_elements(&mut self, a: &Arr, elem: &Ty) -> Res<Val> {
        let shapes = self.element_shapes(a, elem)?;
        let mut zeros = Vec::new();
        for (t, inner) in super::values::leaf_types(elem).iter().zip(shapes) {
            let shape: Vec<Extent> = std::iter::once(Extent::Const(0)).chain(inner).collect();
            zeros.push(self.b.zeros(self.types.resolve(t).scalar().unwrap_or(Scalar::F64), &shape));
        }
        Ok(self.rebuild(&Ty::Vec(Box::new(elem.clone())), &mut zeros.into_iter()))
    }

    /// The shapes of an element's leaves: by its type, or by the elements that are there.
    fn element_shapes(&mut self, a: &Arr, elem: &Ty) -> Res<Vec<Vec<Extent>>> {
        let elem = self.types.resolve(elem);
        match leaf_shapes(&elem) {
            Some(shapes) => Ok(shapes),
            None if self.list_len(a, self.here)? != Extent::Const(0) => {
                Ok(a.leaves.iter().map(|l| l.shape[1..].to_vec()).collect())
            }
            None => self.fail(self.here, messages::ragged(&a.ty.show())),
        }
    }

    /// Gives a variable room.
    fn grow(&mut self, id: VarId, room: Extent) -> Res<()> {
        let Val::Arr(a) = self.vars[id].val.clone() else { return Err(SILENT) };
        let len = self.list_len(&a, self.here)?;
        let n = self.extent_value(len);
        let elem = a.ty.elem().cloned().ok_or(SILENT)?;
        let (shapes, types) =
            (self.element_shapes(&a, &elem)?, super::values::leaf_types(&self.types.resolve(&elem)));
        let mut leaves = Vec::new();
        for (k, (inner, t)) in shapes.into_iter().zip(types).enumerate() {
            let shape: Vec<Extent> = std::iter::once(room).chain(inner).collect();
            if len == Extent::Const(0) {
                let zeros = self.b.zeros(t.scalar().unwrap_or(Scalar::F64), &shape);
                leaves.push(Leaf { shape, elem: t, data: Data::Stored(zeros), narrow: false });
                continue;
            }
            let old = a.leaves.get(k).cloned().ok_or(SILENT)?;
            leaves.push(self.built(&shape, &t, |l, at| {
                let before = l.op("lt", &[at[0], n])?;
                l.select_lazily(before, |l| l.element(&old, at), |l| Ok(l.number(&old.elem, 0.0)))
            })?);
        }
        let ty = Ty::Vec(Box::new(elem));
        let name = self.vars[id].name.clone();
        let room = self.named(Val::Arr(Arr { ty, leaves }), &name);
        let Val::Arr(room) = room else { return Err(SILENT) };
        self.vars[id].val = Val::Growing(room, n, n);
        Ok(())
    }

    /// What a variable that had room holds at the end.
    fn shrink(&mut self, id: VarId, full: bool) -> Res<()> {
        let v = self.vars[id].val.clone();
        self.vars[id].val = match v {
            Val::Growing(a, ..) if full => Val::Arr(a),
            v => self.filled_part(v),
        };
        Ok(())
    }

    /// A `Vec` that changes its length, as it is now.
    pub(super) fn filled_part(&mut self, v: Val) -> Val {
        let Val::Growing(a, len, _) = v else { return v };
        let n = self.extent_of(len);
        let counting = self.counting != Counting::Off;
        let leaves = a.leaves.into_iter().map(|leaf| {
            let mut shape = leaf.shape.clone();
            shape[0] = n;
            let (source, elem) = (leaf.clone(), leaf.elem.clone());
            let data = Data::View(Rc::new(move |l: &mut Lower, at: &[Value]| {
                if counting {
                    l.counting = Counting::Read;
                    return Ok(l.number(&source.elem, 0.0));
                }
                l.element(&source, at)
            }));
            Leaf { shape, elem, data, narrow: true }
        });
        Val::Arr(Arr { leaves: leaves.collect(), ty: a.ty })
    }

    /// The target of a method that changes a length, as one that has room now: outside control flow it is given room
    /// for `more` elements, and the second value says so.
    fn growing(&mut self, t: &Target, more: Value, m: &Method) -> Res<((Arr, Value, Value), bool)> {
        if !t.path.is_empty() {
            return self.fail(m.name_at, messages::push_in_part());
        }
        let own = matches!(self.vars[t.var].val, Val::Arr(_));
        if own {
            if self.vars[t.var].home != self.conditional {
                return self.fail(m.name_at, messages::push_in_loop());
            }
            let Val::Arr(a) = self.vars[t.var].val.clone() else { return Err(SILENT) };
            let n = self.list_len(&a, m.name_at)?;
            let n = self.extent_value(n);
            let room = self.op("add", &[n, more])?;
            self.grow(t.var, self.extent_of(room))?;
        }
        match self.vars[t.var].val.clone() {
            Val::Growing(a, len, most) => Ok(((a, len, most), own)),
            _ => Err(SILENT),
        }
    }

    /// Sets what a variable with room holds.
    fn set_growing(&mut self, id: VarId, a: Arr, len: Value, most: Value) -> Res<()> {
        let most = self.op("max", &[most, len])?;
        let name = self.vars[id].name.clone();
        if let Val::Arr(a) = self.named(Val::Arr(a), &name) {
            self.vars[id].val = Val::Growing(a, len, most);
        }
        Ok(())
    }

    /// `v.push(x)` and the other methods that change a length.
    pub(super) fn resized(&mut self, t: &Target, m: &Method, args: &[Val]) -> Res<Val> {
        let (zero, one) = (self.int(0), self.int(1));
        let more = match (m.name.as_str(), args) {
            ("insert", _) => one,
            ("resize", [Val::Num(n, _), _]) => self.op("max", &[*n, zero])?,
            ("extend" | "extend_from_slice", [v]) => {
                let it = self.iterate(v.clone(), m.name_at)?;
                let Val::Num(n, _) = self.count(&m.receiver, &it)? else { return Err(SILENT) };
                n
            }
            _ => zero,
        };
        let (state, own) = self.growing(t, more, m)?;
        let v = match (m.name.as_str(), args) {
            ("push", [v]) => self.pushed_to(t.var, state, v.clone(), m),
            ("pop", []) => self.popped(t.var, state, m),
            ("clear", []) => self.cut(t.var, state, zero),
            ("truncate", [Val::Num(n, _)]) => self.cut(t.var, state, *n),
            ("extend" | "extend_from_slice", [v]) => self.extended(t.var, v, more, m),
            ("resize", [Val::Num(n, _), v]) => self.made_as_long(t.var, state, *n, v, m),
            ("insert", [Val::Num(k, _), v]) => self.inserted(t.var, state, *k, v.clone(), m),
            ("remove" | "swap_remove", [Val::Num(k, _)]) => self.removed(t.var, state, *k, m),
            _ => {
                let shown = state.0.ty.show();
                self.fail(m.name_at, messages::unknown_method(&m.name, &shown))
            }
        }?;
        if own {
            self.shrink(t.var, false)?;
        }
        Ok(v)
    }

    fn pushed_to(&mut self, id: VarId, (a, len, most): (Arr, Value, Value), v: Val, m: &Method) -> Res<Val> {
        let elem = a.ty.elem().cloned().ok_or(SILENT)?;
        let v = self.expect_type(v, &elem, m.name_at)?;
        if self.type_of(&v).is_none() {
            return self.fail(m.name_at, messages::not_data(&v.show()));
        }
        let a = self.placed(a, len, v)?;
        let one = self.int(1);
        let longer = self.op("add", &[len, one])?;
        self.set_growing(id, a, longer, most)?;
        Ok(Val::unit())
    }

    /// The room with an element at a position; nothing where only lengths count.
    fn placed(&mut self, a: Arr, at: Value, v: Val) -> Res<Arr> {
        if self.counting != Counting::Off {
            return Ok(a);
        }
        let Val::Arr(a) = self.settle(Val::Arr(a))? else { return Err(SILENT) };
        let (ty, all) = (a.ty.clone(), 0..a.leaves.len());
        self.changed_array(a, &ty, all, Vec::new(), &[Step::At(vec![at])], v)
    }

    fn popped(&mut self, id: VarId, (a, len, most): (Arr, Value, Value), m: &Method) -> Res<Val> {
        let (zero, one) = (self.int(0), self.int(1));
        let there = self.op("gt", &[len, zero])?;
        let less = self.op("sub", &[len, one])?;
        let left = self.op("max", &[less, zero])?;
        let seen = self.filled_part(Val::Growing(a.clone(), len, most));
        let it = self.iterate(seen, m.name_at)?;
        let v = self.if_there(there, &it, less)?;
        self.set_growing(id, a, left, most)?;
        Ok(v)
    }

    fn cut(&mut self, id: VarId, (a, len, most): (Arr, Value, Value), to: Value) -> Res<Val> {
        let len = self.op("min", &[len, to])?;
        self.set_growing(id, a, len, most)?;
        Ok(Val::unit())
    }

    /// `extend`: each item is pushed.
    fn extended(&mut self, id: VarId, v: &Val, more: Value, m: &Method) -> Res<Val> {
        let it = self.iterate(v.clone(), m.name_at)?;
        if self.counting != Counting::Off {
            let Val::Growing(a, len, most) = self.vars[id].val.clone() else { return Err(SILENT) };
            let len = self.op("add", &[len, more])?;
            self.set_growing(id, a, len, most)?;
            return Ok(Val::unit());
        }
        self.each_with(&m.receiver, &it, &[id], &Effects::default(), |l, item| {
            let Val::Growing(a, len, most) = l.vars[id].val.clone() else { return Err(SILENT) };
            let item = l.deref(item)?;
            l.pushed_to(id, (a, len, most), item, m)
        })
    }

    /// `resize`: shorter, or longer by copies of a value.
    fn made_as_long(
        &mut self,
        id: VarId,
        (a, len, most): (Arr, Value, Value),
        n: Value,
        v: &Val,
        m: &Method,
    ) -> Res<Val> {
        let more = self.op("sub", &[n, len])?;
        if self.counting == Counting::Off {
            let (v, trip) = (v.clone(), self.extent_of(more));
            let copies = Iter::new(Some(trip), move |_, _| Ok(v.clone()));
            self.extended(id, &Val::Iter(copies), more, m)?;
        } else {
            self.set_growing(id, a, n, most)?;
        }
        let Val::Growing(a, _, most) = self.vars[id].val.clone() else { return Err(SILENT) };
        self.set_growing(id, a, n, most)?;
        Ok(Val::unit())
    }

    fn inserted(
        &mut self,
        id: VarId,
        (a, len, most): (Arr, Value, Value),
        k: Value,
        v: Val,
        m: &Method,
    ) -> Res<Val> {
        let one = self.int(1);
        let longer = self.op("add", &[len, one])?;
        self.check_within(k, Extent::Value(longer));
        let elem = a.ty.elem().cloned().ok_or(SILENT)?;
        let v = self.expect_type(v, &elem, m.name_at)?;
        let moved = self.shifted(&a, k, -1)?;
        let a = self.placed(moved, k, v)?;
        self.set_growing(id, a, longer, most)?;
        Ok(Val::unit())
    }

    fn removed(&mut self, id: VarId, (a, len, most): (Arr, Value, Value), k: Value, m: &Method) -> Res<Val> {
        let one = self.int(1);
        self.check_within(k, Extent::Value(len));
        let last = self.op("sub", &[len, one])?;
        let Val::Arr(seen) = self.filled_part(Val::Growing(a.clone(), len, most)) else { return Err(SILENT) };
        let v = self.list_get(&seen, k, m.name_at)?;
        let v = self.settle(v)?;
        let a = if m.name == "remove" {
            self.shifted(&a, k, 1)?
        } else {
            let end = self.list_get(&seen, last, m.name_at)?;
            let end = self.settle(end)?;
            self.placed(a, k, end)?
        };
        self.set_growing(id, a, last, most)?;
        Ok(v)
    }

    /// The room with what is at `from` and after moved by one place: each element is read `by` further on.
    fn shifted(&mut self, a: &Arr, from: Value, by: i64) -> Res<Arr> {
        if self.counting != Counting::Off {
            return Ok(a.clone());
        }
        let mut leaves = Vec::new();
        for leaf in &a.leaves {
            let source = leaf.clone();
            leaves.push(self.built(&leaf.shape, &leaf.elem, |l, at| {
                let room = l.extent_value(source.shape[0]);
                let (by, zero) = (l.int(by), l.int(0));
                let moved = l.op("ge", &[at[0], from])?;
                let there = l.op("add", &[at[0], by])?;
                let there = l.op("select", &[moved, there, at[0]])?;
                let (low, high) = (l.op("ge", &[there, zero])?, l.op("lt", &[there, room])?);
                let inside = l.op("and", &[low, high])?;
                let elem = source.elem.clone();
                l.select_lazily(
                    inside,
                    |l| l.element(&source, &[&[there], &at[1..]].concat()),
                    |l| Ok(l.number(&elem, 0.0)),
                )
            })?);
        }
        Ok(Arr { ty: a.ty.clone(), leaves })
    }

    /// A whole new value for a variable with room.
    pub(super) fn assign_growing(&mut self, id: VarId, new: Val) -> Res<()> {
        let Val::Growing(a, _, most) = self.vars[id].val.clone() else { return Err(SILENT) };
        let new = self.expect_type(new, &a.ty.clone(), self.here)?;
        let Val::Arr(new) = new else { return Err(SILENT) };
        let len = self.list_len(&new, self.here)?;
        let n = self.extent_value(len);
        if self.counting != Counting::Off || len == Extent::Const(0) {
            return self.set_growing(id, a, n, most);
        }
        let mut leaves = Vec::new();
        let room = a.leaves.first().map(|l| l.shape[0]).ok_or(SILENT)?;
        let limit = self.extent_value(room);
        let cond = self.op("le", &[n, limit])?;
        self.push(Kind::Assert { cond, message: messages::length_changed() })?;
        for (old, new) in a.leaves.iter().zip(&new.leaves) {
            let new = new.clone();
            leaves.push(self.built(&old.shape, &old.elem, |l, at| {
                let before = l.op("lt", &[at[0], n])?;
                l.select_lazily(before, |l| l.element(&new, at), |l| Ok(l.number(&new.elem, 0.0)))
            })?);
        }
        self.set_growing(id, Arr { ty: a.ty, leaves }, n, most)
    }
}

/// Whether the name may mean another variable in the statements of a loop's body.
fn shadows(f: &crate::ast::For, name: &str) -> bool {
    let lets = f.body.stmts.iter().filter_map(|s| match s {
        Stmt::Let(p, ..) | Stmt::LetElse(p, ..) => Some(p),
        Stmt::Expr(_) => None,
    });
    let mut found = false;
    std::iter::once(&f.pat).chain(lets).for_each(|p| p.names(&mut |n| found |= n == name));
    found
}

/// Whether a statement is `name.push(..);`.
fn is_push(s: &Stmt, name: &str) -> bool {
    match s {
        Stmt::Expr(Expr { kind: ExprKind::Method(m), .. }) => {
            m.name == "push" && matches!(&m.receiver.kind, ExprKind::Path(p) if p.single() == Some(name))
        }
        _ => false,
    }
}
