//! Questions about what a person did in a stretch of time.

use crate::{
    number::Number,
    series_spec::SeriesSpec,
    subject::{Remembered, Subject},
    value::Val,
    window_words,
};
use crowsnest_model::{
    Duration, Series, Time,
    series::{MOST_VALUES, Numbers},
};
use std::sync::Arc;

/// One question about a series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    pub(crate) aggregate: Aggregate,
    pub(crate) spec: Arc<SeriesSpec>,
    pub(crate) span: Span,
    /// The events that are asked about, in words, since these are said of everybody whom the answer concerns.
    pub(crate) about: Box<str>,
}

/// What is asked of the events in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Count,
    Never,
    First,
    Last,
    Sum,
    Average,
    Least,
    Most,
    Distinct,
}

/// Which events are in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// All until now.
    All,
    /// Those after now less `from`, and not after now less `to`.
    Ago { from: Duration, to: Duration },
}

impl Span {
    /// After which moment, and until which one.
    pub(crate) fn bounds(self, now: Time) -> (Option<Time>, Time) {
        match self {
            Self::All => (None, now),
            Self::Ago { from, to } => (Some(now.minus(from)), now.minus(to)),
        }
    }

    /// The first moment after `t` at which an event enters or leaves.
    pub(crate) fn next_change(self, series: &Series, t: Time) -> Option<Time> {
        match self {
            Self::All => series.next_after(t),
            Self::Ago { from, to } => {
                // An event enters when now less `to` reaches it, and leaves when now less `from` does.
                [to, from].into_iter().filter_map(|d| Some(series.next_after(t.minus(d))?.plus(d))).min()
            }
        }
    }
}

impl Window {
    pub(crate) fn new(aggregate: Aggregate, spec: Arc<SeriesSpec>, span: Span) -> Self {
        let about = window_words::about(&spec, span).into();
        Self { aggregate, spec, span, about }
    }

    /// The answer.
    pub(crate) fn value<'v>(&self, subject: &dyn Subject) -> Val<'v> {
        let nothing = Series::default();
        let series = match subject.series(&self.spec) {
            Remembered::Building => return Val::Unknown,
            Remembered::Nothing => &nothing,
            Remembered::Known(series) => series,
        };
        let (after, until) = self.span.bounds(subject.now());
        let whole = |count: u64| i64::try_from(count).map_or(Val::Unknown, |n| Val::Number(Number::Int(n)));
        let double = |number: Option<f64>| {
            number.filter(|n| n.is_finite()).map_or(Val::Unknown, |n| Val::Number(Number::Double(n)))
        };
        match self.aggregate {
            Aggregate::Count => whole(series.count(after, until)),
            Aggregate::Never => Val::Bool(series.count(after, until) == 0),
            Aggregate::First => first(series, after, until).map_or(Val::Unknown, Val::Time),
            Aggregate::Last => last(series, after, until).map_or(Val::Unknown, Val::Time),
            Aggregate::Distinct => whole(distinct(series, after, until)),
            Aggregate::Sum => match series.between(after, until).numbers {
                Some(numbers) => double(numbers.sum()),
                None => double(Some(0.0)),
            },
            Aggregate::Average => double(series.between(after, until).numbers.and_then(|n| n.mean())),
            // Of several currencies none is the least.
            Aggregate::Least | Aggregate::Most => {
                let numbers = series.between(after, until).numbers.filter(|numbers| !numbers.mixed);
                let most = self.aggregate == Aggregate::Most;
                double(numbers.map(|n| if most { n.most } else { n.least }))
            }
        }
    }

    /// The numbers that the answer is made of; `None` when there are none, or not known, or it is made of no numbers.
    pub(crate) fn numbers(&self, subject: &dyn Subject) -> Option<Numbers> {
        match (self.aggregate, subject.series(&self.spec)) {
            (
                Aggregate::Sum | Aggregate::Average | Aggregate::Least | Aggregate::Most,
                Remembered::Known(series),
            ) => {
                let (after, until) = self.span.bounds(subject.now());
                series.between(after, until).numbers
            }
            _ => None,
        }
    }

    /// The numbers in the window are of several currencies.
    pub(crate) fn is_mixed(&self, series: &Series, now: Time) -> bool {
        let (after, until) = self.span.bounds(now);
        series.between(after, until).numbers.is_some_and(|numbers| numbers.mixed)
    }
}

fn first(series: &Series, after: Option<Time>, until: Time) -> Option<Time> {
    let older = if after.is_none() { series.older.first } else { None };
    older.into_iter().chain(series.next_after(after.unwrap_or(Time(i64::MIN)))).find(|at| *at <= until)
}

/// The last moment after `after` and not after `until`.
pub(crate) fn last(series: &Series, after: Option<Time>, until: Time) -> Option<Time> {
    let end = series.recent.partition_point(|(at, _)| *at <= until);
    let recent = end.checked_sub(1).and_then(|place| series.recent.get(place)).map(|(at, _)| *at);
    match after {
        Some(after) => recent.filter(|at| *at > after),
        None => recent.or(series.older.last.filter(|at| *at <= until)),
    }
}

/// How many different values; not one by one into a tally, which would cost their number squared.
fn distinct(series: &Series, after: Option<Time>, until: Time) -> u64 {
    let mut values = if after.is_none() { series.older.values.clone() } else { Vec::new() };
    let from = after.map_or(0, |after| series.recent.partition_point(|(at, _)| *at <= after));
    let recent = series.recent.get(from..).unwrap_or_default();
    for (_, tally) in recent.iter().take_while(|(at, _)| *at <= until) {
        values.extend_from_slice(&tally.values);
    }
    values.sort_unstable();
    values.dedup();
    values.len().min(MOST_VALUES) as u64
}
