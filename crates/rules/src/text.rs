//! Texts that are compared in another case without being copied.

use crate::ir::{Case, TextTest};
use jiff::civil::Date;
use std::{borrow::Cow, cmp::Ordering};

/// A text, perhaps to be seen in another case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    written: Written<'a>,
    case: Option<Case>,
}

#[derive(Debug, Clone, Copy)]
enum Written<'a> {
    /// In the condition or the data.
    There(&'a str),
    /// Nowhere but here: a day, as in `2026-03-01`.
    Here([u8; 10]),
}

impl<'a> Text<'a> {
    pub(crate) fn new(written: &'a str) -> Self {
        Self { written: Written::There(written), case: None }
    }

    /// A day, as it is written in data: `2026-03-01`.
    pub(crate) fn day(date: Date) -> Self {
        let digit = |number: i16, tens: i16| b'0' + (number / tens % 10).unsigned_abs() as u8;
        let (year, month, day) = (date.year(), i16::from(date.month()), i16::from(date.day()));
        let written = [
            digit(year, 1000),
            digit(year, 100),
            digit(year, 10),
            digit(year, 1),
            b'-',
            digit(month, 10),
            digit(month, 1),
            b'-',
            digit(day, 10),
            digit(day, 1),
        ];
        Self { written: Written::Here(written), case: None }
    }

    fn written(&self) -> &str {
        match &self.written {
            Written::There(text) => text,
            Written::Here(day) => std::str::from_utf8(day).unwrap_or_default(),
        }
    }

    /// The same text in a case. Of two cases the outer one is what is seen.
    pub(crate) fn cased(self, case: Case) -> Self {
        Self { case: Some(case), ..self }
    }

    /// The text as it is seen; copied only when it looks different from what is written.
    pub(crate) fn seen(&self) -> Cow<'_, str> {
        let written = self.written();
        match self.case {
            Some(Case::Lower) if written.bytes().any(|b| b.is_ascii_uppercase()) => {
                Cow::Owned(written.to_ascii_lowercase())
            }
            Some(Case::Upper) if written.bytes().any(|b| b.is_ascii_lowercase()) => {
                Cow::Owned(written.to_ascii_uppercase())
            }
            _ => Cow::Borrowed(written),
        }
    }

    /// The number of characters (Unicode scalar values).
    pub(crate) fn length(self) -> usize {
        self.written().chars().count()
    }

    /// The order of the characters' code points, which is that of the UTF-8 bytes.
    pub(crate) fn order(self, other: Self) -> Ordering {
        if self.case.is_none() && other.case.is_none() {
            self.written().cmp(other.written())
        } else {
            self.bytes().cmp(other.bytes())
        }
    }

    pub(crate) fn equals(self, other: Self) -> bool {
        // The ASCII cases keep lengths.
        self.written().len() == other.written().len() && self.order(other) == Ordering::Equal
    }

    pub(crate) fn passes(self, test: TextTest, part: Self) -> bool {
        let (whole_length, part_length) = (self.written().len(), part.written().len());
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

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.written().bytes().map(|byte| match self.case {
            None => byte,
            Some(Case::Lower) => byte.to_ascii_lowercase(),
            Some(Case::Upper) => byte.to_ascii_uppercase(),
        })
    }
}
