//! nalgebra matrices and vectors: elementwise operations, parts, sizes, constructors' shapes.

use std::rc::Rc;

use pullback_kernels::ir::{Extent, Value};

use super::numbers::operation;
use super::values::{Arr, Data, Leaf, Val};
use super::{Lower, SILENT};
use crate::ast::{Bin, Expr, Method};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;
use crate::types::Len;

impl Lower<'_> {
    /// The rows and columns of a matrix.
    pub(super) fn dims(&mut self, a: &Arr) -> Res<(Extent, Extent)> {
        let Ty::Matrix(_, r, c) = &a.ty else { return Err(SILENT) };
        let shape = &a.leaves.first().ok_or(SILENT)?.shape;
        let one = Extent::Const(1);
        Ok(match (r, c) {
            (_, Len::Const(1)) => (shape[0], one),
            (Len::Const(1), _) => (one, shape[0]),
            _ => (shape[1], shape[0]),
        })
    }

    /// The element in row i and column j.
    pub(super) fn entry(&mut self, a: &Arr, i: Value, j: Value) -> Res<Value> {
        let Ty::Matrix(_, r, c) = &a.ty else { return Err(SILENT) };
        let at = match (r, c) {
            (_, Len::Const(1)) => vec![i],
            (Len::Const(1), _) => vec![j],
            _ => vec![j, i],
        };
        self.element(&a.leaves[0].clone(), &at)
    }

    /// A matrix computed from the indices of its IR axes.
    pub(super) fn matrix(
        &mut self,
        elem: &Ty,
        dims: (Len, Len),
        shape: &[Extent],
        f: impl FnOnce(&mut Self, &[Value]) -> Res<Value>,
    ) -> Res<Val> {
        let leaf = self.built(shape, elem, f)?;
        Ok(Val::Arr(Arr { ty: Ty::Matrix(Box::new(elem.clone()), dims.0, dims.1), leaves: vec![leaf] }))
    }

    /// A function of each number.
    pub(super) fn map_numbers(
        &mut self,
        a: &Arr,
        f: impl FnOnce(&mut Self, Value) -> Res<Value>,
    ) -> Res<Arr> {
        let Ty::Matrix(..) = a.ty else {
            return self.fail(self.here, messages::operator("an array", "arithmetic"));
        };
        let source = a.leaves.first().cloned().ok_or(SILENT)?;
        let leaf = self.built(&source.shape, &source.elem, |l, at| {
            let v = l.element(&source, at)?;
            f(l, v)
        })?;
        Ok(Arr { ty: a.ty.clone(), leaves: vec![leaf] })
    }

    /// `+ - * /` where one side is a matrix.
    pub(super) fn binary_matrices(&mut self, op: Bin, a: Val, b: Val) -> Res<Val> {
        let is_matrix = |v: &Val| matches!(v, Val::Arr(m) if matches!(m.ty, Ty::Matrix(..)));
        match (op, &a, &b) {
            (Bin::Add | Bin::Sub, Val::Arr(x), Val::Arr(y)) if is_matrix(&a) && is_matrix(&b) => {
                self.zip_numbers(x, y, |l, u, v| l.op(operation(op).0, &[u, v]))
            }
            (Bin::Mul, Val::Arr(x), Val::Arr(y)) if is_matrix(&a) && is_matrix(&b) => self.product(x, y),
            (Bin::Mul | Bin::Div, Val::Arr(x), Val::Num(s, t)) if is_matrix(&a) => self.scaled(op, x, *s, t),
            (Bin::Mul, Val::Num(s, t), Val::Arr(y)) if is_matrix(&b) => {
                let elem = y.ty.elem().cloned().ok_or(SILENT)?;
                self.unify_or_fail(&elem, t)?;
                let s = *s;
                self.map_numbers(y, |l, v| l.op("mul", &[s, v])).map(Val::Arr)
            }
            (Bin::Eq | Bin::Ne, ..) => self.fail(self.here, messages::array_comparison()),
            _ => self.fail(self.here, messages::operator(&a.show(), &b.show())),
        }
    }

    fn scaled(&mut self, op: Bin, x: &Arr, s: Value, t: &Ty) -> Res<Val> {
        let elem = x.ty.elem().cloned().ok_or(SILENT)?;
        self.unify_or_fail(&elem, t)?;
        self.map_numbers(x, |l, v| l.op(operation(op).0, &[v, s])).map(Val::Arr)
    }

    /// A function of each pair of numbers of two matrices of one shape.
    pub(super) fn zip_numbers(
        &mut self,
        a: &Arr,
        b: &Arr,
        f: impl FnOnce(&mut Self, Value, Value) -> Res<Value>,
    ) -> Res<Val> {
        let (Ty::Matrix(ta, ra, ca), Ty::Matrix(tb, rb, cb)) = (a.ty.clone(), b.ty.clone()) else {
            return Err(SILENT);
        };
        let elem = self.unify_or_fail(&ta, &tb)?;
        self.same_dims(a, b)?;
        let dims = (known(ra, rb), known(ca, cb));
        if a.leaves[0].shape.len() != b.leaves[0].shape.len() {
            return self.fail(self.here, messages::operator(&a.ty.show(), &b.ty.show()));
        }
        let (x, y) = (a.leaves[0].clone(), b.leaves[0].clone());
        let shape: Vec<Extent> = x.shape.iter().zip(&y.shape).map(|(x, y)| constant(*x, *y)).collect();
        self.matrix(&elem, dims, &shape, |l, at| {
            let (u, v) = (l.element(&x, at)?, l.element(&y, at)?);
            f(l, u, v)
        })
    }

    /// nalgebra requires equal dimensions.
    pub(super) fn same_dims(&mut self, a: &Arr, b: &Arr) -> Res<()> {
        let ((r, c), (r2, c2)) = (self.dims(a)?, self.dims(b)?);
        self.require_equal(r, r2, messages::dimensions());
        self.require_equal(c, c2, messages::dimensions());
        Ok(())
    }

    /// How many elements there are.
    pub(super) fn matrix_count(&mut self, a: &Arr) -> Res<Extent> {
        let (r, c) = self.dims(a)?;
        match (r, c) {
            (n, Extent::Const(1)) | (Extent::Const(1), n) => Ok(n),
            _ => {
                let (r, c) = (self.extent_value(r), self.extent_value(c));
                let n = self.op("mul", &[r, c])?;
                Ok(self.extent_of(n))
            }
        }
    }

    /// The k-th element in storage order.
    pub(super) fn matrix_linear(&mut self, a: &Arr, k: Value) -> Res<Val> {
        let leaf = a.leaves.first().cloned().ok_or(SILENT)?;
        let at = if leaf.shape.len() == 2 {
            let rows = self.extent_value(leaf.shape[1]);
            vec![self.op("div", &[k, rows])?, self.op("rem", &[k, rows])?]
        } else {
            vec![k]
        };
        Ok(Val::Num(self.element(&leaf, &at)?, leaf.elem))
    }

    /// A view of part of a matrix: its type's dimensions, its IR shape, and where each of its IR indices lies in the
    /// matrix as (row, column).
    pub(super) fn view(
        &mut self,
        a: &Arr,
        dims: (Len, Len),
        shape: Vec<Extent>,
        place: impl Fn(&mut Lower, &[Value]) -> Res<(Value, Value)> + 'static,
    ) -> Arr {
        let (source, elem) = (a.clone(), a.leaves[0].elem.clone());
        let data = Data::View(Rc::new(move |l: &mut Lower, at: &[Value]| {
            let (i, j) = place(l, at)?;
            l.entry(&source, i, j)
        }));
        let leaf = Leaf { shape, elem: elem.clone(), data, narrow: true };
        Arr { ty: Ty::Matrix(Box::new(elem), dims.0, dims.1), leaves: vec![leaf] }
    }

    pub(super) fn lens(&self, a: &Arr) -> (Len, Len) {
        match a.ty {
            Ty::Matrix(_, r, c) => (r, c),
            _ => (Len::Dyn, Len::Dyn),
        }
    }

    /// Column j.
    pub(super) fn column(&mut self, a: &Arr, j: Value) -> Arr {
        let (r, _) = self.lens(a);
        let rows = self.dims(a).map_or(Extent::Const(0), |d| d.0);
        let mut v = self.view(a, (r, Len::Const(1)), vec![rows], move |_, at| Ok((at[0], j)));
        v.leaves[0].narrow = false;
        v
    }

    /// Row i.
    pub(super) fn row(&mut self, a: &Arr, i: Value) -> Arr {
        let (_, c) = self.lens(a);
        let cols = self.dims(a).map_or(Extent::Const(0), |d| d.1);
        let dims = (Len::Const(1), c);
        let mut v = self.view(a, dims, vec![cols], move |_, at| Ok((i, at[0])));
        v.leaves[0].narrow = false;
        v
    }

    /// The transpose, as a view.
    pub(super) fn transposed(&mut self, a: &Arr) -> Res<Arr> {
        let (r, c) = self.lens(a);
        let shape = a.leaves.first().ok_or(SILENT)?.shape.clone();
        if shape.len() == 1 {
            let Ty::Matrix(t, ..) = a.ty.clone() else { return Err(SILENT) };
            return Ok(Arr { ty: Ty::Matrix(t, c, r), leaves: a.leaves.clone() });
        }
        let mut v = self.view(a, (c, r), vec![shape[1], shape[0]], |_, at| Ok((at[0], at[1])));
        v.leaves[0].narrow = a.leaves[0].narrow;
        Ok(v)
    }

    /// Methods of matrices and vectors.
    pub(super) fn matrix_method(
        &mut self,
        e: &Expr,
        a: &Arr,
        m: &Method,
        args: Vec<Val>,
        want: Option<&Ty>,
    ) -> Res<Val> {
        let place = m.name_at;
        let elem = a.leaves.first().ok_or(SILENT)?.elem.clone();
        match (m.name.as_str(), &args[..]) {
            ("len" | "nrows" | "ncols" | "shape" | "is_empty", []) => self.size_method(a, &m.name),
            ("iter" | "into_iter", []) => Ok(Val::Iter(self.iterate(Val::Arr(a.clone()), place)?)),
            ("clone" | "clone_owned" | "into_owned" | "as_ref" | "as_view" | "to_owned" | "borrow", []) => {
                Ok(Val::Arr(a.clone()))
            }
            ("as_slice", []) => self.as_slice(a),
            ("map", [f]) => {
                let mut t = elem.clone();
                let mapped = self.map_numbers(a, |l, v| {
                    let item = Val::Num(v, elem);
                    match l.apply(f, vec![item], place).and_then(|v| l.deref(v))? {
                        Val::Num(v, ty) => {
                            t = ty;
                            Ok(v)
                        }
                        other => l.fail(place, messages::not_a_number(&other.show())),
                    }
                })?;
                Ok(Val::Arr(with_elem(mapped, t)))
            }
            ("zip_map", [Val::Arr(b), f]) => {
                let tb = b.leaves.first().ok_or(SILENT)?.elem.clone();
                self.zip_numbers(a, b, |l, u, v| {
                    match l
                        .apply(f, vec![Val::Num(u, elem), Val::Num(v, tb)], place)
                        .and_then(|v| l.deref(v))?
                    {
                        Val::Num(v, _) => Ok(v),
                        other => l.fail(place, messages::not_a_number(&other.show())),
                    }
                })
            }
            ("component_mul", [Val::Arr(b)]) => self.zip_numbers(a, b, |l, u, v| l.op("mul", &[u, v])),
            ("component_div", [Val::Arr(b)]) => self.zip_numbers(a, b, |l, u, v| l.op("div", &[u, v])),
            ("inf" | "sup", [Val::Arr(b)]) => {
                let op = if m.name == "inf" { "min" } else { "max" };
                self.zip_numbers(a, b, |l, u, v| l.op(op, &[u, v]))
            }
            ("add_scalar", [Val::Num(s, t)]) => self.with_scalar("add", a, *s, t),
            ("scale", [Val::Num(s, t)]) => self.with_scalar("mul", a, *s, t),
            ("unscale", [Val::Num(s, t)]) => self.with_scalar("div", a, *s, t),
            ("abs", []) => self.map_numbers(a, |l, v| l.op("abs", &[v])).map(Val::Arr),
            ("transpose", []) => self.transposed(a).map(Val::Arr),
            ("row" | "column", [Val::Num(k, _)]) => {
                let (r, c) = self.dims(a)?;
                self.check_within(*k, if m.name == "row" { r } else { c });
                Ok(Val::Arr(if m.name == "row" { self.row(a, *k) } else { self.column(a, *k) }))
            }
            ("column_iter" | "row_iter", []) => self.lines(a, m.name == "column_iter"),
            ("diagonal", []) => self.diagonal(a).map(Val::Arr),
            _ if self.is_block_method(m) => self.block_method(a, m, &args),
            _ => self.linear_method(e, a, m, &args, want),
        }
    }

    fn with_scalar(&mut self, op: &str, a: &Arr, s: Value, t: &Ty) -> Res<Val> {
        let elem = a.ty.elem().cloned().ok_or(SILENT)?;
        self.unify_or_fail(&elem, t)?;
        self.map_numbers(a, |l, v| l.op(op, &[v, s])).map(Val::Arr)
    }

    fn size_method(&mut self, a: &Arr, name: &str) -> Res<Val> {
        let (r, c) = self.dims(a)?;
        let usize_of = |l: &mut Self, e| Val::Num(l.extent_value(e), Ty::USIZE);
        Ok(match name {
            "nrows" => usize_of(self, r),
            "ncols" => usize_of(self, c),
            "shape" => Val::Tuple(vec![usize_of(self, r), usize_of(self, c)]),
            "len" => {
                let n = self.matrix_count(a)?;
                usize_of(self, n)
            }
            _ => {
                let n = self.matrix_count(a)?;
                let (n, zero) = (self.extent_value(n), self.int(0));
                Val::Num(self.op("eq", &[n, zero])?, Ty::Bool)
            }
        })
    }

    /// The elements in storage order.
    fn as_slice(&mut self, a: &Arr) -> Res<Val> {
        let len = self.matrix_count(a)?;
        let elem = a.leaves[0].elem.clone();
        let ty = Ty::Slice(Box::new(elem.clone()));
        if a.leaves[0].shape.len() == 1 {
            return Ok(Val::Arr(Arr { ty, leaves: a.leaves.clone() }));
        }
        let source = a.clone();
        let data = Data::View(Rc::new(move |l: &mut Lower, at: &[Value]| {
            match l.matrix_linear(&source, at[0])? {
                Val::Num(v, _) => Ok(v),
                _ => Err(SILENT),
            }
        }));
        Ok(Val::Arr(Arr { ty, leaves: vec![Leaf { shape: vec![len], elem, data, narrow: false }] }))
    }

    fn lines(&mut self, a: &Arr, columns: bool) -> Res<Val> {
        let (r, c) = self.dims(a)?;
        let a = a.clone();
        Ok(Val::Iter(super::iterators::Iter::new(Some(if columns { c } else { r }), move |l, k| {
            Ok(Val::Arr(if columns { l.column(&a, k) } else { l.row(&a, k) }))
        })))
    }

    fn diagonal(&mut self, a: &Arr) -> Res<Arr> {
        let (r, c) = self.dims(a)?;
        let (lr, _) = self.lens(a);
        let n = self.smaller(r, c)?;
        let mut v = self.view(a, (lr, Len::Const(1)), vec![n], |_, at| Ok((at[0], at[0])));
        v.leaves[0].narrow = false;
        Ok(v)
    }
}

/// A matrix with another type of elements.
pub(super) fn with_elem(mut a: Arr, elem: Ty) -> Arr {
    a.leaves.iter_mut().for_each(|l| l.elem = elem.clone());
    if let Ty::Matrix(_, r, c) = a.ty {
        a.ty = Ty::Matrix(Box::new(elem), r, c);
    }
    a
}

/// Of two equal lengths, the one that says more.
fn known(a: Len, b: Len) -> Len {
    if a == Len::Dyn { b } else { a }
}

fn constant(a: Extent, b: Extent) -> Extent {
    if matches!(b, Extent::Const(_)) { b } else { a }
}
