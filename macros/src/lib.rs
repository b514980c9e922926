//! The attribute macro of [pullback](https://docs.rs/pullback).

mod ast;
mod attrs;
mod builtin;
mod callees;
mod companion;
mod data;
mod emit;
mod errors;
mod expand;
mod generic;
mod known;
mod lower;
mod messages;
mod methods;
mod modes;
mod parse;
mod protocol;
mod rule;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod timing;
mod ty;
mod types;

use proc_macro::TokenStream;

/// Makes a function differentiable: the function stays what it is, and beside it there is a type of the same name with
/// `value_and_grad`, `grad`, `vjp` and the like.
///
/// - `wrt(a, b)`: the parameters whose gradient is asked for; by default all that are floats and not `#[no_diff]`.
/// - `modes(jvp, jacobian, hessian, hvp)`: derivatives beyond the default.
/// - `rule = f_vjp`: the derivative is that function's, which is differentiable too: its parameters are those of this one, then the
///   cotangent of the result; its result is the cotangents of the parameters (a tuple if several).
/// - `checkpoint(every = k)`: the outermost `for` loops that cannot run in parallel are reversed in segments of k iterations. What
///   the reverse sweep needs is stored for one segment at a time, and computed once more; with k near the square root
///   of the number of iterations, the memory grows with that root only.
#[proc_macro_attribute]
pub fn differentiable(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(args.into(), item.into(), false).into()
}

/// Gives a function that has no attribute, perhaps of another crate, a derivative by hand: `#[derivative(of = f)] fn f_vjp(x: f64, dy: f64) -> f64`. The parameters are
/// those of `f`, then the cotangent of its result; the result is the cotangent of the parameters (a tuple if several).
#[proc_macro_attribute]
pub fn derivative(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(args.into(), item.into(), true).into()
}

/// Makes a struct known to differentiable functions, and gives it a tangent: a struct with the same fields that holds what a
/// gradient has of it, reached as `<Model as pullback::Differentiable>::Tangent`.
///
/// Fields may be numbers, arrays, `Vec`s, nalgebra's vectors and matrices, tuples of these, and structs that derive
/// `Differentiable`. A field that is `#[no_diff]` is a constant; the tangent does not have it. `#[no_diff(opaque)]` is for a
/// field of any other type that can be cloned; differentiable functions cannot read it.
#[proc_macro_derive(Differentiable, attributes(no_diff))]
pub fn derive_differentiable(item: TokenStream) -> TokenStream {
    expand::derive(item.into()).into()
}

/// Called by companion macros only.
#[doc(hidden)]
#[proc_macro]
pub fn __resume(tokens: TokenStream) -> TokenStream {
    expand::resume(tokens.into()).into()
}

/// For the library's own functions only.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __instance(float: TokenStream, item: TokenStream) -> TokenStream {
    let float = syn::parse_macro_input!(float as syn::Ident);
    generic::instance(&float, item.into()).into()
}

/// For the library's own functions only.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __generic(path: TokenStream, item: TokenStream) -> TokenStream {
    let (path, item) =
        (syn::parse_macro_input!(path as syn::Path), syn::parse_macro_input!(item as syn::ItemFn));
    generic::generic(&path, item).into()
}
