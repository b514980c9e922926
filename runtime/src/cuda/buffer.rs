//! Memory of a GPU.

use std::sync::Arc;

use cust::memory::{CopyDestination, DeviceBuffer};

use super::Gpu;
use super::gpu::failed;
use crate::DeviceError;

/// Bytes in a GPU's memory.
pub struct Buffer {
    // Dropped before the context that it belongs to.
    data: DeviceBuffer<u8>,
    gpu: Arc<Gpu>,
}

impl Buffer {
    /// Room for so many bytes, all zero.
    ///
    /// # Errors
    /// If there is no memory left.
    pub fn zeroed(gpu: &Arc<Gpu>, bytes: usize) -> Result<Buffer, DeviceError> {
        gpu.enter()?;
        let out_of_memory = |e| match e {
            cust::error::CudaError::OutOfMemory => DeviceError::OutOfMemory(bytes),
            other => failed("allocating memory")(other),
        };
        let data = DeviceBuffer::<u8>::zeroed(bytes).map_err(out_of_memory)?;
        Ok(Buffer { data, gpu: gpu.clone() })
    }

    /// A copy of bytes of the host.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn from_bytes(gpu: &Arc<Gpu>, bytes: &[u8]) -> Result<Buffer, DeviceError> {
        let mut buffer = Buffer::zeroed(gpu, bytes.len())?;
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
        if bytes.is_empty() {
            return Ok(());
        }
        self.data.copy_from(bytes).map_err(failed("copying to the GPU"))
    }

    /// Copies all bytes to the host, after the work that is queued.
    ///
    /// # Errors
    /// If the lengths differ, or earlier work failed.
    pub fn read(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.expect(bytes.len())?;
        self.gpu.synchronize()?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.data.copy_to(bytes).map_err(failed("copying from the GPU"))
    }

    fn expect(&self, found: usize) -> Result<(), DeviceError> {
        let expected = self.data.len();
        if found == expected { Ok(()) } else { Err(DeviceError::Length { expected, found }) }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The address, for kernels.
    pub(super) fn address(&self) -> u64 {
        self.data.as_device_ptr().as_raw()
    }

    /// The GPU that the memory belongs to.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // The memory is given back in its own context, after the work that may use it. If entering fails the driver is
        // past caring for memory.
        let _ = self.gpu.enter();
    }
}
