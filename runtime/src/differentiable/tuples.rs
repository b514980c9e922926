//! Tuples.

use super::{Move, Single, each_from, each_to, inside};
#[cfg(feature = "cuda")]
use crate::on::{Columns, flatten_part, stack_part};
use crate::on::{Cotangent, Flat, FromColumns};
use crate::{Device, DeviceError, Differentiable};

macro_rules! tuple {
    ($($t:ident $i:tt),*) => {
        impl<$($t: Differentiable),*> Differentiable for ($($t,)*) {
            type Tangent = ($($t::Tangent,)*);
            type Placed = ($($t::Placed,)*);
            type Form = Single<Self::Placed>;
            fn zeros_like(&self) -> Self::Tangent {
                ($(self.$i.zeros_like(),)*)
            }
            fn copied(&self) -> Self {
                ($(self.$i.copied(),)*)
            }
            fn to(&self, device: &Device) -> Result<Self::Placed, DeviceError> {
                Ok(($(self.$i.to(device)?,)*))
            }
            fn from_placed(placed: &Self::Placed) -> Result<Self, DeviceError> {
                Ok(($(inside(stringify!($i), $t::from_placed(&placed.$i))?,)*))
            }
            fn pack(items: &[Self], device: &Device) -> Result<Vec<Self::Placed>, DeviceError> {
                each_to(items, device)
            }
            fn unpack<'a: 'a>(opened: Vec<&'a Self::Placed>, _count: usize) -> Result<Vec<Self>, DeviceError> {
                each_from(&opened)
            }
        }

        impl<$($t: Flat),*> Flat for ($($t,)*) {
            #[cfg(feature = "cuda")]
            fn flatten(runs: &[&[Self]], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                $(inside(stringify!($i), flatten_part(runs, |tuple| &tuple.$i, dims, out))?;)*
                Ok(())
            }
            #[cfg(feature = "cuda")]
            fn stack(items: &[&Self::Placed], dims: &[usize], out: &mut Columns) -> Result<(), DeviceError> {
                $(inside(stringify!($i), stack_part::<_, $t>(items, |tuple| &tuple.$i, dims, out))?;)*
                Ok(())
            }
        }

        impl<$($t: FromColumns),*> FromColumns for ($($t,)*) {
            const NUMBERS: bool = $($t::NUMBERS)||*;
            #[cfg(feature = "cuda")]
            #[allow(non_snake_case)]
            fn unflatten(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Self>, DeviceError> {
                $(let mut $t = $t::unflatten(columns, lead)?.into_iter();)*
                let one = |_| ($($t.next().expect("as many of each"),)*);
                Ok((0..lead.iter().product()).map(one).collect())
            }
        }

        impl<$($t: Cotangent),*> Cotangent for ($($t,)*) {
            #[cfg(feature = "cuda")]
            #[allow(non_snake_case)]
            fn unstack(columns: &mut Columns, lead: &[usize]) -> Result<Vec<Self::Placed>, DeviceError> {
                $(let mut $t = $t::unstack(columns, lead)?.into_iter();)*
                let one = |_| ($($t.next().expect("as many of each"),)*);
                Ok((0..lead.iter().product()).map(one).collect())
            }
        }

        impl<$($t: Move),*> Move for ($($t,)*) {
            fn moved(&self, device: &Device) -> Result<Self, DeviceError> {
                Ok(($(self.$i.moved(device)?,)*))
            }
            fn copy(&self) -> Self {
                ($(self.$i.copy(),)*)
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
