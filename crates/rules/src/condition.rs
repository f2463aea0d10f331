//! Conditions and expressions, as the rest of the house sees them.

use crate::{
    change, contradiction,
    effect::{self, Effect, Fact},
    error::RuleError,
    evaluate::{look_up, truth, value},
    inputs::Inputs,
    ir::{Node, Path},
    kinds::Type,
    parser,
    review::{Notes, Review},
    schema::Schema,
    sentence::{consent_subject, noun, sentence},
    subject::{At, Subject, Truth},
    window_words, words,
};
use crowsnest_model::Time;
use serde::Serialize;
use serde_json::Value;

/// Something that is true of a person and an event, or not, or not known.
#[derive(Debug, Clone)]
pub struct Condition {
    text: Box<str>,
    root: Node,
    inputs: Inputs,
    /// Of each of its parts, since explanations are asked for often.
    sentences: Box<[String]>,
}

/// One of the parts of a condition that all have to hold, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// What it asks: "tier is “gold”".
    pub sentence: String,
    /// Whether it holds.
    pub truth: Truth,
    /// What is known of the customer, with semicolons between: "tier is “silver”; points is not known". Empty when
    /// the clause asks about nothing. Personal data.
    pub value: String,
}

impl Condition {
    /// Reads a condition and checks its names and types.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, RuleError> {
        parser::condition(text, schema, None).map(|root| Self::of(root, text))
    }

    /// As [`Condition::parse`], and what an attentive reader notices in it.
    pub fn review(text: &str, schema: &Schema) -> Result<(Self, Review), RuleError> {
        let mut notes = Notes::default();
        let root = parser::condition(text, schema, Some(&mut notes))?;
        Ok((Self::of(root, text), notes.placed(text)))
    }

    fn of(root: Node, text: &str) -> Self {
        let sentences = parts(&root).iter().map(sentence).collect();
        Self { inputs: Inputs::of(&root), root, text: text.into(), sentences }
    }

    /// Whether it is true of whomever `given` is true of at the same moment, as far as the texts alone say; false when that
    /// depends on the person.
    pub fn follows_from(&self, given: &Self) -> bool {
        contradiction::follows(&given.root, &self.root)
    }

    /// What something that becomes true can do to the answer.
    pub fn effect(&self, fact: &Fact) -> Effect {
        effect::of(&self.root, fact)
    }

    /// As [`Condition::parse`], about an event of this name alone: a recorded event always answers the same.
    pub fn of_recorded(text: &str, event: &str, schema: &Schema) -> Result<Self, RuleError> {
        parser::condition_of_recorded(text, event, schema).map(|root| Self::of(root, text))
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Whether it holds. Unknown when that depends on something that is missing or of another type.
    pub fn evaluate(&self, subject: &dyn Subject) -> Truth {
        truth(&self.root, subject)
    }

    /// As [`Condition::evaluate`], at another moment than the subject's own.
    pub fn evaluate_at(&self, subject: &dyn Subject, at: Time) -> Truth {
        truth(&self.root, &At { subject, at })
    }

    /// The earliest moment after the subject's own at which the answer may be another one through time alone, while nothing
    /// else happens; `None` when it never will. It is the moment of the change, to the millisecond, unless that is many
    /// steps away: then an earlier moment, at which to ask again. Never a later one.
    pub fn next_change(&self, subject: &dyn Subject) -> Option<Time> {
        self.next_change_before(subject, *Time::RANGE.end())
    }

    /// As [`Condition::next_change`]; `None` when that is not before `end`, which is found out sooner.
    pub fn next_change_before(&self, subject: &dyn Subject, end: Time) -> Option<Time> {
        if self.inputs.time { change::next(&self.root, subject, end) } else { None }
    }

    /// What it looks at.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The condition in English: "tier is “gold” and may be mailed about offers by email".
    pub fn sentence(&self) -> String {
        sentence(&self.root)
    }

    /// The parts that all have to hold, each with what is known of the customer.
    pub fn explain(&self, subject: &dyn Subject) -> Vec<Clause> {
        parts(&self.root)
            .iter()
            .zip(&self.sentences)
            .map(|(node, sentence)| Clause {
                sentence: sentence.clone(),
                truth: truth(node, subject),
                value: facts(node, subject).join("; "),
            })
            .collect()
    }

    /// Why it holds or not, in words with what is known of the customer: all of its parts when all of them hold, else those
    /// that do not. Personal data.
    pub fn reasons(&self, subject: &dyn Subject) -> String {
        let holds = self.evaluate(subject).holds();
        let mut out = String::with_capacity(128);
        for (node, sentence) in parts(&self.root).iter().zip(&self.sentences) {
            if !holds && truth(node, subject).holds() {
                continue;
            }
            out.push_str(if out.is_empty() { "" } else { "; " });
            out.push_str(if holds { "" } else { "not: " });
            out.push_str(sentence);
            let facts = facts(node, subject);
            for (place, fact) in facts.iter().enumerate() {
                out.push_str(if place == 0 { " (" } else { "; " });
                out.push_str(fact);
            }
            out.push_str(if facts.is_empty() { "" } else { ")" });
        }
        out
    }

    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it asks for a consent.
    pub fn uses_consent(&self) -> bool {
        self.inputs.consent
    }

    /// Whether it looks at the event.
    pub fn uses_event(&self) -> bool {
        self.inputs.event
    }
}

/// The parts that all have to hold.
fn parts(root: &Node) -> &[Node] {
    match root {
        Node::AllOf(nodes) => nodes,
        other => std::slice::from_ref(other),
    }
}

/// A value made from a person and an event, such as `event.properties.cart_id`.
#[derive(Debug, Clone)]
pub struct Expression {
    text: Box<str>,
    root: Node,
    inputs: Inputs,
}

impl Expression {
    /// Reads an expression and checks its names and types.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, RuleError> {
        let root = parser::expression(text, schema, None)?;
        Ok(Self { inputs: Inputs::of(&root), root, text: text.into() })
    }

    /// As [`Expression::parse`], and what an attentive reader notices in it.
    pub fn review(text: &str, schema: &Schema) -> Result<(Self, Review), RuleError> {
        let mut notes = Notes::default();
        let root = parser::expression(text, schema, Some(&mut notes))?;
        Ok((Self { inputs: Inputs::of(&root), root, text: text.into() }, notes.placed(text)))
    }

    /// As [`Expression::parse`], about an event of this name alone: a recorded event always answers the same.
    pub fn of_recorded(text: &str, event: &str, schema: &Schema) -> Result<Self, RuleError> {
        let root = parser::expression_of_recorded(text, event, schema)?;
        Ok(Self { inputs: Inputs::of(&root), root, text: text.into() })
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Its value; `None` when it is unknown. A moment is a text in RFC 3339.
    pub fn value(&self, subject: &dyn Subject) -> Option<Value> {
        value(&self.root, subject).to_json()
    }

    /// The earliest moment after the subject's own at which its value may be another one through time alone, as
    /// [`Condition::next_change`].
    pub fn next_change(&self, subject: &dyn Subject) -> Option<Time> {
        if self.inputs.time { change::next_value(&self.root, subject) } else { None }
    }

    /// What its value is, as far as that is known before the data is there.
    pub fn kind(&self) -> Type {
        self.root.kind()
    }

    /// What it names, in English: "birthday".
    pub fn sentence(&self) -> String {
        noun(&self.root)
    }

    /// What it looks at.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it looks at the event.
    pub fn uses_event(&self) -> bool {
        self.inputs.event
    }
}

/// What is known of everything that a clause asks about, each said once.
fn facts(node: &Node, subject: &dyn Subject) -> Vec<String> {
    let mut found = Vec::new();
    gather(node, subject, &mut found);
    found
}

fn gather(node: &Node, subject: &dyn Subject, found: &mut Vec<String>) {
    let fact = match node {
        Node::Path(path) | Node::Has(path) => Some(path_fact(path, subject)),
        Node::Consent(asked) => {
            let about = consent_subject(asked);
            Some(match subject.consent(&asked.channel, &asked.topic) {
                Some(true) => format!("said yes to {about}"),
                Some(false) => format!("said no to {about}"),
                None => format!("said neither yes nor no to {about}"),
            })
        }
        Node::Window(window) => Some(window_words::fact(window, subject)),
        Node::Segment(name) => Some(membership("segment", name, subject.in_segment(name))),
        Node::InProgram(name) => Some(membership("program", name, subject.in_program(name))),
        // Of what day it is, or how old somebody is, the value says more than the moment behind it.
        Node::Metric(_) | Node::Calendar(..) | Node::HouseholdSize => result_fact(node, subject),
        Node::Household(_, question) => Some(household_fact(question, subject)),
        _ => None,
    };
    let own = match node {
        Node::Sequence(asked) => {
            asked.steps.iter().map(|spec| window_words::last_fact(spec, subject)).collect()
        }
        Node::Unanswered(asked) => {
            [&asked.asked, &asked.answer].map(|spec| window_words::last_fact(spec, subject)).to_vec()
        }
        _ => Vec::from_iter(fact),
    };
    for fact in own {
        if !found.contains(&fact) {
            found.push(fact);
        }
    }
    // What is inside is asked of others, and theirs is not shown.
    if matches!(node, Node::Household(..)) {
        return;
    }
    for child in node.children() {
        gather(child, subject, found);
    }
}

fn membership(what: &str, name: &str, known: Option<bool>) -> String {
    let name = words::printable_text(name);
    match known {
        Some(true) => format!("is in the {what} {name}"),
        Some(false) => format!("is not in the {what} {name}"),
        None => format!("whether they are in the {what} {name} is not known yet"),
    }
}

/// For how many of the household it holds.
fn household_fact(question: &Node, subject: &dyn Subject) -> String {
    let (mut yes, mut all) = (0_u64, 0_u64);
    let mut ask = |member: &dyn Subject| {
        all += 1;
        yes += u64::from(truth(question, member).holds());
    };
    if !subject.each_member(&mut ask) {
        ask(subject);
    }
    format!("({}) holds for {yes} of {all} in the household", sentence(question))
}

/// What something comes to; what it is made of is said behind it.
fn result_fact(node: &Node, subject: &dyn Subject) -> Option<String> {
    words::value(value(node, subject)).map(|found| format!("{} is {found}", noun(node)))
}

fn path_fact(path: &Path, subject: &dyn Subject) -> String {
    let name = noun(&Node::Path(Box::new(path.clone())));
    match words::value(look_up(path, subject)) {
        Some(value) => format!("{name} is {value}"),
        None => format!("{name} is not known"),
    }
}
