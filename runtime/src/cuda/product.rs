//! Matrix products on a GPU.

use super::cublas::Sizes;
use super::run::grid;
use super::{Arg, Array, BLOCK, Buffer, Element};
use crate::DeviceError;

/// Rows and columns of a product that a block makes.
pub const TILE: u64 = 64;

/// The axis summed over is taken in steps of this many.
pub const STEP: u64 = 16;

/// A product is shared by about as many blocks as this, if the axis summed over is long.
const BLOCKS: u64 = 256;

/// The shortest stretch of that axis that is worth a block of its own.
const STRETCH: u64 = 512;

/// A matrix product as PTX.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Product {
    /// Its name in the text.
    pub name: &'static str,
    /// The name of the kernel that adds up what blocks found.
    pub add: &'static str,
    /// The text of the module.
    pub ptx: &'static str,
    /// Whether each factor is stored the other way round.
    pub transposed: (bool, bool),
}

/// In how many stretches the axis summed over is shared, and their length. It depends on the sizes only.
#[must_use]
pub fn stretches(rows: u64, columns: u64, inner: u64) -> (u64, u64) {
    let tiles = rows.div_ceil(TILE) * columns.div_ceil(TILE);
    let parts = (BLOCKS / tiles.max(1)).min(inner / STRETCH).max(1);
    let length = inner.div_ceil(parts).div_ceil(STEP).max(1) * STEP;
    (inner.div_ceil(length).max(1), length)
}

impl Product {
    /// The product of that many rows and columns, summed over `inner`.
    ///
    /// # Errors
    /// If there is no memory left, or the driver refuses.
    ///
    /// # Panics
    /// If the arrays are not as long as that: generated code passes such.
    pub fn run<T: Element>(
        &self,
        (a, b): (&Array<T>, &Array<T>),
        [rows, columns, inner]: [usize; 3],
    ) -> Result<Array<T>, DeviceError> {
        assert_eq!((a.len(), b.len()), (rows * inner, inner * columns), "the lengths of factors");
        let gpu = a.gpu();
        let made = Buffer::room(gpu, rows * columns * T::BYTES)?;
        if made.is_empty() {
            return Ok(Array::of_buffer(made));
        }
        let [rows, columns, inner] = [rows, columns, inner].map(|n| n as u64);
        let (transposed, single) = (self.transposed, T::BYTES == 4);
        let sizes = Sizes { rows, columns, inner, transposed, single };
        if gpu.product_by_cublas(&sizes, (a.device()?, b.device()?, &made))? {
            return Ok(Array::of_buffer(made));
        }
        let (parts, length) = stretches(rows, columns, inner);
        let copies = (parts > 1).then(|| Buffer::room(gpu, made.len() * parts as usize)).transpose()?;
        let tiles = rows.div_ceil(TILE) * columns.div_ceil(TILE);
        let blocks = u32::try_from(tiles * parts)
            .map_err(|_| DeviceError::Shape(format!("a product of {rows} rows and {columns} columns")))?;
        let mut args = vec![Arg::buffer(a.device()?), Arg::buffer(b.device()?)];
        args.push(Arg::buffer(copies.as_ref().unwrap_or(&made)));
        args.extend([rows, columns, inner, parts, length].map(Arg::int));
        // SAFETY: the kernel takes these; the arrays are as long as the numbers say, which was checked above. All live
        // until this function ends or are returned; what is dropped is used by later work of the same stream only.
        unsafe { gpu.launch(self.ptx, self.name, blocks, BLOCK, &args) }?;
        if let Some(copies) = copies {
            let (zeros, count) = (Buffer::zeroed(gpu, made.len())?, rows * columns);
            let mut args = vec![Arg::buffer(&zeros), Arg::buffer(&copies), Arg::buffer(&made)];
            args.extend([count, parts].map(Arg::int));
            // SAFETY: as above: `count` numbers, `parts` copies of each.
            unsafe { gpu.launch(self.ptx, self.add, grid(count, 1, None) as u32, BLOCK, &args) }?;
        }
        Ok(Array::of_buffer(made))
    }
}
