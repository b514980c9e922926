//! Tests of the whole project. What several test binaries share is here.

pub mod args;
pub mod calls;
pub mod close;
pub mod dual;
#[cfg(feature = "cuda")]
pub mod fake;
pub mod models;
pub mod peak;
pub mod random;
pub mod random_ir;
pub mod random_rust;
pub mod reference;
pub mod shrink;

/// The README's programs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// Asserts that the generated value of a function is its own value, and the gradient what differences say.
#[macro_export]
macro_rules! agrees {
    ($f:ident($($arg:expr),* $(,)?)) => {
        let (value, _) = $f::value_and_grad($($arg),*);
        let own = $f($($arg),*);
        assert!((value - own).abs() <= 1e-12 * own.abs().max(1.0), "{}: {value} and {own}", stringify!($f));
        if let Err(e) = $f::check($($arg),*) {
            panic!("{}: {e}", stringify!($f));
        }
        $crate::agrees_on_gpu!($f($($arg),*));
    };
}

/// Asserts that a function is the same on a GPU: with the feature `cuda`, on the driver for tests.
#[cfg(feature = "cuda")]
#[macro_export]
macro_rules! agrees_on_gpu {
    ($f:ident($($arg:expr),*)) => {
        let device = $crate::fake::device();
        let got = $f::on(&device).value_and_grad($($arg),*);
        $crate::fake::assert_agree(stringify!($f), got, $f::value_and_grad($($arg),*));
    };
}

/// Asserts that a function is the same on a GPU: with the feature `cuda`, on the driver for tests.
#[cfg(not(feature = "cuda"))]
#[macro_export]
macro_rules! agrees_on_gpu {
    ($f:ident($($arg:expr),*)) => {};
}
