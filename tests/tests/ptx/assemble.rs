//! Assembles what the other tests run, for every GPU from `sm_52` to `sm_120`. `PULLBACK_PTXAS` names the assembler, as
//! fetched by
//!
//! ```text
//! python3 -m pip download --no-deps --only-binary=:all: -d target nvidia-cuda-nvcc-cu12==12.9.86
//! ```
//!
//! (`nvidia/cuda_nvcc/bin/ptxas` in the wheel). Without it the test says so and passes.

use std::path::{Path, PathBuf};
use std::process::Command;

use pullback_kernels::ir::Scalar;
use pullback_kernels::ptx::{Product, product};

use crate::device::kernels;
use crate::functions::folder;

const TARGETS: [&str; 6] = ["sm_52", "sm_70", "sm_80", "sm_90", "sm_100", "sm_120"];

/// What the assembler says of each kernel: its name, registers, and bytes of spills.
fn assemble(ptxas: &Path, text: &Path, target: &str) -> Vec<(String, u32, u32)> {
    let run = Command::new(ptxas)
        .args(["-v", "-arch", target, "-o", "/dev/null"])
        .arg(text)
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", ptxas.display()));
    let log = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{target} {}:\n{log}", text.display());
    let mut all: Vec<(String, u32, u32)> = Vec::new();
    for line in log.lines() {
        let number_before = |what: &str| -> u32 {
            let before = line.split(what).next().unwrap_or_default();
            before.split_whitespace().last().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        if let Some(name) = line.split("Compiling entry function '").nth(1) {
            all.push((name.split('\'').next().unwrap_or_default().into(), 0, 0));
        } else if line.contains("bytes spill stores") {
            all.last_mut().expect("a kernel").2 = number_before(" bytes spill stores");
        } else if line.contains("registers") {
            all.last_mut().expect("a kernel").1 = number_before(" registers");
        }
    }
    assert!(!all.is_empty(), "no kernel in {}:\n{log}", text.display());
    all
}

/// Texts by name: of the functions of the tests, of products, of tensors, and what `PULLBACK_PTX_DIR` holds: the driver for
/// tests leaves there what other tests loaded.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for subject in folder("ptx").into_iter().chain(folder("ir/derivatives")) {
        let kernels = kernels(&subject.func, &subject.name).into_iter().flatten();
        texts.extend(kernels.map(|k| (k.name, k.text)));
    }
    for elem in [Scalar::F32, Scalar::F64] {
        for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
            let Product { name, text, .. } = product(elem, ta, tb);
            texts.push((name, text));
        }
    }
    let tensors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/tensor/ptx");
    let loaded = std::env::var_os("PULLBACK_PTX_DIR").map(PathBuf::from);
    for folder in [Some(tensors), loaded].into_iter().flatten() {
        let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut files: Vec<PathBuf> = files.map(|f| f.expect("a file").path()).collect();
        files.sort();
        for path in files {
            let name = path.file_stem().and_then(|s| s.to_str()).expect("a name").to_string();
            texts.push((name, std::fs::read_to_string(&path).expect("a readable file")));
        }
    }
    texts
}

#[test]
fn every_kernel_for_every_target() {
    let Some(ptxas) = std::env::var_os("PULLBACK_PTXAS").map(PathBuf::from) else {
        println!("PULLBACK_PTXAS is not set: nothing was assembled");
        return;
    };
    let folder_of_texts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ptx");
    std::fs::create_dir_all(&folder_of_texts).expect("a folder in target");
    let mut report = Vec::new();
    for (name, text) in texts() {
        let path = folder_of_texts.join(format!("{name}.ptx"));
        std::fs::write(&path, &text).expect("a file in target");
        for target in TARGETS {
            for (name, registers, spills) in assemble(&ptxas, &path, target) {
                assert_eq!(spills, 0, "bytes that {name} spills for {target}");
                report.push(format!("{name} {target}: {registers} registers, {spills} bytes of spills"));
            }
        }
    }
    let table = report.join("\n");
    std::fs::write(folder_of_texts.join("registers.txt"), &table).expect("a file in target");
    println!("{table}");
}
