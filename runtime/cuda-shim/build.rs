//! Makes the `-lcuda` of cust_raw resolvable on machines without CUDA: an archive without members. Nothing is ever taken
//! from it, since the crate defines every symbol itself.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_DRIVER").is_none() {
        return;
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("libcuda.a"), b"!<arch>\n").expect("the folder can be written");
    println!("cargo:rustc-link-search=native={}", out.display());
}
