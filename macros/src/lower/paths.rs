//! Paths as values, and the functions that the language itself knows: constructors, methods in path form, constants.

use pullback_kernels::ir::{Extent, Scalar, Value};

use super::values::{Arr, Val};
use super::{ConstUse, Lower, SILENT};
use crate::ast::{Expr, ExprKind, Path, Place};
use crate::builtin;
use crate::errors::Res;
use crate::messages;
use crate::parse::is_constant;
use crate::ty::{Kind as Hole, Ty};
use crate::types::{Int, Len};

impl Lower<'_> {
    /// A path as a value.
    pub(super) fn path(&mut self, e: &Expr, p: &Path) -> Res<Val> {
        if let Some(id) = p.single().and_then(|n| self.lookup(n)) {
            let v = self.vars[id].val.clone();
            return if matches!(v, Val::Missing) { Err(SILENT) } else { Ok(self.filled_part(v)) };
        }
        if let Some(v) = self.variant(p) {
            return Ok(v);
        }
        if p.single() == Some("None") {
            let there = self.b.lit(pullback_kernels::ir::Lit::Bool(false));
            let payload = self.zero_of(&Ty::Var(e.id * 4 + 1, Hole::Any)).unwrap_or(Val::Never);
            return Ok(Val::Maybe(there, Box::new(payload)));
        }
        if let Some(owner) = p.owner() {
            let float = Scalar::from_name(owner).filter(|s| s.is_float());
            if let Some(v) = float.and_then(|s| builtin::associated_float(s, p.last())) {
                let ty = Ty::Float(float.unwrap_or(Scalar::F64));
                return Ok(Val::Num(self.number(&ty, v), ty));
            }
            if let Some((i, n)) = Int::from_name(owner).and_then(|i| Some((i, bound(i, p.last())?))) {
                return Ok(Val::Num(self.int(n), Ty::Int(i)));
            }
        }
        if let Some(digits) = builtin::float_constant(p.last())
            && (p.owner() == Some("consts") || p.segments.len() == 1)
        {
            let single = p.segments.iter().any(|s| s == "f32");
            let double = p.segments.iter().any(|s| s == "f64");
            if single || double || p.owner() == Some("consts") {
                let ty = match (single, double) {
                    (true, _) => Ty::Float(Scalar::F32),
                    (_, true) => Ty::Float(Scalar::F64),
                    _ => Ty::Var(e.id * 4, Hole::Float),
                };
                return Ok(self.float_literal(digits, &ty));
            }
        }
        if is_constant(p.last()) {
            return self.constant(e, p);
        }
        Ok(Val::Func(p.clone()))
    }

    /// A constant of the user's crate: a hidden parameter, whose type comes from its use.
    fn constant(&mut self, e: &Expr, p: &Path) -> Res<Val> {
        let Ok(written) = syn::parse2::<syn::Expr>(quote::ToTokens::to_token_stream(&p.written)) else {
            return self.fail_at(e, messages::expression());
        };
        // All uses of one constant share a type: that of the first use's hole.
        let ty = match self.consts.iter().find(|c| c.text == p.show()) {
            Some(c) => c.ty.clone(),
            None => Ty::Var(e.id * 4, Hole::Any),
        };
        Ok(self.hidden_parameter(&p.show(), written, ty))
    }

    pub(super) fn hidden_parameter(&mut self, text: &str, expr: syn::Expr, ty: Ty) -> Val {
        let ty = self.types.resolve(&ty);
        if let Some(c) = self.consts.iter().find(|c| c.text == text) {
            return Val::Num(c.value, ty);
        }
        let s = ty.scalar().unwrap_or(Scalar::F64);
        let last = text.rsplit("::").next().unwrap_or(text).to_lowercase();
        let name: String = last.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
        let value = self.b.values.add(s.into(), &name);
        let expr = if s == Scalar::I64 { syn::parse_quote!((#expr) as i64) } else { expr };
        self.consts.push(ConstUse { text: text.to_string(), expr, value, ty: ty.clone() });
        Val::Num(value, ty)
    }

    /// `N as f64` where the type of the constant `N` is not known: the cast as a whole is the constant.
    pub(super) fn constant_cast(&mut self, a: &Expr, to: &Ty) -> Option<Val> {
        let ExprKind::Path(p) = &a.kind else { return None };
        let local = p.single().is_some_and(|n| self.lookup(n).is_some());
        let known = p.owner() == Some("consts")
            || p.owner().is_some_and(|o| Scalar::from_name(o).is_some() || Int::from_name(o).is_some());
        if local || known || !is_constant(p.last()) {
            return None;
        }
        let name = match to {
            Ty::Float(s) => s.name(),
            Ty::Int(i) => i.name(),
            _ => return None,
        };
        let ident = proc_macro2::Ident::new(name, a.place.end);
        let path = &p.written;
        let expr: syn::Expr = syn::parse_quote!((#path as #ident));
        Some(self.hidden_parameter(&format!("{} as {name}", p.show()), expr, to.clone()))
    }

    /// `f(args)`.
    pub(super) fn call(&mut self, e: &Expr, f: &Expr, args: &[Expr]) -> Res<Val> {
        if let ExprKind::Path(p) = &f.kind
            && p.single().is_none_or(|n| self.lookup(n).is_none())
        {
            if let Some(result) = self.constructor(e, p, args) {
                return result;
            }
            let vals: Vec<Res<Val>> = args.iter().map(|a| self.expr(a, None)).collect();
            let vals = vals.into_iter().collect::<Res<Vec<_>>>()?;
            self.locate(e.place);
            self.all_sure(&vals)?;
            return self.call_path(p, vals, e.place);
        }
        let callee = self.expr(f, None)?;
        let vals: Vec<Res<Val>> = args.iter().map(|a| self.expr(a, None)).collect();
        let vals = vals.into_iter().collect::<Res<Vec<_>>>()?;
        self.locate(e.place);
        self.apply(&callee, vals, e.place)
    }

    /// A function by its path, applied to values.
    pub(super) fn call_path(&mut self, p: &Path, args: Vec<Val>, place: Place) -> Res<Val> {
        match p.owner_type.as_deref() {
            Some(Ty::Struct(s)) => return self.call_associated(&s.name, p.last(), args, place),
            Some(Ty::Enum(e)) => return self.call_associated(&e.name, p.last(), args, place),
            _ => {}
        }
        let owner = p.owner().unwrap_or("");
        let number = Scalar::from_name(owner).is_some() || Int::from_name(owner).is_some();
        if number {
            return self.number_function(p, args, place);
        }
        if builtin::is_std_function(p) {
            return self.std_function(p, args, place);
        }
        if builtin::is_matrix_name(owner) || owner == "Vec" {
            return self.type_function(p, args, place);
        }
        self.call_differentiable(p, args, place)
    }

    /// `f64::sin(x)`, `f64::from(x)`, `usize::min(a, b)`.
    fn number_function(&mut self, p: &Path, args: Vec<Val>, place: Place) -> Res<Val> {
        let owner = p.owner().unwrap_or("");
        let ty = match Scalar::from_name(owner) {
            Some(Scalar::Bool) | None => Int::from_name(owner).map_or(Ty::Bool, Ty::Int),
            Some(Scalar::I32) => Ty::Int(Int::I32),
            Some(Scalar::I64) => Ty::Int(Int::I64),
            Some(s) => Ty::Float(s),
        };
        let mut args = args.into_iter();
        let first = args.next().map(|v| self.deref(v)).transpose()?;
        let Some(Val::Num(v, from)) = first else {
            return self.fail(place, messages::argument_type(p.last()));
        };
        if p.last() == "from" {
            let from = self.types.resolve(&from);
            let v = match (&from, &ty) {
                (a, b) if a == b => v,
                (Ty::Var(..), _) => {
                    self.unify_or_fail(&from, &ty)?;
                    v
                }
                (_, Ty::Float(Scalar::F32)) => self.op("to_f32", &[v])?,
                (_, Ty::Float(_)) => self.op("to_f64", &[v])?,
                (Ty::Bool, _) => self.op("to_i64", &[v])?,
                _ => v,
            };
            return Ok(Val::Num(v, ty));
        }
        self.unify_or_fail(&from, &ty)?;
        self.number_method(v, &ty, p.last(), place, args.collect())
    }

    fn std_function(&mut self, p: &Path, args: Vec<Val>, place: Place) -> Res<Val> {
        match (p.last(), &args[..]) {
            ("detach", [v]) => {
                let v = self.deref(v.clone())?;
                self.detached(v)
            }
            ("Some", [v]) => {
                let there = self.b.lit(pullback_kernels::ir::Lit::Bool(true));
                let v = if matches!(v, Val::Mut(_)) { v.clone() } else { self.deref(v.clone())? };
                Ok(Val::Maybe(there, Box::new(v)))
            }
            ("swap", [Val::Mut(a), Val::Mut(b)]) => {
                let (x, y) = (self.read(a)?, self.read(b)?);
                self.write(a, y)?;
                self.write(b, x)?;
                Ok(Val::unit())
            }
            ("replace", [Val::Mut(a), v]) => {
                let old = self.read(a)?;
                let v = self.deref(v.clone())?;
                self.write(a, v)?;
                Ok(old)
            }
            ("min" | "max", [Val::Num(a, t), Val::Num(b, u)]) => {
                let ty = self.unify_or_fail(t, u)?;
                Ok(Val::Num(self.op(p.last(), &[*a, *b])?, ty))
            }
            ("zip", [a, b]) => {
                let it = self.iterate(a.clone(), place)?;
                self.adapter(&it, "zip", std::slice::from_ref(b), place).unwrap_or(Err(SILENT))
            }
            ("repeat", [v]) => {
                let v = v.clone();
                Ok(Val::Iter(super::iterators::Iter::new(None, move |_, _| Ok(v.clone()))))
            }
            _ => self.fail(place, messages::unknown_function(&p.show())),
        }
    }

    /// Functions of `Vec` and of matrix types applied to values (as a path passed to `map`, or called).
    fn type_function(&mut self, p: &Path, args: Vec<Val>, place: Place) -> Res<Val> {
        match (p.owner(), p.last(), &args[..]) {
            (Some("Vec"), "from" | "from_iter", [Val::Arr(a)]) => {
                let elem = a.ty.elem().cloned().ok_or(SILENT)?;
                Ok(Val::Arr(Arr { ty: Ty::Vec(Box::new(elem)), leaves: a.leaves.clone() }))
            }
            (Some("Vec"), "new" | "with_capacity", _) => self.empty_list(Ty::Vec(Box::new(
                p.generics.first().cloned().unwrap_or(Lower::hole(hash(p, place))),
            ))),
            _ => self.construct(p, args, place),
        }
    }

    /// Constructors that need more than the values of their arguments; `None` if this is none.
    fn constructor(&mut self, e: &Expr, p: &Path, args: &[Expr]) -> Option<Res<Val>> {
        match (p.owner(), p.last()) {
            (Some("Vec"), "new" | "with_capacity") => {
                let elem = p.generics.first().cloned().unwrap_or(Ty::Var(e.id * 4 + 1, Hole::Any));
                Some(self.empty_list(Ty::Vec(Box::new(elem))))
            }
            (Some(owner), name) if args.is_empty() && builtin::is_matrix_name(owner) => {
                let fixed = p.generics.first().cloned()?;
                Some(self.static_matrix(&fixed, name, e.place))
            }
            _ => None,
        }
    }

    /// `SMatrix::zeros()`, `Matrix3::identity()`, `Vector3::x()`.
    fn static_matrix(&mut self, ty: &Ty, name: &str, place: Place) -> Res<Val> {
        let Ty::Matrix(elem, Len::Const(r), Len::Const(c)) = self.types.resolve(ty) else {
            return self.fail(place, messages::constructor(name));
        };
        let dims = (Len::Const(r), Len::Const(c));
        self.filled_matrix(&elem, dims, (Extent::Const(r as i64), Extent::Const(c as i64)), name, place)
    }

    fn filled_matrix(
        &mut self,
        elem: &Ty,
        dims: (Len, Len),
        (r, c): (Extent, Extent),
        name: &str,
        place: Place,
    ) -> Res<Val> {
        let shape = ir_shape(dims, r, c);
        let elem = elem.clone();
        match name {
            "zeros" => self.matrix(&elem.clone(), dims, &shape, |l, _| Ok(l.number(&elem, 0.0))),
            "identity" => self.matrix(&elem.clone(), dims, &shape, |l, at| {
                let (zero, one) = (l.number(&elem, 0.0), l.number(&elem, 1.0));
                let first = l.int(0);
                let other = at.get(1).copied().unwrap_or(first);
                let diagonal = l.op("eq", &[at[0], other])?;
                l.op("select", &[diagonal, one, zero])
            }),
            "x" | "y" | "z" => self.matrix(&elem.clone(), dims, &shape, |l, at| {
                let (zero, one) = (l.number(&elem, 0.0), l.number(&elem, 1.0));
                let k = l.int("xyz".find(name).unwrap_or(0) as i64);
                let hit = l.op("eq", &[at[0], k])?;
                l.op("select", &[hit, one, zero])
            }),
            _ => self.fail(place, messages::constructor(name)),
        }
    }

    /// nalgebra's constructors.
    fn construct(&mut self, p: &Path, args: Vec<Val>, place: Place) -> Res<Val> {
        let Some(Ty::Matrix(elem, r, c)) = p.generics.first().map(|t| self.types.resolve(t)) else {
            return self.fail(place, messages::unknown_function(&p.show()));
        };
        // Lengths that the type leaves open come first.
        let mut args = args.into_iter();
        let mut extents = Vec::new();
        let from_list = p.last() == "from_diagonal"
            || matches!(
                p.last(),
                "from_vec"
                    | "from_iterator"
                    | "from_column_slice"
                    | "from_row_slice"
                    | "from_slice"
                    | "from"
                    | "from_fn"
                    | "new"
            ) && (c == Len::Const(1) || r == Len::Const(1));
        for len in [r, c] {
            extents.push(match len {
                Len::Const(n) => Some(Extent::Const(n as i64)),
                Len::Dyn if from_list && !matches!(p.last(), "from_fn" | "from_iterator") => None,
                Len::Dyn => match args.next() {
                    Some(Val::Num(v, t)) => {
                        self.unify_or_fail(&t, &Ty::USIZE)?;
                        Some(self.extent_of(v))
                    }
                    _ => return self.fail(place, messages::constructor(p.last())),
                },
            });
        }
        let rest: Vec<Val> = args.collect();
        self.constructed(p, (&elem, r, c), (extents[0], extents[1]), &rest, place)
    }

    fn constructed(
        &mut self,
        p: &Path,
        (elem, r, c): (&Ty, Len, Len),
        extents: (Option<Extent>, Option<Extent>),
        args: &[Val],
        place: Place,
    ) -> Res<Val> {
        let dims = (r, c);
        match (p.last(), args, extents) {
            ("zeros" | "identity", [], (Some(re), Some(ce))) => {
                self.filled_matrix(elem, dims, (re, ce), p.last(), place)
            }
            ("from_element" | "repeat", [Val::Num(v, t)], (Some(re), Some(ce))) => {
                self.unify_or_fail(elem, t)?;
                let v = *v;
                self.matrix(t, dims, &ir_shape(dims, re, ce), |_, _| Ok(v))
            }
            ("from_diagonal_element", [Val::Num(v, t)], (Some(re), Some(ce))) => {
                self.unify_or_fail(elem, t)?;
                let v = *v;
                self.matrix(t, dims, &ir_shape(dims, re, ce), |l, at| {
                    let zero = l.number(t, 0.0);
                    let hit = l.op("eq", &[at[0], at[at.len() - 1]])?;
                    l.op("select", &[hit, v, zero])
                })
            }
            ("from_fn", [f], (Some(re), Some(ce))) => self.filled_by(elem, dims, (re, ce), f, place),
            ("new", nums, (Some(Extent::Const(re)), Some(Extent::Const(ce))))
                if nums.len() as i64 == re * ce =>
            {
                let column_major: Vec<Val> = (0..ce)
                    .flat_map(|j| (0..re).map(move |i| (i * ce + j) as usize))
                    .map(|k| nums[k].clone())
                    .collect();
                self.packed_matrix(elem, dims, column_major, place)
            }
            (
                "from_vec" | "from_column_slice" | "from_slice" | "from" | "from_row_slice" | "from_iterator",
                [v],
                (re, ce),
            ) => {
                let row_major = p.last() == "from_row_slice";
                self.made_of_list(elem, dims, (re, ce), v.clone(), row_major, place)
            }
            ("from_columns" | "from_rows", [Val::Arr(lines)], _) => {
                self.made_of_lines(dims, lines, p.last() == "from_columns", place)
            }
            ("from_partial_diagonal", [Val::Arr(d)], (Some(re), Some(ce))) => {
                self.partial_diagonal(d, dims, (re, ce), place)
            }
            ("from_diagonal", [Val::Arr(d)], _) if matches!(d.ty, Ty::Matrix(..)) => {
                self.diagonal_matrix(d, dims)
            }
            _ => self.fail(place, messages::constructor(p.last())),
        }
    }

    /// A matrix that is zero but for the first entries of its diagonal.
    fn partial_diagonal(
        &mut self,
        d: &Arr,
        dims: (Len, Len),
        (re, ce): (Extent, Extent),
        place: Place,
    ) -> Res<Val> {
        let leaf = d.leaves.first().cloned().ok_or(SILENT)?;
        let n = self.list_len(d, place)?;
        let n = self.extent_value(n);
        self.matrix(&leaf.elem.clone(), dims, &ir_shape(dims, re, ce), |l, at| {
            let (hit, there) = (l.op("eq", &[at[0], at[at.len() - 1]])?, l.op("lt", &[at[0], n])?);
            let (hit, elem) = (l.op("and", &[hit, there])?, leaf.elem.clone());
            l.select_lazily(hit, |l| l.element(&leaf, &[at[0]]), |l| Ok(l.number(&elem, 0.0)))
        })
    }

    /// A square matrix that is zero but for its diagonal.
    fn diagonal_matrix(&mut self, d: &Arr, dims: (Len, Len)) -> Res<Val> {
        let leaf = d.leaves.first().cloned().ok_or(SILENT)?;
        let n = leaf.shape[0];
        self.matrix(&leaf.elem.clone(), dims, &ir_shape(dims, n, n), |l, at| {
            let hit = l.op("eq", &[at[0], at[at.len() - 1]])?;
            let elem = leaf.elem.clone();
            l.select_lazily(hit, |l| l.element(&leaf, &[at[0]]), |l| Ok(l.number(&elem, 0.0)))
        })
    }

    fn filled_by(
        &mut self,
        elem: &Ty,
        dims: (Len, Len),
        (r, c): (Extent, Extent),
        f: &Val,
        place: Place,
    ) -> Res<Val> {
        let mut t = elem.clone();
        let shape = ir_shape(dims, r, c);
        let v = self.build(&shape, |l, at| {
            let zero = l.int(0);
            let (i, j) = match (dims, at) {
                ((_, Len::Const(1)), _) => (at[0], zero),
                ((Len::Const(1), _), _) => (zero, at[0]),
                _ => (at[1], at[0]),
            };
            let args = vec![Val::Num(i, Ty::USIZE), Val::Num(j, Ty::USIZE)];
            match l.apply(f, args, place).and_then(|v| l.deref(v))? {
                Val::Num(v, ty) => {
                    t = l.unify_or_fail(&t, &ty)?;
                    Ok(v)
                }
                other => l.fail(place, messages::not_a_number(&other.show())),
            }
        })?;
        Ok(self.rebuild(&Ty::Matrix(Box::new(t), dims.0, dims.1), &mut std::iter::once(v)))
    }

    /// A static matrix from its elements, column by column.
    fn packed_matrix(&mut self, elem: &Ty, dims: (Len, Len), nums: Vec<Val>, place: Place) -> Res<Val> {
        let mut values: Vec<Value> = Vec::new();
        let mut t = elem.clone();
        for v in nums {
            let Val::Num(v, ty) = self.deref(v)? else {
                return self.fail(place, messages::argument_type("new"));
            };
            t = self.unify_or_fail(&t, &ty)?;
            values.push(v);
        }
        let shape = match dims {
            (Len::Const(r), Len::Const(c)) if r > 1 && c > 1 => vec![c as i64, r as i64],
            _ => vec![values.len() as i64],
        };
        let v = self.push1(pullback_kernels::ir::Kind::Pack { elems: values, shape })?;
        Ok(self.rebuild(&Ty::Matrix(Box::new(t), dims.0, dims.1), &mut std::iter::once(v)))
    }

    /// A matrix from a list of its elements.
    fn made_of_list(
        &mut self,
        elem: &Ty,
        dims: (Len, Len),
        (r, c): (Option<Extent>, Option<Extent>),
        v: Val,
        row_major: bool,
        place: Place,
    ) -> Res<Val> {
        let v = self.deref(v)?;
        let list = match v {
            Val::Arr(a) if a.ty.is_list() => a,
            v => {
                let it = self.iterate(v, place)?;
                let at = Expr { id: 0, place, kind: ExprKind::Ignore };
                match self.collected(&at, &it, None)? {
                    Val::Arr(a) => a,
                    _ => return Err(SILENT),
                }
            }
        };
        let leaf = list.leaves.first().cloned().ok_or(SILENT)?;
        let t = self.unify_or_fail(elem, &leaf.elem.clone())?;
        let len = self.list_len(&list, place)?;
        let (r, c) = (r.unwrap_or(len), c.unwrap_or(len));
        let shape = ir_shape(dims, r, c);
        if shape.len() == 1 {
            self.require_equal(shape[0], len, messages::dimensions());
        } else {
            let (rv, cv) = (self.extent_value(r), self.extent_value(c));
            let total = self.op("mul", &[rv, cv])?;
            let total = self.extent_of(total);
            self.require_equal(total, len, messages::dimensions());
        }
        self.matrix(&t, dims, &shape, |l, at| {
            if at.len() == 1 {
                return l.element(&leaf, at);
            }
            let (major, minor, stride) = if row_major { (at[1], at[0], c) } else { (at[0], at[1], r) };
            let stride = l.extent_value(stride);
            let k = l.op("mul", &[major, stride])?;
            let k = l.op("add", &[k, minor])?;
            l.element(&leaf, &[k])
        })
    }

    /// A matrix from its columns or rows.
    fn made_of_lines(&mut self, dims: (Len, Len), lines: &Arr, columns: bool, place: Place) -> Res<Val> {
        let leaf = lines.leaves.first().cloned().ok_or(SILENT)?;
        let [n, len] = leaf.shape[..] else { return self.fail(place, messages::constructor("from_columns")) };
        let (r, c) = if columns { (len, n) } else { (n, len) };
        let shape = ir_shape(dims, r, c);
        if shape.len() != 2 {
            return self.fail(place, messages::constructor("from_columns"));
        }
        self.matrix(&leaf.elem.clone(), dims, &shape, |l, at| {
            let at = if columns { vec![at[0], at[1]] } else { vec![at[1], at[0]] };
            l.element(&leaf, &at)
        })
    }
}

fn bound(i: Int, name: &str) -> Option<i64> {
    let (lo, hi) = i.range();
    match name {
        "MIN" => Some(lo),
        "MAX" => Some(hi),
        "BITS" => None,
        _ => None,
    }
}

/// The IR shape of a matrix.
pub(super) fn ir_shape(dims: (Len, Len), r: Extent, c: Extent) -> Vec<Extent> {
    match dims {
        (_, Len::Const(1)) => vec![r],
        (Len::Const(1), _) => vec![c],
        _ => vec![c, r],
    }
}

/// A number for a hole of a path that is no expression of its own.
fn hash(p: &Path, _place: Place) -> u32 {
    p.show()
        .bytes()
        .fold(0x4000_0000, |h: u32, b| h.wrapping_mul(31).wrapping_add(u32::from(b)) | 0x4000_0000)
}
