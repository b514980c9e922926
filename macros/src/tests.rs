//! Tests of the front end: source text to IR text (`snapshots/*.ir`; `BLESS=1` writes them), and that no input panics.

use std::path::Path;

use proc_macro2::TokenStream;
use pullback_kernels::ir::{Module, verify};

use crate::attrs::Options;
use crate::companion::Callee;
use crate::errors::Errors;
use crate::{companion, lower, parse};

/// Lowers a function, or says what is wrong with it.
fn lowered(source: &str, callees: &[Callee]) -> Result<Module, Vec<String>> {
    let mut errors = Errors::default();
    let item: syn::ItemFn = syn::parse_str(source).map_err(|e| vec![e.to_string()])?;
    let done = parse::function(&item, &Options::default(), &mut errors)
        .and_then(|f| lower::lower(&f, callees, &mut errors))
        .map(|l| companion::linked(l.func, callees, &l.calls));
    match done {
        Ok(module) if errors.is_empty() => Ok(module),
        _ => Err(errors.messages().into_iter().map(str::to_string).collect()),
    }
}

/// The IR of a function, verified.
fn ir(source: &str) -> String {
    let module = lowered(source, &[]).unwrap_or_else(|e| panic!("{e:#?}\n{source}"));
    verify(&module).unwrap_or_else(|e| panic!("{e:?}\n{module}"));
    module.to_string()
}

/// Each function of a source file becomes IR; compared with the snapshot of that name.
fn snapshot(name: &str, source: &str) {
    let file = syn::parse_file(source).expect("Rust");
    let text: String = file
        .items
        .iter()
        .map(|item| ir(&quote::ToTokens::to_token_stream(item).to_string()))
        .collect::<Vec<_>>()
        .join("\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/snapshots/{name}.ir"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).expect("the snapshot can be written");
        return;
    }
    let saved = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        saved == text,
        "`{name}` differs from its snapshot; run with BLESS=1 and read the difference\n{text}"
    );
}

#[test]
fn scalars() {
    snapshot("scalars", include_str!("snapshots/scalars.rs"));
}

#[test]
fn vectors() {
    snapshot("vectors", include_str!("snapshots/vectors.rs"));
}

#[test]
fn control() {
    snapshot("control", include_str!("snapshots/control.rs"));
}

/// Everything from tokens to tokens.
fn expand(source: &str) -> TokenStream {
    crate::expand::attribute(TokenStream::new(), source.parse().expect("tokens"), false)
}

#[test]
fn expands_a_function_and_leaves_it_alone() {
    let source = "fn f(x: f64) -> f64 { x.sin() * 2.0 }";
    let text = expand(source).to_string();
    assert!(text.starts_with(&source.parse::<TokenStream>().expect("tokens").to_string()), "{text}");
    assert!(text.contains("enum f"), "{text}");
}

/// `PULLBACK_SOURCE=file cargo test -p pullback-macros show -- --nocapture` prints what becomes of a file's functions.
#[test]
fn show() {
    let Some(path) = std::env::var_os("PULLBACK_SOURCE") else { return };
    let file = syn::parse_file(&std::fs::read_to_string(path).expect("a file")).expect("Rust");
    for item in file.items {
        let source = quote::ToTokens::to_token_stream(&item).to_string();
        match lowered(&source, &[]) {
            Ok(module) => println!("{module}"),
            Err(errors) => println!("{errors:#?}"),
        }
        let tokens = syn::parse2(expand(&source)).map(|f| prettyplease::unparse(&f));
        println!("{}", tokens.unwrap_or_else(|e| e.to_string()));
    }
}
