//! Arrays that a nest writes, split along its outer axis.

/// Something to write that can be cut in two along the outer axis.
pub trait Split: Send + Sized {
    /// What comes before index `at` of the outer axis, and what comes from there on.
    fn split(self, at: usize) -> (Self, Self);
}

/// Rows of `width` elements each.
#[derive(Debug)]
pub struct Rows<'a, T> {
    /// The elements, row after row.
    pub data: &'a mut [T],
    /// The length of a row.
    pub width: usize,
}

/// An array that every iteration may write to: its loop is [serial](super::Nest::SERIAL).
#[derive(Debug)]
pub struct Whole<'a, T>(pub &'a mut [T]);

impl<T: Send> Split for Whole<'_, T> {
    fn split(self, _at: usize) -> (Self, Self) {
        unreachable!("serial loops are not split")
    }
}

impl<T: Send> Split for &mut [T] {
    #[inline]
    fn split(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

impl<T: Send> Split for Rows<'_, T> {
    #[inline]
    fn split(self, at: usize) -> (Self, Self) {
        let (near, far) = self.data.split_at_mut(at * self.width);
        (Rows { data: near, width: self.width }, Rows { data: far, width: self.width })
    }
}

impl Split for () {
    fn split(self, _at: usize) -> (Self, Self) {
        ((), ())
    }
}

macro_rules! tuple {
    ($($t:ident $i:tt),*) => {
        impl<$($t: Split),*> Split for ($($t,)*) {
            #[inline]
            fn split(self, at: usize) -> (Self, Self) {
                let parts = ($(self.$i.split(at),)*);
                (($(parts.$i.0,)*), ($(parts.$i.1,)*))
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
