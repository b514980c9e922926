//! Elements, slices, and tensors joined together.

use std::ops::{Bound, RangeBounds};

use super::{AXES, Data, Float, Tensor};
use crate::DeviceError;
use crate::leaves::{Order, Shape};

/// Which elements, of an array as it lies in memory.
pub(super) struct Selection {
    pub(super) start: usize,
    pub(super) strides: [usize; AXES],
    pub(super) lengths: [usize; AXES],
}

/// Lengths with ones in front.
pub(super) fn padded(lengths: &[usize], by: usize) -> [usize; AXES] {
    let mut all = [by; AXES];
    all[AXES - lengths.len()..].copy_from_slice(lengths);
    all
}

/// How far the next element along each axis is.
pub(super) fn strides(lengths: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; lengths.len()];
    for k in (1..lengths.len()).rev() {
        strides[k - 1] = strides[k] * lengths[k];
    }
    strides
}

impl Selection {
    /// The positions in order, the last index changing first.
    fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        let count: usize = self.lengths.iter().product();
        (0..count).map(|mut flat| {
            let mut position = self.start;
            for (n, stride) in self.lengths.iter().zip(&self.strides).rev() {
                position += flat % n * stride;
                flat /= n;
            }
            position
        })
    }
}

impl<T: Float> Tensor<T> {
    /// One element.
    ///
    /// # Errors
    /// If there is none, or earlier work on the device failed.
    pub fn at(&self, index: &[usize]) -> Result<T, DeviceError> {
        Ok(self.host()?[self.position(index)?])
    }

    /// Replaces one element.
    ///
    /// # Errors
    /// If there is none, or the device refuses.
    pub fn set(&mut self, index: &[usize], value: T) -> Result<(), DeviceError> {
        let position = self.position(index)?;
        #[cfg(feature = "cuda")]
        if let Data::Gpu(array) = &mut self.data {
            return super::gpu::set(array, position, value);
        }
        self.as_mut_slice()?[position] = value;
        Ok(())
    }

    fn position(&self, index: &[usize]) -> Result<usize, DeviceError> {
        let shape = self.shape();
        if index.len() != shape.len() || index.iter().zip(shape).any(|(i, n)| i >= n) {
            let message = format!("index {index:?} of a tensor of shape {shape:?}");
            return Err(DeviceError::Shape(message));
        }
        let mut places = index.to_vec();
        if self.order == Order::ColumnMajor {
            places.reverse();
        }
        Ok(places.iter().zip(strides(&self.lengths(self.order))).map(|(i, s)| i * s).sum())
    }

    /// The part of an axis.
    ///
    /// # Errors
    /// If there is no such part, or the device refuses.
    ///
    /// ```
    /// use pullback::Tensor;
    ///
    /// let t = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(t.slice(1, 1..)?, Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn slice(&self, axis: usize, range: impl RangeBounds<usize>) -> Result<Tensor<T>, DeviceError> {
        let (from, to) = self.range(axis, &range)?;
        let mut lengths = self.shape().to_vec();
        lengths[axis] = to - from;
        let whole = self.lengths(self.order);
        let mut part = lengths.clone();
        if self.order == Order::ColumnMajor {
            part.reverse();
        }
        let all = strides(&whole);
        let start = from * all[self.place(axis)];
        let data = self.gather(&Selection { start, strides: padded(&all, 0), lengths: padded(&part, 1) })?;
        Ok(Tensor { shape: Shape::new(&lengths), order: self.order, data })
    }

    /// What is at one place of an axis; that axis is gone: `t.select(0, i)` is a row of a matrix.
    ///
    /// # Errors
    /// If there is no such place, or the device refuses.
    pub fn select(&self, axis: usize, index: usize) -> Result<Tensor<T>, DeviceError> {
        let part = self.slice(axis, index..index.saturating_add(1))?;
        let mut lengths = part.shape().to_vec();
        lengths.remove(axis);
        Ok(Tensor { shape: Shape::new(&lengths), ..part })
    }

    /// Replaces a part of an axis.
    ///
    /// # Errors
    /// If there is no such part, it has another shape, devices differ, or the device refuses.
    pub fn set_slice(
        &mut self,
        axis: usize,
        range: impl RangeBounds<usize>,
        part: &Tensor<T>,
    ) -> Result<(), DeviceError> {
        let (from, to) = self.range(axis, &range)?;
        let mut lengths = self.shape().to_vec();
        lengths[axis] = to - from;
        if part.shape() != lengths {
            let message =
                format!("set_slice: a part of shape {lengths:?} and a tensor of shape {:?}", part.shape());
            return Err(DeviceError::Shape(message));
        }
        self.same_device("set_slice", part)?;
        let part = part.in_order(self.order)?;
        let place = self.place(axis) + AXES - self.shape().len();
        let low: [usize; AXES] = std::array::from_fn(|k| if k == place { from } else { 0 });
        self.patch(&part, low)
    }

    /// Replaces a part of an axis by one number: `t.fill_slice(1, 1..2, 0.0)` clears a column.
    ///
    /// # Errors
    /// If there is no such part, or the device refuses.
    pub fn fill_slice(
        &mut self,
        axis: usize,
        range: impl RangeBounds<usize>,
        value: T,
    ) -> Result<(), DeviceError> {
        let (from, to) = self.range(axis, &range)?;
        let part = self.slice(axis, from..to)?;
        self.set_slice(axis, from..to, &part.full_like(value)?)
    }

    /// Tensors one after the other along an axis.
    ///
    /// # Errors
    /// If there are none, their other axes or devices differ, or the device refuses.
    ///
    /// ```
    /// use pullback::Tensor;
    ///
    /// let t = Tensor::from([[1.0], [2.0]]);
    /// assert_eq!(Tensor::cat(&[&t, &t], 1)?, Tensor::from([[1.0, 1.0], [2.0, 2.0]]));
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn cat(parts: &[&Tensor<T>], axis: usize) -> Result<Tensor<T>, DeviceError> {
        let Some(first) = parts.first() else {
            return Err(DeviceError::Shape("cat: no tensors".to_string()));
        };
        first.range(axis, &(..))?;
        let mut lengths = first.shape().to_vec();
        lengths[axis] = 0;
        for part in parts {
            let fits = |(k, (n, m)): (usize, (&usize, &usize))| k == axis || n == m;
            let same = part.shape().len() == first.shape().len();
            if !same || !part.shape().iter().zip(first.shape()).enumerate().all(fits) {
                return Err(first.mismatch("cat", part));
            }
            lengths[axis] += part.shape()[axis];
        }
        let zeros = Tensor::zeros(&lengths, &first.device())?;
        let mut made = Tensor { order: first.order, ..zeros };
        let mut at = 0;
        for part in parts {
            let next = at + part.shape()[axis];
            made.set_slice(axis, at..next, part)?;
            at = next;
        }
        Ok(made)
    }

    /// Rows as columns: the same memory, read the other way.
    #[must_use]
    pub fn transpose(&self) -> Tensor<T> {
        let mut lengths = self.shape().to_vec();
        lengths.reverse();
        let order = match self.order {
            Order::RowMajor => Order::ColumnMajor,
            Order::ColumnMajor => Order::RowMajor,
        };
        Tensor { shape: Shape::new(&lengths), order, data: self.data.clone() }
    }

    /// The same elements, the last index changing first, in another shape.
    ///
    /// # Errors
    /// If that has more or fewer elements, or the device refuses.
    pub fn reshape(&self, shape: &[usize]) -> Result<Tensor<T>, DeviceError> {
        if shape.len() > AXES || shape.iter().product::<usize>() != self.len() {
            let message = format!("reshape: a tensor of shape {:?} as one of shape {shape:?}", self.shape());
            return Err(DeviceError::Shape(message));
        }
        let rows = self.in_order(Order::RowMajor)?;
        Ok(Tensor { shape: Shape::new(shape), ..rows })
    }

    /// The tensor with its elements in that order in memory.
    pub(super) fn in_order(&self, order: Order) -> Result<Tensor<T>, DeviceError> {
        if self.order == order || self.shape.lies_one_way() {
            return Ok(Tensor { order, ..self.clone() });
        }
        let mut all = strides(&self.lengths(self.order));
        all.reverse();
        let lengths = self.lengths(order);
        let data =
            self.gather(&Selection { start: 0, strides: padded(&all, 0), lengths: padded(&lengths, 1) })?;
        Ok(Tensor { shape: self.shape, order, data })
    }

    /// The place of an axis in memory.
    fn place(&self, axis: usize) -> usize {
        match self.order {
            Order::RowMajor => axis,
            Order::ColumnMajor => self.shape().len() - 1 - axis,
        }
    }

    fn range(&self, axis: usize, range: &impl RangeBounds<usize>) -> Result<(usize, usize), DeviceError> {
        let n = self.shape().get(axis).copied();
        let from = match range.start_bound() {
            Bound::Included(&k) => k,
            Bound::Excluded(&k) => k.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(&k) => k.saturating_add(1),
            Bound::Excluded(&k) => k,
            Bound::Unbounded => n.unwrap_or(0),
        };
        match n {
            Some(n) if from <= to && to <= n => Ok((from, to)),
            _ => {
                let shape = self.shape();
                Err(DeviceError::Shape(format!(
                    "{from}..{to} along axis {axis} of a tensor of shape {shape:?}"
                )))
            }
        }
    }

    fn gather(&self, which: &Selection) -> Result<Data<T>, DeviceError> {
        match &self.data {
            Data::Cpu(data) => Ok(Data::Cpu(which.positions().map(|k| data[k]).collect::<Vec<_>>().into())),
            #[cfg(feature = "cuda")]
            Data::Gpu(array) => super::gpu::gather(array, which).map(Data::Gpu),
        }
    }

    /// Writes a part, in the same order in memory, from that place on.
    fn patch(&mut self, part: &Tensor<T>, low: [usize; AXES]) -> Result<(), DeviceError> {
        let whole = self.lengths(self.order);
        let lengths = padded(&part.lengths(self.order), 1);
        #[cfg(feature = "cuda")]
        if let (Data::Gpu(array), Data::Gpu(new)) = (&mut self.data, &part.data) {
            return super::gpu::patch(array, new, padded(&whole, 1), low, lengths);
        }
        let all = padded(&strides(&whole), 0);
        let start = low.iter().zip(&all).map(|(k, s)| k * s).sum();
        let (to, from) = (self.as_mut_slice()?, part.as_slice()?);
        for (position, &value) in (Selection { start, strides: all, lengths }).positions().zip(from) {
            to[position] = value;
        }
        Ok(())
    }
}
