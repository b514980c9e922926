//! Values of the language while they are lowered: numbers, tuples, arrays as bundles of IR values ("leaves") or as
//! views that compute an element from its indices, and things that exist only at compile time.

use std::rc::Rc;

use pullback_kernels::ir::{Extent, Kind, Lit, Nest, Out, Scalar, Ty as IrTy, Value};
use pullback_kernels::ops::Op;

use super::iterators::Iter;
use super::{Lower, SILENT, Var};
use crate::ast::{self, Place};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;
use crate::types::{Len, Struct};

/// A variable: an index into [`Lower::vars`].
pub(super) type VarId = usize;

/// An element as a function of its indices.
pub(super) type Element = Rc<dyn Fn(&mut Lower, &[Value]) -> Res<Value>>;

/// A value of the language.
#[derive(Clone)]
pub(super) enum Val {
    /// A number or truth value.
    Num(Value, Ty),
    /// A tuple; `()` has no parts.
    Tuple(Vec<Val>),
    /// A struct and its fields.
    Struct(Rc<Struct>, Vec<Val>),
    /// An array, slice, `Vec` or matrix.
    Arr(Arr),
    /// `lo..hi`, not inclusive; its bounds' type.
    Range(Option<Value>, Option<Value>, Ty),
    /// An iterator.
    Iter(Iter),
    /// A closure.
    Closure(Rc<Closure>),
    /// A function by its path.
    Func(ast::Path),
    /// `&mut` to (a part of) a variable.
    Mut(super::assign::Target),
    /// A value that may be missing (`iter.next()`, `max_by(..)`): whether it is there, and it (`Never` if it never is).
    Maybe(Value, Box<Val>),
    /// A `Vec` whose length changes here: room for its elements, its length, and its greatest length.
    Growing(Arr, Value, Value),
    /// A matrix with the way in which systems of equations with it are solved.
    Factor(super::solvers::Factor, Arr),
    /// The result of a method that fails for some matrices, to be unwrapped.
    Fallible(Box<Val>),
    /// A text: only messages of assertions have any.
    Text,
    /// Control does not get here.
    Never,
    /// A variable whose definition failed (reported there) or that has no value yet.
    Missing,
}

/// A closure and what it sees.
pub(super) struct Closure {
    pub(super) code: Rc<ast::Closure>,
    pub(super) scope: Vec<(String, VarId)>,
}

/// An array.
#[derive(Clone)]
pub(super) struct Arr {
    /// A list or matrix type.
    pub(super) ty: Ty,
    /// One leaf per number of an element.
    pub(super) leaves: Vec<Leaf>,
}

/// One IR array of an [`Arr`].
#[derive(Clone)]
pub(super) struct Leaf {
    pub(super) shape: Vec<Extent>,
    /// The type of its numbers.
    pub(super) elem: Ty,
    pub(super) data: Data,
    /// Whether it shows less of an array than there is, so that its own bounds must be checked.
    pub(super) narrow: bool,
}

/// Where the elements are.
#[derive(Clone)]
pub(super) enum Data {
    Stored(Value),
    View(Element),
}

impl Val {
    /// `()`.
    pub(super) fn unit() -> Val {
        Val::Tuple(Vec::new())
    }

    /// What it is, for messages.
    pub(super) fn show(&self) -> String {
        match self {
            Val::Num(_, t) => t.show(),
            Val::Arr(a) => a.ty.show(),
            Val::Tuple(vs) => format!("({})", vs.iter().map(Val::show).collect::<Vec<_>>().join(", ")),
            Val::Struct(s, _) => s.name.name.clone(),
            Val::Range(..) => "a range".into(),
            Val::Iter(_) => "an iterator".into(),
            Val::Closure(_) | Val::Func(_) => "a function".into(),
            Val::Mut(_) => "a mutable reference".into(),
            Val::Maybe(_, v) => format!("Option<{}>", v.show()),
            Val::Growing(a, ..) => a.ty.show(),
            Val::Factor(factor, _) => factor.show().into(),
            Val::Fallible(v) => format!("Option<{}>", v.show()),
            Val::Text => "a text".into(),
            Val::Never => "!".into(),
            Val::Missing => "nothing".into(),
        }
    }
}

/// The types of the leaves of a type, in order, numbers only.
pub(super) fn leaf_types(ty: &Ty) -> Vec<Ty> {
    match ty {
        Ty::Tuple(_) | Ty::Struct(_) => ty.parts().iter().flatten().flat_map(leaf_types).collect(),
        Ty::Option(t) => [vec![Ty::Bool], leaf_types(t)].concat(),
        Ty::Growing(t) => [leaf_types(t), vec![Ty::USIZE, Ty::USIZE]].concat(),
        _ => ty.elem().map_or_else(|| vec![ty.clone()], leaf_types),
    }
}

/// How many axes each leaf of a type has.
pub(super) fn leaf_ranks(ty: &Ty) -> Vec<usize> {
    match ty {
        Ty::Tuple(_) | Ty::Struct(_) => ty.parts().iter().flatten().flat_map(leaf_ranks).collect(),
        Ty::Option(t) => [vec![0], leaf_ranks(t)].concat(),
        Ty::Matrix(_, r, c) => vec![Ty::matrix_axes(*r, *c).len()],
        Ty::Array(t, _) | Ty::Slice(t) | Ty::Vec(t) => leaf_ranks(t).into_iter().map(|r| r + 1).collect(),
        _ => vec![0],
    }
}

/// The shapes of the leaves of a type, if they are known at compile time.
pub(super) fn leaf_shapes(ty: &Ty) -> Option<Vec<Vec<Extent>>> {
    let constant = |l: Len| match l {
        Len::Const(n) => Some(Extent::Const(n as i64)),
        Len::Dyn => None,
    };
    match ty {
        Ty::Tuple(_) | Ty::Struct(_) => {
            Some(ty.parts()?.iter().map(leaf_shapes).collect::<Option<Vec<_>>>()?.concat())
        }
        Ty::Option(t) => Some([vec![Vec::new()], leaf_shapes(t)?].concat()),
        Ty::Matrix(_, r, c) => {
            Some(vec![Ty::matrix_axes(*r, *c).into_iter().map(constant).collect::<Option<Vec<_>>>()?])
        }
        Ty::Array(t, n) => {
            let mut inner = leaf_shapes(t)?;
            inner.iter_mut().for_each(|s| s.insert(0, Extent::Const(*n as i64)));
            Some(inner)
        }
        Ty::Slice(_) | Ty::Vec(_) | Ty::Growing(_) => None,
        _ => Some(vec![Vec::new()]),
    }
}

impl Lower<'_> {
    /// The type of a value that consists of numbers.
    pub(super) fn type_of(&self, v: &Val) -> Option<Ty> {
        Some(match v {
            Val::Num(_, t) => self.types.resolve(t),
            Val::Tuple(vs) => Ty::Tuple(vs.iter().map(|v| self.type_of(v)).collect::<Option<_>>()?),
            Val::Struct(s, _) => Ty::Struct(s.clone()),
            Val::Arr(a) => self.types.resolve(&a.ty),
            Val::Maybe(_, v) => Ty::Option(Box::new(self.type_of(v)?)),
            Val::Growing(a, ..) => Ty::Growing(Box::new(self.types.resolve(a.ty.elem()?))),
            _ => return None,
        })
    }

    /// The IR values of a value that consists of numbers; views are computed.
    pub(super) fn flatten(&mut self, v: &Val) -> Res<Vec<Value>> {
        match v {
            Val::Num(v, _) => Ok(vec![*v]),
            Val::Tuple(vs) | Val::Struct(_, vs) => {
                let all: Vec<_> = vs.iter().map(|v| self.flatten(v)).collect::<Res<_>>()?;
                Ok(all.concat())
            }
            Val::Arr(a) => a.leaves.iter().map(|l| self.stored(l)).collect(),
            Val::Maybe(there, v) => Ok([vec![*there], self.flatten(v)?].concat()),
            Val::Growing(a, len, most) => {
                let room: Vec<_> = a.leaves.iter().map(|l| self.stored(l)).collect::<Res<_>>()?;
                Ok([room, vec![*len, *most]].concat())
            }
            Val::Mut(t) => {
                let v = self.read(&t.clone())?;
                self.flatten(&v)
            }
            Val::Missing | Val::Never => Err(SILENT),
            other => self.fail(self.here, messages::not_data(&other.show())),
        }
    }

    /// The value of a type from its IR values.
    pub(super) fn rebuild(&mut self, ty: &Ty, values: &mut dyn Iterator<Item = Value>) -> Val {
        match ty {
            Ty::Tuple(ts) => Val::Tuple(ts.iter().map(|t| self.rebuild(t, values)).collect()),
            Ty::Struct(s) => {
                let fields = s.fields.iter().map(|f| self.rebuild(&Ty::from(&f.ty), values));
                Val::Struct(s.clone(), fields.collect())
            }
            Ty::Option(t) => match values.next() {
                Some(there) => Val::Maybe(there, Box::new(self.rebuild(t, values))),
                None => Val::Missing,
            },
            Ty::Growing(t) => {
                let room = self.rebuild(&Ty::Vec(t.clone()), values);
                match (room, values.next(), values.next()) {
                    (Val::Arr(a), Some(len), Some(most)) => Val::Growing(a, len, most),
                    _ => Val::Missing,
                }
            }
            _ if ty.elem().is_some() => {
                let leaves = leaf_types(ty).into_iter().filter_map(|elem| {
                    let v = values.next()?;
                    Some(Leaf {
                        shape: self.b.values.ty(v).shape().to_vec(),
                        elem,
                        data: Data::Stored(v),
                        narrow: false,
                    })
                });
                Val::Arr(Arr { leaves: leaves.collect(), ty: ty.clone() })
            }
            _ => values.next().map_or(Val::Missing, |v| Val::Num(v, ty.clone())),
        }
    }

    /// A leaf as one IR array.
    pub(super) fn stored(&mut self, leaf: &Leaf) -> Res<Value> {
        match &leaf.data {
            Data::Stored(v) => Ok(*v),
            Data::View(f) => {
                let f = f.clone();
                self.build(&leaf.shape, |l, at| f(l, at))
            }
        }
    }

    /// An array whose leaves are IR arrays, so that nothing is computed twice.
    pub(super) fn settle(&mut self, v: Val) -> Res<Val> {
        Ok(match v {
            Val::Arr(a) => {
                let leaves = a.leaves.iter().map(|l| {
                    let v = self.stored(l)?;
                    Ok(Leaf {
                        shape: l.shape.clone(),
                        elem: l.elem.clone(),
                        data: Data::Stored(v),
                        narrow: false,
                    })
                });
                Val::Arr(Arr { leaves: leaves.collect::<Res<_>>()?, ty: a.ty })
            }
            Val::Tuple(vs) => Val::Tuple(vs.into_iter().map(|v| self.settle(v)).collect::<Res<_>>()?),
            Val::Maybe(there, v) => Val::Maybe(there, Box::new(self.settle(*v)?)),
            Val::Struct(s, vs) => Val::Struct(s, vs.into_iter().map(|v| self.settle(v)).collect::<Res<_>>()?),
            other => other,
        })
    }

    /// One number of a leaf.
    pub(super) fn element(&mut self, leaf: &Leaf, at: &[Value]) -> Res<Value> {
        match &leaf.data {
            Data::Stored(v) => self.push1(Kind::Index { array: *v, at: at.to_vec() }),
            Data::View(f) => f.clone()(self, at),
        }
    }

    /// Instructions in a block of their own.
    pub(super) fn block(
        &mut self,
        params: Vec<Value>,
        f: impl FnOnce(&mut Self) -> Res<Vec<Value>>,
    ) -> Res<pullback_kernels::ir::Block> {
        self.b.open();
        let results = f(self);
        let block = self.b.close(params, results.as_ref().map_or_else(|_| Vec::new(), |r| r.clone()));
        results.map(|_| block)
    }

    /// A parallel loop. Variables must not change in it.
    pub(super) fn nest(
        &mut self,
        domain: &[Extent],
        outs: &[Out],
        f: impl FnOnce(&mut Self, &[Value]) -> Res<Vec<Value>>,
    ) -> Res<Vec<Value>> {
        let indices: Vec<Value> = domain.iter().map(|_| self.b.values.add(Scalar::I64.into(), "")).collect();
        let before: Vec<Var> = self.vars.clone();
        let body = self.block(indices.clone(), |l| f(l, &indices));
        let changed =
            before.iter().zip(&self.vars).find(|(a, b)| !same(&a.val, &b.val)).map(|(a, _)| a.name.clone());
        self.vars = before;
        let body = body?;
        if let Some(name) = changed {
            return self.fail(self.here, messages::mutation_in_closure(&name));
        }
        self.push(Kind::Nest(Nest { domain: domain.to_vec(), accs: Vec::new(), body, outs: outs.to_vec() }))
    }

    /// An array from its elements.
    pub(super) fn build(
        &mut self,
        shape: &[Extent],
        f: impl FnOnce(&mut Self, &[Value]) -> Res<Value>,
    ) -> Res<Value> {
        Ok(self.nest(shape, &[Out::Build], |l, at| Ok(vec![f(l, at)?]))?[0])
    }

    /// A leaf that is computed now.
    pub(super) fn built(
        &mut self,
        shape: &[Extent],
        elem: &Ty,
        f: impl FnOnce(&mut Self, &[Value]) -> Res<Value>,
    ) -> Res<Leaf> {
        let v = self.build(shape, f)?;
        Ok(Leaf { shape: shape.to_vec(), elem: elem.clone(), data: Data::Stored(v), narrow: false })
    }

    /// A scalar operation by its name in the table.
    pub(super) fn op(&mut self, name: &str, args: &[Value]) -> Res<Value> {
        let Some(op) = Op::from_name(name) else { return self.fail(self.here, messages::ill_typed(name)) };
        if let Some(n) = self.known_result(name, args) {
            return Ok(self.int(n));
        }
        self.push1(Kind::Op(op, args.to_vec()))
    }

    /// Arithmetic on integers whose values are known: lengths and indices stay literals.
    fn known_result(&self, name: &str, args: &[Value]) -> Option<i64> {
        let ks: Vec<i64> = args.iter().map(|a| self.known.get(a).copied()).collect::<Option<_>>()?;
        match (name, &ks[..]) {
            ("add", [a, b]) => a.checked_add(*b),
            ("sub", [a, b]) => a.checked_sub(*b),
            ("mul", [a, b]) => a.checked_mul(*b),
            ("div", [a, b]) => a.checked_div(*b),
            ("min", [a, b]) => Some(*a.min(b)),
            ("max", [a, b]) => Some(*a.max(b)),
            _ => None,
        }
    }

    /// An integer literal.
    pub(super) fn int(&mut self, n: i64) -> Value {
        let v = self.b.lit(Lit::I64(n));
        self.known.insert(v, n);
        v
    }

    /// A number of the given type.
    pub(super) fn number(&mut self, ty: &Ty, value: f64) -> Value {
        let ty = self.types.resolve(ty);
        match ty.scalar() {
            Some(Scalar::I64) => self.int(value as i64),
            s => self.b.lit(Lit::of(s.unwrap_or(Scalar::F64), value)),
        }
    }

    /// An extent as a number.
    pub(super) fn extent_value(&mut self, e: Extent) -> Value {
        match e {
            Extent::Const(n) => self.int(n),
            Extent::Value(v) => v,
        }
    }

    /// A number as an extent.
    pub(super) fn extent_of(&self, v: Value) -> Extent {
        self.known.get(&v).map_or(Extent::Value(v), |&n| Extent::Const(n))
    }

    /// The length of an array's first axis.
    pub(super) fn list_len(&mut self, a: &Arr, place: Place) -> Res<Extent> {
        match (&a.ty, a.leaves.first().and_then(|l| l.shape.first())) {
            (Ty::Array(_, n), _) => Ok(Extent::Const(*n as i64)),
            (_, Some(e)) => Ok(*e),
            _ => self.fail(place, messages::empty_elements()),
        }
    }

    /// All zeros, of a type whose shape is known.
    pub(super) fn zero_of(&mut self, ty: &Ty) -> Option<Val> {
        let ty = self.types.resolve(ty);
        let shapes = leaf_shapes(&ty)?;
        let mut values = Vec::new();
        for (elem, shape) in leaf_types(&ty).iter().zip(shapes) {
            let s = elem.scalar()?;
            values.push(self.zeros(s, &shape));
        }
        Some(self.rebuild(&ty, &mut values.into_iter()))
    }

    /// Zeros of one IR type.
    pub(super) fn zeros(&mut self, s: Scalar, shape: &[Extent]) -> Value {
        if shape.is_empty() { self.b.lit(Lit::of(s, 0.0)) } else { self.b.zeros(s, shape) }
    }

    /// A value of the wanted IR type: the value itself, or, for an array of other extents, its elements in an array of
    /// the wanted extents after a check that they agree.
    pub(super) fn fit(&mut self, v: Value, want: &IrTy) -> Res<Value> {
        let have = self.b.values.ty(v).clone();
        if have == *want {
            return Ok(v);
        }
        match (&have, want) {
            (IrTy::Array(a, from), IrTy::Array(b, to)) if a == b && from.len() == to.len() => {
                for (x, y) in from.clone().into_iter().zip(to.clone()) {
                    self.require_equal(x, y, messages::length_changed());
                }
                let to = to.clone();
                self.build(&to, |l, at| l.push1(Kind::Index { array: v, at: at.to_vec() }))
            }
            _ if self.types.learned => {
                let Some(s) = want.elem() else { return Err(SILENT) };
                Ok(self.zeros(s, want.shape()))
            }
            _ => self.fail(self.here, messages::ill_typed("two values of different types meet")),
        }
    }

    /// Two lengths must be equal: lengths of parameters become one, others are compared when the program runs.
    pub(super) fn require_equal(&mut self, a: Extent, b: Extent, message: String) {
        if a == b {
            return;
        }
        let (i, j) = (self.sizes.find(a), self.sizes.find(b));
        if let (Some(i), Some(j), 0) = (i, j, self.conditional) {
            let (i, j) = (self.sizes.root(i), self.sizes.root(j));
            if i != j {
                self.sizes.same.insert(i.max(j), i.min(j));
                self.types.learned = true;
            }
            return;
        }
        let (a, b) = (self.extent_value(a), self.extent_value(b));
        if let Ok(cond) = self.op("eq", &[a, b]) {
            self.b.push(Kind::Assert { cond, message });
        }
    }
}

/// Whether a variable still has the value it had.
pub(super) fn same(a: &Val, b: &Val) -> bool {
    match (a, b) {
        (Val::Num(x, _), Val::Num(y, _)) => x == y,
        (Val::Tuple(xs), Val::Tuple(ys)) | (Val::Struct(_, xs), Val::Struct(_, ys)) => {
            xs.len() == ys.len() && xs.iter().zip(ys).all(|(x, y)| same(x, y))
        }
        (Val::Arr(x), Val::Arr(y)) => same_array(x, y),
        (Val::Factor(f, x), Val::Factor(g, y)) => f == g && same_array(x, y),
        (Val::Fallible(x), Val::Fallible(y)) => same(x, y),
        (Val::Missing, Val::Missing) => true,
        (Val::Range(a, b, _), Val::Range(c, d, _)) => (a, b) == (c, d),
        (Val::Iter(x), Val::Iter(y)) => Rc::ptr_eq(&x.item, &y.item) && x.stages.len() == y.stages.len(),
        (Val::Closure(x), Val::Closure(y)) => Rc::ptr_eq(x, y),
        (Val::Func(x), Val::Func(y)) => x.segments == y.segments,
        (Val::Mut(x), Val::Mut(y)) => x == y,
        (Val::Maybe(c, x), Val::Maybe(d, y)) => c == d && same(x, y),
        (Val::Growing(x, n, m), Val::Growing(y, k, l)) => n == k && m == l && same_array(x, y),
        (Val::Text, Val::Text) | (Val::Never, Val::Never) => true,
        _ => false,
    }
}

fn same_array(x: &Arr, y: &Arr) -> bool {
    x.leaves.len() == y.leaves.len()
        && x.leaves.iter().zip(&y.leaves).all(|(x, y)| same_data(&x.data, &y.data))
}

fn same_data(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Stored(x), Data::Stored(y)) => x == y,
        (Data::View(x), Data::View(y)) => Rc::ptr_eq(x, y),
        _ => false,
    }
}
