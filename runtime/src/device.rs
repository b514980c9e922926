//! Where computations run.

use std::fmt;

/// A CPU or a GPU.
///
/// ```
/// use pullback::Device;
///
/// let device = Device::best();
/// println!("computing on {device}");
/// assert!(Device::cpu().is_cpu());
/// ```
#[derive(Clone)]
pub struct Device(Kind);

#[derive(Clone)]
enum Kind {
    Cpu,
    #[cfg(feature = "cuda")]
    Cuda(std::sync::Arc<crate::cuda::Gpu>),
}

impl Device {
    /// This machine's CPU.
    #[must_use]
    pub fn cpu() -> Device {
        Device(Kind::Cpu)
    }

    /// The GPU of that number.
    ///
    /// # Errors
    /// If there is none, if there is no driver, or if this program was built without the feature `cuda`.
    pub fn cuda(ordinal: usize) -> Result<Device, DeviceError> {
        #[cfg(feature = "cuda")]
        return crate::cuda::Gpu::open(ordinal).map(|gpu| Device(Kind::Cuda(gpu)));
        #[cfg(not(feature = "cuda"))]
        {
            let _ = ordinal;
            Err(DeviceError::NotBuilt)
        }
    }

    /// The first GPU if there is one, otherwise the CPU.
    #[must_use]
    pub fn best() -> Device {
        Device::cuda(0).unwrap_or_else(|_| Device::cpu())
    }

    /// The same device, with the matrix products of programs on it done by cuBLAS (`libcublas.so.13`, `.12` or `.11`, opened
    /// when this is called), or by this crate's own kernels again.
    ///
    /// Without this call, and with the environment variable `PULLBACK_CUBLAS` not `1`, they are this crate's: their bits are
    /// the same in every run and on every GPU, which those of cuBLAS are not from one GPU or version to the next. Large
    /// products may be faster with it; small ones never go there. Numbers are multiplied in their own precision, TF32 is off.
    /// It is a setting of the GPU: all handles of it share it. A CPU has no such choice and stays as it is.
    ///
    /// # Errors
    /// If it is asked for and cannot be opened.
    pub fn with_cublas(self, wanted: bool) -> Result<Device, DeviceError> {
        #[cfg(feature = "cuda")]
        if let Kind::Cuda(gpu) = &self.0 {
            gpu.use_cublas(wanted)?;
        }
        let _ = wanted;
        Ok(self)
    }

    /// Whether this is the CPU.
    #[must_use]
    pub fn is_cpu(&self) -> bool {
        matches!(self.0, Kind::Cpu)
    }

    /// Waits until all work that was queued on the device is done. Nothing needs this for right results: what reads numbers
    /// waits for them. It is for measuring times, and to learn of failures.
    ///
    /// # Errors
    /// If some of the work failed: what a kernel met that is a panic on the CPU, or the driver's error.
    ///
    /// ```
    /// let device = pullback::Device::best();
    /// let t = pullback::Tensor::<f32>::ones(&[1000], &device)?.scale(2.0)?;
    /// device.synchronize()?;
    /// assert_eq!(t.sum()?, 2000.0);
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    pub fn synchronize(&self) -> Result<(), DeviceError> {
        match &self.0 {
            Kind::Cpu => Ok(()),
            #[cfg(feature = "cuda")]
            Kind::Cuda(gpu) => gpu.synchronize(),
        }
    }

    /// A GPU that was opened.
    #[cfg(feature = "cuda")]
    pub(crate) fn of_gpu(gpu: &std::sync::Arc<crate::cuda::Gpu>) -> Device {
        Device(Kind::Cuda(gpu.clone()))
    }

    /// The GPU, if this is one.
    #[cfg(feature = "cuda")]
    #[must_use]
    pub fn gpu(&self) -> Option<&std::sync::Arc<crate::cuda::Gpu>> {
        match &self.0 {
            Kind::Cpu => None,
            Kind::Cuda(gpu) => Some(gpu),
        }
    }
}

impl PartialEq for Device {
    fn eq(&self, other: &Device) -> bool {
        match (&self.0, &other.0) {
            (Kind::Cpu, Kind::Cpu) => true,
            #[cfg(feature = "cuda")]
            (Kind::Cuda(a), Kind::Cuda(b)) => a.ordinal() == b.ordinal(),
            #[cfg(feature = "cuda")]
            _ => false,
        }
    }
}

impl Eq for Device {}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Cpu => f.write_str("cpu"),
            #[cfg(feature = "cuda")]
            Kind::Cuda(gpu) => write!(f, "cuda:{} ({})", gpu.ordinal(), gpu.name()),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What can go wrong on a device.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DeviceError {
    /// The program was built without the feature `cuda`.
    NotBuilt,
    /// There is no CUDA driver on this machine.
    NoDriver,
    /// cuBLAS was asked for and is not on this machine.
    NoCublas,
    /// There is no GPU of that number.
    NoDevice(usize),
    /// The driver is older than the kernels' PTX.
    DriverTooOld,
    /// There is no memory left for so many bytes.
    OutOfMemory(usize),
    /// The driver does not assemble a kernel: a bug in this crate. The driver's own words.
    Compile(String),
    /// Data of the wrong length.
    Length {
        /// How many bytes there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// What makes the function itself panic: an index out of bounds, a failed assertion, an integer division by zero.
    Panicked(String),
    /// Shapes that do not fit together: the function, the arguments, and both lengths.
    Shape(String),
    /// Data that is elsewhere than where it is wanted: where it is.
    Elsewhere(String),
    /// A construct that runs on the CPU only: the function, and what it is.
    Unsupported(&'static str),
    /// What a recorded step cannot do, and what to do instead.
    Recording(String),
    /// Any other error of the driver: what failed, and the driver's name for it.
    Driver {
        /// What failed.
        doing: &'static str,
        /// The driver's name for it.
        error: String,
    },
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceError::NotBuilt => {
                f.write_str("this program was built without the feature `cuda` of pullback")
            }
            DeviceError::NoDriver => f.write_str("there is no CUDA driver (libcuda.so.1) on this machine"),
            DeviceError::NoCublas => f.write_str(
                "cuBLAS was asked for, but there is no libcublas.so.13, .12 or .11 that can be opened; without it leave out \
                 `with_cublas(true)` and PULLBACK_CUBLAS=1",
            ),
            DeviceError::NoDevice(k) => write!(f, "there is no GPU number {k}"),
            DeviceError::DriverTooOld => {
                f.write_str("the CUDA driver is too old: PTX 6.0 wants version 9.0 or newer")
            }
            DeviceError::OutOfMemory(bytes) => write!(f, "the GPU has no room for {bytes} more bytes"),
            DeviceError::Compile(log) => write!(f, "the CUDA driver does not accept a kernel: {log}"),
            DeviceError::Length { expected, found } => {
                write!(f, "{expected} bytes are wanted, not {found}")
            }
            DeviceError::Panicked(message) => write!(f, "the function panicked: {message}"),
            DeviceError::Shape(message) | DeviceError::Recording(message) => f.write_str(message),
            DeviceError::Elsewhere(place) => {
                write!(f, "a tensor is on {place}; `to(&device)` copies it")
            }
            DeviceError::Unsupported(message) => f.write_str(message),
            DeviceError::Driver { doing, error } => write!(f, "{doing}: {error}"),
        }
    }
}

impl std::error::Error for DeviceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_cpu() {
        assert!(Device::cpu().is_cpu());
        assert_eq!(Device::cpu().to_string(), "cpu");
        assert!(!DeviceError::NoDriver.to_string().is_empty());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn without_the_feature_there_is_no_gpu() {
        assert_eq!(Device::cuda(0).unwrap_err(), DeviceError::NotBuilt);
        assert!(Device::best().is_cpu());
    }
}
