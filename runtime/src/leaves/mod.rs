//! The leaves of a value: its arrays of numbers, each with a name and a shape.
//!
//! Optimizers, clipping, and saving and loading walk over leaves; so they take plain numbers, nalgebra's vectors and matrices,
//! tuples of these, structs that derive `Differentiable`, the same on a device, and the gradients of all of them.
//!
//! ```
//! use pullback::leaves::names;
//! use pullback::nalgebra::{DMatrix, DVector};
//!
//! let layers = vec![(DMatrix::<f32>::zeros(2, 3), DVector::<f32>::zeros(2)); 2];
//! assert_eq!(names(&layers), ["0.0", "0.1", "1.0", "1.1"]);
//!
//! #[pullback::differentiable]
//! fn energy(mass: f64, speed: &[f64]) -> f64 {
//!     0.5 * mass * speed.iter().map(|v| v * v).sum::<f64>()
//! }
//!
//! assert_eq!(names(&energy::grad(2.0, &[3.0, 4.0])), ["mass", "speed"]);
//! ```

mod path;
mod shape;
mod values;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use path::Path;
pub use shape::{Order, Shape};
pub use values::Number;

use crate::{Device, DeviceError, Tensor};

/// A value with leaves, which are visited in an order that depends on its type and lengths only.
///
/// Parameters and their gradient have leaves of the same shapes in the same order.
pub trait Leaves {
    /// Calls `visitor` with each leaf and its path below `path`.
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>));

    /// Visits a row of such values, of which `shape` says how it is folded up. Numbers are one leaf of that shape; the rest
    /// is visited element by element.
    fn visit_all<'a>(
        items: &'a [Self],
        shape: Shape,
        path: Path<'_>,
        visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>),
    ) where
        Self: Sized,
    {
        let mut rest = items.iter();
        each(shape.dims(), path, &mut |path| {
            if let Some(item) = rest.next() {
                item.visit(path, visitor);
            }
        });
    }
}

/// A value with leaves that can be changed: parameters.
///
/// ```
/// use pullback::leaves::{LeavesMut, NumbersMut, Path};
///
/// let (mut a, mut b) = (1.0, [2.0, 3.0]);
/// (&mut a, &mut b).visit_mut(Path::ROOT, &mut |_, leaf| {
///     if let NumbersMut::F64(numbers) = leaf.numbers {
///         numbers.iter_mut().for_each(|x| *x *= 10.0);
///     }
/// });
/// assert_eq!((a, b), (10.0, [20.0, 30.0]));
/// ```
pub trait LeavesMut: Leaves {
    /// Calls `visitor` with each leaf, in the order of [`Leaves::visit`].
    fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>));

    /// Visits a row of such values, as [`Leaves::visit_all`] does.
    fn visit_all_mut<'a>(
        items: &'a mut [Self],
        shape: Shape,
        path: Path<'_>,
        visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>),
    ) where
        Self: Sized,
    {
        let mut rest = items.iter_mut();
        each(shape.dims(), path, &mut |path| {
            if let Some(item) = rest.next() {
                item.visit_mut(path, visitor);
            }
        });
    }
}

/// The paths of the elements of an array, the last index changing first.
fn each(dims: &[usize], path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>)) {
    match dims {
        [] => visitor(path),
        [n, rest @ ..] => (0..*n).for_each(|i| each(rest, path.index(i), visitor)),
    }
}

/// An array of numbers in a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Leaf<'a> {
    /// The numbers, in memory order.
    pub numbers: Numbers<'a>,
    /// What they are an array of: a vector of n elements is `[n]`, a matrix `[rows, columns]`, a number `[]`.
    pub shape: Shape,
    /// How the array lies in memory.
    pub order: Order,
}

/// An array of numbers in a value, to be changed.
#[derive(PartialEq, Debug)]
pub struct LeafMut<'a> {
    /// The numbers, in memory order.
    pub numbers: NumbersMut<'a>,
    /// What they are an array of.
    pub shape: Shape,
    /// How the array lies in memory.
    pub order: Order,
}

/// The numbers of a leaf.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Numbers<'a> {
    /// In the host's memory.
    F32(&'a [f32]),
    /// In the host's memory.
    F64(&'a [f64]),
    /// In a GPU's memory.
    TensorF32(&'a Tensor<f32>),
    /// In a GPU's memory.
    TensorF64(&'a Tensor<f64>),
}

/// The numbers of a leaf in the host's memory: the leaf's own, or a copy of what a GPU has.
#[derive(Clone, PartialEq, Debug)]
pub enum HostNumbers<'a> {
    /// Of type `f32`.
    F32(Cow<'a, [f32]>),
    /// Of type `f64`.
    F64(Cow<'a, [f64]>),
}

/// The numbers of a leaf, to be changed.
#[derive(PartialEq, Debug)]
#[non_exhaustive]
pub enum NumbersMut<'a> {
    /// In the host's memory.
    F32(&'a mut [f32]),
    /// In the host's memory.
    F64(&'a mut [f64]),
    /// In a GPU's memory.
    TensorF32(&'a mut Tensor<f32>),
    /// In a GPU's memory.
    TensorF64(&'a mut Tensor<f64>),
}

impl<'a> Numbers<'a> {
    /// The same in the host's memory, in the same order; those of a GPU are copied.
    ///
    /// # Errors
    /// If earlier work on the GPU failed.
    pub fn host(self) -> Result<HostNumbers<'a>, DeviceError> {
        Ok(match self {
            Numbers::F32(x) => HostNumbers::F32(x.into()),
            Numbers::F64(x) => HostNumbers::F64(x.into()),
            Numbers::TensorF32(x) => HostNumbers::F32(Arc::unwrap_or_clone(x.host()?).into()),
            Numbers::TensorF64(x) => HostNumbers::F64(Arc::unwrap_or_clone(x.host()?).into()),
        })
    }

    /// The type's name: `f32` or `f64`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Numbers::F32(_) | Numbers::TensorF32(_) => "f32",
            Numbers::F64(_) | Numbers::TensorF64(_) => "f64",
        }
    }

    /// Where they are.
    #[must_use]
    pub fn device(&self) -> Device {
        match self {
            Numbers::F32(_) | Numbers::F64(_) => Device::cpu(),
            Numbers::TensorF32(x) => x.device(),
            Numbers::TensorF64(x) => x.device(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Numbers::F32(x) => x.len(),
            Numbers::F64(x) => x.len(),
            Numbers::TensorF32(x) => x.len(),
            Numbers::TensorF64(x) => x.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl NumbersMut<'_> {
    /// The type's name: `f32` or `f64`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            NumbersMut::F32(_) | NumbersMut::TensorF32(_) => "f32",
            NumbersMut::F64(_) | NumbersMut::TensorF64(_) => "f64",
        }
    }
}

/// The names of all leaves, in order. The name of a value that is one leaf is empty.
#[must_use]
pub fn names(value: &(impl Leaves + ?Sized)) -> Vec<String> {
    let mut names = Vec::new();
    value.visit(Path::ROOT, &mut |path, _| names.push(path.to_string()));
    names
}

/// A value on a device in words: the types and shapes of its leaves.
#[doc(hidden)]
pub fn describe(value: &impl Leaves, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut all = f.debug_struct(name);
    value.visit(Path::ROOT, &mut |path, leaf| {
        all.field(&path.to_string(), &format_args!("{} {}", leaf.numbers.type_name(), leaf.shape));
    });
    all.finish_non_exhaustive()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{DMatrix, DVector, Matrix2x3, RowDVector, Vector3};

    /// The name, shape, order and numbers of each leaf.
    fn list(value: &impl Leaves) -> Vec<String> {
        let mut list = Vec::new();
        value.visit(Path::ROOT, &mut |path, leaf| {
            let Leaf { numbers, shape, order } = leaf;
            list.push(format!("{path} {shape} {order:?} {numbers:?}"));
        });
        list
    }

    #[test]
    fn numbers_and_arrays_are_one_leaf() {
        assert_eq!(list(&2.0f32), [" [] RowMajor F32([2.0])"]);
        assert_eq!(list(&[1.0, 2.0]), [" [2] RowMajor F64([1.0, 2.0])"]);
        let nested = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(list(&nested), [" [2, 3] RowMajor F64([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])"]);
        assert_eq!(list(&nested.to_vec()), list(&nested));
        assert_eq!(list(&vec![7, 8]), [""; 0]);
    }

    #[test]
    fn vectors_have_one_axis_and_matrices_two() {
        assert_eq!(list(&Vector3::new(1.0, 2.0, 3.0)), [" [3] ColumnMajor F64([1.0, 2.0, 3.0])"]);
        assert_eq!(list(&DVector::from_element(1, 2.0)), [" [1] ColumnMajor F64([2.0])"]);
        assert_eq!(list(&RowDVector::from_element(2, 2.0)), [" [1, 2] ColumnMajor F64([2.0, 2.0])"]);
        let matrix = Matrix2x3::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
        assert_eq!(list(&matrix), [" [2, 3] ColumnMajor F64([1.0, 4.0, 2.0, 5.0, 3.0, 6.0])"]);
        assert_eq!(list(&DMatrix::<f32>::zeros(2, 1)), [" [2, 1] ColumnMajor F32([0.0, 0.0])"]);
    }

    #[test]
    fn elements_of_lists_and_tuples_have_numbers_for_names() {
        let layer = (DVector::from_element(1, 2.0), 3.0f32);
        let named = |name: &str| {
            [format!("{name}.0 [1] ColumnMajor F64([2.0])"), format!("{name}.1 [] RowMajor F32([3.0])")]
        };
        assert_eq!(list(&vec![layer.clone(), layer.clone()]), [named("0"), named("1")].concat());
        let nested = [[layer.clone(), layer.clone()], [layer.clone(), layer]];
        assert_eq!(list(&nested), [named("0.0"), named("0.1"), named("1.0"), named("1.1")].concat());
    }

    #[test]
    fn changing_goes_through_references() {
        let (mut a, mut b) = (1.0, DVector::from_element(2, 2.0));
        let mut path = Vec::new();
        (&mut a, &mut b).visit_mut(Path::ROOT, &mut |at, leaf| {
            path.push(at.to_string());
            if let NumbersMut::F64(numbers) = leaf.numbers {
                numbers.fill(5.0);
            }
        });
        assert_eq!(
            (a, b.as_slice(), path.as_slice()),
            (5.0, &[5.0, 5.0][..], &["0".into(), "1".to_string()][..])
        );
    }

    #[test]
    fn paths_print_with_dots() {
        let (layers, zero);
        layers = Path::ROOT.field("layers");
        zero = layers.index(0);
        assert_eq!(zero.field("weight").to_string(), "layers.0.weight");
        assert_eq!(Path::ROOT.to_string(), "");
    }
}
