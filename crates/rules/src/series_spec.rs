//! What a series that conditions ask about remembers: which events, what of each, and for how long.

use crate::{
    canonical,
    evaluate::truth,
    ir::{Literal, Node},
    sentence,
    subject::{EventAlone, EventView},
    words,
};
use crowsnest_model::{
    Duration, SeriesId,
    series::{Granularity, Kept, Sample},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// For how long moments are told apart: a window always has some time to spare, and one that is a little longer than
/// another asks for nothing that is not kept already.
const LADDER: [Duration; 7] = [
    Duration::hours(2),
    Duration::hours(26),
    Duration::days(8),
    Duration::days(32),
    Duration::days(95),
    Duration::days(370),
    Duration::days(1130),
];

/// Questions about no more than this share a series, and questions about more, or about all time, share another. So the
/// flood of a year does not make the last hour coarse.
const NEAR: Duration = Duration::days(8);

/// One series that conditions ask about. Questions about shorter and longer stretches of the same events share one, which
/// is kept for the longest of them.
#[derive(Clone)]
pub struct SeriesSpec {
    id: SeriesId,
    event: Box<str>,
    /// What must hold of the event; it looks at nothing but the event.
    filter: Option<Node>,
    keeps: Keeps,
    kept: Kept,
    granularity: Granularity,
}

/// What a series remembers of an event beside its moment. The names lead to the property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keeps {
    Moments,
    Numbers(Box<[Box<str>]>),
    Values(Box<[Box<str>]>),
}

impl Keeps {
    /// The property, as it is written: "shipping.price".
    pub(crate) fn path(&self) -> Option<&[Box<str>]> {
        match self {
            Self::Moments => None,
            Self::Numbers(path) | Self::Values(path) => Some(path),
        }
    }
}

impl SeriesSpec {
    pub(crate) fn new(
        event: &str,
        filter: Option<Node>,
        keeps: Keeps,
        kept: Kept,
        granularity: Granularity,
    ) -> Self {
        // A filter that always holds is none.
        let filter = filter.filter(|node| !matches!(node, Node::Literal(Literal::Bool(true))));
        let near = (Kept::For(Duration(1))..=Kept::For(NEAR)).contains(&kept);
        let written = serde_json::json!([
            "series 2",
            event,
            filter.as_ref().map(canonical::text),
            match keeps {
                Keeps::Moments => "moments",
                Keeps::Numbers(_) => "numbers",
                Keeps::Values(_) => "values",
            },
            keeps.path(),
            if near { "near" } else { "far" },
            // How coarsely moments are told apart at first, in milliseconds.
            granularity.span().0,
        ]);
        let id = SeriesId(hash(written.to_string().as_bytes()));
        Self { id, event: event.into(), filter, keeps, kept, granularity }
    }

    /// What it is known by: the first eight bytes, big-endian, of the SHA-256 of its canonical text, which says the event,
    /// the condition on it in canonical form, what is kept, whether that is for long, and how finely.
    pub fn id(&self) -> SeriesId {
        self.id
    }

    /// The name of the events.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// For how long moments have to be told apart for the question that asks.
    pub fn kept(&self) -> Kept {
        self.kept
    }

    /// How finely moments are told apart.
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// What an event says to this series; `None` when it is not one of those that are remembered.
    pub fn sample(&self, event: &EventView<'_>) -> Option<Sample> {
        if event.name != self.event.as_ref() {
            return None;
        }
        if let Some(filter) = &self.filter
            && !truth(filter, &EventAlone(*event)).holds()
        {
            return None;
        }
        let mut sample = Sample { granularity: self.granularity, ..Sample::default() };
        match &self.keeps {
            Keeps::Moments => {}
            Keeps::Numbers(path) => {
                sample.number =
                    found(event, path).and_then(Value::as_f64).filter(|number| number.is_finite());
                sample.currency = currency(event, path);
            }
            Keeps::Values(path) => {
                sample.value = found(event, path).filter(|value| !value.is_null()).map(hash_of);
            }
        }
        Some(sample)
    }

    /// What it remembers: "Order Completed where revenue is at least 50, its revenue, kept for 32 days".
    pub fn sentence(&self) -> String {
        let mut out = words::printable_text(&self.event);
        if let Some(filter) = &self.filter {
            out.push_str(" where ");
            out.push_str(&sentence::recorded(filter));
        }
        if let Some(path) = self.keeps.path() {
            out.push_str(", its ");
            out.push_str(&words::path(path));
        }
        match self.kept {
            Kept::Ever => out.push_str(", kept for ever"),
            Kept::For(Duration(0)) => out.push_str(", of all time"),
            Kept::For(kept) => out.push_str(&format!(", kept for {}", words::span(kept))),
        }
        if let Some(by) = words::granularity(self.granularity) {
            out.push_str(", ");
            out.push_str(by);
        }
        out
    }

    /// Whether it is about the same events, whatever is kept of them.
    pub(crate) fn same_events(&self, other: &Self) -> bool {
        let filter = |spec: &Self| spec.filter.as_ref().map(canonical::text);
        self.event == other.event && filter(self) == filter(other)
    }

    pub(crate) fn filter(&self) -> Option<&Node> {
        self.filter.as_ref()
    }

    pub(crate) fn keeps(&self) -> &Keeps {
        &self.keeps
    }
}

impl fmt::Debug for SeriesSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}: {}", self.id.0, self.sentence())
    }
}

impl PartialEq for SeriesSpec {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.kept) == (other.id, other.kept)
    }
}

impl Eq for SeriesSpec {}

/// For how long a series is kept that a window of this length asks about.
pub(crate) fn kept_for(window: Duration) -> Duration {
    LADDER.into_iter().find(|step| *step >= window).unwrap_or(window)
}

fn found<'a>(event: &EventView<'a>, path: &[Box<str>]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(event.properties.get(first.as_ref())?, |here, name| here.get(name.as_ref()))
}

/// The currency that stands beside the number, or else in the event's properties.
fn currency(event: &EventView<'_>, path: &[Box<str>]) -> Option<String> {
    let (_, around) = path.split_last()?;
    let beside =
        if around.is_empty() { None } else { found(event, around).and_then(|object| object.get("currency")) };
    let code = beside.or_else(|| event.properties.get("currency"))?.as_str()?;
    (code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_alphabetic()))
        .then(|| code.to_ascii_uppercase())
}

/// Values that the language calls equal have one hash: `1` and `1.0` are the same.
fn hash_of(value: &Value) -> u64 {
    let mut written = String::new();
    write_value(&mut written, value);
    hash(written.as_bytes())
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => out.push_str(&whole.to_string()),
            // Below 2⁵³ a number without decimals is the whole number that it looks like.
            (None, Some(double)) if double.fract() == 0.0 && double.abs() < 9e15 => {
                out.push_str(&(double as i64).to_string());
            }
            (None, double) => out.push_str(&format!("{double:?}")),
        },
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_value(out, item);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (name, value) in fields {
                write_value(out, &Value::String(name.clone()));
                out.push(':');
                write_value(out, value);
                out.push(',');
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
