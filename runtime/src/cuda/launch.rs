//! Launches.

use std::ffi::c_void;

use super::gpu::failed;
use super::{Buffer, Gpu};
use crate::DeviceError;

/// An argument of a kernel, as it stands in the parameter's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arg(u64);

impl Arg {
    /// The address of memory.
    #[must_use]
    pub fn buffer(buffer: &Buffer) -> Arg {
        Arg(buffer.address())
    }

    /// An `f32`.
    #[must_use]
    pub fn f32(x: f32) -> Arg {
        Arg(x.to_bits().into())
    }

    /// An `f64`.
    #[must_use]
    pub fn f64(x: f64) -> Arg {
        Arg(x.to_bits())
    }

    /// A `u64` or an `i64`.
    #[must_use]
    pub fn int(x: u64) -> Arg {
        Arg(x)
    }

    /// A truth value, for a parameter of type `u32`.
    #[must_use]
    pub fn truth(x: bool) -> Arg {
        Arg(x.into())
    }
}

impl Gpu {
    /// Queues a kernel of a module.
    ///
    /// # Errors
    /// If the driver does not accept the text or the launch, there is no such kernel, or earlier work failed.
    ///
    /// # Safety
    /// The arguments are those that the kernel takes, in number and type; the memory that they name belongs to this GPU,
    /// is as long as the kernel takes for granted, and lives until the work is done.
    pub unsafe fn launch(
        &self,
        text: &str,
        kernel: &str,
        grid: u32,
        block: u32,
        args: &[Arg],
    ) -> Result<(), DeviceError> {
        let module = self.module(text)?;
        self.enter()?;
        let function = module.get_function(kernel).map_err(failed("finding a kernel"))?;
        let pointers: Vec<*mut c_void> =
            args.iter().map(|a| (&raw const a.0).cast_mut().cast::<c_void>()).collect();
        // SAFETY: the pointers lead to as many bytes as the kernel's parameters have at most (little-endian, so that the
        // low bytes come first), and the driver reads them before it returns; the rest is the caller's promise.
        unsafe { self.stream().launch(&function, grid, block, 0, &pointers) }
            .map_err(failed("launching a kernel"))
    }
}
