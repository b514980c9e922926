//! Tokens of the text form.

use super::ParseError;
use super::print::is_name_char;

/// One token.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    /// `%name`, without the sign.
    Value(String),
    /// `@name`, without the sign.
    Func(String),
    /// A keyword, the name of an operation or type, or a number.
    Word(String),
    /// A string, unescaped.
    Text(String),
    /// One of `( ) { } [ ] , : = <`, or `>` for an arrow.
    Sign(char),
    /// After the last one.
    End,
}

impl Token {
    /// As it is named in messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Value(n) => format!("`%{n}`"),
            Token::Func(n) => format!("`@{n}`"),
            Token::Word(w) => format!("`{w}`"),
            Token::Text(t) => format!("the string {t:?}"),
            Token::Sign('>') => "`->`".into(),
            Token::Sign(c) => format!("`{c}`"),
            Token::End => "the end of the text".into(),
        }
    }
}

/// The tokens of a text with their lines; the last is [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<(Token, usize)>, ParseError> {
    let mut lexer = Lexer { rest: text, line: 1 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let line = lexer.line;
        let token = lexer.token()?;
        let end = token == Token::End;
        tokens.push((token, line));
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Lexer<'t> {
    fn error<T>(&self, message: String) -> Result<T, ParseError> {
        Err(ParseError { line: self.line, message })
    }

    /// Takes the longest prefix of characters that `f` accepts.
    fn take(&mut self, f: impl FnMut(char) -> bool) -> &'t str {
        let end = self.rest.len() - self.rest.trim_start_matches(f).len();
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.line += taken.matches('\n').count();
        taken
    }

    fn skip_blank(&mut self) {
        loop {
            self.take(char::is_whitespace);
            if !self.rest.starts_with("//") {
                return;
            }
            self.take(|c| c != '\n');
        }
    }

    fn token(&mut self) -> Result<Token, ParseError> {
        let Some(c) = self.rest.chars().next() else { return Ok(Token::End) };
        if let Some(rest) = self.rest.strip_prefix("->") {
            self.rest = rest;
            return Ok(Token::Sign('>'));
        }
        match c {
            '%' | '@' => self.name(c),
            '"' => self.string(),
            '-' | '_' => self.word(),
            c if c.is_alphanumeric() => self.word(),
            '(' | ')' | '{' | '}' | '[' | ']' | ',' | ':' | '=' | '<' => {
                self.rest = &self.rest[1..];
                Ok(Token::Sign(c))
            }
            c => self.error(format!("unexpected character {c:?}")),
        }
    }

    fn name(&mut self, sign: char) -> Result<Token, ParseError> {
        self.rest = &self.rest[1..];
        let name = if sign == '%' {
            self.take(is_name_char)
        } else {
            // `@a::b` is one name
            let all = self.rest;
            while !self.take(is_name_char).is_empty() && self.rest.starts_with("::") {
                self.rest = &self.rest[2..];
            }
            &all[..all.len() - self.rest.len()]
        };
        match (name, sign) {
            ("", _) => self.error(format!("expected a name after `{sign}`")),
            (name, '%') => Ok(Token::Value(name.into())),
            (name, _) => Ok(Token::Func(name.into())),
        }
    }

    /// A word, or a number with its signs.
    fn word(&mut self) -> Result<Token, ParseError> {
        let numeric = self.rest.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let mut last = ' ';
        let word = self.take(|c| {
            let sign =
                c == '-' && last == ' ' || (c == '-' || c == '+') && numeric && matches!(last, 'e' | 'E');
            last = c;
            sign || is_name_char(c)
        });
        if word == "-" { self.error("unexpected character '-'".into()) } else { Ok(Token::Word(word.into())) }
    }

    fn string(&mut self) -> Result<Token, ParseError> {
        self.rest = &self.rest[1..];
        let mut text = String::new();
        loop {
            text.push_str(self.take(|c| c != '"' && c != '\\'));
            let Some(c) = self.rest.chars().next() else { return self.error("a string without end".into()) };
            self.rest = &self.rest[1..];
            if c == '"' {
                return Ok(Token::Text(text));
            }
            text.push(self.escape()?);
        }
    }

    /// The character that stands after a backslash.
    fn escape(&mut self) -> Result<char, ParseError> {
        let Some(c) = self.rest.chars().next() else { return self.error("a string without end".into()) };
        self.rest = &self.rest[c.len_utf8()..];
        match c {
            '"' | '\\' => Ok(c),
            'n' => Ok('\n'),
            'u' => {
                let code = self.take(|c| c == '{' || c.is_ascii_hexdigit());
                let value = code
                    .strip_prefix('{')
                    .and_then(|h| u32::from_str_radix(h, 16).ok())
                    .and_then(char::from_u32);
                match (value, self.rest.strip_prefix('}')) {
                    (Some(c), Some(rest)) => {
                        self.rest = rest;
                        Ok(c)
                    }
                    _ => self.error("expected `\\u{..}`".into()),
                }
            }
            c => self.error(format!("unknown escape `\\{c}`")),
        }
    }
}
