//! The arrays and numbers that programs for GPUs take and return.

use std::sync::Arc;

use super::Flat;
use crate::cuda::{self, Array, Gpu, Leaf};
use crate::leaves::{Order, Shape};
use crate::tensor::Float;
use crate::{DeviceError, Tensor};

type Res<T> = Result<T, DeviceError>;

/// One array; a number is one without axes.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Column {
    F32(Leaf<f32>),
    F64(Leaf<f64>),
    I64(Leaf<i64>),
    Bool(Leaf<bool>),
}

/// What columns are made of.
pub trait Element: cuda::Element {
    /// As a column.
    fn column(leaf: Leaf<Self>) -> Column;
    /// The array, if it is one of these.
    fn of(column: &Column) -> Option<&Leaf<Self>>;
}

macro_rules! element {
    ($($t:ident $kind:ident)*) => {
        $(impl Element for $t {
            fn column(leaf: Leaf<$t>) -> Column {
                Column::$kind(leaf)
            }
            fn of(column: &Column) -> Option<&Leaf<$t>> {
                match column {
                    Column::$kind(leaf) => Some(leaf),
                    _ => None,
                }
            }
        })*
    };
}

element! { f32 F32 f64 F64 i64 I64 bool Bool }

impl Column {
    fn dims(&self) -> &[usize] {
        match self {
            Column::F32(leaf) => &leaf.dims,
            Column::F64(leaf) => &leaf.dims,
            Column::I64(leaf) => &leaf.dims,
            Column::Bool(leaf) => &leaf.dims,
        }
    }
}

/// The columns of an argument, or of a gradient.
#[derive(Clone)]
pub struct Columns {
    gpu: Arc<Gpu>,
    all: Vec<Column>,
    /// How many were taken.
    taken: usize,
}

impl Columns {
    /// None yet.
    #[must_use]
    pub fn new(gpu: &Arc<Gpu>) -> Columns {
        Columns { gpu: gpu.clone(), all: Vec::new(), taken: 0 }
    }

    /// With one more, an array.
    #[must_use]
    pub fn and<E: Element>(mut self, leaf: Leaf<E>) -> Columns {
        self.all.push(E::column(leaf));
        self
    }

    /// With one more, a number.
    #[must_use]
    pub fn and_number<E: Element>(self, x: E) -> Columns {
        let array = Array::of_host(&self.gpu, vec![x]);
        self.and(Leaf { dims: Vec::new(), array })
    }

    /// The k-th, an array.
    ///
    /// # Panics
    /// If it is of another type: generated code asks for what there is.
    #[must_use]
    pub fn leaf<E: Element>(&self, k: usize) -> &Leaf<E> {
        E::of(&self.all[k]).expect("a column of the type that the program takes")
    }

    /// The k-th, a number, in the host's memory.
    ///
    /// # Errors
    /// If earlier work on the device failed.
    ///
    /// # Panics
    /// As [`leaf`](Columns::leaf).
    pub fn number<E: Element>(&self, k: usize) -> Res<E> {
        self.leaf::<E>(k).array.at(0)
    }

    /// The next one.
    pub(crate) fn take<E: Element>(&mut self) -> Leaf<E> {
        let leaf = self.leaf::<E>(self.taken).clone();
        self.taken += 1;
        leaf
    }

    /// The length of that axis of the next one; of what has no numbers nothing is known.
    pub(crate) fn length<T: super::FromColumns>(&self, axis: usize) -> usize {
        if T::NUMBERS { self.all[self.taken].dims()[axis] } else { 0 }
    }

    /// Elements in the host's memory.
    #[doc(hidden)]
    pub fn push_host<E: Element>(&mut self, elements: Vec<E>, dims: &[usize]) {
        let array = Array::of_host(&self.gpu, elements);
        self.all.push(E::column(Leaf { dims: dims.to_vec(), array }));
    }

    /// Elements of the host, those of the runs one after the other.
    pub(crate) fn push_numbers<E: Element>(&mut self, runs: &[&[E]], dims: &[usize]) -> Res<()> {
        match runs {
            [one] if !dims.is_empty() => {
                let array = Array::upload(&self.gpu, one)?;
                self.all.push(E::column(Leaf { dims: dims.to_vec(), array }));
            }
            _ => self.push_host(runs.concat(), dims),
        }
        Ok(())
    }

    /// The elements of tensors, one after the other. All must have the shape that is wanted; they lie in that order.
    pub(crate) fn push_tensors<E: Float + Element>(
        &mut self,
        items: &[&Tensor<E>],
        dims: &[usize],
        wanted: &[Option<usize>],
        order: Order,
    ) -> Res<()> {
        let fitted = items.iter().map(|t| t.fitted(wanted, order)).collect::<Res<Vec<_>>>()?;
        let lengths = match fitted.first() {
            Some(first) => first.lengths(order),
            // Lists that are empty: what lengths are in them nobody knows.
            None => wanted.iter().map(|n| n.unwrap_or(0)).collect(),
        };
        if let Some(other) = fitted.iter().find(|t| t.lengths(order) != lengths) {
            return Err(differ(&lengths, &other.lengths(order)));
        }
        let arrays = fitted.iter().map(|t| t.array(&self.gpu)).collect::<Res<Vec<_>>>()?;
        let array = Array::concatenated(&self.gpu, &arrays)?;
        self.all.push(E::column(Leaf { dims: [dims, &lengths].concat(), array }));
        Ok(())
    }

    /// As [`push_tensors`](Columns::push_tensors), for matrices; of one that is a row by its type the length counts alone.
    pub(crate) fn push_matrices<E: Float + Element>(
        &mut self,
        items: &[&Tensor<E>],
        dims: &[usize],
        wanted: &[Option<usize>],
        row: bool,
    ) -> Res<()> {
        self.push_tensors(items, dims, wanted, Order::ColumnMajor)?;
        if row {
            let last = self.all.pop().expect("it was made above");
            let mut leaf = E::of(&last).expect("it is of that type").clone();
            leaf.dims.pop();
            self.all.push(E::column(leaf));
        }
        Ok(())
    }

    /// The next one as tensors, as many as the product of `lead`. `shape` makes theirs of the axes that are left.
    pub(crate) fn take_tensors<E: Float + Element>(
        &mut self,
        lead: &[usize],
        order: Order,
        shape: impl Fn(&[usize]) -> Shape,
    ) -> Res<Vec<Tensor<E>>> {
        let leaf = self.take::<E>();
        let (count, rest) = (lead.iter().product(), &leaf.dims[lead.len()..]);
        let each = rest.iter().product();
        let one = |array| Tensor::of_array(shape(rest), order, array);
        if lead.is_empty() {
            return Ok(vec![one(leaf.array)]);
        }
        (0..count).map(|k: usize| Ok(one(leaf.array.part(k * each, each)?))).collect()
    }

    /// The columns of lists, which must be equally long.
    pub(crate) fn flatten_lists<T: Flat>(&mut self, lists: &[&[T]], dims: &[usize]) -> Res<()> {
        let n = self.same_length(lists.iter().map(|list| list.len()))?;
        T::flatten(lists, &[dims, &[n]].concat(), self)
    }

    /// The length that all have; 0 if there is none.
    pub(crate) fn same_length(&self, mut lengths: impl Iterator<Item = usize>) -> Res<usize> {
        let first = lengths.next().unwrap_or(0);
        match lengths.find(|&n| n != first) {
            Some(other) => Err(differ(&[first], &[other])),
            None => Ok(first),
        }
    }
}

fn differ(a: &[usize], b: &[usize]) -> DeviceError {
    DeviceError::Shape(format!("holds arrays of lengths {a:?} and {b:?}, where all must be equally long"))
}

/// A value in the host's memory from the next columns.
#[doc(hidden)]
pub fn next_value<T: super::FromColumns>(columns: &mut Columns) -> Res<T> {
    Ok(T::unflatten(columns, &[])?.pop().expect("one was asked for"))
}

/// The columns of a part of each value.
#[doc(hidden)]
pub fn flatten_part<S, T: Flat>(
    runs: &[&[S]],
    part: impl Fn(&S) -> &T,
    dims: &[usize],
    out: &mut Columns,
) -> Res<()> {
    let parts: Vec<&[T]> =
        runs.iter().copied().flatten().map(|whole| std::slice::from_ref(part(whole))).collect();
    T::flatten(&parts, dims, out)
}

/// The columns of a part of each value that is a slice.
#[doc(hidden)]
pub fn flatten_slices<S, T: Flat>(
    runs: &[&[S]],
    part: impl Fn(&S) -> &[T],
    dims: &[usize],
    out: &mut Columns,
) -> Res<()> {
    let parts: Vec<&[T]> = runs.iter().copied().flatten().map(part).collect();
    out.flatten_lists(&parts, dims)
}

/// The columns of a part of each value that is on a device.
#[doc(hidden)]
pub fn stack_part<Q, T: Flat>(
    items: &[&Q],
    part: impl Fn(&Q) -> &T::Placed,
    dims: &[usize],
    out: &mut Columns,
) -> Res<()> {
    let parts: Vec<&T::Placed> = items.iter().map(|whole| part(whole)).collect();
    T::stack(&parts, dims, out)
}

/// Each by itself, as a run of one.
#[doc(hidden)]
#[must_use]
pub fn alone<'a, Q>(items: &[&'a Q]) -> Vec<&'a [Q]> {
    items.iter().map(|&item| std::slice::from_ref(item)).collect()
}
