//! Messages that know what the writer may have meant.

pub(crate) fn type_mismatch(want: &str, found: &str) -> String {
    if want.starts_with('[') && is_matrix(found) {
        return format!("expected `{want}`, found `{found}`; write `.as_slice()` after it");
    }
    format!(
        "expected `{want}`, found `{found}`; convert with `as` where both are numbers, or give the value's type with \
         `let x: T = ..`"
    )
}

fn is_matrix(shown: &str) -> bool {
    ["DVector<", "RowDVector<", "DMatrix<", "SMatrix<"].iter().any(|t| shown.starts_with(t))
}

/// Methods that numbers do not have, and the library's functions that do the same.
const FUNCTIONS: &[(&str, &[&str])] = &[
    ("special", &["erf", "erfc", "ln_gamma", "digamma", "sinc", "logit", "xlogy"]),
    ("nn", &["relu", "sigmoid", "softplus", "gelu", "silu", "softmax", "log_softmax"]),
    ("stats", &["median", "standard_deviation"]),
];

pub(crate) fn unknown_method(name: &str, ty: &str) -> String {
    let module = FUNCTIONS.iter().find(|(_, names)| names.contains(&name)).map(|(module, _)| module);
    if let Some(module) = module {
        return format!(
            "`{name}` of `{ty}` is not known to have a derivative; call the function `pullback::{module}::{name}(..)`"
        );
    }
    format!(
        "`{name}` of `{ty}` is not known to have a derivative; write it out, or put it into a function of its own with a \
         custom rule: `#[derivative(of = f)]`"
    )
}
