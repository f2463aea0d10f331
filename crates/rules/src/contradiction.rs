//! What follows from the text of conditions alone: what can never hold, what cannot hold together, what follows from what.
//!
//! Nothing is guessed. A yes is certain whatever is known of a person; a no says nothing.

use crate::{
    calendar::Calendar,
    evaluate::literal,
    ir::{Comparison, Literal, Node},
    subject::Truth,
    window::{Aggregate, Window},
};

/// How many pairs of parts are looked at for one answer; beyond that there is none.
const MOST_PAIRS: u32 = 20_000;

static YES: Literal = Literal::Bool(true);
static NO: Literal = Literal::Bool(false);
static NONE: Literal = Literal::Int(0);
static ONE: Literal = Literal::Int(1);

/// What a part of a condition is about.
#[derive(Clone, Copy)]
pub(crate) enum Operand<'a> {
    Value(&'a Node),
    /// How many events there are in the window of a `never`.
    CountOf(&'a Window),
}

/// What it says of that.
pub(crate) enum Says<'a> {
    /// It is one of these.
    Only(Vec<&'a Literal>),
    /// It is none of these.
    Except(Vec<&'a Literal>),
    /// It is smaller or larger.
    Compared(Comparison, &'a Literal),
}

/// The values that something can have, whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// What it is, in words.
    pub(crate) what: &'static str,
    least: i64,
    most: i64,
    /// It has a value for everybody, or will have one as soon as it is built.
    always_known: bool,
}

impl Bounds {
    fn hold(self, value: &Literal) -> bool {
        compares(&Literal::Int(self.least), Comparison::AtMost, value)
            && compares(value, Comparison::AtMost, &Literal::Int(self.most))
    }

    /// In words: "a month is from 1 to 12".
    pub(crate) fn in_words(self) -> String {
        match self.most {
            i64::MAX => format!("{} is {} or more", self.what, self.least),
            most => format!("{} is from {} to {most}", self.what, self.least),
        }
    }
}

/// A single part as what it is about and what it says of it.
pub(crate) fn part(node: &Node) -> Option<(Operand<'_>, Says<'_>)> {
    Some(match node {
        Node::Literal(_) | Node::AllOf(_) | Node::AnyOf(_) => return None,
        Node::Metric(metric) => return part(&metric.stands_for),
        Node::Not(inner) => match never(inner) {
            // What did not never happen has happened once or more often.
            Some(window) => (Operand::CountOf(window), Says::Compared(Comparison::AtLeast, &ONE)),
            None => {
                let (operand, says) = part(inner)?;
                (operand, says.opposite())
            }
        },
        Node::Compare(comparison, sides) => {
            let [left, right] = sides.as_ref();
            let (operand, comparison, value) = match (left, right) {
                (Node::Literal(_), Node::Literal(_)) => return None,
                (operand, Node::Literal(value)) => (operand, *comparison, value),
                (Node::Literal(value), operand) => (operand, comparison.mirrored(), value),
                _ => return Some((Operand::Value(node), Says::Only(vec![&YES]))),
            };
            let says = match comparison {
                Comparison::Equal => Says::Only(vec![value]),
                Comparison::NotEqual => Says::Except(vec![value]),
                other => Says::Compared(other, value),
            };
            (Operand::Value(behind(operand)), says)
        }
        Node::In(pair) => {
            let [needle, list] = pair.as_ref();
            match literals(list) {
                Some(values) => (Operand::Value(behind(needle)), Says::Only(values)),
                None => (Operand::Value(node), Says::Only(vec![&YES])),
            }
        }
        other => match never(other) {
            Some(window) => (Operand::CountOf(window), Says::Only(vec![&NONE])),
            None => (Operand::Value(other), Says::Only(vec![&YES])),
        },
    })
}

fn never(node: &Node) -> Option<&Window> {
    match behind(node) {
        Node::Window(window) if window.aggregate == Aggregate::Never => Some(window),
        _ => None,
    }
}

/// The items of a list that stands in the text, if all of them are values that do.
fn literals(list: &Node) -> Option<Vec<&Literal>> {
    let Node::List(items) = list else { return None };
    items.iter().map(|item| if let Node::Literal(value) = item { Some(value) } else { None }).collect()
}

/// What a metric stands for.
fn behind(node: &Node) -> &Node {
    match node {
        Node::Metric(metric) => behind(&metric.stands_for),
        other => other,
    }
}

impl Operand<'_> {
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) => one == other,
            (Self::CountOf(one), Self::CountOf(other)) => one == other,
            (Self::CountOf(window), Self::Value(Node::Window(counted)))
            | (Self::Value(Node::Window(counted)), Self::CountOf(window)) => {
                counted.aggregate == Aggregate::Count
                    && counted.spec == window.spec
                    && counted.span == window.span
            }
            _ => false,
        }
    }

    fn bounds(self) -> Option<Bounds> {
        let (what, least, most, always_known) = match self {
            Self::CountOf(_) => return None,
            Self::Value(Node::Window(window)) => match window.aggregate {
                Aggregate::Count | Aggregate::Distinct => ("a number of events", 0, i64::MAX, true),
                _ => return None,
            },
            Self::Value(Node::HouseholdSize) => ("the size of a household", 1, i64::MAX, true),
            Self::Value(Node::Size(_)) => ("a size", 0, i64::MAX, false),
            Self::Value(Node::Calendar(asked, _)) => match asked {
                Calendar::Month => ("a month", 1, 12, false),
                Calendar::Day => ("a day of a month", 1, 31, false),
                Calendar::Weekday => ("a weekday", 1, 7, false),
                Calendar::Hour => ("an hour", 0, 23, false),
                _ => return None,
            },
            Self::Value(_) => return None,
        };
        Some(Bounds { what, least, most, always_known })
    }
}

impl Says<'_> {
    /// What holds when this is known and does not.
    fn opposite(self) -> Self {
        match self {
            // Nothing else is neither true nor false.
            Self::Only(values) if values == [&YES] => Self::Only(vec![&NO]),
            Self::Only(values) if values == [&NO] => Self::Only(vec![&YES]),
            Self::Only(values) => Self::Except(values),
            Self::Except(values) => Self::Only(values),
            Self::Compared(comparison, value) => Self::Compared(comparison.opposite(), value),
        }
    }

    fn allows(&self, candidate: &Literal) -> bool {
        match self {
            Self::Only(values) => values.iter().any(|value| compares(candidate, Comparison::Equal, value)),
            Self::Except(values) => {
                values.iter().all(|value| compares(candidate, Comparison::NotEqual, value))
            }
            Self::Compared(comparison, value) => compares(candidate, *comparison, value),
        }
    }

    /// Whether no value is as both say.
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Only(candidates), says) | (says, Self::Only(candidates)) => {
                !candidates.iter().any(|candidate| says.allows(candidate))
            }
            (Self::Compared(one, a), Self::Compared(two, b)) => match (is_lower(*one), is_lower(*two)) {
                (true, false) => apart((*one, a), (*two, b)),
                (false, true) => apart((*two, b), (*one, a)),
                // Nothing is a number and a text.
                _ => literal(a).compares(Comparison::Equal, literal(b)) == Truth::Unknown,
            },
            _ => false,
        }
    }

    fn values(&self) -> Vec<&Literal> {
        match self {
            Self::Only(values) | Self::Except(values) => values.clone(),
            Self::Compared(_, value) => vec![value],
        }
    }
}

/// Whether nothing lies above the one and below the other.
fn apart((lower, least): (Comparison, &Literal), (upper, most): (Comparison, &Literal)) -> bool {
    let touch = lower == Comparison::AtLeast && upper == Comparison::AtMost;
    let comparison = if touch { Comparison::AtMost } else { Comparison::Less };
    !compares(least, comparison, most)
}

fn is_lower(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::More | Comparison::AtLeast)
}

fn compares(left: &Literal, comparison: Comparison, right: &Literal) -> bool {
    literal(left).compares(comparison, literal(right)).holds()
}

/// Whether a single part holds of nobody (`false`) or of everybody (`true`), and why.
pub(crate) fn certain(node: &Node) -> Option<(bool, Bounds)> {
    let (operand, says) = part(node)?;
    let bounds = operand.bounds()?;
    if !says.values().iter().all(|value| value.kind().may_be_number()) {
        return None;
    }
    let (always, never) = match &says {
        Says::Only(values) => (false, !values.iter().any(|value| bounds.hold(value))),
        Says::Except(values) => (!values.iter().any(|value| bounds.hold(value)), false),
        Says::Compared(..) => {
            let ends = [bounds.least, bounds.most].map(|end| says.allows(&Literal::Int(end)));
            (ends == [true, true], ends == [false, false])
        }
    };
    match (always && bounds.always_known, never) {
        (true, _) => Some((true, bounds)),
        (_, true) => Some((false, bounds)),
        _ => None,
    }
}

/// Whether two conditions are never true of the same person at the same moment.
pub(crate) fn never_both(one: &Node, other: &Node) -> bool {
    Work { left: MOST_PAIRS }.never_both(one, other)
}

/// Whether one of two parts is true of whoever it can be asked of.
pub(crate) fn always_one(one: &Node, other: &Node) -> bool {
    let (Some((operand, says)), Some((about, said))) = (part(one), part(other)) else { return false };
    operand.is(about) && says.opposite().excludes(&said.opposite())
}

/// Whether `then` is true of whomever `given` is true of.
pub(crate) fn follows(given: &Node, then: &Node) -> bool {
    Work { left: MOST_PAIRS }.follows(given, then)
}

/// How much may still be looked at.
struct Work {
    left: u32,
}

impl Work {
    fn goes_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn never_both(&mut self, one: &Node, other: &Node) -> bool {
        if !self.goes_on() {
            return false;
        }
        match (one, other) {
            (Node::AnyOf(ways), single) | (single, Node::AnyOf(ways)) => {
                ways.iter().all(|way| self.never_both(way, single))
            }
            (Node::AllOf(parts), single) | (single, Node::AllOf(parts)) => {
                parts.iter().any(|part| self.never_both(part, single))
            }
            _ => {
                let (Some((operand, says)), Some((about, said))) = (part(one), part(other)) else {
                    return false;
                };
                operand.is(about) && says.excludes(&said)
                    || is_missing(one, about)
                    || is_missing(other, operand)
            }
        }
    }

    fn follows(&mut self, given: &Node, then: &Node) -> bool {
        if !self.goes_on() {
            return false;
        }
        if given == then || matches!(then, Node::Literal(Literal::Bool(true))) {
            return true;
        }
        match (given, then) {
            (Node::AnyOf(ways), _) => ways.iter().all(|way| self.follows(way, then)),
            (_, Node::AllOf(parts)) => parts.iter().all(|part| self.follows(given, part)),
            (Node::AllOf(parts), _) if parts.iter().any(|part| self.follows(part, then)) => true,
            (_, Node::AnyOf(ways)) => ways.iter().any(|way| self.follows(given, way)),
            (Node::AllOf(_), _) => false,
            _ => {
                let (Some((operand, says)), Some((about, said))) = (part(given), part(then)) else {
                    return false;
                };
                // Of a value of another kind the second would be unknown.
                let mut values = says.values().into_iter().chain(said.values());
                let kind = values.next().map(Literal::kind);
                operand.is(about)
                    && values.all(|value| kind.is_some_and(|kind| kind.meets(value.kind())))
                    && !matches!(says, Says::Except(_))
                    && says.excludes(&said.opposite())
            }
        }
    }
}

/// Whether `node` says that the operand has no value, so that nothing can be said of it.
fn is_missing(node: &Node, operand: Operand<'_>) -> bool {
    let Node::Not(inner) = node else { return false };
    let (Node::Has(missing), Operand::Value(Node::Path(path))) = (inner.as_ref(), operand) else {
        return false;
    };
    missing.root == path.root && missing.fields == path.fields
}
