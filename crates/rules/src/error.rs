//! What is wrong with a condition, where, and the word that was probably meant.

/// Why a text is not a condition, or what is doubtful in one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}{}", did_you_mean(.hint.as_deref()))]
pub struct RuleError {
    /// The line in the text, from 1.
    pub line: usize,
    /// The column in the line, in characters, from 1.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
    /// The nearest valid word, when one is near.
    pub hint: Option<String>,
}

fn did_you_mean(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |word| format!(" (did you mean `{word}`?)"))
}

/// A fault at a byte of the text; it becomes a [`RuleError`] once, where the text is at hand.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The byte of the text.
    pub(crate) at: usize,
    /// What is wrong and what was expected.
    pub(crate) message: String,
    /// The nearest valid word.
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    pub(crate) fn hinting(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// The same fault with its line and column.
    pub(crate) fn placed(self, text: &str) -> RuleError {
        let before = text.get(..self.at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        RuleError {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: self.message,
            hint: self.hint,
        }
    }
}

/// Of `valid`, the word nearest to `word`, if it is near enough to be a slip of the keyboard.
pub(crate) fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody mistypes a word that long, and the distance costs the product of the lengths.
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let allowed = match word.chars().count() {
        0..=2 => 1,
        3..=6 => 2,
        length => length / 3,
    };
    valid
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let valid = ["tier", "points", "city", "lastOrder"];
        for (word, expected) in [
            ("teir", Some("tier")),
            ("TIER", Some("tier")),
            ("lastorder", Some("lastOrder")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, valid), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(8_000), valid), None);
    }

    #[test]
    fn a_fault_has_its_line_and_column() {
        let error = Fault::new("a ==\n é ".len(), "expected a value").hinting(Some("b")).placed("a ==\n é ?");
        assert_eq!(error.to_string(), "line 2, column 4: expected a value (did you mean `b`?)");
    }
}
