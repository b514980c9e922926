//! Columns on a common scale.

use nalgebra::{DMatrix, RealField};

/// Moves and scales each column to mean 0 and standard deviation 1 (of the whole population, divided by n).
///
/// A column that does not vary is moved only. Fit on the training part, and apply to both.
///
/// ```
/// use pullback::data::Standardizer;
/// use pullback::nalgebra::dmatrix;
///
/// let scale = Standardizer::fit(&dmatrix![1.0, 7.0; 3.0, 7.0]);
/// assert_eq!(scale.apply(&dmatrix![1.0, 7.0; 5.0, 8.0]), dmatrix![-1.0, 0.0; 3.0, 1.0]);
/// assert_eq!(scale.undo(&dmatrix![3.0, 1.0]), dmatrix![5.0, 8.0]);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Standardizer<T> {
    /// The mean of each column.
    pub means: Vec<T>,
    /// What each column is divided by: its standard deviation, 1 where that is 0.
    pub scales: Vec<T>,
}

impl<T: RealField + Copy> Standardizer<T> {
    /// The scale of these data.
    #[must_use]
    pub fn fit(x: &DMatrix<T>) -> Standardizer<T> {
        let n: T = nalgebra::convert(x.nrows() as f64);
        let means: Vec<T> = x.column_iter().map(|c| c.sum() / n).collect();
        let scales = x.column_iter().zip(&means).map(|(c, &mean)| {
            // exactly: the mean of equal numbers may be rounded
            if c.iter().all(|&v| v == c[0]) {
                return T::one();
            }
            let squares = c.iter().fold(T::zero(), |sum, &v| sum + (v - mean) * (v - mean));
            (squares / n).sqrt()
        });
        Standardizer { scales: scales.collect(), means }
    }

    /// Data on the common scale.
    ///
    /// # Panics
    /// If there are more or fewer columns than were fitted.
    #[must_use]
    pub fn apply(&self, x: &DMatrix<T>) -> DMatrix<T> {
        self.each(x, |v, mean, scale| (v - mean) / scale)
    }

    /// Data on their own scale again.
    ///
    /// # Panics
    /// If there are more or fewer columns than were fitted.
    #[must_use]
    pub fn undo(&self, x: &DMatrix<T>) -> DMatrix<T> {
        self.each(x, |v, mean, scale| v * scale + mean)
    }

    fn each(&self, x: &DMatrix<T>, f: impl Fn(T, T, T) -> T) -> DMatrix<T> {
        let (ours, theirs) = (self.means.len(), x.ncols());
        assert_eq!(ours, theirs, "Standardizer: fitted to {ours} columns, not to {theirs}");
        let mut out = x.clone();
        for (c, mut column) in out.column_iter_mut().enumerate() {
            column.apply(|v| *v = f(*v, self.means[c], self.scales[c]));
        }
        out
    }
}
