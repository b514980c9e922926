//! Structs, enums, aliases and methods.

pub(crate) fn opaque_field(owner: &str, field: &str) -> String {
    format!(
        "the type of `{owner}::{field}` is not part of the language, so that a differentiable function cannot read it; pass what is \
         needed of it as a parameter"
    )
}

pub(crate) fn no_such_field(owner: &str, field: &str, fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|f| format!("`{f}`")).collect();
    format!("`{owner}` has no field `{field}`; it has {}", fields.join(", "))
}

pub(crate) fn not_a_struct(found: &str) -> String {
    format!("`{found}` is no struct; write a struct that derives `Differentiable`")
}

pub(crate) fn opaque_literal(owner: &str, field: &str) -> String {
    format!(
        "a `{owner}` cannot be made here, since the type of its field `{field}` is not part of the language; make it outside and pass \
         it as a parameter, or return the parts that are computed"
    )
}

pub(crate) fn impl_of(found: &str) -> String {
    format!(
        "the methods of `{found}` cannot be differentiated; write `#[differentiable] impl Model`, for a struct that derives \
         `Differentiable` or an enum that is marked `#[differentiable]`, without generic parameters"
    )
}

pub(crate) fn trait_impl() -> String {
    "the methods of traits cannot be differentiated, since a call does not say which function it reaches; write the computation in \
     `#[differentiable] impl Model { .. }` and call it from the trait's method"
        .into()
}

pub(crate) fn generic_type() -> String {
    "types with generic parameters cannot be differentiated; write the struct for the type that you need, such as `f64`".into()
}

pub(crate) fn this() -> String {
    "`this` is what generated code calls `self` here; give this variable another name".into()
}

pub(crate) fn unnamed_type(method: &str) -> String {
    format!(
        "`{method}` reads constants of its type, which this function does not name; call it by its path, as in `Layer::{method}(&layer, x)`"
    )
}

pub(crate) fn ragged_struct(list: &str, owner: &str, field: &str) -> String {
    format!(
        "the elements of `{list}` may differ in length, since `{owner}::{field}` has no fixed size; make it an array or a static \
         vector or matrix (`[f64; 3]`, `SMatrix<f64, 2, 3>`), or name the elements: a field or parameter for each `{owner}`"
    )
}

pub(crate) fn derive_on() -> String {
    "`Differentiable` is derived for structs; an alias or an enum without payload is marked `#[differentiable]`".into()
}

pub(crate) fn differentiable_struct() -> String {
    "a struct is made known by `#[derive(Differentiable)]`; `#[differentiable]` goes on functions, on `impl Model { .. }`, on type \
     aliases, and on enums without payload"
        .into()
}

pub(crate) fn no_diff_arguments() -> String {
    "write `#[no_diff]` for a constant, or `#[no_diff(opaque)]` for a field that differentiable functions cannot read".into()
}

pub(crate) fn borrowed_field(field: &str) -> String {
    format!(
        "`{field}` is borrowed, so that it cannot be trained; own it (`Vec<f64>`, `DVector<f64>`), or mark it `#[no_diff]`"
    )
}

pub(crate) fn enum_with_payload(name: &str) -> String {
    format!(
        "a variant of `{name}` holds values; use an enum without payload for the choice, and keep the values in a struct beside it"
    )
}

pub(crate) fn discriminant() -> String {
    "a discriminant must be a literal here, such as `= 3`".into()
}

pub(crate) fn struct_result(mode: &str, shown: &str) -> String {
    format!(
        "`{mode}` has no shape for a `{shown}`; return an array or a tuple of numbers, or use `jvp` for the derivative along a direction"
    )
}

pub(crate) fn struct_hessian(parameter: &str, shown: &str) -> String {
    format!(
        "`hessian` has no shape for `{parameter}`, a `{shown}`; use `hvp` for the product with a direction, or pass the numbers as an array"
    )
}
