//! Activations: from numbers to numbers, and from vectors to vectors.

crate::generic::generic! { ::pullback::nn::activations; use { crate::special::functions::log_sum_exp_below, crate::special::normal_cdf };
    /// The rectifier max(x, 0). Its slope at 0 is 0; NaN gives NaN.
    ///
    /// ```
    /// use pullback::nn::relu;
    /// assert_eq!((relu(-2.0), relu(3.0)), (0.0, 3.0));
    /// ```
    pub fn relu<T>(x: T) -> T {
        if x <= 0.0 { 0.0 } else { x }
    }

    /// `x` where it is positive, otherwise `slope * x`. The slope at 0 is `slope`.
    ///
    /// ```
    /// use pullback::nn::leaky_relu;
    /// assert_eq!((leaky_relu(-2.0, 0.01), leaky_relu(3.0, 0.01)), (-0.02, 3.0));
    /// ```
    pub fn leaky_relu<T>(x: T, slope: T) -> T {
        if x > 0.0 { x } else { slope * x }
    }

    /// The exponential linear unit: `x` where it is positive, otherwise `alpha * (eˣ - 1)`.
    ///
    /// ```
    /// use pullback::nn::elu;
    /// assert_eq!((elu(-1e4, 1.5), elu(3.0, 1.5)), (-1.5, 3.0));
    /// ```
    pub fn elu<T>(x: T, alpha: T) -> T {
        if x > 0.0 { x } else { alpha * x.exp_m1() }
    }

    /// The logistic function 1 / (1 + e⁻ˣ). Nothing overflows, and the slope keeps its digits far out on both sides.
    ///
    /// ```
    /// use pullback::nn::sigmoid;
    /// assert_eq!((sigmoid(0.0), sigmoid(1e4), sigmoid(-1e4)), (0.5, 1.0, 0.0));
    /// ```
    pub fn sigmoid<T>(x: T) -> T {
        let e = (if x > 0.0 { -x } else { x }).exp();
        let p = 1.0 / (1.0 + e);
        if x > 0.0 { p } else { e * p }
    }

    /// The logarithm of the logistic function, -ln(1 + e⁻ˣ).
    ///
    /// ```
    /// use pullback::nn::log_sigmoid;
    /// assert_eq!((log_sigmoid(-1e4), log_sigmoid(1e4)), (-1e4, 0.0));
    /// ```
    pub fn log_sigmoid<T>(x: T) -> T {
        let l = (if x > 0.0 { -x } else { x }).exp().ln_1p();
        if x > 0.0 { -l } else { x - l }
    }

    /// ln(1 + eˣ), a smooth rectifier, without overflow.
    ///
    /// ```
    /// use pullback::nn::softplus;
    /// assert_eq!((softplus(1e4), softplus(-1e4)), (1e4, 0.0));
    /// ```
    pub fn softplus<T>(x: T) -> T {
        let l = (if x > 0.0 { -x } else { x }).exp().ln_1p();
        if x > 0.0 { x + l } else { l }
    }

    /// x · sigmoid(x), also called swish.
    ///
    /// ```
    /// use pullback::nn::silu;
    /// assert_eq!((silu(0.0), silu(1e4), silu(-1e4)), (0.0, 1e4, 0.0));
    /// ```
    pub fn silu<T>(x: T) -> T {
        x * sigmoid(x)
    }

    /// The Gaussian error linear unit x · Φ(x), by the distribution function of the normal distribution itself and not
    /// by an approximation with tanh.
    ///
    /// ```
    /// use pullback::nn::gelu;
    /// assert_eq!((gelu(0.0), gelu(50.0), gelu(-50.0)), (0.0, 50.0, 0.0));
    /// ```
    pub fn gelu<T>(x: T) -> T {
        x * normal_cdf(x)
    }

    /// eˣ over its sum: positive numbers with sum 1. Without overflow. An infinite entry gives NaN.
    ///
    /// ```
    /// use pullback::nn::softmax;
    /// assert_eq!(softmax(&[1e4, 1e4, -1e4]), [0.5, 0.5, 0.0]);
    /// ```
    pub fn softmax<T>(x: &[T]) -> Vec<T> {
        let most = pullback::detach(x.iter().copied().fold(T::NEG_INFINITY, T::max));
        let e: Vec<T> = x.iter().map(|x| (x - most).exp()).collect();
        let sum: T = e.iter().sum();
        e.iter().map(|e| e / sum).collect()
    }

    /// The logarithm of [`softmax`](fn@softmax), exact where that would round to 0.
    ///
    /// ```
    /// use pullback::nn::log_softmax;
    /// assert_eq!(log_softmax(&[1e4, 0.0]), [0.0, -1e4]);
    /// ```
    pub fn log_softmax<T>(x: &[T]) -> Vec<T> {
        let most = pullback::detach(x.iter().copied().fold(T::NEG_INFINITY, T::max));
        let sum = log_sum_exp_below(x, most);
        x.iter().map(|x| (x - most) - sum).collect()
    }
}
