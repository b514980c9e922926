//! Types.

use pullback_kernels::ir::Scalar;
use syn::{GenericArgument, PathArguments, Type};

use super::Parser;
use crate::errors::{Failed, Res};
use crate::known;
use crate::messages;
use crate::ty::{Kind, Ty};
use crate::types::{Int, Len, Passing};

/// A type in a signature, and how the value is passed.
pub(crate) fn written(p: &mut Parser, t: &Type) -> Res<(Passing, Ty)> {
    match strip(t) {
        Type::Reference(r) => {
            let passing = if r.mutability.is_some() { Passing::Mut } else { Passing::Ref };
            Ok((passing, ty(p, &r.elem)?))
        }
        Type::Path(path) if path.qself.is_none() => match viewed(&path.path) {
            Some(matrix) => Ok((Passing::View, named(p, t, &matrix)?)),
            None => Ok((Passing::Value, ty(p, t)?)),
        },
        t => Ok((Passing::Value, ty(p, t)?)),
    }
}

/// The matrix type of a view with the usual strides: `DVector<f64>` of `DVectorView<'_, f64>`.
fn viewed(path: &syn::Path) -> Option<syn::Path> {
    let mut path = path.clone();
    let last = path.segments.last_mut()?;
    let name = last.ident.to_string();
    let matrix = name.replacen("View", "", 1);
    let args: Vec<GenericArgument> = match &last.arguments {
        PathArguments::AngleBracketed(a) => a.args.iter().cloned().collect(),
        _ => Vec::new(),
    };
    let types = args.iter().filter(|a| matches!(a, GenericArgument::Type(_))).count();
    if matrix == name || types > 1 || matrix_dimensions(&matrix, &args).is_none() {
        return None;
    }
    last.ident = syn::Ident::new(&matrix, last.ident.span());
    Some(path)
}

/// A type, references stripped.
pub(crate) fn ty(p: &mut Parser, t: &Type) -> Res<Ty> {
    match strip(t) {
        Type::Reference(r) => ty(p, &r.elem),
        Type::Tuple(t) => Ok(Ty::Tuple(t.elems.iter().map(|t| ty(p, t)).collect::<Res<_>>()?)),
        Type::Array(a) => {
            let elem = Box::new(ty(p, &a.elem)?);
            match length(&a.len) {
                Some(n) => list(p, t, Ty::Array(elem, n)),
                None if p.in_body => list(p, t, Ty::Slice(elem)),
                None => Err(p.refuse(&a.len, messages::array_length())),
            }
        }
        Type::Slice(s) => {
            let elem = ty(p, &s.elem)?;
            list(p, t, Ty::Slice(Box::new(elem)))
        }
        Type::Path(path) if path.qself.is_none() => {
            let matrix = viewed(&path.path).filter(|_| p.in_body);
            named(p, t, matrix.as_ref().unwrap_or(&path.path))
        }
        Type::Infer(_) => Ok(Ty::Var(var(p), Kind::Any)),
        other => Err(p.refuse(other, messages::unknown_type())),
    }
}

fn var(p: &mut Parser) -> u32 {
    p.id() * 4
}

fn strip(t: &Type) -> &Type {
    match t {
        Type::Paren(t) => strip(&t.elem),
        Type::Group(t) => strip(&t.elem),
        t => t,
    }
}

/// Elements of a list must all have the same shape.
fn list(p: &mut Parser, at: &Type, ty: Ty) -> Res<Ty> {
    let ragged = ty.elem().is_some_and(has_dynamic);
    if let (true, Some(Ty::Struct(s))) = (ragged, ty.elem()) {
        let field = s.fields.iter().find(|f| has_dynamic(&Ty::from(&f.ty))).map_or("", |f| &f.name);
        return Err(p.refuse(at, messages::ragged_struct(&ty.show(), &s.name.name, field)));
    }
    if ragged { Err(p.refuse(at, messages::ragged(&ty.show()))) } else { Ok(ty) }
}

fn has_dynamic(ty: &Ty) -> bool {
    match ty {
        Ty::Slice(_) | Ty::Vec(_) | Ty::Matrix(_, Len::Dyn, _) | Ty::Matrix(_, _, Len::Dyn) => true,
        Ty::Array(t, _) => has_dynamic(t),
        Ty::Tuple(_) | Ty::Struct(_) => ty.parts().iter().flatten().any(has_dynamic),
        Ty::Option(t) => has_dynamic(t),
        _ => false,
    }
}

fn named(p: &mut Parser, at: &Type, path: &syn::Path) -> Res<Ty> {
    let Some(last) = path.segments.last() else { return Err(p.refuse(at, messages::unknown_type())) };
    let name = last.ident.to_string();
    let args: Vec<GenericArgument> = match &last.arguments {
        PathArguments::AngleBracketed(a) => a.args.iter().cloned().collect(),
        PathArguments::None => Vec::new(),
        PathArguments::Parenthesized(_) => return Err(p.refuse(at, messages::unknown_type())),
    };
    let types = args.iter().filter_map(|a| match a {
        GenericArgument::Type(t) => Some(t),
        _ => None,
    });
    let first = types.clone().next();
    if let Some(t) = plain(&name)
        && args.is_empty()
    {
        return Ok(t);
    }
    if name == "Vec" || name == "Option" {
        let elem = match first {
            Some(t) => ty(p, t)?,
            None => Ty::Var(var(p), Kind::Any),
        };
        let boxed = Box::new(elem);
        return if name == "Vec" { list(p, at, Ty::Vec(boxed)) } else { Ok(Ty::Option(boxed)) };
    }
    let Some((rows, cols)) = matrix_dimensions(&name, &args) else {
        return user_type(p, at, path);
    };
    match first.map(|t| ty(p, t)).transpose()? {
        Some(t @ (Ty::Float(_) | Ty::Var(..))) => Ok(Ty::Matrix(Box::new(t), rows, cols)),
        None => Ok(Ty::Matrix(Box::new(Ty::Var(var(p), Kind::Float)), rows, cols)),
        Some(_) => Err(p.refuse(at, messages::matrix_elements())),
    }
}

/// A type of the user's: known, or to be asked for.
fn user_type(p: &mut Parser, at: &impl quote::ToTokens, path: &syn::Path) -> Res<Ty> {
    if let Some(ty) = p.types.and_then(|t| t.get(&known::key(path))) {
        return Ok(ty.clone());
    }
    let name = path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
    let foreign = unknown(&name);
    let generic = path.segments.iter().any(|s| !s.arguments.is_none());
    if generic || foreign != messages::unknown_type() {
        return Err(p.refuse(at, foreign));
    }
    p.missing.push(path.clone());
    Err(Failed)
}

/// The type that a path in an expression or pattern names.
pub(super) fn of_path(p: &mut Parser, path: &syn::Path) -> Res<Ty> {
    user_type(p, path, path)
}

fn plain(name: &str) -> Option<Ty> {
    Some(match name {
        "f32" => Ty::Float(Scalar::F32),
        "f64" => Ty::Float(Scalar::F64),
        "bool" => Ty::Bool,
        _ => Ty::Int(Int::from_name(name)?),
    })
}

fn unknown(name: &str) -> String {
    match name {
        "i128" | "u128" => messages::wide_integer(name),
        "String" | "str" | "char" => messages::text_type(name),
        "Box" | "Rc" | "Arc" | "RefCell" | "Cell" | "Mutex" => messages::pointer_type(name),
        n if n.ends_with("View") || n.contains("MatrixView") || n.contains("VectorView") => {
            messages::view_type(name)
        }
        "Point1" | "Point2" | "Point3" | "Point4" | "OPoint" => messages::point_type(name),
        "Result" => messages::option_type(name),
        "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "VecDeque" => messages::collection_type(name),
        _ => messages::unknown_type(),
    }
}

/// The dimensions of a nalgebra type: from its name (`Matrix2x3`, `Vector4`, `DVector`) or its arguments (`SMatrix<T, 2, 3>`).
pub(super) fn matrix_dimensions(name: &str, args: &[GenericArgument]) -> Option<(Len, Len)> {
    let consts: Vec<usize> = args.iter().filter_map(constant).collect();
    let one = Len::Const(1);
    match name {
        "DVector" => Some((Len::Dyn, one)),
        "RowDVector" => Some((one, Len::Dyn)),
        "DMatrix" => Some((Len::Dyn, Len::Dyn)),
        "SVector" => Some((Len::Const(*consts.first()?), one)),
        "RowSVector" => Some((one, Len::Const(*consts.first()?))),
        "SMatrix" => Some((Len::Const(*consts.first()?), Len::Const(*consts.get(1)?))),
        _ => {
            if let Some(n) = name.strip_prefix("RowVector") {
                return Some((one, small(n)?));
            }
            if let Some(n) = name.strip_prefix("Vector") {
                return Some((small(n)?, one));
            }
            let dims = name.strip_prefix("Matrix")?;
            match dims.split_once('x') {
                Some((r, c)) => Some((dimension(r)?, dimension(c)?)),
                None => Some((small(dims)?, small(dims)?)),
            }
        }
    }
}

fn small(text: &str) -> Option<Len> {
    let n: usize = text.parse().ok()?;
    (1..=6).contains(&n).then_some(Len::Const(n))
}

fn dimension(text: &str) -> Option<Len> {
    if text == "X" { Some(Len::Dyn) } else { small(text) }
}

pub(super) fn constant(arg: &GenericArgument) -> Option<usize> {
    match arg {
        GenericArgument::Const(e) => length(e),
        _ => None,
    }
}

/// An array length that is a literal.
fn length(e: &syn::Expr) -> Option<usize> {
    match e {
        syn::Expr::Lit(l) => match &l.lit {
            syn::Lit::Int(i) => i.base10_parse().ok().filter(|&n: &usize| n < 1 << 40),
            _ => None,
        },
        syn::Expr::Paren(e) => length(&e.expr),
        syn::Expr::Group(e) => length(&e.expr),
        _ => None,
    }
}
