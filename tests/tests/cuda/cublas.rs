//! Products by cuBLAS: opened at run time, here the one for tests, which rounds every product and every sum.

use std::path::Path;

use nalgebra::DMatrix;
use pullback::cuda::use_cublas_library;
use pullback::{Device, DeviceError, differentiable};
use pullback_tests::fake;

use crate::gpu;

fn library() -> std::path::PathBuf {
    let mut path = std::env::current_exe().expect("a path");
    path.set_file_name("libpullback_fakecuda.so");
    path
}

/// A device with cuBLAS; the tests that call this hold the lock of `gpu`.
fn device() -> Result<Device, DeviceError> {
    if !fake::is_machines() {
        // SAFETY: the driver for tests keeps to the interface of cuBLAS.
        unsafe { use_cublas_library(&library()) };
    }
    fake::device().with_cublas(true)
}

fn own_again() {
    fake::device().with_cublas(false).expect("nothing is opened");
}

macro_rules! forms {
    ($module:ident $t:ident) => {
        mod $module {
            use super::*;

            #[differentiable]
            pub fn nn(a: &DMatrix<$t>, b: &DMatrix<$t>, w: &DMatrix<$t>) -> $t {
                (a * b).dot(w)
            }

            #[differentiable]
            pub fn tn(a: &DMatrix<$t>, b: &DMatrix<$t>, w: &DMatrix<$t>) -> $t {
                (a.transpose() * b).dot(w)
            }

            #[differentiable]
            pub fn nt(a: &DMatrix<$t>, b: &DMatrix<$t>, w: &DMatrix<$t>) -> $t {
                (a * b.transpose()).dot(w)
            }

            #[differentiable]
            pub fn tt(a: &DMatrix<$t>, b: &DMatrix<$t>, w: &DMatrix<$t>) -> $t {
                (a.transpose() * b.transpose()).dot(w)
            }

            /// Whole numbers, so that sums are exact in any order.
            pub fn matrix(k: usize, rows: usize, columns: usize, transposed: bool) -> DMatrix<$t> {
                let m = DMatrix::from_fn(rows, columns, |i, j| {
                    ((i * 7 + j * 13 + k * 5 + i * j) % 11) as $t - 5.0
                });
                if transposed { m.transpose() } else { m }
            }

            /// Value and gradient are those of the CPU, to the bit.
            pub fn check(device: &Device, sizes: &[[usize; 3]]) {
                for &[rows, columns, inner] in sizes {
                    let w = matrix(2, rows, columns, false);
                    macro_rules! form {
                        ($f:ident, $ta:literal, $tb:literal) => {
                            let (a, b) = (matrix(0, rows, inner, $ta), matrix(1, inner, columns, $tb));
                            let (value, gradient) = $f::value_and_grad(&a, &b, &w);
                            let got = $f::on(device).value_and_grad(&a, &b, &w).unwrap();
                            assert_eq!(got.0, value, "{} {rows} {columns} {inner}", stringify!($f));
                            assert_eq!(got.1.a, gradient.a, "{} {rows} {columns} {inner}", stringify!($f));
                            assert_eq!(got.1.b, gradient.b, "{} {rows} {columns} {inner}", stringify!($f));
                            assert_eq!(got.1.w, gradient.w, "{} {rows} {columns} {inner}", stringify!($f));
                        };
                    }
                    form!(nn, false, false);
                    form!(tn, true, false);
                    form!(nt, false, true);
                    form!(tt, true, true);
                }
            }
        }
    };
}

forms! { single f32 }
forms! { double f64 }

#[test]
fn every_form_and_odd_sizes() {
    let (_one, _gpu) = gpu();
    let device = match device() {
        Err(DeviceError::NoCublas) if fake::is_machines() => return println!("this machine has no cuBLAS"),
        device => device.expect("cuBLAS"),
    };
    single::check(&device, &[[41, 43, 47], [1, 257, 259]]);
    double::check(&device, &[[43, 47, 41]]);
    own_again();
}

#[test]
fn it_is_used_where_it_is_wanted_only() {
    let (_one, gpu) = gpu();
    let (rows, columns, inner) = (40, 50, 60);
    let element = |k: usize| (k as f32 * 0.37).sin();
    let a = DMatrix::from_fn(rows, inner, |i, j| element(i * inner + j));
    let b = DMatrix::from_fn(inner, columns, |i, j| element(i * columns + j + 1));
    let rounded_each =
        DMatrix::from_fn(rows, columns, |i, j| (0..inner).fold(0.0f32, |sum, k| sum + a[(i, k)] * b[(k, j)]));
    let product = |device: &Device| {
        let (a, b) = (pullback::Tensor::from(&a), pullback::Tensor::from(&b));
        let c = a.to(device).unwrap().matmul(&b.to(device).unwrap()).unwrap().to(&Device::cpu()).unwrap();
        DMatrix::from_row_slice(rows, columns, &c.to_vec().unwrap())
    };
    assert_eq!(gpu.cublas_version(), None);
    let own = product(&fake::device());
    let other = product(&device().expect("cuBLAS"));
    assert_eq!(gpu.cublas_version(), Some(120_900));
    own_again();
    assert_eq!(gpu.cublas_version(), None);
    assert_eq!(other, rounded_each);
    assert_ne!(own, rounded_each, "its own products are fused");
    assert_eq!(product(&fake::device()), own);
}

#[test]
fn it_is_an_error_where_it_is_not_there() {
    let (_one, _gpu) = gpu();
    // SAFETY: there is no such library.
    unsafe { use_cublas_library(Path::new("/nowhere/libcublas.so.12")) };
    assert_eq!(fake::device().with_cublas(true).map(drop), Err(DeviceError::NoCublas));
    assert!(DeviceError::NoCublas.to_string().contains("libcublas.so.13"));
    assert!(Device::cpu().with_cublas(true).is_ok(), "a CPU has no choice");
}
