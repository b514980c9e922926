//! Lists: `Vec<T>` and `[T; N]`.

use super::form::grouped;
use super::{Form, Move, Single, each_from, each_to};
use crate::leaves::Shape;
#[cfg(feature = "cuda")]
use crate::on::Columns;
use crate::on::{Cotangent, Flat, FromColumns};
use crate::{Device, DeviceError, Differentiable};

impl<T: Differentiable> Differentiable for Vec<T> {
    type Tangent = Vec<T::Tangent>;
    type Placed = <T::Form as Form>::Many;
    type Form = Single<<T::Form as Form>::Many>;
    fn zeros_like(&self) -> Vec<T::Tangent> {
        self.iter().map(T::zeros_like).collect()
    }
    fn copied(&self) -> Vec<T> {
        self.iter().map(T::copied).collect()
    }
    fn to(&self, device: &Device) -> Result<Self::Placed, DeviceError> {
        T::Form::many(T::pack(self, device)?, self.len(), T::lengths(), device)
    }
    fn from_placed(placed: &Self::Placed) -> Result<Vec<T>, DeviceError> {
        let (opened, count) = T::Form::open_many(placed, T::lengths())?;
        T::unpack(opened, count)
    }
    fn pack(items: &[Vec<T>], device: &Device) -> Result<Vec<Self::Placed>, DeviceError> {
        each_to(items, device)
    }
    fn unpack<'a: 'a>(opened: Vec<&'a Self::Placed>, _count: usize) -> Result<Vec<Vec<T>>, DeviceError> {
        each_from(&opened)
    }
}

impl<T: Flat> Flat for Vec<T> {
    #[cfg(feature = "cuda")]
    fn flatten(runs: &[&[Vec<T>]], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
        let lists: Vec<&[T]> = runs.iter().copied().flatten().map(Vec::as_slice).collect();
        out.flatten_lists(&lists, dims)
    }
    #[cfg(feature = "cuda")]
    fn stack(items: &[&Self::Placed], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
        T::Form::stack_many::<T>(items, dims, out)
    }
}

impl<T: FromColumns> FromColumns for Vec<T> {
    const NUMBERS: bool = T::NUMBERS;
    #[cfg(feature = "cuda")]
    fn unflatten(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Vec<T>>, DeviceError> {
        let (count, n) = (lead.iter().product(), columns.length::<T>(lead.len()));
        let all = T::unflatten(columns, &[lead, &[n]].concat())?;
        if count == 1 {
            return Ok(vec![all]);
        }
        let mut all = all.into_iter();
        Ok((0..count).map(|_| all.by_ref().take(n).collect()).collect())
    }
}

impl<T: Cotangent> Cotangent for Vec<T> {
    #[cfg(feature = "cuda")]
    fn unstack(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Self::Placed>, DeviceError> {
        T::Form::unstack_many::<T>(columns, lead)
    }
}

impl<T: Move> Move for Vec<T> {
    fn moved(&self, device: &Device) -> Result<Vec<T>, DeviceError> {
        self.iter().map(|item| item.moved(device)).collect()
    }
    fn copy(&self) -> Vec<T> {
        self.iter().map(T::copy).collect()
    }
}

impl<T: Differentiable, const N: usize> Differentiable for [T; N] {
    type Tangent = [T::Tangent; N];
    type Placed = <<T::Form as Form>::Array<N> as Form>::One;
    type Form = <T::Form as Form>::Array<N>;
    fn zeros_like(&self) -> [T::Tangent; N] {
        std::array::from_fn(|k| self[k].zeros_like())
    }
    fn copied(&self) -> [T; N] {
        std::array::from_fn(|k| self[k].copied())
    }
    fn to(&self, device: &Device) -> Result<Self::Placed, DeviceError> {
        let one = Self::pack(std::slice::from_ref(self), device)?;
        <Self::Form as Form>::one(one, Self::lengths(), device)
    }
    fn from_placed(placed: &Self::Placed) -> Result<[T; N], DeviceError> {
        let opened = <Self::Form as Form>::open_one(placed, Self::lengths())?;
        Ok(Self::unpack(opened, 1)?.pop().expect("one was asked for"))
    }
    fn lengths() -> Shape {
        T::lengths().dims().iter().fold(Shape::new(&[N]), |shape, &n| shape.then(n))
    }
    fn pack(items: &[[T; N]], device: &Device) -> Result<<Self::Form as Form>::Packed, DeviceError> {
        Ok(T::Form::group::<N>(T::pack(items.as_flattened(), device)?, items.len()))
    }
    fn unpack<'a: 'a>(
        opened: <Self::Form as Form>::Opened<'a>,
        count: usize,
    ) -> Result<Vec<[T; N]>, DeviceError> {
        Ok(grouped(T::unpack(T::Form::ungroup::<'a, N>(opened), count * N)?, count))
    }
}

impl<T: Flat, const N: usize> Flat for [T; N] {
    #[cfg(feature = "cuda")]
    fn flatten(runs: &[&[[T; N]]], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
        let flat: Vec<&[T]> = runs.iter().map(|run| run.as_flattened()).collect();
        T::flatten(&flat, &[dims, &[N]].concat(), out)
    }
    #[cfg(feature = "cuda")]
    fn stack(items: &[&Self::Placed], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
        T::Form::stack_array::<T, N>(items, dims, out)
    }
}

impl<T: FromColumns, const N: usize> FromColumns for [T; N] {
    const NUMBERS: bool = T::NUMBERS;
    #[cfg(feature = "cuda")]
    fn unflatten(columns: &mut Columns, lead: &[usize]) -> Result<Vec<[T; N]>, DeviceError> {
        Ok(grouped(T::unflatten(columns, &[lead, &[N]].concat())?, lead.iter().product()))
    }
}

impl<T: Cotangent, const N: usize> Cotangent for [T; N] {
    #[cfg(feature = "cuda")]
    fn unstack(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Self::Placed>, DeviceError> {
        T::Form::unstack_array::<T, N>(columns, lead)
    }
}

impl<T: Move, const N: usize> Move for [T; N] {
    fn moved(&self, device: &Device) -> Result<[T; N], DeviceError> {
        let all = self.iter().map(|item| item.moved(device)).collect::<Result<Vec<T>, _>>()?;
        Ok(grouped(all, 1).pop().expect("one was asked for"))
    }
    fn copy(&self) -> [T; N] {
        std::array::from_fn(|k| self[k].copy())
    }
}
