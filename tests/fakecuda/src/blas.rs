//! The entry points of cuBLAS that pullback calls: products in plain Rust, on the pretended device's memory, when the
//! stream gets there. Matrices are stored column by column.

#![allow(non_snake_case)]

use std::ffi::{c_int, c_void};

use crate::abi::{driver, give};
use crate::driver::{Code, Command, Driver, Result};

type Handle = *mut c_void;

/// The codes of cuBLAS.
const NOT_INITIALIZED: c_int = 1;
const INVALID_VALUE: c_int = 7;
const EXECUTION_FAILED: c_int = 13;

/// A product that is queued: `C = op(A) op(B)`, m by n, summed over k.
#[derive(Clone, Debug)]
pub(crate) struct Gemm {
    pub(crate) transposed: [bool; 2],
    pub(crate) sizes: [usize; 3],
    pub(crate) at: [u64; 3],
    pub(crate) leading: [usize; 3],
    /// Bytes of a number: 4 or 8.
    pub(crate) width: usize,
}

impl Gemm {
    /// Rows and columns of a factor or of the product as they are stored.
    fn stored(&self, which: usize) -> (usize, usize) {
        let [m, n, k] = self.sizes;
        match (which, self.transposed.get(which)) {
            (0, Some(false)) => (m, k),
            (0, _) => (k, m),
            (1, Some(false)) => (k, n),
            (1, _) => (n, k),
            _ => (m, n),
        }
    }

    fn valid(&self) -> bool {
        (0..3).all(|which| self.leading[which] >= self.stored(which).0.max(1))
    }

    /// A factor's numbers, column by column without the rest of each.
    fn read(
        &self,
        gpu: &mut pullback_ptxsim::Gpu,
        which: usize,
    ) -> std::result::Result<Vec<f64>, pullback_ptxsim::Fault> {
        let (rows, columns) = self.stored(which);
        let mut all = Vec::new();
        for column in 0..columns {
            let start = self.at[which] + (column * self.leading[which] * self.width) as u64;
            let bytes = gpu.read(start, rows * self.width)?;
            all.extend(bytes.chunks_exact(self.width).map(number));
        }
        Ok(all)
    }

    /// Does it: products and sums are rounded one by one, in order.
    pub(crate) fn run(
        &self,
        gpu: &mut pullback_ptxsim::Gpu,
    ) -> std::result::Result<(), pullback_ptxsim::Fault> {
        let ([m, n, k], [ta, tb]) = (self.sizes, self.transposed);
        let (a, b) = (self.read(gpu, 0)?, self.read(gpu, 1)?);
        for j in 0..n {
            let mut column = Vec::new();
            for i in 0..m {
                let sum = (0..k).fold(0.0, |sum, l| {
                    let x = if ta { a[i * k + l] } else { a[l * m + i] };
                    let y = if tb { b[l * n + j] } else { b[j * k + l] };
                    self.rounded(sum + self.rounded(x * y))
                });
                column.extend_from_slice(&match self.width {
                    4 => (sum as f32).to_le_bytes().to_vec(),
                    _ => sum.to_le_bytes().to_vec(),
                });
            }
            gpu.write(self.at[2] + (j * self.leading[2] * self.width) as u64, &column)?;
        }
        Ok(())
    }

    fn rounded(&self, x: f64) -> f64 {
        if self.width == 4 { f64::from(x as f32) } else { x }
    }
}

fn number(bytes: &[u8]) -> f64 {
    match bytes.try_into() {
        Ok(four) => f64::from(f32::from_le_bytes(four)),
        Err(_) => f64::from_le_bytes(bytes.try_into().expect("eight bytes")),
    }
}

/// The status for what the driver says.
fn status(result: Result<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(Code::INVALID_HANDLE) => NOT_INITIALIZED,
        Err(Code::INVALID_VALUE) => INVALID_VALUE,
        Err(_) => EXECUTION_FAILED,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cublasCreate_v2(handle: *mut Handle) -> c_int {
    // SAFETY: the caller of cuBLAS vouches for its pointers.
    status(unsafe { give(handle, driver(Driver::new_blas) as Handle) })
}

#[unsafe(no_mangle)]
extern "C" fn cublasDestroy_v2(handle: Handle) -> c_int {
    status(driver(|d| d.blas(handle as usize, |_| None)))
}

#[unsafe(no_mangle)]
extern "C" fn cublasSetStream_v2(handle: Handle, stream: Handle) -> c_int {
    status(driver(|d| d.blas(handle as usize, |_| Some(stream as usize))))
}

#[unsafe(no_mangle)]
extern "C" fn cublasSetMathMode(handle: Handle, mode: c_int) -> c_int {
    // The mode that rounds to TF32 is not one for these tests.
    let known = if mode == 0 { Ok(()) } else { Err(Code::INVALID_VALUE) };
    status(known.and_then(|()| driver(|d| d.blas(handle as usize, Some))))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cublasGetVersion_v2(handle: Handle, version: *mut c_int) -> c_int {
    let known = driver(|d| d.blas(handle as usize, Some));
    // SAFETY: the caller of cuBLAS vouches for its pointers.
    status(known.and_then(|()| unsafe { give(version, 120_900) }))
}

macro_rules! gemm {
    ($($name:ident $t:ty;)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(
            handle: Handle, ta: c_int, tb: c_int, m: c_int, n: c_int, k: c_int,
            alpha: *const $t, a: u64, lda: c_int, b: u64, ldb: c_int, beta: *const $t, c: u64, ldc: c_int,
        ) -> c_int {
            if alpha.is_null() || beta.is_null() {
                return INVALID_VALUE;
            }
            // SAFETY: they are not null; the caller of cuBLAS vouches for its pointers.
            let (alpha, beta) = unsafe { (*alpha, *beta) };
            // Others are not asked for.
            if (alpha, beta) != (1.0, 0.0) || ![ta, tb].iter().all(|t| (0..2).contains(t)) || m.min(n).min(k) < 0 {
                return INVALID_VALUE;
            }
            let size = |n: c_int| usize::try_from(n).unwrap_or(0);
            let gemm = Gemm {
                transposed: [ta == 1, tb == 1],
                sizes: [m, n, k].map(size),
                at: [a, b, c],
                leading: [lda, ldb, ldc].map(size),
                width: std::mem::size_of::<$t>(),
            };
            status(submit(handle as usize, gemm))
        }
    )* };
}

gemm! { cublasSgemm_v2 f32; cublasDgemm_v2 f64; }

fn submit(handle: usize, gemm: Gemm) -> Result<()> {
    if !gemm.valid() {
        return Err(Code::INVALID_VALUE);
    }
    driver(|d| {
        let mut stream = 0;
        d.blas(handle, |s| {
            stream = s;
            Some(s)
        })?;
        d.submit(stream, Command::Gemm(gemm))
    })
}
