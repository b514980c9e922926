//! The C entry points. Names, parameters and codes are those of the driver API.

// The driver's names.
#![allow(non_snake_case)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::sync::{Mutex, OnceLock};

use crate::driver::{CAPABILITY, Code, Command, Driver, MEMORY, Result};

type Handle = *mut c_void;

static DRIVER: Mutex<Option<Driver>> = Mutex::new(None);

pub(crate) fn driver<T>(f: impl FnOnce(&mut Driver) -> T) -> T {
    let mut guard = DRIVER.lock().unwrap_or_else(|e| e.into_inner());
    let seed = || std::env::var("PULLBACK_FAKECUDA_SEED").ok().and_then(|s| s.parse().ok());
    f(guard.get_or_insert_with(|| Driver::new(seed().unwrap_or(1))))
}

/// Whether launches and copies to the host do nothing, for measuring what they cost the host.
fn idle() -> bool {
    static IDLE: OnceLock<bool> = OnceLock::new();
    *IDLE.get_or_init(|| std::env::var_os("PULLBACK_FAKECUDA_IDLE").is_some())
}

/// How many kernels ran so far, those of graphs too: for tests that count.
#[unsafe(no_mangle)]
extern "C" fn pullback_fakecuda_launches() -> u64 {
    driver(|d| d.launches)
}

fn code(result: Result<()>) -> c_int {
    result.map_or_else(|c| c.0, |()| 0)
}

/// Entry points whose body is a `Result<()>`.
macro_rules! entries {
    ($($name:ident($($arg:ident: $ty:ty),*) $body:block)*) => { $(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($arg: $ty),*) -> c_int {
            let run = || -> Result<()> {
                // SAFETY: the caller of the driver API vouches for its pointers.
                #[allow(unused_unsafe)]
                unsafe { $body }
            };
            code(run())
        }
    )* };
}

/// Hands a value to the caller.
///
/// # Safety
/// `to` is null or writable.
pub(crate) unsafe fn give<T>(to: *mut T, value: T) -> Result<()> {
    if to.is_null() {
        return Err(Code::INVALID_VALUE);
    }
    // SAFETY: it is not null, hence writable.
    unsafe { to.write(value) };
    Ok(())
}

fn device(ordinal: c_int) -> Result<()> {
    if ordinal == 0 { Ok(()) } else { Err(Code::INVALID_DEVICE) }
}

// Devices and contexts.
entries! {
    cuInit(flags: c_uint) { if flags == 0 { Ok(()) } else { Err(Code::INVALID_VALUE) } }
    cuDriverGetVersion(version: *mut c_int) { give(version, 13000) }
    cuDeviceGetCount(count: *mut c_int) { give(count, 1) }
    cuDeviceGet(out: *mut c_int, ordinal: c_int) { device(ordinal)?; give(out, ordinal) }
    cuDeviceGetName(name: *mut c_char, length: c_int, of: c_int) {
        device(of)?;
        let text = c"pullback-fakecuda".to_bytes_with_nul();
        if (length as usize) < text.len() {
            return Err(Code::INVALID_VALUE);
        }
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), name, text.len());
        Ok(())
    }
    cuDeviceGetAttribute(value: *mut c_int, attribute: c_int, of: c_int) {
        device(of)?;
        give(value, attribute_of_device(attribute))
    }
    cuDeviceTotalMem_v2(bytes: *mut usize, of: c_int) { device(of)?; give(bytes, MEMORY) }
    cuDevicePrimaryCtxRetain(context: *mut Handle, of: c_int) { device(of)?; give(context, 8 as Handle) }
    cuDevicePrimaryCtxRelease_v2(of: c_int) { device(of) }
    cuDevicePrimaryCtxReset_v2(of: c_int) { driver(Driver::reset); device(of) }
    cuDevicePrimaryCtxSetFlags_v2(of: c_int, _flags: c_uint) { device(of) }
    cuCtxSetCurrent(_context: Handle) { Ok(()) }
    cuCtxGetCurrent(context: *mut Handle) { give(context, 8 as Handle) }
    cuCtxGetDevice(out: *mut c_int) { give(out, 0) }
    cuCtxSynchronize() { driver(Driver::synchronize_all) }
    cuGetErrorString(of: c_int, text: *mut *const c_char) { give(text, Code(of).describe().as_ptr()) }
    cuGetErrorName(of: c_int, text: *mut *const c_char) { give(text, Code(of).describe().as_ptr()) }
}

/// The attributes that cust and pullback ask for, by their numbers in `CUdevice_attribute`.
fn attribute_of_device(attribute: c_int) -> c_int {
    match attribute {
        1..=4 => 1024,
        5..=7 => 65535,
        8 => 48 << 10,
        10 => 32,
        16 => 4,
        39 => 2048,
        75 => CAPABILITY.0,
        76 => CAPABILITY.1,
        115 => 1,
        _ => 0,
    }
}

// Memory.
entries! {
    cuMemAlloc_v2(at: *mut u64, bytes: usize) { give(at, driver(|d| d.alloc(bytes))?) }
    cuMemAllocAsync(at: *mut u64, bytes: usize, _stream: Handle) { give(at, driver(|d| d.alloc(bytes))?) }
    cuMemFree_v2(at: u64) { driver(|d| d.free(at)) }
    cuMemFreeAsync(at: u64, stream: Handle) { driver(|d| d.submit(stream as usize, Command::Free(at))) }
    cuMemGetInfo_v2(free: *mut usize, total: *mut usize) {
        give(free, driver(|d| d.free_bytes()))?;
        give(total, MEMORY)
    }
    cuMemAllocHost_v2(host: *mut Handle, bytes: usize) {
        let layout = host_layout(bytes)?;
        let memory = alloc_zeroed(layout);
        if memory.is_null() {
            return Err(Code::OUT_OF_MEMORY);
        }
        driver(|d| d.pin(memory as usize, bytes));
        give(host, memory.cast())
    }
    cuMemFreeHost(host: Handle) {
        let bytes = driver(|d| {
            d.synchronize_all()?;
            d.unpin(host as usize).ok_or(Code::INVALID_VALUE)
        })?;
        dealloc(host.cast(), host_layout(bytes)?);
        Ok(())
    }
    cuMemcpyHtoD_v2(to: u64, from: *const u8, bytes: usize) {
        let data = std::slice::from_raw_parts(from, bytes).to_vec();
        driver(|d| {
            d.synchronize_all()?;
            d.submit(0, Command::Write { to, data })?;
            d.synchronize(0)
        })
    }
    cuMemcpyHtoDAsync_v2(to: u64, from: *const u8, bytes: usize, stream: Handle) {
        let host = from as usize;
        driver(|d| {
            let command = match d.is_pinned(host, bytes) {
                true => Command::FromHost { to, host, bytes },
                false => Command::Write { to, data: std::slice::from_raw_parts(from, bytes).to_vec() },
            };
            d.submit(stream as usize, command)
        })
    }
    cuMemcpyDtoH_v2(to: Handle, from: u64, bytes: usize) {
        driver(|d| {
            d.synchronize_all()?;
            d.submit(0, Command::ToHost { host: to as usize, from, bytes })?;
            d.synchronize(0)
        })
    }
    cuMemcpyDtoHAsync_v2(to: Handle, from: u64, bytes: usize, stream: Handle) {
        if idle() {
            return Ok(());
        }
        driver(|d| d.submit(stream as usize, Command::ToHost { host: to as usize, from, bytes }))
    }
    cuMemcpyDtoD_v2(to: u64, from: u64, bytes: usize) {
        driver(|d| {
            d.synchronize_all()?;
            d.submit(0, Command::Copy { to, from, bytes })
        })
    }
    cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: Handle) {
        driver(|d| d.submit(stream as usize, Command::Copy { to, from, bytes }))
    }
    cuMemsetD8_v2(to: u64, value: u8, count: usize) { fill(to, vec![value; count], 0, true) }
    cuMemsetD8Async(to: u64, value: u8, count: usize, stream: Handle) {
        fill(to, vec![value; count], stream as usize, false)
    }
    cuMemsetD32_v2(to: u64, value: u32, count: usize) { fill(to, value.to_le_bytes().repeat(count), 0, true) }
    cuMemsetD32Async(to: u64, value: u32, count: usize, stream: Handle) {
        fill(to, value.to_le_bytes().repeat(count), stream as usize, false)
    }
}

fn host_layout(bytes: usize) -> Result<Layout> {
    Layout::from_size_align(bytes.max(1), 4096).map_err(|_| Code::INVALID_VALUE)
}

fn fill(to: u64, data: Vec<u8>, stream: usize, wait: bool) -> Result<()> {
    driver(|d| {
        if wait {
            d.synchronize_all()?;
        }
        d.submit(stream, Command::Write { to, data })
    })
}

// Streams, events, graphs.
entries! {
    cuStreamCreateWithPriority(stream: *mut Handle, _flags: c_uint, _priority: c_int) {
        give(stream, driver(|d| d.new_stream()) as Handle)
    }
    cuStreamCreate(stream: *mut Handle, _flags: c_uint) { give(stream, driver(|d| d.new_stream()) as Handle) }
    cuStreamSynchronize(stream: Handle) { driver(|d| d.synchronize(stream as usize)) }
    cuStreamDestroy_v2(stream: Handle) { driver(|d| d.destroy_stream(stream as usize)) }
    cuStreamWaitEvent(stream: Handle, event: Handle, _flags: c_uint) {
        driver(|d| d.submit(stream as usize, Command::Wait(event as usize)))
    }
    cuEventCreate(event: *mut Handle, _flags: c_uint) { give(event, driver(|d| d.new_event()) as Handle) }
    cuEventDestroy_v2(event: Handle) { driver(|d| d.destroy_event(event as usize)) }
    cuEventRecord(event: Handle, stream: Handle) { driver(|d| d.record(event as usize, stream as usize)) }
    cuEventQuery(event: Handle) { driver(|d| d.query_event(event as usize)) }
    cuEventSynchronize(event: Handle) { driver(|d| d.synchronize_event(event as usize)) }
    cuEventElapsedTime(milliseconds: *mut f32, _start: Handle, _end: Handle) { give(milliseconds, 0.0) }
    cuStreamBeginCapture_v2(stream: Handle, _mode: c_int) { driver(|d| d.begin_capture(stream as usize)) }
    cuStreamEndCapture(stream: Handle, graph: *mut Handle) {
        give(graph, driver(|d| d.end_capture(stream as usize))? as Handle)
    }
    cuGraphInstantiateWithFlags(exec: *mut Handle, graph: Handle, _flags: c_ulonglong) {
        give(exec, driver(|d| d.instantiate(graph as usize))? as Handle)
    }
    cuGraphLaunch(exec: Handle, stream: Handle) {
        if idle() { Ok(()) } else { driver(|d| d.launch_graph(exec as usize, stream as usize)) }
    }
    cuGraphDestroy(graph: Handle) { driver(|d| d.destroy_graph(graph as usize)) }
    cuGraphExecDestroy(exec: Handle) { driver(|d| d.destroy_graph(exec as usize)) }
}

/// `CU_JIT_ERROR_LOG_BUFFER` and `CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES`.
const LOG: (c_int, c_int) = (5, 6);

// Modules and launches.
entries! {
    cuModuleLoadData(module: *mut Handle, image: *const c_char) {
        return load(module, image, &[], &[]);
    }
    cuModuleLoadDataEx(
        module: *mut Handle,
        image: *const c_char,
        count: c_uint,
        options: *const c_int,
        values: *const Handle
    ) {
        if count == 0 {
            return load(module, image, &[], &[]);
        }
        let options = std::slice::from_raw_parts(options, count as usize);
        load(module, image, options, std::slice::from_raw_parts(values, count as usize))
    }
    cuModuleUnload(module: Handle) { driver(|d| d.unload(module as usize)) }
    cuModuleGetFunction(function: *mut Handle, module: Handle, name: *const c_char) {
        let name = CStr::from_ptr(name).to_str().map_err(|_| Code::NOT_FOUND)?;
        give(function, driver(|d| d.function(module as usize, name))? as Handle)
    }
    cuFuncGetAttribute(value: *mut c_int, _attribute: c_int, _function: Handle) { give(value, 0) }
    cuOccupancyMaxActiveBlocksPerMultiprocessor(
        blocks: *mut c_int,
        _function: Handle,
        _threads: c_int,
        _shared: usize
    ) { give(blocks, 2) }
    cuLaunchKernel(
        function: Handle, gx: c_uint, gy: c_uint, gz: c_uint, bx: c_uint, by: c_uint, bz: c_uint,
        shared: c_uint, stream: Handle, args: *const *const u8, _extra: Handle
    ) {
        if idle() {
            return Ok(());
        }
        let threads = u64::from(bx) * u64::from(by) * u64::from(bz);
        if !(1..=1024).contains(&threads) || [gx, gy, gz].contains(&0) || gy > 65535 || gz > 65535 || shared != 0 {
            return Err(Code::INVALID_VALUE);
        }
        let function = function as usize;
        driver(|d| {
            let sizes = d.param_sizes(function)?;
            let bytes = |(k, &n): (usize, &usize)| std::slice::from_raw_parts(*args.add(k), n).to_vec();
            let params = sizes.iter().enumerate().map(bytes).collect();
            let (grid, block) = ([gx, gy, gz], [bx, by, bz]);
            d.submit(stream as usize, Command::Launch { function, grid, block, params })
        })
    }
}

/// Loads PTX text; on failure the log goes to the buffer that the options name.
///
/// # Safety
/// The pointers are those of a caller of `cuModuleLoadDataEx`.
unsafe fn load(
    module: *mut Handle,
    image: *const c_char,
    options: &[c_int],
    values: &[Handle],
) -> Result<()> {
    // SAFETY: PTX text ends with a zero.
    let text = unsafe { CStr::from_ptr(image) }.to_string_lossy();
    let (code, log) = match driver(|d| d.load(&text)) {
        // SAFETY: the caller's promise.
        Ok(loaded) => return unsafe { give(module, loaded as Handle) },
        Err(failed) => failed,
    };
    let value = |option| options.iter().position(|&o| o == option).map(|k| values[k]);
    if let (Some(buffer), Some(size)) = (value(LOG.0), value(LOG.1)) {
        let length = log.len().min((size as usize).saturating_sub(1));
        // SAFETY: the buffer has as many bytes as the size says, and one is left for the zero.
        unsafe {
            std::ptr::copy_nonoverlapping(log.as_ptr(), buffer.cast(), length);
            buffer.cast::<u8>().add(length).write(0);
        }
    }
    Err(code)
}
