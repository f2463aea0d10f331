//! What is wrong in a file, where, and what to write instead.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Something wrong, or doubtful, at a place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The file, relative to the workspace folder.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What was probably meant, or what to do.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// The words joined for a sentence.
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

/// The word nearest to what was written, if one is near enough to have been meant.
pub(crate) fn nearest<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1 + word.chars().count().min(written.chars().count()) / 4)
        .min()
        .map(|(_, word)| word)
}

/// The name of which `written` is probably a slip of the keyboard. Names are made up freely, and two of them may well be
/// alike, so this asks for more than [`nearest`]: each word of it is the same, or nearly.
pub(crate) fn slip<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let words = |name: &str| -> Vec<String> {
        let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let digits = |name: &str| -> String { name.chars().filter(char::is_ascii_digit).collect() };
    let asked = words(written);
    names
        .into_iter()
        .filter(|name| digits(name) == digits(written))
        .filter_map(|name| {
            let known = words(name);
            if known.concat() == asked.concat() {
                return Some((0, name));
            }
            let pairs = || asked.iter().zip(&known);
            let far = |(one, other): (&String, &String)| strsim::damerau_levenshtein(one, other);
            let near = known.len() == asked.len()
                && pairs().all(|pair| {
                    let shortest = pair.0.chars().count().min(pair.1.chars().count());
                    far(pair) <= if shortest < 4 { 0 } else { 1 + usize::from(shortest >= 8) }
                });
            near.then(|| (pairs().map(far).sum(), name))
        })
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, name)| name)
}

/// The question after an unknown word.
pub(crate) fn did_you_mean<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, words).map(|word| format!("did you mean `{word}`?"))
}

/// A piece of what was written, short enough for a message and without control characters.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_is_not_another_name() {
        for (written, name, expected) in [
            ("Order Completd", "Order Completed", true),
            ("order_completed", "Order Completed", true),
            ("revenu", "revenue", true),
            ("Signed In", "Signed Up", false),
            ("Product Viewed", "Product Added", false),
            ("first_name", "last_name", false),
            ("address_1", "address_2", false),
            ("email2", "email1", false),
            ("Order Refunded", "Order Completed", false),
        ] {
            assert_eq!(slip(written, [name]).is_some(), expected, "{written} and {name}");
        }
    }
}
