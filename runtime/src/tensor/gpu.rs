//! Tensors on a GPU.

use super::AXES;
use super::arithmetic::{Pairs, WithNumber};
use super::float::Float;
use super::index::{Selection, strides};
use crate::DeviceError;
use crate::cuda::{Arg, Array, Kernel, Product, count};

/// What tensors do on a GPU.
#[allow(missing_docs)]
pub struct Kernels {
    pub add: Kernel,
    pub sub: Kernel,
    pub mul: Kernel,
    pub div: Kernel,
    pub plus: Kernel,
    pub times: Kernel,
    pub sum: Kernel,
    pub gather: Kernel,
    pub patch: Kernel,
    pub product: Product,
}

pub(super) fn pairs<T: Float>(a: &Array<T>, b: &Array<T>, how: Pairs) -> Result<Array<T>, DeviceError> {
    let kernels = T::kernels();
    let kernel = match how {
        Pairs::Add => &kernels.add,
        Pairs::Sub => &kernels.sub,
        Pairs::Mul => &kernels.mul,
        Pairs::Div => &kernels.div,
    };
    Ok(kernel.run(a.gpu(), a.len() as u64, &[], &[a.device()?, b.device()?], &[])?.array(0))
}

pub(super) fn with_number<T: Float>(a: &Array<T>, x: T, how: WithNumber) -> Result<Array<T>, DeviceError> {
    let kernel = match how {
        WithNumber::Plus => &T::kernels().plus,
        WithNumber::Times => &T::kernels().times,
    };
    Ok(kernel.run(a.gpu(), a.len() as u64, &[x.arg()], &[a.device()?], &[])?.array(0))
}

pub(super) fn sum<T: Float>(a: &Array<T>) -> Result<T, DeviceError> {
    Ok(T::kernels().sum.run(a.gpu(), a.len() as u64, &[], &[a.device()?], &[])?.number(0))
}

fn ints(all: &[usize]) -> impl Iterator<Item = Arg> + '_ {
    all.iter().map(|&n| Arg::int(n as u64))
}

pub(super) fn gather<T: Float>(a: &Array<T>, which: &Selection) -> Result<Array<T>, DeviceError> {
    let numbers: Vec<Arg> = ints(&[which.start])
        .chain(ints(&which.strides))
        .chain(ints(&which.lengths))
        .chain(ints(&[a.len()]))
        .collect();
    let iterations = count(&which.lengths.map(|n| n as i64));
    Ok(T::kernels().gather.run(a.gpu(), iterations, &numbers, &[a.device()?], &[])?.array(0))
}

/// `a` of lengths `whole`, with the part of those lengths from `low` on replaced.
pub(super) fn patch<T: Float>(
    a: &Array<T>,
    part: &Array<T>,
    whole: [usize; AXES],
    low: [usize; AXES],
    lengths: [usize; AXES],
) -> Result<Array<T>, DeviceError> {
    let high: Vec<usize> = low.iter().zip(&lengths).map(|(l, n)| l + n).collect();
    let numbers: Vec<Arg> = ints(&low)
        .chain(ints(&high))
        .chain(ints(&strides(&lengths)))
        .chain(ints(&whole))
        .chain(ints(&[a.len(), part.len()]))
        .collect();
    let iterations = count(&whole.map(|n| n as i64));
    let arrays = [a.device()?, part.device()?];
    Ok(T::kernels().patch.run(a.gpu(), iterations, &numbers, &arrays, &[])?.array(0))
}
