//! What functions mean, and what they need between their parentheses.

use crate::{
    calendar::Calendar,
    error::{Fault, nearest},
    ir::{Case, ConsentAsked, Literal, Metric, Node, TextTest},
    kinds::Type,
    parser::{Parser, Typed, tokens_within_limit},
    schema::Unknown,
    window_syntax::{OPTIONS, WINDOWS, duration},
};

/// Functions that are written before their arguments.
pub(crate) const FUNCTIONS: [&str; 29] = [
    "ago",
    "anniversary",
    "avg",
    "consent",
    "count",
    "date",
    "day",
    "days",
    "distinct",
    "first",
    "has",
    "hour",
    "inProgram",
    "last",
    "max",
    "metric",
    "min",
    "month",
    "never",
    "now",
    "segment",
    "sequence",
    "size",
    "sum",
    "timestamp",
    "unanswered",
    "weekday",
    "year",
    "years",
];
/// Those that may be asked of a recorded event.
pub(crate) const RECORDED: [&str; 3] = ["has", "size", "timestamp"];
/// How deep metrics may stand for each other.
const DEEPEST_METRIC: usize = 8;
/// Functions that are written after the value that they are asked of.
const METHODS: [&str; 6] = ["contains", "endsWith", "lowerAscii", "size", "startsWith", "upperAscii"];
/// What is asked of a moment.
const CALENDAR: [(&str, Calendar); 9] = [
    ("anniversary", Calendar::Anniversary),
    ("date", Calendar::Date),
    ("day", Calendar::Day),
    ("days", Calendar::Days),
    ("hour", Calendar::Hour),
    ("month", Calendar::Month),
    ("weekday", Calendar::Weekday),
    ("year", Calendar::Year),
    ("years", Calendar::Years),
];

type Made = Result<Typed, Fault>;

impl Parser<'_, '_> {
    /// A function of what stands between its parentheses. Its name is next.
    pub(crate) fn function(&mut self, at: usize, name: &str) -> Made {
        self.skip();
        if !FUNCTIONS.contains(&name) {
            return Err(if name == "matches" {
                no_matches(at)
            } else if name == "event" || OPTIONS.contains(&name) {
                Fault::new(
                    at,
                    format!(
                        "`{name}` stands between the parentheses of a question about events, as in count(\"Order Completed\", within(\"30d\"))"
                    ),
                )
            } else if METHODS.contains(&name) {
                Fault::new(at, format!("`{name}` is written after a value, as in profile.city.{name}(…)"))
            } else {
                Fault::new(
                    at,
                    format!("`{name}` is not known here; known functions: {}", FUNCTIONS.join(", ")),
                )
                .hinting(nearest(name, FUNCTIONS.into_iter().chain(METHODS)))
            });
        }
        self.expect("(")?;
        if let Some((_, aggregate)) = WINDOWS.into_iter().find(|(window, _)| *window == name) {
            return self.window(at, name, aggregate);
        }
        match name {
            "sequence" => return self.sequence(at),
            "unanswered" => return self.unanswered(at),
            _ => {}
        }
        let arguments = self.arguments(")")?;
        let found = arguments.len();
        if let Some((_, asked)) = CALENDAR.into_iter().find(|(function, _)| *function == name) {
            let example = format!("{name} needs one moment, as in {name}(profile.birthday) or {name}(now())");
            let [inner] = exactly(at, arguments, &example)?;
            let kind = inner.node.kind();
            if !kind.may_be(Type::Time) && kind != Type::Text {
                return Err(Fault::new(inner.at, format!("{name} needs a moment, but this is {kind}")));
            }
            return self.typed(at, Node::Calendar(asked, Box::new(inner.node)));
        }
        match name {
            "now" => {
                let [] = exactly(at, arguments, "now needs nothing between its parentheses")?;
                self.typed(at, Node::Now)
            }
            "ago" => {
                let (text_at, text) =
                    one_text(at, arguments, "ago needs a duration in quotes, as in ago(\"90d\")")?;
                let span = duration(text_at, &text)?;
                self.typed(at, Node::Ago(span))
            }
            "segment" => {
                let (text_at, text) =
                    one_text(at, arguments, "segment needs a name in quotes, as in segment(\"vip\")")?;
                self.schema
                    .segment(&text)
                    .map_err(|unknown| not_known(text_at, "segment", &text, &unknown))?;
                self.typed(at, Node::Segment(text))
            }
            "inProgram" => {
                let (text_at, text) = one_text(
                    at,
                    arguments,
                    "inProgram needs a name in quotes, as in inProgram(\"win-back\")",
                )?;
                self.schema
                    .program(&text)
                    .map_err(|unknown| not_known(text_at, "program", &text, &unknown))?;
                self.typed(at, Node::InProgram(text))
            }
            "metric" => {
                let (text_at, name) =
                    one_text(at, arguments, "metric needs a name in quotes, as in metric(\"orders\")")?;
                self.metric(at, text_at, name)
            }
            "consent" => {
                let [channel, topic] = exactly(
                    at,
                    arguments,
                    "consent needs a channel and a topic, as in consent(\"email\", \"offers\")",
                )?;
                self.consent(at, channel, topic)
            }
            "has" => {
                let [asked] = exactly(at, arguments, "has needs one value, as in has(profile.tier)")?;
                match asked.node {
                    Node::Path(path) => self.typed(at, Node::Has(path)),
                    _ => Err(Fault::new(asked.at, "has needs a name, as in has(profile.tier)")),
                }
            }
            "size" => {
                let [inner] = exactly(at, arguments, &format!("size needs one value, found {found}"))?;
                self.size(inner).map(|made| Typed { at, ..made })
            }
            _ => {
                let [inner] = exactly(
                    at,
                    arguments,
                    "timestamp needs one text, as in timestamp(\"2026-03-01T09:30:00Z\")",
                )?;
                self.moment(inner).map(|made| Typed { at, ..made })
            }
        }
    }

    /// What a metric stands for, read in its place.
    fn metric(&mut self, at: usize, name_at: usize, name: Box<str>) -> Made {
        let schema = self.schema;
        let (text, granularity) =
            schema.metric(&name).map_err(|unknown| not_known(name_at, "metric", &name, &unknown))?;
        if self.metrics.iter().any(|outer| **outer == *name) {
            let way = self.metrics.join("` to `");
            return Err(Fault::new(
                name_at,
                format!("the metric `{name}` stands for itself, by way of `{way}`"),
            ));
        }
        if self.metrics.len() >= DEEPEST_METRIC {
            return Err(Fault::new(
                name_at,
                format!("metrics stand for each other more than {DEEPEST_METRIC} deep"),
            ));
        }
        let inside = |fault: Fault| {
            // The place is in the metric's text, which is not the one that is being read.
            let error = fault.placed(text);
            Fault::new(name_at, format!("the metric `{name}` at its {error}"))
        };
        let mut metrics = std::mem::take(&mut self.metrics);
        metrics.push(name.to_string());
        let mut inner = Parser {
            tokens: tokens_within_limit(text).map_err(inside)?,
            next: 0,
            schema,
            depth: self.depth,
            nodes: self.nodes,
            about: self.about.clone(),
            metrics,
            granularity,
            series: std::mem::take(&mut self.series),
            // The metric's text is reviewed where it stands.
            notes: None,
        };
        let parsed = inner.everything().map_err(inside)?;
        let Parser { nodes, series, mut metrics, .. } = inner;
        metrics.pop();
        (self.nodes, self.series, self.metrics) = (nodes, series, metrics);
        self.typed(at, Node::Metric(Box::new(Metric { name, stands_for: parsed.node })))
    }

    fn consent(&mut self, at: usize, channel: Typed, topic: Typed) -> Made {
        let (channel_at, topic_at) = (channel.at, topic.at);
        let (Node::Literal(Literal::Text(channel)), Node::Literal(Literal::Text(topic))) =
            (channel.node, topic.node)
        else {
            return Err(Fault::new(
                at,
                "consent needs two texts in quotes, as in consent(\"email\", \"offers\")",
            ));
        };
        self.schema.channel(&channel).map_err(|unknown| {
            Fault::new(channel_at, format!("`{channel}` is not a channel that is known here"))
                .hinting(unknown.nearest)
        })?;
        self.schema.topic(&topic).map_err(|unknown| {
            Fault::new(topic_at, format!("`{topic}` is not a topic that is known here"))
                .hinting(unknown.nearest)
        })?;
        self.typed(at, Node::Consent(Box::new(ConsentAsked { channel, topic })))
    }

    /// A function of the value before it. The word is next.
    pub(crate) fn method(&mut self, name: &str, whole: Typed) -> Made {
        let at = self.here();
        self.skip();
        let test = match name {
            "startsWith" => Some(TextTest::StartsWith),
            "endsWith" => Some(TextTest::EndsWith),
            "contains" => Some(TextTest::Contains),
            "lowerAscii" | "upperAscii" | "size" => None,
            "matches" => return Err(no_matches(at)),
            other => {
                return Err(Fault::new(
                    at,
                    format!("`{other}` is not known here; known after a value: {}", METHODS.join(", ")),
                )
                .hinting(nearest(other, METHODS)));
            }
        };
        self.expect("(")?;
        let arguments = self.arguments(")")?;
        if let Some(test) = test {
            let [part] = exactly(
                at,
                arguments,
                &format!("{name} needs one text, as in profile.city.{name}(\"New\")"),
            )?;
            return self.text_test(name, test, whole, part);
        }
        let [] = exactly(at, arguments, &format!("{name} needs nothing between its parentheses"))?;
        match name {
            "lowerAscii" => self.cased(name, Case::Lower, whole),
            "upperAscii" => self.cased(name, Case::Upper, whole),
            _ => self.size(whole),
        }
    }
}

fn no_matches(at: usize) -> Fault {
    Fault::new(at, "`matches` is left out: instead of a pattern use startsWith, endsWith, contains or `in`")
}

fn one_text(at: usize, arguments: Vec<Typed>, otherwise: &str) -> Result<(usize, Box<str>), Fault> {
    let [argument] = exactly(at, arguments, otherwise)?;
    match argument.node {
        Node::Literal(Literal::Text(text)) => Ok((argument.at, text)),
        _ => Err(Fault::new(argument.at, otherwise)),
    }
}

fn not_known(at: usize, what: &str, name: &str, unknown: &Unknown<'_>) -> Fault {
    Fault::new(at, format!("`{name}` is not a {what} that is known here")).hinting(unknown.nearest)
}

fn exactly<const N: usize>(at: usize, arguments: Vec<Typed>, otherwise: &str) -> Result<[Typed; N], Fault> {
    arguments.try_into().map_err(|_| Fault::new(at, otherwise))
}
