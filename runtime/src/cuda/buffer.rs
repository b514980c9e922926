//! Memory of a GPU.

use std::sync::Arc;

use cust::memory::{CopyDestination, DeviceBuffer};
use cust::sys;

use super::Gpu;
use super::gpu::{check, failed};
use crate::DeviceError;

/// Bytes in a GPU's memory. What is dropped is kept by the GPU for the next buffer of its size: all work runs in order
/// on one stream, so whoever gets it next uses it after whoever had it.
pub struct Buffer {
    // `None` while it is being dropped only.
    data: Option<DeviceBuffer<u8>>,
    gpu: Arc<Gpu>,
}

impl Buffer {
    /// Room for so many bytes. What it holds is unspecified.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn room(gpu: &Arc<Gpu>, bytes: usize) -> Result<Buffer, DeviceError> {
        gpu.enter()?;
        let data = match gpu.spare(bytes) {
            Some(data) => data,
            None => allocate(bytes).or_else(|_| {
                gpu.forget_spares();
                allocate(bytes)
            })?,
        };
        Ok(Buffer { data: Some(data), gpu: gpu.clone() })
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

    /// Makes all bytes zero.
    pub(super) fn clear(&self) -> Result<(), DeviceError> {
        if self.is_empty() {
            return Ok(());
        }
        let (at, stream) = (self.address(), self.gpu.stream().as_inner());
        // SAFETY: the memory has so many bytes, and the stream is the one on which all work is queued.
        check("clearing memory", unsafe { sys::cuMemsetD8Async(at, 0, self.len(), stream) })
    }

    /// A copy of bytes of the host.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn from_bytes(gpu: &Arc<Gpu>, bytes: &[u8]) -> Result<Buffer, DeviceError> {
        let mut buffer = Buffer::room(gpu, bytes.len())?;
        buffer.write(bytes)?;
        Ok(buffer)
    }

    /// Overwrites all bytes, after the work that is queued.
    ///
    /// # Errors
    /// If the lengths differ, or earlier work failed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        self.expect(bytes.len())?;
        self.gpu.synchronize()?;
        match &mut self.data {
            Some(data) if !bytes.is_empty() => data.copy_from(bytes).map_err(failed("copying to the GPU")),
            _ => Ok(()),
        }
    }

    /// Copies all bytes to the host, after the work that is queued.
    ///
    /// # Errors
    /// If the lengths differ, or earlier work failed.
    pub fn read(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.expect(bytes.len())?;
        self.read_from(0, bytes)
    }

    /// Copies some bytes to the host, from that one on, after the work that is queued.
    ///
    /// # Errors
    /// If there are not so many, or earlier work failed.
    pub fn read_from(&self, start: usize, bytes: &mut [u8]) -> Result<(), DeviceError> {
        let end = start + bytes.len();
        if end > self.len() {
            return Err(DeviceError::Length { expected: self.len(), found: end });
        }
        self.gpu.synchronize()?;
        match &self.data {
            Some(data) if !bytes.is_empty() => {
                data.index(start..end).copy_to(bytes).map_err(failed("copying from the GPU"))
            }
            _ => Ok(()),
        }
    }

    /// A copy in the GPU's memory.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn duplicate(&self) -> Result<Buffer, DeviceError> {
        let copy = Buffer::room(&self.gpu, self.len())?;
        copy.copy_within_gpu(0, self, 0, self.len())?;
        Ok(copy)
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
        self.gpu.enter()?;
        let stream = self.gpu.stream().as_inner();
        let (to, from) = (self.address() + to as u64, source.address() + from as u64);
        // SAFETY: both have so many bytes from there on, and the stream is the one on which all work is queued.
        check("copying", unsafe { sys::cuMemcpyDtoDAsync_v2(to, from, bytes, stream) })
    }

    fn expect(&self, found: usize) -> Result<(), DeviceError> {
        let expected = self.len();
        if found == expected { Ok(()) } else { Err(DeviceError::Length { expected, found }) }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.as_ref().map_or(0, |d| d.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address, for kernels.
    pub(super) fn address(&self) -> u64 {
        self.data.as_ref().map_or(0, |d| d.as_device_ptr().as_raw())
    }

    /// The GPU that the memory belongs to.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
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

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(data) = self.data.take() {
            self.gpu.keep(data);
        }
    }
}
