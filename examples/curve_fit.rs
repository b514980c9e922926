//! A nonlinear regression by Levenberg and Marquardt's method, to all certified digits, with error bars.
//!
//! The data set Misra1a of NIST's Statistical Reference Datasets (dental research, monomolecular adsorption; public domain):
//! y = b₀ (1 - exp(-b₁ x)). The attribute makes the Jacobian, the crate `levenberg-marquardt` does the rest.
//!
//!     cargo run --release --example curve_fit

use levenberg_marquardt::LevenbergMarquardt;
use nalgebra::DVector;
use pullback::{differentiable, residuals};

/// Volume, the predictor.
pub const VOLUME: [f64; 14] =
    [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0];

/// Stress, the response.
pub const STRESS: [f64; 14] =
    [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78];

/// How far the model is from the measurements.
#[differentiable(wrt(b), modes(jacobian))]
fn misfit(b: &DVector<f64>, x: &DVector<f64>, y: &DVector<f64>) -> DVector<f64> {
    x.zip_map(y, |x, y| b[0] * (1.0 - (-b[1] * x).exp()) - y)
}

/// What a fit comes to.
#[derive(Debug)]
pub struct Fit {
    /// The parameters.
    pub params: DVector<f64>,
    /// Their standard deviations.
    pub deviations: DVector<f64>,
    /// The sum of squared misfits.
    pub squares: f64,
}

/// Fits the model, starting at given parameters.
pub fn fit(start: DVector<f64>) -> Fit {
    let (x, y) = (DVector::from_column_slice(&VOLUME), DVector::from_column_slice(&STRESS));
    let (found, _) = LevenbergMarquardt::new().minimize(residuals!(start, |b| misfit(b, &x, &y)));
    let params = found.params().clone();

    // the covariance near the solution: the variance of the misfits times (Jᵀ J)⁻¹
    let jacobian = misfit::jacobian(&params, &x, &y);
    let squares = misfit(&params, &x, &y).norm_squared();
    let variance = squares / (y.len() - params.len()) as f64;
    let covariance = jacobian.tr_mul(&jacobian).try_inverse().expect("both parameters matter") * variance;
    Fit { params, deviations: covariance.diagonal().map(f64::sqrt), squares }
}

fn main() {
    for start in [[500.0, 1e-4], [250.0, 5e-4]] {
        let fit = fit(DVector::from_column_slice(&start));
        println!("From {start:?}: sum of squares {:.10e}", fit.squares);
        for (name, k) in [("b0", 0), ("b1", 1)] {
            println!("  {name} = {:.10e} +- {:.4e}", fit.params[k], fit.deviations[k]);
        }
    }
    println!("Certified: 2.3894212918e2 +- 2.7070e0 and 5.5015643181e-4 +- 7.2669e-6");
}
