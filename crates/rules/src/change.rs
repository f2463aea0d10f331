//! When an answer can become another one through time alone.
//!
//! Every part that depends on the moment offers the next moment at which it may change; these are walked until the whole
//! answer differs. Between two such moments no part changes, so nothing is missed.

use crate::{
    evaluate::{truth, value},
    ir::Node,
    series_spec::SeriesSpec,
    subject::{At, Remembered, Subject, Truth},
    value::Val,
};
use crowsnest_model::{Duration, Time};

/// How many moments are tried before the last of them is given as an early one.
const MOST_STEPS: usize = 200;
/// The same for somebody of whom much is remembered: so many moments of series are looked at.
const MOST_WORK: usize = 100_000;
/// What a part of a condition costs by itself: it is looked at once for each of those that it stands in.
const PART: usize = 8;

/// The next moment after the subject's own at which the answer is another one, or an earlier one to ask again; `None` when
/// it is not before `end`.
pub(crate) fn next(root: &Node, subject: &dyn Subject, end: Time) -> Option<Time> {
    walk(root, subject, end, |at| truth(root, at))
}

/// The next moment after the subject's own at which the value is another one, or an earlier one to ask again.
pub(crate) fn next_value(root: &Node, subject: &dyn Subject) -> Option<Time> {
    walk(root, subject, *Time::RANGE.end(), |at| value(root, at).to_json())
}

fn walk<A: PartialEq>(
    root: &Node,
    subject: &dyn Subject,
    end: Time,
    ask: impl Fn(&dyn Subject) -> A,
) -> Option<Time> {
    // Most often nothing comes before the end, and then that is all that has to be known.
    let mut at = candidate(root, subject).filter(|at| *at < end)?;
    let answer = ask(subject);
    let steps = (MOST_WORK / (1 + work(root, subject))).clamp(2, MOST_STEPS);
    for _ in 1..steps {
        let here = At { subject, at };
        if ask(&here) != answer {
            break;
        }
        at = candidate(root, &here).filter(|at| *at < end)?;
    }
    Some(at)
}

/// What it costs to ask once, in moments of series that are looked at.
fn work(node: &Node, subject: &dyn Subject) -> usize {
    let remembered = |spec: &SeriesSpec| match subject.series(spec) {
        Remembered::Known(series) => series.recent.len() + series.older.values.len(),
        _ => 0,
    };
    let own = match node {
        Node::Window(window) => remembered(&window.spec),
        Node::Sequence(sequence) => sequence.steps.iter().map(|spec| remembered(spec)).sum(),
        Node::Household(_, question) => {
            let mut all = 0;
            let asked = subject.each_member(&mut |member| all += work(question, member));
            return if asked { all } else { work(question, subject) };
        }
        _ => 0,
    };
    PART + own + node.children().iter().map(|child| work(child, subject)).sum::<usize>()
}

/// The first moment after the subject's own at which the value of `node` may change.
fn candidate(node: &Node, subject: &dyn Subject) -> Option<Time> {
    let own = match node {
        // One that is false keeps all of them false, whatever the others do; so until the last of the false ones changes.
        Node::AllOf(nodes) => return joined(nodes, Truth::False, subject),
        Node::AnyOf(nodes) => return joined(nodes, Truth::True, subject),
        Node::Choice(parts) => {
            let [condition, yes, no] = parts.as_ref();
            let chosen = match truth(condition, subject) {
                Truth::True => candidate(yes, subject),
                Truth::False => candidate(no, subject),
                Truth::Unknown => None,
            };
            return sooner(candidate(condition, subject), chosen);
        }
        Node::Household(_, question) => {
            let mut soonest = None;
            let asked =
                subject.each_member(&mut |member| soonest = sooner(soonest, candidate(question, member)));
            return if asked { soonest } else { candidate(question, subject) };
        }
        Node::Window(window) => match subject.series(&window.spec) {
            Remembered::Known(series) => window.span.next_change(series, subject.now()),
            _ => None,
        },
        Node::Sequence(sequence) => sequence.next_change(subject),
        Node::Unanswered(unanswered) => unanswered.next_change(subject),
        Node::Calendar(asked, inner) => {
            let inner = resolved(inner, subject);
            asked.next_change(moves(inner), value(inner, subject), subject)
        }
        Node::Compare(_, sides) => {
            let [left, right] = sides.as_ref();
            meeting(left, right, subject)
        }
        Node::In(sides) => {
            let [needle, whole] = sides.as_ref();
            match resolved(whole, subject) {
                Node::List(items) => items.iter().filter_map(|item| meeting(needle, item, subject)).min(),
                _ => None,
            }
        }
        _ => None,
    };
    node.children().iter().map(|child| candidate(child, subject)).fold(own, sooner)
}

/// When nodes that are joined by "and" or "or" may come to another answer, of which one alone can `settle` it.
fn joined(nodes: &[Node], settle: Truth, subject: &dyn Subject) -> Option<Time> {
    let mut settling = nodes.iter().filter(|node| truth(node, subject) == settle).peekable();
    if settling.peek().is_none() {
        return nodes.iter().map(|node| candidate(node, subject)).fold(None, sooner);
    }
    let mut latest = subject.now();
    for node in settling {
        latest = latest.max(candidate(node, subject)?);
    }
    Some(latest)
}

fn sooner(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    one.into_iter().chain(other).min()
}

/// The node whose value this one has at the subject's moment.
fn resolved<'n>(node: &'n Node, subject: &dyn Subject) -> &'n Node {
    match node {
        Node::Choice(parts) => {
            let [condition, yes, no] = parts.as_ref();
            match truth(condition, subject) {
                Truth::True => resolved(yes, subject),
                Truth::False => resolved(no, subject),
                Truth::Unknown => node,
            }
        }
        Node::Metric(metric) => resolved(&metric.stands_for, subject),
        Node::Moment(inner) if moves(resolved(inner, subject)).is_some() => resolved(inner, subject),
        other => other,
    }
}

/// How far behind the present a moment is that moves along with it.
pub(crate) fn moves(node: &Node) -> Option<Duration> {
    match node {
        Node::Now => Some(Duration(0)),
        Node::Ago(span) => Some(*span),
        _ => None,
    }
}

/// When a moment that moves along with the present will reach one that stands still, or has just passed it.
fn meeting(left: &Node, right: &Node, subject: &dyn Subject) -> Option<Time> {
    let (left, right) = (resolved(left, subject), resolved(right, subject));
    if let (Node::List(left), Node::List(right)) = (left, right) {
        return left.iter().zip(right).filter_map(|(left, right)| meeting(left, right, subject)).min();
    }
    let (behind, still) = match (moves(left), moves(right)) {
        (Some(behind), None) => (behind, right),
        (None, Some(behind)) => (behind, left),
        _ => return None,
    };
    let Val::Time(at) = value(still, subject) else { return None };
    let reached = at.plus(behind);
    [reached, reached.plus(Duration(1))].into_iter().find(|at| *at > subject.now())
}
