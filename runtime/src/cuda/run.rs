//! Kernels of generated code, and their launches.

use std::sync::Arc;

use super::launch::FEW;
use super::room::{NO_ROOM, Scratch};
use super::status::Failures;
use super::{Arg, Array, Buffer, Element, Gpu, Room, capture};
use crate::DeviceError;

/// Threads of a block.
pub const BLOCK: u32 = 256;

/// The most blocks of a grid.
pub const MAX_BLOCKS: u64 = 1024;

/// The most bytes that copies of one accumulator take.
pub const COPIES_BYTES: u64 = 64 << 20;

/// The most copies of one accumulator.
pub const MAX_COPIES: u64 = 16384;

/// Bytes of a partial result of a block, and of a number on the board.
pub const PARTIAL_BYTES: u64 = 8;

/// What a kernel's parameter is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Param {
    /// The number of iterations.
    Count,
    /// The k-th of the numbers that are passed.
    Scalar(usize),
    /// Where the k-th of the numbers is, 0 if it is passed by value.
    Address(usize),
    /// The address of the k-th of the arrays that are passed.
    Array(usize),
    /// The address where the k-th out goes.
    Out(usize),
    /// The address of the copies of the k-th accumulator.
    Copies(usize),
    /// How many copies there are.
    CopyCount,
    /// The address of the blocks' partial results.
    Partials,
    /// The address of a number that counts the blocks that are done.
    Ticket,
    /// The address of a number that says what failed.
    Status,
    /// The address of the threads' own memory.
    Scratch,
    /// For how many threads there is some.
    ScratchThreads,
    /// How many slots each of them has.
    Slots,
    /// The number of the launch's first block.
    FirstBlock,
    /// How many blocks all launches have.
    Blocks,
}

/// What becomes of an out, with the bytes of one number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Out {
    /// An array with a number per iteration.
    Build(usize),
    /// One number; in a kernel of one thread also a whole array, or a tape.
    Fold,
}

/// A nest as PTX, and how it is launched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kernel {
    /// Its name in the text.
    pub name: &'static str,
    /// The text of the module.
    pub ptx: &'static str,
    /// What to pass.
    pub params: &'static [Param],
    /// What becomes of each out.
    pub outs: &'static [Out],
    /// The name of the kernel that adds up the copies of each accumulator, and the bytes of one of its numbers.
    pub accumulators: &'static [(&'static str, usize)],
    /// How many neighbouring iterations a thread takes at once.
    pub width: u32,
    /// How many numbers a block leaves.
    pub folds: usize,
    /// What each failure was, by its number less one.
    pub failures: &'static [&'static str],
}

/// How many blocks are launched for so many iterations: a number that depends on nothing else, so that sums do not
/// either.
#[must_use]
pub fn grid(count: u64, width: u32, copies: Option<u64>) -> u64 {
    let threads = copies.map_or(count.div_ceil(width.into()), |copies| copies.min(count));
    threads.div_ceil(BLOCK.into()).clamp(1, MAX_BLOCKS)
}

/// How many copies of accumulators to make if the largest of them has so many bytes, for so many iterations.
#[must_use]
pub fn copy_count(count: u64, bytes: u64) -> u64 {
    let fit = (COPIES_BYTES / bytes.max(1)).clamp(1, MAX_COPIES);
    // A power of two not above it.
    1 << (63 - count.clamp(1, fit).leading_zeros())
}

/// Numbers for which the board has room.
const ROOM: usize = 62;

/// What a launch left: arrays in the GPU's memory, numbers in the host's.
pub struct Results {
    accumulators: Vec<Option<Buffer>>,
    outs: Vec<Option<Buffer>>,
    numbers: Vec<u8>,
    room: Option<Arc<Buffer>>,
}

impl Results {
    /// The k-th accumulator after all iterations.
    ///
    /// # Panics
    /// If there is none, or it was taken: generated code takes each once.
    #[must_use]
    pub fn accumulator<T: Element>(&mut self, k: usize) -> Array<T> {
        Array::of_buffer(self.accumulators[k].take().expect("an accumulator is taken once"))
    }

    /// The array of the k-th out.
    ///
    /// # Panics
    /// If it is a number, or was taken.
    #[must_use]
    pub fn array<T: Element>(&mut self, k: usize) -> Array<T> {
        Array::of_buffer(self.outs[k].take().expect("an array is taken once"))
    }

    /// The memory that the threads had: where it is dropped, tapes in it are gone.
    #[must_use]
    pub fn room(&self) -> Option<Arc<Buffer>> {
        self.room.clone()
    }

    /// The number of the k-th out.
    #[must_use]
    pub fn number<T: Element>(&self, k: usize) -> T {
        T::read(&self.numbers[k * PARTIAL_BYTES as usize..][..T::BYTES])
    }
}

/// The extent of a loop as a number of iterations: negative counts as none.
#[must_use]
pub fn count(extents: &[i64]) -> u64 {
    extents.iter().map(|&n| n.max(0).unsigned_abs()).product()
}

/// A number for a kernel: its value, or where it is.
#[derive(Clone, Copy)]
pub struct Number<'a> {
    pub(super) value: Arg,
    pub(super) at: Option<&'a Buffer>,
}

impl Number<'_> {
    /// A number that the host knows.
    #[must_use]
    pub fn known(value: Arg) -> Number<'static> {
        Number { value, at: None }
    }
}

/// What a kernel takes from outside.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Numbers.
    pub numbers: &'a [Number<'a>],
    /// Arrays that are read.
    pub arrays: &'a [&'a Buffer],
    /// What the accumulators are at first.
    pub initial: &'a [&'a Buffer],
    /// Memory for each thread.
    pub room: Room,
}

impl Kernel {
    /// Runs all iterations. Numbers come back; arrays stay where they are.
    ///
    /// # Errors
    /// If there is no memory left, the driver refuses, or an iteration does what panics on the CPU.
    ///
    /// # Panics
    /// If what is passed is not what the kernel lists: generated code passes just that.
    pub fn run(
        &self,
        gpu: &Arc<Gpu>,
        count: u64,
        numbers: &[Arg],
        arrays: &[&Buffer],
        initial: &[&Buffer],
    ) -> Result<Results, DeviceError> {
        self.run_in(gpu, count, numbers, arrays, initial, Room::None)
    }

    /// As [`run`](Kernel::run), with memory for each thread. Results do not depend on how much there is.
    ///
    /// # Errors
    /// As of `run`.
    ///
    /// # Panics
    /// As of `run`.
    pub fn run_in(
        &self,
        gpu: &Arc<Gpu>,
        count: u64,
        numbers: &[Arg],
        arrays: &[&Buffer],
        initial: &[&Buffer],
        room: Room,
    ) -> Result<Results, DeviceError> {
        loop {
            if let Some(results) = self.attempt(gpu, count, numbers, arrays, initial, room)? {
                return Ok(results);
            }
        }
    }

    /// The results, unless the threads had too little memory; the next attempt has more.
    fn attempt(
        &self,
        gpu: &Arc<Gpu>,
        count: u64,
        numbers: &[Arg],
        arrays: &[&Buffer],
        initial: &[&Buffer],
        room: Room,
    ) -> Result<Option<Results>, DeviceError> {
        let folds = self.outs.contains(&Out::Fold);
        if folds {
            gpu.refuse_to_read()?;
        }
        let outs = self.rooms(gpu, count, &[])?;
        // Locked until the numbers were read.
        let mut board = gpu.board();
        let board = match &mut *board {
            Some(board) => board,
            none => none.insert(Buffer::lasting(gpu, ROOM * PARTIAL_BYTES as usize)?),
        };
        let large = self.large_board(gpu)?;
        let board = large.as_ref().unwrap_or(board);
        let place = |k: usize| match &outs[k] {
            Some(out) => Arg::buffer(out),
            None => Arg::int(board.address() + k as u64 * PARTIAL_BYTES),
        };
        // A launch that may be repeated is looked at by itself, but not while a step is recorded.
        let grows = room == Room::Grows && !capture::is_on();
        let status = grows.then(|| Buffer::zeroed(gpu, PARTIAL_BYTES as usize)).transpose()?;
        let scratch = self.scratch(gpu, count, initial, room)?;
        let number = |k: usize| Number::known(numbers[k]);
        let given = (number, arrays, initial);
        let accumulators = self.queue(gpu, count, given, place, &scratch, status.as_ref())?;
        if let Some(status) = status
            && !self.had_room(&status)?
        {
            scratch.grow(self.key());
            return Ok(None);
        }
        let mut numbers = vec![0; if folds { self.outs.len() * PARTIAL_BYTES as usize } else { 0 }];
        if folds {
            board.read_from(0, &mut numbers)?;
        } else if self.can_fail() && !capture::is_on() {
            gpu.synchronize()?;
        }
        Ok(Some(Results { accumulators, outs, numbers, room: None }))
    }

    /// As [`run_in`](Kernel::run_in), but waits for nothing: numbers stay in the GPU's memory as well, each as an array of
    /// one element; `sizes` are the bytes of each. What an iteration does that panics on the CPU is an error when something
    /// is copied to the host. Only where the memory of each thread [grows](Room::Grows) with what iterations find out, the
    /// host waits to learn whether it was enough.
    ///
    /// # Errors
    /// If there is no memory left, or the driver refuses.
    ///
    /// # Panics
    /// As of `run`.
    pub fn leave(
        &self,
        gpu: &Arc<Gpu>,
        count: u64,
        given: &Given<'_>,
        sizes: &[usize],
    ) -> Result<Results, DeviceError> {
        let Given { numbers, arrays, initial, room } = *given;
        let grows = room == Room::Grows && !capture::is_on();
        loop {
            let outs = self.rooms(gpu, count, sizes)?;
            let place = |k: usize| outs[k].as_ref().map_or(Arg::int(0), Arg::buffer);
            let status = grows.then(|| Buffer::zeroed(gpu, PARTIAL_BYTES as usize)).transpose()?;
            let scratch = self.scratch(gpu, count, initial, room)?;
            let given = (|k: usize| numbers[k], arrays, initial);
            let accumulators = self.queue(gpu, count, given, place, &scratch, status.as_ref())?;
            if let Some(status) = status
                && !self.had_room(&status)?
            {
                scratch.grow(self.key());
                continue;
            }
            let room = scratch.memory.map(Arc::new);
            return Ok(Results { accumulators, outs, numbers: Vec::new(), room });
        }
    }

    fn can_fail(&self) -> bool {
        self.params.contains(&Param::Status)
    }

    /// Memory for the threads.
    fn scratch(
        &self,
        gpu: &Arc<Gpu>,
        count: u64,
        initial: &[&Buffer],
        room: Room,
    ) -> Result<Scratch, DeviceError> {
        let copies = self.copies(count, initial);
        let active = copies.map_or(count, |copies| copies.min(count));
        Scratch::new(gpu, room, self.key(), grid(count, self.width, copies), active)
    }

    fn copies(&self, count: u64, initial: &[&Buffer]) -> Option<u64> {
        initial.iter().map(|b| b.len() as u64).max().map(|bytes| copy_count(count, bytes))
    }

    /// Whether the memory of the threads was enough.
    fn had_room(&self, status: &Buffer) -> Result<bool, DeviceError> {
        let mut bytes = [0; 4];
        status.read_from(0, &mut bytes)?;
        match u32::from_le_bytes(bytes) {
            0 => Ok(true),
            NO_ROOM => Ok(false),
            number => Err(failure(self.failures, number)),
        }
    }

    /// Queues all iterations of a kernel that only makes arrays, which go to memory that there is: `outs`, any of which may
    /// be one of `arrays` where the kernel reads no element of it but that of its own iteration, by `ld.global`.
    ///
    /// # Errors
    /// If there is no memory left, or the driver refuses.
    ///
    /// # Panics
    /// If what is passed is not what the kernel lists, or it makes numbers.
    pub(crate) fn run_onto(
        &self,
        gpu: &Arc<Gpu>,
        count: u64,
        numbers: &[Arg],
        arrays: &[&Buffer],
        outs: &[&Buffer],
    ) -> Result<(), DeviceError> {
        for (out, kind) in outs.iter().zip(self.outs) {
            let Out::Build(bytes) = kind else { panic!("{} makes numbers", self.name) };
            assert_eq!(out.len(), count as usize * bytes, "an out of {}", self.name);
            out.written();
        }
        let scratch = self.scratch(gpu, count, &[], Room::None)?;
        let place = |k: usize| Arg::buffer(outs[k]);
        let number = |k: usize| Number::known(numbers[k]);
        self.queue(gpu, count, (number, arrays, &[]), place, &scratch, None).map(drop)
    }

    /// Queues all iterations; `place` says where outs go. The accumulators.
    fn queue<'n>(
        &self,
        gpu: &Arc<Gpu>,
        count: u64,
        (number, arrays, initial): (impl Fn(usize) -> Number<'n>, &[&Buffer], &[&Buffer]),
        place: impl Fn(usize) -> Arg,
        scratch: &Scratch,
        status: Option<&Buffer>,
    ) -> Result<Vec<Option<Buffer>>, DeviceError> {
        let copies = self.copies(count, initial);
        let blocks = grid(count, self.width, copies);
        let partials = Buffer::room(gpu, self.folds * blocks as usize * PARTIAL_BYTES as usize)?;
        let copy = |b: &&Buffer| Buffer::zeroed(gpu, b.len() * copies.unwrap_or(1) as usize);
        let copied = initial.iter().map(copy).collect::<Result<Vec<_>, _>>()?;
        let ticket = gpu.ticket()?;
        let arg = |param: &Param, status: u64| match *param {
            Param::Count => Arg::int(count),
            Param::Scalar(k) => number(k).value,
            Param::Address(k) => number(k).at.map_or(Arg::int(0), Arg::buffer),
            Param::Array(k) => Arg::buffer(arrays[k]),
            Param::Out(k) => place(k),
            Param::Copies(k) => Arg::buffer(&copied[k]),
            Param::CopyCount => Arg::int(copies.unwrap_or(1)),
            Param::Partials => Arg::buffer(&partials),
            Param::Ticket => Arg::buffer(ticket),
            Param::Status => Arg::int(status),
            Param::Scratch => Arg::int(scratch.memory.as_ref().map_or(0, Buffer::address)),
            Param::ScratchThreads => Arg::int(scratch.threads),
            Param::Slots => Arg::int(scratch.slots),
            Param::FirstBlock => Arg::int(0),
            Param::Blocks => Arg::int(blocks),
        };
        let launch = |status: u64| {
            let mut few = [Arg::int(0); FEW];
            let mut many = Vec::new();
            let args = match self.params.len() {
                n if n <= FEW => &mut few[..n],
                n => {
                    many.resize(n, Arg::int(0));
                    &mut many[..]
                }
            };
            args.iter_mut().zip(self.params).for_each(|(to, param)| *to = arg(param, status));
            // SAFETY: the arguments are those that the kernel lists, of the lengths that it takes for granted: outs have a
            // number per iteration, or a place on the board. What is dropped is used by later work of the same stream
            // only, or held by the step that is being recorded. Launches of one grid follow each other on the stream.
            unsafe { self.launch(gpu, blocks, scratch.blocks_at_once, args) }
        };
        match status {
            Some(own) => launch(own.address()),
            None if self.can_fail() => gpu.with_status(self.failures, launch),
            None => launch(0),
        }?;
        self.add_copies(gpu, initial, &copied, copies.unwrap_or(1))
    }

    /// What tells this kernel from others.
    fn key(&self) -> usize {
        self.ptx.as_ptr() as usize
    }

    /// All blocks, some of them at a time.
    ///
    /// # Safety
    /// As of [`Gpu::launch`].
    unsafe fn launch(
        &self,
        gpu: &Arc<Gpu>,
        blocks: u64,
        at_once: u64,
        args: &mut [Arg],
    ) -> Result<(), DeviceError> {
        let place = self.params.iter().position(|&p| p == Param::FirstBlock);
        for first in (0..blocks).step_by(at_once as usize) {
            place.iter().for_each(|&k| args[k] = Arg::int(first));
            let grid = at_once.min(blocks - first) as u32;
            // SAFETY: the caller's promise.
            unsafe { gpu.launch(self.ptx, self.name, grid, BLOCK, args) }?;
        }
        Ok(())
    }

    /// Room for the outs that are arrays, and for numbers where their sizes are given.
    fn rooms(&self, gpu: &Arc<Gpu>, count: u64, sizes: &[usize]) -> Result<Vec<Option<Buffer>>, DeviceError> {
        let room = |(k, out): (usize, &Out)| match (out, sizes.get(k)) {
            (Out::Build(bytes), _) => Buffer::room(gpu, count as usize * bytes).map(Some),
            (Out::Fold, Some(&bytes)) => Buffer::room(gpu, bytes).map(Some),
            (Out::Fold, None) => Ok(None),
        };
        self.outs.iter().enumerate().map(room).collect()
    }

    /// Where numbers go if the board has no room for them.
    fn large_board(&self, gpu: &Arc<Gpu>) -> Result<Option<Buffer>, DeviceError> {
        let wanted = self.outs.len() > ROOM;
        wanted.then(|| Buffer::zeroed(gpu, self.outs.len() * PARTIAL_BYTES as usize)).transpose()
    }

    /// The accumulators: what they were, and what all copies add.
    fn add_copies(
        &self,
        gpu: &Arc<Gpu>,
        initial: &[&Buffer],
        copied: &[Buffer],
        copies: u64,
    ) -> Result<Vec<Option<Buffer>>, DeviceError> {
        let add = |((initial, copied), (name, bytes)): ((&&Buffer, &Buffer), &(&'static str, usize))| {
            let (out, length) = (Buffer::room(gpu, initial.len())?, (initial.len() / bytes) as u64);
            let args = [
                Arg::buffer(initial),
                Arg::buffer(copied),
                Arg::buffer(&out),
                Arg::int(length),
                Arg::int(copies),
            ];
            // SAFETY: the kernel takes three addresses, of `length`, `length · copies` and `length` numbers, and these
            // two; the memory lives as said above.
            unsafe { gpu.launch(self.ptx, name, grid(length, 1, None) as u32, BLOCK, &args) }?;
            Ok(Some(out))
        };
        initial.iter().zip(copied).zip(self.accumulators).map(add).collect()
    }
}

/// What failed, by its number.
pub(super) fn failure(failures: Failures, number: u32) -> DeviceError {
    if number == NO_ROOM {
        return DeviceError::Recording(
            "a kernel of a recorded step needs more memory for a thread's own arrays than when it was recorded: record the \
             step anew"
                .to_string(),
        );
    }
    let message = failures.get(number as usize - 1).copied().unwrap_or("an unknown failure");
    DeviceError::Panicked(message.to_string())
}
