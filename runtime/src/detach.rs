//! Values that count as constants.

/// Its argument. In a differentiable function the value passes and the derivative does not: `detach(x)` counts as a
/// constant. It takes numbers, vectors, matrices, lists and references to them, and is called by this path.
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

/// What a call of `detach` without its path finds: nothing tells whose function it is.
#[doc(hidden)]
#[macro_export]
macro_rules! detach {
    ($($tokens:tt)*) => {
        ::core::compile_error!("in a differentiable function write `pullback::detach(..)`, with its path");
    };
}
