//! The words and signs of a condition's text.

use crate::error::Fault;

/// A word, a value or a sign, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Token<'t> {
    pub(crate) what: What<'t>,
    /// Its first byte.
    pub(crate) at: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What<'t> {
    Word(&'t str),
    Text(String),
    /// Without its sign.
    Int(u64),
    Double(f64),
    Sign(&'static str),
    End,
}

impl What<'_> {
    /// As it is called in an error.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Word(word) => format!("`{}`", shortened(word)),
            Self::Text(text) => format!("the text \"{}\"", shortened(text)),
            Self::Int(number) => format!("the number {number}"),
            Self::Double(number) => format!("the number {number}"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".into(),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(30) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 23] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "%",
    "?", ":", "=",
];

/// Splits a text into tokens; the last is always [`What::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found = Vec::new();
    loop {
        lexer.skip_space();
        let at = lexer.at;
        let what = lexer.next()?;
        let last = what == What::End;
        found.push(Token { what, at });
        if last {
            return Ok(found);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes as long as `fits`.
    fn run(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Spaces, and comments from `//` to the end of their line.
    fn skip_space(&mut self) {
        loop {
            self.run(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
            if !self.rest().starts_with("//") {
                return;
            }
            self.run(|c| c != '\n');
        }
    }

    fn next(&mut self) -> Result<What<'t>, Fault> {
        let at = self.at;
        let Some(first) = self.peek() else { return Ok(What::End) };
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(What::Word(self.run(|c| c.is_ascii_alphanumeric() || c == '_')));
        }
        let fraction = first == '.' && self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        if first.is_ascii_digit() || fraction {
            return self.number();
        }
        if matches!(first, '"' | '\'') {
            self.take();
            return self.quoted(at, first).map(What::Text);
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) {
            self.at += sign.len();
            return if sign == "=" {
                Err(Fault::new(at, "`=` is not an operator: equal is `==`"))
            } else {
                Ok(What::Sign(sign))
            };
        }
        Err(match first {
            '&' => Fault::new(at, "`&` is not an operator: and is `&&`"),
            '|' => Fault::new(at, "`|` is not an operator: or is `||`"),
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' | '`' => {
                Fault::new(at, format!("`{first}` does not begin a text: use straight quotes, \"like this\""))
            }
            other => Fault::new(at, format!("`{}` means nothing here", other.escape_debug())),
        })
    }

    fn number(&mut self) -> Result<What<'t>, Fault> {
        let at = self.at;
        let rest = self.rest();
        let what = if rest.starts_with("0x") || rest.starts_with("0X") {
            self.at += 2;
            let digits = self.run(|c| c.is_ascii_hexdigit());
            u64::from_str_radix(digits, 16).ok().map(What::Int)
        } else {
            self.run(|c| c.is_ascii_digit());
            let mut whole = true;
            // `1.size` is not a number with a fraction.
            if self.peek() == Some('.') && self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
                whole = false;
                self.take();
                self.run(|c| c.is_ascii_digit());
            }
            if matches!(self.peek(), Some('e' | 'E')) {
                whole = false;
                self.take();
                if matches!(self.peek(), Some('+' | '-')) {
                    self.take();
                }
                self.run(|c| c.is_ascii_digit());
            }
            let written = self.text.get(at..self.at).unwrap_or_default();
            if whole {
                written.parse().ok().map(What::Int)
            } else {
                written.parse().ok().filter(|number: &f64| number.is_finite()).map(What::Double)
            }
        };
        let tail = self.run(|c| c.is_ascii_alphanumeric() || c == '_');
        let written = self.text.get(at..self.at).unwrap_or_default();
        if tail == "u" || tail == "U" {
            return Err(Fault::new(
                at,
                format!("`{written}`: unsigned numbers are left out, write it without the u"),
            ));
        }
        what.filter(|_| tail.is_empty()).ok_or_else(|| {
            Fault::new(at, format!("`{}` is not a number, or too large for one", shortened(written)))
        })
    }

    /// What stands between quotes, with CEL's escapes read.
    fn quoted(&mut self, start: usize, quote: char) -> Result<String, Fault> {
        let open = || Fault::new(start, format!("this text has no end: expected {quote} on the same line"));
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.take().ok_or_else(open)? {
                c if c == quote => return Ok(text),
                '\n' | '\r' => return Err(open()),
                '\\' => text.push(self.escape(at).ok_or_else(|| {
                    Fault::new(at, "this is not an escape: expected one of \\n \\t \\\\ \\\" \\' \\xHH \\uHHHH \\UHHHHHHHH \\ooo")
                })?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self, at: usize) -> Option<char> {
        let code = |lexer: &mut Self, digits: usize, radix: u32| {
            let written = lexer.rest().get(..digits)?;
            if !written.chars().all(|c| c.is_digit(radix)) {
                return None;
            }
            lexer.at += digits;
            u32::from_str_radix(written, radix).ok().and_then(char::from_u32)
        };
        match self.take()? {
            c @ ('\\' | '?' | '"' | '\'' | '`') => Some(c),
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            'x' | 'X' => code(self, 2, 16),
            'u' => code(self, 4, 16),
            'U' => code(self, 8, 16),
            '0'..='3' => {
                self.at = at + 1;
                code(self, 3, 8)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &What<'_>) {
        let found = tokens(text).unwrap();
        assert_eq!(found.len(), 2, "{text}");
        assert_eq!(&found[0].what, expected, "{text}");
    }

    #[test]
    fn values_are_read() {
        check("42", &What::Int(42));
        check("0x2A", &What::Int(42));
        check("9223372036854775808", &What::Int(1 << 63));
        check("1.5e3", &What::Double(1500.0));
        check(".5", &What::Double(0.5));
        check("1e3", &What::Double(1000.0));
        check(r#""a'b""#, &What::Text("a'b".into()));
        check(r#"'a"b'"#, &What::Text("a\"b".into()));
        check(r#""\"\'\\\n\t\x41\u00e9\U0001F600\101""#, &What::Text("\"'\\\n\tAé😀A".into()));
        check("_a1 // the rest is a comment ==", &What::Word("_a1"));
    }

    #[test]
    fn faults_say_what_was_expected() {
        for (text, at, part) in [
            ("a = 1", 2, "`==`"),
            ("a & b", 2, "`&&`"),
            ("a | b", 2, "`||`"),
            ("“gold”", 0, "straight quotes"),
            ("\"gold", 0, "no end"),
            ("'a\nb'", 0, "no end"),
            (r#""\q""#, 1, "escape"),
            (r#""\uD800""#, 1, "escape"),
            (r#""\x4é""#, 1, "escape"),
            ("12abc", 0, "not a number"),
            ("0x", 0, "not a number"),
            ("1e", 0, "not a number"),
            ("1e999", 0, "not a number"),
            ("99999999999999999999", 0, "not a number"),
            ("5u", 0, "unsigned"),
            ("a # b", 2, "`#`"),
        ] {
            let fault = tokens(text).unwrap_err();
            assert_eq!(fault.at, at, "{text}: {}", fault.message);
            assert!(fault.message.contains(part), "{text}: {}", fault.message);
        }
    }
}
