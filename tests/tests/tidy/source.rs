//! Reads the repository's files; blanks out what is not Rust code in them.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The paths of all files below a folder, from the root, sorted; build outputs and git's own left out.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry of a folder").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != ".git" {
                folders.push(path);
            } else if path.is_file() && name != ".git" {
                found.push(path.strip_prefix(root()).expect("below the root").display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// The Rust files below some folders.
pub(crate) fn rust_files(folders: &[&str]) -> Vec<String> {
    folders.iter().flat_map(|f| files(f)).filter(|f| f.ends_with(".rs")).collect()
}

/// Rust source with the contents of comments, strings and character literals replaced by spaces; lines stay lines, and
/// bytes keep their places.
pub(crate) fn code(source: &str) -> String {
    let mut out = source.as_bytes().to_vec();
    let mut at = 0;
    while at < source.len() {
        let end = at + span(&source[at..], at > 0 && is_word(out[at - 1]));
        if let Some((from, to)) = blank(&source[at..end]) {
            out[at + from..at + to].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        }
        at = end;
    }
    String::from_utf8(out).expect("whole comments, strings and characters are blanked")
}

/// The length of the comment, string, character literal, lifetime or single character that `rest` starts with.
fn span(rest: &str, in_word: bool) -> usize {
    let whole = rest.len();
    let first = rest.chars().next().map_or(1, char::len_utf8);
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(whole);
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') || !in_word && rest.starts_with("b\"") {
        return string(rest);
    }
    if !in_word && let Some(hashes) = raw_hashes(rest) {
        let close = format!("\"{}", "#".repeat(hashes));
        let open = rest.find('"').expect("a raw string has a quote") + 1;
        return rest[open..].find(&close).map_or(whole, |end| open + end + close.len());
    }
    if rest.starts_with('\'') { character(rest) } else { first }
}

/// What of such a span is to be blanked.
fn blank(span: &str) -> Option<(usize, usize)> {
    if span.starts_with("//") || span.starts_with("/*") {
        return Some((0, span.len()));
    }
    let open = span.find(['"', '\''])?;
    let quote = &span[open..=open];
    let close = span.rfind(quote)?;
    (close > open).then_some((open + 1, close))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut at = rest.find('"').expect("a string has a quote") + 1;
    let bytes = rest.as_bytes();
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The number of `#` of the raw string that `rest` starts with, if it does.
fn raw_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// A character literal, or the quote alone of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3.min(rest.len())..].find('\'').map_or(1, |end| end + 4),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1),
        None => 1,
    }
}

/// The functions of blanked source: name, line of `fn`, and how many lines from there to the closing brace.
pub(crate) fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if at > 0 && is_word(bytes[at - 1]) {
            continue;
        }
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = body(code, at).filter(|_| !name.is_empty()) else { continue };
        let lines = code[at..closing_brace(code, open)].matches('\n').count() + 1;
        found.push((name, line(code, at), lines));
    }
    found
}

/// The place of the brace that opens the body of the function at `at`, if it has one.
fn body(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    None
}

/// The place of the brace that closes the one at `open`.
fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
}

/// The number of the line on which byte `at` lies, from 1.
pub(crate) fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The places of a whole word in blanked source.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let end = at + word.len();
        (at == 0 || !is_word(bytes[at - 1])) && bytes.get(end).is_none_or(|b| !is_word(*b))
    })
}

#[test]
fn comments_strings_and_characters_are_blanked() {
    let cases = [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        (r#"f("unsafe \" {", x)"#, r#"f("           ", x)"#),
        ("r#\"a\"b\"# + br\"c\"", "r#\"   \"# + br\" \""),
        ("'{' '\\'' '\\u{7d}' b'}'", "' ' '  ' '      ' b' '"),
        ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
        ("for_r\"x\"", "for_r\" \""),
        ("\"ü\" + 'ü'", "\"  \" + '  '"),
    ];
    for (source, expected) in cases {
        assert_eq!(code(source), expected, "{source}");
    }
}

#[test]
fn functions_are_measured() {
    let source = "fn a() {\n}\nimpl T { pub fn b(&self) -> [u8; 2] {\n if x {\n }\n } }\ntrait U { fn c(); }\nf(fn (u8));";
    assert_eq!(functions(&code(source)), [("a".to_string(), 1, 2), ("b".to_string(), 3, 4)]);
}
