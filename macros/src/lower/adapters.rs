//! Methods that make an iterator out of another, beyond the positional ones: those that decide, flatten, or carry a state.

use pullback_kernels::ir::{Extent, Lit, Scalar, Value};

use super::assign::Target;
use super::iterators::{Iter, Stage};
use super::values::{Arr, Val};
use super::{Lower, SILENT};
use crate::ast::{Expr, Method};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// `filter_map`, `take_while`, `flat_map` and the like; `None` if it is none of those.
    pub(super) fn deciding(&mut self, e: &Expr, it: &Iter, m: &Method, args: &[Val]) -> Option<Res<Iter>> {
        let made = match (m.name.as_str(), args) {
            ("filter_map", [f]) => {
                let mut it = it.clone();
                it.stages.push(Stage::FilterMap(f.clone(), m.name_at));
                Ok(it)
            }
            ("take_while" | "skip_while" | "flat_map" | "flatten" | "scan", _) if !it.stages.is_empty() => {
                self.fail(m.name_at, messages::after_filter(&m.name))
            }
            ("take_while", [f]) => self.first_failing(e, it, f, m).and_then(|k| self.taken(it.clone(), k)),
            ("skip_while", [f]) => self.first_failing(e, it, f, m).and_then(|k| self.skipped(it.clone(), k)),
            ("flat_map", [f]) => self.flat_mapped(it, Some(f), m),
            ("flatten", []) => self.flat_mapped(it, None, m),
            ("scan", [init, f]) => self.scanned(e, it, init.clone(), f, m),
            _ => return None,
        };
        Some(made)
    }

    /// The first position where the predicate does not hold; the length if it always does.
    fn first_failing(&mut self, e: &Expr, it: &Iter, f: &Val, m: &Method) -> Res<Value> {
        let Some(len) = it.len else { return self.fail_at(e, messages::endless()) };
        let not = it.clone();
        let (f, place) = (f.clone(), m.name_at);
        let failing = Iter::new(not.len, move |l, k| {
            let item = (not.item.clone())(l, k)?;
            match l.apply(&f, vec![item], place)? {
                Val::Num(v, _) => Ok(Val::Num(l.op("not", &[v])?, Ty::Bool)),
                other => l.fail(place, messages::not_a_condition(&other.show())),
            }
        });
        let (there, at) = self.first_true(e, &failing)?;
        let n = self.extent_value(len);
        self.op("select", &[there, at, n])
    }

    /// Items of equally many parts, one part after the other.
    fn flat_mapped(&mut self, it: &Iter, f: Option<&Val>, m: &Method) -> Res<Iter> {
        let (it, f, place) = (it.clone(), f.cloned(), m.name_at);
        let Some(len) = it.len else { return self.fail(place, messages::endless()) };
        let inner = move |l: &mut Lower, k: Value| {
            let item = (it.item.clone())(l, k)?;
            let parts = f.as_ref().map_or(Ok(item.clone()), |f| l.apply(f, vec![item], place))?;
            l.iterate(parts, place)
        };
        let mut count = None;
        let mark = self.b.values.len() as u32;
        self.glance(|l| {
            let k = l.b.values.add(Scalar::I64.into(), "");
            let parts = inner(l, k)?;
            count = parts.len.filter(|_| parts.stages.is_empty());
            Ok(Val::unit())
        });
        let outer = |e: &Extent| match e {
            Extent::Const(_) => true,
            Extent::Value(v) => v.0 < mark,
        };
        let Some(parts) = count.filter(outer) else { return self.fail(place, messages::flat_map(&m.name)) };
        let (n, parts) = (self.extent_value(len), self.extent_value(parts));
        let total = self.op("mul", &[n, parts])?;
        Ok(Iter::new(Some(self.extent_of(total)), move |l, k| {
            let (outer, at) = (l.op("div", &[k, parts])?, l.op("rem", &[k, parts])?);
            let parts = inner(l, outer)?;
            (parts.item.clone())(l, at)
        }))
    }

    /// `scan(init, |state, x| Some(..))`: a loop now, which stops counting items at the first `None`.
    fn scanned(&mut self, e: &Expr, it: &Iter, init: Val, f: &Val, m: &Method) -> Res<Iter> {
        let Some(len) = it.len else { return self.fail_at(e, messages::endless()) };
        let init = self.deref(init)?;
        let state = self.hidden("state", init);
        let at = self.b.values.add(Scalar::I64.into(), "");
        let model = self.glance(|l| {
            let item = (it.item.clone())(l, at)?;
            l.apply(f, vec![Val::Mut(Target { var: state, path: Vec::new() }), item], m.name_at)
        });
        let Some(Val::Maybe(_, model)) = model else { return self.fail(m.name_at, messages::scan()) };
        let Some(ty) = self.type_of(&model).filter(|t| super::values::leaf_shapes(t).is_some()) else {
            return self.fail(m.name_at, messages::scan());
        };
        let list = self.zero_list(&ty, len)?;
        let out = self.hidden("scanned", list);
        let (zero, on) = (self.int(0), self.b.lit(Lit::Bool(true)));
        let count = self.hidden("count", Val::Num(zero, Ty::USIZE));
        let going = self.hidden("going", Val::Num(on, Ty::Bool));
        self.each_with(e, it, &[state, out, count, going], &self.effects_of(f), |l, item| {
            let (Val::Num(k, _), on) = (l.vars[count].val.clone(), l.flag_value(going)) else {
                return Err(SILENT);
            };
            let made =
                l.apply(f, vec![Val::Mut(Target { var: state, path: Vec::new() }), item], m.name_at)?;
            let Val::Maybe(there, v) = made else { return Err(SILENT) };
            let on = l.op("and", &[on, there])?;
            l.vars[going].val = Val::Num(on, Ty::Bool);
            l.write(&Target { var: out, path: Vec::new() }.at(vec![k]), *v)?;
            let one = l.op("to_i64", &[on])?;
            let next = l.op("add", &[k, one])?;
            l.vars[count].val = Val::Num(next, Ty::USIZE);
            Ok(Val::unit())
        })?;
        let (Val::Arr(a), Val::Num(n, _)) = (self.vars[out].val.clone(), self.vars[count].val.clone()) else {
            return Err(SILENT);
        };
        let place = m.name_at;
        Ok(Iter::new(Some(self.extent_of(n)), move |l, k| l.list_get(&a, k, place)))
    }

    /// A list of zeros.
    pub(super) fn zero_list(&mut self, elem: &Ty, len: Extent) -> Res<Val> {
        let elem = self.types.resolve(elem);
        let shapes = super::values::leaf_shapes(&elem).ok_or(SILENT)?;
        let mut zeros = Vec::new();
        for (t, inner) in super::values::leaf_types(&elem).iter().zip(shapes) {
            let shape: Vec<Extent> = std::iter::once(len).chain(inner).collect();
            zeros.push(self.zeros(t.scalar().unwrap_or(Scalar::F64), &shape));
        }
        Ok(self.rebuild(&Ty::Vec(Box::new(elem)), &mut zeros.into_iter()))
    }

    /// `unzip`: a list for each part of the pairs.
    pub(super) fn unzipped(&mut self, e: &Expr, it: &Iter) -> Res<Val> {
        let Val::Arr(pairs) = self.collected(e, it, None)? else { return Err(SILENT) };
        let Some(Ty::Tuple(ts)) = pairs.ty.elem().map(|t| self.types.resolve(t)) else {
            return self.fail_at(e, messages::pattern_shape(&pairs.ty.show()));
        };
        let mut leaves = pairs.leaves.into_iter();
        let lists = ts.into_iter().map(|t| {
            let n = super::values::leaf_types(&t).len();
            Val::Arr(Arr { leaves: leaves.by_ref().take(n).collect(), ty: Ty::Vec(Box::new(t)) })
        });
        Ok(Val::Tuple(lists.collect()))
    }

    /// `partition`: what passes the test, and what does not.
    pub(super) fn partitioned(&mut self, e: &Expr, it: &Iter, f: &Val, m: &Method) -> Res<Val> {
        let (mut yes, mut no) = (it.clone(), it.clone());
        yes.stages.push(Stage::Filter(f.clone(), m.name_at));
        no.stages.push(Stage::Reject(f.clone(), m.name_at));
        Ok(Val::Tuple(vec![self.collected(e, &yes, None)?, self.collected(e, &no, None)?]))
    }
}

impl Lower<'_> {
    fn first_true(&mut self, e: &Expr, it: &Iter) -> Res<(Value, Value)> {
        self.picked_position(e, it, true, |_, item| match item {
            Val::Num(v, _) => Ok(v),
            _ => Err(SILENT),
        })
    }
}
