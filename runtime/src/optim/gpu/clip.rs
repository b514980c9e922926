//! Clipping on a GPU: the norm stays there.

use std::sync::Arc;

use super::{Rows, kernels, owned, precision};
use crate::cuda::{Arg, Array, Buffer, Element, Given, Gpu, Kernel, Number, Room, Row, Table, blocks};
use crate::leaves::{LeavesMut, NumbersMut, Path};
use crate::tensor::Float;
use crate::{DeviceError, Tensor};

/// The kernels of clipping, those of tables for `f32` and `f64`.
pub(super) struct Clip {
    /// Moves numbers into a range, where they are.
    pub(super) value: [Table; 2],
    /// The sum of squares of each block, in `f64`.
    pub(super) squares: [Table; 2],
    /// Multiplies numbers by one, where they are.
    pub(super) scale: [Table; 2],
    /// The norm, and the factor of a limit, from the sum of all squares.
    pub(super) factor: Kernel,
}

/// The leaves that are on a GPU.
pub(in super::super) struct Group {
    gpu: Arc<Gpu>,
    rows: Rows,
}

/// The leaves of a value by GPU, and whether there are others.
#[derive(Default)]
pub(in super::super) struct Groups {
    pub(in super::super) all: Vec<Group>,
    pub(in super::super) on_host: bool,
}

impl Groups {
    /// All leaves. What shares its memory is copied first.
    pub(in super::super) fn of(value: &mut dyn LeavesMut) -> Result<Groups, DeviceError> {
        let (mut groups, mut done) = (Groups::default(), Ok(()));
        value.visit_mut(Path::ROOT, &mut |_, leaf| {
            if done.is_ok() {
                done = match leaf.numbers {
                    NumbersMut::TensorF32(t) => groups.add(t),
                    NumbersMut::TensorF64(t) => groups.add(t),
                    NumbersMut::F32(_) | NumbersMut::F64(_) => {
                        groups.on_host = true;
                        Ok(())
                    }
                };
            }
        });
        done.map(|()| groups)
    }

    fn add<T: Float>(&mut self, tensor: &mut Tensor<T>) -> Result<(), DeviceError> {
        let (n, array) = (tensor.len(), tensor.array_mut().expect("the leaf is on a GPU"));
        let gpu = array.gpu().clone();
        let row = Row::new(n).changes(owned(array)?);
        let known = self.all.iter().position(|group| Arc::ptr_eq(&group.gpu, &gpu));
        let at = known.unwrap_or_else(|| {
            self.all.push(Group { gpu, rows: Rows::default() });
            self.all.len() - 1
        });
        self.all[at].rows.0[precision::<T>()].push(row);
        Ok(())
    }
}

/// The kernel that sums an array up.
fn sum_of<T: Float>() -> &'static Kernel {
    &T::kernels().sum
}

impl Group {
    fn run(&self, tables: &[Table; 2], numbers: [&[Arg]; 2], arrays: &[&Buffer]) -> Result<(), DeviceError> {
        for ((table, rows), numbers) in tables.iter().zip(&self.rows.0).zip(numbers) {
            table.run(&self.gpu, rows, numbers, arrays, None)?;
        }
        Ok(())
    }

    /// Moves each number into `-limit..=limit`. NaN stays NaN.
    pub(in super::super) fn clip_value(&self, limit: f64) -> Result<(), DeviceError> {
        let single = [-limit, limit].map(|x| Arg::f32(x as f32));
        let double = [-limit, limit].map(Arg::f64);
        self.run(&kernels::CLIP.value, [&single, &double], &[])
    }

    /// Multiplies each number by a factor in the GPU's memory.
    pub(in super::super) fn scale(&self, factor: &Array<f64>) -> Result<(), DeviceError> {
        self.run(&kernels::CLIP.scale, [&[], &[]], &[factor.device()?])
    }

    /// As [`scale`](Group::scale), by a factor of the host.
    pub(in super::super) fn scale_by(&self, factor: f64) -> Result<(), DeviceError> {
        self.scale(&Array::upload(&self.gpu, &[factor])?)
    }

    /// The sum of all squares, summed in an order that depends on the lengths only.
    pub(in super::super) fn squares(&self) -> Result<Array<f64>, DeviceError> {
        let all = self.rows.0.iter().map(|rows| blocks(rows)).sum::<u64>();
        let partials = Buffer::room(&self.gpu, all as usize * f64::BYTES)?;
        let mut first = 0;
        for (table, rows) in kernels::CLIP.squares.iter().zip(&self.rows.0) {
            table.run(&self.gpu, rows, &[], &[], Some((&partials, first)))?;
            first += blocks(rows);
        }
        let given = Given { numbers: &[], arrays: &[&partials], initial: &[], room: Room::None };
        Ok(sum_of::<f64>().leave(&self.gpu, all, &given, &[f64::BYTES])?.array(0))
    }

    /// The norm, and the factor that brings it down to the limit, or 1.
    pub(in super::super) fn norm_and_factor(&self, limit: f64) -> Result<[Array<f64>; 2], DeviceError> {
        let sum = self.squares()?;
        let given = Given {
            numbers: &[Number::known(Arg::f64(limit))],
            arrays: &[sum.device()?],
            initial: &[],
            room: Room::None,
        };
        let mut made = kernels::CLIP.factor.leave(&self.gpu, 1, &given, &[])?;
        Ok([0, 1].map(|k| made.array(k)))
    }
}
