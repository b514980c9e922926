//! Reductions in generated code.

use proc_macro2::TokenStream;
use pullback_kernels::ir::{Reduce, Scalar};
use quote::quote;

use super::scalar;

/// The type of what a reduction accumulates.
pub(super) fn ty(reduce: Reduce, elem: Scalar) -> TokenStream {
    let ty = scalar::ty(elem);
    match reduce {
        Reduce::ArgMax | Reduce::ArgMin => quote!(::pullback::cpu::Arg<#ty>),
        _ => ty,
    }
}

/// The reduction of nothing.
pub(super) fn init(reduce: Reduce, elem: Scalar) -> TokenStream {
    let ty = scalar::ty(elem);
    let number = |k: f64| scalar::literal(pullback_kernels::ir::Lit::of(elem, k)).tokens;
    match reduce {
        Reduce::Sum => number(0.0),
        Reduce::Product => number(1.0),
        Reduce::Max => quote!(<#ty as ::pullback::cpu::Limits>::BOTTOM),
        Reduce::Min => quote!(<#ty as ::pullback::cpu::Limits>::TOP),
        Reduce::ArgMax => quote!(::pullback::cpu::Arg::<#ty>::LOW),
        Reduce::ArgMin => quote!(::pullback::cpu::Arg::<#ty>::HIGH),
        Reduce::All => quote!(true),
        Reduce::Any => quote!(false),
    }
}

/// Two accumulated values in one.
pub(super) fn merge(reduce: Reduce, elem: Scalar, a: &TokenStream, b: &TokenStream) -> TokenStream {
    match reduce {
        Reduce::Sum if elem.is_int() => quote!(#a.wrapping_add(#b)),
        Reduce::Product if elem.is_int() => quote!(#a.wrapping_mul(#b)),
        Reduce::Sum => quote!(#a + #b),
        Reduce::Product => quote!(#a * #b),
        Reduce::Max => quote!(::pullback::cpu::max(#a, #b)),
        Reduce::Min => quote!(::pullback::cpu::min(#a, #b)),
        Reduce::ArgMax => quote!(::pullback::cpu::argmax(#a, #b)),
        Reduce::ArgMin => quote!(::pullback::cpu::argmin(#a, #b)),
        Reduce::All => quote!(#a & #b),
        Reduce::Any => quote!(#a | #b),
    }
}

/// What one iteration contributes: the number itself, or the number and its place.
pub(super) fn contribution(reduce: Reduce, value: &TokenStream, position: &TokenStream) -> TokenStream {
    match reduce {
        Reduce::ArgMax | Reduce::ArgMin => {
            quote!(::pullback::cpu::Arg { value: #value, at: (#position) as i64 })
        }
        _ => value.clone(),
    }
}

/// Whether a reduction asks for the place of each number.
pub(super) fn wants_position(reduce: Reduce) -> bool {
    matches!(reduce, Reduce::ArgMax | Reduce::ArgMin)
}

/// The result of a reduction, from what was accumulated.
pub(super) fn finish(reduce: Reduce, acc: &TokenStream) -> TokenStream {
    if wants_position(reduce) { quote!(#acc.found()) } else { acc.clone() }
}

/// The lanes in one.
pub(super) fn lanes(reduce: Reduce, elem: Scalar, lanes: &TokenStream) -> TokenStream {
    if reduce == Reduce::Sum && elem.is_float() {
        return quote!(::pullback::cpu::add_lanes(#lanes));
    }
    let merged = merge(reduce, elem, &quote!(a), &quote!(b));
    quote!(::pullback::cpu::tree(#lanes, |a, b| #merged))
}
