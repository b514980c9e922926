//! Tensors on a GPU.

use std::sync::Arc;

use super::AXES;
use super::arithmetic::{Pairs, WithNumber};
use super::float::Float;
use super::index::{Selection, strides};
use crate::DeviceError;
use crate::cuda::{Arg, Array, Buffer, Gpu, Kernel, Product, count};

/// What tensors do on a GPU.
#[allow(missing_docs)]
pub struct Kernels {
    pub add: Kernel,
    pub sub: Kernel,
    pub mul: Kernel,
    pub div: Kernel,
    pub plus: Kernel,
    pub times: Kernel,
    pub descend: Kernel,
    pub sum: Kernel,
    pub gather: Kernel,
    pub patch: Kernel,
    pub product: Product,
}

fn kernel_of<T: Float>(how: Pairs) -> &'static Kernel {
    let kernels = T::kernels();
    match how {
        Pairs::Add => &kernels.add,
        Pairs::Sub => &kernels.sub,
        Pairs::Mul => &kernels.mul,
        Pairs::Div => &kernels.div,
    }
}

pub(super) fn pairs<T: Float>(a: &Array<T>, b: &Array<T>, how: Pairs) -> Result<Array<T>, DeviceError> {
    Ok(kernel_of::<T>(how).run(a.gpu(), a.len() as u64, &[], &[a.device()?, b.device()?], &[])?.array(0))
}

/// Writes where `a` is, unless somebody else has that memory too.
pub(super) fn pairs_onto<T: Float>(a: &mut Array<T>, b: &Array<T>, how: Pairs) -> Result<(), DeviceError> {
    let n = a.len() as u64;
    if let Some(own) = a.own()? {
        return kernel_of::<T>(how).run_onto(b.gpu(), n, &[], &[own, b.device()?], &[own]);
    }
    *a = pairs(a, b, how)?;
    Ok(())
}

/// As [`pairs_onto`], for a - x b.
pub(super) fn descend<T: Float>(a: &mut Array<T>, b: &Array<T>, x: T) -> Result<(), DeviceError> {
    let (n, kernel) = (a.len() as u64, &T::kernels().descend);
    if let Some(own) = a.own()? {
        return kernel.run_onto(b.gpu(), n, &[x.arg()], &[own, b.device()?], &[own]);
    }
    *a = kernel.run(b.gpu(), n, &[x.arg()], &[a.device()?, b.device()?], &[])?.array(0);
    Ok(())
}

/// The same number everywhere.
pub(super) fn full<T: Float>(gpu: &Arc<Gpu>, len: usize, x: T) -> Result<Array<T>, DeviceError> {
    let made = Buffer::room(gpu, len * T::BYTES)?;
    made.fill(T::bytes(&[x]))?;
    Ok(Array::of_buffer(made))
}

/// As [`full`], where `a` is unless somebody else has that memory too.
pub(super) fn fill<T: Float>(a: &mut Array<T>, x: T) -> Result<(), DeviceError> {
    if let Some(own) = a.own()? {
        return own.fill(T::bytes(&[x]));
    }
    *a = full(a.gpu(), a.len(), x)?;
    Ok(())
}

/// Other elements, as many, where `a` is unless somebody else has that memory too.
pub(super) fn write<T: Float>(a: &mut Array<T>, elements: &[T]) -> Result<(), DeviceError> {
    if let Some(own) = a.own()? {
        return own.write(T::bytes(elements));
    }
    *a = Array::upload(a.gpu(), elements)?;
    Ok(())
}

/// One element, where `a` is unless somebody else has that memory too.
pub(super) fn set<T: Float>(a: &mut Array<T>, position: usize, x: T) -> Result<(), DeviceError> {
    if a.own()?.is_none() {
        *a = duplicate(a)?;
    }
    let own = a.own()?.expect("nobody else has the copy");
    own.write_at(position * T::BYTES, T::bytes(&[x]))
}

/// The elements of another array of the same GPU, where `a` is unless somebody else has that memory too.
pub(super) fn copy<T: Float>(a: &mut Array<T>, from: &Array<T>) -> Result<(), DeviceError> {
    if let Some(own) = a.own()? {
        return own.copy_from(from.device()?);
    }
    *a = duplicate(from)?;
    Ok(())
}

pub(super) fn duplicate<T: Float>(a: &Array<T>) -> Result<Array<T>, DeviceError> {
    a.device()?.duplicate().map(Array::of_buffer)
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

/// Replaces the part of those lengths from `low` on in `a` of lengths `whole`: where `a` is, unless somebody else has that
/// memory too.
pub(super) fn patch<T: Float>(
    a: &mut Array<T>,
    part: &Array<T>,
    whole: [usize; AXES],
    low: [usize; AXES],
    lengths: [usize; AXES],
) -> Result<(), DeviceError> {
    let high: Vec<usize> = low.iter().zip(&lengths).map(|(l, n)| l + n).collect();
    let numbers: Vec<Arg> = ints(&low)
        .chain(ints(&high))
        .chain(ints(&strides(&lengths)))
        .chain(ints(&whole))
        .chain(ints(&[a.len(), part.len()]))
        .collect();
    let iterations = count(&whole.map(|n| n as i64));
    let kernel = &T::kernels().patch;
    if let Some(own) = a.own()? {
        return kernel.run_onto(part.gpu(), iterations, &numbers, &[own, part.device()?], &[own]);
    }
    *a = kernel.run(part.gpu(), iterations, &numbers, &[a.device()?, part.device()?], &[])?.array(0);
    Ok(())
}
