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
/// Comments at the head of a file belong to its first document; a section of nothing but comments is no document.
pub(crate) fn sections(text: &str) -> Vec<Section<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut all = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    let (mut says_something, mut has_begun) = (false, false);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if begins_document(line) {
            if says_something || has_begun {
                if says_something {
                    all.push(Section { lines_before: start_line, text: &text[start..offset] });
                }
                (start, start_line, says_something) = (offset, number, false);
            }
            has_begun = true;
        }
        says_something |= !is_blank(line);
        offset += line.len();
    }
    if says_something {
        all.push(Section { lines_before: start_line, text: &text[start..] });
    }
    all
}

/// The text of a section without its `---` line, with `\n` line ends, ending in exactly one of them.
pub(crate) fn body(section: &str) -> String {
    let section = section.replace("\r\n", "\n");
    let section = section.trim_start_matches('\n');
    let section = match section.split_once('\n') {
        Some((first, rest)) if first.trim_end() == "---" => rest.trim_start_matches('\n'),
        _ => section,
    };
    format!("{}\n", section.trim_end())
}

fn begins_document(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    let marker = line.strip_prefix("---").map(str::trim_start);
    matches!(line, "" | "...")
        || line.starts_with('#')
        || marker.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_apart_by_their_lines() {
        for (text, expected) in [
            ("topic: a\n", vec![(0, "topic: a\n")]),
            ("topic: a\n---\ntopic: b\n", vec![(0, "topic: a\n"), (1, "---\ntopic: b\n")]),
            (
                "# heading\n---\ntopic: a\n--- # more\ntopic: b",
                vec![(0, "# heading\n---\ntopic: a\n"), (3, "--- # more\ntopic: b")],
            ),
            ("a: b\n---\n# nothing\n---\nc: d", vec![(0, "a: b\n"), (3, "---\nc: d")]),
            ("topic: a\n---", vec![(0, "topic: a\n")]),
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
        assert_eq!(body("\n\n---\n\ntopic: a"), "topic: a\n");
        assert_eq!(body("# heading\n---\ntopic: a\n"), "# heading\n---\ntopic: a\n");
    }
}
