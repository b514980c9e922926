//! Everything that the macro says to its users. A message says what is wrong and what to write instead.

mod flow;

pub(crate) use flow::*;

// The attribute and the signature.

mod hints;
mod types;

pub(crate) use hints::*;
pub(crate) use types::*;

pub(crate) fn not_a_function() -> String {
    "this attribute goes on a function: `#[differentiable] fn f(x: f64) -> f64 { .. }`".into()
}

pub(crate) fn attribute_arguments() -> String {
    "expected `wrt(..)`, `modes(..)`, `checkpoint(every = ..)` or `rule = ..`, as in `#[differentiable(wrt(a, b), modes(jvp))]`; the rule of a function \
     without attribute is written `#[derivative(of = f)]`, on the rule"
        .into()
}

pub(crate) fn segment() -> String {
    "`every` is the number of iterations of a segment, at least 1; the square root of the number of all iterations needs \
     least memory"
        .into()
}

pub(crate) fn derivative_arguments() -> String {
    "expected the function that this is the derivative of: `#[derivative(of = f)]`, and perhaps `wrt(..)`"
        .into()
}

pub(crate) fn unknown_mode(name: &str) -> String {
    format!(
        "there is no mode `{name}`; the modes are jvp, jacobian, hessian and hvp (value, grad and vjp are always there)"
    )
}

pub(crate) fn second_order_of(mode: &str, shown: &str) -> String {
    format!(
        "`{mode}` is of a function that returns one number, and this one returns `{shown}`; return one number, such as \
         the sum of the squares, or ask for `jacobian`"
    )
}

pub(crate) fn second_order_of_filled(mode: &str, name: &str) -> String {
    format!(
        "`{mode}` is of a function that only returns one number, and this one also fills `{name}`; make that a local \
         variable, or ask for `jacobian`"
    )
}

pub(crate) fn wrt_unknown(name: &str, params: &[String]) -> String {
    format!("`{name}` is no parameter of this function; its parameters are {}", params.join(", "))
}

pub(crate) fn wrt_integer(name: &str, ty: &str) -> String {
    format!(
        "`{name}` is of type `{ty}`, which has no gradient; leave it out of `wrt(..)`, or make it `f32` or `f64`"
    )
}

pub(crate) fn wrt_and_no_diff(name: &str) -> String {
    format!("`{name}` is listed in `wrt(..)` and marked `#[no_diff]`; remove one of the two")
}

pub(crate) fn nothing_to_differentiate() -> String {
    "no parameter to differentiate by: a function needs a parameter of floats (`f32`, `f64`, or an array, vector or \
     matrix of them) that is not `#[no_diff]`"
        .into()
}

pub(crate) fn no_float_result(ty: &str) -> String {
    format!(
        "the result is `{ty}`, which has no derivative; return a float, or an array, vector, matrix or tuple of floats"
    )
}

pub(crate) fn reference_result() -> String {
    "a differentiable function returns a value, not a reference; return `Vec<f64>`, an array or a vector, or fill a \
     `&mut` parameter"
        .into()
}

pub(crate) fn async_code() -> String {
    "async code has no derivative; do the waiting outside, and pass what came of it as a parameter".into()
}

pub(crate) fn unsafe_code() -> String {
    "unsafe code cannot be differentiated, since nothing is known of what it changes; use indices and slices, or move \
     it into a function of its own with a custom rule: `#[derivative(of = f)]`"
        .into()
}

pub(crate) fn foreign_abi() -> String {
    "a differentiable function is an ordinary Rust function; wrap the foreign one and give the wrapper a custom rule: \
     `#[derivative(of = f)]`"
        .into()
}

pub(crate) fn conditional_code() -> String {
    "whether `#[cfg(..)]` holds is not known here, so that the derivative could be that of other code; put the attribute on \
     the whole function, once for each case, or read a `const` that `cfg!(..)` defines"
        .into()
}

pub(crate) fn rule_and_function() -> String {
    "a function has one of these attributes: a function with a rule is `#[differentiable(rule = f_vjp)]` and its rule \
     `#[differentiable]`; `#[derivative(of = f)]` is for the rule of a function without attribute"
        .into()
}

pub(crate) fn generic_function() -> String {
    "generic functions are not supported; write the function for `f32` or for `f64` (and arrays of a length given as a \
     literal), once for each that you need"
        .into()
}

pub(crate) fn receiver() -> String {
    "a method is differentiated as part of its `impl`: write `#[differentiable] impl Model { .. }` around it"
        .into()
}

pub(crate) fn parameter_pattern() -> String {
    "a parameter needs a name, after which its gradient is called; take it apart in the body: `let (a, b) = p;`".into()
}

pub(crate) fn parameter_type() -> String {
    "the type of a parameter must be written out, as in `x: &DVector<f64>`".into()
}

pub(crate) fn mut_vec() -> String {
    "a `&mut Vec` may change its length; take a `&mut [T]` to fill, or return a `Vec`".into()
}

// Types.

pub(crate) fn unknown_type() -> String {
    "this type is not part of the language; use f32, f64, bool, integers, arrays, slices, Vec, tuples, and nalgebra's \
     vectors and matrices (`DVector<f64>`, `SMatrix<f64, 2, 3>`, ..)"
        .into()
}

pub(crate) fn array_length() -> String {
    "the length of an array must be a literal here, since macros do not know the values of constants; write the number, \
     or take a slice `&[T]`, or a `Vec`"
        .into()
}

pub(crate) fn ragged(ty: &str) -> String {
    format!(
        "the elements of `{ty}` may differ in length; use a matrix (`DMatrix<f64>`), or elements of fixed size \
         (`&[[f64; 3]]`, `&[Vector3<f64>]`)"
    )
}

pub(crate) fn wide_integer(name: &str) -> String {
    format!("integers of the language have at most 64 bits, `{name}` has more; use `i64` or `usize`")
}

pub(crate) fn text_type(name: &str) -> String {
    format!(
        "`{name}` has no derivative and is not part of the language; pass numbers, and choose between cases by an integer or a bool"
    )
}

pub(crate) fn view_type(name: &str) -> String {
    format!(
        "`{name}` cannot stand here; a parameter may be a view by value with the usual strides, `DVectorView<'_, f64>`, \
         `DMatrixView<'_, f64>` or `SMatrixView<'_, f64, 2, 3>`, or the matrix by reference"
    )
}

pub(crate) fn point_type(name: &str) -> String {
    format!("`{name}` is not part of the language; take a vector, `Vector3<f64>`, and pass `point.coords`")
}

pub(crate) fn pointer_type(name: &str) -> String {
    format!("`{name}` is not part of the language; take a plain value or a reference (`&T`, `&[T]`) instead")
}

pub(crate) fn option_type(name: &str) -> String {
    format!(
        "`{name}` is not part of a signature; take or return a value and a `bool`, or decide outside and write two functions"
    )
}

pub(crate) fn collection_type(name: &str) -> String {
    format!(
        "`{name}` is not part of the language; copy what is needed into a `Vec`, a slice or a vector first"
    )
}

pub(crate) fn matrix_elements() -> String {
    "vectors and matrices must hold `f32` or `f64`; for other elements take a slice".into()
}

pub(crate) fn ill_typed(why: &str) -> String {
    format!(
        "the types do not fit together here ({why}); give the types of the variables involved with `let x: T = ..`"
    )
}

pub(crate) fn inference() -> String {
    "the types of the literals in this function depend on each other in a way that is not resolved; write types, as in \
     `let x: f64 = 0.0;` or `0.0_f32`"
        .into()
}

// Statements and expressions.

pub(crate) fn too_deep() -> String {
    "this nests too deeply; give parts of it names with `let`, or move them into functions".into()
}

pub(crate) fn expression() -> String {
    "this expression is not part of the language; compute it outside and pass the value as a parameter".into()
}

pub(crate) fn question_mark() -> String {
    "`?` leaves the function without a value to differentiate; write `let Some(x) = .. else { return ..; };` with the value \
     that the function then has, or `unwrap()`"
        .into()
}

pub(crate) fn struct_pattern() -> String {
    "patterns of enums that hold values are not supported here; use tuples, structs, integers or `if`".into()
}

pub(crate) fn const_block() -> String {
    "write the value of the `const` block itself, or a `const` item".into()
}

pub(crate) fn let_condition() -> String {
    "`let` is a condition of `if` and `while` only; use `matches!` or `match`".into()
}

pub(crate) fn option_default() -> String {
    "the default of this type is not known; write `unwrap_or(..)`".into()
}

pub(crate) fn option_shape() -> String {
    "an `Option` that is `None` at first, of an array whose length is known only at run time, cannot be filled in a loop or \
     branch; keep a `bool` and an array of the right length"
        .into()
}

pub(crate) fn item_in_body() -> String {
    "items in the body are not supported, except `const` and `fn` without generics; move this out of the function, or write a closure: \
     `let f = |x: f64| ..;`"
        .into()
}

pub(crate) fn integer_literal() -> String {
    "this literal is no integer of at most 64 bits; write a smaller one, or a float".into()
}

pub(crate) fn output(name: &str) -> String {
    format!(
        "`{name}!` does input or output, which generated code would do again or not at all; return the value and print it outside"
    )
}

pub(crate) fn unknown_macro(name: &str) -> String {
    format!(
        "`{name}!` is not known here, since macros are expanded later; write out what it stands for, or call a function"
    )
}

pub(crate) fn macro_arguments(name: &str) -> String {
    format!("`{name}!` is not written so; see its documentation in the standard library")
}

pub(crate) fn qualified_path() -> String {
    "`<T as Trait>::f` is not supported; call the method on the value, `x.f()`, or by its type, `f64::f(x)`"
        .into()
}

pub(crate) fn pattern() -> String {
    "this pattern is not supported; use names, tuples, integers and ranges of integers".into()
}

pub(crate) fn refutable_pattern() -> String {
    "this pattern may not match; use `match` or `if`".into()
}

pub(crate) fn pattern_shape(found: &str) -> String {
    format!("this pattern does not fit a value of type `{found}`; it needs one name per component")
}

pub(crate) fn float_pattern() -> String {
    "matching a float against a literal compares exactly, which has no useful derivative; use `if x < ..`"
        .into()
}

pub(crate) fn empty_match() -> String {
    "a `match` needs an arm".into()
}

pub(crate) fn operator(a: &str, b: &str) -> String {
    format!(
        "this operator does not take `{a}` and `{b}`; for arrays and slices write `a.iter().zip(b).map(|(a, b)| ..)`, or use nalgebra's vectors"
    )
}

pub(crate) fn array_comparison() -> String {
    "vectors and matrices are not compared here; compare numbers, for example `(a - b).norm() < tolerance`"
        .into()
}

pub(crate) fn cast() -> String {
    "`as` converts numbers only; convert the elements one by one, `x.map(|x| x as f64)`".into()
}

pub(crate) fn not_a_condition(found: &str) -> String {
    format!("a condition must be a `bool`, this is `{found}`; compare it with something")
}

pub(crate) fn not_a_number(found: &str) -> String {
    format!("a number is needed here, this is `{found}`; take an element, or reduce it to a number first")
}

pub(crate) fn not_an_index(found: &str) -> String {
    format!(
        "an index is an integer (or a pair of them for a matrix, or a range for a slice), this is `{found}`; convert with `as usize`"
    )
}

pub(crate) fn not_indexable() -> String {
    "only arrays, slices, `Vec`s, vectors and matrices have elements; collect an iterator into a `Vec` first"
        .into()
}

pub(crate) fn matrix_slice() -> String {
    "a matrix has no slices; use `rows(from, n)` or `columns(from, n)`".into()
}

pub(crate) fn not_data(found: &str) -> String {
    format!(
        "{found} exists only while the function is compiled and cannot be stored or chosen here; use it where it is made, or `collect` it"
    )
}

pub(crate) fn empty_elements() -> String {
    "the elements of this list have no numbers in them; remove it".into()
}

pub(crate) fn large_literal() -> String {
    "this list is too long to be written out; pass it as a parameter".into()
}

pub(crate) fn no_fields(found: &str) -> String {
    format!("`{found}` has no fields here; index it, `x[0]` or `m[(i, j)]`")
}

pub(crate) fn unknown_field(name: &str) -> String {
    format!(
        "there is no component `{name}`; tuples have .0, .1, .., static vectors .x, .y, .z, .w, static matrices .m11, .m12, .."
    )
}

pub(crate) fn not_a_place() -> String {
    "this is no place that can be assigned to; assign to a variable, to an element `x[i]`, or to a component"
        .into()
}

pub(crate) fn nested_part() -> String {
    "replacing a part of a part is not supported; assign the elements in a loop".into()
}

pub(crate) fn length_changed() -> String {
    "an array was replaced by one of another length".into()
}

pub(crate) fn dimensions() -> String {
    "the dimensions of two operands differ".into()
}

pub(crate) fn cross() -> String {
    "`cross` is supported for vectors of three components (`Vector3<f64>`)".into()
}

// Custom rules.

pub(crate) fn rule_parameters(name: &str) -> String {
    format!(
        "a rule for `{name}` takes the parameters of `{name}`, then the cotangent of its result: `fn {name}_vjp(x: f64, dy: f64) -> f64`"
    )
}

pub(crate) fn rule_arrays() -> String {
    "`#[derivative(of = f)]` is for functions of numbers; where `f` can be differentiable itself, write `#[differentiable(rule = f_vjp)]` \
     on it and `#[differentiable]` on its rule, or call it for each element: `x.map(|x| f(x))`"
        .into()
}

pub(crate) fn rule_parts() -> String {
    "parameters of a function with a rule are numbers, arrays, vectors and matrices; take structs and tuples apart where it is \
     called"
        .into()
}

pub(crate) fn rule_lengths() -> String {
    "arrays that a function with a rule and the rule return must be as long as its parameters: the cotangent of `x` has the length of \
     `x` in every call"
        .into()
}

pub(crate) fn rule_constants() -> String {
    "a custom rule cannot read constants of the crate; write the number, or a `const` inside the rule".into()
}

pub(crate) fn rule_result(want: &str, have: &str, wrt: &[String]) -> String {
    format!(
        "this rule returns `{have}`, but the cotangents of {} are `{want}`; mark parameters without one `#[no_diff]`",
        wrt.join(", ")
    )
}

// The rest.

pub(crate) fn no_derivative(why: &str) -> String {
    format!("this function has no derivative: {why}; rewrite that part, or give it a custom rule")
}

pub(crate) fn not_for_users() -> String {
    "`__resume!` is called by generated code only; use `#[differentiable]`".into()
}

pub(crate) fn bug(text: &str) -> String {
    format!("internal error of pullback, please report it together with this function: {text}")
}
