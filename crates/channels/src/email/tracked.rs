//! What is put into a message so that reading it can be heard: links that lead by way of us, and a picture.
//!
//! Whatever is not understood stays as it was written: a link that is not tracked is better than one that is broken.

use std::collections::BTreeSet;
use url::Url;

/// The longest link that leads by way of us. Longer ones would no longer fit everywhere.
const LONGEST: usize = 2_000;

/// Elements in which there is no markup.
const RAW: [&str; 5] = ["script", "style", "textarea", "title", "xmp"];

/// The address of a link to a page of the web, as a browser would ask for it; nothing for any other link.
pub fn followable(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    let plain =
        link.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\'));
    let written = if plain { link.to_owned() } else { url.into() };
    (written.len() <= LONGEST).then_some(written)
}

/// The host of an address.
pub fn host(link: &str) -> Option<String> {
    Url::parse(link).ok()?.host_str().map(str::to_owned)
}

/// The hosts that stand to the letter in the source of a template. One that is put together from values is none of them.
pub(crate) fn hosts(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in source.match_indices("://") {
        let before = source.get(..at).unwrap_or_default();
        let Some(scheme) = ["https", "http"].into_iter().find(|scheme| before.ends_with(scheme)) else {
            continue;
        };
        let rest = source.get(at + 3..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'<>)&".contains(c)).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        // What stands before or behind a value can become another host altogether.
        if !authority.contains(['{', '}', '@', '%', '\\']) {
            found.extend(host(&format!("{scheme}://{authority}")));
        }
    }
    found
}

/// HTML in which each link for which `way` knows another one leads there.
pub fn with_links(html: &str, mut way: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 4);
    let mut written = 0;
    each_tag(html, |tag| {
        if !["a", "area"].iter().any(|name| tag.name.eq_ignore_ascii_case(name)) {
            return;
        }
        // The first attribute of a name counts, and nothing that follows of the same name.
        let Some(value) = tag.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case("href"))
        else {
            return;
        };
        let Some(link) = decoded(value.text) else { return };
        let Some(other) = way(link.trim_matches([' ', '\t', '\n', '\r', '\x0c'])) else { return };
        out.push_str(html.get(written..value.start).unwrap_or_default());
        out.push('"');
        out.push_str(&escaped(&other));
        out.push('"');
        written = value.end;
    });
    out.push_str(html.get(written..).unwrap_or_default());
    out
}

/// HTML with a picture that nobody sees at its end.
pub fn with_picture(html: &str, url: &str) -> String {
    let mut end = None;
    each_tag(html, |tag| {
        if tag.name.eq_ignore_ascii_case("/body") {
            end = Some(tag.start);
        }
    });
    let (body, rest) = html.split_at_checked(end.unwrap_or(html.len())).unwrap_or((html, ""));
    let url = escaped(url);
    format!(
        "{body}<img src=\"{url}\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;width:1px;height:1px;border:0\">{rest}"
    )
}

/// Text in which each link that stands for itself, or between `<` and `>`, leads by the way that `way` knows.
pub fn with_links_in_text(text: &str, mut way: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let inner =
            bare.trim_start_matches(['<', '(']).trim_end_matches(['>', ')', '.', ',', ';', ':', '!', '?']);
        let other =
            if inner.starts_with("http://") || inner.starts_with("https://") { way(inner) } else { None };
        match other {
            Some(other) => out.push_str(&word.replacen(inner, &other, 1)),
            None => out.push_str(word),
        }
    }
    out
}

/// A tag as it stands: `/body` for one that ends an element.
struct Tag<'h> {
    start: usize,
    name: &'h str,
    attributes: Vec<Attribute<'h>>,
}

/// An attribute with a value, and from where to where the value stands, its quotes included.
struct Attribute<'h> {
    name: &'h str,
    text: &'h str,
    start: usize,
    end: usize,
}

/// Calls for each tag. What stands in comments, those for single mail programs included, is none.
fn each_tag<'h>(html: &'h str, mut seen: impl FnMut(&Tag<'h>)) {
    let mut at = 0;
    while let Some(found) = html.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        let rest = html.get(start..).unwrap_or_default();
        if rest.starts_with("<!--") {
            // `<!-->` is a whole comment, so its end may begin two bytes into it.
            let Some(end) = rest.get(2..).and_then(|rest| rest.find("-->")) else { return };
            at = start + 2 + end + 3;
        } else if let Some(tag) = rest.get(1..).and_then(|inner| tag(html, start, start + 1, inner)) {
            let (tag, end) = tag;
            seen(&tag);
            at = end;
            if let Some(raw) = RAW.iter().find(|raw| tag.name.eq_ignore_ascii_case(raw)) {
                let Some(end) = end_of(html.get(at..).unwrap_or_default(), raw) else { return };
                at += end;
            }
        } else if rest.get(1..).is_some_and(|inner| inner.starts_with(['!', '?'])) {
            let Some(end) = rest.find('>') else { return };
            at = start + end + 1;
        } else {
            at = start + 1;
        }
    }
}

/// Where an element ends in which there is no markup.
fn end_of(html: &str, name: &str) -> Option<usize> {
    html.match_indices("</").map(|(at, _)| at).find(|at| {
        html.get(at + 2..at + 2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}

/// The tag whose name begins at `at`, and where it ends; nothing for what is no tag, or has no end.
fn tag<'h>(html: &'h str, start: usize, at: usize, inner: &'h str) -> Option<(Tag<'h>, usize)> {
    let first = inner.strip_prefix('/').unwrap_or(inner);
    if !first.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let slash = inner.len() - first.len();
    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
    let length = slash + first.find(ends)?;
    let mut tag = Tag { start, name: inner.get(..length)?, attributes: Vec::new() };
    let mut at = at + length;
    loop {
        let rest = html.get(at..)?;
        let trimmed = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        at += rest.len() - trimmed.len();
        if trimmed.starts_with('>') {
            return Some((tag, at + 1));
        }
        // An attribute's name has at least one letter, whichever.
        let mut letters = trimmed.char_indices();
        letters.next()?;
        let end = letters.find(|(_, c)| ends(*c) || *c == '=').map(|(end, _)| end)?;
        let name = trimmed.get(..end)?;
        at += end;
        let after = html.get(at..)?;
        let Some(value) = after.trim_ascii_start().strip_prefix('=') else { continue };
        let value = value.trim_ascii_start();
        let from = html.len() - value.len();
        let (text, to) = match value.chars().next()? {
            quote @ ('"' | '\'') => {
                let text = value.get(1..)?.split_once(quote)?.0;
                (text, from + text.len() + 2)
            }
            _ => {
                let length = value.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
                (value.get(..length)?, from + length)
            }
        };
        tag.attributes.push(Attribute { name, text, start: from, end: to });
        at = to;
    }
}

/// What a value says; nothing where it has a reference that is not among those that URLs are written with.
fn decoded(value: &str) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let length = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(after.len());
        let name = after.get(..length)?;
        match after.get(length..)?.strip_prefix(';') {
            Some(behind) if !name.is_empty() => {
                out.push(reference(name)?);
                rest = behind;
            }
            // Without its end it is an ampersand like any other: `?a=1&b=2`. Numbers are references all the same.
            _ if name.starts_with('#') => return None,
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Some(out)
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "amp" | "AMP" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "equals" => '=',
        _ => return None,
    })
}

fn escaped(url: &str) -> String {
    url.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shouted(html: &str) -> String {
        with_links(html, |link| followable(link).map(|link| format!("[{link}]")))
    }

    #[test]
    fn links_lead_another_way_and_all_else_stays_to_the_letter() {
        for (html, expected) in [
            (
                "<a href=\"https://x.example/a?b=1&amp;c=2\">t</a>",
                "<a href=\"[https://x.example/a?b=1&amp;c=2]\">t</a>",
            ),
            (
                "<a href=\"https://x.example/a?b=1&c=2\">t</a>",
                "<a href=\"[https://x.example/a?b=1&amp;c=2]\">t</a>",
            ),
            (
                "<A class=b HREF='http://x.example' id=\"c\">",
                "<A class=b HREF=\"[http://x.example]\" id=\"c\">",
            ),
            ("<a href=https://x.example/ title=b>", "<a href=\"[https://x.example/]\" title=b>"),
            ("<a\n  href = \" https://x.example/ \"\n>", "<a\n  href = \"[https://x.example/]\"\n>"),
            ("<area href=\"https://x.example/\"/>", "<area href=\"[https://x.example/]\"/>"),
            ("<a href=\"https://x.example/&#39;&#x27;\">", "<a href=\"[https://x.example/'']\">"),
            ("<a href=\"https://x.example/käse\">", "<a href=\"[https://x.example/k%C3%A4se]\">"),
            (
                "<a title=\"a>b\" href=\"https://x.example/\">",
                "<a title=\"a>b\" href=\"[https://x.example/]\">",
            ),
            ("<!--><a href=\"https://x.example/\">", "<!--><a href=\"[https://x.example/]\">"),
            (
                "<!--[if !mso]><!--><a href=\"https://x.example/\"><!--<![endif]-->",
                "<!--[if !mso]><!--><a href=\"[https://x.example/]\"><!--<![endif]-->",
            ),
            ("1 < 2 <a href=\"https://x.example/\">", "1 < 2 <a href=\"[https://x.example/]\">"),
            (
                "<style>a > b { content: \"<a href='https://x.example'>\" }</style><a href=https://y.example>",
                "<style>a > b { content: \"<a href='https://x.example'>\" }</style><a href=\"[https://y.example]\">",
            ),
        ] {
            assert_eq!(shouted(html), expected, "{html}");
        }
        for html in [
            "",
            "no markup",
            "<a href=\"mailto:a@b.example\"><a href=\"tel:+1\"><a href=\"#top\"><a href=\"/x\"><a href=\"\"><a href>",
            "<a href=\"javascript:alert(1)\"><a href=\"data:text/html,x\"><a href=\"https://\">",
            "<!-- <a href=\"https://x.example/\"> -->",
            "<!--[if mso]><v:rect href=\"https://x.example/\"><a href=\"https://x.example/\"><![endif]-->",
            "<link href=\"https://x.example/a.css\"><img src=\"https://x.example/a.png\">",
            "<a data-href=\"https://x.example/\">",
            "<abbr href=\"https://x.example/\">",
            "<a href=\"https://x.example/&nosuch;\">",
            "<a href=\"https://x.example/&#39\">",
            "<a href=\"https://x.example/",
            "<a href=https://x.example/",
            "<",
            "<a",
            "<!--",
            "<!doctype html",
            "<style><a href=\"https://x.example/\">",
        ] {
            assert_eq!(shouted(html), html, "{html}");
        }
        let long = format!("<a href=\"https://x.example/{}\">", "a".repeat(LONGEST));
        assert_eq!(shouted(&long), long);
    }

    #[test]
    fn the_picture_is_the_last_thing_in_the_body() {
        let with = |html: &str| with_picture(html, "https://x.example/o/1.gif");
        let picture = with("");
        assert!(picture.starts_with("<img src=\"https://x.example/o/1.gif\" width=\"1\""), "{picture}");
        for (before, after) in [
            ("<body><p>a</p>", "</body></html>"),
            ("<BODY><!-- </body> --><p>a", "</BODY >\n"),
            ("<p>a</p>", ""),
            ("<body><style></body></style>", "</body>"),
        ] {
            assert_eq!(with(&format!("{before}{after}")), format!("{before}{picture}{after}"));
        }
    }

    #[test]
    fn links_in_text_are_those_that_stand_for_themselves() {
        let with =
            |text: &str| with_links_in_text(text, |link| followable(link).map(|link| format!("[{link}]")));
        for (text, expected) in [
            ("See https://x.example/a?b=1&c=2.\nBye\n", "See [https://x.example/a?b=1&c=2].\nBye\n"),
            ("<https://x.example/>, (https://y.example)!", "<[https://x.example/]>, ([https://y.example])!"),
            (
                "a:https://x.example ftp://x.example a@x.example x.example",
                "a:https://x.example ftp://x.example a@x.example x.example",
            ),
            ("  \n\t", "  \n\t"),
        ] {
            assert_eq!(with(text), expected);
        }
    }

    #[test]
    fn only_hosts_that_stand_to_the_letter_are_the_templates_own() {
        let source = "<a href=\"https://Shop.Example/{{ item.key }}\"> http://a.example:8080?x https://b.example\n\
            https://{{ event.host }}/ https://c.example{{ event.path }} https://d.{{ x }} https://e.example@{{ x }}/ \
            https://{{ x }}.f.example/ ftp://g.example/ {{ \"https://h.example/\" }} https://i.example&#47;";
        let found: Vec<String> = hosts(source).into_iter().collect();
        assert_eq!(found, ["a.example", "b.example", "h.example", "i.example", "shop.example"]);
    }
}
