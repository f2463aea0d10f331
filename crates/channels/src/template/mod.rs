//! Templates: Liquid and MJML, checked and compiled once, filled in for each message.
//!
//! [`CompiledTemplate`] is an e-mail's, [`CompiledText`] that of a channel on which a message is its text.

mod budget;
mod error;
mod expression;
mod filters;
mod language;
mod mjml;
mod pieces;

use crate::email::tracked;
use budget::{Bounded, Budgeted};
use crowsnest_model::definition::Template;
use error::{Fault, nearest};
use language::{Mode, TOO_LARGE, TOO_MANY_STEPS};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

pub use error::{Part, TemplateError};

/// The most bytes of a part of a template.
const LONGEST_SOURCE: usize = 256 * 1024;
/// The most bytes of a rendered subject: a header line has an end.
const LONGEST_SUBJECT: usize = 900;

/// What an e-mail says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Content {
    /// The subject line: one line, without control characters.
    pub subject: String,
    /// The body as HTML.
    pub html: String,
    /// The body as plain text.
    pub text: String,
}

/// A template of an e-mail that has been checked and can be filled in.
///
/// It gets `profile` (the traits), `event` (`name`, `properties`), `organisation` (`title`, `postal_address`) and
/// `links` (`unsubscribe`, `preferences`); and `item` and `before` where a change of an item of a catalogue began it. Values are escaped in HTML. Asking for a value that is not there is an error
/// unless it has a `default`, or an `if` asks for it first.
pub struct CompiledTemplate {
    subject: CompiledPart,
    html: CompiledPart,
    text: CompiledPart,
    hosts: BTreeSet<String>,
}

impl fmt::Debug for CompiledTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompiledTemplate(…)")
    }
}

/// A part ready to be filled in, and what is needed to say where it went wrong.
struct CompiledPart {
    liquid: liquid::Template,
    uses: Vec<Use>,
}

/// A variable that a template asks for, and where.
struct Use {
    part: Part,
    line: u32,
    column: u32,
    path: String,
    local: bool,
}

impl CompiledTemplate {
    /// Checks and compiles a template. It is an error if it has no subject or no MJML.
    pub fn compile(template: &Template) -> Result<Self, TemplateError> {
        let subject = compile_text(Part::Subject, required(Part::Subject, template.subject.as_deref())?)?;
        let text = compile_text(Part::Text, &template.text)?;
        let mjml = required(Part::Mjml, template.mjml.as_deref())?;
        let html = compile_html(mjml, template.preheader.as_deref())?;
        let hosts = tracked::hosts(mjml).into_iter().chain(tracked::hosts(&template.text)).collect();
        Ok(Self { subject, html, text, hosts })
    }

    /// Fills in the template. Values that it asks for in vain, and what takes too long or grows too large, are errors.
    pub fn render(&self, data: &Value) -> Result<Content, TemplateError> {
        let globals = globals(Part::Subject, data)?;
        let subject = one_line(&self.subject.render(Part::Subject, &globals)?);
        if subject.len() > LONGEST_SUBJECT {
            return Err(plain_error(
                Part::Subject,
                format!("the subject is longer than {LONGEST_SUBJECT} bytes"),
            )
            .with_hint("shorten values with `truncate`"));
        }
        let html = self.html.render(Part::Mjml, &globals)?;
        let text = self.text.render(Part::Text, &globals)?;
        Ok(Content { subject, html, text })
    }

    /// Whether a host stands to the letter in the template, so that links to it are its author's and nobody else's.
    pub fn spells_out(&self, host: &str) -> bool {
        self.hosts.contains(host)
    }

    /// The variables that the template asks for of what it gets, as written, each once: `profile.first_name`.
    pub fn variables(&self) -> Vec<&str> {
        asked_for([&self.subject, &self.html, &self.text])
    }
}

/// A template that is one text. It gets what [`CompiledTemplate`] gets.
pub struct CompiledText(CompiledPart);

impl fmt::Debug for CompiledText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompiledText(…)")
    }
}

impl CompiledText {
    /// Checks and compiles a text.
    pub fn compile(text: &str) -> Result<Self, TemplateError> {
        compile_text(Part::Text, text).map(Self)
    }

    /// Fills in the text, without blanks around it. Values that it asks for in vain, and what takes too long or grows too
    /// large, are errors.
    pub fn render(&self, data: &Value) -> Result<String, TemplateError> {
        let text = self.0.render(Part::Text, &globals(Part::Text, data)?)?;
        Ok(text.trim().to_owned())
    }

    /// The variables that the text asks for of what it gets, as written, each once.
    pub fn variables(&self) -> Vec<&str> {
        asked_for([&self.0])
    }
}

fn required(part: Part, source: Option<&str>) -> Result<&str, TemplateError> {
    source.ok_or_else(|| plain_error(part, "an e-mail needs one, and there is none"))
}

fn globals(part: Part, data: &Value) -> Result<liquid::Object, TemplateError> {
    liquid::to_object(data).map_err(|_| plain_error(part, "the data of a template must be an object"))
}

fn asked_for<'a>(parts: impl IntoIterator<Item = &'a CompiledPart>) -> Vec<&'a str> {
    let mut paths: Vec<&str> = parts
        .into_iter()
        .flat_map(|part| part.uses.iter().filter(|used| !used.local).map(|used| used.path.as_str()))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn parser(part: Part) -> Result<liquid::Parser, TemplateError> {
    liquid::ParserBuilder::with_stdlib().build().map_err(|error| plain_error(part, complaint(&error)))
}

fn compile_text(part: Part, source: &str) -> Result<CompiledPart, TemplateError> {
    let parser = parser(part)?;
    let (liquid, uses) = prepare(part, source, Mode::Text, &parser, |_, prepared| Ok(prepared.concat()))?;
    let liquid = parser.parse(&liquid).map_err(|error| plain_error(part, complaint(&error)))?;
    Ok(CompiledPart { liquid, uses })
}

fn compile_html(mjml: &str, preheader: Option<&str>) -> Result<CompiledPart, TemplateError> {
    let parser = parser(Part::Mjml)?;
    let preheader = preheader.filter(|preheader| !preheader.trim().is_empty());
    let mut uses = Vec::new();
    let mut preheader_liquid = None;
    if let Some(source) = preheader {
        let (liquid, used) = prepare(Part::Preheader, source, Mode::Html, &parser, |pieces, prepared| {
            // Its own text is text, not HTML.
            let escaped = pieces.iter().zip(prepared).map(|(piece, ready)| match piece.kind {
                pieces::Kind::Text => ready.replace('&', "&amp;").replace('<', "&lt;"),
                _ => ready.clone(),
            });
            Ok(escaped.collect())
        })?;
        preheader_liquid = Some(liquid);
        uses = used;
    }
    let (liquid, used) = prepare(Part::Mjml, mjml, Mode::Html, &parser, |pieces, prepared| {
        mjml::compile(pieces, prepared, preheader_liquid.as_deref())
    })?;
    uses.extend(used);
    let liquid = parser.parse(&liquid).map_err(|error| plain_error(Part::Mjml, complaint(&error)))?;
    Ok(CompiledPart { liquid, uses })
}

/// Checks one part; `join` makes one text of its rewritten pieces.
fn prepare(
    part: Part,
    source: &str,
    mode: Mode,
    parser: &liquid::Parser,
    join: impl FnOnce(&[pieces::Piece<'_>], &[String]) -> Result<String, Fault>,
) -> Result<(String, Vec<Use>), TemplateError> {
    if source.len() > LONGEST_SOURCE {
        return Err(plain_error(part, format!("longer than {} KiB", LONGEST_SOURCE / 1024)));
    }
    let place = |fault: Fault| fault.in_part(part, source);
    let pieces = pieces::pieces(source).map_err(place)?;
    let prepared = language::prepare(&pieces, mode, parser).map_err(place)?;
    let liquid = join(&pieces, &prepared.pieces).map_err(place)?;
    let uses = prepared
        .uses
        .into_iter()
        .map(|asked| {
            let TemplateError { line, column, .. } = Fault::new(asked.at, "").in_part(part, source);
            Use { part, line, column, path: asked.path.to_owned(), local: asked.local }
        })
        .collect();
    Ok((liquid, uses))
}

impl CompiledPart {
    fn render(&self, part: Part, globals: &liquid::Object) -> Result<String, TemplateError> {
        let mut out = Bounded::default();
        let budgeted = Budgeted::new(globals);
        // Filters have been seen to panic on numbers at the edge of their range; that is a template's failure.
        let rendered = catch_unwind(AssertUnwindSafe(|| self.liquid.render_to(&mut out, &budgeted)));
        match rendered {
            Ok(Ok(())) => {
                String::from_utf8(out.bytes).map_err(|_| plain_error(part, "the result is not text"))
            }
            Ok(Err(_)) if out.overflowed => {
                Err(plain_error(part, format!("the result is larger than {} KiB", budget::LARGEST / 1024)))
            }
            Ok(Err(error)) => Err(self.failure(part, &error)),
            Err(_) => Err(plain_error(part, "a filter cannot work with the value that it was given")),
        }
    }

    fn failure(&self, part: Part, error: &liquid::Error) -> TemplateError {
        let shown = error.to_string();
        let context = |key: &str| shown.lines().find_map(|line| line.trim_start().strip_prefix(key));
        let name = match (context("requested variable="), context("variable="), context("requested index=")) {
            (Some(name), _, _) => name.to_owned(),
            (None, Some(parent), Some(index)) => format!("{parent}.{index}"),
            _ => return plain_error(part, complaint(error)),
        };
        match name.as_str() {
            TOO_MANY_STEPS => {
                return plain_error(part, "the loops go round too often, or take too long");
            }
            TOO_LARGE => {
                let most = language::LARGEST_VALUE / 1024;
                return plain_error(part, format!("a variable grows beyond {most} KiB"));
            }
            _ => {}
        }
        let mut failure = plain_error(part, format!("`{name}` is not there"));
        if let Some(used) =
            self.uses.iter().find(|used| expression::fixed_names(&used.path).join(".") == name)
        {
            (failure.part, failure.line, failure.column) = (used.part, used.line, used.column);
        }
        let index = context("requested index=").unwrap_or_default();
        let near = context("available indexes=").and_then(|known| nearest(index, known.split(", ")));
        let parent = context("variable=").unwrap_or_default();
        let instead =
            format!("`{{{{ {name} | default: \"…\" }}}}` gives it a value, `{{% if {name} %}}` asks first");
        failure.with_hint(match near {
            Some(word) => format!("did you mean `{parent}.{word}`? {instead}"),
            None => instead,
        })
    }
}

impl TemplateError {
    fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// An error of a whole part, or of which nobody knows the place.
fn plain_error(part: Part, message: impl Into<String>) -> TemplateError {
    TemplateError { part, line: 1, column: 1, message: message.into(), hint: None }
}

/// What the Liquid library complains about, without the values that it would show.
fn complaint(error: &liquid::Error) -> String {
    let shown = error.to_string();
    if let Some(expected) = shown.lines().find_map(|line| line.trim_start().strip_prefix("= ")) {
        return expected.to_owned();
    }
    let first = shown.lines().next().unwrap_or_default();
    let message = first.strip_prefix("liquid: ").unwrap_or(first);
    let message = message.split_once(", found").map_or(message, |(message, _)| message);
    match shown.lines().find_map(|line| line.trim_start().strip_prefix("filter=")) {
        Some(filter) => format!("{message} in `{filter}`"),
        None => message.to_owned(),
    }
}

/// A subject is one line, whatever the values in it are.
fn one_line(subject: &str) -> String {
    let spaced: String = subject
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
