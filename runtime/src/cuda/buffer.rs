//! Bytes in a GPU's memory.

use std::sync::Arc;

use super::memory::Memory;
use super::{Gpu, capture, raw};
use crate::DeviceError;

/// Bytes in a GPU's memory. What is dropped is kept by the GPU for the next buffer of its size.
pub struct Buffer(Arc<Memory>);

impl Buffer {
    /// Room for so many bytes. What it holds is unspecified.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn room(gpu: &Arc<Gpu>, bytes: usize) -> Result<Buffer, DeviceError> {
        Memory::take(gpu, bytes).map(Buffer)
    }

    /// Room for so many bytes, all zero.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn zeroed(gpu: &Arc<Gpu>, bytes: usize) -> Result<Buffer, DeviceError> {
        let buffer = Buffer::room(gpu, bytes)?;
        buffer.clear()?;
        Ok(buffer)
    }

    /// Room for so many bytes, all zero, that belongs to no recording, also while one is made.
    pub(super) fn lasting(gpu: &Arc<Gpu>, bytes: usize) -> Result<Buffer, DeviceError> {
        let memory = Memory::lasting(gpu, bytes)?;
        memory.clear()?;
        Ok(Buffer(memory))
    }

    /// Makes all bytes zero.
    pub(super) fn clear(&self) -> Result<(), DeviceError> {
        self.fill(&[0])
    }

    /// Repeats bytes all over: one, four or eight of them, of which there is a whole number.
    pub(crate) fn fill(&self, pattern: &[u8]) -> Result<(), DeviceError> {
        if self.is_empty() {
            return Ok(());
        }
        let (at, stream) = (self.address(), self.gpu().queue()?);
        self.0.written();
        capture::note("clearing memory", || pattern.iter().map(|&b| b.into()).chain([at, self.len() as u64]));
        let code = match *pattern {
            // SAFETY: the memory has so many bytes.
            [byte] => unsafe { raw::fill_bytes(at, byte, self.len(), stream) },
            [a, b, c, d] => {
                let word = u32::from_le_bytes([a, b, c, d]);
                // SAFETY: the memory has so many words, and every stretch begins at a multiple of four.
                unsafe { raw::fill_words(at, word, self.len() / 4, stream) }
            }
            [byte, ..] if pattern.iter().all(|&b| b == byte) => {
                // SAFETY: the memory has so many bytes.
                unsafe { raw::fill_bytes(at, byte, self.len(), stream) }
            }
            _ => return self.write(&pattern.repeat(self.len() / pattern.len())),
        };
        raw::check("clearing memory", code)
    }

    /// A copy of bytes of the host.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn from_bytes(gpu: &Arc<Gpu>, bytes: &[u8]) -> Result<Buffer, DeviceError> {
        let buffer = Buffer::room(gpu, bytes.len())?;
        buffer.write(bytes)?;
        Ok(buffer)
    }

    /// Overwrites all bytes, after the work that is queued. Up to a size nothing is waited for; `bytes` may be changed as
    /// soon as this returns in any case.
    ///
    /// # Errors
    /// If the lengths differ, or earlier work failed.
    pub fn write(&self, bytes: &[u8]) -> Result<(), DeviceError> {
        self.expect(bytes.len())?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.gpu().upload(self.address(), bytes)?;
        self.0.written();
        Ok(())
    }

    /// Overwrites some bytes, from that one on; as [`write`](Buffer::write) otherwise.
    pub(crate) fn write_at(&self, start: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        let end = start + bytes.len();
        if end > self.len() {
            return Err(DeviceError::Length { expected: self.len(), found: end });
        }
        self.gpu().upload(self.address() + start as u64, bytes)?;
        self.0.written();
        Ok(())
    }

    /// Copies all bytes to the host, after the work that is queued.
    ///
    /// # Errors
    /// If the lengths differ, earlier work failed, or a step is being recorded.
    pub fn read(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.expect(bytes.len())?;
        self.read_from(0, bytes)
    }

    /// Copies some bytes to the host, from that one on, after the work that is queued.
    ///
    /// # Errors
    /// If there are not so many, earlier work failed, or a step is being recorded.
    pub fn read_from(&self, start: usize, bytes: &mut [u8]) -> Result<(), DeviceError> {
        let end = start + bytes.len();
        if end > self.len() {
            return Err(DeviceError::Length { expected: self.len(), found: end });
        }
        self.0.sound()?;
        self.gpu().download(self.0.address() + start as u64, bytes)
    }

    /// A copy in the GPU's memory.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn duplicate(&self) -> Result<Buffer, DeviceError> {
        let copy = Buffer::room(self.gpu(), self.len())?;
        copy.copy_from(self)?;
        Ok(copy)
    }

    /// Overwrites all bytes by those of another buffer of the same length, on the same GPU.
    ///
    /// # Errors
    /// If the lengths differ, or earlier work failed.
    pub fn copy_from(&self, other: &Buffer) -> Result<(), DeviceError> {
        self.expect(other.len())?;
        self.copy_within_gpu(0, other, 0, other.len())
    }

    /// Queues a copy of so many bytes of another buffer, from `from` on there, to `to` on here.
    ///
    /// # Errors
    /// If there are not so many, or earlier work failed.
    pub(super) fn copy_within_gpu(
        &self,
        to: usize,
        source: &Buffer,
        from: usize,
        bytes: usize,
    ) -> Result<(), DeviceError> {
        for (buffer, end) in [(self, to + bytes), (source, from + bytes)] {
            if end > buffer.len() {
                return Err(DeviceError::Length { expected: buffer.len(), found: end });
            }
        }
        if bytes == 0 {
            return Ok(());
        }
        let stream = self.gpu().queue()?;
        let (to, from) = (self.address() + to as u64, source.address() + from as u64);
        self.0.written();
        capture::note("copying", || [to, from, bytes as u64]);
        // SAFETY: both have so many bytes from there on.
        raw::check("copying", unsafe { raw::copy(to, from, bytes, stream) })
    }

    fn expect(&self, found: usize) -> Result<(), DeviceError> {
        let expected = self.len();
        if found == expected { Ok(()) } else { Err(DeviceError::Length { expected, found }) }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address, for work that is about to be queued: while a step is recorded, the recording holds the memory.
    pub(super) fn address(&self) -> u64 {
        capture::touch(&self.0);
        self.0.address()
    }

    /// The address of a byte within, for a kernel.
    pub(super) fn address_at(&self, byte: u64) -> super::Arg {
        super::Arg::int(self.address() + byte)
    }

    /// A kernel writes it, other than for the first time.
    pub(super) fn written(&self) {
        self.0.written();
    }

    /// Another number whenever something else may stand there.
    pub(super) fn version(&self) -> u64 {
        self.0.version()
    }

    /// Whether a recording uses it.
    pub(super) fn is_recorded(&self) -> bool {
        self.0.is_recorded()
    }

    /// Whether it was made by the step that this thread is recording.
    pub(super) fn is_of_this_step(&self) -> bool {
        capture::arena().is_some_and(|arena| self.0.is_of(&arena))
    }

    /// The GPU that the memory belongs to.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        self.0.gpu()
    }
}
