//! The functions themselves.

crate::generic::generic! { ::pullback::stats::functions; use {};
    /// The mean; NaN for an empty list.
    ///
    /// ```
    /// assert_eq!(pullback::stats::mean(&[1.0, 2.0, 6.0]), 3.0);
    /// ```
    pub fn mean<T>(x: &[T]) -> T {
        x.iter().sum::<T>() / x.len() as T
    }

    /// The unbiased variance: squared distances from the mean, over n - 1.
    ///
    /// ```
    /// assert_eq!(pullback::stats::variance(&[1.0, 2.0, 6.0]), 7.0);
    /// ```
    pub fn variance<T>(x: &[T]) -> T {
        let mean = mean(x);
        x.iter().map(|x| (x - mean) * (x - mean)).sum::<T>() / (x.len() as T - 1.0)
    }

    /// The square root of the [`variance`]. Where that is 0, the slope is 0.
    ///
    /// ```
    /// assert_eq!(pullback::stats::standard_deviation(&[2.0, 2.0, 5.0]), 3f64.sqrt());
    /// ```
    pub fn standard_deviation<T>(x: &[T]) -> T {
        let variance = variance(x);
        if variance == 0.0 { 0.0 } else { variance.sqrt() }
    }
}
