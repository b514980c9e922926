//! The functions themselves.

crate::generic::generic! { ::pullback::special::functions; use { crate::special::Primitive };
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
        shift + log_sum_exp_below(x, shift)
    }

    /// ln Σ exp(xᵢ - shift), for a shift that is not much less than the largest entry.
    pub fn log_sum_exp_below<T>(x: &[T], shift: T) -> T {
        x.iter().map(|x| (x - shift).exp()).sum::<T>().ln()
    }

    /// The error function 2/√π ∫₀ˣ exp(-t²) dt, within 1.2 units in the last place (`f32` 1.5).
    ///
    /// ```
    /// use pullback::special::erf;
    /// assert_eq!((erf(0.0), erf(10.0), erf(-10.0)), (0.0, 1.0, -1.0));
    /// ```
    pub fn erf<T>(x: T) -> T {
        x.__pullback_erf()
    }

    /// The complementary error function 1 - erf x, with all its digits where erf x is close to 1, within 5 units in the last
    /// place (`f32` 6.5).
    ///
    /// ```
    /// use pullback::special::erfc;
    /// assert!((erfc(10.0f64) / 2.088487583762545e-45 - 1.0).abs() < 1e-15);
    /// ```
    pub fn erfc<T>(x: T) -> T {
        x.__pullback_erfc()
    }

    /// Φ(x), the distribution function of the standard normal distribution, with all its digits on the left.
    ///
    /// ```
    /// use pullback::special::normal_cdf;
    /// assert_eq!((normal_cdf(0.0), normal_cdf(40.0)), (0.5, 1.0));
    /// assert!(normal_cdf(-30.0) > 0.0);
    /// ```
    pub fn normal_cdf<T>(x: T) -> T {
        0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2 as T)
    }

    /// ln |Γ(x)|, infinite at 0 and the negative integers. Right of 0 within 4 units in the last place (`f32` 6), also near
    /// its roots 1 and 2.
    ///
    /// ```
    /// use pullback::special::ln_gamma;
    /// assert_eq!((ln_gamma(1.0), ln_gamma(2.0), ln_gamma(-3.0)), (0.0, 0.0, f64::INFINITY));
    /// assert!((ln_gamma(11.0) - 3628800f64.ln()).abs() < 1e-14);
    /// ```
    pub fn ln_gamma<T>(x: T) -> T {
        x.__pullback_ln_gamma()
    }

    /// The derivative of [`ln_gamma`](fn@ln_gamma): minus infinity at 0, NaN at the negative integers.
    ///
    /// ```
    /// use pullback::special::digamma;
    /// assert!((digamma(1.0f64) + 0.5772156649015329).abs() < 1e-15);
    /// ```
    pub fn digamma<T>(x: T) -> T {
        x.__pullback_digamma()
    }

    /// The derivative of [`digamma`](fn@digamma). Its own derivative is NaN for negative arguments.
    ///
    /// ```
    /// use pullback::special::trigamma;
    /// assert!((trigamma(1.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-15);
    /// ```
    pub fn trigamma<T>(x: T) -> T {
        x.__pullback_trigamma()
    }

    /// ln B(a, b) = ln Γ(a) + ln Γ(b) - ln Γ(a + b).
    ///
    /// ```
    /// use pullback::special::ln_beta;
    /// assert!((ln_beta(2.0, 3.0) + 12f64.ln()).abs() < 1e-15);
    /// ```
    pub fn ln_beta<T>(a: T, b: T) -> T {
        ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
    }
}
