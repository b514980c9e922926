//! Numbers, and what is no number.

use super::{Move, Numbers, Single};
use crate::on::{Cotangent, Flat, FromColumns};
use crate::{Device, DeviceError, Differentiable, Tensor};
#[cfg(feature = "cuda")]
use crate::{leaves::Shape, on::Columns};

macro_rules! float {
    ($($t:ident)*) => {
        $(impl Differentiable for $t {
            type Tangent = $t;
            type Placed = Tensor<$t>;
            type Form = Numbers<$t>;
            fn zeros_like(&self) -> $t {
                0.0
            }
            fn copied(&self) -> $t {
                *self
            }
            fn to(&self, device: &Device) -> Result<Tensor<$t>, DeviceError> {
                Tensor::from(*self).to(device)
            }
            fn from_placed(placed: &Tensor<$t>) -> Result<$t, DeviceError> {
                placed.fitted(&[], crate::leaves::Order::RowMajor)?.item()
            }
            fn pack(items: &[$t], _device: &Device) -> Result<Vec<$t>, DeviceError> {
                Ok(items.to_vec())
            }
            fn unpack<'a: 'a>(opened: Vec<$t>, _count: usize) -> Result<Vec<$t>, DeviceError> {
                Ok(opened)
            }
        }

        impl Flat for $t {
            #[cfg(feature = "cuda")]
            fn flatten(runs: &[&[$t]], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                out.push_numbers(runs, dims)
            }
            #[cfg(feature = "cuda")]
            fn stack(items: &[&Tensor<$t>], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                out.push_tensors(items, dims, &[], crate::leaves::Order::RowMajor)
            }
        }

        impl FromColumns for $t {
            const NUMBERS: bool = true;
            #[cfg(feature = "cuda")]
            fn unflatten(columns: &mut Columns, _lead: &[usize]) -> Result<Vec<$t>, DeviceError> {
                Ok(columns.take::<$t>().array.host()?.to_vec())
            }
        }

        impl Cotangent for $t {
            #[cfg(feature = "cuda")]
            fn unstack(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Tensor<$t>>, DeviceError> {
                columns.take_tensors(lead, crate::leaves::Order::RowMajor, Shape::new)
            }
        })*
    };
}

float! { f32 f64 }

macro_rules! other {
    ($($t:ty, $leaf:ty, |$x:ident| $back:expr;)*) => {
        $(impl Differentiable for $t {
            type Tangent = ();
            type Placed = $t;
            type Form = Single<$t>;
            fn zeros_like(&self) {}
            fn copied(&self) -> $t {
                *self
            }
            fn to(&self, _device: &Device) -> Result<$t, DeviceError> {
                Ok(*self)
            }
            fn from_placed(placed: &$t) -> Result<$t, DeviceError> {
                Ok(*placed)
            }
            fn pack(items: &[$t], _device: &Device) -> Result<Vec<$t>, DeviceError> {
                Ok(items.to_vec())
            }
            fn unpack<'a: 'a>(opened: Vec<&'a $t>, _count: usize) -> Result<Vec<$t>, DeviceError> {
                Ok(opened.into_iter().copied().collect())
            }
        }

        impl Flat for $t {
            #[cfg(feature = "cuda")]
            fn flatten(runs: &[&[$t]], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                let all: Vec<$leaf> = runs.iter().copied().flatten().map(|&x| x as $leaf).collect();
                out.push_host(all, dims);
                Ok(())
            }
            #[cfg(feature = "cuda")]
            fn stack(items: &[&$t], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                out.push_host(items.iter().map(|&&x| x as $leaf).collect::<Vec<$leaf>>(), dims);
                Ok(())
            }
        }

        impl FromColumns for $t {
            const NUMBERS: bool = true;
            #[cfg(feature = "cuda")]
            fn unflatten(columns: &mut Columns, _lead: &[usize]) -> Result<Vec<$t>, DeviceError> {
                Ok(columns.take::<$leaf>().array.host()?.iter().map(|&$x| $back).collect())
            }
        }

        impl Move for $t {
            fn moved(&self, _device: &Device) -> Result<$t, DeviceError> {
                Ok(*self)
            }
            fn copy(&self) -> $t {
                *self
            }
        })*
    };
}

other! {
    bool, bool, |x| x;
    i8, i64, |x| x as i8; i16, i64, |x| x as i16; i32, i64, |x| x as i32; i64, i64, |x| x; isize, i64, |x| x as isize;
    u8, i64, |x| x as u8; u16, i64, |x| x as u16; u32, i64, |x| x as u32; u64, i64, |x| x as u64;
    usize, i64, |x| x as usize;
}

impl Differentiable for () {
    type Tangent = ();
    type Placed = ();
    type Form = Single<()>;
    fn zeros_like(&self) {}
    fn copied(&self) {}
    fn to(&self, _device: &Device) -> Result<(), DeviceError> {
        Ok(())
    }
    fn from_placed((): &()) -> Result<(), DeviceError> {
        Ok(())
    }
    fn pack(items: &[()], _device: &Device) -> Result<Vec<()>, DeviceError> {
        Ok(items.to_vec())
    }
    fn unpack<'a: 'a>(opened: Vec<&'a ()>, _count: usize) -> Result<Vec<()>, DeviceError> {
        Ok(vec![(); opened.len()])
    }
}

impl Flat for () {
    #[cfg(feature = "cuda")]
    fn flatten(_runs: &[&[()]], _dims: &[usize], _out: &mut Columns) -> Result<(), DeviceError> {
        Ok(())
    }
    #[cfg(feature = "cuda")]
    fn stack(_items: &[&()], _dims: &[usize], _out: &mut Columns) -> Result<(), DeviceError> {
        Ok(())
    }
}

impl FromColumns for () {
    const NUMBERS: bool = false;
    #[cfg(feature = "cuda")]
    fn unflatten(_columns: &mut Columns, lead: &[usize]) -> Result<Vec<()>, DeviceError> {
        Ok(vec![(); lead.iter().product()])
    }
}

impl Cotangent for () {
    #[cfg(feature = "cuda")]
    fn unstack(_columns: &mut Columns, lead: &[usize]) -> Result<Vec<()>, DeviceError> {
        Ok(vec![(); lead.iter().product()])
    }
}

impl Move for () {
    fn moved(&self, _device: &Device) -> Result<(), DeviceError> {
        Ok(())
    }
    fn copy(&self) {}
}
