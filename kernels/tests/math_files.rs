//! The runtime's mathematical functions are what the IR prints as.

use pullback_kernels::ir::{Scalar, verify};
use pullback_kernels::math;

/// The committed Rust equals what the generator prints. `BLESS=1` writes it.
#[test]
fn files_are_current() {
    for float in [Scalar::F32, Scalar::F64] {
        let path = format!("{}/../runtime/src/math/{}.rs", env!("CARGO_MANIFEST_DIR"), float.name());
        let text = math::rust(&math::module(float), float);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).expect("the file can be written");
        }
        let committed = std::fs::read_to_string(&path).expect("the file is there");
        let refresh = "BLESS=1 cargo test -p pullback-kernels --test math_files";
        assert!(committed == text, "{path} is out of date: run {refresh}");
    }
}

#[test]
fn modules_are_well_formed() {
    for float in [Scalar::F32, Scalar::F64] {
        let module = math::module(float);
        verify(&module).unwrap_or_else(|v| panic!("{}: {v:?}", float.name()));
        for op in math::OPERATIONS {
            let name = math::function(*op).expect("it is in the list");
            assert_eq!(module.get(name).map(|f| f.params().len()), Some(op.arity()), "{name}");
        }
    }
}
