//! Optimizers on a GPU: parameters and memory change where they are.

#[rustfmt::skip]
mod kernels;

use std::sync::Arc;

use super::rules::Rule;
use crate::cuda::{Arg, Array, Buffer, Element, Gpu, Kernel};
use crate::leaves::{Leaf, Numbers};
use crate::tensor::Float;
use crate::{DeviceError, Tensor};

/// The kernels of a rule.
struct Kernels {
    /// The rule's name, and the type of the numbers.
    name: (&'static str, usize),
    /// A step of one array: the parameters, their gradient, the slots and the scheduled coefficients as arrays, the constants and
    /// the length as numbers; the new parameters and slots go where the old ones are.
    update: Kernel,
    /// The scheduled coefficients from the number of steps, which it counts on.
    schedule: Option<Kernel>,
}

/// The kernels of clipping, for a type of numbers.
struct Clip {
    /// Moves numbers into a range, where they are.
    value: Kernel,
    /// The sum of squares, in `f64`.
    squares: Kernel,
}

fn clips<T: Float>() -> &'static Clip {
    &kernels::CLIPS[usize::from(T::BYTES == 8)]
}

/// Moves each number into `-limit..=limit`. NaN stays NaN.
pub(super) fn clip_value<T: Float>(tensor: &mut Tensor<T>, limit: f64) -> Result<(), DeviceError> {
    let (n, limit) = (tensor.len() as u64, T::nearest(limit));
    let array = tensor.array_mut().expect("the leaf is on a GPU");
    let gpu = array.gpu().clone();
    let own = owned(array)?;
    let numbers = [(-limit).arg(), limit.arg(), Arg::int(n)];
    clips::<T>().value.run_onto(&gpu, n, &numbers, &[own], &[own])
}

/// Multiplies each number by a factor.
pub(super) fn scale<T: Float>(tensor: &mut Tensor<T>, factor: f64) -> Result<(), DeviceError> {
    let n = tensor.len() as u64;
    let array = tensor.array_mut().expect("the leaf is on a GPU");
    let gpu = array.gpu().clone();
    let own = owned(array)?;
    T::kernels().times.run_onto(&gpu, n, &[T::nearest(factor).arg()], &[own], &[own])
}

/// The sum of squares.
pub(super) fn squares<T: Float>(tensor: &Tensor<T>) -> Result<f64, DeviceError> {
    let (device, n) = (tensor.device(), tensor.len() as u64);
    let gpu = device.gpu().expect("the leaf is on a GPU");
    let array = tensor.array(gpu)?;
    Ok(clips::<T>().squares.run(gpu, n, &[Arg::int(n)], &[array.device()?], &[])?.number(0))
}

/// The kernels of that rule for numbers of so many bytes.
fn kernels(rule: &str, bytes: usize) -> &'static Kernels {
    let found = kernels::ALL.iter().find(|k| k.name == (rule, bytes));
    found.expect("a rule has kernels; a test makes them of all")
}

/// What depends on the number of steps: in a GPU's memory, so that a recorded step that runs again finds the next number.
#[derive(Clone)]
pub(super) struct Schedule {
    steps: Array<f64>,
    coefficients: Vec<Array<f64>>,
}

/// The GPU that the leaves are on.
fn gpu_of(leaves: &[Leaf<'_>]) -> Option<Arc<Gpu>> {
    leaves.iter().find_map(|leaf| match leaf.numbers {
        Numbers::TensorF32(_) | Numbers::TensorF64(_) => leaf.numbers.device().gpu().cloned(),
        _ => None,
    })
}

/// Whether some leaves are on a GPU.
pub(super) fn is_on_gpu(leaves: &[Leaf<'_>]) -> bool {
    gpu_of(leaves).is_some()
}

impl Schedule {
    /// The coefficients of the next step, if the rule has such and the leaves are on a GPU.
    pub(super) fn next<'s, R, const K: usize, const C: usize, const I: usize, const D: usize>(
        own: &'s mut Option<Schedule>,
        steps: u64,
        leaves: &[Leaf<'_>],
        rule: &R,
    ) -> Result<Option<&'s Schedule>, DeviceError>
    where
        R: Rule<K, C, I, D>,
    {
        let (Some(gpu), Some(kernel)) = (gpu_of(leaves), &kernels(R::NAME, 8).schedule) else {
            return Ok(None);
        };
        if own.as_ref().is_none_or(|s| s.coefficients.len() != D || !Arc::ptr_eq(s.steps.gpu(), &gpu)) {
            let room = |_| Ok(Array::of_buffer(Buffer::zeroed(&gpu, f64::BYTES)?));
            let coefficients = (0..D).map(room).collect::<Result<_, DeviceError>>()?;
            *own = Some(Schedule { steps: Array::upload(&gpu, &[steps as f64])?, coefficients });
        }
        let schedule = own.as_mut().expect("it was made above");
        let numbers: Vec<Arg> = rule.inputs().into_iter().map(Element::arg).collect();
        let mut outs = vec![owned(&mut schedule.steps)?];
        for coefficient in &mut schedule.coefficients {
            outs.push(owned(coefficient)?);
        }
        kernel.run_onto(&gpu, 1, &numbers, &outs[..1], &outs)?;
        Ok(own.as_ref())
    }
}

/// The memory of an array, to be changed there: copied first if somebody else has it.
fn owned<T: Element>(array: &mut Array<T>) -> Result<&Buffer, DeviceError> {
    if array.own()?.is_none() {
        *array = Array::of_buffer(array.device()?.duplicate()?);
    }
    Ok(array.own()?.expect("nobody else has a copy that was just made"))
}

/// A step of one leaf.
pub(super) fn update<T, R, const K: usize, const C: usize, const I: usize, const D: usize>(
    rule: &R,
    schedule: Option<&Schedule>,
    grad: &Tensor<T>,
    param: &mut Tensor<T>,
    slots: &mut [Tensor<T>],
) -> Result<(), DeviceError>
where
    T: Float,
    R: Rule<K, C, I, D>,
{
    let (device, n) = (param.device(), param.len() as u64);
    let gpu = device.gpu().expect("the leaf is on a GPU");
    for slot in slots.iter_mut() {
        *slot = slot.to(&device)?;
    }
    let grad = grad.array(gpu)?;
    let param = owned(param.array_mut().expect("it is on a GPU"))?;
    let mut arrays = vec![param, grad.device()?];
    let mut outs = vec![param];
    for slot in slots {
        let slot = owned(slot.array_mut().expect("it was moved to the GPU"))?;
        arrays.push(slot);
        outs.push(slot);
    }
    for coefficient in schedule.map_or(&[][..], |s| &s.coefficients) {
        arrays.push(coefficient.device()?);
    }
    let constants = rule.constants().into_iter().map(|c| T::nearest(c).arg());
    let numbers: Vec<Arg> = constants.chain([Arg::int(n)]).collect();
    kernels(R::NAME, T::BYTES).update.run_onto(gpu, n, &numbers, &arrays, &outs)
}
