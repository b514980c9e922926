//! Stretches of a GPU's memory: whose they are, and where they go when nobody has them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cust::memory::DeviceBuffer;

use super::gpu::{failed, lock};
use super::{Gpu, capture, raw};
use crate::DeviceError;

/// Memory that nobody uses, by its size, for the next who wants so much: all work runs in order on one stream, so
/// whoever gets it uses it after whoever had it.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<usize, Vec<DeviceBuffer<u8>>>>);

impl Pool {
    pub(super) fn take(&self, bytes: usize) -> Option<DeviceBuffer<u8>> {
        lock(&self.0).get_mut(&bytes)?.pop()
    }

    pub(super) fn keep(&self, data: DeviceBuffer<u8>) {
        lock(&self.0).entry(data.len()).or_default().push(data);
    }

    /// Hands everything over.
    pub(super) fn empty_into(&self, mut to: impl FnMut(DeviceBuffer<u8>)) {
        let all = std::mem::take(&mut *lock(&self.0));
        all.into_values().flatten().for_each(&mut to);
    }

    /// Bytes that wait for somebody.
    pub(super) fn bytes(&self) -> usize {
        lock(&self.0).iter().map(|(bytes, all)| bytes * all.len()).sum()
    }
}

/// The memory that was taken while one step was recorded. The recording writes it whenever it is replayed, so none of it goes
/// back to the GPU before the recording is gone.
pub(super) struct Arena {
    gpu: Arc<Gpu>,
    spares: Pool,
    /// The recording is gone.
    closed: AtomicBool,
    /// The recording failed: what was to be written was not.
    failed: AtomicBool,
    /// Counts the replays.
    replays: AtomicU64,
}

impl Arena {
    pub(super) fn new(gpu: &Arc<Gpu>) -> Arc<Arena> {
        let (spares, closed, failed, replays) = Default::default();
        Arc::new(Arena { gpu: gpu.clone(), spares, closed, failed, replays })
    }

    /// The recording is gone, and all memory goes back.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.spares.empty_into(|data| self.gpu.pool().keep(data));
    }

    /// Nothing of what was recorded will run.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        self.close();
    }

    pub(super) fn replayed(&self) {
        self.replays.fetch_add(1, Ordering::SeqCst);
    }

    fn keep(&self, data: DeviceBuffer<u8>) {
        self.spares.keep(data);
        if self.closed.load(Ordering::SeqCst) {
            self.close();
        }
    }
}

/// A stretch of memory.
pub(super) struct Memory {
    // `None` while it is being dropped only.
    data: Option<DeviceBuffer<u8>>,
    gpu: Arc<Gpu>,
    /// Of a recording, if it was taken while one was made.
    arena: Option<Arc<Arena>>,
    /// Counts the writes after the first.
    writes: AtomicU64,
    /// How many recordings hold it.
    recordings: AtomicUsize,
}

impl Memory {
    /// So many bytes, from the recording that is being made, from the pool, or from the driver.
    pub(super) fn take(gpu: &Arc<Gpu>, bytes: usize) -> Result<Arc<Memory>, DeviceError> {
        let memory = Memory::of(gpu, bytes, capture::arena())?;
        capture::made(&memory);
        Ok(Arc::new(memory))
    }

    /// So many bytes that belong to no recording, also while one is made.
    pub(super) fn lasting(gpu: &Arc<Gpu>, bytes: usize) -> Result<Arc<Memory>, DeviceError> {
        Memory::of(gpu, bytes, None).map(Arc::new)
    }

    fn of(gpu: &Arc<Gpu>, bytes: usize, arena: Option<Arc<Arena>>) -> Result<Memory, DeviceError> {
        gpu.enter()?;
        let spare = arena.as_ref().and_then(|r| r.spares.take(bytes)).or_else(|| gpu.pool().take(bytes));
        let data = match spare {
            Some(data) => data,
            None => allocate(bytes).or_else(|_| {
                gpu.forget_spares();
                allocate(bytes)
            })?,
        };
        let (writes, recordings) = Default::default();
        Ok(Memory { data: Some(data), gpu: gpu.clone(), arena, writes, recordings })
    }

    /// Makes all bytes zero, on the GPU's own stream, also while a step is recorded.
    pub(super) fn clear(&self) -> Result<(), DeviceError> {
        let (at, stream) = (self.address(), self.gpu.stream().as_inner());
        // SAFETY: the memory has so many bytes.
        raw::check("clearing memory", unsafe { raw::fill_bytes(at, 0, self.len(), stream) })
    }

    pub(super) fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    pub(super) fn len(&self) -> usize {
        self.data.as_ref().map_or(0, |d| d.len())
    }

    pub(super) fn address(&self) -> u64 {
        self.data.as_ref().map_or(0, |d| d.as_device_ptr().as_raw())
    }

    /// Whether it was taken while that recording was made.
    pub(super) fn is_of(&self, arena: &Arc<Arena>) -> bool {
        self.arena.as_ref().is_some_and(|own| Arc::ptr_eq(own, arena))
    }

    /// An error if its numbers were to come from a recording that failed.
    pub(super) fn sound(&self) -> Result<(), DeviceError> {
        match &self.arena {
            Some(arena) if arena.failed.load(Ordering::SeqCst) => Err(DeviceError::Recording(
                "a tensor was made by a step that failed while it was recorded: it has no numbers"
                    .to_string(),
            )),
            _ => Ok(()),
        }
    }

    /// Another number whenever something else may stand there.
    pub(super) fn version(&self) -> u64 {
        let replays = self.arena.as_ref().map_or(0, |arena| arena.replays.load(Ordering::SeqCst));
        self.writes.load(Ordering::SeqCst) + replays
    }

    pub(super) fn written(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }

    /// A recording uses it from now on.
    pub(super) fn hold(self: &Arc<Memory>) -> Held {
        self.recordings.fetch_add(1, Ordering::SeqCst);
        Held(self.clone())
    }

    /// Whether a recording uses it.
    pub(super) fn is_recorded(&self) -> bool {
        self.recordings.load(Ordering::SeqCst) > 0
    }
}

fn allocate(bytes: usize) -> Result<DeviceBuffer<u8>, DeviceError> {
    let out_of_memory = |e| match e {
        cust::error::CudaError::OutOfMemory => DeviceError::OutOfMemory(bytes),
        other => failed("allocating memory")(other),
    };
    // SAFETY: any byte is a valid `u8` of the GPU; kernels write before they read.
    unsafe { DeviceBuffer::<u8>::uninitialized(bytes) }.map_err(out_of_memory)
}

impl Drop for Memory {
    fn drop(&mut self) {
        match (self.data.take(), &self.arena) {
            (Some(data), Some(arena)) => arena.keep(data),
            (Some(data), None) => self.gpu.pool().keep(data),
            (None, _) => {}
        }
    }
}

/// Memory from outside that a recording uses.
pub(super) struct Held(Arc<Memory>);

impl Held {
    pub(super) fn memory(&self) -> &Memory {
        &self.0
    }

    /// Whether nobody but recordings has it any more.
    pub(super) fn is_forsaken(&self) -> bool {
        Arc::strong_count(&self.0) <= self.0.recordings.load(Ordering::SeqCst)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.recordings.fetch_sub(1, Ordering::SeqCst);
    }
}
