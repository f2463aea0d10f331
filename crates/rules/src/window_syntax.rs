//! How questions about recorded events are written: `count("Order Completed", within("30d"), where(…))`.

use crate::{
    error::Fault,
    ir::{Comparison, Literal, Node, Path, Root},
    kinds::Type,
    lexer::What,
    parser::{About, Parser, Typed},
    review::Mentioned,
    series_spec::{Keeps, SeriesSpec, kept_for},
    window::{Aggregate, Span, Window},
};
use crowsnest_model::{
    Duration, Time,
    series::{Granularity, Kept},
};
use std::sync::Arc;

/// What stands inside of a question about recorded events and nowhere else.
pub(crate) const OPTIONS: [&str; 4] = ["within", "between", "where", "since"];
/// The longest span: a hundred years.
const LONGEST: Duration = Duration::days(36_525);

/// The functions about a stretch of time.
pub(crate) const WINDOWS: [(&str, Aggregate); 9] = [
    ("avg", Aggregate::Average),
    ("count", Aggregate::Count),
    ("distinct", Aggregate::Distinct),
    ("first", Aggregate::First),
    ("last", Aggregate::Last),
    ("max", Aggregate::Most),
    ("min", Aggregate::Least),
    ("never", Aggregate::Never),
    ("sum", Aggregate::Sum),
];

/// Recorded events: a name, and what must hold of them.
pub(crate) struct Events {
    name: Box<str>,
    filter: Vec<Node>,
}

impl Events {
    /// The condition that all of them fulfil.
    fn filter(self) -> (Box<str>, Option<Node>) {
        let mut nodes = self.filter;
        let filter = match nodes.len() {
            0 | 1 => nodes.pop(),
            _ => Some(Node::AllOf(nodes.into())),
        };
        (self.name, filter)
    }
}

impl Aggregate {
    /// Whether it is about a property.
    fn has_value(self) -> bool {
        matches!(self, Self::Sum | Self::Average | Self::Least | Self::Most | Self::Distinct)
    }
}

impl Parser<'_, '_> {
    /// A function about a stretch of time, after its opening parenthesis.
    pub(crate) fn window(&mut self, at: usize, name: &str, aggregate: Aggregate) -> Result<Typed, Fault> {
        let mut events = self.events(name)?;
        let mut span = None;
        let mut path = None;
        while self.takes(",") {
            let here = self.here();
            if let Some(option) = self.option() {
                match option {
                    "where" => self.filter(&mut events)?,
                    "since" => {
                        return Err(Fault::new(here, format!("{name} has no since: write within(\"30d\")")));
                    }
                    _ if span.is_some() => {
                        return Err(Fault::new(
                            here,
                            "a question is about one stretch of time, this is the second",
                        ));
                    }
                    "within" => span = Some(Span::Ago { from: self.span("within")?, to: Duration(0) }),
                    _ => span = Some(self.between(&mut events)?),
                }
            } else if aggregate.has_value() && path.is_none() {
                path = Some(self.property_of(name, aggregate, &events.name)?);
            } else {
                return Err(self.expected("within(…), between(…) or where(…)"));
            }
        }
        self.expect(")")?;
        let keeps = match (aggregate, path) {
            (Aggregate::Distinct, Some(path)) => Keeps::Values(path),
            (_, Some(path)) => Keeps::Numbers(path),
            (_, None) if aggregate.has_value() => {
                return Err(Fault::new(
                    at,
                    format!(
                        "{name} needs an event and a property of it, as in {name}(\"Order Completed\", \"revenue\")"
                    ),
                ));
            }
            (_, None) => Keeps::Moments,
        };
        let span = span.unwrap_or(Span::All);
        let kept = match span {
            Span::All => Duration(0),
            Span::Ago { from, .. } => kept_for(from),
        };
        let granularity = self.granularity_for(at, span)?;
        let spec = self.spec(events, keeps, Kept::For(kept), granularity);
        self.typed(at, Node::Window(Box::new(Window::new(aggregate, spec, span))))
    }

    /// How finely a window is read: as the metric says that it stands in, if it is no shorter than that.
    fn granularity_for(&self, at: usize, span: Span) -> Result<Granularity, Fault> {
        match span {
            Span::Ago { from, to } if Duration(from.0 - to.0) < self.granularity.span() => {
                let (window, granularity) = (Duration(from.0 - to.0), self.granularity.span());
                Err(Fault::new(
                    at,
                    format!(
                        "a stretch of {window} cannot be told at a granularity of {granularity}: make the stretch longer or the granularity finer"
                    ),
                ))
            }
            _ => Ok(self.granularity),
        }
    }

    /// The series of these events; the same one for every question that can share it.
    pub(crate) fn spec(
        &mut self,
        events: Events,
        keeps: Keeps,
        kept: Kept,
        granularity: Granularity,
    ) -> Arc<SeriesSpec> {
        let (name, filter) = events.filter();
        let spec = SeriesSpec::new(&name, filter, keeps, kept, granularity);
        self.series.entry((spec.id(), kept)).or_insert_with(|| Arc::new(spec)).clone()
    }

    /// The name of an event, or `event("name", where(…))`.
    pub(crate) fn events(&mut self, function: &str) -> Result<Events, Fault> {
        if matches!((self.peek(), self.peek_after()), (What::Word("event"), What::Sign("("))) {
            self.skip();
            self.skip();
            let mut events = Events { name: self.event_name("event")?, filter: Vec::new() };
            while self.takes(",") {
                match self.option() {
                    Some("where") => self.filter(&mut events)?,
                    _ => return Err(self.expected("where(…)")),
                }
            }
            self.expect(")")?;
            return Ok(events);
        }
        Ok(Events { name: self.event_name(function)?, filter: Vec::new() })
    }

    fn event_name(&mut self, function: &str) -> Result<Box<str>, Fault> {
        let at = self.here();
        let What::Text(name) = self.peek() else {
            let wanted = format!("the name of an event in quotes, as in {function}(\"Order Completed\")");
            return Err(self.expected(&wanted));
        };
        let name: Box<str> = name.as_str().into();
        if name.is_empty() {
            return Err(Fault::new(at, "an event needs a name"));
        }
        self.skip();
        self.count(at)?;
        self.mentions(at, || Mentioned::Event(name.to_string()));
        Ok(name)
    }

    /// The word of an option, if one is next; its opening parenthesis is taken too.
    pub(crate) fn option(&mut self) -> Option<&'static str> {
        let (What::Word(word), What::Sign("(")) = (self.peek(), self.peek_after()) else { return None };
        let option = OPTIONS.into_iter().find(|option| option == word)?;
        self.skip();
        self.skip();
        Some(option)
    }

    /// The condition of `where(`, and the closing parenthesis.
    pub(crate) fn filter(&mut self, events: &mut Events) -> Result<(), Fault> {
        let outside = std::mem::replace(&mut self.about, About::Recorded(events.name.clone()));
        let condition = self.expression()?;
        self.about = outside;
        let kind = condition.node.kind();
        if !kind.may_be(Type::Bool) {
            return Err(Fault::new(condition.at, format!("where needs true or false, but this is {kind}")));
        }
        self.expect(")")?;
        match condition.node {
            Node::AllOf(nodes) => events.filter.extend(nodes),
            other => events.filter.push(other),
        }
        Ok(())
    }

    /// One span in quotes, and the closing parenthesis.
    pub(crate) fn span(&mut self, function: &str) -> Result<Duration, Fault> {
        let at = self.here();
        let What::Text(text) = self.peek() else {
            return Err(self.expected(&format!("a duration in quotes, as in {function}(\"30d\")")));
        };
        let span = duration(at, text)?;
        self.skip();
        self.expect(")")?;
        Ok(span)
    }

    /// Both ends of `between(`, and the closing parenthesis: durations ago, or moments, which are a condition on the events.
    pub(crate) fn between(&mut self, events: &mut Events) -> Result<Span, Fault> {
        let first_at = self.here();
        let from = self.quoted()?;
        self.expect(",")?;
        let second_at = self.here();
        let to = self.quoted()?;
        self.expect(")")?;
        if let Some(from) = moment(&from) {
            let to = moment(&to).ok_or_else(|| {
                Fault::new(
                    second_at,
                    format!("`{}` is not a moment, but the first of the two is one", shown(&to)),
                )
            })?;
            if to <= from {
                return Err(Fault::new(first_at, "the first of the two moments must be the earlier one"));
            }
            let time = || Path { root: Root::EventTime, fields: Box::default(), kind: Type::Time };
            for (comparison, end) in [(Comparison::AtLeast, from), (Comparison::Less, to)] {
                let sides = [Node::Path(Box::new(time())), Node::Literal(Literal::Time(end))];
                events.filter.push(Node::Compare(comparison, Box::new(sides)));
            }
            return Ok(Span::All);
        }
        let (from, to) = (duration(first_at, &from)?, duration_or_none(second_at, &to)?);
        if from <= to {
            return Err(Fault::new(
                first_at,
                "the first of the two must be longer ago, as in between(\"60d\", \"30d\")",
            ));
        }
        Ok(Span::Ago { from, to })
    }

    fn quoted(&mut self) -> Result<String, Fault> {
        let What::Text(text) = self.peek() else {
            return Err(self.expected("a duration or a moment in quotes, as in between(\"60d\", \"30d\")"));
        };
        let text = text.clone();
        self.skip();
        Ok(text)
    }

    /// The property that a function is about: a text, with points between names, or `event.properties.x`.
    fn property_of(
        &mut self,
        function: &str,
        aggregate: Aggregate,
        event: &str,
    ) -> Result<Box<[Box<str>]>, Fault> {
        let at = self.here();
        let (fields, kind): (Box<[Box<str>]>, Type) = match self.peek() {
            What::Text(text) => {
                let fields: Vec<Box<str>> = text.split('.').map(Into::into).collect();
                let first = match fields.first() {
                    Some(first) if fields.iter().all(|field| !field.is_empty()) => first.clone(),
                    _ => {
                        return Err(Fault::new(
                            at,
                            "a property has a name, with points between names of fields",
                        ));
                    }
                };
                self.skip();
                for _ in &fields {
                    self.count(at)?;
                }
                let declared = self.schema.property(Some(event), &first).map_err(|unknown| {
                    Fault::new(at, format!("`{first}` is not a property of {event} that is known here"))
                        .hinting(unknown.nearest)
                })?;
                let kind = if fields.len() == 1 { declared } else { Type::Any };
                self.mentions(at, || Mentioned::Property {
                    event: Some(event.to_owned()),
                    name: first.to_string(),
                });
                (fields.into(), kind)
            }
            What::Word("event") => {
                let outside = std::mem::replace(&mut self.about, About::Recorded(event.into()));
                let value = self.member()?;
                self.about = outside;
                match value.node {
                    Node::Path(path) if path.root == Root::Properties && !path.fields.is_empty() => {
                        (path.fields, path.kind)
                    }
                    _ => {
                        return Err(Fault::new(
                            at,
                            format!("{function} needs a property, as in event.properties.revenue"),
                        ));
                    }
                }
            }
            _ => return Err(self.expected("a property in quotes, within(…), between(…) or where(…)")),
        };
        if aggregate != Aggregate::Distinct && !kind.may_be_number() {
            return Err(Fault::new(
                at,
                format!("{function} needs a number, but {} is {kind}", fields.join(".")),
            ));
        }
        Ok(fields)
    }
}

/// A span that is longer than nothing and not longer than a life.
pub(crate) fn duration(at: usize, text: &str) -> Result<Duration, Fault> {
    let span = duration_or_none(at, text)?;
    if span.0 == 0 { Err(Fault::new(at, "this needs to be longer than nothing")) } else { Ok(span) }
}

fn duration_or_none(at: usize, text: &str) -> Result<Duration, Fault> {
    let span: Duration = text.parse().map_err(|error| Fault::new(at, format!("{error}")))?;
    if span > LONGEST { Err(Fault::new(at, "the longest is a hundred years, 36525d")) } else { Ok(span) }
}

/// A moment in RFC 3339, or a day, which begins at midnight UTC.
fn moment(text: &str) -> Option<Time> {
    let day = || format!("{}T00:00:00Z", text.trim()).parse().ok();
    text.parse().ok().or_else(day)
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
