//! What words mean: traits, event fields, functions; and what to say of words that mean nothing.

use crate::{
    calendar::Calendar,
    error::{Fault, nearest},
    ir::{Case, ConsentAsked, Literal, Members, Metric, Node, Path, Root, TextTest},
    kinds::Type,
    lexer::What,
    parser::{About, Parser, Typed, tokens_within_limit},
    schema::Unknown,
    window_syntax::{OPTIONS, WINDOWS, duration},
};

/// Functions that are written before their arguments.
const FUNCTIONS: [&str; 29] = [
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
const RECORDED: [&str; 3] = ["has", "size", "timestamp"];
/// How deep metrics may stand for each other.
const DEEPEST_METRIC: usize = 8;
/// Functions that are written after the value that they are asked of.
const METHODS: [&str; 6] = ["contains", "endsWith", "lowerAscii", "size", "startsWith", "upperAscii"];
const EVENT_FIELDS: [&str; 5] = ["name", "properties", "source", "time", "type"];
/// Values that a condition can begin with, besides functions.
const ROOTS: [&str; 5] = ["profile", "event", "household", "true", "false"];
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
    /// A value that begins with a word.
    pub(crate) fn word(&mut self, at: usize, word: &str) -> Made {
        if matches!(self.about, About::Recorded(_)) {
            self.allowed_of_a_recorded_event(at, word)?;
        }
        if matches!(self.peek_after(), What::Sign("(")) && !matches!(word, "in" | "true" | "false" | "null") {
            return self.function(at, word);
        }
        match word {
            "true" | "false" => {
                self.skip();
                self.typed(at, Node::Literal(Literal::Bool(word == "true")))
            }
            "profile" => {
                self.skip();
                let (name_at, name) = self.selector("a trait, as in profile.tier")?;
                let kind = self.schema.profile_trait(&name).map_err(|unknown| {
                    Fault::new(name_at, format!("`{name}` is not a trait that is known here"))
                        .hinting(unknown.nearest)
                })?;
                self.path(at, Root::Trait(name.into()), kind)
            }
            "event" => {
                if self.about == About::Member {
                    return Err(Fault::new(
                        at,
                        "there is no event here: this is asked of each member of the household",
                    ));
                }
                if self.about == About::Person && !self.schema.has_event() {
                    return Err(Fault::new(
                        at,
                        "there is no event here: this condition is on the profile alone",
                    ));
                }
                self.skip();
                let (name_at, name) = self.selector("one of name, properties, source, time, type")?;
                let (root, kind) = match name.as_str() {
                    "name" => (Root::EventName, Type::Text),
                    "type" => (Root::EventType, Type::Text),
                    "source" => (Root::EventSource, Type::Text),
                    "time" => (Root::EventTime, Type::Time),
                    "properties" => (Root::Properties, Type::Object),
                    other => return Err(self.no_event_field(name_at, other)),
                };
                self.path(at, root, kind)
            }
            "household" => self.household(at),
            "null" => Err(Fault::new(
                at,
                "there is no null here: a missing value is unknown; whether there is one is asked with has(profile.tier)",
            )),
            "in" | "and" | "or" | "not" | "AND" | "OR" | "NOT" => Err(self.expected("a value")),
            other => Err(self.unknown_word(at, other)),
        }
    }

    /// `household.size`, `household.any(…)` or `household.all(…)`.
    fn household(&mut self, at: usize) -> Made {
        self.skip();
        let (name_at, name) = self.selector("one of all, any, size")?;
        let members = match name.as_str() {
            "size" => return self.typed(at, Node::HouseholdSize),
            "any" => Members::Any,
            "all" => Members::All,
            other => {
                let message = format!("a household has no `{other}`: it has all, any, size");
                return Err(Fault::new(name_at, message).hinting(nearest(other, ["all", "any", "size"])));
            }
        };
        // Members of members would be asked so often as there are members, again and again.
        if self.about == About::Member {
            return Err(Fault::new(at, "a household in a household is not asked"));
        }
        self.expect("(")?;
        let outside = std::mem::replace(&mut self.about, About::Member);
        let question = self.expression()?;
        self.about = outside;
        self.expect(")")?;
        let kind = question.node.kind();
        if !kind.may_be(Type::Bool) {
            return Err(Fault::new(
                question.at,
                format!("household.{name} needs a condition about a member, but this is {kind}"),
            ));
        }
        self.typed(at, Node::Household(members, Box::new(question.node)))
    }

    /// What a condition in `where(…)` may not look at: what changes would make another answer of the same event.
    fn allowed_of_a_recorded_event(&self, at: usize, word: &str) -> Result<(), Fault> {
        let call = matches!(self.peek_after(), What::Sign("("));
        let other = if call {
            FUNCTIONS.contains(&word) && !RECORDED.contains(&word)
        } else {
            matches!(word, "profile" | "household")
        };
        if !other {
            return Ok(());
        }
        Err(Fault::new(
            at,
            format!(
                "where(…) is about the event alone, so that a recorded event always answers the same: `{word}` is not part of it"
            ),
        ))
    }

    /// The type of a property of the event that is meant here.
    fn property(&self, name: &str) -> Result<Type, Unknown<'_>> {
        let event = match &self.about {
            About::Recorded(event) => Some(event.as_ref()),
            About::Person | About::Member => None,
        };
        self.schema.property(event, name)
    }

    fn path(&mut self, at: usize, root: Root, kind: Type) -> Made {
        self.typed(at, Node::Path(Box::new(Path { root, fields: Box::default(), kind })))
    }

    fn no_event_field(&self, at: usize, name: &str) -> Fault {
        let message = format!("an event has no `{name}`: it has {}", EVENT_FIELDS.join(", "));
        let fault = Fault::new(at, message);
        if let Some(near) = nearest(name, EVENT_FIELDS) {
            return fault.hinting(Some(near));
        }
        let property = self.property(name).is_ok();
        fault.hinting(property.then(|| format!("event.properties.{name}")))
    }

    fn unknown_word(&self, at: usize, word: &str) -> Fault {
        let message = format!("`{word}` is not known here: a value begins with profile. or event.");
        let hint = if self.schema.declares_trait(word) {
            Some(format!("profile.{word}"))
        } else {
            nearest(word, ROOTS.into_iter().chain(FUNCTIONS)).map(Into::into)
        };
        Fault::new(at, message).hinting(hint)
    }

    /// `.name` or `["name"]`.
    fn selector(&mut self, wanted: &str) -> Result<(usize, String), Fault> {
        if self.takes(".") {
            let at = self.here();
            let name = match self.peek() {
                What::Word(word @ ("in" | "true" | "false" | "null")) => {
                    return Err(Fault::new(
                        at,
                        format!("`{word}` is a word of the language: write [\"{word}\"]"),
                    ));
                }
                What::Word(word) => (*word).to_owned(),
                _ => return Err(self.expected(wanted)),
            };
            self.skip();
            return Ok((at, name));
        }
        if self.takes("[") {
            let at = self.here();
            let What::Text(name) = self.peek() else {
                return Err(self.expected("a name in quotes, as in profile[\"first name\"]"));
            };
            let name = name.clone();
            self.skip();
            self.expect("]")?;
            return Ok((at, name));
        }
        Err(self.expected(&format!("`.` and {wanted}")))
    }

    /// A field of the value before it.
    pub(crate) fn deeper(&mut self, whole: Typed) -> Made {
        let here = self.here();
        let Node::Path(path) = whole.node else {
            return Err(Fault::new(here, format!("{} has no fields", whole.node.kind())));
        };
        let property = path.root == Root::Properties && path.fields.is_empty();
        if !property && !path.kind.may_be(Type::Object) {
            return Err(Fault::new(here, format!("{} has no fields", path.kind)));
        }
        let (at, name) = self.selector("the name of a field")?;
        self.count(at)?;
        let kind = if property {
            self.property(&name).map_err(|unknown| {
                Fault::new(at, format!("`{name}` is not a property that is known here"))
                    .hinting(unknown.nearest)
            })?
        } else {
            Type::Any
        };
        let Path { root, fields, .. } = *path;
        let mut fields = fields.into_vec();
        fields.push(name.into());
        Ok(Typed { node: Node::Path(Box::new(Path { root, fields: fields.into(), kind })), at: whole.at })
    }

    fn function(&mut self, at: usize, name: &str) -> Made {
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
        let text = schema.metric(&name).map_err(|unknown| not_known(name_at, "metric", &name, &unknown))?;
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
            series: std::mem::take(&mut self.series),
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
