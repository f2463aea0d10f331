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

/// What stands around a mark's number: brackets that nobody writes, and that MJML carries along as they are.
const OPEN: char = '⸨';
const CLOSE: char = '⸩';
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
    let marked = mark(pieces)?;
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
    /// Pieces of Liquid before `<mjml>`, such as assignments, by number.
    before: Vec<usize>,
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
            let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == OPEN).unwrap_or(rest.len());
            rest.get(..end.min(60)).unwrap_or_default().trim_matches(['<', '/']).to_owned()
        };
        match error {
            Error::UnexpectedElement { position, .. } => {
                Fault::new(at(position), format!("MJML does not allow `{}` here", here(position)))
            }
            Error::UnexpectedToken { position, .. } => {
                Fault::new(at(position), format!("MJML does not expect `{}` here", here(position)))
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

fn mark(pieces: &[Piece<'_>]) -> Result<Marked, Fault> {
    let mut marked = Marked { mjml: String::new(), places: Vec::new(), before: Vec::new() };
    let mut scan = Scan::default();
    for (index, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Text => {
                if let Some(at) = piece.source.find([OPEN, CLOSE]) {
                    return Err(Fault::new(piece.at + at, "the brackets ⸨ and ⸩ are not allowed in MJML"));
                }
                scan.read(piece, &mut marked)?;
            }
            Kind::Comment => {}
            Kind::Output(_) | Kind::Tag(_) | Kind::Raw => {
                let is_tag = matches!(piece.kind, Kind::Tag(_));
                match scan.around() {
                    Around::Nothing if is_tag && !scan.begun => marked.before.push(index),
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
    let mut carried = vec![false; prepared.len() + 1];
    let mut put = |out: &mut String, index: usize| {
        out.push_str(prepared.get(index).map_or_else(|| preheader.unwrap_or_default(), String::as_str));
        if let Some(carried) = carried.get_mut(index) {
            *carried = true;
        }
    };
    let mut out = String::with_capacity(html.len() * 2);
    for index in &marked.before {
        put(&mut out, *index);
    }
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(OPEN) {
        push_literal(&mut out, before);
        let (number, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        if let Ok(index) = number.parse() {
            put(&mut out, index);
        }
        rest = after;
    }
    push_literal(&mut out, rest);
    for (piece, carried) in pieces.iter().zip(carried) {
        if !carried && !matches!(piece.kind, Kind::Text | Kind::Comment) {
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
        at: usize,
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

    /// Reads a piece of text and writes it to `marked`, with attributes spelt so that MJML keeps them as they are.
    fn read(&mut self, piece: &Piece<'_>, marked: &mut Marked) -> Result<(), Fault> {
        let mut rest = piece.source;
        marked.places.push((marked.mjml.len(), piece.at));
        while !rest.is_empty() {
            let at = piece.at + piece.source.len() - rest.len();
            let after = match &mut self.state {
                State::Comment => match rest.find("-->") {
                    Some(end) => {
                        self.state = State::Text;
                        rest.get(end + 3..).unwrap_or_default()
                    }
                    None => "",
                },
                State::Text => self.text(rest, at)?,
                State::Tag { quote: Some(quote), .. } => {
                    let quote = *quote;
                    let end = rest.find(quote).unwrap_or(rest.len());
                    let (value, after) = rest.split_at(end);
                    for (offset, c) in value.char_indices() {
                        push_attribute(&mut marked.mjml, c);
                        marked.places.push((marked.mjml.len(), at + offset + c.len_utf8()));
                    }
                    if let State::Tag { quote, .. } = &mut self.state
                        && !after.is_empty()
                    {
                        *quote = None;
                        marked.mjml.push_str(after.get(..1).unwrap_or_default());
                    }
                    rest = after.get(1..).unwrap_or_default();
                    continue;
                }
                State::Tag { .. } => self.tag(rest, at)?,
            };
            marked.mjml.push_str(rest.get(..rest.len() - after.len()).unwrap_or_default());
            rest = after;
        }
        Ok(())
    }

    /// Up to and with the name of the next tag; gives what follows.
    fn text<'r>(&mut self, rest: &'r str, at: usize) -> Result<&'r str, Fault> {
        let Some(open) = rest.find('<') else { return Ok("") };
        let after = rest.get(open + 1..).unwrap_or_default();
        if let Some(comment) = after.strip_prefix("!--") {
            self.state = State::Comment;
            return Ok(comment);
        }
        let (closing, named) = after.strip_prefix('/').map_or((false, after), |named| (true, named));
        let end =
            named.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:".contains(c)).unwrap_or(named.len());
        let (name, after) = named.split_at(end);
        if name == "mj-include" {
            return Err(Fault::new(at + open, "<mj-include> is not available")
                .hint("put what it holds into the template"));
        }
        if !name.is_empty() {
            self.state =
                State::Tag { at: at + open, name: name.to_owned(), closing, quote: None, slash: false };
        }
        Ok(after)
    }

    /// One character of a tag outside of quotes; gives what follows.
    fn tag<'r>(&mut self, rest: &'r str, at: usize) -> Result<&'r str, Fault> {
        let (State::Tag { at: begin, name, closing, quote, slash }, Some(c)) =
            (&mut self.state, rest.chars().next())
        else {
            return Ok("");
        };
        match c {
            '"' | '\'' => *quote = Some(c),
            '>' => {
                if *closing {
                    let open = self.open.pop();
                    if open.as_ref() != Some(name) {
                        let fault = Fault::new(*begin, format!("`</{name}>` closes nothing here"));
                        return Err(match open {
                            Some(open) => fault.hint(format!("expected `</{open}>`")),
                            None => fault,
                        });
                    }
                } else if !*slash && !VOID.contains(&name.as_str()) {
                    self.open.push(std::mem::take(name));
                }
                self.begun = true;
                self.state = State::Text;
                if self.open.len() > DEEPEST {
                    return Err(Fault::new(at, format!("elements are nested deeper than {DEEPEST}")));
                }
            }
            _ => *slash = c == '/',
        }
        Ok(rest.get(c.len_utf8()..).unwrap_or_default())
    }
}

/// A character of an attribute. The MJML library writes attributes as Rust would write a string, with backslashes, so
/// what that would change goes in as an entity, which it does not.
fn push_attribute(out: &mut String, c: char) {
    if c == '\'' || c.escape_debug().len() == 1 {
        out.push(c);
    } else {
        out.push_str(&format!("&#{};", u32::from(c)));
    }
}
