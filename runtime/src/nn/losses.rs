//! Losses: from predictions and targets to a number.

use nalgebra::DMatrix;

crate::generic::generic! { ::pullback::nn::losses; use { crate::special::functions::log_sum_exp_below, nalgebra::DMatrix };
    /// The mean of squared differences.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// ```
    /// assert_eq!(pullback::nn::mse_loss(&[1.0, 2.0], &[1.0, 4.0]), 2.0);
    /// ```
    pub fn mse_loss<T>(prediction: &[T], target: &[T]) -> T {
        mse_sum(prediction, target) / prediction.len() as T
    }

    /// The sum of squared differences.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// ```
    /// assert_eq!(pullback::nn::mse_sum(&[1.0, 2.0], &[1.0, 4.0]), 4.0);
    /// ```
    pub fn mse_sum<T>(prediction: &[T], target: &[T]) -> T {
        assert_eq!(prediction.len(), target.len(), "as many predictions as targets");
        prediction.iter().zip(target).map(|(p, t)| (p - t) * (p - t)).sum()
    }

    /// The mean of absolute differences. The slope where they are 0 is 0.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// ```
    /// assert_eq!(pullback::nn::l1_loss(&[1.0, 2.0], &[1.0, 4.0]), 1.0);
    /// ```
    pub fn l1_loss<T>(prediction: &[T], target: &[T]) -> T {
        l1_sum(prediction, target) / prediction.len() as T
    }

    /// The sum of absolute differences. The slope where they are 0 is 0.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// ```
    /// assert_eq!(pullback::nn::l1_sum(&[1.0, 2.0], &[1.0, 4.0]), 2.0);
    /// ```
    pub fn l1_sum<T>(prediction: &[T], target: &[T]) -> T {
        assert_eq!(prediction.len(), target.len(), "as many predictions as targets");
        prediction.iter().zip(target).map(|(p, t)| (p - t).abs()).sum()
    }

    /// The mean of d²/2 for differences d of at most `delta`, and of delta (|d| - delta/2) for larger ones.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// ```
    /// assert_eq!(pullback::nn::huber_loss(&[1.0, 0.0], &[2.0, 3.0], 1.0), 1.5);
    /// ```
    pub fn huber_loss<T>(prediction: &[T], target: &[T], delta: T) -> T {
        assert_eq!(prediction.len(), target.len(), "as many predictions as targets");
        let one = |d: T| {
            if d.abs() <= delta { 0.5 * d * d } else { delta * (d.abs() - 0.5 * delta) }
        };
        prediction.iter().zip(target).map(|(p, t)| one(p - t)).sum::<T>() / prediction.len() as T
    }

    /// The mean of -(t ln p + (1 - t) ln(1 - p)) for probabilities p and labels t between 0 and 1. A logarithm counts as
    /// at least -100, and its slope as at most 10¹², as in PyTorch, so that a wrong certainty has a finite cost. Prefer
    /// [`binary_cross_entropy_with_logits`](fn@binary_cross_entropy_with_logits), which needs neither.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// ```
    /// let loss = pullback::nn::binary_cross_entropy(&[0.5, 0.0], &[1.0, 1.0]);
    /// assert_eq!(loss, 0.5 * (2f64.ln() + 100.0));
    /// ```
    pub fn binary_cross_entropy<T>(probability: &[T], target: &[T]) -> T {
        assert_eq!(probability.len(), target.len(), "as many probabilities as targets");
        // ln q of a q close to 0 is continued as a line; 1e-12 is rounded to f32, as there
        let bounded = |ln: T, q: T| {
            if q < 1e-12 {
                pullback::detach(ln).max(-100.0) + (q - pullback::detach(q)) * 1000000003995.8029
            } else {
                ln
            }
        };
        let one = |p: T, t: T| t * bounded(p.ln(), p) + (1.0 - t) * bounded((-p).ln_1p(), 1.0 - p);
        -(probability.iter().zip(target).map(|(p, t)| one(*p, *t)).sum::<T>()) / probability.len() as T
    }

    /// The mean of [`binary_cross_entropy`](fn@binary_cross_entropy) of the sigmoids of `logits`, without overflow and without bounds.
    ///
    /// # Panics
    /// If the lengths differ.
    ///
    /// ```
    /// use pullback::nn::binary_cross_entropy_with_logits;
    /// assert_eq!(binary_cross_entropy_with_logits(&[0.0, 1e4], &[1.0, 1.0]), 0.5 * 2f64.ln());
    /// ```
    pub fn binary_cross_entropy_with_logits<T>(logits: &[T], target: &[T]) -> T {
        assert_eq!(logits.len(), target.len(), "as many logits as targets");
        let one = |x: T, t: T| {
            let l = (if x > 0.0 { -x } else { x }).exp().ln_1p();
            if x > 0.0 { (x - x * t) + l } else { l - x * t }
        };
        logits.iter().zip(target).map(|(x, t)| one(*x, *t)).sum::<T>() / logits.len() as T
    }

    /// Minus the logarithm of the probability that the softmax of `logits` gives to `class`.
    ///
    /// # Panics
    /// If there is no such class.
    ///
    /// ```
    /// assert_eq!(pullback::nn::cross_entropy(&[0.0, 0.0], 1), 2f64.ln());
    /// ```
    pub fn cross_entropy<T>(logits: &[T], class: usize) -> T {
        let most = pullback::detach(logits.iter().copied().fold(T::NEG_INFINITY, T::max));
        -((logits[class] - most) - log_sum_exp_below(logits, most))
    }

    /// The mean of [`cross_entropy`](fn@cross_entropy) over the rows of a matrix: a row of logits per sample, and its class.
    ///
    /// # Panics
    /// If there are not as many classes as rows, or no such class.
    ///
    /// ```
    /// use pullback::nalgebra::DMatrix;
    ///
    /// let logits = DMatrix::from_row_slice(2, 2, &[0.0, 0.0, 1e4, 0.0]);
    /// assert_eq!(pullback::nn::cross_entropy_rows(&logits, &[1, 0]), 0.5 * 2f64.ln());
    /// ```
    pub fn cross_entropy_rows<T>(logits: &DMatrix<T>, class: &[usize]) -> T {
        assert_eq!(logits.nrows(), class.len(), "as many classes as rows");
        let mut sum = 0.0;
        for i in 0..logits.nrows() {
            let (mut most, mut total) = (T::NEG_INFINITY, 0.0);
            for j in 0..logits.ncols() {
                most = most.max(pullback::detach(logits[(i, j)]));
            }
            for j in 0..logits.ncols() {
                total += (logits[(i, j)] - most).exp();
            }
            sum -= (logits[(i, class[i])] - most) - total.ln();
        }
        sum / class.len() as T
    }

    /// Minus the logarithm of a probability: the entry `class` of what [`log_softmax`](fn@crate::nn::log_softmax) returns.
    ///
    /// # Panics
    /// If there is no such class.
    ///
    /// ```
    /// assert_eq!(pullback::nn::nll_loss(&[-0.5, -1.0], 1), 1.0);
    /// ```
    pub fn nll_loss<T>(log_probability: &[T], class: usize) -> T {
        -log_probability[class]
    }
}
