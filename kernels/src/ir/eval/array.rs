//! Arrays of the interpreter, their elements' places, and contractions.

use std::fmt;

use super::{EvalError, Result, fail, reduce};
use crate::ir::{Lit, Scalar};

/// A dense array, the last axis contiguous.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// The type of the elements.
    pub elem: Scalar,
    /// The lengths of the axes.
    pub shape: Vec<usize>,
    /// The elements.
    pub data: Vec<Lit>,
}

impl Array {
    /// A vector of `f64`.
    pub fn vector(data: &[f64]) -> Array {
        Array {
            elem: Scalar::F64,
            shape: vec![data.len()],
            data: data.iter().map(|&x| Lit::F64(x)).collect(),
        }
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_axis(f, &self.shape, &self.data)
    }
}

fn write_axis(f: &mut fmt::Formatter<'_>, shape: &[usize], data: &[Lit]) -> fmt::Result {
    let Some((&n, inner)) = shape.split_first() else {
        return data.first().map_or(Ok(()), |x| write!(f, "{x}"));
    };
    let stride: usize = inner.iter().product();
    f.write_str("[")?;
    for i in 0..n {
        if i > 0 {
            f.write_str(", ")?;
        }
        write_axis(f, inner, &data[i * stride..(i + 1) * stride])?;
    }
    f.write_str("]")
}

/// The position of an element.
pub(super) fn offset(shape: &[usize], at: &[Lit]) -> Result<usize> {
    if shape.len() != at.len() {
        return fail(format!("{} indices into an array of rank {}", at.len(), shape.len()));
    }
    let mut offset = 0;
    for (&n, i) in shape.iter().zip(at) {
        let Lit::I64(i) = *i else { return fail("an index that is no i64") };
        if i < 0 || i >= n as i64 {
            return fail(format!("index {i} out of bounds, the length is {n}"));
        }
        offset = offset * n + i as usize;
    }
    Ok(offset)
}

/// A matrix that may be read transposed.
struct View<'a> {
    array: &'a Array,
    rows: usize,
    cols: usize,
    flip: bool,
}

impl<'a> View<'a> {
    fn new(array: &'a Array, flip: bool) -> Result<View<'a>> {
        match (array.shape.as_slice(), flip) {
            (&[rows, cols], false) | (&[cols, rows], true) => Ok(View { array, rows, cols, flip }),
            (&[rows], false) => Ok(View { array, rows, cols: 1, flip }),
            _ => Err(EvalError("a contraction of the wrong ranks".into())),
        }
    }

    fn at(&self, i: usize, j: usize) -> Lit {
        if self.flip { self.array.data[j * self.rows + i] } else { self.array.data[i * self.cols + j] }
    }
}

/// The product, each element summed in order.
pub(super) fn product(ta: bool, tb: bool, a: &Array, b: &Array) -> Result<Array> {
    let vector = b.shape.len() == 1;
    if a.shape.len() != 2 || a.elem != b.elem {
        return fail("a contraction of the wrong ranks or types");
    }
    let (a, b) = (View::new(a, ta)?, View::new(b, tb)?);
    if a.cols != b.rows {
        return fail(format!("the inner extents of a contraction differ: {} and {}", a.cols, b.rows));
    }
    let mut data = Vec::new();
    for i in 0..a.rows {
        for j in 0..b.cols {
            let mut sum = Lit::of(a.array.elem, 0.0);
            for k in 0..a.cols {
                sum = reduce::add(sum, reduce::mul(a.at(i, k), b.at(k, j))?)?;
            }
            data.push(sum);
        }
    }
    let shape = if vector { vec![a.rows] } else { vec![a.rows, b.cols] };
    Ok(Array { elem: a.array.elem, shape, data })
}
