//! Annotated functions as problems of other crates' solvers: `argmin` and `levenberg-marquardt`, each behind a feature of its
//! name.
//!
#![cfg_attr(
    all(feature = "argmin", feature = "levenberg-marquardt"),
    doc = "[`objective!`](crate::objective) makes an [`Objective`] of a function to minimise, [`residuals!`](crate::residuals) a
[`LeastSquares`] of a function whose squares are summed."
)]

#[cfg(feature = "levenberg-marquardt")]
mod least_squares;
#[cfg(feature = "argmin")]
mod objective;

#[cfg(feature = "levenberg-marquardt")]
pub use least_squares::{Jacobian, LeastSquares};
#[cfg(feature = "argmin")]
pub use objective::Objective;

use crate::leaves::{Leaves, Numbers, Path};

/// All numbers of a value, in order.
fn flat(value: &impl Leaves) -> Vec<f64> {
    let mut all = Vec::new();
    value.visit(Path::ROOT, &mut |_, leaf| match leaf.numbers {
        Numbers::F32(x) => all.extend(x.iter().map(|&x| f64::from(x))),
        Numbers::F64(x) => all.extend_from_slice(x),
        Numbers::TensorF32(_) | Numbers::TensorF64(_) => unreachable!("solvers are given values of the host"),
    });
    all
}
