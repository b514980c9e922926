//! Operations of the compiler's table that Rust's floats lack, as methods: what the library's functions are written with.

/// The spellings of these operations.
pub(crate) trait Primitive {
    /// The error function.
    fn __pullback_erf(self) -> Self;
    /// The complementary error function.
    fn __pullback_erfc(self) -> Self;
    /// The logarithm of the gamma function's absolute value.
    fn __pullback_ln_gamma(self) -> Self;
    /// Its derivative.
    fn __pullback_digamma(self) -> Self;
    /// The derivative of digamma.
    fn __pullback_trigamma(self) -> Self;
}

macro_rules! primitive {
    ($($float:ident)*) => {
        $(impl Primitive for $float {
            fn __pullback_erf(self) -> $float {
                crate::math::$float::erf::<false>(self)
            }
            fn __pullback_erfc(self) -> $float {
                crate::math::$float::erfc::<false>(self)
            }
            fn __pullback_ln_gamma(self) -> $float {
                crate::math::$float::ln_gamma::<false>(self)
            }
            fn __pullback_digamma(self) -> $float {
                crate::math::$float::digamma::<false>(self)
            }
            fn __pullback_trigamma(self) -> $float {
                crate::math::$float::trigamma::<false>(self)
            }
        })*
    };
}

primitive! { f32 f64 }
