//! The kernels of tensors, made from IR and committed as `runtime/src/tensor/kernels.rs` and the texts beside it. `BLESS=1`
//! writes them anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pullback_kernels::ir::{Func, Kind, Nest, Out, Scalar, Ty, Value, parse};
use pullback_kernels::opt::{finish, optimize};
use pullback_kernels::ptx::{self, Kernel, Param};

/// The functions of a float type.
fn functions(elem: &str) -> Vec<Func> {
    let text = include_str!("../../ptx/tensor/kernels.ir").replace("f32", elem);
    let module = parse(&text).unwrap_or_else(|e| panic!("line {}: {}", e.line, e.message));
    let optimised = |mut func: Func| {
        optimize(&mut func);
        if func.name != "descend" {
            finish(&mut func);
        }
        func
    };
    module.funcs.into_iter().map(optimised).collect()
}

/// The nest of a function, and its kernel.
pub(crate) fn kernel(func: &Func, elem: &str, prefix: &str) -> (Nest, Kernel) {
    let inst = func.body.insts.iter().find(|i| matches!(i.kind, Kind::Nest(_))).expect("a nest");
    let name = format!("{prefix}_{}_{elem}", func.name);
    let Kind::Nest(nest) = &inst.kind else { unreachable!("a nest was looked for") };
    let mut kernel = ptx::kernel(func, inst, &name).expect("it has a kernel");
    if !["sum", "gather"].contains(&&*func.name) {
        // What these make may go where their first array is.
        kernel.text = kernel.text.replace("ld.global.nc.", "ld.global.");
    }
    (nest.clone(), kernel)
}

/// A kernel as the runtime writes it: arrays and numbers are those of the function, in order, then the lengths of the
/// arrays.
pub(crate) fn described(func: &Func, (nest, kernel): &(Nest, Kernel), file: &str) -> String {
    let of = |array: bool| -> Vec<Value> {
        let params = func.params().iter().chain(&func.sizes).copied();
        params.filter(|&p| func.values.ty(p).is_array() == array).collect()
    };
    let place = |all: Vec<Value>, v: Value| all.iter().position(|&p| p == v).expect("it is a parameter");
    let param = |p: &Param| match *p {
        Param::Scalar(v) => format!("Param::Scalar({})", place(of(false), v)),
        Param::Address(v) => format!("Param::Address({})", place(of(false), v)),
        Param::Array(v) => format!("Param::Array({})", place(of(true), v)),
        ref other => format!("Param::{other:?}"),
    };
    let out = |o: &Out| match o {
        Out::Build => format!("Out::Build({})", if file.contains("f32") { 4 } else { 8 }),
        Out::Fold(_) => "Out::Fold".to_string(),
    };
    let list = |parts: Vec<String>| parts.join(", ");
    format!(
        "    {}: Kernel {{\n        name: {:?},\n        ptx: include_str!({file:?}),\n        params: &[{}],\n        \
         outs: &[{}],\n        accumulators: &[],\n        width: {},\n        folds: {},\n        failures: &{:?},\n    }},\n",
        func.name,
        kernel.name,
        list(kernel.params.iter().map(param).collect()),
        list(nest.outs.iter().map(out).collect()),
        kernel.width,
        kernel.folds,
        kernel.failures,
    )
}

/// All files with what is in them.
fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/tensor");
    let mut files = Vec::new();
    let mut code = String::from(
        "//! Generated from IR: see `tests/tests/ptx/tensor.rs`.\n\nuse super::gpu::Kernels;\n\
         use crate::cuda::{Kernel, Out, Param, Product};\n",
    );
    for elem in [Scalar::F32, Scalar::F64] {
        let (lower, upper) = (elem.name(), elem.name().to_uppercase());
        let _ = writeln!(code, "\n/// For `{lower}`.\npub(super) static {upper}: Kernels = Kernels {{");
        for func in functions(lower) {
            let made = kernel(&func, lower, "tensor");
            let file = format!("ptx/{}_{lower}.ptx", func.name);
            code.push_str(&described(&func, &made, &file));
            files.push((root.join(&file), made.1.text));
        }
        let product = ptx::product(elem, false, false);
        let file = format!("ptx/product_{lower}.ptx");
        let _ = writeln!(
            code,
            "    product: Product {{ name: {:?}, add: {:?}, ptx: include_str!({file:?}), transposed: (false, false) }},\n}};",
            product.name, product.add
        );
        files.push((root.join(&file), product.text));
    }
    files.push((root.join("kernels.rs"), code));
    files
}

/// Asserts that files are as they should be; with `BLESS=1` it makes them so.
pub(crate) fn assert_committed(files: Vec<(PathBuf, String)>) {
    let bless = std::env::var_os("BLESS").is_some();
    let mut stale = Vec::new();
    for (path, text) in files {
        if bless {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &text).expect("a file that can be written");
        }
        // Lines of the Rust file are broken as rustfmt breaks them.
        let words = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != ',').collect::<String>();
        if words(&std::fs::read_to_string(&path).unwrap_or_default()) != words(&text) {
            stale.push(path.display().to_string());
        }
    }
    assert!(stale.is_empty(), "BLESS=1 writes these anew, read the difference: {stale:#?}");
}

#[test]
fn texts_are_as_committed() {
    assert_committed(files());
}

#[test]
fn what_is_changed_in_place_is_not_read_as_constant() {
    for func in functions("f32") {
        let text = kernel(&func, "f32", "tensor").1.text;
        let constant = text.contains(".nc");
        assert_eq!(constant, func.name == "sum" || func.name == "gather", "{}", func.name);
        assert!(!text.contains("fma"), "{} rounds as the CPU does", func.name);
    }
}

#[test]
fn kernels_take_what_their_functions_take() {
    for func in functions("f64") {
        let kernel = kernel(&func, "f64", "tensor").1;
        let arrays = func.params().iter().filter(|&&p| matches!(func.values.ty(p), Ty::Array(..))).count();
        let read = kernel.params.iter().filter(|p| matches!(p, Param::Array(_))).count();
        assert_eq!(arrays, read, "{}", func.name);
    }
}
