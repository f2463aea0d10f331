//! The Liquid that templates are written in: a subset that always ends, escapes what it puts into HTML, and knows a
//! missing value from an empty one.
//!
//! A template is checked piece by piece and rewritten into plain Liquid with guards:
//!
//! * in HTML every output ends in `escape`;
//! * a value with `default` is asked for only when it is there, since Liquid stops at one that is missing;
//! * the body of a loop begins with a step that is counted ([`STEP`]);
//! * after an assignment the size of the value is looked at.

use super::{
    error::{Fault, nearest},
    expression::{chain, fixed_names, variables},
    filters,
    pieces::{Inner, Kind, Piece},
};

/// The variable that is there when a template has taken too many steps.
pub(super) const STEP: &str = "crowsnest_step";
/// Variables that are never there: asking for one stops the rendering, and its name says why.
pub(super) const TOO_MANY_STEPS: &str = "crowsnest_too_many_steps";
pub(super) const TOO_LARGE: &str = "crowsnest_too_large";
/// What starts the names that templates must not use.
const RESERVED: &str = "crowsnest_";

/// The most bytes of a text, or elements of a list, that a variable may hold.
pub(super) const LARGEST_VALUE: usize = 64 * 1024;
/// The longest range that a loop may count through.
const LONGEST_RANGE: i64 = 1_000;
const DEEPEST: usize = 20;
const LONGEST_EXPRESSION: usize = 2_000;

/// What templates get, and below it what is known beforehand.
const ROOTS: [(&str, &[&str]); 5] = [
    ("profile", &[]),
    ("event", &["name", "properties"]),
    ("organisation", &["title", "postal_address"]),
    ("links", &["unsubscribe", "preferences"]),
    ("forloop", &[]),
];

/// What templates get where a change of an item began the program. Templates may give these names to values of their own:
/// `for item in …` is what people write.
const ABOUT_ITEM: [&str; 2] = ["item", "before"];

const TAGS: &str = "assign, if, unless, case, for, break, continue, comment, raw";

/// Where the result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Text,
    Html,
}

/// A template ready for the Liquid parser: one text for each piece.
#[derive(Debug)]
pub(super) struct Prepared<'s> {
    pub(super) pieces: Vec<String>,
    /// The variables that it asks for.
    pub(super) uses: Vec<Asked<'s>>,
}

/// A variable that a template asks for.
#[derive(Debug)]
pub(super) struct Asked<'s> {
    pub(super) at: usize,
    pub(super) path: &'s str,
    /// The template made it itself.
    pub(super) local: bool,
}

/// Checks the pieces of one part and rewrites them.
pub(super) fn prepare<'s>(
    pieces: &[Piece<'s>],
    mode: Mode,
    parser: &liquid::Parser,
) -> Result<Prepared<'s>, Fault> {
    let mut checker = Checker { locals: locals(pieces)?, open: Vec::new(), uses: Vec::new(), mode, parser };
    let mut prepared = Vec::with_capacity(pieces.len());
    for piece in pieces {
        prepared.push(match piece.kind {
            Kind::Text | Kind::Raw => piece.source.to_owned(),
            Kind::Comment => String::new(),
            Kind::Output(inner) => checker.output(piece, inner)?,
            Kind::Tag(inner) => checker.tag(piece, inner)?,
        });
    }
    match checker.open.pop() {
        Some((name, at)) => Err(Fault::new(at, format!("`{{% {name} %}}` is never closed"))
            .hint(format!("expected `{{% end{name} %}}`"))),
        None => Ok(Prepared { pieces: prepared, uses: checker.uses }),
    }
}

/// The names that the template gives to values itself.
fn locals<'s>(pieces: &[Piece<'s>]) -> Result<Vec<&'s str>, Fault> {
    let mut names = Vec::new();
    for piece in pieces {
        let Kind::Tag(inner) = piece.kind else { continue };
        let (tag, arguments) = inner.name_and_arguments();
        let name = match tag {
            "assign" => arguments.split('=').next().unwrap_or_default().trim(),
            "for" => arguments.split_ascii_whitespace().next().unwrap_or_default(),
            _ => continue,
        };
        if ROOTS.iter().any(|(root, _)| *root == name) || name.starts_with(RESERVED) {
            return Err(Fault::new(piece.at, format!("`{name}` is not free: choose another name")));
        }
        names.push(name);
    }
    Ok(names)
}

struct Checker<'s, 'p> {
    locals: Vec<&'s str>,
    open: Vec<(&'s str, usize)>,
    uses: Vec<Asked<'s>>,
    mode: Mode,
    parser: &'p liquid::Parser,
}

/// A rewritten piece: tags and outputs in a row.
enum Made {
    Tag(String),
    Output(String),
}

impl<'s> Checker<'s, '_> {
    fn output(&mut self, piece: &Piece<'s>, inner: Inner<'s>) -> Result<String, Fault> {
        let read = chain(inner.body);
        self.expression(piece.at, inner.body)?;
        self.parses(piece.at, &format!("{{{{ {} }}}}", inner.body))?;
        let body = match self.mode {
            Mode::Text => inner.body.to_owned(),
            Mode::Html => match read.filters.last().map(|filter| filter.name) {
                Some("escape" | "escape_once") => inner.body.to_owned(),
                // Its `<br>` is HTML on purpose, so what comes before it is escaped.
                Some("newline_to_br") => {
                    let before = inner.body.rsplit_once('|').map_or(inner.body, |(before, _)| before);
                    format!("{} | escape | newline_to_br", before.trim_end())
                }
                _ => format!("{} | escape", inner.body),
            },
        };
        let made = match guarded(&read, &body) {
            Some((head, missing)) => vec![
                Made::Tag(format!("if {head}")),
                Made::Output(body),
                Made::Tag("else".into()),
                Made::Output(missing),
                Made::Tag("endif".into()),
            ],
            None => vec![Made::Output(body)],
        };
        Ok(write(inner, &made))
    }

    fn tag(&mut self, piece: &Piece<'s>, inner: Inner<'s>) -> Result<String, Fault> {
        let at = piece.at;
        let (name, arguments) = inner.name_and_arguments();
        let plain = Made::Tag(inner.body.to_owned());
        match name {
            "assign" => return self.assign(at, inner, arguments),
            "if" | "unless" => {
                self.parses(at, &format!("{{% if {arguments} %}}{{% endif %}}"))?;
                self.variables(at, arguments)?;
                self.opens(name, at)?;
            }
            "elsif" => {
                self.parses(at, &format!("{{% if {arguments} %}}{{% endif %}}"))?;
                self.variables(at, arguments)?;
                self.inside(name, at, &["if"])?;
            }
            "case" => {
                self.parses(at, &format!("{{% case {arguments} %}}{{% when 1 %}}{{% endcase %}}"))?;
                self.variables(at, arguments)?;
                self.opens(name, at)?;
            }
            "when" => {
                self.parses(at, &format!("{{% case 1 %}}{{% when {arguments} %}}{{% endcase %}}"))?;
                self.variables(at, arguments)?;
                self.inside(name, at, &["case"])?;
            }
            "else" => self.inside(name, at, &["if", "unless", "case", "for"])?,
            "for" => {
                self.parses(at, &format!("{{% for {arguments} %}}{{% endfor %}}"))?;
                range_ends(arguments, at)?;
                self.variables(at, arguments.split_once(" in ").map_or("", |(_, list)| list))?;
                self.opens(name, at)?;
                let step = [
                    Made::Tag(inner.body.to_owned()),
                    Made::Tag(format!("if {STEP}")),
                    Made::Output(TOO_MANY_STEPS.into()),
                    Made::Tag("endif".into()),
                ];
                return Ok(write(inner, &step));
            }
            "break" | "continue" => {
                if !self.open.iter().any(|(open, _)| *open == "for") {
                    return Err(Fault::new(at, format!("`{name}` stands outside of a `for`")));
                }
            }
            _ if name.starts_with("end") => self.closes(name, at)?,
            _ => {
                let known =
                    ["assign", "if", "elsif", "else", "unless", "case", "when", "for", "break", "continue"];
                let fault = Fault::new(at, format!("there is no tag `{name}` in templates"));
                return Err(match nearest(name, known) {
                    Some(word) => fault.hint(format!("did you mean `{word}`?")),
                    None => fault.hint(format!("tags: {TAGS}")),
                });
            }
        }
        Ok(write(inner, &[plain]))
    }

    fn assign(&mut self, at: usize, inner: Inner<'s>, arguments: &'s str) -> Result<String, Fault> {
        let (name, value) = arguments.split_once('=').unwrap_or((arguments, ""));
        let (name, value) = (name.trim(), value.trim());
        self.expression(at, value)?;
        self.parses(at, &format!("{{% {} %}}", inner.body))?;
        let assign = |value: &str| Made::Tag(format!("assign {name} = {value}"));
        let mut made = match guarded(&chain(value), value) {
            Some((head, missing)) => vec![
                Made::Tag(format!("if {head}")),
                assign(value),
                Made::Tag("else".into()),
                assign(&missing),
                Made::Tag("endif".into()),
            ],
            None => vec![assign(value)],
        };
        made.push(Made::Tag(format!("assign {RESERVED}size = {name} | size")));
        made.push(Made::Tag(format!("if {RESERVED}size > {LARGEST_VALUE}")));
        made.push(Made::Output(TOO_LARGE.into()));
        made.push(Made::Tag("endif".into()));
        Ok(write(inner, &made))
    }

    /// A value with its filters.
    fn expression(&mut self, at: usize, text: &'s str) -> Result<(), Fault> {
        let read = chain(text);
        filters::check(&read, at)?;
        self.variables(at, read.head)?;
        for filter in &read.filters {
            for argument in &filter.arguments {
                self.variables(at, argument)?;
            }
        }
        Ok(())
    }

    fn variables(&mut self, at: usize, text: &'s str) -> Result<(), Fault> {
        if text.len() > LONGEST_EXPRESSION || text.matches('[').count() > 8 {
            return Err(Fault::new(at, "the expression is too long"));
        }
        for path in variables(text) {
            let names = fixed_names(path);
            let Some(root) = names.first().copied() else { continue };
            let local = self.locals.contains(&root);
            self.uses.push(Asked { at, path, local });
            if local || ABOUT_ITEM.contains(&root) {
                continue;
            }
            let Some((_, known)) = ROOTS.iter().find(|(name, _)| *name == root) else {
                let all =
                    ROOTS.iter().map(|(name, _)| *name).chain(ABOUT_ITEM).chain(self.locals.iter().copied());
                let fault = Fault::new(at, format!("there is no variable `{root}`"));
                return Err(match nearest(root, all) {
                    Some(word) => fault.hint(format!("did you mean `{word}`?")),
                    None => fault.hint("there are profile, event, item, before, organisation and links"),
                });
            };
            if let Some(second) = names.get(1)
                && !known.is_empty()
                && !known.contains(second)
            {
                let fault = Fault::new(at, format!("there is no variable `{root}.{second}`"));
                return Err(match nearest(second, known.iter().copied()) {
                    Some(word) => fault.hint(format!("did you mean `{root}.{word}`?")),
                    None => fault.hint(format!("there are {root}.{}", known.join(&format!(" and {root}.")))),
                });
            }
        }
        Ok(())
    }

    fn opens(&mut self, name: &'s str, at: usize) -> Result<(), Fault> {
        self.open.push((name, at));
        if self.open.len() > DEEPEST {
            return Err(Fault::new(at, format!("blocks are nested deeper than {DEEPEST}")));
        }
        Ok(())
    }

    fn closes(&mut self, name: &str, at: usize) -> Result<(), Fault> {
        match self.open.pop() {
            Some((open, _)) if name.strip_prefix("end") == Some(open) => Ok(()),
            Some((open, _)) => {
                Err(Fault::new(at, format!("`{name}` closes nothing here"))
                    .hint(format!("expected `end{open}`")))
            }
            None => Err(Fault::new(at, format!("`{name}` closes nothing here"))),
        }
    }

    fn inside(&self, name: &str, at: usize, blocks: &[&str]) -> Result<(), Fault> {
        match self.open.last() {
            Some((open, _)) if blocks.contains(open) => Ok(()),
            _ => Err(Fault::new(at, format!("`{name}` stands outside of a `{}`", blocks.join("`, `")))),
        }
    }

    /// Whether the Liquid parser takes this piece by itself, so that its complaint has a place.
    fn parses(&self, at: usize, liquid: &str) -> Result<(), Fault> {
        if liquid.len() > LONGEST_EXPRESSION {
            return Err(Fault::new(at, "the expression is too long"));
        }
        self.parser.parse(liquid).map(|_| ()).map_err(|error| Fault::new(at, super::complaint(&error)))
    }
}

/// For a value with `default`: its name, and the expression when it is missing.
fn guarded(read: &super::expression::Chain<'_>, body: &str) -> Option<(String, String)> {
    let variable = variables(read.head).first() == Some(&read.head);
    let has_default = read.filters.iter().any(|filter| filter.name == "default");
    let rest = body.strip_prefix(read.head).filter(|_| variable && has_default)?;
    Some((read.head.to_owned(), format!("nil{rest}")))
}

/// Writes rewritten tags and outputs; the first and the last eat the space that the piece ate.
fn write(inner: Inner<'_>, made: &[Made]) -> String {
    let mut out = String::new();
    for (index, one) in made.iter().enumerate() {
        let before = if index == 0 && inner.trims_before { "-" } else { "" };
        let after = if index + 1 == made.len() && inner.trims_after { "-" } else { "" };
        out.push_str(&match one {
            Made::Tag(body) => format!("{{%{before} {body} {after}%}}"),
            Made::Output(body) => format!("{{{{{before} {body} {after}}}}}"),
        });
    }
    out
}

/// A loop over numbers must say how far it goes.
fn range_ends(arguments: &str, at: usize) -> Result<(), Fault> {
    let Some(range) =
        arguments.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(range, _)| range)
    else {
        return Ok(());
    };
    let ends =
        range.split_once("..").map(|(from, to)| (from.trim().parse::<i64>(), to.trim().parse::<i64>()));
    match ends {
        Some((Ok(from), Ok(to))) if to.saturating_sub(from) < LONGEST_RANGE => Ok(()),
        Some((Ok(_), Ok(_))) => {
            Err(Fault::new(at, format!("a range may count {LONGEST_RANGE} numbers at most")))
        }
        _ => Err(Fault::new(at, "a range needs a number at each end, such as (1..5)")
            .hint("to go through values, write `for item in event.properties.items`")),
    }
}
