//! Global memory: buffers far apart from each other, with a record of which bytes were ever written.

use crate::race::Shadow;
use crate::{Fault, FaultKind};

/// Buffer k starts at (k + 1) times this: whatever overruns one buffer lands in no other.
const STRIDE: u64 = 1 << 36;

/// A buffer's bytes.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) data: Vec<u8>,
    pub(crate) written: Vec<bool>,
    pub(crate) shadow: Shadow,
}

/// The memory of a GPU, and how it is watched.
#[derive(Debug, Default)]
pub struct Gpu {
    /// How many units in the last place the `.approx` instructions are off, at most.
    pub noise: u64,
    buffers: Vec<Option<Buffer>>,
}

impl Gpu {
    /// A GPU without buffers.
    pub fn new() -> Gpu {
        Gpu::default()
    }

    /// A new buffer of so many bytes, none of them written; its address.
    pub fn alloc(&mut self, bytes: usize) -> u64 {
        let (data, written) = (vec![0xcd; bytes], vec![false; bytes]);
        self.buffers.push(Some(Buffer { data, written, shadow: Shadow::default() }));
        self.buffers.len() as u64 * STRIDE
    }

    /// Gives a buffer back; its address is never used again.
    ///
    /// # Errors
    /// If no buffer starts there.
    pub fn free(&mut self, address: u64) -> Result<(), Fault> {
        let slot = self.buffers.get_mut((address / STRIDE).wrapping_sub(1) as usize);
        match slot {
            Some(slot) if slot.is_some() && address.is_multiple_of(STRIDE) => {
                *slot = None;
                Ok(())
            }
            _ => Err(Fault::new(FaultKind::OutOfBounds, format!("no buffer starts at {address:#x}"))),
        }
    }

    /// The buffer and the offset in it of so many bytes.
    pub(crate) fn find(&mut self, address: u64, bytes: usize) -> Result<(&mut Buffer, usize), String> {
        let (k, offset) = ((address / STRIDE).wrapping_sub(1) as usize, (address % STRIDE) as usize);
        match self.buffers.get_mut(k) {
            Some(Some(b)) => {
                let length = b.data.len();
                let fits = offset.checked_add(bytes).is_some_and(|end| end <= length);
                fits.then_some((b, offset))
                    .ok_or_else(|| format!("{bytes} bytes at offset {offset} of a buffer of {length} bytes"))
            }
            Some(None) => Err(format!("address {address:#x} is in a buffer that was freed")),
            None => Err(format!("address {address:#x} is in no buffer")),
        }
    }

    /// Copies bytes from the host.
    ///
    /// # Errors
    /// If they do not fit.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let found = self.find(address, bytes.len());
        let (buffer, at) = found.map_err(|e| Fault::new(FaultKind::OutOfBounds, e))?;
        buffer.data[at..at + bytes.len()].copy_from_slice(bytes);
        buffer.written[at..at + bytes.len()].fill(true);
        Ok(())
    }

    /// Copies bytes to the host.
    ///
    /// # Errors
    /// If there are not so many, or some were never written.
    pub fn read(&mut self, address: u64, bytes: usize) -> Result<Vec<u8>, Fault> {
        let found = self.find(address, bytes);
        let (buffer, at) = found.map_err(|e| Fault::new(FaultKind::OutOfBounds, e))?;
        if let Some(k) = buffer.written[at..at + bytes].iter().position(|w| !w) {
            let message = format!("the host reads offset {}, which was never written", at + k);
            return Err(Fault::new(FaultKind::Uninitialised, message));
        }
        Ok(buffer.data[at..at + bytes].to_vec())
    }

    /// A copy within the device, which takes along what was never written.
    ///
    /// # Errors
    /// If either side is too short.
    pub fn copy(&mut self, to: u64, from: u64, bytes: usize) -> Result<(), Fault> {
        let out = |e| Fault::new(FaultKind::OutOfBounds, e);
        let (source, at) = self.find(from, bytes).map_err(out)?;
        let data = source.data[at..at + bytes].to_vec();
        let written = source.written[at..at + bytes].to_vec();
        let (target, at) = self.find(to, bytes).map_err(out)?;
        target.data[at..at + bytes].copy_from_slice(&data);
        target.written[at..at + bytes].copy_from_slice(&written);
        Ok(())
    }

    /// A new buffer with these bytes.
    pub fn alloc_bytes(&mut self, bytes: &[u8]) -> u64 {
        let address = self.alloc(bytes.len());
        self.write(address, bytes).expect("a new buffer is long enough");
        address
    }

    /// Forgets the accesses of earlier launches.
    pub(crate) fn forget_accesses(&mut self) {
        self.buffers.iter_mut().flatten().for_each(|b| b.shadow.clear());
    }
}
