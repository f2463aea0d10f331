//! Windows and sequences agree with what one finds by reading all events again, and so does the next change.

use crate::customer::Customer;
use crowsnest_model::Time;
use crowsnest_rules::{Condition, Schema, Truth};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

const HOUR: i64 = 3_600_000;
const NOW: i64 = 1_772_357_400_000;

/// An event: when, which, and two properties.
type Event = (i64, &'static str, i64, &'static str);

#[derive(Debug, Clone, Copy)]
enum Span {
    All,
    Within(i64),
    Between(i64, i64),
}

impl Span {
    fn text(self) -> String {
        match self {
            Self::All => String::new(),
            Self::Within(hours) => format!(", within('{hours}h')"),
            Self::Between(from, to) => format!(", between('{from}h', '{to}h')"),
        }
    }

    fn has(self, at: i64, now: i64) -> bool {
        match self {
            Self::All => at <= now,
            Self::Within(hours) => at > now - hours * HOUR && at <= now,
            Self::Between(from, to) => at > now - from * HOUR && at <= now - to * HOUR,
        }
    }

    fn hours(self) -> Vec<i64> {
        match self {
            Self::All => vec![],
            Self::Within(hours) => vec![hours],
            Self::Between(from, to) => vec![from, to],
        }
    }
}

#[derive(Debug, Clone)]
enum Question {
    Window { function: &'static str, event: &'static str, span: Span, least: Option<i64>, limit: i64 },
    LastAgo { event: &'static str, span: Span, hours: i64, sign: &'static str },
    Sequence { steps: Vec<&'static str>, within: i64, span: Span },
    Unanswered { within: i64, since: Option<i64> },
    Both(Box<Question>, Box<Question>),
    Either(Box<Question>, Box<Question>),
    Not(Box<Question>),
}

impl Question {
    fn text(&self) -> String {
        match self {
            Self::Window { function, event, span, least, limit } => {
                let property = match *function {
                    "count" | "never" => "",
                    "distinct" => ", 'p'",
                    _ => ", 'x'",
                };
                let filter = least.map_or(String::new(), |x| format!(", where(event.properties.x >= {x})"));
                let compare = if *function == "never" { String::new() } else { format!(" >= {limit}") };
                format!("{function}('{event}'{property}{}{filter}){compare}", span.text())
            }
            Self::LastAgo { event, span, hours, sign } => {
                format!("last('{event}'{}) {sign} ago('{hours}h')", span.text())
            }
            Self::Sequence { steps, within, span } => {
                format!(
                    "sequence('{}', within('{within}h'){})",
                    steps.join("', '"),
                    span.text().replace("within", "since")
                )
            }
            Self::Unanswered { within, since } => {
                let since = since.map_or(String::new(), |hours| format!(", since('{hours}h')"));
                format!("unanswered('A', 'B', within('{within}h'){since})")
            }
            Self::Both(one, other) => format!("({}) && ({})", one.text(), other.text()),
            Self::Either(one, other) => format!("({}) || ({})", one.text(), other.text()),
            Self::Not(one) => format!("!({})", one.text()),
        }
    }

    /// The answer from the events themselves; `None` is unknown.
    fn answer(&self, events: &[Event], now: i64) -> Option<bool> {
        match self {
            Self::Window { function, event, span, least, limit } => {
                let found: Vec<&Event> = events
                    .iter()
                    .filter(|(at, name, x, _)| {
                        name == event && span.has(*at, now) && least.is_none_or(|least| *x >= least)
                    })
                    .collect();
                let numbers = found.iter().map(|event| event.2);
                let sum: i64 = numbers.clone().sum();
                Some(match *function {
                    "never" => found.is_empty(),
                    "count" => found.len() as i64 >= *limit,
                    "distinct" => {
                        found.iter().map(|event| event.3).collect::<BTreeSet<_>>().len() as i64 >= *limit
                    }
                    "sum" => sum >= *limit,
                    "avg" if found.is_empty() => return None,
                    "avg" => sum >= *limit * found.len() as i64,
                    "min" => numbers.min()? >= *limit,
                    _ => numbers.max()? >= *limit,
                })
            }
            Self::LastAgo { event, span, hours, sign } => {
                let last = events
                    .iter()
                    .filter(|(at, name, ..)| name == event && span.has(*at, now))
                    .map(|event| event.0)
                    .max()?;
                let ago = now - hours * HOUR;
                Some(match *sign {
                    "<" => last < ago,
                    "<=" => last <= ago,
                    ">" => last > ago,
                    _ => last >= ago,
                })
            }
            Self::Sequence { steps, within, span } => {
                let (first, rest) = steps.split_first()?;
                Some(
                    events
                        .iter()
                        .filter(|event| event.1 == *first && span.has(event.0, now))
                        .any(|event| follows(events, event.0, rest, (event.0 + within * HOUR).min(now))),
                )
            }
            Self::Unanswered { within, since } => {
                let Some(asked) = events.iter().filter(|e| e.1 == "A" && e.0 <= now).map(|e| e.0).max()
                else {
                    return Some(false);
                };
                let end = asked + within * HOUR;
                let recent = since.is_none_or(|hours| asked > now - hours * HOUR);
                let answered = events.iter().any(|e| e.1 == "B" && e.0 >= asked && e.0 <= end);
                Some(now >= end && recent && !answered)
            }
            Self::Both(one, other) => match (one.answer(events, now), other.answer(events, now)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Either(one, other) => match (one.answer(events, now), other.answer(events, now)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(one) => one.answer(events, now).map(|answer| !answer),
        }
    }

    fn hours(&self) -> Vec<i64> {
        match self {
            Self::Window { span, .. } => span.hours(),
            Self::LastAgo { span, hours, .. } => [span.hours(), vec![*hours]].concat(),
            Self::Sequence { span, within, .. } => [span.hours(), vec![*within]].concat(),
            Self::Unanswered { within, since } => vec![*within, since.unwrap_or(0)],
            Self::Both(one, other) | Self::Either(one, other) => [one.hours(), other.hours()].concat(),
            Self::Not(one) => one.hours(),
        }
    }
}

/// Whether the rest happened after `after` and not after `end`, each later than the one before it.
fn follows(events: &[Event], after: i64, rest: &[&str], end: i64) -> bool {
    let Some((next, rest)) = rest.split_first() else { return true };
    events.iter().any(|event| {
        event.1 == *next && event.0 > after && event.0 <= end && follows(events, event.0, rest, end)
    })
}

fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["A", "B", "C"])
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (-60..4_i64, -1..=1_i64, names(), -3..6_i64, prop::sample::select(vec!["k", "l", "m"]));
    prop::collection::vec(
        event.prop_map(|(hours, ms, name, x, p)| (NOW + hours * HOUR + ms, name, x, p)),
        0..24,
    )
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        Just(Span::All),
        (1..50_i64).prop_map(Span::Within),
        (1..25_i64, 1..25_i64).prop_map(|(to, more)| Span::Between(to + more, to)),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let functions = vec!["count", "never", "sum", "avg", "min", "max", "distinct"];
    let leaf = prop_oneof![
        4 => (prop::sample::select(functions), names(), span(), prop::option::of(-1..4_i64), -2..6_i64)
            .prop_map(|(function, event, span, least, limit)| Question::Window { function, event, span, least, limit }),
        2 => (names(), span(), 1..50_i64, prop::sample::select(vec!["<", "<=", ">", ">="]))
            .prop_map(|(event, span, hours, sign)| Question::LastAgo { event, span, hours, sign }),
        2 => (prop::collection::vec(names(), 2..=4), 1..20_i64, span())
            .prop_map(|(steps, within, span)| Question::Sequence { steps, within, span }),
        2 => (1..20_i64, prop::option::of(1..30_i64))
            .prop_map(|(within, more)| Question::Unanswered { within, since: more.map(|more| within + more) }),
    ];
    leaf.prop_recursive(2, 5, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(one, other)| Question::Both(Box::new(one), Box::new(other))),
            (inner.clone(), inner.clone())
                .prop_map(|(one, other)| Question::Either(Box::new(one), Box::new(other))),
            inner.prop_map(|one| Question::Not(Box::new(one))),
        ]
    })
}

fn customer(events: &[Event]) -> Customer {
    let mut customer = Customer::new("2026-03-01T09:30:00Z");
    assert_eq!(customer.now.0, NOW);
    for (at, name, x, p) in events {
        customer = customer.did(&Time(*at).to_string(), name, json!({"x": x, "p": p}));
    }
    customer
}

/// Every moment around which an answer may change.
fn moments(events: &[Event], question: &Question) -> Vec<i64> {
    let hours = [question.hours(), vec![0]].concat();
    let mut moments: Vec<i64> = events
        .iter()
        .flat_map(|event| hours.iter().map(move |hours| event.0 + hours * HOUR))
        .flat_map(|at| [at - 1, at, at + 1])
        .filter(|at| *at > NOW)
        .collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_the_events(events in events(), question in question()) {
        let text = question.text();
        let condition = Condition::parse(&text, &Schema::open()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let customer = customer(&events).remembering(&condition);
        prop_assert_eq!(condition.evaluate(&customer), Truth::from(question.answer(&events, NOW)), "{}", text);
        let one_of_two = self::customer(&events).remembering_as_it_came(&condition);
        prop_assert_eq!(&one_of_two.series, &customer.series, "{}", text);
        for at in moments(&events, &question) {
            prop_assert_eq!(
                condition.evaluate_at(&customer, Time(at)),
                Truth::from(question.answer(&events, at)),
                "{} at {} ms", text, at - NOW
            );
        }
    }

    #[test]
    fn nothing_changes_before_the_next_change(
        events in events(),
        question in question(),
        grain in prop::sample::select(vec![1, 1, 1_000, 60_000, HOUR, 24 * HOUR]),
    ) {
        let text = question.text();
        let condition = Condition::parse(&text, &Schema::open()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let customer = customer(&events).remembering_coarsely(&condition, grain);
        let seen: Vec<Event> = events.iter().map(|e| (e.0.div_euclid(grain) * grain, e.1, e.2, e.3)).collect();
        let answer = condition.evaluate(&customer);
        let next = condition.next_change(&customer);
        for at in moments(&seen, &question).into_iter().filter(|at| next.is_none_or(|next| *at < next.0)) {
            prop_assert_eq!(condition.evaluate_at(&customer, Time(at)), answer, "{} after {} ms", text, at - NOW);
        }
        if let Some(next) = next {
            prop_assert!(next > customer.now);
            prop_assert_ne!(condition.evaluate_at(&customer, next), answer, "{} after {} ms", text, next.0 - NOW);
        }
        for end in moments(&seen, &question).into_iter().map(Time).chain(next) {
            let expected = next.filter(|next| *next < end);
            prop_assert_eq!(condition.next_change_before(&customer, end), expected, "{} before {:?}", text, end);
        }
    }
}
