//! A condition as an English sentence.
//!
//! A negation is said where it belongs ("tier is not “gold”"), not in front of everything: for known values that is
//! the same, and a sentence is about when the condition holds.

use crate::{
    calendar::Calendar,
    change::moves,
    ir::{Arithmetic, Case, Comparison, ConsentAsked, Literal, Members, Node, Path, Root, TextTest},
    kinds::Type,
    number::Number,
    window::Aggregate,
    window_words, words,
};

/// What stands around a clause, and so whether it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    And,
    Or,
    Words,
}

/// The sentence of a condition.
pub(crate) fn sentence(node: &Node) -> String {
    let mut out = Sentence::default();
    clause(&mut out, node, true, Around::Nothing);
    out.text
}

/// The sentence of a condition on a recorded event, which stands behind the event's name: "revenue is at least 50".
pub(crate) fn recorded(node: &Node) -> String {
    let mut out = Sentence { recorded: true, ..Sentence::default() };
    clause(&mut out, node, true, Around::Nothing);
    out.text
}

/// What a value is called.
pub(crate) fn noun(node: &Node) -> String {
    let mut out = Sentence::default();
    write_noun(&mut out, node);
    out.text
}

/// A sentence as far as it is written.
#[derive(Default)]
struct Sentence {
    text: String,
    /// It is about a recorded event that was named already, so "the event’s" would be one word too many.
    recorded: bool,
}

impl Sentence {
    fn push(&mut self, letter: char) {
        self.text.push(letter);
    }

    fn push_str(&mut self, words: &str) {
        self.text.push_str(words);
    }
}

/// What a consent is about: "offers by email".
pub(crate) fn consent_subject(asked: &ConsentAsked) -> String {
    let topic = if asked.topic.as_ref() == crowsnest_model::consent::EVERY_TOPIC {
        "every topic".into()
    } else {
        words::name(&asked.topic)
    };
    format!("{topic} by {}", words::name(&asked.channel))
}

fn clause(out: &mut Sentence, node: &Node, holds: bool, around: Around) {
    match node {
        Node::Not(inner) => clause(out, inner, !holds, around),
        Node::AllOf(nodes) => joined(out, nodes, holds, if holds { Around::And } else { Around::Or }, around),
        Node::AnyOf(nodes) => joined(out, nodes, holds, if holds { Around::Or } else { Around::And }, around),
        Node::Compare(comparison, sides) => {
            let [left, right] = sides.as_ref();
            compared(out, if holds { *comparison } else { comparison.opposite() }, left, right);
        }
        Node::In(sides) => {
            let [needle, whole] = sides.as_ref();
            among(out, holds, needle, whole);
        }
        Node::TextTest(test, sides) => {
            let [whole, part] = sides.as_ref();
            write_noun(out, whole);
            out.push_str(match (test, holds) {
                (TextTest::StartsWith, true) => " starts with ",
                (TextTest::StartsWith, false) => " does not start with ",
                (TextTest::EndsWith, true) => " ends with ",
                (TextTest::EndsWith, false) => " does not end with ",
                (TextTest::Contains, true) => " contains ",
                (TextTest::Contains, false) => " does not contain ",
            });
            write_noun(out, part);
        }
        Node::Has(path) => {
            write_path(out, path);
            out.push_str(if holds { " is known" } else { " is not known" });
        }
        Node::Consent(asked) => {
            out.push_str(if holds { "may be " } else { "may not be " });
            out.push_str(match asked.channel.as_ref() {
                "email" => "mailed",
                "sms" => "texted",
                "phone" => "called",
                "letter" => "written to",
                _ => "contacted",
            });
            out.push_str(" about ");
            out.push_str(&consent_subject(asked));
        }
        Node::Literal(Literal::Bool(value)) => out.push_str(if *value == holds { "always" } else { "never" }),
        Node::Choice(parts) => {
            let [condition, yes, no] = parts.as_ref();
            in_parentheses(out, around != Around::Nothing, |out| {
                out.push_str("if ");
                clause(out, condition, true, Around::Words);
                out.push_str(" then ");
                clause(out, yes, holds, Around::Words);
                out.push_str(", otherwise ");
                clause(out, no, holds, Around::Words);
            });
        }
        Node::Window(window) if window.aggregate == Aggregate::Never => {
            out.push_str(&window_words::clause(window, holds));
        }
        Node::Sequence(asked) => out.push_str(&window_words::sequence(asked, holds)),
        Node::Unanswered(asked) => out.push_str(&window_words::unanswered(asked, holds)),
        Node::Household(members, question) => {
            out.push_str(match (members, holds) {
                (Members::Any, true) => "for somebody in the household (",
                (Members::Any, false) => "for nobody in the household (",
                (Members::All, true) => "for everybody in the household (",
                (Members::All, false) => "not for everybody in the household (",
            });
            clause(out, question, true, Around::Nothing);
            out.push(')');
        }
        Node::Calendar(Calendar::Anniversary, inner) => {
            out.push_str(if holds {
                "today is the anniversary of "
            } else {
                "today is not the anniversary of "
            });
            write_noun(out, inner);
        }
        Node::Segment(name) => {
            out.push_str(if holds { "is in the segment " } else { "is not in the segment " });
            out.push_str(&words::printable_text(name));
        }
        Node::InProgram(name) => {
            out.push_str(if holds { "is in the program " } else { "is not in the program " });
            out.push_str(&words::printable_text(name));
        }
        value => {
            write_noun(out, value);
            out.push_str(if holds { " is true" } else { " is false" });
        }
    }
}

fn joined(out: &mut Sentence, nodes: &[Node], holds: bool, by: Around, around: Around) {
    in_parentheses(out, around != by && around != Around::Nothing, |out| {
        for (place, node) in nodes.iter().enumerate() {
            if place > 0 {
                out.push_str(if by == Around::And { " and " } else { " or " });
            }
            clause(out, node, holds, by);
        }
    });
}

fn in_parentheses(out: &mut Sentence, needed: bool, write: impl FnOnce(&mut Sentence)) {
    if needed {
        out.push('(');
    }
    write(out);
    if needed {
        out.push(')');
    }
}

fn compared(out: &mut Sentence, comparison: Comparison, left: &Node, right: &Node) {
    // "50 is at most the value" is said as "the value is at least 50".
    let last = |node: &Node| node.is_constant() || moves(node).is_some();
    if last(left) && !last(right) {
        return compared(out, comparison.mirrored(), right, left);
    }
    if let Some(words) = window_words::compared(comparison, left, right) {
        return out.push_str(&words);
    }
    match comparison {
        Comparison::Equal => {
            write_identity(out, left);
            out.push_str(" is ");
        }
        Comparison::NotEqual => {
            write_identity(out, left);
            out.push_str(" is not ");
        }
        ordered => {
            write_noun(out, left);
            out.push_str(order_words(ordered, left, right));
        }
    }
    write_noun(out, right);
}

fn order_words(comparison: Comparison, left: &Node, right: &Node) -> &'static str {
    let both = [left.kind(), right.kind()];
    let day = |node: &Node| matches!(node, Node::Calendar(Calendar::Date, _));
    if both.contains(&Type::Time) || day(left) || day(right) {
        match comparison {
            Comparison::Less => " is before ",
            Comparison::More => " is after ",
            Comparison::AtMost => " is not after ",
            _ => " is not before ",
        }
    } else if both.contains(&Type::Text) {
        match comparison {
            Comparison::Less => " sorts before ",
            Comparison::More => " sorts after ",
            Comparison::AtMost => " does not sort after ",
            _ => " does not sort before ",
        }
    } else {
        match comparison {
            Comparison::Less => " is less than ",
            Comparison::More => " is more than ",
            Comparison::AtMost => " is at most ",
            _ => " is at least ",
        }
    }
}

fn among(out: &mut Sentence, holds: bool, needle: &Node, whole: &Node) {
    match whole {
        Node::List(items) if items.is_empty() => {
            write_noun(out, needle);
            out.push_str(if holds { " is in an empty list" } else { " is not in an empty list" });
        }
        Node::List(items) => {
            write_identity(out, needle);
            out.push_str(match (items.len(), holds) {
                (1, true) => " is ",
                (1, false) => " is not ",
                (_, true) => " is one of ",
                (_, false) => " is none of ",
            });
            let items = items.iter().map(|item| item_noun(out, item));
            out.push_str(&words::list(items.collect::<Vec<_>>().into_iter()));
        }
        _ => {
            write_noun(out, needle);
            out.push_str(if holds { " is " } else { " is not " });
            out.push_str(if whole.kind() == Type::Object { "a field of " } else { "among " });
            write_noun(out, whole);
        }
    }
}

/// As [`write_noun`], but an event is said to *be* “Cart Updated”.
fn write_identity(out: &mut Sentence, node: &Node) {
    match node {
        Node::Path(path) if path.root == Root::EventName => out.push_str("the event"),
        _ => write_noun(out, node),
    }
}

fn write_noun(out: &mut Sentence, node: &Node) {
    match node {
        Node::Literal(literal) => out.push_str(&match literal {
            Literal::Bool(value) => value.to_string(),
            Literal::Int(number) => words::number(Number::Int(*number)),
            Literal::Double(number) => words::number(Number::Double(*number)),
            Literal::Text(text) => words::text(text),
            Literal::Time(time) => words::time(*time),
        }),
        Node::List(items) => {
            if !items.is_empty() {
                out.push_str("the list ");
            }
            let items = items.iter().map(|item| item_noun(out, item));
            out.push_str(&words::list(items.collect::<Vec<_>>().into_iter()));
        }
        Node::Path(path) => write_path(out, path),
        Node::Cased(case, inner) => {
            write_noun(out, inner);
            out.push_str(match case {
                Case::Lower => " in lower case",
                Case::Upper => " in upper case",
            });
        }
        Node::Size(inner) => {
            out.push_str(match inner.kind() {
                Type::Text => "the length of ",
                Type::List => "the number of items in ",
                Type::Object => "the number of fields in ",
                _ => "the size of ",
            });
            write_noun(out, inner);
        }
        Node::Moment(inner) => write_noun(out, inner),
        Node::Negative(inner) => {
            out.push_str("minus ");
            write_operand(out, inner);
        }
        Node::Arithmetic(operation, sides) => {
            let [left, right] = sides.as_ref();
            let (before, between) = match operation {
                Arithmetic::Plus => ("", " plus "),
                Arithmetic::Minus => ("", " minus "),
                Arithmetic::Times => ("", " times "),
                Arithmetic::DividedBy => ("", " divided by "),
                Arithmetic::Remainder => ("the remainder of ", " divided by "),
            };
            out.push_str(before);
            write_operand(out, left);
            out.push_str(between);
            write_operand(out, right);
        }
        Node::Choice(parts) => {
            let [condition, yes, no] = parts.as_ref();
            in_parentheses(out, true, |out| {
                write_noun(out, yes);
                out.push_str(" if ");
                clause(out, condition, true, Around::Words);
                out.push_str(", otherwise ");
                write_noun(out, no);
            });
        }
        Node::Window(window) if window.aggregate != Aggregate::Never => {
            out.push_str(&window_words::noun(window))
        }
        Node::HouseholdSize => out.push_str("the size of the household"),
        Node::Calendar(asked, inner) if *asked != Calendar::Anniversary => {
            let current = matches!(inner.as_ref(), Node::Now);
            out.push_str(match (asked, current) {
                (Calendar::Year, false) => "the year of ",
                (Calendar::Year, true) => "the current year",
                (Calendar::Month, false) => "the month of ",
                (Calendar::Month, true) => "the current month",
                (Calendar::Day, false) => "the day of the month of ",
                (Calendar::Day, true) => "today’s day of the month",
                (Calendar::Weekday, false) => "the day of the week of ",
                (Calendar::Weekday, true) => "today’s day of the week",
                (Calendar::Hour, false) => "the hour of ",
                (Calendar::Hour, true) => "the current hour",
                (Calendar::Years, _) => "the years since ",
                (Calendar::Days, _) => "the days since ",
                (_, false) => "the day of ",
                (_, true) => "today",
            });
            if !current || asked.asks_for_today() {
                write_noun(out, inner);
            }
        }
        Node::Now => out.push_str("now"),
        Node::Ago(span) => {
            out.push_str(&words::span(*span));
            out.push_str(" ago");
        }
        Node::Metric(metric) => {
            out.push_str("the metric ");
            out.push_str(&words::name(&metric.name));
        }
        truth => {
            out.push_str("whether ");
            clause(out, truth, true, Around::Words);
        }
    }
}

fn item_noun(out: &Sentence, item: &Node) -> String {
    let mut words = Sentence { recorded: out.recorded, ..Sentence::default() };
    write_noun(&mut words, item);
    words.text
}

fn write_operand(out: &mut Sentence, node: &Node) {
    let nested = matches!(node, Node::Arithmetic(..) | Node::Negative(_));
    in_parentheses(out, nested, |out| write_noun(out, node));
}

fn write_path(out: &mut Sentence, path: &Path) {
    let mut fields = path.fields.iter();
    match &path.root {
        Root::Trait(name) => out.push_str(&words::name(name)),
        Root::Item => out.push_str("the item’s"),
        Root::Before => out.push_str("the item’s earlier"),
        of_event => {
            if !out.recorded {
                out.push_str("the event’s ");
            }
            match of_event {
                Root::EventName => out.push_str("name"),
                Root::EventType => out.push_str("type"),
                Root::EventSource => out.push_str("source"),
                Root::EventTime => out.push_str("time"),
                _ => out
                    .push_str(&fields.next().map_or_else(|| "properties".into(), |first| words::name(first))),
            }
        }
    }
    for field in fields {
        out.push(' ');
        out.push_str(&words::name(field));
    }
}
