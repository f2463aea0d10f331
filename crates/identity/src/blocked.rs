//! Values that are never anybody's identifier.

use std::collections::HashSet;

/// What systems write when they do not know: blocked in every namespace.
const USUAL: &[&str] = &[
    "",
    "-",
    "--",
    "-1",
    "0",
    "00000000-0000-0000-0000-000000000000",
    "anonymous",
    "false",
    "guest",
    "n/a",
    "na",
    "nan",
    "nil",
    "none",
    "not available",
    "null",
    "(null)",
    "tbd",
    "test",
    "true",
    "undefined",
    "unknown",
    "[object object]",
    "test@test.*",
    "test@example.*",
    "none@none.*",
    "no@email.*",
    "noemail@*",
    "na@na.*",
    "nomail@*",
    "noreply@*",
    "no-reply@*",
    "keine@*",
    "kein@*",
    "asdf@asdf.*",
];

/// Patterns in lower case; `*` stands for any characters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocked {
    /// Those without a `*`.
    values: HashSet<String>,
    patterns: Vec<String>,
}

impl Blocked {
    /// The usual patterns and these.
    pub(crate) fn with_usual(more: &[String]) -> Self {
        Self::of(USUAL.iter().map(|p| (*p).to_owned()).chain(more.iter().map(|p| p.to_lowercase())))
    }

    /// Only these patterns.
    pub(crate) fn only(patterns: &[String]) -> Self {
        Self::of(patterns.iter().map(|p| p.to_lowercase()))
    }

    fn of(patterns: impl Iterator<Item = String>) -> Self {
        let (patterns, values): (Vec<String>, Vec<String>) =
            patterns.partition(|pattern| pattern.contains('*'));
        Self { values: values.into_iter().collect(), patterns }
    }

    /// The pattern that blocks `value`, if one does.
    pub(crate) fn pattern_for(&self, value: &str) -> Option<&str> {
        let value = value.trim().to_lowercase();
        let exact = self.values.get(&value);
        exact.or_else(|| self.patterns.iter().find(|p| matches(p, &value))).map(String::as_str)
    }
}

/// Whether `value` is `pattern`, where `*` stands for any characters. Linear in the value for each `*`.
fn matches(pattern: &str, value: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == value };
    let Some(mut value) = value.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return value.ends_with(part);
        }
        match value.find(part) {
            Some(at) => value = &value[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values() {
        for (pattern, value, expected) in [
            ("null", "null", true),
            ("null", "nullable@example.org", false),
            ("test@*", "test@shop.org", true),
            ("*@example.com", "ann@example.com", true),
            ("*@example.com", "ann@example.com.org", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} {value}");
        }
        assert_eq!(Blocked::with_usual(&[]).pattern_for(" NULL "), Some("null"));
        assert_eq!(Blocked::with_usual(&["kiosk-*".into()]).pattern_for("Kiosk-7"), Some("kiosk-*"));
        for value in ["ann@example.org", "keiner@example.org", "noreplyann@example.org"] {
            assert_eq!(Blocked::with_usual(&[]).pattern_for(value), None, "{value}");
        }
        assert_eq!(Blocked::with_usual(&[]).pattern_for("Keine@Email.de"), Some("keine@*"));
    }
}
