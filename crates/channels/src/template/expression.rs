//! What stands inside of outputs and tags, as far as it must be understood to be safe.

/// A value and the filters that it goes through: `profile.name | default: "you" | upcase`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chain<'s> {
    pub(super) head: &'s str,
    pub(super) filters: Vec<Filter<'s>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter<'s> {
    pub(super) name: &'s str,
    pub(super) arguments: Vec<&'s str>,
}

/// Reads a chain. It is taken apart, not checked: what is not Liquid, the Liquid parser says.
pub(super) fn chain(text: &str) -> Chain<'_> {
    let mut parts = split(text, '|').into_iter();
    let head = parts.next().unwrap_or_default().trim();
    let filters = parts
        .map(|part| {
            let (name, arguments) = part.split_once(':').unwrap_or((part, ""));
            let arguments = match arguments.trim() {
                "" => Vec::new(),
                arguments => split(arguments, ',').into_iter().map(str::trim).collect(),
            };
            Filter { name: name.trim(), arguments }
        })
        .collect();
    Chain { head, filters }
}

/// Splits at a character that is not in quotes.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut quote = None;
    text.split(|c: char| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None => {
            if c == '"' || c == '\'' {
                quote = Some(c);
            }
            c == at
        }
    })
    .collect()
}

/// The text of a literal in quotes.
pub(super) fn text_literal(argument: &str) -> Option<&str> {
    let quote = argument.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = argument.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(quote)).then_some(inside)
}

/// The variables of an expression, each with its path as written: `profile.name`, `item["price"]`.
pub(super) fn variables(text: &str) -> Vec<&str> {
    const WORDS: [&str; 12] =
        ["true", "false", "nil", "null", "empty", "blank", "and", "or", "contains", "in", "reversed", "not"];
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let after = rest.get(1..).unwrap_or_default();
            rest = after.find(first).and_then(|end| after.get(end + 1..)).unwrap_or_default();
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = path_end(rest);
            let (path, after) = rest.split_at(end);
            // `limit:`, `offset:` and a filter's keyword are names of arguments.
            if !WORDS.contains(&path) && !after.trim_start().starts_with(':') {
                found.push(path);
                let mut inside = path;
                while let Some(open) = inside.find('[') {
                    inside = inside.get(open + 1..).unwrap_or_default();
                    let index = inside.get(..inside.find(']').unwrap_or(inside.len())).unwrap_or_default();
                    found.extend(variables(index));
                }
            }
            rest = after;
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest = rest.get(end..).unwrap_or_default();
        } else {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    found
}

/// Where the path at the beginning of `text` ends. Dots in it are followed by a name; brackets are taken whole.
fn path_end(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut after_dot = false;
    for (at, c) in text.char_indices() {
        if let Some(open) = quote {
            if c == open {
                quote = None;
            }
            continue;
        }
        match c {
            '[' => depth += 1,
            ']' if depth > 0 => depth -= 1,
            '"' | '\'' if depth > 0 => quote = Some(c),
            _ if depth > 0 => {}
            '.' if after_dot => return at - 1,
            '.' => {}
            _ if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') => {}
            _ => return at,
        }
        after_dot = c == '.' && depth == 0;
    }
    text.len()
}

/// The names of a path that are written out, up to the first computed index: `a.b["c"].d[x]` gives a, b, c, d.
pub(super) fn fixed_names(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if end > 0 {
            names.push(rest.get(..end).unwrap_or_default());
        }
        rest = rest.get(end..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let close = after.find(']').unwrap_or(after.len());
            match text_literal(after.get(..close).unwrap_or_default().trim()) {
                Some(name) => names.push(name),
                None => return names,
            }
            rest = after.get(close + 1..).unwrap_or_default();
        } else {
            return names;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_taken_apart() {
        let chain = chain("a.b | default: 'x|y, z', 2 | upcase");
        assert_eq!(chain.head, "a.b");
        assert_eq!(
            chain.filters,
            [
                Filter { name: "default", arguments: vec!["'x|y, z'", "2"] },
                Filter { name: "upcase", arguments: vec![] },
            ]
        );
    }

    #[test]
    fn variables_are_found() {
        for (text, expected) in [
            ("profile.name == 'event.name' and x", vec!["profile.name", "x"]),
            ("item[\"a b\"].c[i.j] > 10.5", vec!["item[\"a b\"].c[i.j]", "i.j"]),
            ("(1..n)", vec!["n"]),
            ("list limit: 3 offset: start reversed", vec!["list", "start"]),
            ("true or nil", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(variables(text), expected, "{text}");
        }
    }

    #[test]
    fn paths_give_their_names() {
        for (path, expected) in [
            ("a", vec!["a"]),
            ("a.b.c", vec!["a", "b", "c"]),
            ("a['b c'].d", vec!["a", "b c", "d"]),
            ("a.b[0].c", vec!["a", "b"]),
        ] {
            assert_eq!(fixed_names(path), expected, "{path}");
        }
    }
}
