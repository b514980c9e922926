//! Optimizers on a GPU: parameters and memory change where they are, all arrays of a precision in one launch.

mod clip;
#[rustfmt::skip]
mod kernels;
mod schedule;

use std::sync::Arc;

use super::rules::Rule;
use crate::cuda::{Arg, Array, Buffer, Element, Gpu, Kernel, Row, Table};
use crate::leaves::{Leaf, Numbers};
use crate::tensor::Float;
use crate::{Device, DeviceError, Tensor};

pub(super) use clip::{Group, Groups};
pub(super) use schedule::Schedule;

/// The kernels of a rule.
struct Kernels {
    /// The rule's name.
    name: &'static str,
    /// A step in `f32` and in `f64`: a row is the parameters, their gradient and the slots; the scheduled coefficients are arrays
    /// of one number, the constants numbers. New parameters and slots go where the old ones are.
    updates: [Table; 2],
    /// The scheduled coefficients from the learning rates and the number of steps, which it counts on.
    schedule: Kernel,
}

/// The kernels of that rule.
fn kernels(rule: &str) -> &'static Kernels {
    let found = kernels::ALL.iter().find(|k| k.name == rule);
    found.expect("a rule has kernels; a test makes them of all")
}

/// The GPU that the leaves are on: one, as was compared before.
pub(super) fn gpu_of(leaves: &[Leaf<'_>]) -> Option<Arc<Gpu>> {
    leaves.iter().find_map(|leaf| match leaf.numbers {
        Numbers::TensorF32(_) | Numbers::TensorF64(_) => leaf.numbers.device().gpu().cloned(),
        _ => None,
    })
}

/// The memory of an array, to be changed there: copied first if somebody else has it.
fn owned<T: Element>(array: &mut Array<T>) -> Result<&Buffer, DeviceError> {
    if array.own()?.is_none() {
        *array = Array::of_buffer(array.device()?.duplicate()?);
    }
    Ok(array.own()?.expect("nobody else has a copy that was just made"))
}

/// Arrays that are updated together: of `f32`, and of `f64`.
#[derive(Default)]
pub(super) struct Rows([Vec<Row>; 2]);

impl Rows {
    /// A leaf with its gradient and memory, which moves to the GPU.
    pub(super) fn add<T: Float>(
        &mut self,
        grad: &Tensor<T>,
        param: &mut Tensor<T>,
        slots: &mut [Tensor<T>],
    ) -> Result<(), DeviceError> {
        let (device, n) = (param.device(), param.len());
        let gpu = device.gpu().expect("the leaf is on a GPU");
        let row = Row::new(n).changes(owned(param.array_mut().expect("it is on a GPU"))?);
        let mut row = row.reads(grad.array(gpu)?.device()?);
        for slot in slots {
            row = row.changes(on_device(slot, &device)?);
        }
        self.0[precision::<T>()].push(row);
        Ok(())
    }

    /// A step of all.
    pub(super) fn update<R, const K: usize, const C: usize, const I: usize, const D: usize>(
        &self,
        rule: &R,
        schedule: &Schedule,
    ) -> Result<(), DeviceError>
    where
        R: Rule<K, C, I, D>,
    {
        let [single, double] = &kernels(R::NAME).updates;
        let arrays = schedule.coefficients()?;
        let numbers: [Vec<Arg>; 2] = [
            rule.constants().iter().map(|&c| Arg::f32(c as f32)).collect(),
            rule.constants().iter().map(|&c| Arg::f64(c)).collect(),
        ];
        for ((table, rows), numbers) in [single, double].into_iter().zip(&self.0).zip(&numbers) {
            table.run(schedule.gpu(), rows, numbers, &arrays, None)?;
        }
        Ok(())
    }
}

/// The memory of a slot, moved to the device first where it is elsewhere.
fn on_device<'s, T: Float>(slot: &'s mut Tensor<T>, device: &Device) -> Result<&'s Buffer, DeviceError> {
    if slot.device() != *device {
        *slot = slot.to(device)?;
    }
    owned(slot.array_mut().expect("it is on a GPU"))
}

/// Where the kernels of a type are.
fn precision<T: Float>() -> usize {
    usize::from(T::BYTES == 8)
}
