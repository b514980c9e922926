//! The examples that ask for a device: with the feature `cuda` they run on a GPU, here on the driver for tests in the place of the
//! machine's, and on the CPU where there is no driver.
#![cfg(feature = "cuda")]

use std::fs::{create_dir_all, remove_file, write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with what is to be the machine's driver.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    create_dir_all(&folder).expect("a folder");
    // Of an earlier run.
    let _ = remove_file(folder.join("libcuda.so.1"));
    folder
}

/// What an example says of its device, and the lines that it prints, with the libraries of a folder before the system's.
fn run(example: &str, libraries: &Path) -> (String, Vec<String>) {
    let out = Command::new(example).env("LD_LIBRARY_PATH", libraries).output().expect("it starts");
    let [said, printed] = [out.stderr, out.stdout].map(|text| String::from_utf8(text).expect("UTF-8"));
    assert!(out.status.success(), "{example}: {said}");
    (said, printed.lines().map(String::from).collect())
}

/// The same with the driver for tests, then without a driver.
fn on_both(name: &str, example: &str) -> [(String, Vec<String>); 2] {
    let [with, without] = ["with", "without"].map(|driver| folder(&format!("{name}_{driver}_driver")));
    let mut library = std::env::current_exe().expect("a path");
    library.set_file_name("libpullback_fakecuda.so");
    symlink(library, with.join("libcuda.so.1")).expect("a link");
    // What is no library hides the machine's.
    write(without.join("libcuda.so.1"), "").expect("a file");
    [with, without].map(|libraries| run(example, &libraries))
}

/// The numbers among the words of a line.
fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn sine_device() {
    let [(on_gpu, there), (on_cpu, here)] = on_both("sine_device", env!("CARGO_BIN_EXE_sine_device"));
    assert_eq!([&on_gpu[..], &on_cpu[..]], ["on cuda:0 (pullback-fakecuda)\n", "on cpu\n"]);
    assert_eq!((there.len(), here.len()), (21, 21), "20 losses and the result");
    for (there, here) in there.iter().zip(&here) {
        let (got, want) = (numbers(there), numbers(here));
        assert!(got.len() == want.len() && got.len() >= 2, "`{there}`, not `{here}`");
        for (g, w) in got.iter().zip(&want) {
            // The offsets of the result are next to nothing.
            assert!((g - w).abs() <= 1e-4 * w.abs().max(0.1), "`{there}`, not `{here}`");
        }
    }
    assert!(there[20].starts_with("Result: y = 0.0142"), "{}", there[20]);
}

#[test]
fn tensors() {
    let [(_, there), (_, here)] = on_both("tensors", env!("CARGO_BIN_EXE_tensors"));
    assert!(here.contains(&"Moved and back, the same: true".to_string()), "{here:#?}");
    assert_eq!(there, here);
}
