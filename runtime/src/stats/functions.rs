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

    /// The square root of the [`variance`](fn@variance). Where that is 0, the slope is 0.
    ///
    /// ```
    /// assert_eq!(pullback::stats::standard_deviation(&[2.0, 2.0, 5.0]), 3f64.sqrt());
    /// ```
    pub fn standard_deviation<T>(x: &[T]) -> T {
        let variance = variance(x);
        if variance == 0.0 { 0.0 } else { variance.sqrt() }
    }

    /// The median, of an even number of entries the lower one of the two in the middle, as in PyTorch. The first entry of that
    /// value has the slope. NaN if an entry is.
    ///
    /// # Panics
    /// On an empty list.
    ///
    /// ```
    /// assert_eq!(pullback::stats::median(&[5.0, -1.0, 2.0]), 2.0);
    /// assert_eq!(pullback::stats::median(&[1.0, 4.0, 2.0, 3.0]), 2.0);
    /// ```
    pub fn median<T>(x: &[T]) -> T {
        assert!(!x.is_empty(), "the median of an empty list");
        if x.iter().any(|v| v.is_nan()) {
            return T::NAN;
        }
        // halves the interval of values in which the median is; which entry it is counts as a constant
        let (half, mut low, mut high) = ((x.len() - 1) / 2, T::INFINITY, T::NEG_INFINITY);
        for &v in x {
            low = low.min(pullback::detach(v));
            high = high.max(pullback::detach(v));
        }
        while low < high {
            let middle = 0.5 * low.max(T::MIN) + 0.5 * high.min(T::MAX);
            let middle = if middle < high { middle } else { low };
            let (mut count, mut below, mut above) = (0, T::NEG_INFINITY, T::INFINITY);
            for &v in x {
                if v <= middle {
                    count += 1;
                    below = below.max(pullback::detach(v));
                } else {
                    above = above.min(pullback::detach(v));
                }
            }
            if count > half {
                high = below;
            } else {
                low = above;
            }
        }
        let mut at = 0;
        for i in (0..x.len()).rev() {
            if x[i] == low {
                at = i;
            }
        }
        x[at]
    }
}
