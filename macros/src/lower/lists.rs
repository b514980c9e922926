//! Methods of values: which kind of value knows the method; those of arrays, slices and `Vec`.

use std::rc::Rc;

use pullback_kernels::ir::{Extent, Kind, Value};

use super::assign::Target;
use super::iterators::Iter;
use super::values::{Arr, Data, Leaf, Val};
use super::{Lower, SILENT, scan};
use crate::ast::{Expr, Method};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// `receiver.name(args)`.
    pub(super) fn method(&mut self, e: &Expr, m: &Method, want: Option<&Ty>) -> Res<Val> {
        if let Some(result) = self.option_mutation(m).or_else(|| self.mutating(m)) {
            return result;
        }
        let receiver = self.expr(&m.receiver, None);
        let args: Vec<Res<Val>> = m.args.iter().map(|a| self.argument(a)).collect();
        let receiver = receiver?;
        let args: Vec<Val> = args.into_iter().collect::<Res<_>>()?;
        self.locate(m.name_at);
        self.all_sure(args.iter().chain([&receiver]))?;
        match (&receiver, m.name.as_str()) {
            (Val::Mut(t), "iter" | "iter_mut" | "into_iter") => {
                return self.iterate_mut(t.clone(), m.name_at).map(Val::Iter);
            }
            (Val::Mut(_), "by_ref" | "borrow_mut" | "as_mut") => return Ok(receiver),
            _ => {}
        }
        match self.deref(receiver)? {
            Val::Num(v, t) if self.types.resolve(&t) == Ty::Bool && m.name.starts_with("then") => {
                let known = self.bool_method(v, m, &args);
                known.unwrap_or_else(|| self.number_method(v, &t, &m.name, m.name_at, args))
            }
            Val::Num(v, t) if let Ty::Enum(of) = self.types.resolve(&t) => {
                self.user_method(Val::Num(v, t), &of.name, m, args)
            }
            Val::Num(v, t) => self.number_method(v, &t, &m.name, m.name_at, args),
            Val::Arr(a) if matches!(a.ty, Ty::Matrix(..)) => self.matrix_method(e, &a, m, args, want),
            Val::Arr(a) => self.list_method(&a, m, args),
            Val::Iter(it) => self.iterator_method(e, &it, m, args, want),
            Val::Range(lo, hi, ty) => self.range_method(e, (lo, hi, ty), m, args, want),
            Val::Maybe(there, v) => self.maybe_method(there, *v, m, &args),
            Val::Factor(factor, a) => self.factor_method(factor, &a, m, &args),
            Val::Fallible(v) => self.unwrapped(*v, m),
            Val::Tuple(vs) if m.name == "clone" => Ok(Val::Tuple(vs)),
            Val::Struct(s, vs) => self.user_method(Val::Struct(s.clone(), vs), &s.name, m, args),
            Val::Never => Ok(Val::Never),
            other => self.fail(m.name_at, messages::unknown_method(&m.name, &other.show())),
        }
    }

    /// An argument: closures and mutable references stay what they are.
    fn argument(&mut self, e: &Expr) -> Res<Val> {
        let v = self.expr(e, None)?;
        if matches!(v, Val::Missing) { Err(SILENT) } else { Ok(v) }
    }

    fn range_method(
        &mut self,
        e: &Expr,
        (lo, hi, ty): (Option<Value>, Option<Value>, Ty),
        m: &Method,
        args: Vec<Val>,
        want: Option<&Ty>,
    ) -> Res<Val> {
        match (m.name.as_str(), &args[..], lo, hi) {
            ("contains", [Val::Num(x, _)], Some(lo), Some(hi)) => {
                let (a, b) = (self.op("ge", &[*x, lo])?, self.op("lt", &[*x, hi])?);
                Ok(Val::Num(self.op("and", &[a, b])?, Ty::Bool))
            }
            ("is_empty", [], Some(lo), Some(hi)) => Ok(Val::Num(self.op("ge", &[lo, hi])?, Ty::Bool)),
            _ => {
                let it = self.iterate(Val::Range(lo, hi, ty), m.receiver.place)?;
                self.iterator_method(e, &it, m, args, want)
            }
        }
    }

    /// Methods of arrays, slices and `Vec`.
    fn list_method(&mut self, a: &Arr, m: &Method, args: Vec<Val>) -> Res<Val> {
        let place = m.name_at;
        match (m.name.as_str(), &args[..]) {
            ("len", []) => {
                let n = self.list_len(a, place)?;
                Ok(Val::Num(self.extent_value(n), Ty::USIZE))
            }
            ("is_empty", []) => {
                let n = self.list_len(a, place)?;
                let (n, zero) = (self.extent_value(n), self.int(0));
                Ok(Val::Num(self.op("eq", &[n, zero])?, Ty::Bool))
            }
            ("iter" | "into_iter", []) => Ok(Val::Iter(self.iterate(Val::Arr(a.clone()), place)?)),
            ("clone" | "as_slice" | "as_ref" | "to_owned" | "borrow", []) => Ok(Val::Arr(a.clone())),
            ("to_vec" | "into_vec", []) => {
                let elem = a.ty.elem().cloned().ok_or(SILENT)?;
                Ok(Val::Arr(Arr { ty: Ty::Vec(Box::new(elem)), leaves: a.leaves.clone() }))
            }
            ("map", [f]) if matches!(a.ty, Ty::Array(..)) => self.array_map(a, f, m),
            ("get", [Val::Num(k, _)]) => {
                let n = self.list_len(a, place)?;
                let n = self.extent_value(n);
                let there = self.inside(*k, n)?;
                let it = self.iterate(Val::Arr(a.clone()), place)?;
                self.if_there(there, &it, *k)
            }
            ("first", []) => self.end_item(a, m, true),
            ("last", []) => self.end_item(a, m, false),
            ("windows", [Val::Num(n, _)]) => self.windows(a, *n, m),
            ("chunks", [Val::Num(n, _)]) => self.chunks(a, *n, m, false),
            ("chunks_exact", [Val::Num(n, _)]) => self.chunks(a, *n, m, true),
            ("split_at", [Val::Num(k, _)]) => {
                let n = self.list_len(a, place)?;
                let (zero, n) = (self.int(0), self.extent_value(n));
                let (f1, l1) = self.slice_bounds(a, Some(zero), Some(*k), place)?;
                let (f2, l2) = self.slice_bounds(a, Some(*k), Some(n), place)?;
                Ok(Val::Tuple(vec![Val::Arr(self.sub_list(a, f1, l1)), Val::Arr(self.sub_list(a, f2, l2))]))
            }
            _ => {
                if ["sum", "fold", "zip", "all", "any", "product", "enumerate", "rev"]
                    .contains(&m.name.as_str())
                {
                    return self.fail(place, messages::needs_iter(&m.name));
                }
                self.fail(place, messages::unknown_method(&m.name, &a.ty.show()))
            }
        }
    }

    fn array_map(&mut self, a: &Arr, f: &Val, m: &Method) -> Res<Val> {
        let it = self.iterate(Val::Arr(a.clone()), m.name_at)?;
        let mapped = self.adapter(&it, "map", std::slice::from_ref(f), m.name_at);
        let (Some(Ok(Val::Iter(it))), Ty::Array(_, n)) = (mapped, &a.ty) else { return Err(SILENT) };
        match self.collected(&m.receiver, &it, None)? {
            Val::Arr(Arr { ty: Ty::Vec(t), leaves }) => Ok(Val::Arr(Arr { ty: Ty::Array(t, *n), leaves })),
            other => Ok(other),
        }
    }

    fn end_item(&mut self, a: &Arr, m: &Method, first: bool) -> Res<Val> {
        let it = self.iterate(Val::Arr(a.clone()), m.name_at)?;
        self.ends(a, &it, m, first)
    }

    /// The first or last item of an array through an iterator over it.
    pub(super) fn ends(&mut self, a: &Arr, it: &Iter, m: &Method, first: bool) -> Res<Val> {
        let n = self.list_len(a, m.name_at)?;
        let (n, zero, one) = (self.extent_value(n), self.int(0), self.int(1));
        let there = self.op("gt", &[n, zero])?;
        let at = if first { zero } else { self.op("sub", &[n, one])? };
        self.if_there(there, it, at)
    }

    /// Whether `0 <= k < n`.
    pub(super) fn inside(&mut self, k: Value, n: Value) -> Res<Value> {
        let zero = self.int(0);
        let (low, high) = (self.op("ge", &[k, zero])?, self.op("lt", &[k, n])?);
        self.op("and", &[low, high])
    }

    fn windows(&mut self, a: &Arr, n: Value, m: &Method) -> Res<Val> {
        let len = self.list_len(a, m.name_at)?;
        let (len, one) = (self.extent_value(len), self.int(1));
        let rest = self.op("sub", &[len, n])?;
        let count = self.op("add", &[rest, one])?;
        let (a, size) = (a.clone(), self.extent_of(n));
        Ok(Val::Iter(Iter::new(Some(self.extent_of(count)), move |l, k| {
            Ok(Val::Arr(l.sub_list(&a, k, size)))
        })))
    }

    fn chunks(&mut self, a: &Arr, n: Value, m: &Method, exact: bool) -> Res<Val> {
        let len = self.list_len(a, m.name_at)?;
        let (len, one) = (self.extent_value(len), self.int(1));
        let up = if exact {
            len
        } else {
            let up = self.op("add", &[len, n])?;
            self.op("sub", &[up, one])?
        };
        let count = self.op("div", &[up, n])?;
        let a = a.clone();
        Ok(Val::Iter(Iter::new(Some(self.extent_of(count)), move |l, k| {
            let from = l.op("mul", &[k, n])?;
            let size = if exact {
                n
            } else {
                let rest = l.op("sub", &[len, from])?;
                l.op("min", &[n, rest])?
            };
            let size = l.extent_of(size);
            Ok(Val::Arr(l.sub_list(&a, from, size)))
        })))
    }

    /// Methods that change what they are called on.
    fn mutating(&mut self, m: &Method) -> Option<Res<Val>> {
        let known = [
            "fill_diagonal",
            "fill_row",
            "fill_column",
            "set_diagonal",
            "axpy",
            "gemv",
            "gemm",
            "rows_mut",
            "columns_mut",
            "view_mut",
            "fixed_rows_mut",
            "fixed_columns_mut",
            "fixed_view_mut",
            "sort_by",
            "sort_unstable_by",
            "sort_by_key",
            "rotate_left",
            "rotate_right",
            "swap",
            "fill",
            "iter_mut",
            "copy_from",
            "copy_from_slice",
            "clone_from_slice",
            "split_at_mut",
            "as_mut_slice",
            "column_mut",
            "row_mut",
            "set_column",
            "set_row",
            "swap_rows",
            "swap_columns",
            "reverse",
            "first_mut",
            "last_mut",
            "get_mut",
        ];
        let name = m.name.as_str();
        if !(known.contains(&name) || scan::resizes(name) || name.ends_with("_assign")) {
            return None;
        }
        if self.is_of_user(&m.receiver) { None } else { Some(self.mutate(m)) }
    }

    fn mutate(&mut self, m: &Method) -> Res<Val> {
        let target = self.target(&m.receiver)?;
        let args: Vec<Val> = m.args.iter().map(|a| self.value(a)).collect::<Res<_>>()?;
        if let Some(result) = self.rearrangement(&target, m, &args) {
            return result.map(|()| Val::unit());
        }
        self.locate(m.name_at);
        if m.name != "swap" {
            self.all_sure(&args)?;
        }
        let Val::Arr(a) = self.read(&target)? else {
            return self.fail(m.name_at, messages::unknown_method(&m.name, "this"));
        };
        if let Some(result) = self.matrix_mutation(&target, &a, m, &args) {
            return result.map(|()| Val::unit());
        }
        if matches!(a.ty, Ty::Matrix(..)) && scan::resizes(&m.name) {
            return self.fail(m.name_at, messages::unknown_method(&m.name, &a.ty.show()));
        }
        if let Some(result) = self.borrowed(&target, &a, m, &args) {
            return result;
        }
        match (m.name.as_str(), &args[..]) {
            ("push", [v]) if matches!(self.vars[target.var].val, Val::Arr(_)) => {
                self.pushed(&target, a, v.clone(), m)
            }
            (
                "push" | "pop" | "clear" | "truncate" | "resize" | "extend" | "extend_from_slice" | "insert"
                | "remove" | "swap_remove",
                args,
            ) => self.resized(&target, m, args),
            ("swap", [i, j]) => self.swapped(&target, &a, i.clone(), j.clone(), m),
            ("swap_rows" | "swap_columns", [Val::Num(i, _), Val::Num(j, _)]) => {
                self.swapped_lines(&target, &a, (*i, *j), m.name == "swap_columns")
            }
            ("fill", [v]) => self.filled(&target, &a, v),
            ("copy_from" | "copy_from_slice" | "clone_from_slice", [v]) => {
                self.copied(&target, &a, v.clone())
            }
            ("set_column" | "set_row", [Val::Num(k, _), v]) => {
                let line = target.line(*k, m.name == "set_column");
                self.write(&line, v.clone())?;
                Ok(Val::unit())
            }
            ("reverse", []) => {
                let reversed = self.reversed_list(&a, m)?;
                self.write(&target, Val::Arr(reversed))?;
                Ok(Val::unit())
            }
            ("add_assign" | "sub_assign", [v]) => {
                let op = if m.name == "add_assign" { crate::ast::Bin::Add } else { crate::ast::Bin::Sub };
                let new = self.binary(op, Val::Arr(a), v.clone())?;
                self.write(&target, new)?;
                Ok(Val::unit())
            }
            _ => self.fail(m.name_at, messages::unknown_method(&m.name, &a.ty.show())),
        }
    }

    /// A longer `Vec`. In a loop or branch its length would not be known afterwards.
    fn pushed(&mut self, t: &Target, a: Arr, v: Val, m: &Method) -> Res<Val> {
        if self.conditional != self.vars[t.var].home {
            return self.fail(m.name_at, messages::push_in_loop());
        }
        let elem = a.ty.elem().cloned().ok_or(SILENT)?;
        let v = self.expect_type(v, &elem, m.name_at)?;
        let Some(have) = self.type_of(&v) else { return self.fail(m.name_at, messages::not_data(&v.show())) };
        let ty = Ty::Vec(Box::new(have));
        let parts = self.flatten(&v)?;
        let len = self.list_len(&a, m.name_at)?;
        let (n, one) = (self.extent_value(len), self.int(1));
        let longer = self.op("add", &[n, one])?;
        let longer = self.extent_of(longer);
        let mut leaves = Vec::new();
        for (old, v) in a.leaves.iter().zip(parts) {
            let inner = self.b.values.ty(v).shape().to_vec();
            let shape: Vec<Extent> = std::iter::once(longer).chain(inner).collect();
            let (old, empty) = (old.clone(), len == Extent::Const(0));
            leaves.push(self.built(&shape, &old.elem.clone(), |l, at| {
                let pick = |l: &mut Self| {
                    if at.len() == 1 {
                        Ok(v)
                    } else {
                        l.push1(Kind::Index { array: v, at: at[1..].to_vec() })
                    }
                };
                if empty {
                    return pick(l);
                }
                let before = l.op("lt", &[at[0], n])?;
                l.select_lazily(before, |l| l.element(&old, at), pick)
            })?);
        }
        if t.path.is_empty() {
            let name = self.vars[t.var].name.clone();
            self.vars[t.var].val = self.named(Val::Arr(Arr { ty, leaves }), &name);
            return Ok(Val::unit());
        }
        self.fail(m.name_at, messages::push_in_part())
    }

    fn swapped(&mut self, t: &Target, a: &Arr, i: Val, j: Val, m: &Method) -> Res<Val> {
        let (i, j) = (self.axes_of(a, i, m.name_at)?, self.axes_of(a, j, m.name_at)?);
        let (x, y) = (self.at(a, &i)?, self.at(a, &j)?);
        let (x, y) = (self.settle(x)?, self.settle(y)?);
        self.write(&t.at(i), y)?;
        self.write(&t.at(j), x)?;
        Ok(Val::unit())
    }

    fn swapped_lines(&mut self, t: &Target, a: &Arr, (i, j): (Value, Value), column: bool) -> Res<Val> {
        let line = |l: &mut Self, k| {
            let v = Val::Arr(if column { l.column(a, k) } else { l.row(a, k) });
            l.settle(v)
        };
        let (x, y) = (line(self, i)?, line(self, j)?);
        self.write(&t.line(i, column), y)?;
        self.write(&t.line(j, column), x)?;
        Ok(Val::unit())
    }

    fn filled(&mut self, t: &Target, a: &Arr, v: &Val) -> Res<Val> {
        let parts = self.flatten(v)?;
        let mut leaves = Vec::new();
        for (leaf, v) in a.leaves.iter().zip(parts) {
            leaves.push(self.built(&leaf.shape, &leaf.elem, |l, at| {
                let rank = l.b.values.ty(v).shape().len();
                if rank == 0 {
                    Ok(v)
                } else {
                    l.push1(Kind::Index { array: v, at: at[at.len() - rank..].to_vec() })
                }
            })?);
        }
        self.write(t, Val::Arr(Arr { ty: a.ty.clone(), leaves }))?;
        Ok(Val::unit())
    }

    fn copied(&mut self, t: &Target, a: &Arr, v: Val) -> Res<Val> {
        let Val::Arr(source) = v else { return self.fail(self.here, messages::argument_type("copy_from")) };
        let mut leaves = Vec::new();
        for (old, new) in a.leaves.iter().zip(&source.leaves) {
            for (x, y) in old.shape.iter().zip(&new.shape) {
                self.require_equal(*x, *y, messages::length_changed());
            }
            let new = new.clone();
            leaves.push(self.built(&old.shape, &old.elem, |l, at| l.element(&new, at))?);
        }
        self.write(t, Val::Arr(Arr { ty: a.ty.clone(), leaves }))?;
        Ok(Val::unit())
    }

    fn reversed_list(&mut self, a: &Arr, m: &Method) -> Res<Arr> {
        let len = self.list_len(a, m.name_at)?;
        let leaves = a.leaves.iter().map(|leaf| {
            let source = leaf.clone();
            let data = Data::View(Rc::new(move |l: &mut Lower, at: &[Value]| {
                let (n, one) = (l.extent_value(len), l.int(1));
                let last = l.op("sub", &[n, one])?;
                let k = l.op("sub", &[last, at[0]])?;
                l.element(&source, &[&[k], &at[1..]].concat())
            }));
            Leaf { shape: leaf.shape.clone(), elem: leaf.elem.clone(), data, narrow: false }
        });
        Ok(Arr { leaves: leaves.collect(), ty: a.ty.clone() })
    }
}
