//! A template cut into text, outputs and tags, with the place of each.

use super::error::Fault;

/// One piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'s> {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// All of it, as written.
    pub(super) source: &'s str,
    pub(super) kind: Kind<'s>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'s> {
    Text,
    /// `{{ … }}`
    Output(Inner<'s>),
    /// `{% … %}`
    Tag(Inner<'s>),
    /// `{% raw %} … {% endraw %}`, whole: its content is text, whatever it looks like.
    Raw,
    /// `{% comment %} … {% endcomment %}`, whole.
    Comment,
}

/// What stands between the braces, and whether they eat the space around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inner<'s> {
    pub(super) body: &'s str,
    pub(super) trims_before: bool,
    pub(super) trims_after: bool,
}

impl<'s> Inner<'s> {
    /// A tag's name and what follows it.
    pub(super) fn name_and_arguments(&self) -> (&'s str, &'s str) {
        let end = self
            .body
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .unwrap_or(self.body.len());
        let (name, arguments) = self.body.split_at(end);
        (name, arguments.trim())
    }
}

/// Cuts a template.
pub(super) fn pieces(source: &str) -> Result<Vec<Piece<'_>>, Fault> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let rest = source.get(at..).unwrap_or_default();
        let begin = match (rest.find("{{"), rest.find("{%")) {
            (Some(output), Some(tag)) => output.min(tag),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => rest.len(),
        };
        if begin > 0 {
            all.push(Piece { at, source: rest.get(..begin).unwrap_or_default(), kind: Kind::Text });
            at += begin;
            continue;
        }
        let piece = braces(source, at)?;
        let piece = match piece.kind {
            Kind::Tag(inner) if matches!(inner.body, "raw" | "comment") => {
                whole_block(source, piece, inner.body)?
            }
            _ => piece,
        };
        at += piece.source.len();
        all.push(piece);
    }
    Ok(all)
}

/// The output or tag that begins at `at`.
fn braces(source: &str, at: usize) -> Result<Piece<'_>, Fault> {
    let rest = source.get(at..).unwrap_or_default();
    let (is_tag, close) = if rest.starts_with("{%") { (true, "%}") } else { (false, "}}") };
    let mut quote = None;
    let end = rest.char_indices().skip(2).find_map(|(place, c)| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            None
        }
        None if c == '"' || c == '\'' => {
            quote = Some(c);
            None
        }
        None => rest.get(place..).is_some_and(|here| here.starts_with(close)).then_some(place),
    });
    let Some(end) = end else {
        let open = if is_tag { "{%" } else { "{{" };
        return Err(Fault::new(at, format!("`{open}` is never closed")).hint(format!("expected `{close}`")));
    };
    let inside = rest.get(2..end).unwrap_or_default();
    let (inside, trims_before) = inside.strip_prefix('-').map_or((inside, false), |inside| (inside, true));
    let (inside, trims_after) = inside.strip_suffix('-').map_or((inside, false), |inside| (inside, true));
    let inner = Inner { body: inside.trim(), trims_before, trims_after };
    let kind = if is_tag { Kind::Tag(inner) } else { Kind::Output(inner) };
    Ok(Piece { at, source: rest.get(..end + 2).unwrap_or_default(), kind })
}

/// The block that `opening` opens, up to and with its end tag.
fn whole_block<'s>(source: &'s str, opening: Piece<'s>, name: &str) -> Result<Piece<'s>, Fault> {
    let mut from = opening.at + opening.source.len();
    while let Some(tag) = source.get(from..).and_then(|rest| rest.find("{%")).map(|found| from + found) {
        let rest = source.get(tag + 2..).unwrap_or_default();
        let inside = rest.strip_prefix('-').unwrap_or(rest).trim_start();
        let after =
            inside.strip_prefix("end").and_then(|inside| inside.strip_prefix(name)).map(str::trim_start);
        let close = after.map(|after| after.strip_prefix('-').unwrap_or(after));
        if let Some(close) = close.and_then(|after| after.strip_prefix("%}")) {
            let end = source.len() - close.len();
            let kind = if name == "raw" { Kind::Raw } else { Kind::Comment };
            return Ok(Piece {
                at: opening.at,
                source: source.get(opening.at..end).unwrap_or_default(),
                kind,
            });
        }
        from = tag + 2;
    }
    Err(Fault::new(opening.at, format!("`{{% {name} %}}` is never closed"))
        .hint(format!("expected `{{% end{name} %}}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let cut = pieces(source).unwrap();
        assert_eq!(cut.iter().map(|piece| piece.source).collect::<String>(), source, "nothing is lost");
        let shown: Vec<String> = cut
            .iter()
            .map(|piece| match piece.kind {
                Kind::Text => format!("text {}", piece.source),
                Kind::Output(inner) => format!("output {}", inner.body),
                Kind::Tag(inner) => format!("tag {:?}", inner.name_and_arguments()),
                Kind::Raw => "raw".into(),
                Kind::Comment => "comment".into(),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn templates_are_cut() {
        check("", &[]);
        check("Hi {{ a.b }}!", &["text Hi ", "output a.b", "text !"]);
        check("{{- '}}' | append: \"%}\" -}}", &["output '}}' | append: \"%}\""]);
        check(
            "{%if a%}x{%-else-%}y{%endif%}",
            &["tag (\"if\", \"a\")", "text x", "tag (\"else\", \"\")", "text y", "tag (\"endif\", \"\")"],
        );
        check("{% raw %}{{ {% x %}{%- endraw -%}z", &["raw", "text z"]);
        check("a{% comment %}{{ nope {% endcomment %}", &["text a", "comment"]);
    }

    #[test]
    fn what_is_never_closed_is_found() {
        for (source, at) in [("ab {{ x", 3), ("{% if", 0), ("x{% raw %}{% end %}", 1), ("{{ 'x }}", 0)] {
            assert_eq!(pieces(source).map_err(|fault| fault.at), Err(at), "{source}");
        }
    }
}
