//! MJML to HTML, once for each template: every piece of Liquid becomes a mark that MJML carries along, and the marks
//! become Liquid again in the HTML.
//!
//! So MJML never sees a value, no value can become MJML, and a message costs no more than filling in the marks.

use super::{
    error::Fault,
    pieces::{Kind, Piece},
};
use mrml::{
    mj_head::{MjHead, MjHeadChild},
    mj_preview::MjPreview,
    prelude::{
        parser::{Error, ParserOptions, Span},
        render::RenderOptions,
    },
};
use std::collections::HashMap;

/// What stands around a mark's number: private-use characters, which no template has any business with.
const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';
/// How deep elements may be nested.
const DEEPEST: usize = 100;

/// Elements that hold elements, where a Liquid tag may stand between two of them.
const BETWEEN: [&str; 6] = ["mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"];
/// Elements that hold certain elements only, where nothing else may stand.
const CLOSED: [&str; 9] = [
    "mjml",
    "mj-head",
    "mj-attributes",
    "mj-class",
    "mj-social",
    "mj-navbar",
    "mj-accordion",
    "mj-accordion-element",
    "mj-carousel",
];
const VOID: [&str; 10] = ["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"];

/// Makes Liquid in HTML out of Liquid in MJML. `prepared` are the pieces rewritten, `preheader` is a piece more.
pub(super) fn compile(
    pieces: &[Piece<'_>],
    prepared: &[String],
    preheader: Option<&str>,
) -> Result<String, Fault> {
    let marked = mark(pieces, prepared)?;
    let options = ParserOptions::default();
    let parsed = mrml::parse_with_options(&marked.mjml, &options).map_err(|error| marked.fault(&error))?;
    if let Some(warning) = parsed.warnings.first() {
        return Err(Fault::new(marked.original(warning.span.start), warning.kind.to_string()));
    }
    let mut mjml = parsed.element;
    let preheader_mark = mark_of(prepared.len());
    if preheader.is_some() {
        let head = mjml.children.head.get_or_insert_with(MjHead::default);
        if head.preview().is_some() {
            return Err(Fault::new(0, "there is an <mj-preview> and a preheader").hint("keep one of them"));
        }
        head.children.push(MjHeadChild::MjPreview(MjPreview::from(preheader_mark.as_str())));
    }
    // No fonts from elsewhere: each reader's address would go to a third party when the message is opened.
    let options = RenderOptions { fonts: HashMap::new(), ..RenderOptions::default() };
    let html = mjml.render(&options).map_err(|error| Fault::new(0, format!("MJML: {error}")))?;
    unmark(&html, pieces, prepared, preheader, &marked)
}

/// MJML with marks in place of Liquid.
struct Marked {
    mjml: String,
    /// Where pieces begin: in `mjml`, and in the template.
    places: Vec<(usize, usize)>,
    /// Liquid before `<mjml>`, such as assignments.
    before: String,
}

impl Marked {
    fn original(&self, at: usize) -> usize {
        let next = self.places.partition_point(|(marked, _)| *marked <= at);
        match self.places.get(next.saturating_sub(1)) {
            Some((marked, original)) => original + at.saturating_sub(*marked),
            None => at,
        }
    }

    fn fault(&self, error: &Error) -> Fault {
        let at = |span: &Span| self.original(span.start);
        let here = |span: &Span| {
            let rest = self.mjml.get(self.mjml.floor_char_boundary(span.start)..).unwrap_or_default();
            let end = rest.char_indices().nth(30).map_or(rest.len(), |(end, _)| end);
            let shown = rest.get(..end).unwrap_or_default().lines().next().unwrap_or_default();
            shown.split(OPEN).next().unwrap_or_default().to_owned()
        };
        match error {
            Error::UnexpectedElement { position, .. } => Fault::new(
                at(position),
                format!("MJML does not allow this element here: `{}`", here(position)),
            ),
            Error::UnexpectedToken { position, .. } => {
                Fault::new(at(position), format!("MJML does not expect this here: `{}`", here(position)))
            }
            Error::MissingAttribute { name, position, .. } => {
                Fault::new(at(position), format!("the attribute `{name}` is missing"))
            }
            Error::InvalidAttribute { position, .. } => {
                Fault::new(at(position), "the attribute is not valid")
            }
            Error::InvalidFormat { position, .. } => Fault::new(at(position), "the value is not valid"),
            Error::IncludeLoaderError { position, .. } => {
                Fault::new(at(position), "<mj-include> is not available")
            }
            Error::EndOfStream { .. } => Fault::new(self.original(self.mjml.len()), "MJML ends too early")
                .hint("an element is not closed"),
            Error::SizeLimit { .. } => Fault::new(0, "the MJML is too large"),
            Error::ParserError { source, .. } => {
                let place = source.pos();
                let line = usize::try_from(place.row).unwrap_or(1).saturating_sub(1);
                let begin: usize = self.mjml.split_inclusive('\n').take(line).map(str::len).sum();
                let column = usize::try_from(place.col).unwrap_or(1).saturating_sub(1);
                Fault::new(self.original(begin + column), "this is not MJML: a tag is not written correctly")
            }
            Error::NoRootNode => Fault::new(0, "there is no <mjml> element"),
        }
    }
}

fn mark_of(index: usize) -> String {
    format!("{OPEN}{index}{CLOSE}")
}

fn mark(pieces: &[Piece<'_>], prepared: &[String]) -> Result<Marked, Fault> {
    let mut marked = Marked { mjml: String::new(), places: Vec::new(), before: String::new() };
    let mut scan = Scan::default();
    for (index, (piece, ready)) in pieces.iter().zip(prepared).enumerate() {
        match piece.kind {
            Kind::Text => {
                if let Some(at) = piece.source.find([OPEN, CLOSE]) {
                    return Err(Fault::new(
                        piece.at + at,
                        "a private-use character (U+F0000) is not allowed",
                    ));
                }
                scan.read(piece)?;
                marked.places.push((marked.mjml.len(), piece.at));
                marked.mjml.push_str(piece.source);
            }
            Kind::Comment => {}
            Kind::Output(_) | Kind::Tag(_) | Kind::Raw => {
                let is_tag = matches!(piece.kind, Kind::Tag(_));
                match scan.around() {
                    Around::Nothing if is_tag && !scan.begun => marked.before.push_str(ready),
                    Around::Nothing => return Err(Fault::new(piece.at, "this stands outside of <mjml>")),
                    Around::Between if is_tag => {
                        // The place comes after `<mj-raw>`, so that a complaint points at the tag.
                        marked.mjml.push_str("<mj-raw>");
                        marked.places.push((marked.mjml.len(), piece.at));
                        marked.mjml.push_str(&mark_of(index));
                        marked.mjml.push_str("</mj-raw>");
                    }
                    Around::Between => {
                        return Err(Fault::new(piece.at, "a value cannot stand between elements")
                            .hint("put it into an <mj-text>"));
                    }
                    Around::Closed(name) => {
                        return Err(Fault::new(
                            piece.at,
                            format!("Liquid cannot stand directly in <{name}>"),
                        )
                        .hint(
                            "put the whole element into an `if`, or the Liquid into an attribute or a text",
                        ));
                    }
                    Around::Content => {
                        marked.places.push((marked.mjml.len(), piece.at));
                        marked.mjml.push_str(&mark_of(index));
                    }
                }
            }
        }
    }
    Ok(marked)
}

/// Puts the Liquid back, and makes sure that MJML has dropped none of it.
fn unmark(
    html: &str,
    pieces: &[Piece<'_>],
    prepared: &[String],
    preheader: Option<&str>,
    marked: &Marked,
) -> Result<String, Fault> {
    let mut out = marked.before.clone();
    let mut seen = vec![false; prepared.len() + 1];
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(OPEN) {
        push_literal(&mut out, before);
        let (number, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        if let Ok(index) = number.parse::<usize>() {
            out.push_str(prepared.get(index).map_or_else(|| preheader.unwrap_or_default(), String::as_str));
            if let Some(seen) = seen.get_mut(index) {
                *seen = true;
            }
        }
        rest = after;
    }
    push_literal(&mut out, rest);
    for (index, piece) in pieces.iter().enumerate() {
        let carried = seen.get(index).copied().unwrap_or(true);
        let must_be = !matches!(piece.kind, Kind::Text | Kind::Comment);
        let hoisted = prepared.get(index).is_some_and(|ready| marked.before.contains(ready.as_str()));
        if must_be && !carried && !hoisted {
            return Err(Fault::new(piece.at, "MJML leaves out what stands here")
                .hint("the attribute or the place is not one that MJML knows"));
        }
    }
    Ok(out)
}

/// HTML that MJML made, with what would look like Liquid in it made harmless.
fn push_literal(out: &mut String, html: &str) {
    if html.contains("{{") || html.contains("{%") {
        out.push_str(&html.replace("{{", "{{ '{' }}{{ '{' }}").replace("{%", "{{ '{' }}%"));
    } else {
        out.push_str(html);
    }
}

enum Around<'a> {
    Nothing,
    /// Directly in an element that holds elements.
    Between,
    /// Directly in an element that holds certain elements only.
    Closed(&'a str),
    /// In a text, an attribute or a comment.
    Content,
}

/// Follows the elements of a document, to know what is around each piece of Liquid.
#[derive(Default)]
struct Scan {
    open: Vec<String>,
    state: State,
    begun: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Text,
    Comment,
    Tag {
        name: String,
        closing: bool,
        quote: Option<char>,
        slash: bool,
    },
}

impl Scan {
    fn around(&self) -> Around<'_> {
        match (&self.state, self.open.last()) {
            (State::Text, None) => Around::Nothing,
            (State::Text, Some(name)) if BETWEEN.contains(&name.as_str()) => Around::Between,
            (State::Text, Some(name)) if CLOSED.contains(&name.as_str()) => Around::Closed(name),
            _ => Around::Content,
        }
    }

    fn read(&mut self, piece: &Piece<'_>) -> Result<(), Fault> {
        let mut rest = piece.source;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Comment => match rest.split_once("-->") {
                    Some((_, after)) => {
                        self.state = State::Text;
                        after
                    }
                    None => "",
                },
                State::Text => {
                    let Some((_, after)) = rest.split_once('<') else { break };
                    if let Some(comment) = after.strip_prefix("!--") {
                        self.state = State::Comment;
                        comment
                    } else {
                        let (closing, named) =
                            after.strip_prefix('/').map_or((false, after), |named| (true, named));
                        let end = named
                            .find(|c: char| !c.is_ascii_alphanumeric() && !"-_:".contains(c))
                            .unwrap_or(named.len());
                        let (name, after) = named.split_at(end);
                        if !name.is_empty() {
                            let at = piece.at + piece.source.len() - rest.len();
                            if name == "mj-include" {
                                return Err(Fault::new(at, "<mj-include> is not available")
                                    .hint("put what it holds into the template"));
                            }
                            let name = name.to_owned();
                            self.state = State::Tag { name, closing, quote: None, slash: false };
                        }
                        after
                    }
                }
                State::Tag { name, closing, quote, slash } => {
                    let Some(c) = rest.chars().next() else { break };
                    let after = rest.get(c.len_utf8()..).unwrap_or_default();
                    match (*quote, c) {
                        (Some(open), _) if c == open => *quote = None,
                        (Some(_), _) => {}
                        (None, '"' | '\'') => *quote = Some(c),
                        (None, '>') => {
                            let empty = *slash || VOID.contains(&name.as_str());
                            if *closing {
                                self.open.pop();
                            } else if !empty {
                                self.open.push(std::mem::take(name));
                            }
                            self.begun = true;
                            self.state = State::Text;
                            if self.open.len() > DEEPEST {
                                return Err(Fault::new(
                                    piece.at,
                                    format!("elements are nested deeper than {DEEPEST}"),
                                ));
                            }
                        }
                        (None, _) => *slash = c == '/',
                    }
                    after
                }
            };
        }
        Ok(())
    }
}
