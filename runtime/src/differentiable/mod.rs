//! Types with a tangent, and their form on a device.

mod form;
mod lists;
mod matrices;
mod numbers;
mod tuples;

pub use form::{Form, Numbers, Single};

use crate::leaves::Shape;
use crate::{Device, DeviceError};

/// A type that differentiable functions take and return. `#[derive(Differentiable)]` makes a struct one.
///
/// ```
/// use pullback::nalgebra::DVector;
/// use pullback::{Differentiable, differentiable};
///
/// #[derive(Differentiable)]
/// struct Line {
///     slope: f64,
///     offset: f64,
///     #[no_diff]
///     scale: f64,
/// }
///
/// #[differentiable(wrt(line))]
/// fn loss(line: &Line, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
///     (x.map(|x| line.scale * (line.slope * x + line.offset)) - y).norm_squared()
/// }
///
/// let line = Line { slope: 1.0, offset: 2.0, scale: 1.0 };
/// let x = DVector::from_vec(vec![0.0, 1.0]);
/// let (value, grad) = loss::value_and_grad(&line, &x, &x);
/// // A derivative is called like what it is the derivative by.
/// assert_eq!((value, grad.slope, grad.offset), (8.0, 4.0, 8.0));
/// ```
pub trait Differentiable: Sized {
    /// What a gradient has of a value: of a struct a struct with the same fields, without those that are `#[no_diff]`;
    /// of what has no derivative `()`.
    type Tangent;

    /// The value on a device: see [`Placed`].
    type Placed: 'static;

    /// The value on a device.
    ///
    /// # Errors
    /// If there is no memory left on the device, or an array has more axes than a tensor.
    ///
    /// ```
    /// use pullback::nalgebra::DVector;
    /// use pullback::{Device, Differentiable};
    ///
    /// #[derive(Differentiable)]
    /// struct Line {
    ///     w: DVector<f64>,
    ///     b: f64,
    /// }
    ///
    /// let line = Line { w: DVector::from_vec(vec![1.0, 2.0]), b: 3.0 };
    /// let placed = line.to(&Device::best())?;
    /// assert_eq!(placed.w.shape(), [2]);
    /// assert_eq!(placed.b.item()?, 3.0);
    /// assert_eq!(placed.to_host()?.w, line.w);
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    fn to(&self, device: &Device) -> Result<Self::Placed, DeviceError>;

    /// A value from its form on a device. Structs have it as a method, `placed.to_host()`.
    ///
    /// # Errors
    /// If a tensor has not the shape that the type says, or earlier work on the device failed.
    fn from_placed(placed: &Self::Placed) -> Result<Self, DeviceError>;

    /// A zero tangent with the lengths of the value.
    fn zeros_like(&self) -> Self::Tangent;

    /// A copy, also of structs that are not `Clone`.
    #[doc(hidden)]
    fn copied(&self) -> Self;

    /// How several values are placed.
    #[doc(hidden)]
    type Form: Form<One = Self::Placed>;

    /// The axes of an array of numbers.
    #[doc(hidden)]
    #[must_use]
    fn lengths() -> Shape {
        Shape::default()
    }

    /// Values on their way to a device.
    #[doc(hidden)]
    fn pack(items: &[Self], device: &Device) -> Result<<Self::Form as Form>::Packed, DeviceError>;

    /// So many values from a device.
    #[doc(hidden)]
    fn unpack<'a: 'a>(
        opened: <Self::Form as Form>::Opened<'a>,
        count: usize,
    ) -> Result<Vec<Self>, DeviceError>;
}

/// What a value is on a device: `pullback::Placed<Model>`.
///
/// Arrays of floats and floats are [`Tensor`](crate::Tensor)s: a number one without axes, a list of numbers or of arrays of
/// numbers a single one. Lists and tuples of other things are lists and tuples. What is not a float stays as it is. For a struct it
/// is a struct with the same fields, all public; numbers that are `#[no_diff]` stay in the host's memory there.
///
/// ```
/// use pullback::{Device, Differentiable, Placed, Tensor};
///
/// let pair = (vec![1.0, 2.0], [[3.0f32; 4]; 5], 6usize);
/// let placed: Placed<(Vec<f64>, [[f32; 4]; 5], usize)> = pair.to(&Device::cpu())?;
/// assert_eq!(placed.0, Tensor::from([1.0, 2.0]));
/// assert_eq!((placed.1.shape(), placed.2), (&[5, 4][..], 6));
/// assert_eq!(<(Vec<f64>, [[f32; 4]; 5], usize)>::from_placed(&placed)?, pair);
/// # Ok::<(), pullback::DeviceError>(())
/// ```
pub type Placed<T> = <T as Differentiable>::Placed;

/// What is on a device, elsewhere.
#[doc(hidden)]
pub trait Move: Sized {
    /// The same there.
    fn moved(&self, device: &Device) -> Result<Self, DeviceError>;
    /// The same here.
    #[must_use]
    fn copy(&self) -> Self;
}

impl<T: crate::tensor::Float> Move for crate::Tensor<T> {
    fn moved(&self, device: &Device) -> Result<Self, DeviceError> {
        self.to(device)
    }
    fn copy(&self) -> Self {
        self.clone()
    }
}

/// What several things are, each for itself.
#[doc(hidden)]
pub fn each_to<T: Differentiable>(items: &[T], device: &Device) -> Result<Vec<T::Placed>, DeviceError> {
    items.iter().map(|item| item.to(device)).collect()
}

/// Several things from what they are on a device.
#[doc(hidden)]
pub fn each_from<T: Differentiable>(placed: &[&T::Placed]) -> Result<Vec<T>, DeviceError> {
    placed.iter().map(|placed| T::from_placed(placed)).collect()
}

/// An error of a part of something as one of the whole: shapes are told of with the way to them.
#[doc(hidden)]
pub fn inside<T>(part: &str, result: Result<T, DeviceError>) -> Result<T, DeviceError> {
    result.map_err(|error| match error {
        DeviceError::Shape(message) => DeviceError::Shape(match message.strip_prefix('`') {
            Some(rest) => format!("`{part}.{rest}"),
            None => format!("`{part}` {message}"),
        }),
        other => other,
    })
}

/// A type that can be differentiated; what an error about one that cannot names.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to differentiable functions",
    label = "not known",
    note = "write `#[derive(pullback::Differentiable)]` on a struct, and `#[pullback::differentiable]` on a type alias or on an enum \
            without payload"
)]
pub trait __Known {}

#[diagnostic::do_not_recommend]
impl<T: Differentiable> __Known for T {}

/// Generated code names it, so that a type that cannot be differentiated is told what to derive.
#[doc(hidden)]
pub fn __known<T: __Known>() {}

/// A constant that a method of a type reads, for callers that may not be able to name it.
#[doc(hidden)]
pub trait __Constant<const KEY: u64> {
    /// The constant's type.
    type Type;
    /// The constant.
    const VALUE: Self::Type;
}

/// The constant of a type that is a part of another, found without its name.
#[doc(hidden)]
#[inline(always)]
#[must_use]
pub const fn __constant<const KEY: u64, S, T: __Constant<KEY>>(_part: for<'s> fn(&'s S) -> &'s T) -> T::Type {
    T::VALUE
}
