//! Turns the Rust templates of the table of operations into functions, for the test that compares them with the
//! operations' values.

use std::fmt::Write as _;

use pullback_kernels::ir::Scalar;
use pullback_kernels::ops::{Op, Sig};

#[allow(dead_code, unreachable_pub)]
#[path = "../macros/src/emit/mod.rs"]
mod emit;
#[path = "build/emitted.rs"]
mod emitted;
#[allow(dead_code, unreachable_pub)]
#[path = "src/random.rs"]
mod random;
#[allow(dead_code, unreachable_pub)]
#[path = "src/random_ir/mod.rs"]
mod random_ir;
#[allow(dead_code, unreachable_pub)]
#[path = "src/random_rust.rs"]
mod random_rust;
#[allow(dead_code, unreachable_pub)]
#[path = "../macros/src/types.rs"]
mod types;

fn main() {
    random_programs();
    let mut functions = String::new();
    let mut list = String::new();
    for (i, op) in Op::all().enumerate() {
        for tys in signatures(op) {
            for in_nest in [false, true] {
                entry(op, i, &tys, in_nest, &mut functions, &mut list);
            }
        }
    }
    let text = format!("{functions}\npub(super) static TEMPLATES: &[Template] = &[\n{list}];\n");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(format!("{out}/templates.rs"), text).expect("OUT_DIR is writable");
    emitted::write(&out);
    println!("cargo::rerun-if-changed=build.rs");
}

/// The types of arguments that an operation takes.
fn signatures(op: Op) -> Vec<Vec<Scalar>> {
    let types = |t| match op.def().sig {
        Sig::Select => vec![Scalar::Bool, t, t],
        Sig::PowI => vec![t, Scalar::I64],
        _ => vec![t; op.arity()],
    };
    Scalar::ALL.into_iter().map(types).filter(|tys| op.result(tys).is_ok()).collect()
}

/// The function of one template for one signature, and its line in the list.
fn entry(op: Op, i: usize, tys: &[Scalar], in_nest: bool, functions: &mut String, list: &mut String) {
    let template = op.rust(tys, in_nest);
    if in_nest && template == op.rust(tys, false) {
        return;
    }
    let result = op.result(tys).expect("a signature of the operation");
    let mut body = template.replace("{T}", tys[0].name()).replace("{R}", result.name());
    (0..tys.len()).for_each(|k| body = body.replace(&format!("{{{k}}}"), &format!("a{k}")));
    let types: String = tys.iter().map(|t| format!("_{}", t.name())).collect();
    let name = format!("{}{types}{}", op.def().name, if in_nest { "_nest" } else { "" });
    let params: Vec<String> =
        tys.iter().enumerate().map(|(k, t)| format!("Lit::{}(a{k})", variant(*t))).collect();
    let params = params.join(", ");
    let variant = variant(result);
    // what the first pass over lanes has in scope, where an operation asks for it
    let scope = if body.contains("NEAR") { "const NEAR: bool = false; let __far = &mut false; " } else { "" };
    let generics = if in_nest { "<const FMA: bool>" } else { "" };
    let _ = writeln!(
        functions,
        "fn {name}{generics}(x: &[Lit]) -> Lit {{\n    let [{params}] = *x else {{ panic!(\"{{x:?}}\") }};\n    \
         {scope}Lit::{variant}({body})\n}}"
    );
    let tys: Vec<String> = tys.iter().map(|t| format!("Scalar::{t:?}")).collect();
    let fused = if in_nest { &[Some(false), Some(true)][..] } else { &[None] };
    for fma in fused {
        let turbofish = fma.map_or(String::new(), |f| format!("::<{f}>"));
        let _ = writeln!(
            list,
            "    Template {{ op: Op::ALL[{i}], args: &[{}], fma: {fma:?}, eval: {name}{turbofish} }},",
            tys.join(", ")
        );
    }
}

fn variant(ty: Scalar) -> String {
    format!("{ty:?}")
}

/// Random functions for the test that compares their gradients with dual numbers. `PULLBACK_PROGRAMS` says how many,
/// `PULLBACK_SEED` which.
fn random_programs() {
    let number = |name: &str, default: u64| {
        println!("cargo::rerun-if-env-changed={name}");
        std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let (count, seed) = (number("PULLBACK_PROGRAMS", 60), number("PULLBACK_SEED", 1));
    let mut text = String::new();
    let mut cases = String::new();
    let mut helpers: Vec<String> = Vec::new();
    for k in 0..count {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(k);
        if k % 8 == 0 {
            let name = format!("h{k}__");
            let from = helpers.len().saturating_sub(3);
            let program = random_rust::helper(seed, &name, &helpers[from..]);
            writeln!(text, "{}\n{}", program.annotated, program.dual).expect("a string");
            helpers.push(name);
        }
        let name = format!("p{k}");
        let from = helpers.len().saturating_sub(3);
        let program = random_rust::program(seed, &name, &helpers[from..]);
        writeln!(text, "{}\n{}", program.annotated, program.dual).expect("a string");
        writeln!(cases, "    case!({name}, {name}_dual),").expect("a string");
    }
    let text = format!("{text}\nstatic CASES: &[Case] = &[\n{cases}];\n");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(format!("{out}/random_rust.rs"), text).expect("OUT_DIR is writable");
    println!("cargo::rerun-if-changed=src/random_rust.rs");
    println!("cargo::rerun-if-changed=src/random_rust/lists.rs");
}
