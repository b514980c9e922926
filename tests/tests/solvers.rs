//! The solvers of `argmin` and `levenberg-marquardt` on annotated functions: classic functions, and the nonlinear regressions of
//! NIST's reference data sets to their certified digits.

use argmin::core::{CostFunction, Executor, Gradient, Hessian};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::newton::NewtonCG;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use levenberg_marquardt::LevenbergMarquardt;
use nalgebra::DVector;
use pullback::{differentiable, objective, residuals};
use serde_json::Value;

#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/curve_fit.rs"]
mod curve_fit;

fn problem(name: &str) -> Value {
    pullback_tests::reference::read(&format!("nist/{name}"))
}

fn floats(list: &Value) -> DVector<f64> {
    pullback_tests::reference::floats(list).into()
}

/// To how many digits all parameters agree with the certified ones.
fn digits(found: &DVector<f64>, certified: &DVector<f64>) -> f64 {
    assert_eq!(found.len(), certified.len());
    let off = found.iter().zip(certified.iter()).map(|(f, c)| ((f - c) / c).abs()).fold(1e-16, f64::max);
    if off.is_nan() { f64::NEG_INFINITY } else { -off.log10() }
}

/// Runs both starts of a problem by Levenberg and Marquardt's method: from the second it must come to six digits, for problems
/// of lower and average difficulty from the first, too.
macro_rules! nist {
    ($($test:ident $file:literal |$b:ident, $x:ident| $model:expr;)*) => {
        $(#[test]
        fn $test() {
            #[differentiable(wrt(b), modes(jacobian))]
            fn misfit(b: &DVector<f64>, x: &DVector<f64>, y: &DVector<f64>) -> DVector<f64> {
                let $b = b;
                x.zip_map(y, |$x, y| $model - y)
            }

            let problem = problem($file);
            let (x, y) = (floats(&problem["x"]), floats(&problem["y"]));
            check(&problem, |start| {
                let solver = LevenbergMarquardt::new().with_patience(1000);
                let (found, _) = solver.minimize(residuals!(start, |b| misfit(b, &x, &y)));
                (found.params().clone(), misfit(found.params(), &x, &y).norm_squared())
            });
        })*
    };
}

fn check(problem: &Value, fit: impl Fn(DVector<f64>) -> (DVector<f64>, f64)) {
    let certified = floats(&problem["certified_params"]);
    let easy = problem["level_of_difficulty"] != "Higher";
    for start in ["start1", "start2"] {
        let (found, squares) = fit(floats(&problem[start]));
        let agree = digits(&found, &certified);
        let name = problem["name"].as_str().unwrap();
        println!("{name} {start}: {agree:.1} digits");
        if easy || start == "start2" {
            assert!(agree >= 6.0, "{name} from {start}: {agree} digits, {found} instead of {certified}");
            let rss = problem["certified_rss"].as_f64().unwrap();
            assert!((squares / rss - 1.0).abs() < 1e-6, "{name} from {start}: {squares} instead of {rss}");
        }
    }
}

nist! {
    box_bod "BoxBOD" |b, x| b[0] * (1.0 - (-b[1] * x).exp());
    chwirut2 "Chwirut2" |b, x| (-b[0] * x).exp() / (b[1] + b[2] * x);
    dan_wood "DanWood" |b, x| b[0] * x.powf(b[1]);
    gauss1 "Gauss1" |b, x| b[0] * (-b[1] * x).exp()
        + b[2] * (-(x - b[3]).powi(2) / b[4].powi(2)).exp()
        + b[5] * (-(x - b[6]).powi(2) / b[7].powi(2)).exp();
    kirby2 "Kirby2" |b, x| (b[0] + b[1] * x + b[2] * x.powi(2)) / (1.0 + b[3] * x + b[4] * x.powi(2));
    lanczos3 "Lanczos3" |b, x| b[0] * (-b[1] * x).exp() + b[2] * (-b[3] * x).exp() + b[4] * (-b[5] * x).exp();
    mgh17 "MGH17" |b, x| b[0] + b[1] * (-x * b[3]).exp() + b[2] * (-x * b[4]).exp();
    misra1a "Misra1a" |b, x| b[0] * (1.0 - (-b[1] * x).exp());
    thurber "Thurber" |b, x| (b[0] + b[1] * x + b[2] * x.powi(2) + b[3] * x.powi(3))
        / (1.0 + b[4] * x + b[5] * x.powi(2) + b[6] * x.powi(3));
}

/// Two predictors, and the logarithm of the response.
#[differentiable(wrt(b), modes(jacobian))]
fn breakdown(b: &DVector<f64>, x1: &[f64], x2: &[f64], y: &[f64]) -> Vec<f64> {
    let mut misfit = vec![0.0; y.len()];
    for i in 0..y.len() {
        misfit[i] = b[0] - b[1] * x1[i] * (-b[2] * x2[i]).exp() - y[i].ln();
    }
    misfit
}

#[test]
fn nelson() {
    let problem = problem("Nelson");
    let [x1, x2, y] = ["x1", "x2", "y"].map(|name| floats(&problem[name]).as_slice().to_vec());
    check(&problem, |start| {
        let solver = LevenbergMarquardt::new().with_patience(1000);
        let (found, _) = solver.minimize(residuals!(start, |b| breakdown(b, &x1, &x2, &y)));
        let squares = breakdown(found.params(), &x1, &x2, &y).iter().map(|r| r * r).sum();
        (found.params().clone(), squares)
    });
}

#[test]
fn curve_fit_to_the_certified_digits() {
    let problem = problem("Misra1a");
    assert_eq!(DVector::from_column_slice(&curve_fit::VOLUME), floats(&problem["x"]));
    assert_eq!(DVector::from_column_slice(&curve_fit::STRESS), floats(&problem["y"]));
    for start in ["start1", "start2"] {
        let fit = curve_fit::fit(floats(&problem[start]));
        assert!(digits(&fit.params, &floats(&problem["certified_params"])) > 9.0, "{fit:?}");
        assert!(digits(&fit.deviations, &floats(&problem["certified_std_dev"])) > 6.0, "{fit:?}");
        assert!((fit.squares / problem["certified_rss"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    }
}

#[differentiable(modes(hessian))]
fn rosenbrock(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() - 1 {
        sum += 100.0 * (x[i + 1] - x[i].powi(2)).powi(2) + (1.0 - x[i]).powi(2);
    }
    sum
}

/// Beale's function, of two numbers by name; its minimum is 0 at (3, 0.5).
#[differentiable]
fn beale(x: f64, y: f64) -> f64 {
    (1.5 - x + x * y).powi(2) + (2.25 - x + x * y.powi(2)).powi(2) + (2.625 - x + x * y.powi(3)).powi(2)
}

fn near(found: Option<Vec<f64>>, expected: &[f64], tolerance: f64) {
    let found = found.expect("a best parameter");
    let off = found.iter().zip(expected).map(|(f, e)| (f - e).abs()).fold(0.0, f64::max);
    assert!(found.len() == expected.len() && off < tolerance, "{found:?} instead of {expected:?}");
}

#[test]
fn lbfgs() {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7);
    let run = Executor::new(objective!(|x| rosenbrock(x)), solver)
        .configure(|s| s.param(vec![-1.2, 1.0, -0.5, 0.8]).max_iters(200))
        .run()
        .unwrap();
    near(run.state.best_param, &[1.0; 4], 1e-6);
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7);
    let run = Executor::new(objective!(|p| beale(p[0], p[1])), solver)
        .configure(|s| s.param(vec![1.0, 1.0]).max_iters(100))
        .run()
        .unwrap();
    near(run.state.best_param, &[3.0, 0.5], 1e-6);
}

#[test]
fn trust_region() {
    let solver = TrustRegion::new(Steihaug::new().with_max_iters(20));
    let run = Executor::new(objective!(hessian | x | rosenbrock(x)), solver)
        .configure(|s| s.param(vec![-1.2, 1.0]).max_iters(100))
        .run()
        .unwrap();
    near(run.state.best_param, &[1.0; 2], 1e-6);
}

/// Catenaries in a row, tied together; the minimum is at 0, 1, 2, ..
#[differentiable(modes(hessian))]
fn chain(x: &[f64]) -> f64 {
    let mut f = 0.0;
    for (i, x) in x.iter().enumerate() {
        f += (x - i as f64).cosh();
    }
    for i in 1..x.len() {
        f += 0.5 * (x[i] - x[i - 1] - 1.0).powi(2);
    }
    f
}

#[test]
fn newton_cg() {
    let solver = NewtonCG::new(MoreThuenteLineSearch::new()).with_tolerance(1e-14).unwrap();
    let run = Executor::new(objective!(hessian | x | chain(x)), solver)
        .configure(|s| s.param(vec![2.0, -1.0, 0.5, 4.0]).max_iters(100))
        .run()
        .unwrap();
    near(run.state.best_param, &[0.0, 1.0, 2.0, 3.0], 1e-6);
}

/// The Hessian of Rosenbrock's function at (-1.2, 1), worked out by hand.
#[test]
fn the_problem_is_the_function() {
    let problem = objective!(hessian | x | rosenbrock(x));
    let at = vec![-1.2, 1.0];
    assert!((problem.cost(&at).unwrap() - 24.2).abs() < 1e-12);
    let gradient = problem.gradient(&at).unwrap();
    assert!((gradient[0] + 215.6).abs() < 1e-10 && (gradient[1] + 88.0).abs() < 1e-10, "{gradient:?}");
    let hessian = problem.hessian(&at).unwrap();
    let expected = [[1330.0, 480.0], [480.0, 200.0]];
    for (row, expected) in hessian.iter().zip(expected) {
        assert!(row.iter().zip(expected).all(|(h, e)| (h - e).abs() < 1e-9), "{hessian:?}");
    }
    // a gradient of two numbers for a parameter of three
    let error = objective!(|p| beale(p[0], p[1])).gradient(&vec![1.0, 2.0, 3.0]).unwrap_err();
    assert_eq!(error.to_string(), "the gradient has 2 numbers where the parameter asks for 3");
}
