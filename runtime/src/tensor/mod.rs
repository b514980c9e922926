//! Tensors: arrays of floats with a shape, on a device.
//!
//! ```
//! use pullback::nalgebra::DVector;
//! use pullback::{Device, Tensor, differentiable};
//!
//! #[differentiable(wrt(w))]
//! fn loss(w: &DVector<f32>, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
//!     (w.component_mul(x) - y).norm_squared()
//! }
//!
//! # fn main() -> Result<(), pullback::DeviceError> {
//! let device = Device::best(); // a GPU if there is one
//! let x = Tensor::from([1.0, 2.0, 3.0]).to(&device)?;
//! let y = Tensor::from([2.0, 4.0, 6.0]).to(&device)?;
//! let mut w = x.zeros_like()?;
//! for _ in 0..200 {
//!     let gradient = loss::on(&device).grad(&w, &x, &y)?; // a tensor, on the device
//!     w.descend(&gradient, 0.05)?;
//! }
//! assert!(w.to_vec()?.iter().all(|w| (w - 2.0).abs() < 1e-3));
//! # Ok(())
//! # }
//! ```
//!
//! A tensor is a value: a copy shares its memory until one of the two is changed. What does not fit together is an error
//! that names both shapes; nothing here panics. Operators are methods for that reason: `a.add(&b)?`.

mod arithmetic;
mod convert;
mod float;
#[cfg(feature = "cuda")]
pub(crate) mod gpu;
mod in_place;
mod index;
#[cfg(feature = "cuda")]
#[rustfmt::skip]
mod kernels;
mod placing;

use std::fmt;
use std::sync::Arc;

use crate::leaves::{Order, Shape};
use crate::{Device, DeviceError, Random};
pub use float::{Dtype, Float};

/// The greatest number of axes of a tensor.
pub const AXES: usize = 4;

/// An array of floats with a shape, on a device. See the [module](self).
#[derive(Clone)]
pub struct Tensor<T: Float = f32> {
    shape: Shape,
    order: Order,
    data: Data<T>,
}

/// Elements, one after the other in the tensor's order.
#[derive(Clone)]
enum Data<T: Float> {
    Cpu(Arc<Vec<T>>),
    #[cfg(feature = "cuda")]
    Gpu(crate::cuda::Array<T>),
}

impl<T: Float> Tensor<T> {
    /// A tensor of that shape from its elements, the last index changing first.
    ///
    /// # Errors
    /// If there are more or fewer elements than the shape says, or more than four axes.
    ///
    /// ```
    /// let t = pullback::Tensor::new(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    /// assert_eq!((t.at(&[0, 2])?, t.at(&[1, 0])?), (3.0, 4.0));
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn new(shape: &[usize], elements: Vec<T>) -> Result<Tensor<T>, DeviceError> {
        if shape.len() > AXES {
            let message = format!("a tensor of shape {shape:?}: there are at most {AXES} axes");
            return Err(DeviceError::Shape(message));
        }
        let wanted: usize = shape.iter().product();
        if wanted != elements.len() {
            let found = elements.len();
            let message = format!("a tensor of shape {shape:?} has {wanted} elements, not {found}");
            return Err(DeviceError::Shape(message));
        }
        Ok(Tensor::of_host(Shape::new(shape), Order::RowMajor, elements))
    }

    /// Elements in the host's memory, as many as the shape says.
    pub(crate) fn of_host(shape: Shape, order: Order, elements: Vec<T>) -> Tensor<T> {
        Tensor { shape, order, data: Data::Cpu(Arc::new(elements)) }
    }

    /// The same number everywhere.
    ///
    /// # Errors
    /// If there is no memory left on the device, or the shape has more than four axes.
    pub fn full(shape: &[usize], value: T, device: &Device) -> Result<Tensor<T>, DeviceError> {
        #[cfg(feature = "cuda")]
        if let (Some(gpu), true) = (device.gpu(), shape.len() <= AXES) {
            let (shape, order) = (Shape::new(shape), Order::RowMajor);
            let data = Data::Gpu(gpu::full(gpu, shape.dims().iter().product(), value)?);
            return Ok(Tensor { shape, order, data });
        }
        Tensor::new(shape, vec![value; shape.iter().product()])?.to(device)
    }

    /// Zeros.
    ///
    /// # Errors
    /// As [`full`](Tensor::full).
    pub fn zeros(shape: &[usize], device: &Device) -> Result<Tensor<T>, DeviceError> {
        Tensor::full(shape, T::zero(), device)
    }

    /// Ones.
    ///
    /// # Errors
    /// As [`full`](Tensor::full).
    pub fn ones(shape: &[usize], device: &Device) -> Result<Tensor<T>, DeviceError> {
        Tensor::full(shape, T::one(), device)
    }

    /// Numbers spread evenly over [0, 1), the same for the same seed on every machine.
    ///
    /// # Errors
    /// As [`full`](Tensor::full).
    pub fn rand(shape: &[usize], seed: u64, device: &Device) -> Result<Tensor<T>, DeviceError> {
        let mut random = Random::new(seed);
        let elements = (0..shape.iter().product()).map(|_| T::nearest(random.uniform())).collect();
        Tensor::new(shape, elements)?.to(device)
    }

    /// Zeros, of this shape on this device.
    ///
    /// # Errors
    /// If there is no memory left on the device.
    pub fn zeros_like(&self) -> Result<Tensor<T>, DeviceError> {
        self.full_like(T::zero())
    }

    /// Ones, of this shape on this device.
    ///
    /// # Errors
    /// If there is no memory left on the device.
    pub fn ones_like(&self) -> Result<Tensor<T>, DeviceError> {
        self.full_like(T::one())
    }

    /// Numbers spread evenly over [0, 1), of this shape on this device.
    ///
    /// # Errors
    /// If there is no memory left on the device.
    pub fn rand_like(&self, seed: u64) -> Result<Tensor<T>, DeviceError> {
        Ok(Tensor { order: self.order, ..Tensor::rand(self.shape(), seed, &self.device())? })
    }

    /// The same number everywhere, of this shape on this device.
    fn full_like(&self, value: T) -> Result<Tensor<T>, DeviceError> {
        Ok(Tensor { order: self.order, ..Tensor::full(self.shape(), value, &self.device())? })
    }

    /// The lengths of the axes: rows and columns for a matrix, nothing for a number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.shape.dims()
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        T::DTYPE
    }

    /// How the elements lie in memory.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Where the elements are.
    #[must_use]
    pub fn device(&self) -> Device {
        match &self.data {
            Data::Cpu(_) => Device::cpu(),
            #[cfg(feature = "cuda")]
            Data::Gpu(array) => Device::of_gpu(array.gpu()),
        }
    }

    /// The tensor on a device: itself if it is there, else a copy.
    ///
    /// # Errors
    /// If there is no memory left on the device, or earlier work on it failed.
    pub fn to(&self, device: &Device) -> Result<Tensor<T>, DeviceError> {
        if self.device() == *device {
            return Ok(self.clone());
        }
        #[cfg(feature = "cuda")]
        if let Some(gpu) = device.gpu() {
            let array = crate::cuda::Array::upload(gpu, &self.host()?)?;
            return Ok(Tensor { data: Data::Gpu(array), ..self.clone() });
        }
        Ok(Tensor::of_host(self.shape, self.order, self.host()?.to_vec()))
    }

    /// The elements in the host's memory, in the tensor's order. Those of a GPU are copied the first time.
    pub(crate) fn host(&self) -> Result<Arc<Vec<T>>, DeviceError> {
        match &self.data {
            Data::Cpu(data) => Ok(data.clone()),
            #[cfg(feature = "cuda")]
            Data::Gpu(array) => array.host(),
        }
    }

    /// The lengths of the axes as they lie in memory, the one of neighbours last.
    pub(crate) fn lengths(&self, order: Order) -> Vec<usize> {
        let mut lengths = self.shape().to_vec();
        if order == Order::ColumnMajor {
            lengths.reverse();
        }
        lengths
    }
}

impl<T: Float> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = self.to_vec().map_err(|_| fmt::Error)?;
        show(f, self.shape(), &elements)?;
        if self.device().is_cpu() { Ok(()) } else { write!(f, " on {}", self.device()) }
    }
}

/// `[[1, 2], [3, 4]]`.
fn show<T: Float>(f: &mut fmt::Formatter<'_>, shape: &[usize], elements: &[T]) -> fmt::Result {
    let Some((&n, inner)) = shape.split_first() else { return write!(f, "{}", elements[0]) };
    let size: usize = inner.iter().product();
    f.write_str("[")?;
    for k in 0..n {
        f.write_str(if k > 0 { ", " } else { "" })?;
        show(f, inner, &elements[k * size..][..size])?;
    }
    f.write_str("]")
}

impl<T: Float> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shape, dtype, device) = (self.shape(), self.dtype(), self.device());
        write!(f, "Tensor({shape:?} of {dtype} on {device})")
    }
}

/// Tensors are equal if shape and elements are, wherever they are and however they lie in memory.
impl<T: Float> PartialEq for Tensor<T> {
    fn eq(&self, other: &Tensor<T>) -> bool {
        self.shape() == other.shape() && matches!((self.to_vec(), other.to_vec()), (Ok(a), Ok(b)) if a == b)
    }
}
