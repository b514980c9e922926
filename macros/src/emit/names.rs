//! Names in generated code: the user's where there is one, and each one only once.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;

use crate::types::Param;

/// The names in use in one generated function.
#[derive(Clone, Default)]
pub(super) struct Names {
    used: HashSet<String>,
    /// The last number appended to a name.
    last: HashMap<String, usize>,
}

/// Names that generated functions and their signatures use themselves.
const RESERVED: [&str; 14] = [
    "range",
    "start",
    "row",
    "rest",
    "width",
    "block",
    "l",
    "left",
    "right",
    "workspace",
    "buffers",
    "grad",
    "seed",
    "pull",
];

/// The GPU that generated code runs on. One name everywhere, and one that parameters do not have.
pub(super) struct Gpu;

impl Gpu {
    pub(super) const NAME: &'static str = "this_gpu";
}

/// To be written in `quote`.
pub(super) const GPU: Gpu = Gpu;

impl ToTokens for Gpu {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        Ident::new(Gpu::NAME, Span::call_site()).to_tokens(tokens);
    }
}

impl Names {
    /// No names but the reserved ones.
    pub(super) fn new() -> Names {
        Names { used: RESERVED.iter().map(ToString::to_string).collect(), last: HashMap::new() }
    }

    /// Marks a name as used.
    pub(super) fn reserve(&mut self, name: &str) {
        self.used.insert(name.trim_start_matches("r#").to_string());
    }

    /// A new name like `wanted`, or like `fallback` where that is empty.
    pub(super) fn fresh(&mut self, wanted: &str, fallback: &str) -> Ident {
        let base = legal(if wanted.is_empty() { fallback } else { wanted });
        let mut name = base.clone();
        // Where the search for this name ended last time: a long function has many of one name.
        let mut k = self.last.get(&base).copied().unwrap_or(0);
        while !self.used.insert(name.clone()) {
            k += 1;
            name = format!("{base}_{k}");
        }
        self.last.insert(base, k);
        Ident::new(&name, Span::call_site())
    }
}

/// A name that no parameter has.
pub(super) fn unlike(params: &[Param], wanted: &str) -> Ident {
    let mut name = wanted.to_string();
    while params.iter().any(|p| p.name == name) {
        name.push('_');
    }
    Ident::new(&name, Span::call_site())
}

/// A lower-case identifier that is no keyword: an upper-case one could be a constant of the user's.
fn legal(name: &str) -> String {
    let mut text: String =
        name.trim_start_matches("r#").chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    text = text.to_lowercase();
    if text.starts_with(|c: char| !(c.is_alphabetic() || c == '_')) {
        text.insert(0, 't');
    }
    if text.chars().all(|c| c == '_') || syn::parse_str::<Ident>(&text).is_err() {
        text.push_str("_v");
    }
    text
}

/// `value_and_grad` as `ValueAndGrad`.
pub(super) fn camel(name: &str) -> String {
    let mut text = String::new();
    for word in name.trim_start_matches("r#").split('_') {
        let mut chars = word.chars();
        text.extend(chars.next().map(|c| c.to_uppercase().to_string()));
        text.push_str(chars.as_str());
    }
    if !text.starts_with(char::is_alphabetic) {
        text.insert(0, 'F');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_legal() {
        let mut names = Names::new();
        assert_eq!(names.fresh("x", "t").to_string(), "x");
        assert_eq!(names.fresh("x", "t").to_string(), "x_1");
        assert_eq!(names.fresh("", "t").to_string(), "t");
        assert_eq!(names.fresh("r#type", "t").to_string(), "type_v");
        assert_eq!(names.fresh("N", "t").to_string(), "n");
        assert_eq!(names.fresh("_", "t").to_string(), "__v");
        assert_eq!(names.fresh("range", "t").to_string(), "range_1");
    }

    #[test]
    fn type_names() {
        assert_eq!(camel("value_and_grad"), "ValueAndGrad");
        assert_eq!(camel("_f"), "F");
        assert_eq!(camel("__"), "F");
    }
}
