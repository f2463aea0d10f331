//! Questions about a stretch of time in words, and what they found.

use crate::{
    ir::{Comparison, Literal, Node},
    kinds::Type,
    sentence::recorded,
    sequence::{Sequence, Unanswered},
    series_spec::SeriesSpec,
    subject::{Remembered, Subject},
    value::Val,
    window::{Aggregate, Span, Window},
    words,
};
use crowsnest_model::{Duration, Time};
use std::sync::Arc;

/// The events that are asked about: "Order Completed in the last 30 days (where revenue is at least 50)".
pub(crate) fn about(spec: &SeriesSpec, window: Span) -> String {
    let name = words::printable_text(spec.event());
    let by = words::granularity(spec.granularity()).map_or_else(String::new, |by| format!(" {by}"));
    format!("{name}{}{by}{}", span(window), filter(spec))
}

fn span(span: Span) -> String {
    match span {
        Span::All => String::new(),
        Span::Ago { from, to: Duration(0) } => format!(" in the last {}", words::span(from)),
        Span::Ago { from, to } => format!(" from {} to {} ago", words::span(from), words::span(to)),
    }
}

/// What must hold of the events, in parentheses, so that it does not run into what follows.
fn filter(spec: &SeriesSpec) -> String {
    spec.filter().map_or_else(String::new, |filter| format!(" (where {})", recorded(filter)))
}

/// What the answer is called: "the sum of revenue of Order Completed in the last 30 days".
pub(crate) fn noun(window: &Window) -> String {
    let about = &window.about;
    let path = || words::path(window.spec.keeps().path().unwrap_or_default());
    match window.aggregate {
        Aggregate::Count => format!("the number of {about}"),
        Aggregate::Never => format!("whether there is no {about}"),
        Aggregate::First => format!("first {about}"),
        Aggregate::Last => format!("last {about}"),
        Aggregate::Sum => format!("the sum of {} of {about}", path()),
        Aggregate::Average => format!("the average {} of {about}", path()),
        Aggregate::Least => format!("the smallest {} of {about}", path()),
        Aggregate::Most => format!("the largest {} of {about}", path()),
        Aggregate::Distinct => format!("the number of different {} of {about}", path()),
    }
}

/// A question that is true or false by itself: "has no Order Completed in the last 90 days".
pub(crate) fn clause(window: &Window, holds: bool) -> String {
    let about = &window.about;
    if holds { format!("has no {about}") } else { format!("has at least 1 {about}") }
}

/// A comparison that reads better in its own words: "has at least 2 Order Completed", "was more than 90 days ago".
pub(crate) fn compared(comparison: Comparison, left: &Node, right: &Node) -> Option<String> {
    match (left, right) {
        (Node::Window(window), right) if window.aggregate == Aggregate::Count && right.is_constant() => {
            let number = match right {
                Node::Literal(Literal::Int(number)) => Some(*number),
                _ => None,
            };
            match (comparison, number) {
                (Comparison::Equal | Comparison::AtMost, Some(0)) | (Comparison::Less, Some(1)) => {
                    return Some(clause(window, true));
                }
                (Comparison::NotEqual | Comparison::More, Some(0)) => return Some(clause(window, false)),
                _ => {}
            }
            let words = match comparison {
                Comparison::Equal => "has exactly",
                Comparison::NotEqual => "does not have exactly",
                Comparison::Less => "has less than",
                Comparison::AtMost => "has at most",
                Comparison::More => "has more than",
                Comparison::AtLeast => "has at least",
            };
            Some(format!("{words} {} {}", crate::sentence::noun(right), window.about))
        }
        (left, Node::Ago(span)) if left.kind() == Type::Time => {
            let verb = if matches!(left, Node::Window(_)) { "was" } else { "is" };
            let words = match comparison {
                Comparison::Equal => "exactly",
                Comparison::NotEqual => "not exactly",
                Comparison::Less => "more than",
                Comparison::AtMost => "at least",
                Comparison::More => "less than",
                Comparison::AtLeast => "at most",
            };
            Some(format!("{} {verb} {words} {} ago", crate::sentence::noun(left), words::span(*span)))
        }
        _ => None,
    }
}

/// "has Cart Updated and then Order Completed within 2 hours, beginning in the last 30 days".
pub(crate) fn sequence(sequence: &Sequence, holds: bool) -> String {
    let steps: Vec<String> = sequence.steps.iter().map(|spec| events(spec)).collect();
    let verb = if holds { "has" } else { "does not have" };
    let began = span(sequence.began);
    let began = if began.is_empty() { began } else { format!(", beginning{began}") };
    format!("{verb} {} within {}{began}", steps.join(" and then "), words::span(sequence.within))
}

/// "has Cart Updated without Order Completed in the 45 minutes after it".
pub(crate) fn unanswered(asked: &Unanswered, holds: bool) -> String {
    let verb = if holds { "has" } else { "does not have" };
    let (first, second) = (events(&asked.asked), events(&asked.answer));
    let (when, within) = (span(asked.when), words::span(asked.within));
    format!("{verb} {first}{when} without {second} in the {within} after it")
}

fn events(spec: &SeriesSpec) -> String {
    format!("{}{}", words::printable_text(spec.event()), filter(spec))
}

/// When the last of these events was: "last Order Completed 12 days ago".
pub(crate) fn last_fact(spec: &Arc<SeriesSpec>, subject: &dyn Subject) -> String {
    fact(&Window::new(Aggregate::Last, spec.clone(), Span::All), subject)
}

/// What was found: "2 Order Completed in the last 30 days", "last Order Completed 12 days ago".
pub(crate) fn fact(window: &Window, subject: &dyn Subject) -> String {
    let about = &window.about;
    let remembered = subject.series(&window.spec);
    match (window.value(subject), remembered) {
        (_, Remembered::Building) => match window.aggregate {
            Aggregate::Never => format!("the number of {about} is still being counted"),
            _ => format!("{} is still being counted", noun(window)),
        },
        (Val::Bool(never), _) => format!("{} {about}", if never { "no" } else { "at least 1" }),
        (Val::Number(count), _) if window.aggregate == Aggregate::Count => {
            format!("{} {about}", words::number(count))
        }
        (Val::Time(at), _) => format!("{} {}", noun(window), since(at, subject.now())),
        (Val::Unknown, Remembered::Known(series)) if window.is_mixed(series, subject.now()) => {
            format!("{} is in several currencies", noun(window))
        }
        (Val::Unknown, _) if matches!(window.aggregate, Aggregate::First | Aggregate::Last) => {
            format!("no {about}")
        }
        (found, _) => match words::value(found) {
            Some(value) => format!("{} is {value}", noun(window)),
            None => format!("no {about} with a number"),
        },
    }
}

/// How long ago, or on which day when that is long: "12 days ago".
fn since(at: Time, now: Time) -> String {
    let passed = now.since(at);
    if passed.0 < 1_000 { "just now".into() } else { format!("{} ago", passed.in_words()) }
}
