//! Kernels that take many arrays at once.

use std::sync::Arc;

use super::launch::FEW;
use super::run::BLOCK;
use super::{Arg, Buffer, Gpu, PARTIAL_BYTES, Param};
use crate::DeviceError;

/// Elements of a chunk, of which a block takes one.
pub const CHUNK: u64 = 2048;

/// Rows of a table.
pub const ROWS: usize = 64;

/// A kernel that does the same to many arrays. Their lengths and addresses stand in a table among its parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// Its name in the text.
    pub name: &'static str,
    /// The text of the module.
    pub ptx: &'static str,
    /// What to pass ahead of the table.
    pub params: &'static [Param],
    /// How many addresses a row has.
    pub columns: usize,
}

/// Arrays of one length that are treated together.
pub struct Row {
    len: u64,
    addresses: Vec<Arg>,
}

impl Row {
    /// Of arrays of so many elements.
    pub(crate) fn new(len: usize) -> Row {
        Row { len: len as u64, addresses: Vec::new() }
    }

    /// With an array that the kernel reads.
    pub(crate) fn reads(mut self, array: &Buffer) -> Row {
        self.addresses.push(Arg::buffer(array));
        self
    }

    /// With an array that the kernel overwrites.
    pub(crate) fn changes(self, array: &Buffer) -> Row {
        array.written();
        self.reads(array)
    }

    fn blocks(&self) -> u64 {
        self.len.div_ceil(CHUNK)
    }
}

/// How many blocks work on these arrays, and so how many numbers a reduction leaves.
pub(crate) fn blocks(rows: &[Row]) -> u64 {
    rows.iter().map(Row::blocks).sum()
}

impl Table {
    /// Queues a launch for each [`ROWS`] rows that are not empty. A kernel that reduces leaves a number for each block in
    /// `partials`, in order, from that number on.
    ///
    /// # Errors
    /// If the driver refuses, or earlier work failed.
    ///
    /// # Panics
    /// If what is passed is not what the kernel lists.
    pub(crate) fn run(
        &self,
        gpu: &Arc<Gpu>,
        rows: &[Row],
        numbers: &[Arg],
        arrays: &[&Buffer],
        partials: Option<(&Buffer, u64)>,
    ) -> Result<(), DeviceError> {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.len > 0).collect();
        let (room, mut done) = partials.unzip();
        for rows in rows.chunks(ROWS) {
            let mut args = [Arg::int(0); FEW];
            for (to, param) in args.iter_mut().zip(self.params) {
                *to = match *param {
                    Param::Scalar(k) => numbers[k],
                    Param::Array(k) => Arg::buffer(arrays[k]),
                    Param::Out(_) => {
                        let first = done.expect("room for the sums") * PARTIAL_BYTES;
                        room.expect("room for the sums").address_at(first)
                    }
                    // A block is by itself.
                    Param::Partials | Param::Ticket => Arg::int(0),
                    ref other => unreachable!("{} takes {other:?}", self.name),
                };
            }
            let (table, blocks) = self.table(rows);
            let grid = u32::try_from(blocks).expect("a GPU has less memory");
            let args = &args[..self.params.len()];
            // SAFETY: the arguments are those that the kernel lists, and the table has as many rows and columns as it takes.
            // The memory was given to the rows, whose arrays are as long as they say; there is a number for each block. What
            // is dropped is used by later work of the same stream only, or held by the step that is being recorded.
            unsafe { gpu.launch_table(self.ptx, self.name, grid, BLOCK, args, &table) }?;
            done = done.map(|done| done + blocks);
        }
        Ok(())
    }

    /// The rows' numbers, and how many blocks they take.
    fn table(&self, rows: &[&Row]) -> (Vec<u64>, u64) {
        let mut table = Vec::with_capacity(ROWS * (2 + self.columns));
        let mut first = 0;
        for row in rows {
            assert_eq!(row.addresses.len(), self.columns, "a row of {}", self.name);
            table.extend([first, row.len]);
            table.extend(row.addresses.iter().map(|a| a.bits()));
            first += row.blocks();
        }
        // No block begins there.
        table.resize(ROWS * (2 + self.columns), u64::MAX);
        (table, first)
    }
}
