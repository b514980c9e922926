//! The annotated function as a type.

/// A differentiable function. The companion of `fn loss` implements it, so that the function's name stands for a type
/// that generic code can carry.
///
/// ```
/// use pullback::Function;
///
/// fn name_of<F: Function>() -> &'static str {
///     F::NAME
/// }
/// # enum loss {}
/// # impl Function for loss { type Grad = f64; type Workspace = (); const NAME: &'static str = "loss"; }
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
pub type Grad<F> = <F as Function>::Grad;

/// The workspace of a function: `pullback::Workspace<loss>`.
///
/// `Workspace::<loss>::default()` is empty; the first call sizes it, and later calls with the same sizes allocate nothing.
pub type Workspace<F> = <F as Function>::Workspace;
