//! What the tests of passes share.

use crate::ir::{Func, Module, parse, verify_func};

fn module(text: &str) -> Module {
    parse(text).unwrap_or_else(|e| panic!("line {}: {}\n{text}", e.line, e.message))
}

/// The entry of a module in text form.
pub(crate) fn func(text: &str) -> Func {
    module(text).entry().clone()
}

/// Text in which only the order of definitions, names, and code count.
fn canonical(mut f: Func) -> String {
    super::compact::run(&mut f);
    f.to_string()
}

/// Runs a pass on `before` and compares what it prints with `after`.
#[track_caller]
pub(crate) fn becomes(pass: impl Fn(&mut Func), before: &str, after: &str) {
    let mut f = func(before);
    let module = module(before);
    pass(&mut f);
    if let Err(violations) = verify_func(&module, &f) {
        panic!("{violations:?}\n{f}");
    }
    let (got, want) = (canonical(f), canonical(func(after)));
    assert!(got == want, "got\n{got}\nwant\n{want}");
}
