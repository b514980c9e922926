//! Launches.

use std::ffi::c_void;

use super::{Buffer, Gpu, capture, raw};
use crate::DeviceError;

/// Kernels with up to so many arguments are launched without asking for memory.
pub(super) const FEW: usize = 48;

/// An argument of a kernel, as it stands in the parameter's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arg(u64);

impl Arg {
    /// The address of memory, which a step that is being recorded holds from then on.
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

    /// The bytes of the parameter, the low ones first.
    pub(super) fn bits(self) -> u64 {
        self.0
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
    /// is as long as the kernel takes for granted, and lives until the work is done; while a step is recorded it was named
    /// by [`Arg::buffer`] in that step, so that the recording holds it.
    pub unsafe fn launch(
        &self,
        text: &'static str,
        kernel: &'static str,
        grid: u32,
        block: u32,
        args: &[Arg],
    ) -> Result<(), DeviceError> {
        // SAFETY: the caller's promise; there is no table.
        unsafe { self.launch_table(text, kernel, grid, block, args, &[]) }
    }

    /// As [`launch`](Gpu::launch), of a kernel whose last parameter is a table of these numbers, if there are any.
    ///
    /// # Errors
    /// As of `launch`.
    ///
    /// # Safety
    /// As of `launch`; the table is as long as the kernel's, and what holds for memory that arguments name holds for
    /// memory that it names.
    pub(super) unsafe fn launch_table(
        &self,
        text: &'static str,
        kernel: &'static str,
        grid: u32,
        block: u32,
        args: &[Arg],
        table: &[u64],
    ) -> Result<(), DeviceError> {
        let stream = self.queue()?;
        let function = self.modules().function(text, kernel)?.0;
        capture::note(kernel, || {
            let all = args.iter().map(|a| a.0).chain(table.iter().copied());
            [function.addr() as u64, grid.into(), block.into()].into_iter().chain(all)
        });
        let mut few = [std::ptr::null_mut(); FEW];
        let mut many = Vec::new();
        let pointers = match args.len() + 1 {
            n if n <= FEW => &mut few[..n],
            n => {
                many.resize(n, std::ptr::null_mut());
                &mut many[..]
            }
        };
        for (pointer, arg) in pointers.iter_mut().zip(args) {
            *pointer = (&raw const arg.0).cast_mut().cast::<c_void>();
        }
        // A kernel without a table does not look at it.
        pointers[args.len()] = table.as_ptr().cast_mut().cast::<c_void>();
        let extra = std::ptr::null_mut();
        // SAFETY: the pointers lead to as many bytes as the kernel's parameters have at most (little-endian, so that the
        // low bytes come first), and the driver reads them before it returns; the rest is the caller's promise.
        let code = unsafe {
            raw::launch(function, grid, 1, 1, block, 1, 1, 0, stream, pointers.as_mut_ptr(), extra)
        };
        raw::check("launching a kernel", code)
    }
}
