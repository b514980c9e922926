//! The annotated function as a type.

/// A differentiable function. The companion of `fn loss` implements it, so that the function's name stands for a type
/// that generic code can carry.
///
/// ```
/// use pullback::{Function, differentiable};
///
/// #[differentiable]
/// fn loss(x: f64) -> f64 {
///     x * x
/// }
///
/// fn name_of<F: Function>() -> &'static str {
///     F::NAME
/// }
/// assert_eq!(name_of::<loss>(), "loss");
/// ```
pub trait Function {
    /// The gradient: shaped like the parameter if there is one, else a struct with the parameters' names.
    type Grad: Clone;
    /// What `value_and_grad_into` keeps between calls; its field `grad` is the gradient.
    type Workspace: Default;
    /// The function's name.
    const NAME: &'static str;
}

/// The gradient of a function: `pullback::Grad<loss>`.
///
/// ```
/// use pullback::{Grad, differentiable};
///
/// #[differentiable]
/// fn energy(mass: f64, speed: &[f64]) -> f64 {
///     0.5 * mass * speed.iter().map(|v| v * v).sum::<f64>()
/// }
///
/// let gradient: Grad<energy> = energy::grad(2.0, &[3.0, 4.0]);
/// assert_eq!(gradient.mass, 12.5);
/// assert_eq!(gradient.speed, [6.0, 8.0]);
/// ```
pub type Grad<F> = <F as Function>::Grad;

/// The workspace of a function: `pullback::Workspace<loss>`.
///
/// It is empty at first; the first call sizes it, and later calls with the same sizes allocate nothing.
///
/// ```
/// use pullback::{Workspace, differentiable};
///
/// #[differentiable]
/// fn energy(speed: &[f64]) -> f64 {
///     speed.iter().map(|v| 0.5 * v * v).sum::<f64>()
/// }
///
/// let mut workspace = Workspace::<energy>::default();
/// let mut speed = vec![3.0, 4.0];
/// for _ in 0..10 {
///     energy::value_and_grad_into(&speed, &mut workspace);
///     for (v, slope) in speed.iter_mut().zip(&workspace.grad) {
///         *v -= 0.5 * slope;
///     }
/// }
/// assert!(energy(&speed) < 1e-4);
/// ```
pub type Workspace<F> = <F as Function>::Workspace;
