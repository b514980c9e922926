//! A function to minimise, for `argmin`.

use std::fmt;

use argmin::core::{CostFunction, Error, Gradient, Hessian};

use super::flat;
use crate::leaves::Leaves;

type Cost<'a> = Box<dyn Fn(&[f64]) -> f64 + Send + Sync + 'a>;
type Slope<'a> = Box<dyn Fn(&[f64]) -> Vec<f64> + Send + Sync + 'a>;

/// A function of a list of numbers with its gradient, and with its Hessian if it is asked for: a problem for any solver of
/// `argmin`. Made by [`objective!`](crate::objective).
///
/// Its parameter is a `Vec<f64>`, its Hessian a `Vec` of rows.
pub struct Objective<'a, H = ()> {
    cost: Cost<'a>,
    gradient: Slope<'a>,
    hessian: H,
}

/// A Hessian: type of the parameter of [`Objective`] where there is one.
pub struct WithHessian<'a>(Slope<'a>);

impl<'a> Objective<'a> {
    /// A function and its gradient. The gradient's numbers, in order, belong to those of the parameter.
    pub fn new<G: Leaves>(
        cost: impl Fn(&[f64]) -> f64 + Send + Sync + 'a,
        gradient: impl Fn(&[f64]) -> G + Send + Sync + 'a,
    ) -> Objective<'a> {
        Objective { cost: Box::new(cost), gradient: Box::new(move |p| flat(&gradient(p))), hessian: () }
    }

    /// The same with a Hessian, a square matrix of one parameter's type: what `hessian` returns for a function of a slice, an
    /// array or a vector.
    pub fn with_hessian<H: Leaves>(
        self,
        hessian: impl Fn(&[f64]) -> H + Send + Sync + 'a,
    ) -> Objective<'a, WithHessian<'a>> {
        let hessian = WithHessian(Box::new(move |p| flat(&hessian(p))));
        Objective { cost: self.cost, gradient: self.gradient, hessian }
    }
}

impl<H> fmt::Debug for Objective<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Objective")
    }
}

impl fmt::Debug for WithHessian<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithHessian")
    }
}

impl<H> CostFunction for Objective<'_, H> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, param: &Vec<f64>) -> Result<f64, Error> {
        Ok((self.cost)(param))
    }
}

impl<H> Gradient for Objective<'_, H> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, param: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let gradient = (self.gradient)(param);
        expect("the gradient", gradient.len(), param.len())?;
        Ok(gradient)
    }
}

impl Hessian for Objective<'_, WithHessian<'_>> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, param: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        let (hessian, n) = ((self.hessian.0)(param), param.len());
        expect("the Hessian", hessian.len(), n * n)?;
        // symmetric: columns are rows
        Ok(hessian.chunks(n.max(1)).map(<[f64]>::to_vec).collect())
    }
}

fn expect(what: &str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::msg(format!("{what} has {found} numbers where the parameter asks for {expected}")))
}

/// An annotated function as a problem for `argmin`: a closure from the parameter, a slice, to a call of the function.
///
/// The gradient is taken with respect to what the function says, in its order; these numbers must be those of the parameter.
/// With the word `hessian` in front there is one too; the function needs `modes(hessian)` and one parameter to differentiate by.
///
/// ```
/// use argmin::core::Executor;
/// use argmin::solver::linesearch::MoreThuenteLineSearch;
/// use argmin::solver::quasinewton::LBFGS;
/// use pullback::differentiable;
///
/// #[differentiable]
/// fn rosenbrock(x: f64, y: f64) -> f64 {
///     100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
/// }
///
/// let problem = pullback::objective!(|p| rosenbrock(p[0], p[1]));
/// let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7);
/// let found = Executor::new(problem, solver).configure(|s| s.param(vec![-1.2, 1.0]).max_iters(100)).run()?;
/// let best = found.state.best_param.expect("it ran");
/// assert!((best[0] - 1.0).abs() < 1e-6 && (best[1] - 1.0).abs() < 1e-6);
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[macro_export]
macro_rules! objective {
    (|$p:ident| $($f:ident)::+ ($($arg:expr),* $(,)?)) => {
        $crate::solvers::Objective::new(
            |$p: &[f64]| $($f)::+($($arg),*),
            |$p: &[f64]| $($f)::+::grad($($arg),*),
        )
    };
    (hessian |$p:ident| $($f:ident)::+ ($($arg:expr),* $(,)?)) => {
        $crate::objective!(|$p| $($f)::+($($arg),*)).with_hessian(|$p: &[f64]| $($f)::+::hessian($($arg),*))
    };
}
