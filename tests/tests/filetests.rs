//! Runs `ir/**/*.ir`, save `ir/derivatives`, whose functions other tests take. A file holds sections:
//!
//! ```text
//! // test: COMMAND
//! // args: 2.0, [1.0, 2.0]        (any number; the entry function is evaluated with each)
//! input
//! // ==>
//! expected output
//! ```
//!
//! Commands: `round-trip`, `parse-error`, `verify-error`, `eval`, `pass NAME` and `pipeline STEP | STEP ..`, where a
//! step is the name of a pass, `optimize`, `finish`, `inline`, `inline all`, `vjp wrt 0, 1`, `jvp wrt 0` or `value_and_grad wrt 0`. Passes are verified before and after; with
//! `args`, a `pass` must leave the interpreter's result as it was. `BLESS=1` writes the expected outputs anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use pullback_kernels::ir::{Datum, Func, Module, eval_limited, parse, verify};
use pullback_kernels::{ad, opt};
use pullback_tests::args::parse_args;
use pullback_tests::close::results_differ;

#[test]
fn files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ir");
    let mut paths = Vec::new();
    find(&root, &mut paths);
    assert!(paths.len() > 5, "where are the files?");
    let bless = env::var_os("BLESS").is_some();
    let mut failures = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).expect("a file that was just listed");
        let name = path.strip_prefix(&root).expect("below the root").display().to_string();
        let sections = split(&name, &text);
        let outputs: Vec<String> = sections.iter().map(|s| s.run()).collect();
        if bless {
            let anew: String = sections.iter().zip(&outputs).map(|(s, o)| s.with_output(o)).collect();
            fs::write(path, anew).expect("a file that can be written");
        }
        for (section, output) in sections.iter().zip(&outputs) {
            if (section.expected.trim() != output.trim() && !bless) || output.starts_with("FAILED") {
                failures.push(format!(
                    "--- {name}:{}: {}\nexpected:\n{}\nfound:\n{output}",
                    section.line, section.command, section.expected
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_pass_has_a_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ir/passes");
    for name in opt::PASSES.iter().map(|(n, _)| *n).chain(["inline", "optimize", "finish"]) {
        let text = fs::read_to_string(folder.join(name).with_extension("ir")).unwrap_or_default();
        let command = format!("// test: pass {name}\n// every instruction\n");
        assert!(text.contains(&command), "tests/ir/passes/{name}.ir has no section of every instruction");
    }
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.ends_with("ir/derivatives") {
            continue;
        }
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|e| e == "ir") {
            paths.push(path);
        }
    }
}

/// One test in a file.
struct Section {
    line: usize,
    command: String,
    /// The command's line, the arguments' lines and the input, as they stand in the file.
    head: String,
    args: Vec<String>,
    input: String,
    expected: String,
}

fn split(name: &str, text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut in_output = false;
    for (i, line) in text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("// test:") {
            in_output = false;
            sections.push(Section {
                line: i + 1,
                command: command.trim().to_string(),
                head: String::new(),
                args: Vec::new(),
                input: String::new(),
                expected: String::new(),
            });
        }
        let section = sections.last_mut().unwrap_or_else(|| panic!("{name} does not begin with `// test:`"));
        if line.trim() == "// ==>" {
            in_output = true;
            continue;
        }
        if in_output {
            section.expected += &format!("{line}\n");
            continue;
        }
        section.head += &format!("{line}\n");
        match line.strip_prefix("// args:") {
            Some(args) => section.args.push(args.trim().to_string()),
            None => section.input += &format!("{line}\n"),
        }
    }
    sections
}

impl Section {
    fn with_output(&self, output: &str) -> String {
        format!("{}// ==>\n{}\n\n", self.head, output.trim_end())
    }

    fn run(&self) -> String {
        self.try_run().unwrap_or_else(|message| format!("FAILED: {message}"))
    }

    fn try_run(&self) -> Result<String, String> {
        let (command, rest) = self.command.split_once(' ').unwrap_or((&self.command, ""));
        if command == "parse-error" {
            return match parse(&self.input) {
                Ok(_) => Err("it parses".into()),
                // lines count from the beginning of the section
                Err(e) => Ok(e.to_string()),
            };
        }
        let module = parse(&self.input)
            .map_err(|e| format!("line {} of the file: {}", self.line + e.line - 1, e.message))?;
        if command == "verify-error" {
            let found = verify(&module).err().ok_or("it verifies")?;
            return Ok(found.iter().fold(String::new(), |all, v| all + &format!("{v}\n")));
        }
        check(&module, "the input")?;
        match command {
            "round-trip" => {
                let text = module.to_string();
                let again =
                    parse(&text).map_err(|e| format!("what was printed does not parse: {e}"))?.to_string();
                if text == again { Ok(text) } else { Err(format!("printed again:\n{again}")) }
            }
            "eval" => self.eval(&module),
            "pass" => self.pass(&module, rest),
            "pipeline" => self.pipeline(&module, rest),
            _ => Err(format!("no such command: {command}")),
        }
    }

    fn results(&self, module: &Module) -> Result<Vec<Result<Vec<Datum>, String>>, String> {
        let mut all = Vec::new();
        for args in &self.args {
            let args = parse_args(module.entry(), args)?;
            all.push(eval_limited(module, &module.entry().name, &args, 1_000_000).map_err(|e| e.to_string()));
        }
        Ok(all)
    }

    fn eval(&self, module: &Module) -> Result<String, String> {
        let mut text = String::new();
        for result in self.results(module)? {
            match result {
                Ok(data) => {
                    let data: Vec<String> = data.iter().map(Datum::to_string).collect();
                    writeln!(text, "{}", data.join(", ")).expect("a String takes everything");
                }
                Err(message) => writeln!(text, "error: {message}").expect("a String takes everything"),
            }
        }
        Ok(text)
    }

    fn pass(&self, module: &Module, name: &str) -> Result<String, String> {
        let mut changed = module.clone();
        step(&mut changed, name)?;
        check(&changed, "the result")?;
        for (before, after) in self.results(module)?.iter().zip(self.results(&changed)?) {
            if let Some(message) = results_differ(before, &after, 1e-12) {
                return Err(format!("the pass changes the result: {message}\n{changed}"));
            }
        }
        Ok(changed.to_string())
    }

    /// Prints the last function only: the others stand in the input.
    fn pipeline(&self, module: &Module, steps: &str) -> Result<String, String> {
        let mut module = module.clone();
        for name in steps.split('|') {
            step(&mut module, name.trim())?;
            check(&module, name)?;
        }
        let mut text = module.entry().to_string();
        for line in self.eval(&module)?.lines() {
            writeln!(text, "// eval: {line}").expect("a String takes everything");
        }
        Ok(text)
    }
}

fn check(module: &Module, what: &str) -> Result<(), String> {
    let Err(found) = verify(module) else { return Ok(()) };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    Err(format!("{what} does not verify:\n{}\n{module}", found.join("\n")))
}

/// Applies a pass to every function with code, or puts the derivative of the entry behind it.
fn step(module: &mut Module, name: &str) -> Result<(), String> {
    let (word, rest) = name.split_once(' ').unwrap_or((name, ""));
    let name = module.entry().name.clone();
    match word {
        "inline" => {
            let mut entry = module.entry().clone();
            opt::inline(module, &mut entry, rest != "all");
            *module.funcs.last_mut().expect("an entry") = entry;
        }
        "vjp" => derive(module, ad::vjp(module, &name, &positions(rest)?))?,
        "jvp" => derive(module, ad::jvp(module, &name, &positions(rest)?))?,
        "value_and_grad" => derive(module, ad::value_and_grad(module, &name, &positions(rest)?))?,
        "optimize" => each(module, opt::optimize),
        "finish" => each(module, opt::finish),
        word => {
            let found = opt::PASSES.iter().find(|(n, _)| *n == word);
            each(module, found.ok_or_else(|| format!("no such pass: {word}"))?.1);
        }
    }
    Ok(())
}

fn each(module: &mut Module, pass: fn(&mut Func)) {
    module.funcs.iter_mut().filter(|f| f.external.is_none()).for_each(pass);
}

fn derive(module: &mut Module, derivative: Result<Func, ad::AdError>) -> Result<(), String> {
    module.funcs.push(derivative.map_err(|e| e.message)?);
    Ok(())
}

/// `wrt 0, 2`
fn positions(text: &str) -> Result<Vec<usize>, String> {
    let list = text.trim().strip_prefix("wrt").ok_or("expected `wrt 0, 1`")?;
    list.split(',').map(|n| n.trim().parse().map_err(|_| format!("`{n}` is no position"))).collect()
}
