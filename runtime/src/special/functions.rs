//! The functions themselves.

crate::generic::generic! { ::pullback::special::functions; use {};
    /// x · ln y, and 0 where both are 0.
    ///
    /// ```
    /// use pullback::special::xlogy;
    /// assert_eq!((xlogy(0.0, 0.0), xlogy(2.0, 1.0)), (0.0, 0.0));
    /// ```
    pub fn xlogy<T>(x: T, y: T) -> T {
        if x == 0.0 && y == 0.0 { 0.0 } else { x * y.ln() }
    }

    /// x · ln(1 + y), and 0 where x is 0 and y is -1.
    ///
    /// ```
    /// use pullback::special::xlog1py;
    /// assert_eq!((xlog1py(0.0, -1.0), xlog1py(2.0, 0.0)), (0.0, 0.0));
    /// ```
    pub fn xlog1py<T>(x: T, y: T) -> T {
        if x == 0.0 && y == -1.0 { 0.0 } else { x * y.ln_1p() }
    }

    /// The inverse of the logistic function: ln(p / (1 - p)).
    ///
    /// ```
    /// use pullback::special::logit;
    /// assert_eq!((logit(0.5), logit(0.0), logit(1.0)), (0.0, f64::NEG_INFINITY, f64::INFINITY));
    /// ```
    pub fn logit<T>(p: T) -> T {
        p.ln() - (-p).ln_1p()
    }

    /// sin x / x, and 1 at 0 (not sin πx / πx). Near 0 by a series, so that its slope keeps its digits.
    ///
    /// ```
    /// use pullback::special::sinc;
    /// assert_eq!(sinc(0.0), 1.0);
    /// assert!(sinc(std::f64::consts::PI).abs() < 1e-16);
    /// ```
    pub fn sinc<T>(x: T) -> T {
        if x.abs() < 1.0 {
            // the series of sin x / x in z = x²; the last term is below half a unit of the last place
            let z = x * x;
            let far = 1.0 / 6227020800.0 - z * (1.0 / 1307674368000.0 - z / 355687428096000.0);
            let middle = 1.0 / 362880.0 - z * (1.0 / 39916800.0 - z * far);
            1.0 - z * (1.0 / 6.0 - z * (1.0 / 120.0 - z * (1.0 / 5040.0 - z * middle)))
        } else {
            x.sin() / x
        }
    }

    /// ln(eᵃ + eᵇ) without overflow.
    ///
    /// ```
    /// use pullback::special::log_add_exp;
    /// assert_eq!(log_add_exp(1e4, 0.0), 1e4);
    /// assert_eq!(log_add_exp(0.0, f64::NEG_INFINITY), 0.0);
    /// ```
    pub fn log_add_exp<T>(a: T, b: T) -> T {
        if a.max(b).is_infinite() {
            (a.exp() + b.exp()).ln()
        } else if a > b {
            a + (b - a).exp().ln_1p()
        } else {
            b + (a - b).exp().ln_1p()
        }
    }

    /// ln Σ exp xᵢ without overflow; minus infinity for an empty list.
    ///
    /// ```
    /// use pullback::special::log_sum_exp;
    /// assert_eq!(log_sum_exp(&[1e4, 0.0, f64::NEG_INFINITY]), 1e4);
    /// assert_eq!(log_sum_exp::<f64>(&[]), f64::NEG_INFINITY);
    /// ```
    pub fn log_sum_exp<T>(x: &[T]) -> T {
        // the largest term becomes 1; its choice changes nothing, so it counts as a constant
        let most = pullback::detach(x.iter().copied().fold(T::NEG_INFINITY, T::max));
        let shift = if most.is_infinite() { 0.0 } else { most };
        shift + x.iter().map(|x| (x - shift).exp()).sum::<T>().ln()
    }
}
