//! Tests of the front end: source text to IR text (`snapshots/*.ir`; `BLESS=1` writes them), and that no input panics.

use std::path::Path;

use proc_macro2::TokenStream;
use pullback_kernels::ir::{Module, verify};

use crate::attrs::Options;
use crate::companion::{Callee, Entry};
use crate::errors::Errors;
use crate::known::Types;
use crate::parse::Parsed;
use crate::{companion, lower, parse};

/// Lowers a function, or says what is wrong with it.
fn lowered(source: &str, callees: &[Callee]) -> Result<Module, Vec<String>> {
    lowered_with(source, callees, &Types::default())
}

/// The same for a function that names these structs.
fn lowered_with(source: &str, callees: &[Callee], types: &Types) -> Result<Module, Vec<String>> {
    let mut errors = Errors::default();
    let item: syn::ItemFn = syn::parse_str(source).map_err(|e| vec![e.to_string()])?;
    let done = match parse::function(&item, &Options::default(), None, types, &mut errors) {
        Ok(Parsed::Function(f)) => lower::lower(&f, callees, &mut errors).ok(),
        Ok(Parsed::Missing(path)) => return Err(vec![format!("what is {}?", crate::known::key(&path))]),
        Err(_) => None,
    };
    match done.map(|l| companion::linked(l.func, callees, &l.calls)) {
        Some(module) if errors.is_empty() => Ok(module),
        _ => Err(errors.messages().into_iter().map(str::to_string).collect()),
    }
}

/// The IR of a function, verified.
fn ir(source: &str) -> String {
    ir_with(source, &Types::default())
}

/// The IR of a function that names these structs, verified.
fn ir_with(source: &str, types: &Types) -> String {
    let module = lowered_with(source, &[], types).unwrap_or_else(|e| panic!("{e:#?}\n{source}"));
    verify(&module).unwrap_or_else(|e| panic!("{e:?}\n{module}"));
    module.to_string()
}

/// Each function of a source file becomes IR; compared with the snapshot of that name.
fn snapshot(name: &str, source: &str) {
    let file = syn::parse_file(source).expect("Rust");
    let (mut types, mut texts) = (Types::default(), Vec::new());
    for item in &file.items {
        if let syn::Item::Struct(s) = item {
            let def = crate::data::described(s, &types, &mut Errors::default()).expect("a struct");
            let ty = crate::ty::Ty::Struct(std::rc::Rc::new(def.expect("types that are known")));
            types.insert(s.ident.to_string(), ty);
        } else {
            texts.push(ir_with(&quote::ToTokens::to_token_stream(item).to_string(), &types));
        }
    }
    let text = texts.join("\n");
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
fn structs() {
    snapshot("structs", include_str!("snapshots/structs.rs"));
}

#[test]
fn control() {
    snapshot("control", include_str!("snapshots/control.rs"));
}

#[test]
fn mutation() {
    snapshot("mutation", include_str!("snapshots/mutation.rs"));
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

/// The answer of a callee's companion macro, from its source.
fn callee(source: &str) -> Callee {
    let module = lowered(source, &[]).unwrap_or_else(|e| panic!("{e:#?}"));
    let item: syn::ItemFn = syn::parse_str(source).expect("a function");
    let (inputs, text) = (&item.sig.inputs, module.to_string());
    let params = inputs.iter().map(|p| match p {
        syn::FnArg::Typed(p) => &p.ty,
        syn::FnArg::Receiver(_) => panic!("no receiver"),
    });
    let syn::ReturnType::Type(_, ret) = &item.sig.output else { panic!("a result") };
    let entry = syn::parse2::<Entry>(quote::quote!(fn (#(#params),*) -> #ret [] #text)).expect("an entry");
    let Entry::Function(mut entry) = entry else { panic!("of a function") };
    let written: syn::Path = syn::parse_quote!(other::norm);
    entry.remove(0).callee("other::norm", "norm", Some(written), false).expect("a callee")
}

#[test]
fn calls_are_copied_into_their_callers() {
    let norm = callee("fn norm(x: &[f64]) -> f64 { x.iter().map(|v| v * v).sum::<f64>().sqrt() }");
    let caller = "fn f(x: &[f64], s: f64) -> f64 { let y: Vec<f64> = x.iter().map(|v| v * s).collect(); other::norm(&y) }";
    let module = lowered(caller, &[norm]).unwrap_or_else(|e| panic!("{e:#?}"));
    verify(&module).expect("verified");
    assert_eq!(module.funcs.len(), 1, "{module}");
    assert!(module.to_string().contains("sqrt") && !module.to_string().contains("call"), "{module}");
}

#[test]
fn equal_lengths_become_one() {
    let text = ir("fn f(x: &DVector<f64>, y: &DVector<f64>) -> f64 { (x - y).norm() }");
    assert!(text.contains("%y: f64[%x_len]"), "{text}");
    let text = ir("fn f(x: &[f64], y: &[f64]) -> f64 { assert_eq!(x.len(), y.len()); x[0] * y[0] }");
    assert!(text.contains("%y: f64[%x_len]"), "{text}");
    let text = ir(
        "fn f(x: &DVector<f64>, y: &DVector<f64>, s: f64) -> f64 { if s > 0.0 { (x - y).norm() } else { s } }",
    );
    assert!(text.contains("%y: f64[%y_len]") && text.contains("assert"), "{text}");
}

#[test]
fn several_mistakes_are_reported_together() {
    let errors = lowered("fn f(x: f64) -> f64 { let a = x.next_up(); let b = x.foo(); a + b }", &[]);
    assert_eq!(errors.expect_err("two mistakes").len(), 2);
}

/// A small generator of pseudo-random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// The tokens of a source, groups opened.
fn flat(tokens: TokenStream, out: &mut Vec<String>) {
    for t in tokens {
        match t {
            proc_macro2::TokenTree::Group(g) => {
                let (open, close) = match g.delimiter() {
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    _ => ("(", ")"),
                };
                out.push(open.into());
                flat(g.stream(), out);
                out.push(close.into());
            }
            t => out.push(t.to_string()),
        }
    }
}

/// Functions with tokens deleted, doubled, exchanged or taken from elsewhere: whatever comes out, nothing panics.
#[test]
fn no_input_panics() {
    let sources = [
        include_str!("snapshots/scalars.rs"),
        include_str!("snapshots/vectors.rs"),
        include_str!("snapshots/control.rs"),
        include_str!("snapshots/mutation.rs"),
        include_str!("snapshots/structs.rs"),
    ];
    let mut functions = Vec::new();
    let mut pool = Vec::new();
    for source in sources {
        for item in syn::parse_file(source).expect("Rust").items {
            let mut tokens = Vec::new();
            flat(quote::ToTokens::to_token_stream(&item), &mut tokens);
            pool.extend(tokens.iter().cloned());
            functions.push(tokens);
        }
    }
    let run = move || {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut parsed = 0;
        for _ in 0..1500 {
            let mut tokens = functions[random.below(functions.len())].clone();
            for _ in 0..=random.below(3) {
                let at = random.below(tokens.len());
                match random.below(4) {
                    0 => drop(tokens.remove(at)),
                    1 => tokens.insert(at, pool[random.below(pool.len())].clone()),
                    2 => tokens[at] = pool[random.below(pool.len())].clone(),
                    _ => {
                        let other = random.below(tokens.len());
                        tokens.swap(at, other);
                    }
                }
            }
            let text = tokens.join(" ").replace("' ", "'");
            let Ok(stream) = text.parse::<TokenStream>() else { continue };
            let expanded = crate::expand::attribute(TokenStream::new(), stream, false).to_string();
            assert!(!expanded.contains("internal error of pullback"), "{text}\n{expanded}");
            parsed += 1;
        }
        parsed
    };
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(run).expect("a thread");
    assert!(thread.join().expect("no panic") > 500);
}

#[test]
fn deep_input_is_an_error() {
    let deep = |open: &str, close: &str| {
        // Brackets less deep: printing them is recursive in this test.
        let n = if close.is_empty() { 5000 } else { 300 };
        format!("fn f(x: f64) -> f64 {{ {}x{} }}", open.repeat(n), close.repeat(n))
    };
    for source in [
        deep("(", ")"),
        deep("-", ""),
        deep("{", "}"),
        deep("if true { 1.0 } else ", "").replace("else x", "else { x }"),
        deep("x = ", ""),
    ] {
        let expanded = expand(&source).to_string();
        assert!(expanded.contains("compile_error"), "{}", &source[..60]);
    }
    let sum = format!("fn f(x: f64) -> f64 {{ x{} }}", " + x".repeat(400));
    assert!(lowered(&sum, &[]).is_ok());
}
