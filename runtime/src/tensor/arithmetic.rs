//! Sums and products.

use super::{Data, Float, Tensor};
use crate::DeviceError;
use crate::cpu;
use crate::leaves::{Order, Shape};

/// An operation on pairs of elements.
#[derive(Clone, Copy)]
pub(super) enum Pairs {
    Add,
    Sub,
    Mul,
    Div,
}

/// An operation of an element and a number.
#[derive(Clone, Copy)]
pub(super) enum WithNumber {
    Plus,
    Times,
}

impl<T: Float> Tensor<T> {
    /// The elements' sums.
    ///
    /// # Errors
    /// If shapes or devices differ, or the device refuses.
    ///
    /// ```
    /// use pullback::Tensor;
    ///
    /// let sum = Tensor::from([1.0, 2.0]).add(&Tensor::from([10.0, 20.0]))?;
    /// assert_eq!(sum, Tensor::from([11.0, 22.0]));
    /// let error = Tensor::from([1.0, 2.0]).add(&Tensor::from([1.0; 3])).unwrap_err();
    /// assert_eq!(error.to_string(), "add: a tensor of shape [2] and one of shape [3]");
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn add(&self, other: &Tensor<T>) -> Result<Tensor<T>, DeviceError> {
        self.pairs("add", other, Pairs::Add)
    }

    /// The elements' differences.
    ///
    /// # Errors
    /// As [`add`](Tensor::add).
    pub fn sub(&self, other: &Tensor<T>) -> Result<Tensor<T>, DeviceError> {
        self.pairs("sub", other, Pairs::Sub)
    }

    /// The elements' products; [`matmul`](Tensor::matmul) is the matrix product.
    ///
    /// # Errors
    /// As [`add`](Tensor::add).
    pub fn mul(&self, other: &Tensor<T>) -> Result<Tensor<T>, DeviceError> {
        self.pairs("mul", other, Pairs::Mul)
    }

    /// The elements' quotients.
    ///
    /// # Errors
    /// As [`add`](Tensor::add).
    pub fn div(&self, other: &Tensor<T>) -> Result<Tensor<T>, DeviceError> {
        self.pairs("div", other, Pairs::Div)
    }

    /// Every element plus a number.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn add_number(&self, number: T) -> Result<Tensor<T>, DeviceError> {
        self.with_number(number, WithNumber::Plus)
    }

    /// Every element times a number.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn scale(&self, number: T) -> Result<Tensor<T>, DeviceError> {
        self.with_number(number, WithNumber::Times)
    }

    /// Adds in place.
    ///
    /// # Errors
    /// As [`add`](Tensor::add); the tensor is what it was then.
    pub fn add_assign(&mut self, other: &Tensor<T>) -> Result<(), DeviceError> {
        self.in_place("add_assign", other, Pairs::Add)
    }

    /// Subtracts in place.
    ///
    /// # Errors
    /// As [`add`](Tensor::add); the tensor is what it was then.
    pub fn sub_assign(&mut self, other: &Tensor<T>) -> Result<(), DeviceError> {
        self.in_place("sub_assign", other, Pairs::Sub)
    }

    /// Multiplies in place.
    ///
    /// # Errors
    /// As [`add`](Tensor::add); the tensor is what it was then.
    pub fn mul_assign(&mut self, other: &Tensor<T>) -> Result<(), DeviceError> {
        self.in_place("mul_assign", other, Pairs::Mul)
    }

    /// A step of gradient descent: subtracts `rate` times the gradient, in place.
    ///
    /// # Errors
    /// As [`add`](Tensor::add); the tensor is what it was then.
    pub fn descend(&mut self, gradient: &Tensor<T>, rate: T) -> Result<(), DeviceError> {
        self.fits("descend", gradient)?;
        let gradient = gradient.in_order(self.order)?;
        #[cfg(feature = "cuda")]
        if let (Data::Gpu(a), Data::Gpu(b)) = (&mut self.data, &gradient.data) {
            return super::gpu::descend(a, b, rate);
        }
        for (a, &b) in self.as_mut_slice()?.iter_mut().zip(gradient.as_slice()?) {
            *a -= b * rate;
        }
        Ok(())
    }

    /// The sum of all elements.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn sum(&self) -> Result<T, DeviceError> {
        match &self.data {
            Data::Cpu(data) => Ok(sum(data)),
            #[cfg(feature = "cuda")]
            Data::Gpu(array) => super::gpu::sum(array),
        }
    }

    /// The matrix product. A vector on the right is a column, and so is the result then.
    ///
    /// # Errors
    /// If the columns of one are not as many as the rows of the other, devices differ, or the device refuses.
    ///
    /// ```
    /// use pullback::Tensor;
    ///
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.matmul(&a.transpose())?, Tensor::from([[5.0, 11.0], [11.0, 25.0]]));
    /// assert_eq!(a.matmul(&Tensor::from([1.0, 1.0]))?, Tensor::from([3.0, 7.0]));
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn matmul(&self, other: &Tensor<T>) -> Result<Tensor<T>, DeviceError> {
        let shapes = || self.mismatch("matmul", other);
        let (rows, inner) = match *self.shape() {
            [rows, inner] => (rows, inner),
            _ => return Err(shapes()),
        };
        let (shape, columns) = match *other.shape() {
            [k, columns] if k == inner => (Shape::new(&[rows, columns]), columns),
            [k] if k == inner => (Shape::new(&[rows]), 1),
            _ => return Err(shapes()),
        };
        self.same_device("matmul", other)?;
        let (a, b) = (self.in_order(Order::RowMajor)?, other.in_order(Order::RowMajor)?);
        let data = match (&a.data, &b.data) {
            (Data::Cpu(a), Data::Cpu(b)) => {
                let mut made = vec![T::zero(); rows * columns];
                cpu::matmul::<T, false, false>(&mut made, (a, rows, inner), (b, inner, columns));
                Data::Cpu(made.into())
            }
            #[cfg(feature = "cuda")]
            (Data::Gpu(a), Data::Gpu(b)) => {
                Data::Gpu(T::kernels().product.run((a, b), [rows, columns, inner])?)
            }
            #[cfg(feature = "cuda")]
            _ => unreachable!("devices were compared above"),
        };
        Ok(Tensor { shape, order: Order::RowMajor, data })
    }

    fn pairs(&self, what: &str, other: &Tensor<T>, how: Pairs) -> Result<Tensor<T>, DeviceError> {
        self.fits(what, other)?;
        let other = other.in_order(self.order)?;
        let data = match (&self.data, &other.data) {
            (Data::Cpu(a), Data::Cpu(b)) => {
                Data::Cpu(a.iter().zip(b.iter()).map(|(&a, &b)| pair(how, a, b)).collect::<Vec<_>>().into())
            }
            #[cfg(feature = "cuda")]
            (Data::Gpu(a), Data::Gpu(b)) => Data::Gpu(super::gpu::pairs(a, b, how)?),
            #[cfg(feature = "cuda")]
            _ => unreachable!("devices were compared above"),
        };
        Ok(Tensor { data, ..self.clone() })
    }

    /// In the tensor's own memory, if no other tensor shares it.
    fn in_place(&mut self, what: &str, other: &Tensor<T>, how: Pairs) -> Result<(), DeviceError> {
        self.fits(what, other)?;
        let other = other.in_order(self.order)?;
        #[cfg(feature = "cuda")]
        if let (Data::Gpu(a), Data::Gpu(b)) = (&mut self.data, &other.data) {
            return super::gpu::pairs_onto(a, b, how);
        }
        for (a, &b) in self.as_mut_slice()?.iter_mut().zip(other.as_slice()?) {
            *a = pair(how, *a, b);
        }
        Ok(())
    }

    fn with_number(&self, number: T, how: WithNumber) -> Result<Tensor<T>, DeviceError> {
        let data = match &self.data {
            Data::Cpu(a) => {
                let one = |&a: &T| match how {
                    WithNumber::Plus => a + number,
                    WithNumber::Times => a * number,
                };
                Data::Cpu(a.iter().map(one).collect::<Vec<_>>().into())
            }
            #[cfg(feature = "cuda")]
            Data::Gpu(a) => Data::Gpu(super::gpu::with_number(a, number, how)?),
        };
        Ok(Tensor { data, ..self.clone() })
    }

    fn fits(&self, what: &str, other: &Tensor<T>) -> Result<(), DeviceError> {
        if self.shape() != other.shape() {
            return Err(self.mismatch(what, other));
        }
        self.same_device(what, other)
    }

    pub(super) fn mismatch(&self, what: &str, other: &Tensor<T>) -> DeviceError {
        let (a, b) = (self.shape(), other.shape());
        DeviceError::Shape(format!("{what}: a tensor of shape {a:?} and one of shape {b:?}"))
    }

    pub(super) fn same_device(&self, what: &str, other: &Tensor<T>) -> Result<(), DeviceError> {
        let (a, b) = (self.device(), other.device());
        if a == b {
            return Ok(());
        }
        Err(DeviceError::Elsewhere(format!("{a} and {b}, in {what}")))
    }
}

fn pair<T: Float>(how: Pairs, a: T, b: T) -> T {
    match how {
        Pairs::Add => a + b,
        Pairs::Sub => a - b,
        Pairs::Mul => a * b,
        Pairs::Div => a / b,
    }
}

/// A sum by halves: its error grows with the logarithm of the length.
fn sum<T: Float>(elements: &[T]) -> T {
    if elements.len() <= 64 {
        return elements.iter().fold(T::zero(), |sum, &x| sum + x);
    }
    let (left, right) = elements.split_at(elements.len() / 2);
    sum(left) + sum(right)
}
