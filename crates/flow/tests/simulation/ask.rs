//! Conditions: how they are written, and what they answer, told apart by no code of the house.

use crate::told::{Told, beginning, distinct, happened, numbers, said};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A stretch of time, in milliseconds before now.
#[derive(Debug, Clone, Copy)]
pub enum Span {
    All,
    Within(i64),
    Between(i64, i64),
}

/// A number, or moment, of the events of a person.
#[derive(Debug, Clone)]
pub struct Figure {
    pub what: What,
    pub event: &'static str,
    pub span: Span,
    /// Only events whose value is at least this.
    pub at_least: Option<i64>,
    /// How finely moments are told apart, in milliseconds.
    pub by: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Count,
    Sum,
    Mean,
    Least,
    Most,
    Distinct,
    First,
    Last,
}

/// A condition.
#[derive(Debug, Clone)]
pub enum Ask {
    /// The figure is at least so much.
    AtLeast(Figure, i64),
    /// The figure, which is a moment, is longer ago; or it is not.
    Before(Figure, i64),
    Since(Figure, i64),
    Never(Figure),
    /// A metric, by name.
    Metric(String, i64),
    Trait(&'static str, &'static str),
    Known(&'static str),
    Segment(String),
    InProgram(String),
    Agrees,
    Not(Box<Self>),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
}

/// One person at one moment.
pub struct Asked<'a> {
    pub events: &'a [&'a Told],
    pub now: i64,
    /// The segments that they are in, of those that come earlier.
    pub segments: &'a BTreeSet<String>,
    pub programs: &'a BTreeSet<String>,
    pub agrees: Option<bool>,
    pub metrics: &'a dyn Fn(&str) -> Option<Figure>,
}

fn span_text(millis: i64) -> String {
    format!("{}m", millis / 60_000)
}

impl Figure {
    pub fn text(&self) -> String {
        let function = match self.what {
            What::Count => "count",
            What::Sum => "sum",
            What::Mean => "avg",
            What::Least => "min",
            What::Most => "max",
            What::Distinct => "distinct",
            What::First => "first",
            What::Last => "last",
        };
        let property = match self.what {
            What::Count | What::First | What::Last => "",
            What::Distinct => ", \"sku\"",
            _ => ", \"value\"",
        };
        format!("{function}({:?}{property}{})", self.event, self.options())
    }

    fn options(&self) -> String {
        let span = match self.span {
            Span::All => String::new(),
            Span::Within(from) => format!(", within(\"{}\")", span_text(from)),
            Span::Between(from, to) => format!(", between(\"{}\", \"{}\")", span_text(from), span_text(to)),
        };
        let least = self
            .at_least
            .map(|least| format!(", where(event.properties.value >= {least})"))
            .unwrap_or_default();
        span + &least
    }

    /// What it is; `None` when that is unknown. Moments are in milliseconds.
    pub fn value(&self, asked: &Asked<'_>) -> Option<f64> {
        let found = happened(asked.events, self, asked.now);
        match self.what {
            What::Count => Some(found.len() as f64),
            What::Distinct => Some(distinct(&found, "sku") as f64),
            What::First => found.first().map(|event| beginning(event.time, self.by) as f64),
            What::Last => found.last().map(|event| beginning(event.time, self.by) as f64),
            What::Sum => Some(numbers(&found, "value")?.iter().sum()),
            What::Mean => {
                let numbers = numbers(&found, "value")?;
                (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
            }
            What::Least => numbers(&found, "value")?.into_iter().reduce(f64::min),
            What::Most => numbers(&found, "value")?.into_iter().reduce(f64::max),
        }
    }

    /// The same as the API gives it.
    pub fn json(&self, asked: &Asked<'_>) -> Option<Value> {
        let value = self.value(asked)?;
        Some(match self.what {
            What::First | What::Last => json!(crowsnest_model::Time(value as i64).to_string()),
            _ => json!(value),
        })
    }

    fn spans(&self, into: &mut BTreeSet<i64>) {
        match self.span {
            Span::All => {}
            Span::Within(from) => into.extend([from]),
            Span::Between(from, to) => into.extend([from, to]),
        }
    }
}

impl Ask {
    pub fn text(&self) -> String {
        match self {
            Self::AtLeast(figure, least) => format!("{} >= {least}", figure.text()),
            Self::Before(figure, ago) => format!("{} < ago(\"{}\")", figure.text(), span_text(*ago)),
            Self::Since(figure, ago) => format!("{} >= ago(\"{}\")", figure.text(), span_text(*ago)),
            Self::Never(figure) => format!("never({:?}{})", figure.event, figure.options()),
            Self::Metric(name, least) => format!("metric({name:?}) >= {least}"),
            Self::Trait(name, value) => format!("profile.{name} == {value:?}"),
            Self::Known(name) => format!("has(profile.{name})"),
            Self::Segment(name) => format!("segment({name:?})"),
            Self::InProgram(name) => format!("inProgram({name:?})"),
            Self::Agrees => "consent(\"email\", \"offers\")".into(),
            Self::Not(one) => format!("!({})", one.text()),
            Self::Both(one, other) => format!("({}) && ({})", one.text(), other.text()),
            Self::Either(one, other) => format!("({}) || ({})", one.text(), other.text()),
        }
    }

    /// True, false, or `None` for unknown.
    pub fn answer(&self, asked: &Asked<'_>) -> Option<bool> {
        match self {
            Self::AtLeast(figure, least) => Some(figure.value(asked)? >= *least as f64),
            Self::Before(figure, ago) => Some(figure.value(asked)? < (asked.now - ago) as f64),
            Self::Since(figure, ago) => Some(figure.value(asked)? >= (asked.now - ago) as f64),
            Self::Never(figure) => Some(happened(asked.events, figure, asked.now).is_empty()),
            Self::Metric(name, least) => Some((asked.metrics)(name)?.value(asked)? >= *least as f64),
            Self::Trait(name, value) => Some(said(asked.events, name)? == value),
            Self::Known(name) => Some(said(asked.events, name).is_some()),
            Self::Segment(name) => Some(asked.segments.contains(name)),
            Self::InProgram(name) => Some(asked.programs.contains(name)),
            Self::Agrees => asked.agrees,
            Self::Not(one) => one.answer(asked).map(|answer| !answer),
            Self::Both(one, other) => match (one.answer(asked), other.answer(asked)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Either(one, other) => match (one.answer(asked), other.answer(asked)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }

    /// What it names: segments, metrics and programs.
    pub fn names(&self) -> BTreeSet<String> {
        match self {
            Self::Metric(name, _) | Self::Segment(name) | Self::InProgram(name) => [name.clone()].into(),
            Self::Not(one) => one.names(),
            Self::Both(one, other) | Self::Either(one, other) => &one.names() | &other.names(),
            _ => BTreeSet::new(),
        }
    }

    /// All spans after which an event may change the answer.
    pub fn spans(&self, metrics: &dyn Fn(&str) -> Option<Figure>, into: &mut BTreeSet<i64>) {
        match self {
            Self::AtLeast(figure, _) | Self::Never(figure) => figure.spans(into),
            Self::Before(figure, ago) | Self::Since(figure, ago) => {
                figure.spans(into);
                into.insert(*ago);
            }
            Self::Metric(name, _) => metrics(name).iter().for_each(|figure| figure.spans(into)),
            Self::Not(one) => one.spans(metrics, into),
            Self::Both(one, other) | Self::Either(one, other) => {
                one.spans(metrics, into);
                other.spans(metrics, into);
            }
            _ => {}
        }
    }
}
