//! The leaves of numbers, arrays, matrices, tensors and tuples.

use nalgebra::{Const, DMatrix, Dyn, OMatrix, SMatrix, Scalar};

use super::{Leaf, LeafMut, Leaves, LeavesMut, Numbers, NumbersMut, Order, Path, Shape};
use crate::Tensor;

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

/// A tensor is one leaf.
macro_rules! tensor {
    ($($t:ident $kind:ident)*) => {
        $(impl Leaves for Tensor<$t> {
            fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
                let (shape, order) = (Shape::new(self.shape()), self.order());
                let numbers = self.as_slice().map_or(Numbers::$kind(self), <$t>::numbers);
                visitor(path, Leaf { numbers, shape, order });
            }
        }

        impl LeavesMut for Tensor<$t> {
            fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
                let (shape, order) = (Shape::new(self.shape()), self.order());
                let numbers = if self.device().is_cpu() {
                    self.as_mut_slice().map(<$t>::numbers_mut).expect("it is in the host's memory")
                } else {
                    NumbersMut::$kind(self)
                };
                visitor(path, LeafMut { numbers, shape, order });
            }
        })*
    };
}

tensor! { f32 TensorF32 f64 TensorF64 }

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
