//! The driver for tests as this program's GPU.

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::PathBuf;
use std::sync::Once;

use pullback::cuda::use_library;
use pullback::leaves::{HostNumbers, Leaf, Path};
use pullback::{Device, DeviceError, Leaves};

static CHOSEN: Once = Once::new();

unsafe extern "C" {
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// `RTLD_NOW`.
const NOW: c_int = 2;

/// The library of the driver for tests.
fn library() -> PathBuf {
    let mut library: PathBuf = std::env::current_exe().expect("a path");
    library.set_file_name("libpullback_fakecuda.so");
    library
}

/// Whether tests take the machine's own driver and cuBLAS: `PULLBACK_GPU` is set.
#[must_use]
pub fn is_machines() -> bool {
    std::env::var_os("PULLBACK_GPU").is_some()
}

/// The GPU of the driver for tests; with `PULLBACK_GPU` set, that of the machine.
///
/// # Panics
/// If its library was not built, or another driver was opened before; if the machine has none.
pub fn device() -> Device {
    CHOSEN.call_once(|| {
        if is_machines() {
            return;
        }
        let library = library();
        // SAFETY: the library is the driver for tests, which keeps to the driver's interface.
        let chosen = unsafe { use_library(&library) };
        assert!(chosen, "{} is not there", library.display());
    });
    Device::cuda(0).unwrap_or_else(|e| panic!("no GPU for tests: {e}"))
}

/// How many kernels the driver for tests runs while `f` does its work; `None` on a real GPU. Graphs count as the kernels
/// in them.
///
/// # Panics
/// If the device fails.
pub fn launches(device: &Device, f: impl FnOnce()) -> Option<u64> {
    let count = || {
        device.synchronize().expect("a GPU that works");
        let path = CString::new(library().into_os_string().into_encoded_bytes()).ok()?;
        // SAFETY: both names end with a zero; the library was opened before, and is never closed.
        let found = unsafe { dlsym(dlopen(path.as_ptr(), NOW), c"pullback_fakecuda_launches".as_ptr()) };
        // SAFETY: this is the type of that function.
        Some(unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> u64>(found) }())
    };
    if is_machines() {
        f();
        return None;
    }
    let before = count()?;
    f();
    Some(count()? - before)
}

/// The numbers of a gradient.
///
/// # Panics
/// If a GPU does not give them back.
pub fn numbers(of: &impl Leaves) -> Vec<f64> {
    let mut all = Vec::new();
    of.visit(Path::ROOT, &mut |_, leaf: Leaf<'_>| match leaf.numbers.host().expect("a GPU that works") {
        HostNumbers::F32(x) => all.extend(x.iter().map(|x| f64::from(*x))),
        HostNumbers::F64(x) => all.extend(&*x),
    });
    all
}

/// Asserts that a value and a gradient in `f64` are those of the CPU, or that the function says that it runs there only.
///
/// # Panics
/// If they are not, or on other errors.
pub fn assert_agree<G: Leaves>(name: &str, got: Result<(f64, G), DeviceError>, want: (f64, G)) {
    let (value, gradient) = match got {
        Ok(got) => got,
        Err(DeviceError::Unsupported(why)) => return println!("{name}: {why}"),
        Err(error) => panic!("{name} on a GPU: {error}"),
    };
    let pairs = |a: &G, b: &G| numbers(a).into_iter().zip(numbers(b)).collect::<Vec<_>>();
    let scale = numbers(&want.1).iter().fold(want.0.abs().max(1.0), |a, b| a.max(b.abs()));
    assert_eq!(numbers(&gradient).len(), numbers(&want.1).len(), "{name}: numbers of the gradient");
    for (k, (a, b)) in pairs(&gradient, &want.1).into_iter().chain([(value, want.0)]).enumerate() {
        let same = (a - b).abs() <= 1e-12 * scale || a.is_nan() && b.is_nan() || a == b;
        assert!(same, "{name} on a GPU: number {k} is {a}, not {b}");
    }
}
