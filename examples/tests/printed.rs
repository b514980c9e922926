//! What the examples print, against the reference figures. Cargo builds the examples before it runs this.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// What an example prints, a line each.
fn printed(name: &str, args: &[&str]) -> Vec<String> {
    let exe = std::env::current_exe().expect("the path of this test");
    let profile: PathBuf = exe.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_path_buf();
    let path = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let out = Command::new(&path).args(args).output().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8").lines().map(String::from).collect()
}

/// The figures of the tutorial that PyTorch or NumPy computed from the same start.
fn reference(tutorial: &str, case: &str, who: &str) -> Value {
    let path = format!("{}/../tests/reference/{tutorial}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let all: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
    all[case][who].clone()
}

/// The numbers in a line of the form of `template`, where each `{}` stands for one.
fn numbers(line: &str, template: &str) -> Vec<f64> {
    let mut pieces = template.split("{}");
    let mut rest =
        line.strip_prefix(pieces.next().unwrap()).unwrap_or_else(|| panic!("`{line}` is not `{template}`"));
    let mut found = Vec::new();
    for piece in pieces {
        let end = if piece.is_empty() { rest.len() } else { rest.find(piece).unwrap_or(0) };
        found.push(
            rest[..end].parse().unwrap_or_else(|e| panic!("`{line}` is not `{template}`: `{rest}`, {e}")),
        );
        rest = &rest[end + piece.len()..];
    }
    found
}

/// Compares the loss at each 100th step and the result line. `loss` is relative, `params` relative to the largest.
fn check(name: &str, expected: &Value, template: &str, loss: f64, params: f64) {
    let lines = printed(name, &[]);
    assert_eq!(lines.len(), 21, "{name}: 20 losses and the result");
    for (line, pair) in lines.iter().zip(expected["loss_log"].as_array().unwrap()) {
        let found = numbers(line, "{} {}");
        let (step, value) = (pair[0].as_f64().unwrap(), pair[1].as_f64().unwrap());
        assert_eq!(found[0], step, "{name}: `{line}`");
        assert!((found[1] / value - 1.0).abs() < loss, "{name}: `{line}` instead of {value}");
    }
    let found = numbers(&lines[20], template);
    let theirs: Vec<f64> =
        expected["final_params"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let largest = theirs.iter().fold(0.0, |m: f64, p| m.max(p.abs()));
    assert_eq!(found.len(), theirs.len());
    for (found, theirs) in found.iter().zip(theirs) {
        assert!(
            (found - theirs).abs() < params * largest,
            "{name}: `{}`: {found} instead of {theirs}",
            lines[20]
        );
    }
}

const CUBIC: &str = "Result: y = {} + {} x + {} x^2 + {} x^3";

#[test]
fn sine_manual() {
    check("sine_manual", &reference("t1_sin_cubic", "case_A", "f64_numpy"), CUBIC, 1e-11, 1e-12);
}

#[test]
fn a_random_start_depends_on_the_seed_alone() {
    let run = |seed| printed("sine_manual", &["--random", seed]);
    let first = run("1");
    assert_eq!(first, run("1"));
    assert_ne!(first, run("2"));
    // wherever it starts, it comes near the best cubic, 0.857 x - 0.0933 x³
    let [_, b, _, d] = numbers(&first[20], CUBIC)[..] else { panic!("{}", first[20]) };
    assert!((b - 0.8567).abs() < 0.1 && (d + 0.0933).abs() < 0.02, "{}", first[20]);
}

#[test]
fn sine_device() {
    check("sine_device", &reference("t1_sin_cubic", "case_A", "f32_torch"), CUBIC, 1e-4, 2e-5);
}

#[test]
fn tensors() {
    let lines = printed("tensors", &[]);
    assert_eq!(lines.len(), 24);
    for line in [
        "From data: [[1, 2], [3, 4]]",
        "Moved and back, the same: true",
        "Last column: [3, 6, 9]",
        "Second column cleared: [[1, 0, 3], [4, 0, 6], [7, 0, 9]]",
        "Joined: [[1, 0, 3, 3], [4, 0, 6, 6], [7, 0, 9, 9]]",
        "Matrix product with its transpose: [[5, 11], [11, 25]]",
        "Product by elements: [[1, 4], [9, 16]]",
        "[[1, 2], [3, 4]] and five more: [[6, 7], [8, 9]]",
        "What does not fit is an error: matmul: a tensor of shape [2, 2] and one of shape [3]",
        "Written through nalgebra: [[1, 1, 7], [1, 1, 7]]",
    ] {
        assert!(lines.iter().any(|l| l == line), "`{line}` is not in {lines:#?}");
    }
}

#[test]
fn sine_autograd() {
    check("sine_autograd", &reference("t1_sin_cubic", "case_A", "f32_torch"), CUBIC, 1e-4, 2e-5);
}

#[test]
fn sine_legendre() {
    let template = "Result: y = {} + {} * P3({} + {} x)";
    check("sine_legendre", &reference("t2_legendre", "case", "f32_torch"), template, 1e-4, 2e-5);
}

#[test]
fn line_fit() {
    let lines = printed("line_fit", &[]);
    assert_eq!(lines[..4], ["Gradient at zero: (-0.1710, -0.3053)", "0 0.8162", "1 0.8150", "2 0.8138"]);
    assert_eq!(lines.last().map(String::as_str), Some("Result: y = 1.30 x + 1.85"));
    for pair in reference("t5_line_fit_norm", "case", "f64_numpy")["loss_log"].as_array().unwrap() {
        let (step, value) = (pair[0].as_u64().unwrap(), pair[1].as_f64().unwrap());
        let line = format!("{step} {value:.4}");
        assert!((3..99).contains(&step) || lines.contains(&line), "`{line}` is missing");
    }
}
