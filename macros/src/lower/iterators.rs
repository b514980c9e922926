//! Iterators exist only while lowering: a length and a map from position to item. The consumer makes the loop.

use std::rc::Rc;

use pullback_kernels::ir::{Extent, Value};

use super::values::{Arr, Val};
use super::{Lower, SILENT};
use crate::ast::{Expr, Place, Range};
use crate::errors::Res;
use crate::messages;
use crate::ty::{Kind as Hole, Ty};

/// The item at a position.
pub(super) type Item = Rc<dyn Fn(&mut Lower, Value) -> Res<Val>>;

/// An iterator.
#[derive(Clone)]
pub(super) struct Iter {
    /// How many positions; `None` if endless.
    pub(super) len: Option<Extent>,
    pub(super) item: Item,
    /// What happens to an item from the first `filter` on: such an iterator has fewer items than positions.
    pub(super) stages: Vec<Stage>,
}

/// A stage after (and including) the first `filter`.
#[derive(Clone)]
pub(super) enum Stage {
    Map(Val, Place),
    Filter(Val, Place),
    /// Drops what passes the test.
    Reject(Val, Place),
    FilterMap(Val, Place),
}

impl Iter {
    pub(super) fn new(len: Option<Extent>, item: impl Fn(&mut Lower, Value) -> Res<Val> + 'static) -> Iter {
        Iter { len, item: Rc::new(item), stages: Vec::new() }
    }
}

impl Lower<'_> {
    /// `lo..hi`.
    pub(super) fn range(&mut self, e: &Expr, r: &Range) -> Res<Val> {
        let mut ty = Ty::Var(e.id * 4 + 2, Hole::Int);
        let mut bounds = Vec::new();
        for bound in [&r.lo, &r.hi] {
            bounds.push(match bound {
                None => None,
                Some(b) => match self.value(b)? {
                    Val::Num(v, t) => {
                        if matches!(self.types.resolve(&t), Ty::Float(_) | Ty::Var(_, Hole::Float)) {
                            return self.fail_at(b, messages::float_range());
                        }
                        ty = self.unify_or_fail(&ty, &t)?;
                        Some(v)
                    }
                    other => return self.fail_at(b, messages::not_a_number(&other.show())),
                },
            });
        }
        let (lo, mut hi) = (bounds[0], bounds[1]);
        if let Some(h) = hi
            && r.inclusive
        {
            let one = self.int(1);
            hi = Some(self.op("add", &[h, one])?);
        }
        Ok(Val::Range(lo, hi, ty))
    }

    /// A value as an iterator over its items.
    pub(super) fn iterate(&mut self, v: Val, place: Place) -> Res<Iter> {
        match v {
            Val::Iter(it) => Ok(it),
            Val::Range(lo, hi, ty) => self.iterate_range(lo, hi, ty, place),
            Val::Arr(a) => self.iterate_array(&a, place),
            Val::Mut(t) => self.iterate_mut(t, place),
            Val::Missing | Val::Never => Err(SILENT),
            other => self.fail(place, messages::not_iterable(&other.show())),
        }
    }

    fn iterate_range(&mut self, lo: Option<Value>, hi: Option<Value>, ty: Ty, place: Place) -> Res<Iter> {
        lo.iter().chain(&hi).try_for_each(|v| self.sure(*v))?;
        let Some(lo) = lo else { return self.fail(place, messages::range_without_start()) };
        let from_zero = self.known.get(&lo) == Some(&0);
        let len = match hi {
            None => None,
            Some(hi) if from_zero => Some(self.extent_of(hi)),
            Some(hi) => {
                let n = self.op("sub", &[hi, lo])?;
                Some(self.extent_of(n))
            }
        };
        Ok(Iter::new(len, move |l, k| {
            let v = if from_zero { k } else { l.op("add", &[lo, k])? };
            Ok(Val::Num(v, ty.clone()))
        }))
    }

    fn iterate_array(&mut self, a: &Arr, place: Place) -> Res<Iter> {
        let len =
            if matches!(a.ty, Ty::Matrix(..)) { self.matrix_count(a)? } else { self.list_len(a, place)? };
        let a = a.clone();
        Ok(Iter::new(Some(len), move |l, k| {
            if matches!(a.ty, Ty::Matrix(..)) { l.matrix_linear(&a, k) } else { l.list_get(&a, k, place) }
        }))
    }

    /// Items that can be written to.
    pub(super) fn iterate_mut(&mut self, t: super::assign::Target, place: Place) -> Res<Iter> {
        let Val::Arr(a) = self.read(&t)? else { return self.fail(place, messages::not_iterable("this")) };
        let len =
            if matches!(a.ty, Ty::Matrix(..)) { self.matrix_count(&a)? } else { self.list_len(&a, place)? };
        let matrix = a.leaves.first().filter(|l| matches!(a.ty, Ty::Matrix(..)) && l.shape.len() == 2);
        let rows = matrix.map(|l| l.shape[1]);
        Ok(Iter::new(Some(len), move |l, k| {
            let at = match rows {
                None => vec![k],
                Some(rows) => {
                    let r = l.extent_value(rows);
                    vec![l.op("div", &[k, r])?, l.op("rem", &[k, r])?]
                }
            };
            Ok(Val::Mut(t.at(at)))
        }))
    }

    /// Applies `f` to the item at a position if no filter drops it. `vars` are the
    /// variables that `f` may change.
    pub(super) fn with_item(
        &mut self,
        iter: &Iter,
        k: Value,
        vars: &[usize],
        f: impl FnOnce(&mut Self, Val) -> Res<Val>,
    ) -> Res<Val> {
        let item = (iter.item.clone())(self, k)?;
        self.staged(&iter.stages, item, vars, f)
    }

    pub(super) fn staged(
        &mut self,
        stages: &[Stage],
        item: Val,
        vars: &[usize],
        f: impl FnOnce(&mut Self, Val) -> Res<Val>,
    ) -> Res<Val> {
        match stages.split_first() {
            None => f(self, item),
            Some((Stage::Map(g, place), rest)) => {
                let item = self.apply(g, vec![item], *place)?;
                self.staged(rest, item, vars, f)
            }
            Some((Stage::FilterMap(g, place), rest)) => {
                let Val::Maybe(cond, item) = self.apply(g, vec![item], *place)? else {
                    return self.fail(*place, messages::filter_map());
                };
                self.branch(cond, vars, |l| l.staged(rest, *item, vars, f), |_| Ok(Val::Never))
            }
            Some((stage @ (Stage::Filter(g, place) | Stage::Reject(g, place)), rest)) => {
                let keep = self.apply(g, vec![item.clone()], *place)?;
                let Val::Num(cond, _) = keep else {
                    return self.fail(*place, messages::not_a_condition(&keep.show()));
                };
                let reject = matches!(stage, Stage::Reject(..));
                let cond = if reject { self.op("not", &[cond])? } else { cond };
                self.branch(cond, vars, |l| l.staged(rest, item, vars, f), |_| Ok(Val::Never))
            }
        }
    }

    /// A method of iterators that makes another one; `None` if it is none of those.
    pub(super) fn adapter(&mut self, it: &Iter, name: &str, args: &[Val], place: Place) -> Option<Res<Val>> {
        let it = it.clone();
        let result = match (name, args) {
            ("iter" | "into_iter" | "copied" | "cloned" | "fuse", []) => Ok(it),
            ("map", [f]) => Ok(self.mapped(it, f.clone(), place)),
            ("filter", [f]) => {
                let mut it = it;
                it.stages.push(Stage::Filter(f.clone(), place));
                Ok(it)
            }
            ("zip", [other]) => self.zipped(it, other.clone(), place),
            _ if !it.stages.is_empty() => return self.positional(name, place),
            ("enumerate", []) => Ok(Iter::new(it.len, move |l, k| {
                let item = (it.item.clone())(l, k)?;
                Ok(Val::Tuple(vec![Val::Num(k, Ty::USIZE), item]))
            })),
            ("rev", []) => self.reversed(it, place),
            ("skip", [Val::Num(n, _)]) => self.skipped(it, *n),
            ("take", [Val::Num(n, _)]) => self.taken(it, *n),
            ("step_by", [Val::Num(n, _)]) => self.stepped(it, *n),
            ("chain", [other]) => self.chained(it, other.clone(), place),
            _ => return None,
        };
        Some(result.map(Val::Iter))
    }

    fn positional(&mut self, name: &str, place: Place) -> Option<Res<Val>> {
        let needs = ["enumerate", "rev", "skip", "take", "step_by", "chain", "nth"];
        needs.contains(&name).then(|| self.fail(place, messages::after_filter(name)))
    }

    fn mapped(&mut self, it: Iter, f: Val, place: Place) -> Iter {
        if !it.stages.is_empty() {
            let mut it = it;
            it.stages.push(Stage::Map(f, place));
            return it;
        }
        Iter::new(it.len, move |l, k| {
            let item = (it.item.clone())(l, k)?;
            l.apply(&f, vec![item], place)
        })
    }

    fn zipped(&mut self, a: Iter, b: Val, place: Place) -> Res<Iter> {
        let b = self.iterate(b, place)?;
        if !a.stages.is_empty() || !b.stages.is_empty() {
            return self.fail(place, messages::after_filter("zip"));
        }
        let len = match (a.len, b.len) {
            (Some(x), Some(y)) => Some(self.smaller(x, y)?),
            (x, y) => x.or(y),
        };
        Ok(Iter::new(len, move |l, k| {
            let x = (a.item.clone())(l, k)?;
            let y = (b.item.clone())(l, k)?;
            Ok(Val::Tuple(vec![x, y]))
        }))
    }

    /// The smaller of two extents.
    pub(super) fn smaller(&mut self, a: Extent, b: Extent) -> Res<Extent> {
        if a == b {
            return Ok(a);
        }
        let (a, b) = (self.extent_value(a), self.extent_value(b));
        let n = self.op("min", &[a, b])?;
        Ok(self.extent_of(n))
    }

    fn reversed(&mut self, it: Iter, place: Place) -> Res<Iter> {
        let Some(len) = it.len else { return self.fail(place, messages::endless()) };
        Ok(Iter::new(Some(len), move |l, k| {
            let (n, one) = (l.extent_value(len), l.int(1));
            let last = l.op("sub", &[n, one])?;
            let at = l.op("sub", &[last, k])?;
            (it.item.clone())(l, at)
        }))
    }

    pub(super) fn skipped(&mut self, it: Iter, n: Value) -> Res<Iter> {
        let len = match it.len {
            None => None,
            Some(len) => {
                let len = self.extent_value(len);
                let rest = self.op("sub", &[len, n])?;
                Some(self.extent_of(rest))
            }
        };
        Ok(Iter::new(len, move |l, k| {
            let at = l.op("add", &[k, n])?;
            (it.item.clone())(l, at)
        }))
    }

    pub(super) fn taken(&mut self, it: Iter, n: Value) -> Res<Iter> {
        let n = self.extent_of(n);
        let len = match it.len {
            None => n,
            Some(len) => self.smaller(len, n)?,
        };
        Ok(Iter { len: Some(len), ..it })
    }

    /// Every n-th item: as many as the length divided by n, rounded up.
    fn stepped(&mut self, it: Iter, n: Value) -> Res<Iter> {
        let len = match it.len {
            None => None,
            Some(len) => {
                let (len, one, zero) = (self.extent_value(len), self.int(1), self.int(0));
                let len = self.op("max", &[len, zero])?;
                let up = self.op("add", &[len, n])?;
                let up = self.op("sub", &[up, one])?;
                let count = self.op("div", &[up, n])?;
                Some(self.extent_of(count))
            }
        };
        Ok(Iter::new(len, move |l, k| {
            let at = l.op("mul", &[k, n])?;
            (it.item.clone())(l, at)
        }))
    }

    fn chained(&mut self, a: Iter, b: Val, place: Place) -> Res<Iter> {
        let b = self.iterate(b, place)?;
        let (Some(n), Some(m)) = (a.len, b.len) else { return self.fail(place, messages::endless()) };
        if !b.stages.is_empty() {
            return self.fail(place, messages::after_filter("chain"));
        }
        let (n, m) = (self.extent_value(n), self.extent_value(m));
        let zero = self.int(0);
        let (n, m) = (self.op("max", &[n, zero])?, self.op("max", &[m, zero])?);
        let len = self.op("add", &[n, m])?;
        Ok(Iter::new(Some(self.extent_of(len)), move |l, k| {
            let first = l.op("lt", &[k, n])?;
            let (x, y) = (a.item.clone(), b.item.clone());
            l.branch(
                first,
                &[],
                |l| x(l, k),
                |l| {
                    let at = l.op("sub", &[k, n])?;
                    y(l, at)
                },
            )
        }))
    }
}
