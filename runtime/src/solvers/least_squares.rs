//! Residuals whose squares are summed, for `levenberg-marquardt`.

use std::fmt;

use levenberg_marquardt::LeastSquaresProblem;
// the version of nalgebra that the solver is written for
use nalgebra_of_solver as theirs;

use super::flat;
use crate::leaves::Leaves;
use crate::nalgebra::{DMatrix, DVector, SMatrix};

/// What `jacobian` returns for a function with one parameter to differentiate by: rows are residuals.
pub trait Jacobian {
    /// Rows and columns.
    fn shape(&self) -> (usize, usize);
    /// An element.
    fn at(&self, row: usize, column: usize) -> f64;
}

impl Jacobian for DMatrix<f64> {
    fn shape(&self) -> (usize, usize) {
        self.shape()
    }
    fn at(&self, row: usize, column: usize) -> f64 {
        self[(row, column)]
    }
}

impl<const R: usize, const C: usize> Jacobian for SMatrix<f64, R, C> {
    fn shape(&self) -> (usize, usize) {
        (R, C)
    }
    fn at(&self, row: usize, column: usize) -> f64 {
        self[(row, column)]
    }
}

macro_rules! nested {
    ($([$($g:tt)*] $t:ty;)*) => {
        $(impl<$($g)*> Jacobian for $t {
            fn shape(&self) -> (usize, usize) {
                (self.len(), self.first().map_or(0, |row| row.len()))
            }
            fn at(&self, row: usize, column: usize) -> f64 {
                self[row][column]
            }
        })*
    };
}

nested! {
    [] Vec<Vec<f64>>;
    [const C: usize] Vec<[f64; C]>;
    [] Vec<DVector<f64>>;
    [const R: usize, const C: usize] [[f64; C]; R];
}

/// Residuals and their Jacobian at a point: a problem for `levenberg_marquardt::LevenbergMarquardt`. Made by
/// [`residuals!`](crate::residuals).
pub struct LeastSquares<R, J> {
    params: DVector<f64>,
    residuals: R,
    jacobian: J,
}

impl<R, J> LeastSquares<R, J> {
    /// Residuals and their Jacobian as functions of the parameter, and where to start.
    pub fn new<V: Leaves, M: Jacobian>(start: DVector<f64>, residuals: R, jacobian: J) -> LeastSquares<R, J>
    where
        R: Fn(&DVector<f64>) -> V,
        J: Fn(&DVector<f64>) -> M,
    {
        LeastSquares { params: start, residuals, jacobian }
    }

    /// The parameter: after a solver ran, what it found.
    #[must_use]
    pub fn params(&self) -> &DVector<f64> {
        &self.params
    }
}

impl<R, J> fmt::Debug for LeastSquares<R, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeastSquares").field("params", &self.params).finish_non_exhaustive()
    }
}

type Vector = theirs::OVector<f64, theirs::Dyn>;

impl<R, J, V, M> LeastSquaresProblem<f64, theirs::Dyn, theirs::Dyn> for LeastSquares<R, J>
where
    R: Fn(&DVector<f64>) -> V,
    J: Fn(&DVector<f64>) -> M,
    V: Leaves,
    M: Jacobian,
{
    type ResidualStorage = theirs::VecStorage<f64, theirs::Dyn, theirs::U1>;
    type JacobianStorage = theirs::VecStorage<f64, theirs::Dyn, theirs::Dyn>;
    type ParameterStorage = theirs::VecStorage<f64, theirs::Dyn, theirs::U1>;

    fn set_params(&mut self, x: &Vector) {
        self.params = DVector::from_column_slice(x.as_slice());
    }

    fn params(&self) -> Vector {
        Vector::from_column_slice(self.params.as_slice())
    }

    fn residuals(&self) -> Option<Vector> {
        Some(Vector::from_vec(flat(&(self.residuals)(&self.params))))
    }

    fn jacobian(&self) -> Option<theirs::DMatrix<f64>> {
        let jacobian = (self.jacobian)(&self.params);
        let (rows, columns) = jacobian.shape();
        Some(theirs::DMatrix::from_fn(rows, columns, |r, c| jacobian.at(r, c)))
    }
}

/// An annotated function with `modes(jacobian)` that returns residuals, as a problem for `levenberg_marquardt`: where to start, and a
/// closure from the parameter, a `&DVector<f64>`, to a call of the function.
///
/// ```
/// use levenberg_marquardt::LevenbergMarquardt;
/// use pullback::differentiable;
/// use pullback::nalgebra::DVector;
///
/// /// How far y = b₀ exp(b₁ x) is from the measurements.
/// #[differentiable(wrt(b), modes(jacobian))]
/// fn misfit(b: &DVector<f64>, x: &DVector<f64>, y: &DVector<f64>) -> DVector<f64> {
///     x.zip_map(y, |x, y| b[0] * (b[1] * x).exp() - y)
/// }
///
/// let x = DVector::from_vec(vec![0.0, 1.0, 2.0, 3.0]);
/// let y = x.map(|x| 2.0 * f64::exp(-0.5 * x));
/// let start = DVector::from_vec(vec![1.0, 0.0]);
/// let (found, report) = LevenbergMarquardt::new().minimize(pullback::residuals!(start, |b| misfit(b, &x, &y)));
/// assert!(report.termination.was_successful());
/// assert!((found.params()[0] - 2.0).abs() < 1e-9 && (found.params()[1] + 0.5).abs() < 1e-9);
/// ```
#[macro_export]
macro_rules! residuals {
    ($start:expr, |$p:ident| $($f:ident)::+ ($($arg:expr),* $(,)?)) => {
        $crate::solvers::LeastSquares::new(
            $start,
            |$p: &$crate::nalgebra::DVector<f64>| $($f)::+($($arg),*),
            |$p: &$crate::nalgebra::DVector<f64>| $($f)::+::jacobian($($arg),*),
        )
    };
}
