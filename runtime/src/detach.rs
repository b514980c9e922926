//! Values that count as constants.

/// Its argument. In a differentiable function the value passes and the derivative does not: `detach(x)` counts as a
/// constant. It takes numbers, vectors, matrices, lists and references to them, and is called by this
/// path or, where it is imported, by its name.
///
/// ```
/// use pullback::differentiable;
///
/// #[differentiable]
/// fn f(x: f64) -> f64 {
///     x * pullback::detach(x)
/// }
///
/// let (value, slope) = f::value_and_grad(3.0);
/// assert_eq!((value, slope), (9.0, 3.0));
/// ```
#[inline(always)]
pub fn detach<T>(x: T) -> T {
    x
}

/// The companion of `detach`: tells a differentiable function that calls it by its name whose function it is.
#[doc(hidden)]
#[macro_export]
macro_rules! detach {
    ($(:: $cb:ident)+ ! { $($state:tt)* }) => { $(:: $cb)+ ! { { detach } $($state)* } };
}
