//! Texts that are compared in another case without being copied.

use crate::ir::{Case, TextTest};
use std::{borrow::Cow, cmp::Ordering};

/// A text, perhaps to be seen in another case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    written: &'a str,
    case: Option<Case>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(written: &'a str) -> Self {
        Self { written, case: None }
    }

    /// The same text in a case. Of two cases the outer one is what is seen.
    pub(crate) fn cased(self, case: Case) -> Self {
        Self { case: Some(case), ..self }
    }

    /// The text as it is seen; copied only when it looks different from what is written.
    pub(crate) fn seen(self) -> Cow<'a, str> {
        match self.case {
            Some(Case::Lower) if self.written.bytes().any(|b| b.is_ascii_uppercase()) => {
                Cow::Owned(self.written.to_ascii_lowercase())
            }
            Some(Case::Upper) if self.written.bytes().any(|b| b.is_ascii_lowercase()) => {
                Cow::Owned(self.written.to_ascii_uppercase())
            }
            _ => Cow::Borrowed(self.written),
        }
    }

    /// The number of characters (Unicode scalar values).
    pub(crate) fn length(self) -> usize {
        self.written.chars().count()
    }

    /// The order of the characters' code points, which is that of the UTF-8 bytes.
    pub(crate) fn order(self, other: Self) -> Ordering {
        if self.case.is_none() && other.case.is_none() {
            self.written.cmp(other.written)
        } else {
            self.bytes().cmp(other.bytes())
        }
    }

    pub(crate) fn equals(self, other: Self) -> bool {
        // The ASCII cases keep lengths.
        self.written.len() == other.written.len() && self.order(other) == Ordering::Equal
    }

    pub(crate) fn passes(self, test: TextTest, part: Self) -> bool {
        let (whole_length, part_length) = (self.written.len(), part.written.len());
        if part_length > whole_length {
            return false;
        }
        match test {
            TextTest::StartsWith => self.bytes().take(part_length).eq(part.bytes()),
            TextTest::EndsWith => self.bytes().skip(whole_length - part_length).eq(part.bytes()),
            // Only the search from the standard library is linear, and it wants the text as it is seen.
            TextTest::Contains => self.seen().contains(part.seen().as_ref()),
        }
    }

    fn bytes(self) -> impl Iterator<Item = u8> {
        self.written.bytes().map(move |byte| match self.case {
            None => byte,
            Some(Case::Lower) => byte.to_ascii_lowercase(),
            Some(Case::Upper) => byte.to_ascii_uppercase(),
        })
    }
}
