//! The shapes of Jacobians and Hessians: the result's outside, the parameter's inside.

use std::rc::Rc;

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::Scalar;
use quote::quote;

use super::names::Names;
use super::params::{matrix, tangent};
use super::scalar;
use crate::types::{Len, RustTy, Struct};

/// The shape of derivatives.
#[derive(Clone)]
pub(super) enum Nested {
    /// No number.
    Unit,
    /// A number.
    Number(Scalar),
    /// `[T; N]`.
    Array(Box<Nested>, usize),
    /// `Vec<T>`.
    Vec(Box<Nested>),
    /// A nalgebra matrix of anything.
    Matrix(Box<Nested>, Len, Len),
    /// The matrix of the derivatives of a vector by a vector. IR has it row by row.
    Rows(Scalar, Len, Len),
    /// `(A, B)`.
    Tuple(Vec<Nested>),
    /// The tangent of a struct, for the derivatives of one number.
    Tangent(Rc<Struct>),
}

impl Nested {
    /// The derivatives of a result by a parameter.
    pub(super) fn by(result: &RustTy, parameter: &RustTy) -> Nested {
        Nested::around(result, Some(&Nested::around(parameter, None)))
    }

    /// `outer` with `inner` in place of each number.
    fn around(outer: &RustTy, inner: Option<&Nested>) -> Nested {
        let element = |s: &Scalar| inner.cloned().unwrap_or(Nested::Number(*s));
        let nested = |t: &RustTy| Box::new(Nested::around(t, inner));
        match outer {
            RustTy::Unit | RustTy::Bool | RustTy::Int(_) | RustTy::Enum(_) => Nested::Unit,
            RustTy::Struct(s) => Nested::Tangent(s.clone()),
            RustTy::Float(s) => element(s),
            RustTy::Array(t, n) => Nested::Array(nested(t), *n),
            RustTy::Slice(t) | RustTy::Vec(t) => Nested::Vec(nested(t)),
            RustTy::Matrix(s, rows, columns) => match (columns, element(s)) {
                (Len::Const(1), Nested::Matrix(t, n, Len::Const(1))) => {
                    let Nested::Number(s) = *t else { unreachable!("a parameter's matrix holds numbers") };
                    Nested::Rows(s, *rows, n)
                }
                (_, element) => Nested::Matrix(Box::new(element), *rows, *columns),
            },
            RustTy::Tuple(parts) => Nested::Tuple(parts.iter().map(|t| *nested(t)).collect()),
        }
    }

    /// The type.
    pub(super) fn ty(&self) -> TokenStream {
        match self {
            Nested::Unit => quote!(()),
            Nested::Number(s) => scalar::ty(*s),
            Nested::Array(t, n) => {
                let t = t.ty();
                quote!([#t; #n])
            }
            Nested::Vec(t) => {
                let t = t.ty();
                quote!(::std::vec::Vec<#t>)
            }
            Nested::Matrix(t, rows, columns) => matrix(&t.ty(), *rows, *columns),
            Nested::Rows(s, rows, columns) => matrix(&scalar::ty(*s), *rows, *columns),
            Nested::Tuple(parts) => {
                let parts = parts.iter().map(Nested::ty);
                quote!((#(#parts,)*))
            }
            Nested::Tangent(s) => tangent(&RustTy::Struct(s.clone())),
        }
    }

    /// Zeros; what has a length at run time is empty.
    pub(super) fn zero(&self) -> TokenStream {
        let of = |lens: [Len; 2], zero: TokenStream| {
            let (ty, empty) = (self.ty(), lens.iter().filter(|l| **l == Len::Dyn).map(|_| quote!(0,)));
            quote!(<#ty>::from_element(#(#empty)* #zero))
        };
        match self {
            Nested::Unit => quote!(()),
            Nested::Number(_) => quote!(0.0),
            Nested::Array(t, _) => {
                let t = t.zero();
                quote!(::core::array::from_fn(|_| #t))
            }
            Nested::Vec(_) => quote!(::std::vec::Vec::new()),
            Nested::Matrix(t, rows, columns) => of([*rows, *columns], t.zero()),
            Nested::Rows(_, rows, columns) => of([*rows, *columns], quote!(0.0)),
            Nested::Tuple(parts) => {
                let parts = parts.iter().map(Nested::zero);
                quote!((#(#parts,)*))
            }
            Nested::Tangent(_) => quote!(::core::default::Default::default()),
        }
    }

    /// The positions in tuples that lead to each list of numbers, in the order of the IR's values.
    pub(super) fn paths(&self) -> Vec<Vec<usize>> {
        match self {
            Nested::Unit => Vec::new(),
            Nested::Number(_) | Nested::Rows(..) => vec![Vec::new()],
            Nested::Array(t, _) | Nested::Vec(t) | Nested::Matrix(t, ..) => t.paths(),
            Nested::Tuple(parts) => {
                let longer = |(k, t): (usize, &Nested)| {
                    t.paths().into_iter().map(move |path| [&[k], path.as_slice()].concat())
                };
                parts.iter().enumerate().flat_map(longer).collect()
            }
            Nested::Tangent(s) => {
                let active = s.fields.iter().enumerate().filter(|(_, f)| f.is_active());
                let longer = |(k, f): (usize, &crate::types::Field)| {
                    let inner = Nested::around(&f.ty, None).paths();
                    inner.into_iter().map(move |path| [&[k], path.as_slice()].concat())
                };
                active.flat_map(longer).collect()
            }
        }
    }
}

/// Prints the statements that write one list of numbers into its place.
pub(super) struct Fill<'a> {
    /// The variable that yields the numbers, an iterator.
    pub(super) from: &'a Ident,
    /// What is left of the path.
    pub(super) path: std::slice::Iter<'a, usize>,
    /// The lengths of what is left of the axes, outermost first.
    pub(super) lens: std::slice::Iter<'a, TokenStream>,
    /// The names in use.
    pub(super) names: &'a mut Names,
}

impl Fill<'_> {
    /// The statements for a place of a shape.
    pub(super) fn fill(&mut self, nested: &Nested, place: &TokenStream) -> TokenStream {
        match nested {
            Nested::Unit => TokenStream::new(),
            Nested::Number(_) => {
                let from = self.from;
                quote!(#place = ::pullback::cpu::next(&mut #from);)
            }
            Nested::Array(t, _) => {
                self.len();
                self.each(t, &quote!(#place.iter_mut()))
            }
            Nested::Vec(t) => {
                let (n, zero) = (self.len(), t.zero());
                self.each(t, &quote!(::pullback::cpu::sized(&mut #place, #n, #zero).iter_mut()))
            }
            Nested::Matrix(t, rows, columns) => {
                let (rows, columns) = self.sides(*rows, *columns);
                let zero = t.zero();
                let elements = quote!(::pullback::cpu::matrix(&mut #place, #rows, #columns, #zero));
                self.each(t, &quote!(#elements.iter_mut()))
            }
            Nested::Rows(..) => self.rows(place),
            Nested::Tuple(parts) => {
                let k = *self.path.next().expect("a path to a number");
                let position = syn::Index::from(k);
                self.fill(&parts[k], &quote!(#place.#position))
            }
            Nested::Tangent(s) => {
                let field = &s.fields[*self.path.next().expect("a path to a number")];
                let member = field.member();
                self.fill(&Nested::around(&field.ty, None), &quote!(#place.#member))
            }
        }
    }

    fn len(&mut self) -> TokenStream {
        self.lens.next().expect("a length for each axis").clone()
    }

    /// The rows and columns of a matrix; a vector has one axis, any other matrix its columns first.
    fn sides(&mut self, rows: Len, columns: Len) -> (TokenStream, TokenStream) {
        match (rows, columns) {
            (_, Len::Const(1)) => (self.len(), quote!(1)),
            (Len::Const(1), _) => (quote!(1), self.len()),
            _ => {
                let columns = self.len();
                (self.len(), columns)
            }
        }
    }

    fn each(&mut self, nested: &Nested, elements: &TokenStream) -> TokenStream {
        let to = self.names.fresh("to", "to");
        let inner = self.fill(nested, &quote!((*#to)));
        quote!(for #to in #elements { #inner })
    }

    fn rows(&mut self, place: &TokenStream) -> TokenStream {
        let (rows, columns, from) = (self.len(), self.len(), self.from);
        let (i, j) = (self.names.fresh("i", "i"), self.names.fresh("j", "j"));
        quote! {
            ::pullback::cpu::matrix(&mut #place, #rows, #columns, 0.0);
            for #i in 0..#rows {
                for #j in 0..#columns {
                    #place[(#i, #j)] = ::pullback::cpu::next(&mut #from);
                }
            }
        }
    }
}
