//! What is wrong with a template, and where.

use std::fmt;

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The subject line.
    Subject,
    /// The line beside the subject.
    Preheader,
    /// The body as MJML.
    Mjml,
    /// The body as plain text.
    Text,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::Preheader => "preheader",
            Self::Mjml => "mjml",
            Self::Text => "text",
        })
    }
}

/// What is wrong with a template, and where. It names variables, never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{part}, line {line}, column {column}: {message}{}", .hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default())]
pub struct TemplateError {
    /// The part that it is in.
    pub part: Part,
    /// The line in that part, from 1.
    pub line: u32,
    /// The column in that line, from 1, in characters.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What is wrong at a byte of a source, before anybody says which part the source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn in_part(self, part: Part, source: &str) -> TemplateError {
        let (line, column) = position(source, self.at);
        TemplateError { part, line, column, message: self.message, hint: self.hint }
    }
}

fn position(source: &str, at: usize) -> (u32, u32) {
    let before = source.get(..source.floor_char_boundary(at)).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// The word of `known` that is most like `wanted`, if any is like it at all.
pub(super) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(wanted, word), word))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, word_a), (b, word_b)| a.total_cmp(b).then_with(|| word_b.cmp(word_a)))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_lines_and_columns() {
        for (source, at, expected) in
            [("", 0, (1, 1)), ("ab", 1, (1, 2)), ("a\nü{", 4, (2, 2)), ("a\n", 2, (2, 1)), ("ab", 99, (1, 3))]
        {
            assert_eq!(position(source, at), expected, "{source:?} {at}");
        }
    }
}
