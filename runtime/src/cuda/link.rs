//! The way between host and GPU: page-locked memory through which copies go, and the words that tell of failures.

use std::sync::Arc;

use cust::event::{Event, EventFlags};
use cust::memory::LockedBuffer;
use cust::stream::Stream;
use cust::sys::CUstream;

use super::gpu::failed;
use super::raw;
use super::status::Words;
use crate::DeviceError;

/// Bytes of a half of the memory for uploads. Longer ones do not go through it.
const HALF: usize = 4 << 20;

/// Downloads up to so many bytes go through page-locked memory.
const SMALL: usize = 64 << 10;

/// One of two stretches of page-locked memory, of which one is filled while the other is copied.
struct Half {
    memory: LockedBuffer<u8>,
    used: usize,
    /// What is recorded when the half is full.
    copied: Event,
}

/// All that uploads, downloads and failures have in common: one user at a time.
#[derive(Default)]
pub(super) struct Link {
    halves: Vec<Half>,
    current: usize,
    down: Option<LockedBuffer<u8>>,
    /// Words of launches that nobody has looked at.
    pub(super) words: Option<Words>,
    /// Words of recordings that ran since somebody looked.
    pub(super) replayed: Vec<Arc<Words>>,
}

fn locked(bytes: usize) -> Result<LockedBuffer<u8>, DeviceError> {
    LockedBuffer::new(&0, bytes).map_err(failed("taking page-locked memory"))
}

impl Half {
    fn new() -> Result<Half, DeviceError> {
        let copied = Event::new(EventFlags::DISABLE_TIMING).map_err(failed("making an event"))?;
        Ok(Half { memory: locked(HALF)?, used: 0, copied })
    }
}

impl Link {
    /// Queues a copy of bytes, which are free again when this returns.
    ///
    /// # Safety
    /// There are so many bytes at `to`.
    pub(super) unsafe fn upload(
        &mut self,
        stream: &Stream,
        to: u64,
        bytes: &[u8],
    ) -> Result<(), DeviceError> {
        let queue = stream.as_inner();
        if bytes.len() > HALF {
            // SAFETY: the caller's promise; the bytes are there until the copy is done.
            raw::check("copying to the GPU", unsafe {
                raw::upload(to, bytes.as_ptr().cast(), bytes.len(), queue)
            })?;
            return raw::check("waiting for the GPU", wait_for(queue));
        }
        let half = self.room(stream, bytes.len())?;
        let place = &mut half.memory[half.used..half.used + bytes.len()];
        place.copy_from_slice(bytes);
        half.used += bytes.len();
        let from = place.as_ptr().cast();
        // SAFETY: the caller's promise; the half is written again only when its event has happened.
        raw::check("copying to the GPU", unsafe { raw::upload(to, from, bytes.len(), queue) })
    }

    /// The half in which there is room for so many bytes.
    fn room(&mut self, stream: &Stream, bytes: usize) -> Result<&mut Half, DeviceError> {
        while self.halves.len() < 2 {
            self.halves.push(Half::new()?);
        }
        if self.halves[self.current].used + bytes > HALF {
            self.halves[self.current].copied.record(stream).map_err(failed("recording an event"))?;
            self.current = 1 - self.current;
            let next = &mut self.halves[self.current];
            next.copied.synchronize().map_err(failed("waiting for the GPU"))?;
            next.used = 0;
        }
        Ok(&mut self.halves[self.current])
    }

    /// Waits for all work, copies bytes to the host, and says what failed meanwhile.
    ///
    /// # Safety
    /// There are as many bytes at `from` as `bytes` has.
    pub(super) unsafe fn download(
        &mut self,
        stream: &Stream,
        from: u64,
        bytes: &mut [u8],
    ) -> Result<(), DeviceError> {
        let queue = stream.as_inner();
        let small = if bytes.len() <= SMALL { bytes.len() } else { 0 };
        let words: usize = self.pending().map(|w| w.used()).sum();
        if self.down.as_ref().is_none_or(|d| d.len() < small + words) {
            self.down = Some(locked((small + words).max(SMALL))?);
        }
        let down = self.down.as_mut().expect("it was made above").as_mut_ptr();
        let to = if small > 0 { down } else { bytes.as_mut_ptr() };
        let copied = match bytes.len() {
            0 => Ok(()),
            // SAFETY: the caller's promise, and the host's memory is there until this function has waited.
            n => raw::check("copying from the GPU", unsafe { raw::download(to.cast(), from, n, queue) }),
        };
        // SAFETY: there is room for the words behind the other bytes, which nobody takes before this function has waited.
        let words = copied.and_then(|()| unsafe { self.download_words(queue, down.add(small)) });
        // Also where a copy was refused: another may be under way to memory of the caller.
        raw::check("waiting for the GPU", wait_for(queue))?;
        let end = small + words?;
        let down = &self.down.as_ref().expect("it was made above")[..];
        bytes[..small].copy_from_slice(&down[..small]);
        let failure = self.failure(&down[small..end]);
        self.forget(failure.is_some())?;
        failure.map_or(Ok(()), Err)
    }

    /// Queues copies of all words that launches may have written, one after the other; how many bytes.
    ///
    /// # Safety
    /// There is room for them at `to` until the stream was waited for.
    unsafe fn download_words(&self, queue: CUstream, to: *mut u8) -> Result<usize, DeviceError> {
        let mut at = 0;
        for words in self.pending().filter(|w| w.used() > 0) {
            let (from, bytes) = (words.memory().address(), words.used());
            // SAFETY: so many words were given out; the room is the caller's promise.
            let code = unsafe { raw::download(to.add(at).cast(), from, bytes, queue) };
            raw::check("copying from the GPU", code)?;
            at += bytes;
        }
        Ok(at)
    }

    fn pending(&self) -> impl Iterator<Item = &Words> {
        self.words.iter().chain(self.replayed.iter().map(|w| &**w))
    }

    fn failure(&self, mut bytes: &[u8]) -> Option<DeviceError> {
        self.pending().find_map(|words| {
            let (own, rest) = bytes.split_at(words.used());
            bytes = rest;
            words.failure(own)
        })
    }

    /// All words were looked at; some are not zero.
    fn forget(&mut self, failed: bool) -> Result<(), DeviceError> {
        if failed {
            self.pending().try_for_each(Words::clear)?;
        }
        self.replayed.clear();
        if let Some(words) = &mut self.words {
            words.reuse();
        }
        Ok(())
    }

    /// A recording runs.
    pub(super) fn replayed(&mut self, words: &[Arc<Words>]) {
        for words in words.iter().filter(|w| w.used() > 0) {
            if !self.replayed.iter().any(|known| Arc::ptr_eq(known, words)) {
                self.replayed.push(words.clone());
            }
        }
    }
}

/// Waits for a stream.
fn wait_for(stream: CUstream) -> i32 {
    // SAFETY: the stream is that of a GPU, which is never dropped while somebody has it.
    unsafe { raw::wait(stream) }
}
