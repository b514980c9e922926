//! Tensors from host values and back, and host values that share a tensor's memory.

use std::sync::Arc;

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, DVector, Dyn};

use super::{Data, Float, Tensor};
use crate::DeviceError;
use crate::leaves::{Order, Shape};

impl<T: Float> From<Vec<T>> for Tensor<T> {
    fn from(elements: Vec<T>) -> Tensor<T> {
        Tensor::of_host(Shape::new(&[elements.len()]), Order::RowMajor, elements)
    }
}

impl<T: Float> From<&[T]> for Tensor<T> {
    fn from(elements: &[T]) -> Tensor<T> {
        Tensor::from(elements.to_vec())
    }
}

impl<T: Float, const N: usize> From<[T; N]> for Tensor<T> {
    fn from(elements: [T; N]) -> Tensor<T> {
        Tensor::from(elements.to_vec())
    }
}

impl<T: Float, const N: usize> From<&[[T; N]]> for Tensor<T> {
    fn from(rows: &[[T; N]]) -> Tensor<T> {
        Tensor::of_host(Shape::new(&[rows.len(), N]), Order::RowMajor, rows.as_flattened().to_vec())
    }
}

impl<T: Float, const N: usize, const M: usize> From<[[T; N]; M]> for Tensor<T> {
    fn from(rows: [[T; N]; M]) -> Tensor<T> {
        Tensor::from(&rows[..])
    }
}

/// A number: no axes.
impl<T: Float> From<T> for Tensor<T> {
    fn from(number: T) -> Tensor<T> {
        Tensor::of_host(Shape::default(), Order::RowMajor, vec![number])
    }
}

/// Takes the vector's memory.
impl<T: Float> From<DVector<T>> for Tensor<T> {
    fn from(vector: DVector<T>) -> Tensor<T> {
        Tensor::from(Vec::from(vector.data))
    }
}

impl<T: Float> From<&DVector<T>> for Tensor<T> {
    fn from(vector: &DVector<T>) -> Tensor<T> {
        Tensor::from(vector.as_slice())
    }
}

/// Takes the matrix's memory.
impl<T: Float> From<DMatrix<T>> for Tensor<T> {
    fn from(matrix: DMatrix<T>) -> Tensor<T> {
        let shape = Shape::new(&[matrix.nrows(), matrix.ncols()]);
        Tensor::of_host(shape, Order::ColumnMajor, Vec::from(matrix.data))
    }
}

impl<T: Float> From<&DMatrix<T>> for Tensor<T> {
    fn from(matrix: &DMatrix<T>) -> Tensor<T> {
        Tensor::from(matrix.clone())
    }
}

impl<T: Float> Tensor<T> {
    /// The elements, the last index changing first.
    ///
    /// # Errors
    /// If earlier work on the device failed.
    pub fn to_vec(&self) -> Result<Vec<T>, DeviceError> {
        Ok(self.in_order(Order::RowMajor)?.host()?.to_vec())
    }

    /// The one element of a tensor that has only one.
    ///
    /// # Errors
    /// If it has more, or earlier work on the device failed.
    pub fn item(&self) -> Result<T, DeviceError> {
        match self.host()?[..] {
            [one] => Ok(one),
            _ => Err(DeviceError::Shape(format!("a tensor of shape {:?} is no number", self.shape()))),
        }
    }

    /// A matrix with the same elements; a vector counts as a column.
    ///
    /// # Errors
    /// If there are more than two axes, or earlier work on the device failed.
    pub fn to_matrix(&self) -> Result<DMatrix<T>, DeviceError> {
        let (rows, columns) = self.rows_and_columns()?;
        let columns_first = self.in_order(Order::ColumnMajor)?;
        Ok(DMatrix::from_column_slice(rows, columns, &columns_first.host()?))
    }

    /// A vector with the same elements.
    ///
    /// # Errors
    /// If there is more than one axis, or earlier work on the device failed.
    pub fn to_vector(&self) -> Result<DVector<T>, DeviceError> {
        if self.shape().len() > 1 {
            return Err(DeviceError::Shape(format!("a tensor of shape {:?} is no vector", self.shape())));
        }
        Ok(DVector::from_column_slice(&self.host()?))
    }

    fn rows_and_columns(&self) -> Result<(usize, usize), DeviceError> {
        match *self.shape() {
            [rows, columns] => Ok((rows, columns)),
            [rows] => Ok((rows, 1)),
            [] => Ok((1, 1)),
            _ => Err(DeviceError::Shape(format!("a tensor of shape {:?} is no matrix", self.shape()))),
        }
    }

    /// How far the next row and the next column are.
    fn matrix_strides(&self, (rows, columns): (usize, usize)) -> (usize, usize) {
        match self.order {
            Order::RowMajor => (columns, 1),
            Order::ColumnMajor => (1, rows),
        }
    }

    #[cfg(feature = "cuda")]
    fn elsewhere(&self) -> DeviceError {
        DeviceError::Elsewhere(self.device().to_string())
    }

    /// The tensor's own memory, in its [`order`](Tensor::order).
    ///
    /// # Errors
    /// If it is on a GPU.
    pub fn as_slice(&self) -> Result<&[T], DeviceError> {
        match &self.data {
            Data::Cpu(data) => Ok(data),
            #[cfg(feature = "cuda")]
            Data::Gpu(_) => Err(self.elsewhere()),
        }
    }

    /// The tensor's own memory: what is written here, the tensor has.
    ///
    /// # Errors
    /// If it is on a GPU.
    pub fn as_mut_slice(&mut self) -> Result<&mut [T], DeviceError> {
        #[cfg(feature = "cuda")]
        if let Data::Gpu(_) = &self.data {
            return Err(self.elsewhere());
        }
        match &mut self.data {
            Data::Cpu(data) => Ok(Arc::make_mut(data).as_mut_slice()),
            #[cfg(feature = "cuda")]
            Data::Gpu(_) => unreachable!("it was looked at above"),
        }
    }

    /// The tensor's own memory as a matrix of nalgebra; a vector counts as a column.
    ///
    /// # Errors
    /// If it is on a GPU, or has more than two axes.
    ///
    /// ```
    /// let t = pullback::Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(t.as_matrix()?.row(1).sum(), 7.0);
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn as_matrix(&self) -> Result<DMatrixView<'_, T, Dyn, Dyn>, DeviceError> {
        let size = self.rows_and_columns()?;
        let (row, column) = self.matrix_strides(size);
        Ok(DMatrixView::from_slice_with_strides(self.as_slice()?, size.0, size.1, row, column))
    }

    /// As [`as_matrix`](Tensor::as_matrix), to be changed: what is written here, the tensor has.
    ///
    /// # Errors
    /// If it is on a GPU, or has more than two axes.
    ///
    /// ```
    /// let mut t = pullback::Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// t.as_matrix_mut()?.column_mut(1).fill(0.0);
    /// assert_eq!(t, pullback::Tensor::from([[1.0, 0.0], [3.0, 0.0]]));
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn as_matrix_mut(&mut self) -> Result<DMatrixViewMut<'_, T, Dyn, Dyn>, DeviceError> {
        let size = self.rows_and_columns()?;
        let (row, column) = self.matrix_strides(size);
        Ok(DMatrixViewMut::from_slice_with_strides_mut(self.as_mut_slice()?, size.0, size.1, row, column))
    }
}
