//! The documents of a file: what stands between its `---` lines.

/// A stretch of a file that holds one YAML document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section<'a> {
    /// How many lines of the file come before it.
    pub lines_before: usize,
    /// Its text, from its `---` line (if it has one) to the next.
    pub text: &'a str,
}

/// The sections of a file that say anything, in order.
///
/// YAML lets `---` at the start of a line be nothing else than the beginning of a document, not even inside of a
/// quoted or block text, so splitting on it is exact; and a mistake in one document does not hide those in the next.
pub(crate) fn sections(text: &str) -> Vec<Section<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut all = Vec::new();
    let mut start = 0;
    let mut start_line = 0;
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if offset > start && begins_document(line) {
            all.push(Section { lines_before: start_line, text: &text[start..offset] });
            start = offset;
            start_line = number;
        }
        offset += line.len();
    }
    all.push(Section { lines_before: start_line, text: &text[start..] });
    all.retain(|section| !is_blank(section.text));
    all
}

/// The text of a section without its `---` line, with `\n` line ends, ending in exactly one of them.
pub(crate) fn body(section: &str) -> String {
    let section = match section.split_once('\n') {
        Some((first, rest)) if first.trim_end() == "---" => rest,
        _ => section,
    };
    let mut body = section.replace("\r\n", "\n");
    body.truncate(body.trim_end().len());
    body.push('\n');
    body.trim_start_matches('\n').to_owned()
}

fn begins_document(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn is_blank(section: &str) -> bool {
    section.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---" || line == "..."
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_apart_by_their_lines() {
        for (text, expected) in [
            ("topic: a\n", vec![(0, "topic: a\n")]),
            ("topic: a\n---\ntopic: b\n", vec![(0, "topic: a\n"), (2 - 1, "---\ntopic: b\n")]),
            (
                "# heading\n---\ntopic: a\n--- # more\ntopic: b",
                vec![(1, "---\ntopic: a\n"), (3, "--- # more\ntopic: b")],
            ),
            ("---\n---\n\n", vec![]),
            ("", vec![]),
            ("topic: a\ntitle: ---\n---x: 1\n", vec![(0, "topic: a\ntitle: ---\n---x: 1\n")]),
        ] {
            let found: Vec<_> =
                sections(text).into_iter().map(|section| (section.lines_before, section.text)).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_body_has_one_spelling() {
        assert_eq!(body("---\r\ntopic: a\r\ntitle: b\r\n\r\n"), "topic: a\ntitle: b\n");
        assert_eq!(body("\n\ntopic: a"), "topic: a\n");
    }
}
