//! The driver's functions that work goes through, with their codes as numbers: a code that cust does not know would be no
//! value of its type.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};

use cust::sys::{CUfunction, CUgraph, CUgraphExec, CUjit_option, CUmodule, CUstream};

use crate::DeviceError;

macro_rules! driver {
    ($($name:ident = $symbol:literal($($arg:ident: $ty:ty),*);)*) => {
        // SAFETY: these are the functions as the driver declares them.
        unsafe extern "C" {
            $(#[link_name = $symbol]
            pub(super) fn $name($($arg: $ty),*) -> i32;)*
        }
    };
}

driver! {
    load = "cuModuleLoadDataEx"(
        module: *mut CUmodule, image: *const c_char, count: c_uint, options: *mut CUjit_option, values: *mut *mut c_void
    );
    launch = "cuLaunchKernel"(
        function: CUfunction, grid_x: c_uint, grid_y: c_uint, grid_z: c_uint, block_x: c_uint, block_y: c_uint,
        block_z: c_uint, shared: c_uint, stream: CUstream, args: *mut *mut c_void, extra: *mut *mut c_void
    );
    function_attribute = "cuFuncGetAttribute"(value: *mut c_int, attribute: c_uint, function: CUfunction);
    fill_bytes = "cuMemsetD8Async"(to: u64, value: u8, count: usize, stream: CUstream);
    fill_words = "cuMemsetD32Async"(to: u64, value: u32, count: usize, stream: CUstream);
    copy = "cuMemcpyDtoDAsync_v2"(to: u64, from: u64, bytes: usize, stream: CUstream);
    upload = "cuMemcpyHtoDAsync_v2"(to: u64, from: *const c_void, bytes: usize, stream: CUstream);
    download = "cuMemcpyDtoHAsync_v2"(to: *mut c_void, from: u64, bytes: usize, stream: CUstream);
    new_stream = "cuStreamCreate"(stream: *mut CUstream, flags: c_uint);
    drop_stream = "cuStreamDestroy_v2"(stream: CUstream);
    wait = "cuStreamSynchronize"(stream: CUstream);
    begin_capture = "cuStreamBeginCapture_v2"(stream: CUstream, mode: c_uint);
    end_capture = "cuStreamEndCapture"(stream: CUstream, graph: *mut CUgraph);
    instantiate = "cuGraphInstantiateWithFlags"(exec: *mut CUgraphExec, graph: CUgraph, flags: c_ulonglong);
    launch_graph = "cuGraphLaunch"(exec: CUgraphExec, stream: CUstream);
    drop_graph = "cuGraphDestroy"(graph: CUgraph);
    drop_exec = "cuGraphExecDestroy"(exec: CUgraphExec);
    error_name = "cuGetErrorName"(code: i32, name: *mut *const c_char);
}

/// `CU_STREAM_NON_BLOCKING`: the stream does not wait for the driver's default stream.
pub(super) const NON_BLOCKING: c_uint = 1;

/// `CU_STREAM_CAPTURE_MODE_RELAXED`: memory may be allocated meanwhile.
pub(super) const RELAXED: c_uint = 2;

/// The driver's code as one of our errors.
pub(super) fn check(doing: &'static str, code: i32) -> Result<(), DeviceError> {
    if code == 0 { Ok(()) } else { Err(DeviceError::Driver { doing, error: name(code) }) }
}

/// The driver's name for a code.
#[cold]
fn name(code: i32) -> String {
    let mut text = std::ptr::null();
    // SAFETY: the driver writes the address of a constant text, or nothing.
    let known = unsafe { error_name(code, &raw mut text) } == 0 && !text.is_null();
    match known {
        // SAFETY: the driver's texts end with a zero and are never freed.
        true => unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned(),
        false => format!("code {code}"),
    }
}
