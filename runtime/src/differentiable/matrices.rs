//! nalgebra's vectors and matrices.

use nalgebra::{Const, DMatrix, Dyn, OMatrix, SMatrix};

use super::{Single, each_from, each_to};
use crate::leaves::{Number, Order, Shape};
#[cfg(feature = "cuda")]
use crate::on::Columns;
use crate::on::{Cotangent, Flat, FromColumns};
use crate::tensor::Float;
use crate::{Device, DeviceError, Differentiable, Tensor};

/// A matrix's numbers of rows and columns where the type says them.
type Size = (Option<usize>, Option<usize>);

/// The shape of a tensor: a matrix whose type has one column is a vector.
fn wanted((rows, columns): Size) -> Vec<Option<usize>> {
    if columns == Some(1) { vec![rows] } else { vec![rows, columns] }
}

/// The shape from the lengths of the axes in memory; one row alone is one axis there.
#[cfg(feature = "cuda")]
fn shape((rows, columns): Size, dims: &[usize]) -> Shape {
    match *dims {
        [n] if columns == Some(1) => Shape::new(&[n]),
        [n] => Shape::new(&[rows.unwrap_or(1), n]),
        _ => Shape::new(&dims.iter().rev().copied().collect::<Vec<_>>()),
    }
}

/// The lengths of the axes in memory.
#[cfg(feature = "cuda")]
fn axes(size: Size, rows: usize, columns: usize) -> Vec<usize> {
    match size {
        (_, Some(1)) => vec![rows],
        (Some(1), _) => vec![columns],
        _ => vec![columns, rows],
    }
}

macro_rules! matrix {
    ($([$($g:tt)*] $t:ty, $size:expr, |$rows:ident, $columns:ident, $data:ident| $make:expr;)*) => {
        $(impl<T: Float + Number, $($g)*> Differentiable for $t {
            type Tangent = $t;
            type Placed = Tensor<T>;
            type Form = Single<Tensor<T>>;
            fn zeros_like(&self) -> $t {
                self.map(|_| T::zero())
            }
            fn copied(&self) -> $t {
                self.clone()
            }
            fn to(&self, device: &Device) -> Result<Tensor<T>, DeviceError> {
                let size: Size = $size;
                let shape = Shape::new(&[self.nrows()]);
                let shape = if size.1 == Some(1) { shape } else { shape.then(self.ncols()) };
                Tensor::placed(shape, Order::ColumnMajor, self.as_slice().to_vec(), device)
            }
            fn from_placed(placed: &Tensor<T>) -> Result<$t, DeviceError> {
                let fitted = placed.fitted(&wanted($size), Order::ColumnMajor)?;
                let ($rows, $columns) = (fitted.shape()[0], fitted.shape().get(1).copied().unwrap_or(1));
                let host = fitted.host()?;
                let ($data, _) = (&host[..], ($rows, $columns));
                Ok($make)
            }
            fn pack(items: &[$t], device: &Device) -> Result<Vec<Tensor<T>>, DeviceError> {
                each_to(items, device)
            }
            fn unpack<'a: 'a>(opened: Vec<&'a Tensor<T>>, _count: usize) -> Result<Vec<$t>, DeviceError> {
                each_from(&opened)
            }
        }

        impl<T: Float + Number, $($g)*> Flat for $t {
            #[cfg(feature = "cuda")]
            fn flatten(runs: &[&[$t]], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                let all: Vec<&$t> = runs.iter().copied().flatten().collect();
                // Of no matrices only the type says something.
                let (rows, columns): Size = $size;
                let rows = rows.map_or_else(|| out.same_length(all.iter().map(|m| m.nrows())), Ok)?;
                let columns = columns.map_or_else(|| out.same_length(all.iter().map(|m| m.ncols())), Ok)?;
                let parts: Vec<&[T]> = all.iter().map(|m| m.as_slice()).collect();
                out.push_numbers(&parts, &[dims, &axes($size, rows, columns)].concat())
            }
            #[cfg(feature = "cuda")]
            fn stack(items: &[&Tensor<T>], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                out.push_matrices(items, dims, &wanted($size), matches!($size, (Some(1), c) if c != Some(1)))
            }
        }

        impl<T: Float + Number, $($g)*> FromColumns for $t {
            const NUMBERS: bool = true;
            #[cfg(feature = "cuda")]
            fn unflatten(columns: &mut Columns, lead: &[usize]) -> Result<Vec<$t>, DeviceError> {
                let leaf = columns.take::<T>();
                let whole = shape($size, &leaf.dims[lead.len()..]);
                let ($rows, $columns) = (whole.dims()[0], whole.dims().get(1).copied().unwrap_or(1));
                let (host, each) = (leaf.array.host()?, $rows * $columns);
                Ok((0..lead.iter().product())
                    .map(|k: usize| {
                        let $data = &host[k * each..][..each];
                        $make
                    })
                    .collect())
            }
        }

        impl<T: Float + Number, $($g)*> Cotangent for $t {
            #[cfg(feature = "cuda")]
            fn unstack(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Tensor<T>>, DeviceError> {
                columns.take_tensors(lead, Order::ColumnMajor, |dims| shape($size, dims))
            }
        })*
    };
}

matrix! {
    [] DMatrix<T>, (None, None), |r, c, data| DMatrix::from_column_slice(r, c, data);
    [const C: usize] OMatrix<T, Dyn, Const<C>>, (None, Some(C)), |r, c, data| {
        OMatrix::<T, Dyn, Const<C>>::from_column_slice(data)
    };
    [const R: usize] OMatrix<T, Const<R>, Dyn>, (Some(R), None), |r, c, data| {
        OMatrix::<T, Const<R>, Dyn>::from_column_slice(data)
    };
    [const R: usize, const C: usize] SMatrix<T, R, C>, (Some(R), Some(C)), |r, c, data| {
        SMatrix::from_column_slice(data)
    };
}
