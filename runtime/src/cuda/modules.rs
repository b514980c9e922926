//! Kernels that the driver has assembled.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_void};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, RwLock};

use cust::error::CudaError;
use cust::module::Module;
use cust::sys::{CUfunction, CUjit_option};

use super::gpu::{failed, lock};
use super::raw;
use crate::DeviceError;

/// The modules of a GPU, which are never unloaded, and the kernels in them.
#[derive(Default)]
pub(super) struct Modules {
    modules: Mutex<HashMap<&'static str, Arc<Module>>>,
    /// By where the texts lie: constants of the program, which are the same as long as it runs.
    functions: RwLock<HashMap<Place, (&'static str, Function), BuildHasherDefault<Mix>>>,
}

/// What a kernel takes of a multiprocessor.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Usage {
    /// The kernel's name.
    pub kernel: &'static str,
    /// Registers a thread.
    pub registers: i32,
    /// Bytes of memory a thread: arrays, and registers that were spilled.
    pub local_bytes: i32,
}

/// `CU_FUNC_ATTRIBUTE_NUM_REGS` and `CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES`.
const USAGE: [u32; 2] = [4, 3];

/// Where a module's text and a kernel's name lie.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Place {
    text: usize,
    length: usize,
    name: usize,
    name_length: usize,
}

/// A kernel.
#[derive(Clone, Copy)]
pub(super) struct Function(pub(super) CUfunction);

// SAFETY: the driver's functions on kernels may be called from any thread.
unsafe impl Send for Function {}
// SAFETY: as above.
unsafe impl Sync for Function {}

/// A quick hash of addresses.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_usize(b.into()));
    }

    fn write_usize(&mut self, x: usize) {
        self.0 = (self.0.rotate_left(23) ^ x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Modules {
    /// A kernel; its text is assembled the first time, in the context that was entered.
    ///
    /// # Errors
    /// If the driver does not accept the text, or there is no such kernel.
    pub(super) fn function(&self, text: &'static str, name: &'static str) -> Result<Function, DeviceError> {
        let place = Place {
            text: text.as_ptr().addr(),
            length: text.len(),
            name: name.as_ptr().addr(),
            name_length: name.len(),
        };
        if let Some(known) = self.functions.read().unwrap_or_else(|e| e.into_inner()).get(&place) {
            return Ok(known.1);
        }
        let module = self.module(text)?;
        let function = Function(module.get_function(name).map_err(failed("finding a kernel"))?.to_raw());
        self.functions.write().unwrap_or_else(|e| e.into_inner()).insert(place, (name, function));
        Ok(function)
    }

    /// What each kernel that was used takes, by name.
    pub(super) fn usage(&self) -> Result<Vec<Usage>, DeviceError> {
        let functions = self.functions.read().unwrap_or_else(|e| e.into_inner());
        let ask = |&(kernel, Function(function)): &(&'static str, Function)| {
            let mut found = [0; USAGE.len()];
            for (value, attribute) in found.iter_mut().zip(USAGE) {
                // SAFETY: the kernel belongs to a module that is never unloaded, and the number may be written.
                let code = unsafe { raw::function_attribute(value, attribute, function) };
                raw::check("asking what a kernel takes", code)?;
            }
            Ok(Usage { kernel, registers: found[0], local_bytes: found[1] })
        };
        let mut all = functions.values().map(ask).collect::<Result<Vec<_>, DeviceError>>()?;
        all.sort();
        Ok(all)
    }

    fn module(&self, text: &'static str) -> Result<Arc<Module>, DeviceError> {
        let mut modules = lock(&self.modules);
        if let Some(module) = modules.get(text) {
            return Ok(module.clone());
        }
        let module = Arc::new(Module::from_ptx(text, &[]).map_err(|e| refusal(text, e))?);
        modules.insert(text, module.clone());
        Ok(module)
    }
}

/// Why the driver does not accept a text: asked once more, with room for its log. Where there is no log the error is `first`, which
/// the text has nothing to do with.
fn refusal(text: &str, first: CudaError) -> DeviceError {
    let Ok(image) = CString::new(text) else { return DeviceError::Compile("a zero in the text".into()) };
    let mut log = vec![0u8; 16 << 10];
    let mut options =
        [CUjit_option::CU_JIT_ERROR_LOG_BUFFER, CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
    let mut values = [log.as_mut_ptr().cast::<c_void>(), log.len() as *mut c_void];
    let mut module = std::ptr::null_mut();
    let (options, values) = (options.as_mut_ptr(), values.as_mut_ptr());
    // SAFETY: the text ends with a zero; the options are two, and name a buffer and its length, as the values are.
    let code = unsafe { raw::load(&raw mut module, image.as_ptr(), 2, options, values) };
    let log = CStr::from_bytes_until_nul(&log).map(|l| l.to_string_lossy().into_owned()).unwrap_or_default();
    match code {
        // CUDA_ERROR_UNSUPPORTED_PTX_VERSION.
        222 => DeviceError::DriverTooOld,
        _ if log.trim().is_empty() => failed("assembling a kernel")(first),
        code => DeviceError::Compile(format!("code {code}: {}", log.trim())),
    }
}
