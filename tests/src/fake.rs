//! The driver for tests as this program's GPU.

use std::path::PathBuf;
use std::sync::Once;

use pullback::cuda::use_library;
use pullback::leaves::{HostNumbers, Leaf, Path};
use pullback::{Device, DeviceError, Leaves};

static CHOSEN: Once = Once::new();

/// The GPU of the driver for tests; with `PULLBACK_GPU` set, that of the machine.
///
/// # Panics
/// If its library was not built, or another driver was opened before.
pub fn device() -> Device {
    CHOSEN.call_once(|| {
        if std::env::var_os("PULLBACK_GPU").is_some() {
            return;
        }
        let mut library: PathBuf = std::env::current_exe().expect("a path");
        library.set_file_name("libpullback_fakecuda.so");
        // SAFETY: the library is the driver for tests, which keeps to the driver's interface.
        let chosen = unsafe { use_library(&library) };
        assert!(chosen, "{} is not there", library.display());
    });
    Device::cuda(0).expect("the driver for tests has a GPU")
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
