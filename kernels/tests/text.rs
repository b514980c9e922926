//! The text form: what is printed reads back to the same text, and no text makes the parser panic.

use pullback_kernels::ir::parse;

/// Every construct of the text form, as it prints.
const ALL: &str = include_str!("all.ir");

#[test]
fn printing_what_was_read_gives_the_same_text() {
    let module = parse(ALL).unwrap();
    assert_eq!(module.to_string(), ALL);
}

#[test]
fn literals_read_back_to_the_same_bits() {
    let floats =
        [0x7ff8_0000_0000_0001u64, 0xfff8_0000_0000_0000, 1, 0x8000_0000_0000_0000, 0x3fb9_9999_9999_999a];
    for bits in floats {
        let lit = pullback_kernels::ir::Lit::F64(f64::from_bits(bits));
        let text = format!("fn @f() -> f64 {{ %x = const {lit}: f64 return %x }}");
        let module = parse(&text).unwrap();
        let pullback_kernels::ir::Kind::Const(read) = module.entry().body.insts[0].kind else {
            panic!("{text}")
        };
        assert_eq!(read, lit);
    }
}

#[test]
fn truncated_and_mutated_texts_are_errors_or_modules_but_never_panics() {
    let chars: Vec<char> = ALL.chars().collect();
    let mut refused = 0;
    for end in 0..chars.len() {
        let text: String = chars[..end].iter().collect();
        refused += parse(&text).is_err() as usize;
    }
    assert!(refused > chars.len() / 2);
    let replacements = ['%', '@', '{', '}', '(', ',', '"', '\\', '-', '9', 'é', ' ', '['];
    let mut state = 7u64;
    for _ in 0..4000 {
        let mut text = chars.clone();
        for _ in 0..2 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (at, with) =
                ((state >> 33) as usize % text.len(), (state >> 20) as usize % (replacements.len() + 1));
            match replacements.get(with) {
                Some(&c) => text[at] = c,
                None => drop(text.remove(at)),
            }
        }
        if let Ok(module) = parse(&text.iter().collect::<String>()) {
            parse(&module.to_string()).expect("what prints reads back");
        }
    }
}

#[test]
fn errors_name_the_line_and_what_was_expected() {
    let cases = [
        ("fn @f() -> () {\n  %x = nothing %y\n}", 2, "expected an instruction, found `nothing`"),
        ("fn @f() -> f64 {\n  return %x\n}", 2, "%x is not defined"),
        ("fn @f(%x f64) -> () { return }", 1, "expected `:`, found `f64`"),
        ("fn @f() -> () { return", 1, "expected `}`, found the end of the text"),
        ("fn @f() -> () { \"abc", 1, "a string without end"),
        ("\n\nrule @f = @g wrt 0", 3, "a rule for @f, which is not defined above it"),
        ("fn @f(%x: f64) -> f64 { %x = add %x, %x return %x }", 1, "%x is defined twice"),
        ("fn @f(%x: f64) -> i64 { return %x }", 1, "@f returns values of other types than it declares"),
        ("fn @f(%x: f64) -> f64 { %y, %z = add %x, %x return %x }", 1, "2 names for 1 results"),
        ("fn @f(%x: f64) -> f64 { %y = call @g(%x) return %y }", 1, "@g is not defined above its call"),
    ];
    for (text, line, message) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!((error.line, error.message.as_str()), (line, message), "{text}");
    }
    let deep = format!("fn @f(%c: bool) -> () {{ {}", "if %c { ".repeat(100_000));
    assert_eq!(parse(&deep).unwrap_err().message, "blocks are nested too deep");
}
