//! Tensors in the place of host values.

#[cfg(feature = "cuda")]
use std::sync::Arc;

#[cfg(feature = "cuda")]
use super::Data;
use super::{AXES, Float, Tensor};
#[cfg(feature = "cuda")]
use crate::cuda::{Array, Gpu};
use crate::leaves::{Order, Shape};
use crate::{Device, DeviceError};

impl<T: Float> Tensor<T> {
    /// Elements of the host, on a device.
    pub(crate) fn placed(
        shape: Shape,
        order: Order,
        elements: Vec<T>,
        device: &Device,
    ) -> Result<Tensor<T>, DeviceError> {
        if shape.dims().len() > AXES {
            let message = format!("has shape {shape}, but a tensor has at most {AXES} axes");
            return Err(DeviceError::Shape(message));
        }
        Tensor::of_host(shape, order, elements).to(device)
    }

    /// The tensor as it lies in memory where it stands for a host value of that shape, `None` being any length.
    pub(crate) fn fitted(&self, wanted: &[Option<usize>], order: Order) -> Result<Tensor<T>, DeviceError> {
        let fits = |(n, want): (&usize, &Option<usize>)| want.is_none_or(|want| want == *n);
        let same = self.shape().len() == wanted.len();
        if !same || !self.shape().iter().zip(wanted).all(fits) {
            let word = |n: &Option<usize>| n.map_or("any".to_string(), |n| n.to_string());
            let wanted = wanted.iter().map(word).collect::<Vec<_>>().join(", ");
            let message = format!("takes a tensor of shape [{wanted}], not {:?}", self.shape());
            return Err(DeviceError::Shape(message));
        }
        self.in_order(order)
    }

    /// Changes the elements, in the host's memory; they are written back where they were.
    #[cfg(feature = "safetensors")]
    pub(crate) fn edit(&mut self, change: impl FnOnce(&mut [T])) -> Result<(), DeviceError> {
        if self.device().is_cpu() {
            change(self.as_mut_slice()?);
            return Ok(());
        }
        let mut elements = std::sync::Arc::unwrap_or_clone(self.host()?);
        change(&mut elements);
        self.write(&elements)
    }

    /// The elements in a GPU's memory.
    #[cfg(feature = "cuda")]
    pub(crate) fn array(&self, gpu: &Arc<Gpu>) -> Result<Array<T>, DeviceError> {
        match &self.data {
            Data::Gpu(array) if Arc::ptr_eq(array.gpu(), gpu) => Ok(array.clone()),
            _ => Array::upload(gpu, &self.host()?),
        }
    }

    /// The elements, if they are in a GPU's memory, to be changed.
    #[cfg(feature = "cuda")]
    pub(crate) fn array_mut(&mut self) -> Option<&mut Array<T>> {
        match &mut self.data {
            Data::Gpu(array) => Some(array),
            Data::Cpu(_) => None,
        }
    }

    /// Elements in a GPU's memory, as many as the shape says.
    #[cfg(feature = "cuda")]
    pub(crate) fn of_array(shape: Shape, order: Order, array: Array<T>) -> Tensor<T> {
        Tensor { shape, order, data: Data::Gpu(array) }
    }
}
