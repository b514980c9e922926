//! A GPU: its context, its stream, and the modules that it has assembled.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard};

use cust::context::{Context, CurrentContext};
use cust::device::{Device, DeviceAttribute};
use cust::error::CudaError;
use cust::memory::DeviceBuffer;
use cust::module::Module;
use cust::stream::{Stream, StreamFlags};
use cust::sys;

use super::Buffer;
use super::cublas::Cublas;
use crate::DeviceError;

/// A GPU with its primary context, one stream on which all work is queued in order, and a cache of modules.
pub struct Gpu {
    // Fields drop in this order; the context goes last.
    modules: Mutex<HashMap<String, Arc<Module>>>,
    /// Memory that nobody uses, by its size.
    spares: Mutex<HashMap<usize, Vec<DeviceBuffer<u8>>>>,
    /// The start of the buffer in which kernels leave numbers; see `run`.
    board: Mutex<Option<Buffer>>,
    /// cuBLAS, where it is in use.
    cublas: Mutex<Option<Cublas>>,
    stream: Stream,
    context: Context,
    ordinal: usize,
    name: String,
    capability: (i32, i32),
}

/// The GPUs that are open: one context each, however often a program asks.
static OPEN: Mutex<Vec<Arc<Gpu>>> = Mutex::new(Vec::new());

/// What a lock guards is whole between any two statements, also where one of them panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// The driver's error as one of ours.
pub(super) fn failed(doing: &'static str) -> impl Fn(CudaError) -> DeviceError {
    move |error| match error {
        CudaError::NoDevice if !pullback_cuda_shim::is_present() => DeviceError::NoDriver,
        // `Display` of cust's errors may panic.
        error => DeviceError::Driver { doing, error: format!("{error:?}") },
    }
}

/// As [`failed`], for a code that came from the driver itself.
pub(super) fn check(doing: &'static str, code: sys::CUresult) -> Result<(), DeviceError> {
    match code {
        sys::CUresult::CUDA_SUCCESS => Ok(()),
        other => Err(DeviceError::Driver { doing, error: format!("{other:?}") }),
    }
}

impl Gpu {
    /// The GPU of that number; the same one however often it is asked for.
    ///
    /// # Errors
    /// If there is no driver or no such GPU.
    pub fn open(ordinal: usize) -> Result<Arc<Gpu>, DeviceError> {
        let mut open = lock(&OPEN);
        if let Some(gpu) = open.iter().find(|g| g.ordinal == ordinal) {
            return Ok(gpu.clone());
        }
        let gpu = Arc::new(Gpu::new(ordinal)?);
        open.push(gpu.clone());
        Ok(gpu)
    }

    fn new(ordinal: usize) -> Result<Gpu, DeviceError> {
        if !pullback_cuda_shim::is_present() {
            return Err(DeviceError::NoDriver);
        }
        cust::init(cust::CudaFlags::empty()).map_err(failed("starting the CUDA driver"))?;
        let count = Device::num_devices().map_err(failed("counting GPUs"))?;
        let number =
            u32::try_from(ordinal).ok().filter(|&k| k < count).ok_or(DeviceError::NoDevice(ordinal))?;
        let device = Device::get_device(number).map_err(failed("finding a GPU"))?;
        let attribute = |a| device.get_attribute(a).map_err(failed("asking a GPU what it can do"));
        let capability = (
            attribute(DeviceAttribute::ComputeCapabilityMajor)?,
            attribute(DeviceAttribute::ComputeCapabilityMinor)?,
        );
        let name = device.name().map_err(failed("asking a GPU for its name"))?;
        let context = Context::new(device).map_err(failed("making a context"))?;
        CurrentContext::set_current(&context).map_err(failed("entering a context"))?;
        let stream = Stream::new(StreamFlags::DEFAULT, None).map_err(failed("making a stream"))?;
        let (modules, spares, board, cublas) = Default::default();
        let gpu = Gpu { modules, spares, board, cublas, stream, context, ordinal, name, capability };
        gpu.use_cublas(std::env::var_os("PULLBACK_CUBLAS").is_some_and(|wanted| wanted == "1"))?;
        Ok(gpu)
    }

    /// Its number.
    #[must_use]
    pub fn ordinal(&self) -> usize {
        self.ordinal
    }

    /// What its maker calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its compute capability.
    #[must_use]
    pub fn capability(&self) -> (i32, i32) {
        self.capability
    }

    /// Waits until all work is done.
    ///
    /// # Errors
    /// If some of it failed.
    pub fn synchronize(&self) -> Result<(), DeviceError> {
        self.enter()?;
        self.stream.synchronize().map_err(failed("waiting for the GPU"))
    }

    /// Makes the GPU the one that this thread's calls of the driver are about.
    pub(super) fn enter(&self) -> Result<(), DeviceError> {
        CurrentContext::set_current(&self.context).map_err(failed("entering a context"))
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Memory of that size that nobody uses any more.
    pub(super) fn spare(&self, bytes: usize) -> Option<DeviceBuffer<u8>> {
        lock(&self.spares).get_mut(&bytes)?.pop()
    }

    /// Keeps memory for the next who wants that size.
    pub(super) fn keep(&self, data: DeviceBuffer<u8>) {
        lock(&self.spares).entry(data.len()).or_default().push(data);
    }

    /// Gives the memory that nobody uses back to the driver.
    pub(super) fn forget_spares(&self) {
        // If entering fails, the driver is past caring for memory.
        let _ = self.enter();
        lock(&self.spares).clear();
    }

    /// The board on which kernels leave numbers, for one launch at a time.
    pub(super) fn board(&self) -> MutexGuard<'_, Option<Buffer>> {
        lock(&self.board)
    }

    /// cuBLAS if it is in use, for one call at a time.
    pub(super) fn cublas(&self) -> MutexGuard<'_, Option<Cublas>> {
        lock(&self.cublas)
    }

    /// The module of a text, assembled the first time.
    ///
    /// # Errors
    /// If the driver does not accept it.
    pub(super) fn module(&self, text: &str) -> Result<Arc<Module>, DeviceError> {
        let mut modules = lock(&self.modules);
        if let Some(module) = modules.get(text) {
            return Ok(module.clone());
        }
        self.enter()?;
        let module = Arc::new(Module::from_ptx(text, &[]).map_err(|_| refusal(text))?);
        modules.insert(text.to_string(), module.clone());
        Ok(module)
    }
}

/// Why the driver does not accept a text: asked once more, with room for its log.
fn refusal(text: &str) -> DeviceError {
    let Ok(image) = CString::new(text) else { return DeviceError::Compile("a zero in the text".into()) };
    let mut log = vec![0u8; 16 << 10];
    let mut options =
        [sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER, sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
    let mut values = [log.as_mut_ptr().cast::<c_void>(), log.len() as *mut c_void];
    let mut module = std::ptr::null_mut();
    let (options, values) = (options.as_mut_ptr(), values.as_mut_ptr());
    // SAFETY: the text ends with a zero; the options are two, and name a buffer and its length, as the values are.
    let code = unsafe { raw_load(&raw mut module, image.as_ptr(), 2, options, values) };
    let log = CStr::from_bytes_until_nul(&log).map(|l| l.to_string_lossy().into_owned()).unwrap_or_default();
    match code {
        // CUDA_ERROR_UNSUPPORTED_PTX_VERSION, which cust's list of codes does not have.
        222 => DeviceError::DriverTooOld,
        code => DeviceError::Compile(format!("code {code}: {}", log.trim())),
    }
}

// SAFETY: this is the function as the driver declares it.
unsafe extern "C" {
    /// The driver's function with its codes as numbers: one that cust does not know would be no value of its type.
    #[link_name = "cuModuleLoadDataEx"]
    fn raw_load(
        module: *mut sys::CUmodule,
        image: *const c_char,
        count: u32,
        options: *mut sys::CUjit_option,
        values: *mut *mut c_void,
    ) -> i32;
}
