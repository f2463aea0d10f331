//! Tables for spreadsheets. What people wrote stays text there.

use crowsnest_channels::spreadsheet;
use std::fmt::Write;

/// A table with a heading, as CSV with CRLF.
pub(crate) fn table<'c>(
    heading: &[&str],
    rows: impl IntoIterator<Item = Vec<std::borrow::Cow<'c, str>>>,
) -> String {
    let mut text = String::new();
    line(&mut text, heading.iter().copied());
    for row in rows {
        line(&mut text, row.iter().map(AsRef::as_ref));
    }
    text
}

fn line<'c>(text: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        // Writing to a text cannot fail.
        let _ = write!(text, "\"{}\"", spreadsheet::cell(cell).replace('"', "\"\""));
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let row = ["=1+1", "+1312", "-x", "@a", "\tt", "\rr", "a,\"b\"\nc", ""];
        let text = table(&["a"], [row.iter().map(|cell| (*cell).into()).collect()]);
        let expected =
            "\"a\"\r\n\"'=1+1\",\"'+1312\",\"'-x\",\"'@a\",\"'\tt\",\"'\rr\",\"a,\"\"b\"\"\nc\",\"\"\r\n";
        assert_eq!(text, expected);
    }
}
