//! Prints the derivatives of functions in IR as Rust, so that a test can compile and run them beside the interpreter.

use std::fmt::Write as _;

use proc_macro2::{Ident, Span};
use pullback_kernels::ir::{Extent, Func, Module, Scalar, Ty, parse};
use pullback_kernels::{ad, opt};
use quote::quote;

use crate::emit::{Derivatives, companion};
use crate::types::{Int, Len, Param, Passing, RustTy, Signature};

/// How many random functions are printed.
const SEEDS: u64 = 40;

/// Writes `emitted.rs`: a module per file of `ir/derivatives` and per random function, and a list of them.
pub(crate) fn write(out: &str) {
    for path in ["ir/derivatives", "../macros/src/emit", "build", "src/random_ir"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let (mut text, mut list) = (String::new(), String::new());
    let mut add = |name: &str, ir: &str, args: &str| {
        let _ = writeln!(text, "{}", module(name, ir));
        let _ = writeln!(
            list,
            "    Emitted {{ name: {name:?}, ir: {ir:?}, args: {args:?}, vjp: {name}::pull, grad: {name}::GRAD, on: {name}::ON, pull_on: {name}::PULL_ON }},"
        );
    };
    for (name, ir) in files() {
        add(&name, &ir, "");
    }
    for seed in 0..SEEDS {
        let case = crate::random_ir::case(seed);
        let args: Vec<String> = case.args.iter().map(ToString::to_string).collect();
        add(&format!("random_{seed}"), &case.module.to_string(), &args.join(", "));
    }
    let text = format!("{text}\npub(super) static EMITTED: &[Emitted] = &[\n{list}];\n");
    std::fs::write(format!("{out}/emitted.rs"), text).expect("OUT_DIR is writable");
}

/// The functions of the filetests, with their names.
fn files() -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir("ir/derivatives")
        .expect("the folder exists")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|e| e == "ir"))
        .collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().and_then(|s| s.to_str()).expect("a name").to_string();
        (name, std::fs::read_to_string(path).expect("a readable file"))
    };
    files.iter().map(read).collect()
}

/// One function, its companion, and what calls them with the interpreter's values.
fn module(name: &str, ir: &str) -> String {
    let mut module = parse(ir).unwrap_or_else(|e| panic!("{name}: line {}: {}", e.line, e.message));
    let mut inlined = module.entry().clone();
    opt::inline(&module, &mut inlined, true);
    *module.funcs.last_mut().expect("an entry") = inlined;
    let f = module.entry();
    let params: Vec<Param> =
        f.params().iter().enumerate().map(|(k, &p)| param(f, k, f.values.ty(p))).collect();
    let results: Vec<RustTy> = f.result_types().iter().map(|t| rust_ty(t, 1)).collect();
    let ret = if let [one] = &results[..] { one.clone() } else { RustTy::Tuple(results) };
    let sig = Signature {
        vis: syn::parse_quote!(pub),
        name: Ident::new("f", Span::call_site()),
        written_ret: syn::parse_str(&written(&ret)).expect("a type"),
        ret,
        params,
        modes: Vec::new(),
        consts: Vec::new(),
        owner: None,
    };
    let companion = companion(&sig, &derivatives(&module, &sig));
    let (function, calls) = (function(&sig), calls(&sig));
    format!("pub mod {name} {{\n    use super::*;\n{function}\n{companion}\n{calls}\n}}\n")
}

fn derivatives(module: &Module, sig: &Signature) -> Derivatives {
    let name = &module.entry().name;
    let wrt: Vec<usize> = sig.params.iter().enumerate().filter(|(_, p)| p.wrt).map(|(k, _)| k).collect();
    let optimised = |mut f: Func| {
        opt::inline(module, &mut f, false);
        opt::optimize(&mut f);
        opt::finish(&mut f);
        f
    };
    let scalar = matches!(sig.ret, RustTy::Float(_));
    let value_and_grad =
        scalar.then(|| optimised(ad::value_and_grad(module, name, &wrt).expect("a gradient")));
    let vjp = optimised(ad::vjp(module, name, &wrt).expect("a derivative"));
    Derivatives {
        module: module.clone(),
        value_and_grad,
        vjp,
        whole: None,
        modes: Vec::new(),
        explain: String::new(),
    }
}

fn param(f: &Func, k: usize, ty: &Ty) -> Param {
    let rust = rust_ty(ty, k);
    let passing =
        if matches!(rust, RustTy::Slice(_) | RustTy::Matrix(..)) { Passing::Ref } else { Passing::Value };
    let borrow = if passing == Passing::Ref { "&" } else { "" };
    let name = &f.values[f.params()[k]].name;
    // Names of values need not be unique.
    let twice = f.params().iter().filter(|&&p| f.values[p].name == *name).count() > 1;
    let name = if twice { format!("{name}_{k}") } else { name.clone() };
    Param {
        name: Ident::new(&name, Span::call_site()),
        written: syn::parse_str(&format!("{borrow}{}", written(&rust))).expect("a type"),
        passing,
        wrt: ty.is_float(),
        ty: rust,
    }
}

/// A Rust type for a type of the IR; arrays of one axis are slices at even places.
fn rust_ty(ty: &Ty, place: usize) -> RustTy {
    let len = |e: &Extent| match e {
        Extent::Const(n) => Len::Const(*n as usize),
        Extent::Value(_) => Len::Dyn,
    };
    match ty {
        Ty::Scalar(Scalar::Bool) => RustTy::Bool,
        Ty::Scalar(Scalar::I64 | Scalar::I32) => RustTy::Int(Int::I64),
        Ty::Scalar(float) => RustTy::Float(*float),
        Ty::Array(elem, shape) => match &shape.iter().map(len).collect::<Vec<_>>()[..] {
            [Len::Const(n)] => RustTy::Array(Box::new(RustTy::Float(*elem)), *n),
            [Len::Dyn] if place.is_multiple_of(2) => RustTy::Slice(Box::new(RustTy::Float(*elem))),
            [Len::Dyn] => RustTy::Matrix(*elem, Len::Dyn, Len::Const(1)),
            [c, r] => RustTy::Matrix(*elem, *r, *c),
            _ => panic!("more axes than a matrix has"),
        },
        Ty::Tape => panic!("a tape is no parameter"),
    }
}

fn written(ty: &RustTy) -> String {
    match ty {
        RustTy::Float(s) => s.name().to_string(),
        RustTy::Bool => "bool".into(),
        RustTy::Int(_) => "i64".into(),
        RustTy::Array(t, n) => format!("[{}; {n}]", written(t)),
        RustTy::Slice(t) => format!("[{}]", written(t)),
        RustTy::Matrix(s, r, c) => {
            let dim = |l: &Len| match l {
                Len::Const(n) => format!("Const<{n}>"),
                Len::Dyn => "Dyn".to_string(),
            };
            format!("OMatrix<{}, {}, {}>", s.name(), dim(r), dim(c))
        }
        RustTy::Tuple(parts) => format!("({},)", parts.iter().map(written).collect::<Vec<_>>().join(", ")),
        other => panic!("{other:?} is not used here"),
    }
}

/// The function itself: its value is the interpreter's business.
fn function(sig: &Signature) -> String {
    let params = sig.params.iter().map(|p| {
        let (name, ty) = (&p.name, &p.written);
        quote!(#name: #ty)
    });
    let (ret, zero) = (&sig.written_ret, given(&sig.ret, "&ZERO"));
    let zero: proc_macro2::TokenStream = zero.parse().expect("an expression");
    quote!(#[allow(unused_variables)] pub fn f(#(#params),*) -> #ret { #zero }).to_string()
}

/// An expression that makes a value of the type from a datum.
fn given(ty: &RustTy, datum: &str) -> String {
    match ty {
        RustTy::Float(_) => format!("number({datum})"),
        RustTy::Bool => format!("truth({datum})"),
        RustTy::Int(_) => format!("integer({datum})"),
        RustTy::Array(..) => format!("array({datum})"),
        RustTy::Slice(_) => format!("&numbers({datum})[..]"),
        RustTy::Matrix(..) => format!("matrix({datum})"),
        RustTy::Tuple(parts) => {
            let parts: Vec<String> = parts.iter().enumerate().map(|(k, t)| given(t, &at(datum, k))).collect();
            format!("({},)", parts.join(", "))
        }
        other => panic!("{other:?} is not used here"),
    }
}

fn at(datum: &str, k: usize) -> String {
    if datum == "&ZERO" { datum.to_string() } else { format!("&{datum}[{k}]") }
}

/// `pull(args, seeds)`, and `GRAD(args)` for functions of one number.
fn calls(sig: &Signature) -> String {
    let owned = |(k, p): (usize, &Param)| match &p.ty {
        RustTy::Slice(_) => format!("let {} = numbers(&args[{k}]);\n", p.name),
        ty => format!("let {} = {};\n", p.name, given(ty, &format!("&args[{k}]"))),
    };
    let lets: String = sig.params.iter().enumerate().map(owned).collect();
    let passed =
        |p: &Param| if p.passing == Passing::Ref { format!("&{}", p.name) } else { p.name.to_string() };
    let args: Vec<String> = sig.params.iter().map(passed).collect();
    let args = args.join(", ");
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let list = |p: &&Param| {
        let field = if wrt.len() == 1 { String::new() } else { format!(".{}", p.name) };
        format!("list(&the_gradient{field})")
    };
    let parts: Vec<String> = wrt.iter().map(list).collect();
    let parts = parts.join(", ");
    let tuple = matches!(sig.ret, RustTy::Tuple(_));
    let seed = given(&sig.ret, if tuple { "seeds" } else { "&seeds[0]" });
    let grad = if matches!(sig.ret, RustTy::Float(_)) {
        format!(
            "Some(|args| {{\n{lets}let mut the_workspace = pullback::Workspace::<f>::default();\n\
             f::value_and_grad_into({args}, &mut the_workspace);\n\
             let the_value = f::value_and_grad_into({args}, &mut the_workspace);\n\
             let the_gradient = the_workspace.grad;\n(the_value, vec![{parts}])\n}})"
        )
    } else {
        "None".into()
    };
    let on = if matches!(sig.ret, RustTy::Float(_)) {
        format!(
            "Some(|device, args| {{\n{lets}let (the_value, the_gradient) = f::on(device).value_and_grad({args})?;\n\
             Ok((the_value, vec![{parts}]))\n}})"
        )
    } else {
        "None".into()
    };
    let pull_on = if matches!(sig.ret, RustTy::Float(_)) {
        "None".into()
    } else {
        format!(
            "Some(|device, args, seeds| {{\n{lets}let (_, the_pull) = f::on(device).vjp({args})?;\n\
             let the_gradient = the_pull({seed})?;\nOk(vec![{parts}])\n}})"
        )
    };
    format!(
        "pub const ON: Option<OnDevice> = {on};\n\
         pub const PULL_ON: Option<PullOnDevice> = {pull_on};\n\
         pub fn pull(args: &[Datum], seeds: &[Datum]) -> Vec<Vec<f64>> {{\n{lets}\
         let (_, the_pull) = f::vjp({args});\nlet first = the_pull({seed});\nlet the_gradient = the_pull({seed});\n\
         assert_eq!(format!(\"{{first:?}}\"), format!(\"{{the_gradient:?}}\"));\nvec![{parts}]\n}}\n\
         pub const GRAD: Option<fn(&[Datum]) -> (f64, Vec<Vec<f64>>)> = {grad};"
    )
}
