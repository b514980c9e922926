//! How kernels say that they failed: each launch that can fail has a word, in which it leaves the number of the failure.
//! Nobody waits for that; whoever reads from the GPU next looks at the words.

use std::sync::Arc;

use super::Gpu;
use super::memory::Memory;
use super::run::failure;
use crate::DeviceError;

/// What each failure of a kernel is, by its number less one.
pub(super) type Failures = &'static [&'static str];

/// How many launches share a stretch of memory.
const WORDS: usize = 512;

/// Bytes of a word.
const WORD: usize = 4;

/// Words of launches, in order.
pub(super) struct Words {
    memory: Arc<Memory>,
    launches: Vec<Failures>,
}

impl Words {
    /// Words that are zero, after the work that is queued on the GPU's own stream.
    pub(super) fn new(gpu: &Arc<Gpu>) -> Result<Words, DeviceError> {
        let words = Words { memory: Memory::lasting(gpu, WORDS * WORD)?, launches: Vec::new() };
        words.clear()?;
        Ok(words)
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The address of a word for a launch that fails so, if there is one left.
    pub(super) fn next(&mut self, failures: Failures) -> Option<u64> {
        let k = self.launches.len();
        (k < WORDS).then(|| {
            self.launches.push(failures);
            self.memory.address() + (k * WORD) as u64
        })
    }

    /// Makes all words zero.
    pub(super) fn clear(&self) -> Result<(), DeviceError> {
        self.memory.clear()
    }

    /// All words are zero: they may be given out again.
    pub(super) fn reuse(&mut self) {
        self.launches.clear();
    }

    /// Bytes that launches may have written.
    pub(super) fn used(&self) -> usize {
        self.launches.len() * WORD
    }

    /// What failed first, from the bytes of the words.
    pub(super) fn failure(&self, bytes: &[u8]) -> Option<DeviceError> {
        let numbers = bytes.chunks_exact(WORD).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let (failures, number) = self.launches.iter().zip(numbers).find(|(_, number)| *number > 0)?;
        Some(failure(failures, number))
    }
}
