//! What is said of loops, branches, methods, functions and calls.

// Control flow.

pub(crate) fn endless() -> String {
    "this would never end; give it a bound, or a `break`".into()
}

pub(crate) fn float_range() -> String {
    "ranges are of integers; count with an integer and compute the float from it: `let x = lo + i as f64 * step;`".into()
}

pub(crate) fn range_without_start() -> String {
    "a range needs a start to be iterated over: `0..n`".into()
}

pub(crate) fn not_iterable(found: &str) -> String {
    format!("`{found}` cannot be iterated over; use a range, an array, a slice, a `Vec` or a vector")
}

pub(crate) fn no_loop(label: Option<&str>) -> String {
    match label {
        Some(l) => format!("there is no loop with the label `'{l}` here; name one around this"),
        None => "there is no loop to leave here; use `return`".into(),
    }
}

pub(crate) fn break_value() -> String {
    "only `loop` has a value to break with; assign to a variable before the `break`".into()
}

pub(crate) fn break_array() -> String {
    "a loop can break with numbers and arrays of fixed length only; assign to a variable declared before the loop".into()
}

pub(crate) fn return_in_loop() -> String {
    "returning an array whose length is known at run time only from inside a loop is not supported; assign it to a \
     variable, `break`, and return it at the end"
        .into()
}

pub(crate) fn return_in_closure() -> String {
    "`return` in a closure is not supported; make it the closure's last expression".into()
}

pub(crate) fn branch_length() -> String {
    "this branch makes an array whose length is known only inside it; make it with a length that is known before the \
     branch, or do what follows inside both branches"
        .into()
}

/// What the panic says, as in Rust.
pub(crate) fn subtract_with_overflow() -> String {
    "attempt to subtract with overflow".into()
}

pub(crate) fn hidden_mutation(name: &str) -> String {
    format!(
        "`{name}` is changed here in a way that is not followed (by a closure or a method); assign to it directly: `{name} = ..`"
    )
}

pub(crate) fn mutation_in_closure(name: &str) -> String {
    format!(
        "this closure changes `{name}`, so the order in which it is called matters; write a `for` loop instead"
    )
}

pub(crate) fn push_in_loop() -> String {
    "the length of this `Vec` changes here in a way that is not followed; collect the elements, or assign to those of \
     `vec![0.0; n]`"
        .into()
}

pub(crate) fn push_by_content() -> String {
    "how many elements a `Vec` gets depends here on the elements themselves; write a `for` loop over as many steps as there \
     may be, with a `break`"
        .into()
}

pub(crate) fn push_in_part() -> String {
    "only a variable can change its length, not a part of one; make it a variable of its own".into()
}

// Solutions of systems of equations.

pub(crate) fn square(name: &str, ty: &str) -> String {
    format!("`{name}` needs a square matrix (a `DMatrix`, or a static one of two rows or more), not {ty}")
}

pub(crate) fn right_hand_side(ty: &str) -> String {
    format!("`solve` takes a column vector, or a matrix whose columns are the right-hand sides, not {ty}")
}

pub(crate) fn fallible(name: &str) -> String {
    format!(
        "`{name}` of a result that is missing for some matrices: where it is missing there is no derivative, so only \
         `unwrap()`, `expect(\"..\")` and `let Some(x) = .. else {{ panic!(..) }}` are supported; test the matrix before \
         that, for example by its determinant"
    )
}

pub(crate) fn factor_method(name: &str, factor: &str, known: &str) -> String {
    format!("`{name}` of {factor} is not known to have a derivative; supported are {known}")
}

// Methods, functions and calls.

pub(crate) fn needs_iter(name: &str) -> String {
    format!("`{name}` is a method of iterators; write `.iter().{name}(..)`")
}

pub(crate) fn after_filter(name: &str) -> String {
    format!(
        "`{name}` after `filter` is not supported, since positions are no longer known; write a `for` loop with an `if`"
    )
}

pub(crate) fn comparison(name: &str) -> String {
    format!(
        "`{name}` needs a comparison of numbers here: `|a, b| a.partial_cmp(b).unwrap()`, `f64::total_cmp`, or of a part, \
         `|a, b| a.0.total_cmp(&b.0)`"
    )
}

pub(crate) fn filter_map() -> String {
    "the function passed to `filter_map` returns an `Option`: `|x| if x > 0.0 { Some(x.ln()) } else { None }`"
        .into()
}

pub(crate) fn flat_map(name: &str) -> String {
    format!(
        "`{name}` needs items of equally many parts, such as arrays or ranges of one length; write two nested loops"
    )
}

pub(crate) fn scan() -> String {
    "the function passed to `scan` returns `Some` of numbers or arrays of fixed length; write a `for` loop with `let mut` \
     variables"
        .into()
}

pub(crate) fn advanced(name: &str) -> String {
    format!(
        "`{name}` on a variable moves its iterator on, which is not followed; index the values, or make the iterator where it is used: `x.iter().{name}(..)`"
    )
}

pub(crate) fn match_mut() -> String {
    "patterns that bind mutable references are not supported in `match`; match the value, and assign to the variable itself".into()
}

pub(crate) fn sum_of_arrays() -> String {
    "a sum of vectors or matrices is not supported; add them up in a `for` loop: `total += v;`".into()
}

pub(crate) fn argument_count(name: &str, n: usize) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{name} takes {n} argument{s}; pass that many")
}

pub(crate) fn argument_type(name: &str) -> String {
    format!("an argument of `{name}` is not of the type that it takes; convert it first")
}

pub(crate) fn not_a_function_value(found: &str) -> String {
    format!("a closure or the name of a function is needed here, this is `{found}`; write `|x| ..`")
}

pub(crate) fn unknown_function(name: &str) -> String {
    format!(
        "`{name}` is not known to have a derivative; annotate it with `#[differentiable]`, or give it a rule with `#[derivative(of = ..)]`"
    )
}

pub(crate) fn standard_function(name: &str) -> String {
    format!("`{name}` is not part of the language; compute it outside and pass the value as a parameter")
}

pub(crate) fn constructor(name: &str) -> String {
    format!(
        "`{name}` is not supported for this type with these arguments; use `zeros`, `from_element`, `from_fn`, `from_vec` or `new`"
    )
}

pub(crate) fn recursion(name: &str) -> String {
    format!("`{name}` calls itself, and recursive functions have no finite derivative program; write a loop")
}
