//! The PTX of the functions in `ptx/*.ir` as committed beside them. `BLESS=1` writes it anew.

use std::path::Path;

use crate::device::kernels;
use crate::functions::folder;

#[test]
fn text_is_as_committed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ptx");
    let mut stale = Vec::new();
    for subject in folder("ptx").iter().filter(|s| s.name.contains("_f32")) {
        for (k, kernel) in kernels(&subject.func, &subject.name).into_iter().enumerate() {
            let kernel = kernel.unwrap_or_else(|e| panic!("{}: {e}", subject.name));
            let path = root.join(format!("{}_{k}.ptx", subject.name));
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &kernel.text).expect("a file that can be written");
            }
            if std::fs::read_to_string(&path).unwrap_or_default() != kernel.text {
                stale.push(path.display().to_string());
            }
        }
    }
    assert!(stale.is_empty(), "BLESS=1 writes these anew, read the difference: {stale:#?}");
}

#[test]
fn text_is_a_function_of_the_input() {
    for (a, b) in folder("ptx").iter().zip(&folder("ptx")) {
        assert_eq!(kernels(&a.func, "k"), kernels(&b.func, "k"), "{}", a.name);
    }
}
