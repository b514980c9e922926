//! Keeps what can be kept by a test: the invariants of `ARCHITECTURE.md`, and the shape of the repository.

mod decisions;
mod source;

use source::{code, files, functions, line, read, root, rust_files, words};

/// The folders of the crates that people depend on, and the examples.
const CRATES: &[&str] = &["kernels", "macros", "runtime", "examples"];

/// Where `unsafe` may stand.
const UNSAFE: &[&str] =
    &["runtime/src/cpu/dispatch.rs", "runtime/src/cuda/", "runtime/cuda-shim/src/driver.rs", "tests/"];

/// Files that may be longer than the limit, each with its reason.
const LONG_FILES: &[(&str, &str)] =
    &[("runtime/src/math/f32.rs", "generated"), ("runtime/src/math/f64.rs", "generated")];

/// Functions that may be longer than the limit, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("macros/src/lower/linear.rs", "linear_method", "a table: a method an arm"),
    ("macros/src/lower/matrices.rs", "matrix_method", "a table: a method an arm"),
    ("runtime/src/math/f64.rs", "reduce_large", "generated: one multiplication of long numbers"),
    ("tests/ptxsim/src/decode.rs", "alu", "a table: an instruction an arm"),
    ("tests/ptxsim/src/decode.rs", "decode", "a table: an instruction an arm"),
];

/// What a user of the default features downloads and builds.
const DEPENDENCIES: &[&str] = &[
    "approx",
    "autocfg",
    "bytemuck",
    "crossbeam-deque",
    "crossbeam-epoch",
    "crossbeam-utils",
    "either",
    "matrixmultiply",
    "nalgebra",
    "nalgebra-macros",
    "num-complex",
    "num-integer",
    "num-rational",
    "num-traits",
    "proc-macro2",
    "pullback",
    "pullback-kernels",
    "pullback-macros",
    "quote",
    "rawpointer",
    "rayon",
    "rayon-core",
    "safe_arch",
    "simba",
    "syn",
    "typenum",
    "unicode-ident",
    "wide",
];

/// Fails with every complaint at once.
fn none(rule: &str, complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}

#[test]
fn kernels_has_no_dependencies() {
    let manifest = read("kernels/Cargo.toml");
    let tables = manifest.lines().filter(|l| l.starts_with('[') && l.contains("dependencies"));
    none("kernels has no dependencies", tables.map(String::from).collect());
}

#[test]
fn default_dependencies_are_listed() {
    let arguments =
        ["tree", "--offline", "-p", "pullback", "-e", "normal,build", "--prefix", "none", "--no-dedupe"];
    let out = std::process::Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("cargo prints UTF-8");
    let mut names: Vec<&str> = text.lines().filter_map(|l| l.split_whitespace().next()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names, DEPENDENCIES,
        "a new dependency costs every user its build; if it is worth it, list it"
    );
}

#[test]
fn unsafe_stays_where_it_belongs() {
    let mut complaints = Vec::new();
    for path in rust_files(&["kernels", "macros", "runtime", "examples", "tests"]) {
        let text = read(&path);
        let blanked = code(&text);
        for at in words(&blanked, "unsafe").filter(|&at| !blanked[..at].ends_with("Token![")) {
            let number = line(&blanked, at);
            if !UNSAFE.iter().any(|allowed| path.starts_with(allowed)) {
                complaints.push(format!("{path}:{number}: `unsafe` belongs in {}", UNSAFE[0]));
            } else if !is_declaration(&path, &blanked[at..]) && !says_why(&text, number) {
                complaints.push(format!("{path}:{number}: no SAFETY line above"));
            }
        }
    }
    none("unsafe", complaints);
}

/// In tests, what an `unsafe fn` asks of its callers is what the trait or the driver asks.
fn is_declaration(path: &str, code: &str) -> bool {
    let declarations = ["unsafe fn ", "unsafe extern ", "unsafe(no_mangle)"];
    path.starts_with("tests/") && declarations.iter().any(|d| code.starts_with(d))
}

/// Whether the line or the comments and attributes just above it say why an `unsafe` is sound.
fn says_why(text: &str, number: usize) -> bool {
    let lines: Vec<&str> = text.lines().take(number).map(str::trim).collect();
    // a statement may begin a line above: `let x =`
    let above = lines[..number - 1].iter().rev().skip_while(|l| l.ends_with('='));
    let above = above.take_while(|l| l.starts_with("//") || l.starts_with("#["));
    above.chain([&lines[number - 1]]).any(|l| l.contains("SAFETY:") || l.contains("# Safety"))
}

/// What a test reads rather than what a person does.
fn is_input(path: &str) -> bool {
    path.starts_with("tests/tests/ui/") || path.contains("/snapshots/")
}

#[test]
fn files_have_one_subject() {
    let mut complaints = Vec::new();
    for (folders, limit) in [(CRATES, 600), (&["tests"], 800)] {
        for path in rust_files(folders) {
            let text = read(&path);
            let lines = text.lines().count();
            let is_input = is_input(&path);
            if !is_input && lines > limit && !LONG_FILES.iter().any(|(long, _)| *long == path) {
                complaints.push(format!("{path} has {lines} lines, more than {limit}"));
            }
            if !is_input && !text.starts_with("//!") {
                complaints.push(format!("{path} does not begin by saying what it is"));
            }
        }
    }
    none("files", complaints);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut complaints = Vec::new();
    let all = rust_files(&["kernels", "macros", "runtime", "examples", "tests"]);
    for path in all.into_iter().filter(|path| !is_input(path)) {
        for (name, number, lines) in functions(&code(&read(&path))) {
            if lines > 60 && !LONG_FUNCTIONS.iter().any(|(p, n, _)| *p == path && *n == name) {
                complaints.push(format!("{path}:{number}: `{name}` has {lines} lines"));
            }
        }
    }
    none("functions", complaints);
}

#[test]
fn nothing_is_left_undone() {
    let mut complaints = Vec::new();
    for path in rust_files(&["kernels", "macros", "runtime", "examples", "tests"]) {
        let blanked = code(&read(&path));
        for word in ["todo!", "unimplemented!", "dbg!", "#[ignore"] {
            for (at, _) in blanked.match_indices(word) {
                complaints.push(format!("{path}:{}: {word}", line(&blanked, at)));
            }
        }
    }
    none("unfinished", complaints);
}

#[test]
fn passes_ask_the_table() {
    let mut complaints = Vec::new();
    for path in rust_files(&["kernels/src/opt", "kernels/src/fuse", "kernels/src/ad"]) {
        let text = read(&path);
        let blanked = code(&text);
        for at in decisions::on_operations(&blanked) {
            let number = line(&blanked, at);
            complaints
                .push(format!("{path}:{number}: {}", text.lines().nth(number - 1).unwrap_or("").trim()));
        }
    }
    none("a pass names an operation in order to decide something; ask its `OpDef`", complaints);
}

#[test]
fn generated_code_names_absolute_paths() {
    let mut complaints = Vec::new();
    for path in files("macros/src").into_iter().filter(|f| f.contains("/snapshots/") && f.ends_with(".rs")) {
        let blanked = code(&read(&path));
        // what comes before the companion is the user's own; without one the file is a test's input
        let generated = blanked.find("enum ").unwrap_or(blanked.len());
        for root in ["std", "core", "alloc", "pullback", "nalgebra"] {
            let relative =
                |&at: &usize| blanked[at + root.len()..].starts_with("::") && !blanked[..at].ends_with("::");
            for at in words(&blanked, root).filter(|&at| at > generated).filter(relative) {
                complaints.push(format!("{path}:{}: {root}", line(&blanked, at)));
            }
        }
    }
    none("generated code names absolute paths", complaints);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let private =
        [concat!("/wo", "rk/"), concat!("/tm", "p/h"), concat!("..", "/shared"), concat!("far", "m-")];
    let mut complaints = Vec::new();
    for path in files("") {
        // pictures and the like are no text
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        for word in private.iter().filter(|word| text.contains(*word)) {
            complaints.push(format!("{path}: {word}"));
        }
    }
    none("names of a workplace", complaints);
}

#[test]
fn examples_are_built_and_listed() {
    let manifest = read("examples/Cargo.toml");
    let readme = read("README.md");
    let mut complaints = Vec::new();
    for path in rust_files(&["examples"]) {
        let name = path.trim_start_matches("examples/").trim_end_matches(".rs");
        if name == "lib" || name.contains('/') {
            continue;
        }
        if !manifest.contains(&format!("path = \"{name}.rs\"")) {
            complaints.push(format!("{name} is not in examples/Cargo.toml"));
        }
        if !readme.contains(&format!("[`{name}`](examples/{name}.rs)")) {
            complaints.push(format!("{name} is not in README.md"));
        }
        if !(30..=120).contains(&read(&path).lines().count()) {
            complaints.push(format!("{name} does not have 30 to 120 lines"));
        }
    }
    none("examples", complaints);
}

#[test]
fn readme_begins_with_the_two_commands() {
    let readme = read("README.md");
    let first = readme.split("```").nth(1).expect("README.md has a block of code");
    let commands: Vec<&str> = first.lines().skip(1).collect();
    assert_eq!(commands, ["cargo run --release --example sine_autograd", "cargo test --workspace"]);
    assert!(
        read(".ci/run").lines().any(|l| l.ends_with(commands[1])),
        ".ci/run runs the README's test command"
    );
}

#[test]
fn documents_name_files_that_exist() {
    let mut complaints = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "tests/reference/README.md"] {
        let text = read(document);
        let quoted = text.split('`').skip(1).step_by(2);
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for path in quoted.chain(linked).filter(|p| is_path(p)).flat_map(alternatives) {
            let roots = ["", "kernels/src/", "macros/src/", "runtime/src/", "tests/", "tests/reference/"];
            let exists =
                |r: &&str| ["", ".rs"].iter().any(|ext| root().join(format!("{r}{path}{ext}")).exists());
            if !roots.iter().any(exists) {
                complaints.push(format!("{document}: {path}"));
            }
        }
    }
    none("documents name files that are not there", complaints);
}

/// Whether a piece of a document looks like the path of a file or folder here.
fn is_path(piece: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.{,}".contains(c);
    piece.contains('/')
        && piece.chars().all(plain)
        && !piece.starts_with('/')
        && !piece.starts_with("target/")
}

/// `opt/{fold,cse}` is two paths.
fn alternatives(path: &str) -> Vec<String> {
    match (path.find('{'), path.find('}')) {
        (Some(open), Some(close)) if open < close => path[open + 1..close]
            .split(',')
            .map(|one| format!("{}{one}{}", &path[..open], &path[close + 1..]))
            .collect(),
        _ => vec![path.to_string()],
    }
}
