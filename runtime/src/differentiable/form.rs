//! What becomes of several values of a type on a device: numbers become one tensor, other things stay apart.

use crate::leaves::{Order, Shape};
use crate::tensor::Float;
use crate::{Device, Tensor};
#[cfg(feature = "cuda")]
use crate::{
    DeviceError,
    on::{Columns, Cotangent, Flat},
};

type Res<T> = Result<T, crate::DeviceError>;

/// How values of a type are placed, alone and several at once.
#[doc(hidden)]
pub trait Form: 'static {
    /// A value.
    type One: 'static;
    /// A list of values.
    type Many: 'static;
    /// How arrays of such values are placed.
    type Array<const N: usize>: Form;
    /// Several values before something is made of them.
    type Packed;
    /// Several values that were one thing.
    type Opened<'a>;

    /// A value alone, from a pack of one. `lengths` are the axes of a value.
    fn one(packed: Self::Packed, lengths: Shape, device: &Device) -> Res<Self::One>;
    /// A list of `count` values.
    fn many(packed: Self::Packed, count: usize, lengths: Shape, device: &Device) -> Res<Self::Many>;
    /// Values as `count` arrays of values.
    fn group<const N: usize>(packed: Self::Packed, count: usize) -> <Self::Array<N> as Form>::Packed;
    /// A value alone.
    fn open_one(one: &Self::One, lengths: Shape) -> Res<Self::Opened<'_>>;
    /// The values of a list, and how many they are.
    fn open_many(many: &Self::Many, lengths: Shape) -> Res<(Self::Opened<'_>, usize)>;
    /// The values of arrays.
    fn ungroup<'a: 'a, const N: usize>(opened: <Self::Array<N> as Form>::Opened<'a>) -> Self::Opened<'a>;

    /// The columns of lists.
    #[cfg(feature = "cuda")]
    fn stack_many<T: Flat<Form = Self, Placed = Self::One>>(
        items: &[&Self::Many],
        dims: &[usize],
        out: &mut Columns,
    ) -> Result<(), DeviceError>;
    /// The columns of arrays.
    #[cfg(feature = "cuda")]
    fn stack_array<T: Flat<Form = Self, Placed = Self::One>, const N: usize>(
        items: &[&<Self::Array<N> as Form>::One],
        dims: &[usize],
        out: &mut Columns,
    ) -> Result<(), DeviceError>;
    /// Lists from columns.
    #[cfg(feature = "cuda")]
    fn unstack_many<T: Cotangent<Form = Self, Placed = Self::One>>(
        columns: &mut Columns,
        lead: &[usize],
    ) -> Result<Vec<Self::Many>, DeviceError>;
    /// Arrays from columns.
    #[cfg(feature = "cuda")]
    fn unstack_array<T: Cotangent<Form = Self, Placed = Self::One>, const N: usize>(
        columns: &mut Columns,
        lead: &[usize],
    ) -> Result<Vec<<Self::Array<N> as Form>::One>, DeviceError>;
}

/// Numbers, and arrays of arrays of them.
#[doc(hidden)]
#[derive(Debug)]
pub struct Numbers<E>(std::marker::PhantomData<E>);

/// Anything else; placed as a `P`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Single<P>(std::marker::PhantomData<P>);

/// One more axis, in front.
fn after(n: usize, lengths: Shape) -> Shape {
    lengths.dims().iter().fold(Shape::new(&[n]), |shape, &n| shape.then(n))
}

/// Axes of any length, then those.
fn wanted(first: &[Option<usize>], lengths: Shape) -> Vec<Option<usize>> {
    first.iter().copied().chain(lengths.dims().iter().copied().map(Some)).collect()
}

impl<E: Float> Form for Numbers<E> {
    type One = Tensor<E>;
    type Many = Tensor<E>;
    type Array<const N: usize> = Numbers<E>;
    type Packed = Vec<E>;
    type Opened<'a> = Vec<E>;

    fn one(packed: Vec<E>, lengths: Shape, device: &Device) -> Res<Tensor<E>> {
        Tensor::placed(lengths, Order::RowMajor, packed, device)
    }

    fn many(packed: Vec<E>, count: usize, lengths: Shape, device: &Device) -> Res<Tensor<E>> {
        Tensor::placed(after(count, lengths), Order::RowMajor, packed, device)
    }

    fn group<const N: usize>(packed: Vec<E>, _count: usize) -> Vec<E> {
        packed
    }

    fn open_one(one: &Tensor<E>, lengths: Shape) -> Res<Vec<E>> {
        one.fitted(&wanted(&[], lengths), Order::RowMajor)?.to_vec()
    }

    fn open_many(many: &Tensor<E>, lengths: Shape) -> Res<(Vec<E>, usize)> {
        let fitted = many.fitted(&wanted(&[None], lengths), Order::RowMajor)?;
        Ok((fitted.to_vec()?, fitted.shape()[0]))
    }

    fn ungroup<'a: 'a, const N: usize>(opened: Vec<E>) -> Vec<E> {
        opened
    }

    #[cfg(feature = "cuda")]
    fn stack_many<T: Flat<Form = Self, Placed = Tensor<E>>>(
        items: &[&Tensor<E>],
        dims: &[usize],
        out: &mut Columns,
    ) -> Result<(), DeviceError> {
        out.push_tensors(items, dims, &wanted(&[None], T::lengths()), Order::RowMajor)
    }

    #[cfg(feature = "cuda")]
    fn stack_array<T: Flat<Form = Self, Placed = Tensor<E>>, const N: usize>(
        items: &[&Tensor<E>],
        dims: &[usize],
        out: &mut Columns,
    ) -> Result<(), DeviceError> {
        out.push_tensors(items, dims, &wanted(&[Some(N)], T::lengths()), Order::RowMajor)
    }

    #[cfg(feature = "cuda")]
    fn unstack_many<T: Cotangent<Form = Self, Placed = Tensor<E>>>(
        columns: &mut Columns,
        lead: &[usize],
    ) -> Result<Vec<Tensor<E>>, DeviceError> {
        columns.take_tensors(lead, Order::RowMajor, Shape::new)
    }

    #[cfg(feature = "cuda")]
    fn unstack_array<T: Cotangent<Form = Self, Placed = Tensor<E>>, const N: usize>(
        columns: &mut Columns,
        lead: &[usize],
    ) -> Result<Vec<Tensor<E>>, DeviceError> {
        columns.take_tensors(lead, Order::RowMajor, Shape::new)
    }
}

/// Values in groups of N.
pub(super) fn grouped<T, const N: usize>(items: Vec<T>, count: usize) -> Vec<[T; N]> {
    let mut items = items.into_iter();
    let group = |_| std::array::from_fn(|_| items.next().expect("as many values as arrays take"));
    (0..count).map(group).collect()
}

impl<P: 'static> Form for Single<P> {
    type One = P;
    type Many = Vec<P>;
    type Array<const N: usize> = Single<[P; N]>;
    type Packed = Vec<P>;
    type Opened<'a> = Vec<&'a P>;

    fn one(mut packed: Vec<P>, _lengths: Shape, _device: &Device) -> Res<P> {
        Ok(packed.pop().expect("a pack of one"))
    }

    fn many(packed: Vec<P>, _count: usize, _lengths: Shape, _device: &Device) -> Res<Vec<P>> {
        Ok(packed)
    }

    fn group<const N: usize>(packed: Vec<P>, count: usize) -> Vec<[P; N]> {
        grouped(packed, count)
    }

    fn open_one(one: &P, _lengths: Shape) -> Res<Vec<&P>> {
        Ok(vec![one])
    }

    fn open_many(many: &Vec<P>, _lengths: Shape) -> Res<(Vec<&P>, usize)> {
        Ok((many.iter().collect(), many.len()))
    }

    fn ungroup<'a: 'a, const N: usize>(opened: Vec<&'a [P; N]>) -> Vec<&'a P> {
        opened.into_iter().flatten().collect()
    }

    #[cfg(feature = "cuda")]
    fn stack_many<T: Flat<Form = Self, Placed = P>>(
        items: &[&Vec<P>],
        dims: &[usize],
        out: &mut Columns,
    ) -> Result<(), DeviceError> {
        let n = out.same_length(items.iter().map(|list| list.len()))?;
        let all: Vec<&P> = items.iter().copied().flatten().collect();
        T::stack(&all, &[dims, &[n]].concat(), out)
    }

    #[cfg(feature = "cuda")]
    fn stack_array<T: Flat<Form = Self, Placed = P>, const N: usize>(
        items: &[&[P; N]],
        dims: &[usize],
        out: &mut Columns,
    ) -> Result<(), DeviceError> {
        let all: Vec<&P> = items.iter().copied().flatten().collect();
        T::stack(&all, &[dims, &[N]].concat(), out)
    }

    #[cfg(feature = "cuda")]
    fn unstack_many<T: Cotangent<Form = Self, Placed = P>>(
        columns: &mut Columns,
        lead: &[usize],
    ) -> Result<Vec<Vec<P>>, DeviceError> {
        let n = columns.length::<T>(lead.len());
        let mut all = T::unstack(columns, &[lead, &[n]].concat())?.into_iter();
        Ok((0..lead.iter().product()).map(|_| all.by_ref().take(n).collect()).collect())
    }

    #[cfg(feature = "cuda")]
    fn unstack_array<T: Cotangent<Form = Self, Placed = P>, const N: usize>(
        columns: &mut Columns,
        lead: &[usize],
    ) -> Result<Vec<[P; N]>, DeviceError> {
        let all = T::unstack(columns, &[lead, &[N]].concat())?;
        Ok(grouped(all, lead.iter().product()))
    }
}
