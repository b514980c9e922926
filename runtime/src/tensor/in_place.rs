//! Tensors whose elements are written anew, in the memory that they have.

use super::{Data, Float, Tensor};
use crate::DeviceError;
use crate::leaves::Order;

impl<T: Float> Tensor<T> {
    /// The same number everywhere, from now on. As all changes in place, this writes the tensor's own memory, unless another
    /// tensor shares it.
    ///
    /// # Errors
    /// If the device refuses, or the tensor shares its memory with another and a recording uses it.
    ///
    /// ```
    /// let mut t = pullback::Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// t.fill(0.5)?;
    /// assert_eq!(t.sum()?, 2.0);
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn fill(&mut self, value: T) -> Result<(), DeviceError> {
        #[cfg(feature = "cuda")]
        if let Data::Gpu(array) = &mut self.data {
            return super::gpu::fill(array, value);
        }
        self.as_mut_slice()?.fill(value);
        Ok(())
    }

    /// The elements of a tensor of the same shape, wherever it is, in place.
    ///
    /// # Errors
    /// If shapes differ, the device refuses, or the tensor shares its memory with another and a recording uses it.
    ///
    /// ```
    /// use pullback::{Device, Tensor};
    ///
    /// let device = Device::best();
    /// let mut batch = Tensor::<f32>::zeros(&[2, 2], &device)?;
    /// batch.copy_from(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]))?;
    /// assert_eq!(batch.to_vec()?, [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn copy_from(&mut self, other: &Tensor<T>) -> Result<(), DeviceError> {
        if self.shape() != other.shape() {
            return Err(self.mismatch("copy_from", other));
        }
        let other = other.in_order(self.order)?;
        #[cfg(feature = "cuda")]
        if let (Data::Gpu(to), Data::Gpu(from)) = (&mut self.data, &other.data)
            && std::sync::Arc::ptr_eq(to.gpu(), from.gpu())
        {
            return super::gpu::copy(to, from);
        }
        self.write(&other.host()?)
    }

    /// As many elements of the host, the last index changing first, in place: a mini-batch for a tensor on a GPU. Up to some
    /// megabytes the copy is only queued; `elements` may be changed in any case when this returns.
    ///
    /// # Errors
    /// If there are more or fewer, the device refuses, or the tensor shares its memory with another and a recording uses it.
    ///
    /// ```
    /// use pullback::{Device, Tensor};
    ///
    /// let mut x = Tensor::<f32>::zeros(&[3], &Device::best())?;
    /// for batch in [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] {
    ///     x.copy_from_slice(&batch)?;
    ///     assert_eq!(x.to_vec()?, batch);
    /// }
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn copy_from_slice(&mut self, elements: &[T]) -> Result<(), DeviceError> {
        if elements.len() != self.len() {
            let (shape, found) = (self.shape(), elements.len());
            let message = format!(
                "copy_from_slice: a tensor of shape {shape:?} has {} elements, not {found}",
                self.len()
            );
            return Err(DeviceError::Shape(message));
        }
        if self.order == Order::RowMajor || self.shape.lies_one_way() {
            return self.write(elements);
        }
        let ordered = Tensor::new(self.shape(), elements.to_vec())?.in_order(self.order)?;
        self.write(ordered.as_slice()?)
    }

    /// A copy with memory of its own, unlike that of `clone`, which is copied when one of the two is changed.
    ///
    /// # Errors
    /// If there is no memory left on the device.
    pub fn duplicate(&self) -> Result<Tensor<T>, DeviceError> {
        let data = match &self.data {
            Data::Cpu(data) => Data::Cpu(data.to_vec().into()),
            #[cfg(feature = "cuda")]
            Data::Gpu(array) => Data::Gpu(super::gpu::duplicate(array)?),
        };
        Ok(Tensor { data, ..self.clone() })
    }

    /// As many elements, in the tensor's own order.
    pub(super) fn write(&mut self, elements: &[T]) -> Result<(), DeviceError> {
        #[cfg(feature = "cuda")]
        if let Data::Gpu(array) = &mut self.data {
            return super::gpu::write(array, elements);
        }
        self.as_mut_slice()?.copy_from_slice(elements);
        Ok(())
    }
}
