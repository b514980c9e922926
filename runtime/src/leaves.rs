//! The leaves of a value: its arrays of numbers, each with a name and a shape.
//!
//! Optimizers, clipping, and saving and loading walk over leaves; so they take plain numbers, nalgebra's vectors and matrices,
//! tuples of these, structs that derive `Differentiable`, and the gradients of all of them.
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

use std::fmt;

use nalgebra::{Const, DMatrix, Dyn, OMatrix, SMatrix, Scalar};

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

/// The numbers of a leaf. More kinds will follow, for memory of a GPU.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Numbers<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

/// The numbers of a leaf, to be changed. More kinds will follow, for memory of a GPU.
#[derive(PartialEq, Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum NumbersMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
}

impl Numbers<'_> {
    /// The type's name: `f32` or `f64`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Numbers::F32(_) => "f32",
            Numbers::F64(_) => "f64",
        }
    }
}

impl NumbersMut<'_> {
    /// The type's name: `f32` or `f64`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            NumbersMut::F32(_) => "f32",
            NumbersMut::F64(_) => "f64",
        }
    }
}

/// How an array lies in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The last index changes first, as in Rust's nested arrays, NumPy and safetensors.
    RowMajor,
    /// The first index changes first, as in nalgebra's matrices.
    ColumnMajor,
}

/// The greatest number of axes of a leaf.
const AXES: usize = 8;

/// The lengths of an array along its axes; prints as `[2, 3]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Shape {
    dims: [usize; AXES],
    axes: usize,
}

impl Shape {
    /// The shape with these lengths.
    ///
    /// # Panics
    /// If there are more than eight.
    #[must_use]
    pub fn new(lengths: &[usize]) -> Shape {
        lengths.iter().fold(Shape::default(), |shape, &n| shape.then(n))
    }

    /// The shape with one more axis, whose index changes before those there are.
    ///
    /// # Panics
    /// If there are eight already.
    #[must_use]
    pub fn then(mut self, n: usize) -> Shape {
        assert!(self.axes < AXES, "an array with more than {AXES} axes");
        self.dims[self.axes] = n;
        self.axes += 1;
        self
    }

    /// Whether arrays of this shape lie in memory the same way in either order: at most one axis is longer than 1.
    #[must_use]
    pub fn lies_one_way(&self) -> bool {
        self.dims().iter().filter(|&&n| n != 1).count() <= 1
    }

    /// The lengths.
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.axes]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dims().fmt(f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Where a leaf is in a value; prints as `layers.0.weight`. It is a list on the stack, so a walk allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    last: Segment<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Segment<'p> {
    Root,
    Field(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The value itself; prints as nothing.
    pub const ROOT: Path<'static> = Path { parent: None, last: Segment::Root };

    /// A field below.
    #[must_use]
    pub fn field(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), last: Segment::Field(name) }
    }

    /// An element below.
    #[must_use]
    pub fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), last: Segment::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.last, Segment::Root) {
                f.write_str(".")?;
            }
        }
        match self.last {
            Segment::Root => Ok(()),
            Segment::Field(name) => f.write_str(name),
            Segment::Index(index) => index.fmt(f),
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

macro_rules! number {
    ($($t:ident $kind:ident)*) => {
        $(impl Leaves for $t {
            fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
                Self::visit_all(std::slice::from_ref(self), Shape::default(), path, visitor);
            }
            fn visit_all<'a>(
                items: &'a [Self],
                shape: Shape,
                path: Path<'_>,
                visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>),
            ) {
                visitor(path, Leaf { numbers: Numbers::$kind(items), shape, order: Order::RowMajor });
            }
        }

        impl LeavesMut for $t {
            fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
                Self::visit_all_mut(std::slice::from_mut(self), Shape::default(), path, visitor);
            }
            fn visit_all_mut<'a>(
                items: &'a mut [Self],
                shape: Shape,
                path: Path<'_>,
                visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>),
            ) {
                visitor(path, LeafMut { numbers: NumbersMut::$kind(items), shape, order: Order::RowMajor });
            }
        }

        impl Number for $t {
            fn numbers(items: &[Self]) -> Numbers<'_> {
                Numbers::$kind(items)
            }
            fn numbers_mut(items: &mut [Self]) -> NumbersMut<'_> {
                NumbersMut::$kind(items)
            }
        })*
    };
}

number! { f32 F32 f64 F64 }

/// The numbers that leaves are made of: `f32` and `f64`.
pub trait Number: Scalar + Leaves + LeavesMut {
    /// As the numbers of a leaf.
    fn numbers(items: &[Self]) -> Numbers<'_>;
    /// As the numbers of a leaf, to be changed.
    fn numbers_mut(items: &mut [Self]) -> NumbersMut<'_>;
}

/// What has no derivative has no leaves.
macro_rules! nothing {
    ($($t:ty)*) => {
        $(impl Leaves for $t {
            fn visit<'a>(&'a self, _path: Path<'_>, _visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {}
        }

        impl LeavesMut for $t {
            fn visit_mut<'a>(&'a mut self, _path: Path<'_>, _visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {}
        })*
    };
}

nothing! { () bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

impl<T: Leaves> Leaves for [T] {
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
        T::visit_all(self, Shape::new(&[self.len()]), path, visitor);
    }
}

impl<T: LeavesMut> LeavesMut for [T] {
    fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
        let shape = Shape::new(&[self.len()]);
        T::visit_all_mut(self, shape, path, visitor);
    }
}

impl<T: Leaves> Leaves for Vec<T> {
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
        self.as_slice().visit(path, visitor);
    }
}

impl<T: LeavesMut> LeavesMut for Vec<T> {
    fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
        self.as_mut_slice().visit_mut(path, visitor);
    }
}

impl<T: Leaves, const N: usize> Leaves for [T; N] {
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
        self.as_slice().visit(path, visitor);
    }

    fn visit_all<'a>(
        items: &'a [Self],
        shape: Shape,
        path: Path<'_>,
        visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>),
    ) {
        T::visit_all(items.as_flattened(), shape.then(N), path, visitor);
    }
}

impl<T: LeavesMut, const N: usize> LeavesMut for [T; N] {
    fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
        self.as_mut_slice().visit_mut(path, visitor);
    }

    fn visit_all_mut<'a>(
        items: &'a mut [Self],
        shape: Shape,
        path: Path<'_>,
        visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>),
    ) {
        T::visit_all_mut(items.as_flattened_mut(), shape.then(N), path, visitor);
    }
}

impl<T: Leaves + ?Sized> Leaves for &T {
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
        (**self).visit(path, visitor);
    }
}

impl<T: Leaves + ?Sized> Leaves for &mut T {
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
        (**self).visit(path, visitor);
    }
}

impl<T: LeavesMut + ?Sized> LeavesMut for &mut T {
    fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
        (**self).visit_mut(path, visitor);
    }
}

/// The shape of a matrix; one with a single column, as its type says, is a vector.
fn matrix_shape(rows: usize, columns: usize, is_vector: bool) -> Shape {
    let shape = Shape::new(&[rows]);
    if is_vector { shape } else { shape.then(columns) }
}

macro_rules! matrix {
    ($([$($g:tt)*] $t:ty, $is_vector:expr;)*) => {
        $(impl<T: Number, $($g)*> Leaves for $t {
            fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
                let shape = matrix_shape(self.nrows(), self.ncols(), $is_vector);
                visitor(path, Leaf { numbers: T::numbers(self.as_slice()), shape, order: Order::ColumnMajor });
            }
        }

        impl<T: Number, $($g)*> LeavesMut for $t {
            fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
                let shape = matrix_shape(self.nrows(), self.ncols(), $is_vector);
                let numbers = T::numbers_mut(self.as_mut_slice());
                visitor(path, LeafMut { numbers, shape, order: Order::ColumnMajor });
            }
        })*
    };
}

matrix! {
    [] DMatrix<T>, false;
    [const C: usize] OMatrix<T, Dyn, Const<C>>, C == 1;
    [const R: usize] OMatrix<T, Const<R>, Dyn>, false;
    [const R: usize, const C: usize] SMatrix<T, R, C>, C == 1;
}

macro_rules! tuple {
    ($($t:ident $i:tt),*) => {
        impl<$($t: Leaves),*> Leaves for ($($t,)*) {
            fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
                $(self.$i.visit(path.index($i), visitor);)*
            }
        }

        impl<$($t: LeavesMut),*> LeavesMut for ($($t,)*) {
            fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
                $(self.$i.visit_mut(path.index($i), visitor);)*
            }
        }
    };
}

tuple! { A 0 }
tuple! { A 0, B 1 }
tuple! { A 0, B 1, C 2 }
tuple! { A 0, B 1, C 2, D 3 }
tuple! { A 0, B 1, C 2, D 3, E 4 }
tuple! { A 0, B 1, C 2, D 3, E 4, F 5 }
tuple! { A 0, B 1, C 2, D 3, E 4, F 5, G 6 }
tuple! { A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7 }

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{DVector, Matrix2x3, RowDVector, Vector3};

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
