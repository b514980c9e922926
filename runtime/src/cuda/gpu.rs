//! A GPU: its context, its stream, and the modules that it has assembled.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use cust::context::{Context, CurrentContext};
use cust::device::{Device, DeviceAttribute};
use cust::error::CudaError;
use cust::stream::{Stream, StreamFlags};
use cust::sys::CUstream;

use super::cublas::Cublas;
use super::link::Link;
use super::memory::Pool;
use super::modules::{Modules, Usage};
use super::status::{Failures, Words};
use super::{Buffer, PARTIAL_BYTES, capture};
use crate::DeviceError;

/// A GPU with its primary context, one stream on which all work is queued in order, and a cache of modules.
pub struct Gpu {
    // Fields drop in this order; the context goes last.
    modules: Modules,
    pool: Pool,
    link: Mutex<Link>,
    /// Where kernels leave numbers; see `run`.
    board: Mutex<Option<Buffer>>,
    /// cuBLAS, where it is in use.
    cublas: Mutex<Option<Cublas>>,
    /// A number that kernels count their blocks with, zero between launches.
    ticket: OnceLock<Buffer>,
    /// What makes numbers wrong that were queued.
    spoilt: Mutex<Option<DeviceError>>,
    stream: Stream,
    context: Context,
    ordinal: usize,
    name: String,
    capability: (i32, i32),
}

/// The GPUs that are open: one context each, however often a program asks.
static OPEN: Mutex<Vec<Arc<Gpu>>> = Mutex::new(Vec::new());

/// What a lock guards is whole between any two statements, also where one of them panics.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
        let (modules, pool, link, board, cublas, ticket, spoilt) = Default::default();
        #[rustfmt::skip]
        let gpu = Gpu {
            modules, pool, link, board, cublas, ticket, spoilt, stream, context, ordinal, name, capability,
        };
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
    /// If some of it failed, or a step is being recorded.
    pub fn synchronize(&self) -> Result<(), DeviceError> {
        self.download(0, &mut [])
    }

    /// Makes the GPU the one that this thread's calls of the driver are about.
    pub(super) fn enter(&self) -> Result<(), DeviceError> {
        CurrentContext::set_current(&self.context).map_err(failed("entering a context"))
    }

    /// The GPU's own stream.
    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Where this thread's work goes: to the GPU's own stream, or to that of the step that the thread records.
    pub(super) fn queue(&self) -> Result<CUstream, DeviceError> {
        self.enter()?;
        Ok(capture::stream(self)?.unwrap_or_else(|| self.stream.as_inner()))
    }

    /// Queues a copy of bytes of the host to memory that has so many; `bytes` are free again when this returns.
    pub(super) fn upload(&self, to: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        self.enter()?;
        if let Some(done) = capture::upload(self, to, bytes) {
            return done;
        }
        // SAFETY: the caller knows that there are so many bytes.
        unsafe { lock(&self.link).upload(&self.stream, to, bytes) }
    }

    /// Waits for all work, and copies bytes of the GPU to the host.
    ///
    /// # Errors
    /// If some of the work failed, or a step is being recorded.
    pub(super) fn download(&self, from: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.refuse_to_read()?;
        self.enter()?;
        // SAFETY: the caller knows that there are so many bytes.
        unsafe { lock(&self.link).download(&self.stream, from, bytes) }?;
        lock(&self.spoilt).take().map_or(Ok(()), Err)
    }

    /// An error if a step is being recorded.
    pub(super) fn refuse_to_read(&self) -> Result<(), DeviceError> {
        let message = "numbers of a GPU are read while a step is recorded: return tensors from the step, which \
                       `Recording::last` lends, and let functions leave their numbers on the device with `queued()`";
        capture::refuse(|| message.to_string())
    }

    /// An error if a step is being recorded, since recordings do not nest.
    pub(crate) fn refuse_inner_step(&self) -> Result<(), DeviceError> {
        capture::refuse(|| {
            "a recording runs in a step that is recorded: call the inner step itself".to_string()
        })
    }

    /// Numbers that were queued will be wrong: whoever reads next learns that.
    pub(super) fn spoil(&self, error: DeviceError) {
        lock(&self.spoilt).get_or_insert(error);
    }

    /// Queues a launch that can fail in these ways, with the address of a word for its status.
    pub(super) fn with_status(
        self: &Arc<Gpu>,
        failures: Failures,
        launch: impl FnOnce(u64) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        if let Some(word) = capture::word(failures) {
            return launch(word?);
        }
        // Until the launch is queued: who looks at the words must not miss it.
        let mut link = lock(&self.link);
        if link.words.is_none() {
            link.words = Some(Words::new(self)?);
        }
        let word = match link.words.as_mut().and_then(|w| w.next(failures)) {
            Some(word) => word,
            None => {
                self.enter()?;
                // SAFETY: no bytes are read.
                unsafe { link.download(&self.stream, 0, &mut []) }?;
                link.words.as_mut().and_then(|w| w.next(failures)).expect("all words are free again")
            }
        };
        launch(word)
    }

    /// Queues a recording whose launches have these words.
    pub(super) fn replay<T>(&self, words: &[Arc<Words>], launch: impl FnOnce() -> T) -> T {
        // Until it is queued: who looks at the words meanwhile would take them off the list too early.
        let mut link = lock(&self.link);
        link.replayed(words);
        launch()
    }

    /// Memory that nobody uses.
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Bytes of the GPU's memory that nobody uses and that are kept for later.
    #[must_use]
    pub fn spare_bytes(&self) -> usize {
        self.pool.bytes()
    }

    /// What each kernel that was used takes of a multiprocessor, by name.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn usage(&self) -> Result<Vec<Usage>, DeviceError> {
        self.enter()?;
        self.modules.usage()
    }

    /// Gives the memory that nobody uses back to the driver.
    pub(super) fn forget_spares(&self) {
        // If entering fails, the driver is past caring for memory.
        let _ = self.enter();
        self.pool.empty_into(drop);
    }

    pub(super) fn modules(&self) -> &Modules {
        &self.modules
    }

    /// The board on which kernels leave numbers, for one launch at a time.
    pub(super) fn board(&self) -> MutexGuard<'_, Option<Buffer>> {
        lock(&self.board)
    }

    /// cuBLAS if it is in use, for one call at a time.
    pub(super) fn cublas(&self) -> MutexGuard<'_, Option<Cublas>> {
        lock(&self.cublas)
    }

    /// A number that kernels count their blocks with.
    pub(super) fn ticket(self: &Arc<Gpu>) -> Result<&Buffer, DeviceError> {
        if let Some(ticket) = self.ticket.get() {
            return Ok(ticket);
        }
        let made = Buffer::lasting(self, PARTIAL_BYTES as usize)?;
        Ok(self.ticket.get_or_init(|| made))
    }
}
