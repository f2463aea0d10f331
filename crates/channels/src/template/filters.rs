//! Which filters a template may use, and how much each may make of a value.
//!
//! Rendering must end and must not fill the memory, whatever a template says. Values that are kept are bounded (see
//! [`super::language`]); here each chain is given a bound on how many times larger its result can be than what went in.

use super::{
    error::{Fault, nearest},
    expression::{Chain, Filter, text_literal},
};

/// How many times larger than its values a chain's result may be at most.
const GROWTH: usize = 256;
/// The longest literal argument of a filter that repeats it.
const ARGUMENT: usize = 200;

/// Filters whose result is not larger than what goes into them, or only by a little.
const STEADY: [&str; 40] = [
    "abs",
    "at_least",
    "at_most",
    "capitalize",
    "ceil",
    "compact",
    "date",
    "default",
    "divided_by",
    "downcase",
    "first",
    "floor",
    "last",
    "lstrip",
    "map",
    "minus",
    "modulo",
    "plus",
    "remove",
    "remove_first",
    "reverse",
    "round",
    "rstrip",
    "size",
    "slice",
    "sort",
    "sort_natural",
    "split",
    "strip",
    "strip_html",
    "strip_newlines",
    "times",
    "truncate",
    "truncatewords",
    "uniq",
    "upcase",
    "url_decode",
    "where",
    "append",
    "prepend",
];

/// Filters that make more of a value.
const GROWING: [&str; 7] =
    ["escape", "escape_once", "join", "newline_to_br", "replace", "replace_first", "url_encode"];

/// Whether a chain uses known filters only, and cannot grow a value without bound.
pub(super) fn check(chain: &Chain<'_>, at: usize) -> Result<(), Fault> {
    let mut growth: usize = 1;
    for filter in &chain.filters {
        let name = filter.name;
        if name.is_empty() {
            // Nothing after a bar: the Liquid parser says so.
            continue;
        }
        if !STEADY.contains(&name) && !GROWING.contains(&name) {
            let fault = Fault::new(at, format!("there is no filter `{name}`"));
            let known = STEADY.into_iter().chain(GROWING);
            return Err(match nearest(name, known) {
                Some(word) => fault.hint(format!("did you mean `{word}`?")),
                None => fault.hint(format!("filters: {}, {}", STEADY.join(", "), GROWING.join(", "))),
            });
        }
        growth = match name {
            "append" | "prepend" => growth.saturating_add(1),
            "escape" | "escape_once" => growth.saturating_mul(6),
            "newline_to_br" => growth.saturating_mul(7),
            "url_encode" => growth.saturating_mul(3),
            "join" => growth.saturating_mul(1 + literal(filter, 0, at)?.map_or(1, str::len)),
            "replace" | "replace_first" => growth.saturating_mul(replacement(filter, at)?),
            "date" => {
                date(filter, at)?;
                growth
            }
            _ => growth,
        };
    }
    if growth > GROWTH {
        return Err(Fault::new(at, "these filters together could make the result too large")
            .hint("use fewer of them, or shorter replacements"));
    }
    Ok(())
}

/// The literal text of an argument; `None` when it is not given.
fn literal<'s>(filter: &Filter<'s>, index: usize, at: usize) -> Result<Option<&'s str>, Fault> {
    let Some(argument) = filter.arguments.get(index) else {
        return Ok(None);
    };
    match text_literal(argument) {
        Some(text) if text.len() <= ARGUMENT => Ok(Some(text)),
        Some(_) => {
            Err(Fault::new(at, format!("an argument of `{}` is longer than {ARGUMENT} bytes", filter.name)))
        }
        None => Err(Fault::new(at, format!("`{}` takes texts in quotes only, not variables", filter.name))),
    }
}

fn replacement(filter: &Filter<'_>, at: usize) -> Result<usize, Fault> {
    let what = literal(filter, 0, at)?.unwrap_or_default();
    let with = literal(filter, 1, at)?.unwrap_or_default();
    if what.is_empty() {
        return Err(Fault::new(at, format!("`{}` needs a text to look for", filter.name)));
    }
    Ok(with.len().div_ceil(what.len()).max(1))
}

/// A format may pad with a width; wide ones are refused.
fn date(filter: &Filter<'_>, at: usize) -> Result<(), Fault> {
    let format = literal(filter, 0, at)?.unwrap_or_default();
    let mut digits = 0;
    for c in format.chars() {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        if digits > 2 {
            return Err(Fault::new(at, "a width in a date format has at most two digits"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::expression::chain;

    #[test]
    fn only_what_ends_small_is_allowed() {
        for (text, good) in [
            ("a | default: 'x' | upcase | append: b", true),
            ("a | replace: '_', ' ' | replace: '-', ' '", true),
            ("a | date: '%d %B %Y'", true),
            ("a | join: ', '", true),
            ("a | concat: a", false),
            ("a | replace: 'a', b", false),
            ("a | replace: '', 'xx'", false),
            ("a | replace: 'a', 'aaaaaaaaaaaaaaaa' | replace: 'a', 'aaaaaaaaaaaaaaaaa'", false),
            ("a | join: a", false),
            ("a | date: '%999999999Y'", false),
            ("a | date: b", false),
            ("a | env", false),
        ] {
            assert_eq!(check(&chain(text), 0).is_ok(), good, "{text}");
        }
        assert_eq!(
            check(&chain("a | upcas"), 0).unwrap_err().hint.as_deref(),
            Some("did you mean `upcase`?")
        );
    }
}
