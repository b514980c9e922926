//! Types while they are being inferred: [`RustTy`] with holes.

use std::collections::HashMap;
use std::rc::Rc;

use pullback_kernels::ir::Scalar;

use crate::types::{Enum, Int, Len, RustTy, Struct};

/// What a type variable may stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Anything.
    Any,
    /// A float: the type of a literal such as `1.0`.
    Float,
    /// An integer: the type of a literal such as `1`.
    Int,
}

/// A Rust type, references stripped, possibly not known yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ty {
    /// `f32` or `f64`.
    Float(Scalar),
    /// `bool`.
    Bool,
    /// An integer.
    Int(Int),
    /// `[T; N]`.
    Array(Box<Ty>, usize),
    /// `[T]`.
    Slice(Box<Ty>),
    /// `Vec<T>`.
    Vec(Box<Ty>),
    /// A nalgebra matrix.
    Matrix(Box<Ty>, Len, Len),
    /// `()` and `(A, B)`.
    Tuple(Vec<Ty>),
    /// `Option<T>`: whether it is there, then the value (zeros if not).
    Option(Box<Ty>),
    /// A `Vec<T>` that a loop or branch makes longer or shorter: room for its elements, its length, its greatest length.
    Growing(Box<Ty>),
    /// A struct that derives `Differentiable`.
    Struct(Rc<Struct>),
    /// An enum whose variants hold nothing.
    Enum(Rc<Enum>),
    /// Not known yet.
    Var(u32, Kind),
}

impl Ty {
    /// `()`.
    pub(crate) const UNIT: Ty = Ty::Tuple(Vec::new());
    /// `usize`.
    pub(crate) const USIZE: Ty = Ty::Int(Int::Usize);

    /// The type of the IR number that stands for a number of this type; a hole counts as what it defaults to.
    pub(crate) fn scalar(&self) -> Option<Scalar> {
        match self {
            Ty::Float(s) => Some(*s),
            Ty::Bool => Some(Scalar::Bool),
            Ty::Int(_) | Ty::Enum(_) | Ty::Var(_, Kind::Int) => Some(Scalar::I64),
            Ty::Var(..) => Some(Scalar::F64),
            _ => None,
        }
    }

    /// Whether this is a float, or a hole that may be one.
    pub(crate) fn is_float(&self) -> bool {
        matches!(self, Ty::Float(_) | Ty::Var(_, Kind::Float | Kind::Any))
    }

    /// Whether this is an integer, or the hole of an integer literal.
    pub(crate) fn is_int(&self) -> bool {
        matches!(self, Ty::Int(_) | Ty::Var(_, Kind::Int))
    }

    /// The type of the elements of an array, slice, `Vec` or matrix.
    pub(crate) fn elem(&self) -> Option<&Ty> {
        match self {
            Ty::Array(t, _) | Ty::Slice(t) | Ty::Vec(t) | Ty::Matrix(t, ..) => Some(t),
            _ => None,
        }
    }

    /// The types of the components of a tuple or the fields of a struct.
    pub(crate) fn parts(&self) -> Option<Vec<Ty>> {
        match self {
            Ty::Tuple(ts) => Some(ts.clone()),
            Ty::Struct(s) => Some(s.fields.iter().map(|f| Ty::from(&f.ty)).collect()),
            _ => None,
        }
    }

    /// The first float in it, possibly not known yet.
    pub(crate) fn float(&self) -> Option<&Ty> {
        match self {
            Ty::Float(_) | Ty::Var(_, Kind::Float | Kind::Any) => Some(self),
            Ty::Tuple(ts) => ts.iter().find_map(Ty::float),
            t => t.elem().and_then(Ty::float),
        }
    }

    /// The same type over another float.
    pub(crate) fn with_float(&self, float: &Ty) -> Ty {
        let boxed = |t: &Ty| Box::new(t.with_float(float));
        match self {
            Ty::Float(_) => float.clone(),
            Ty::Array(t, n) => Ty::Array(boxed(t), *n),
            Ty::Slice(t) => Ty::Slice(boxed(t)),
            Ty::Vec(t) => Ty::Vec(boxed(t)),
            Ty::Matrix(t, r, c) => Ty::Matrix(boxed(t), *r, *c),
            Ty::Tuple(ts) => Ty::Tuple(ts.iter().map(|t| t.with_float(float)).collect()),
            t => t.clone(),
        }
    }

    /// Whether this is an array, slice or `Vec`.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Ty::Array(..) | Ty::Slice(_) | Ty::Vec(_))
    }

    /// Whether this is a matrix with one row or one column.
    pub(crate) fn is_vector(&self) -> bool {
        matches!(self, Ty::Matrix(_, Len::Const(1), _) | Ty::Matrix(_, _, Len::Const(1)))
    }

    /// The axes of the IR array of a matrix of these dimensions.
    pub(crate) fn matrix_axes(rows: Len, cols: Len) -> Vec<Len> {
        match (rows, cols) {
            (r, Len::Const(1)) => vec![r],
            (Len::Const(1), c) => vec![c],
            (r, c) => vec![c, r],
        }
    }

    /// The finished type; holes become `f64` and `i32`.
    pub(crate) fn finish(&self) -> RustTy {
        let boxed = |t: &Ty| Box::new(t.finish());
        match self {
            Ty::Float(s) => RustTy::Float(*s),
            Ty::Bool => RustTy::Bool,
            Ty::Int(i) => RustTy::Int(*i),
            Ty::Array(t, n) => RustTy::Array(boxed(t), *n),
            Ty::Slice(t) => RustTy::Slice(boxed(t)),
            Ty::Vec(t) => RustTy::Vec(boxed(t)),
            Ty::Matrix(t, r, c) => RustTy::Matrix(t.scalar().unwrap_or(Scalar::F64), *r, *c),
            Ty::Tuple(ts) if ts.is_empty() => RustTy::Unit,
            Ty::Tuple(ts) => RustTy::Tuple(ts.iter().map(Ty::finish).collect()),
            // No signature has one: this is how it is laid out.
            Ty::Option(t) => RustTy::Tuple(vec![RustTy::Bool, t.finish()]),
            Ty::Growing(t) => RustTy::Vec(boxed(t)),
            Ty::Struct(s) => RustTy::Struct(s.clone()),
            Ty::Enum(e) => RustTy::Enum(e.clone()),
            Ty::Var(_, Kind::Int) => RustTy::Int(Int::I32),
            Ty::Var(..) => RustTy::Float(Scalar::F64),
        }
    }

    /// How a person writes it.
    pub(crate) fn show(&self) -> String {
        let scalar = |t: &Ty| t.show();
        match self {
            Ty::Float(s) => s.name().into(),
            Ty::Bool => "bool".into(),
            Ty::Int(i) => i.name().into(),
            Ty::Array(t, n) => format!("[{}; {n}]", t.show()),
            Ty::Slice(t) => format!("[{}]", t.show()),
            Ty::Vec(t) => format!("Vec<{}>", t.show()),
            Ty::Matrix(t, Len::Dyn, Len::Const(1)) => format!("DVector<{}>", scalar(t)),
            Ty::Matrix(t, Len::Const(1), Len::Dyn) => format!("RowDVector<{}>", scalar(t)),
            Ty::Matrix(t, Len::Const(r), Len::Const(c)) => format!("SMatrix<{}, {r}, {c}>", scalar(t)),
            Ty::Matrix(t, ..) => format!("DMatrix<{}>", scalar(t)),
            Ty::Tuple(ts) => format!("({})", ts.iter().map(Ty::show).collect::<Vec<_>>().join(", ")),
            Ty::Option(t) => format!("Option<{}>", t.show()),
            Ty::Growing(t) => format!("Vec<{}>", t.show()),
            Ty::Struct(s) => s.name.name.clone(),
            Ty::Enum(e) => e.name.name.clone(),
            Ty::Var(_, Kind::Float) => "a float".into(),
            Ty::Var(_, Kind::Int) => "an integer".into(),
            Ty::Var(..) => "_".into(),
        }
    }
}

impl From<&RustTy> for Ty {
    fn from(t: &RustTy) -> Ty {
        let boxed = |t: &RustTy| Box::new(Ty::from(t));
        match t {
            RustTy::Unit => Ty::UNIT,
            RustTy::Float(s) => Ty::Float(*s),
            RustTy::Bool => Ty::Bool,
            RustTy::Int(i) => Ty::Int(*i),
            RustTy::Array(t, n) => Ty::Array(boxed(t), *n),
            RustTy::Slice(t) => Ty::Slice(boxed(t)),
            RustTy::Vec(t) => Ty::Vec(boxed(t)),
            RustTy::Matrix(s, r, c) => Ty::Matrix(Box::new(Ty::Float(*s)), *r, *c),
            RustTy::Tuple(ts) => Ty::Tuple(ts.iter().map(Ty::from).collect()),
            RustTy::Struct(s) => Ty::Struct(s.clone()),
            RustTy::Enum(e) => Ty::Enum(e.clone()),
        }
    }
}

impl Int {
    const NAMES: [(Int, &'static str); 10] = [
        (Int::I8, "i8"),
        (Int::I16, "i16"),
        (Int::I32, "i32"),
        (Int::I64, "i64"),
        (Int::Isize, "isize"),
        (Int::U8, "u8"),
        (Int::U16, "u16"),
        (Int::U32, "u32"),
        (Int::U64, "u64"),
        (Int::Usize, "usize"),
    ];

    /// The name in Rust.
    pub(crate) fn name(self) -> &'static str {
        Int::NAMES.iter().find(|(i, _)| *i == self).map_or("", |(_, n)| n)
    }

    /// The integer type of that name.
    pub(crate) fn from_name(name: &str) -> Option<Int> {
        Int::NAMES.iter().find(|(_, n)| *n == name).map(|(i, _)| *i)
    }

    /// The least and greatest value, as far as `i64` goes.
    pub(crate) fn range(self) -> (i64, i64) {
        match self {
            Int::I8 => (i8::MIN.into(), i8::MAX.into()),
            Int::I16 => (i16::MIN.into(), i16::MAX.into()),
            Int::I32 => (i32::MIN.into(), i32::MAX.into()),
            Int::I64 | Int::Isize => (i64::MIN, i64::MAX),
            Int::U8 => (0, u8::MAX.into()),
            Int::U16 => (0, u16::MAX.into()),
            Int::U32 => (0, u32::MAX.into()),
            Int::U64 | Int::Usize => (0, i64::MAX),
        }
    }
}

/// What is known of type variables, kept from one round of lowering to the next.
#[derive(Default, Debug)]
pub(crate) struct Unifier {
    bound: HashMap<u32, Ty>,
    /// Whether something was learned in this round, so that code lowered before may rest on a wrong guess.
    pub(crate) learned: bool,
}

impl Unifier {
    /// The type with everything known filled in.
    pub(crate) fn resolve(&self, ty: &Ty) -> Ty {
        let boxed = |t: &Ty| Box::new(self.resolve(t));
        match ty {
            Ty::Var(id, _) => match self.bound.get(id) {
                Some(t) => self.resolve(t),
                None => ty.clone(),
            },
            Ty::Array(t, n) => Ty::Array(boxed(t), *n),
            Ty::Slice(t) => Ty::Slice(boxed(t)),
            Ty::Vec(t) => Ty::Vec(boxed(t)),
            Ty::Matrix(t, r, c) => Ty::Matrix(boxed(t), *r, *c),
            Ty::Tuple(ts) => Ty::Tuple(ts.iter().map(|t| self.resolve(t)).collect()),
            Ty::Option(t) => Ty::Option(boxed(t)),
            Ty::Growing(t) => Ty::Growing(boxed(t)),
            _ => ty.clone(),
        }
    }

    /// Makes two types equal if possible. Lists unify with lists of another kind, since `&Vec` coerces to a slice.
    pub(crate) fn unify(&mut self, a: &Ty, b: &Ty) -> Option<Ty> {
        let (a, b) = (self.resolve(a), self.resolve(b));
        match (&a, &b) {
            _ if a == b => Some(a),
            (Ty::Var(i, ka), Ty::Var(_, kb)) => match (ka, kb) {
                (Kind::Any, _) => self.bind(*i, &b),
                (_, Kind::Any) => self.unify(&b, &a),
                _ if ka == kb => self.bind(*i, &b),
                _ => None,
            },
            (Ty::Var(i, k), t) | (t, Ty::Var(i, k)) => {
                let fits = match k {
                    Kind::Any => !occurs(*i, t),
                    Kind::Float => matches!(t, Ty::Float(_)),
                    Kind::Int => matches!(t, Ty::Int(_)),
                };
                if fits { self.bind(*i, t) } else { None }
            }
            (Ty::Array(x, n), Ty::Array(y, m)) if n == m => Some(Ty::Array(Box::new(self.unify(x, y)?), *n)),
            (Ty::Array(..), Ty::Array(..)) => None,
            (Ty::Vec(x), Ty::Vec(y)) => Some(Ty::Vec(Box::new(self.unify(x, y)?))),
            (Ty::Option(x), Ty::Option(y)) => Some(Ty::Option(Box::new(self.unify(x, y)?))),
            (Ty::Growing(x), Ty::Growing(y)) => Some(Ty::Growing(Box::new(self.unify(x, y)?))),
            (Ty::Slice(x), t) | (t, Ty::Slice(x)) if t.is_list() => {
                let y = t.elem()?.clone();
                Some(Ty::Slice(Box::new(self.unify(x, &y)?)))
            }
            (Ty::Matrix(x, r, c), Ty::Matrix(y, r2, c2)) if (r, c) == (r2, c2) => {
                Some(Ty::Matrix(Box::new(self.unify(x, y)?), *r, *c))
            }
            (Ty::Tuple(xs), Ty::Tuple(ys)) if xs.len() == ys.len() => {
                let ts = xs.iter().zip(ys).map(|(x, y)| self.unify(x, y)).collect::<Option<Vec<_>>>()?;
                Some(Ty::Tuple(ts))
            }
            _ => None,
        }
    }

    fn bind(&mut self, var: u32, ty: &Ty) -> Option<Ty> {
        self.bound.insert(var, ty.clone());
        self.learned = true;
        Some(ty.clone())
    }
}

fn occurs(var: u32, ty: &Ty) -> bool {
    match ty {
        Ty::Var(i, _) => *i == var,
        Ty::Tuple(ts) => ts.iter().any(|t| occurs(var, t)),
        Ty::Option(t) | Ty::Growing(t) => occurs(var, t),
        _ => ty.elem().is_some_and(|t| occurs(var, t)),
    }
}
