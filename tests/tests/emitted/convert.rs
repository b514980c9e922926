//! Values of the interpreter as Rust values, and back.

use nalgebra::{Const, DefaultAllocator, Dim, DimName, Dyn, OMatrix, allocator::Allocator};

use super::*;

/// Stands for a value that does not matter.
pub(crate) const ZERO: Datum = Datum::Scalar(Lit::F64(0.0));

pub(crate) fn number(d: &Datum) -> f64 {
    numbers(d)[0]
}

#[allow(dead_code)] // where no random function has one
pub(crate) fn truth(d: &Datum) -> bool {
    number(d) != 0.0
}

pub(crate) fn integer(d: &Datum) -> i64 {
    number(d) as i64
}

pub(crate) fn numbers(d: &Datum) -> Vec<f64> {
    match d {
        Datum::Scalar(x) => vec![x.to_f64()],
        Datum::Array(a) => a.data.iter().map(|x| x.to_f64()).collect(),
        Datum::Tape(_) => panic!("a tape is no list of numbers"),
    }
}

pub(crate) fn array<const N: usize>(d: &Datum) -> [f64; N] {
    let numbers = numbers(d);
    std::array::from_fn(|k| numbers.get(k).copied().unwrap_or(0.0))
}

/// A dimension of a matrix.
pub(crate) trait Size: Dim {
    fn of(n: usize) -> Self;
}

impl Size for Dyn {
    fn of(n: usize) -> Dyn {
        Dyn(n)
    }
}

impl<const N: usize> Size for Const<N>
where
    Const<N>: DimName,
{
    fn of(_: usize) -> Const<N> {
        Const
    }
}

pub(crate) fn matrix<R: Size, C: Size>(d: &Datum) -> OMatrix<f64, R, C>
where
    DefaultAllocator: Allocator<R, C>,
{
    let (rows, columns) = match d {
        Datum::Array(Array { shape, .. }) if shape.len() == 2 => (shape[1], shape[0]),
        Datum::Array(Array { shape, .. }) => (shape[0], 1),
        _ => (0, 0),
    };
    let numbers = numbers(d);
    OMatrix::from_fn_generic(R::of(rows), C::of(columns), |r, c| {
        numbers.get(c * rows + r).copied().unwrap_or(0.0)
    })
}

pub(crate) fn list(t: &impl Tangent) -> Vec<f64> {
    (0..t.size()).map(|k| t.number(k)).collect()
}

/// A datum of the same shape with other numbers; integers stay.
pub(crate) fn like(d: &Datum, f: impl Fn(usize) -> f64) -> Datum {
    let change = |k: usize, x: &Lit| if x.ty().is_float() { Lit::of(x.ty(), f(k)) } else { *x };
    match d {
        Datum::Scalar(x) => Datum::Scalar(change(0, x)),
        Datum::Array(a) => Datum::Array(Array {
            data: a.data.iter().enumerate().map(|(k, x)| change(k, x)).collect(),
            ..a.clone()
        }),
        Datum::Tape(_) => panic!("a tape is no result"),
    }
}
