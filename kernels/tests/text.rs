//! The text form: what is printed reads back to the same text, and no text makes the parser panic.

use pullback_kernels::ir::{parse, verify};
use pullback_kernels::opt::optimize;

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

/// The next number of a sequence, below `n`.
fn below(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize % n
}

/// Whether it parses; then it must print and parse again, and if it verifies, the passes must keep it so.
fn digest(text: &str) -> (bool, bool) {
    let Ok(mut module) = parse(text) else { return (false, false) };
    parse(&module.to_string()).expect("what prints reads back");
    let sound = verify(&module).is_ok();
    if sound && module.funcs.last().is_some_and(|f| f.external.is_none()) {
        optimize(module.funcs.last_mut().expect("an entry"));
        verify(&module).expect("passes return what verifies");
    }
    (true, sound)
}

#[test]
fn truncated_texts_do_not_panic() {
    let ends = ALL.char_indices().map(|(i, _)| i).filter(|i| i % 2 == 0);
    let parsed = ends.clone().filter(|&end| digest(&ALL[..end]).0).count();
    assert!(parsed > 5 && parsed < ends.count() / 2);
}

#[test]
fn texts_with_other_characters_do_not_panic() {
    let chars: Vec<char> = ALL.chars().collect();
    let replacements = ['%', '@', '{', '}', '(', ',', '"', '\\', '-', '9', 'é', ' ', '['];
    let (mut state, mut refused) = (7, 0);
    for _ in 0..800 {
        let mut text = chars.clone();
        let (at, with) = (below(&mut state, text.len()), below(&mut state, replacements.len() + 1));
        match replacements.get(with) {
            Some(&c) => text[at] = c,
            None => drop(text.remove(at)),
        }
        refused += !digest(&text.into_iter().collect::<String>()).0 as usize;
    }
    assert!(refused > 150, "only {refused} refused");
}

#[test]
fn texts_with_other_names_do_not_panic() {
    let pieces: Vec<&str> = ALL.split_inclusive([' ', ',', ')', '[', ']', '\n']).collect();
    let names: Vec<usize> = (0..pieces.len()).filter(|&i| pieces[i].starts_with('%')).collect();
    let stem = |piece: &str| piece.trim_end_matches([' ', ',', ')', '[', ']', ':', '\n']).len();
    let (mut state, mut parsed, mut sound) = (7, 0, 0);
    for _ in 0..1000 {
        let [to, from] = [0; 2].map(|_| names[below(&mut state, names.len())]);
        let other = format!("{}{}", &pieces[from][..stem(pieces[from])], &pieces[to][stem(pieces[to])..]);
        let mut text = pieces.clone();
        text[to] = &other;
        let (parses, verifies) = digest(&text.concat());
        parsed += parses as usize;
        sound += verifies as usize;
    }
    assert!(parsed > 100 && sound > 25, "{parsed} parse, {sound} verify");
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
