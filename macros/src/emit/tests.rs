//! Generated code against committed snapshots, which the tests package compiles and runs.
//! `BLESS=1 cargo test -p pullback-macros` writes them anew.

use std::path::Path;

use pullback_kernels::ir::{Func, Module, Scalar, parse, verify};
use pullback_kernels::{ad, opt};
use quote::quote;

use super::{Derivatives, companion};
use crate::types::{Int, Len, Param, Passing, RustTy, Signature};

/// The types that the cases use.
fn rust_ty(ty: &syn::Type) -> (Passing, RustTy) {
    match ty {
        syn::Type::Reference(r) => (Passing::Ref, rust_ty(&r.elem).1),
        syn::Type::Array(a) => {
            let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) = &a.len else {
                panic!("a literal")
            };
            let n = n.base10_parse().expect("a length");
            (Passing::Value, RustTy::Array(Box::new(rust_ty(&a.elem).1), n))
        }
        syn::Type::Slice(s) => (Passing::Value, RustTy::Slice(Box::new(rust_ty(&s.elem).1))),
        syn::Type::Tuple(t) => {
            (Passing::Value, RustTy::Tuple(t.elems.iter().map(|t| rust_ty(t).1).collect()))
        }
        other => (Passing::Value, named(&quote!(#other).to_string().replace(' ', ""))),
    }
}

fn named(name: &str) -> RustTy {
    let elem = if name.contains("f32") { Scalar::F32 } else { Scalar::F64 };
    match name.split('<').next().unwrap_or_default() {
        "f32" | "f64" => RustTy::Float(elem),
        "usize" => RustTy::Int(Int::Usize),
        "DVector" => RustTy::Matrix(elem, Len::Dyn, Len::Const(1)),
        "DMatrix" => RustTy::Matrix(elem, Len::Dyn, Len::Dyn),
        "Vector2" => RustTy::Matrix(elem, Len::Const(2), Len::Const(1)),
        other => panic!("`{other}` is not known to these tests"),
    }
}

/// The signature of a function; integers and underscored parameters have no gradient.
fn signature(item: &syn::ItemFn) -> Signature {
    let params = item.sig.inputs.iter().map(|arg| {
        let syn::FnArg::Typed(arg) = arg else { panic!("no receiver") };
        let syn::Pat::Ident(pat) = &*arg.pat else { panic!("a name") };
        let (passing, ty) = rust_ty(&arg.ty);
        let wrt = !matches!(ty, RustTy::Int(_)) && !pat.ident.to_string().starts_with('_');
        Param { name: pat.ident.clone(), written: (*arg.ty).clone(), passing, ty, wrt }
    });
    let syn::ReturnType::Type(_, ret) = &item.sig.output else { panic!("a result") };
    Signature {
        vis: item.vis.clone(),
        name: item.sig.ident.clone(),
        params: params.collect(),
        written_ret: (**ret).clone(),
        ret: rust_ty(ret).1,
        modes: Vec::new(),
        consts: Vec::new(),
        owner: None,
    }
}

fn optimised(module: &Module, mut func: Func) -> Func {
    opt::inline(module, &mut func, false);
    opt::optimize(&mut func);
    opt::finish(&mut func);
    func
}

/// The function and its companion.
fn expand(function: &str, ir: &str) -> String {
    let item: syn::ItemFn = syn::parse_str(function).expect("a function");
    let module = parse(ir).unwrap_or_else(|e| panic!("line {}: {}", e.line, e.message));
    verify(&module).expect("verified IR");
    let sig = signature(&item);
    let name = &module.entry().name;
    let leaves = sig.params.iter().flat_map(|p| p.ty.leaves().into_iter().map(move |l| (p.wrt, l)));
    let wrt: Vec<usize> =
        leaves.enumerate().filter(|(_, (w, l))| *w && l.elem.is_float()).map(|(k, _)| k).collect();
    let scalar = matches!(sig.ret, RustTy::Float(_));
    let value_and_grad =
        scalar.then(|| optimised(&module, ad::value_and_grad(&module, name, &wrt).expect("a gradient")));
    let vjp = optimised(&module, ad::vjp(&module, name, &wrt).expect("a derivative"));
    let derivatives =
        Derivatives { value_and_grad, vjp, whole: None, modes: Vec::new(), explain: "the IR".into(), module };
    let companion = companion(&sig, &derivatives);
    let file: syn::File = syn::parse2(quote!(#item #companion)).expect("generated code is Rust");
    prettyplease::unparse(&file)
}

/// Generated code without the texts of kernels, which have snapshots of their own (`tests/ptx`).
fn without_kernels(code: &str) -> String {
    let outside = |line: &str| match line.split_once("ptx: \"") {
        Some((before, _)) => format!("{before}ptx: \"\",\n"),
        None => line.to_string(),
    };
    code.split_inclusive('\n').map(outside).collect()
}

/// Compares with the snapshot, or writes it. With the feature `cuda` there is another one, since more is generated.
fn snapshot(name: &str, imports: &str, function: &str, ir: &str) {
    let code = without_kernels(&expand(function, ir));
    let text = format!("//! Generated: see `macros/src/emit/tests.rs`.\n\n{imports}\n{code}");
    let name = if cfg!(feature = "cuda") { format!("{name}_cuda") } else { name.to_string() };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/emit/snapshots/{name}.rs"));
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
fn cubic() {
    snapshot(
        "cubic",
        "use nalgebra::DVector;",
        "/// Sum of squared errors of y = a + b x + c x² + d x³.
        pub fn loss(a: f32, b: f32, c: f32, d: f32, _x: &DVector<f32>, _y: &DVector<f32>) -> f32 {
            let y_pred = _x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
            (y_pred - _y).norm_squared()
        }",
        "fn @loss(%a: f32, %b: f32, %c: f32, %d: f32, %xs: f32[%n], %ys: f32[%n]) -> f32 {
          %two = const 2: i64
          %three = const 3: i64
          %y_pred = build (%i < %n) {
            %x = index %xs[%i]
            %bx = mul %b, %x
            %x2 = powi %x, %two
            %cx = mul %c, %x2
            %x3 = powi %x, %three
            %dx = mul %d, %x3
            %s1 = add %a, %bx
            %s2 = add %s1, %cx
            %s3 = add %s2, %dx
            yield %s3
          }
          %loss = fold sum (%j < %n) {
            %p = index %y_pred[%j]
            %y = index %ys[%j]
            %r = sub %p, %y
            %rr = mul %r, %r
            yield %rr
          }
          return %loss
        }",
    );
}
