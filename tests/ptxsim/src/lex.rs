//! PTX text to tokens.

/// A token and its line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: u32,
}

/// Words (names, registers, directives, opcodes with their modifiers, numbers) and single punctuation marks.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let (mut at, mut line, mut found) = (0, 1, Vec::new());
    while at < bytes.len() {
        let rest = &source[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |n| n + 2)
        } else if bytes[at].is_ascii_whitespace() {
            1
        } else {
            let n = word_length(&bytes[at..]);
            found.push(Token { text: &rest[..n], line });
            n
        };
        line += rest[..length].matches('\n').count() as u32;
        at += length;
    }
    found
}

fn word_length(bytes: &[u8]) -> usize {
    let word = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'$' | b'%' | b'.');
    let sign = bytes[0] == b'-' && bytes.get(1).is_some_and(u8::is_ascii_digit);
    if !word(bytes[0]) && !sign {
        // A character that is not ASCII is skipped as a whole; the parser refuses it.
        return 1 + bytes[1..].iter().take_while(|&&c| c & 0xc0 == 0x80).count();
    }
    1 + bytes[1..].iter().take_while(|&&c| word(c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_words_and_marks_and_skips_comments() {
        let all = tokens("add.rn.f32 %f0,%f1, -2; /* a\nb */ [%rd1+4] // c\nL1:");
        let texts: Vec<&str> = all.iter().map(|t| t.text).collect();
        assert_eq!(
            texts,
            ["add.rn.f32", "%f0", ",", "%f1", ",", "-2", ";", "[", "%rd1", "+", "4", "]", "L1", ":"]
        );
        assert_eq!((all[0].line, all[7].line, all[12].line), (1, 2, 3));
    }
}
