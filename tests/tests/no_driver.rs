//! A program that is built with CUDA starts without a driver, and says so. In a program of its own, since the driver is
//! looked for once.
#![cfg(feature = "cuda")]

use std::path::Path;

use pullback::{Device, DeviceError};

#[test]
fn says_that_there_is_no_driver() {
    // SAFETY: there is no such library, so nothing of it runs.
    let found = unsafe { pullback::cuda::use_library(Path::new("/no/such/libcuda.so")) };
    assert!(!found);
    assert_eq!(Device::cuda(0).unwrap_err(), DeviceError::NoDriver);
    assert!(Device::best().is_cpu());
}
