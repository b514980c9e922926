//! Finds code that names an operation in order to decide something: comparisons and patterns.

/// The places in blanked source where an operation is compared with or matched on; tests at the end are left out.
pub(crate) fn on_operations(code: &str) -> Vec<usize> {
    let code = &code[..code.find("#[cfg(test)]").unwrap_or(code.len())];
    let places = code.match_indices("Op::").map(|(at, _)| at);
    places.filter(|&at| is_whole(code, at) && decides(code, at)).collect()
}

fn is_whole(code: &str, at: usize) -> bool {
    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Whether the `Op::Name` at `at` is compared with, or stands in a pattern.
fn decides(code: &str, at: usize) -> bool {
    let before = code[..at].trim_end_matches("ops::").trim_end_matches("crate::").trim_end();
    let after = code[at + 4..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').trim_start();
    // functions of the type, such as `Op::from_name(..)` and `Op::all()`, name no operation
    let names_one = code[at + 4..].starts_with(|c: char| c.is_ascii_uppercase() || c == '*');
    let compared = |text: &str, at: fn(&str, &str) -> bool| ["==", "!="].iter().any(|op| at(text, op));
    names_one
        && (compared(before, |t, op| t.ends_with(op))
            || compared(after, |t, op| t.starts_with(op))
            || before.ends_with("contains(&")
            || after.starts_with('|') && !after.starts_with("||")
            || after.starts_with('*')
            || code[at + 4..].starts_with('*')
            || in_matches(before)
            || in_let(before, after)
            || in_arm(after))
}

/// `matches!(inst, Inst::Scalar(Op::Add, _)`: inside the parentheses of a `matches!`.
fn in_matches(before: &str) -> bool {
    before.rfind("matches!(").is_some_and(|open| {
        let inside = &before[open + "matches!(".len()..];
        inside.matches('(').count() >= inside.matches(')').count() && !inside.contains(';')
    })
}

/// `if let Inst::Scalar(Op::Add, _) = inst`: between a `let` and its `=`.
fn in_let(before: &str, after: &str) -> bool {
    let statement = before.rsplit([';', '{', '}']).next().unwrap_or(before);
    let in_pattern = statement.rfind("let ").is_some_and(|at| !statement[at..].contains('='));
    in_pattern && after.split([';', '{', '}']).next().is_some_and(|rest| rest.contains('='))
}

/// `Inst::Scalar(Op::Add, _) =>`: an arrow follows the parentheses around it, and no comma comes between, which would
/// end the arm before.
fn in_arm(after: &str) -> bool {
    let rest = after.split([';', '{', '}']).next().unwrap_or(after);
    let Some(arrow) = rest.find("=>") else { return false };
    let mut depth = 0;
    let mut lowest = 0;
    let mut comma_at_lowest = false;
    for c in rest[..arrow].chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == lowest => comma_at_lowest = true,
            _ => {}
        }
        if depth < lowest {
            (lowest, comma_at_lowest) = (depth, false);
        }
    }
    !comma_at_lowest
}

#[test]
fn decisions_are_found() {
    let deciding = [
        "if op == Op::Add {",
        "if Op::Add != op {",
        "match op { Op::Add => 1, _ => 2 }",
        "match op { Op::Add | Op::Mul => 1, _ => 2 }",
        "match inst { Inst::Scalar(Op::Add, args) => 1 }",
        "match (inst, n) { (Inst::Scalar(crate::ops::Op::Add, args), 2) if n > 1 => 1 }",
        "matches!(op, Op::Add)",
        "if let Inst::Scalar(Op::Add, args) = inst {",
        "if let (Inst::Scalar(Op::Add), b) = inst {",
        "[Op::Add, Op::Mul].contains(&op) || ops.contains(&Op::Sub)",
        "use crate::ops::Op::*;",
    ];
    for text in deciding {
        assert!(!on_operations(text).is_empty(), "{text}");
    }
}

#[test]
fn building_code_is_no_decision() {
    let building = [
        "let y = b.scalar(Op::Add, &[x, y]);",
        "match x { A => b.scalar(Op::Add, &[x]), B => 2 }",
        "match x { A => f(b.scalar(Op::Add), 1), B => 2 }",
        "match x { A => Op::Add, B => Op::Mul }",
        "match x { A => { b.scalar(Op::Add) } B => 2 }",
        "let op = if up { Op::Add } else { Op::Sub };",
        "match op.def().name { n => Op::from_name(n) }",
        "if MyOp::Add == x {",
        "let a = 1; #[cfg(test)] mod tests { assert!(op == Op::Add) }",
    ];
    for text in building {
        assert_eq!(on_operations(text), [], "{text}");
    }
}
