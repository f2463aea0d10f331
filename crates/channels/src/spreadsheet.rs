//! Cells of tables that people open in a spreadsheet. What somebody wrote must stay text there.

use std::borrow::Cow;

/// A cell that no spreadsheet takes for a formula: one that begins like a formula begins with an apostrophe.
pub fn cell(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}
