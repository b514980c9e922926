//! Memory of each thread's own, for arrays and tapes inside of an iteration.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::{BLOCK, Buffer, Gpu};
use crate::DeviceError;

/// The most bytes that a launch sets aside for its threads. Where they need more, it becomes several launches.
pub const SCRATCH_BYTES: u64 = 256 << 20;

/// The status of a launch whose threads had too little memory.
pub const NO_ROOM: u32 = u32::MAX;

/// How many slots a thread gets at first where nobody knows how many it needs.
const FIRST: u64 = 64;

/// How much memory of its own each thread needs, in slots of 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// None.
    None,
    /// So many slots.
    Slots(u64),
    /// Only the iterations know: where it was too little, the launch is repeated with more.
    Grows,
}

impl Room {
    /// A sum of products, each of a number and of values that count as 0 where they are negative.
    #[must_use]
    pub fn of(terms: &[(i64, &[i64])]) -> Room {
        let least = |n: i64| n.max(0).unsigned_abs();
        let product = |&(factor, values): &(i64, &[i64])| {
            values.iter().fold(least(factor), |product, &n| product.saturating_mul(least(n)))
        };
        Room::Slots(terms.iter().map(product).fold(0, u64::saturating_add))
    }
}

/// How many blocks of a grid a launch may have if each of its threads takes so many slots.
#[must_use]
pub fn blocks_at_once(blocks: u64, slots: u64) -> u64 {
    let bytes = slots.max(1).saturating_mul(8 * u64::from(BLOCK));
    (SCRATCH_BYTES / bytes).clamp(1, blocks.max(1))
}

/// The memory of one grid.
pub(super) struct Scratch {
    pub(super) memory: Option<Buffer>,
    pub(super) slots: u64,
    pub(super) threads: u64,
    pub(super) blocks_at_once: u64,
}

impl Scratch {
    /// For a grid of so many blocks, so many threads of which have something to do.
    pub(super) fn new(
        gpu: &Arc<Gpu>,
        room: Room,
        key: usize,
        blocks: u64,
        active: u64,
    ) -> Result<Scratch, DeviceError> {
        let slots = match room {
            Room::None => return Ok(Scratch { memory: None, slots: 0, threads: 0, blocks_at_once: blocks }),
            Room::Slots(slots) => slots,
            Room::Grows => learned().get(&key).copied().unwrap_or(FIRST),
        };
        let blocks_at_once = blocks_at_once(blocks, slots);
        let threads = active.clamp(1, blocks_at_once * u64::from(BLOCK));
        let bytes = slots.saturating_mul(threads).saturating_mul(8);
        let bytes = usize::try_from(bytes).map_err(|_| DeviceError::OutOfMemory(usize::MAX))?;
        let memory = Some(Buffer::room(gpu, bytes)?);
        Ok(Scratch { memory, slots, threads, blocks_at_once })
    }

    /// The next launch of this kernel gets more.
    pub(super) fn grow(&self, key: usize) {
        learned().insert(key, self.slots.saturating_mul(4).max(FIRST));
    }
}

/// What kernels were found to need, by the address of their text.
static LEARNED: Mutex<BTreeMap<usize, u64>> = Mutex::new(BTreeMap::new());

fn learned() -> MutexGuard<'static, BTreeMap<usize, u64>> {
    LEARNED.lock().unwrap_or_else(|e| e.into_inner())
}
