//! cuBLAS for matrix products, opened when a program asks for it.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{Buffer, Gpu, capture};
use crate::DeviceError;

/// A product of fewer multiplications than this is done by this crate's own kernel also where cuBLAS is in use: what
/// cuBLAS gains there is lost in the call.
pub const CUBLAS_FROM: u64 = 1 << 16;

/// The names of the library, newest first.
const LIBRARIES: [&CStr; 3] = [c"libcublas.so.13", c"libcublas.so.12", c"libcublas.so.11"];

const RTLD_NOW: c_int = 2;

/// `CUBLAS_DEFAULT_MATH`: products in the precision of their numbers, never in TF32.
const DEFAULT_MATH: c_int = 0;

/// `CUBLAS_OP_N` and `CUBLAS_OP_T`.
const OPERATIONS: [c_int; 2] = [0, 1];

/// What tests open instead.
static OVERRIDE: Mutex<Option<CString>> = Mutex::new(None);

// SAFETY: these are the C library's.
unsafe extern "C" {
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

type Handle = *mut c_void;
/// Types of functions of cuBLAS.
macro_rules! functions {
    ($($name:ident($($arg:ty),*))*) => {
        // SAFETY: who finds such a function says that it is of this type, who calls it keeps to its interface.
        $(type $name = unsafe extern "C" fn($($arg),*) -> c_int;)*
    };
}

functions! {
    Create(*mut Handle)
    Destroy(Handle)
    SetStream(Handle, *mut c_void)
    SetMathMode(Handle, c_int)
    GetVersion(Handle, *mut c_int)
    Gemm(Handle, c_int, c_int, c_int, c_int, c_int, *const c_void, u64, c_int, u64, c_int, *const c_void, u64, c_int)
}

/// Opens this library in place of cuBLAS from now on. For tests.
///
/// # Safety
/// The library's functions must keep to the interface of cuBLAS.
#[doc(hidden)]
pub unsafe fn use_cublas_library(path: &Path) {
    use std::os::unix::ffi::OsStrExt;
    *OVERRIDE.lock().unwrap_or_else(|e| e.into_inner()) = CString::new(path.as_os_str().as_bytes()).ok();
}

/// A handle of cuBLAS whose work goes to one GPU's stream.
pub(super) struct Cublas {
    // An address, so that it may move between threads; whoever has the struct is the only one to use it.
    handle: usize,
    destroy: Destroy,
    set_stream: SetStream,
    sgemm: Gemm,
    dgemm: Gemm,
    version: c_int,
}

/// A product: the factors and the result in row-major order.
pub(super) struct Sizes {
    pub(super) rows: u64,
    pub(super) columns: u64,
    pub(super) inner: u64,
    /// Whether each factor is stored the other way round.
    pub(super) transposed: (bool, bool),
    /// Whether numbers are `f32`, not `f64`.
    pub(super) single: bool,
}

fn check(doing: &'static str, status: c_int) -> Result<(), DeviceError> {
    match status {
        0 => Ok(()),
        status => Err(DeviceError::Driver { doing, error: format!("cuBLAS status {status}") }),
    }
}

/// The library's handle, null if there is none.
fn open() -> *mut c_void {
    let chosen = OVERRIDE.lock().unwrap_or_else(|e| e.into_inner());
    // SAFETY: the names end with a zero; the library's initialisers are cuBLAS', or those of whoever chose another.
    let try_open = |name: &CStr| unsafe { dlopen(name.as_ptr(), RTLD_NOW) };
    match chosen.as_deref() {
        Some(path) => try_open(path),
        None => LIBRARIES.iter().map(|n| try_open(n)).find(|h| !h.is_null()).unwrap_or(std::ptr::null_mut()),
    }
}

/// A function of the library.
///
/// # Safety
/// `F` is the type of a function pointer, and of the function of that name.
unsafe fn find<F: Copy>(library: *mut c_void, name: &CStr) -> Result<F, DeviceError> {
    // SAFETY: the handle is open and is never closed.
    let found = unsafe { dlsym(library, name.as_ptr()) };
    if found.is_null() {
        return Err(DeviceError::NoCublas);
    }
    // SAFETY: the address of a function is as large as a pointer to it; the type is the caller's promise.
    Ok(unsafe { std::mem::transmute_copy::<*mut c_void, F>(&found) })
}

impl Cublas {
    /// Opens the library for a GPU, which the calling thread has entered.
    pub(super) fn new(stream: *mut c_void) -> Result<Cublas, DeviceError> {
        let library = open();
        if library.is_null() {
            return Err(DeviceError::NoCublas);
        }
        // SAFETY: these are the functions as cuBLAS declares them, addresses in the GPU's memory as numbers.
        let (create, set_stream, set_math, get_version, destroy, sgemm, dgemm) = unsafe {
            (
                find::<Create>(library, c"cublasCreate_v2")?,
                find::<SetStream>(library, c"cublasSetStream_v2")?,
                find::<SetMathMode>(library, c"cublasSetMathMode")?,
                find::<GetVersion>(library, c"cublasGetVersion_v2")?,
                find::<Destroy>(library, c"cublasDestroy_v2")?,
                find::<Gemm>(library, c"cublasSgemm_v2")?,
                find::<Gemm>(library, c"cublasDgemm_v2")?,
            )
        };
        let mut handle: Handle = std::ptr::null_mut();
        // SAFETY: the pointer may be written.
        check("starting cuBLAS", unsafe { create(&raw mut handle) })?;
        let mut made = Cublas { handle: handle as usize, destroy, set_stream, sgemm, dgemm, version: 0 };
        // SAFETY: the handle is the one that was made, the stream that of the GPU, the pointer may be written.
        unsafe {
            check("giving cuBLAS its stream", set_stream(handle, stream))?;
            check("setting the precision of cuBLAS", set_math(handle, DEFAULT_MATH))?;
            check("asking cuBLAS for its version", get_version(handle, &raw mut made.version))?;
        }
        Ok(made)
    }

    /// What follows goes to that stream.
    fn follow(&self, stream: *mut c_void) -> Result<(), DeviceError> {
        // SAFETY: the handle is alive, and the stream is where this thread's work goes.
        check("giving cuBLAS its stream", unsafe { (self.set_stream)(self.handle as Handle, stream) })
    }

    /// Queues a product. cuBLAS stores columns one after the other, so what is made here is the transpose of the product
    /// from the transposes of its factors: `Cᵀ = Bᵀ Aᵀ`.
    ///
    /// # Safety
    /// The addresses are those of as many numbers as the sizes say, and live until the work is done.
    unsafe fn product(&self, sizes: &Sizes, a: u64, b: u64, c: u64) -> Result<(), DeviceError> {
        let int = |n: u64| c_int::try_from(n).map_err(|_| DeviceError::Shape(format!("an axis of {n}")));
        let Sizes { rows, columns, inner, transposed: (ta, tb), single } = *sizes;
        let (lda, ldb) = (int(if ta { rows } else { inner })?, int(if tb { inner } else { columns })?);
        let (rows, columns, inner) = (int(rows)?, int(columns)?, int(inner)?);
        let (first, second) = (OPERATIONS[usize::from(tb)], OPERATIONS[usize::from(ta)]);
        let (doubles, singles) = ([1.0f64, 0.0], [1.0f32, 0.0]);
        let (alpha, beta) = match single {
            true => ((&raw const singles[0]).cast::<c_void>(), (&raw const singles[1]).cast::<c_void>()),
            false => ((&raw const doubles[0]).cast::<c_void>(), (&raw const doubles[1]).cast::<c_void>()),
        };
        let gemm = if single { self.sgemm } else { self.dgemm };
        let handle = self.handle as Handle;
        // SAFETY: the handle is alive; alpha and beta are numbers of the host, which is how cuBLAS takes them unless it is
        // told otherwise; the rest is the caller's promise.
        let status = unsafe {
            gemm(handle, first, second, columns, rows, inner, alpha, b, ldb, a, lda, beta, c, columns)
        };
        check("a matrix product of cuBLAS", status)
    }
}

impl Drop for Cublas {
    fn drop(&mut self) {
        // SAFETY: the handle is alive and is not used again. What the library answers changes nothing.
        let _ = unsafe { (self.destroy)(self.handle as Handle) };
    }
}

impl Gpu {
    /// Whether matrix products from now on go to cuBLAS, if they are large; see [`Device::with_cublas`].
    ///
    /// [`Device::with_cublas`]: crate::Device::with_cublas
    ///
    /// # Errors
    /// If it is wanted and there is none.
    pub fn use_cublas(&self, wanted: bool) -> Result<(), DeviceError> {
        // To give the library up takes the context as well.
        self.enter()?;
        let mut cublas = self.cublas();
        if !wanted {
            *cublas = None;
        } else if cublas.is_none() {
            *cublas = Some(Cublas::new(self.stream().as_inner().cast())?);
        }
        Ok(())
    }

    /// The version of the cuBLAS in use, for example 120900; nothing if this crate's own products are.
    #[must_use]
    pub fn cublas_version(&self) -> Option<i32> {
        self.cublas().as_ref().map(|c| c.version)
    }

    /// Queues a product if cuBLAS is in use and the product is large enough; whether it did.
    ///
    /// # Panics
    /// If the memory is not as long as the sizes say.
    pub(super) fn product_by_cublas(
        self: &Arc<Gpu>,
        sizes: &Sizes,
        (a, b, c): (&Buffer, &Buffer, &Buffer),
    ) -> Result<bool, DeviceError> {
        let Sizes { rows, columns, inner, single, transposed } = *sizes;
        let cublas = self.cublas();
        let Some(cublas) = cublas.as_ref().filter(|_| rows * columns * inner >= CUBLAS_FROM) else {
            return Ok(false);
        };
        let bytes = |n: u64| n as usize * if single { 4 } else { 8 };
        let lengths = [bytes(rows * inner), bytes(inner * columns), bytes(rows * columns)];
        assert_eq!([a.len(), b.len(), c.len()], lengths, "the lengths of a product");
        cublas.follow(self.queue()?.cast())?;
        let [a, b, c] = [a, b, c].map(Buffer::address);
        let form = [transposed.0, transposed.1, single].map(u64::from);
        capture::note("a matrix product of cuBLAS", || {
            [rows, columns, inner, a, b, c].into_iter().chain(form)
        });
        // SAFETY: the lengths were checked. What is dropped is used by later work of the same stream only, or held by the
        // step that is being recorded.
        unsafe { cublas.product(sizes, a, b, c) }?;
        Ok(true)
    }
}
