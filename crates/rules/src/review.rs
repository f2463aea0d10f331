//! What an attentive reader notices in a condition that is correct: parts that never hold, names to be looked up elsewhere.

use crate::{
    contradiction::{Operand, Says, always_one, certain, never_both, part},
    error::{Fault, RuleError, nearest},
    ir::{Literal, Node, Root},
    parser::{About, Parser},
    sentence, words,
};

/// How many pairs of parts of one condition are compared.
const MOST_PAIRS: usize = 2_000;

/// What was noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// Parts that never hold or always do, and values that something never has by its declaration; each with its place.
    pub doubts: Vec<RuleError>,
    /// The names that the text mentions and that nobody has to declare.
    pub mentions: Vec<Mention>,
}

/// A name in a text. The names in metrics are those of the metric's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The line in the text, from 1.
    pub line: usize,
    /// The column in the line, in characters, from 1.
    pub column: usize,
    /// What it names.
    pub name: Mentioned,
}

/// What a name in a text is one of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mentioned {
    /// The name of an event.
    Event(String),
    /// A property.
    Property {
        /// Of events of this name; `None` of the event at hand.
        event: Option<String>,
        /// Its name.
        name: String,
    },
    /// A trait of the person.
    Trait(String),
}

/// What was noticed so far, with places in bytes.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    doubts: Vec<Fault>,
    mentions: Vec<(usize, Mentioned)>,
    compared: usize,
}

impl Notes {
    /// The same with lines and columns.
    pub(crate) fn placed(self, text: &str) -> Review {
        let place = |at: usize| Fault::new(at, "").placed(text);
        Review {
            doubts: self.doubts.into_iter().map(|doubt| doubt.placed(text)).collect(),
            mentions: self
                .mentions
                .into_iter()
                .map(|(at, name)| Mention { line: place(at).line, column: place(at).column, name })
                .collect(),
        }
    }
}

impl Parser<'_, '_> {
    pub(crate) fn mentions(&mut self, at: usize, name: impl FnOnce() -> Mentioned) {
        if let Some(notes) = &mut self.notes {
            notes.mentions.push((at, name()));
        }
    }

    fn doubts(&mut self, fault: Fault) {
        if let Some(notes) = &mut self.notes {
            notes.doubts.push(fault);
        }
    }

    /// `now` joins parts that stand before it, with `&&` or, if `either`, with `||`.
    pub(crate) fn review_joined(&mut self, at: usize, before: &[Node], now: &[Node], either: bool) {
        let Some(notes) = &mut self.notes else { return };
        let pairs = before.iter().flat_map(|one| now.iter().map(move |other| (one, other)));
        let room = MOST_PAIRS.saturating_sub(notes.compared);
        notes.compared += before.len().saturating_mul(now.len());
        let collide = if either { always_one } else { never_both };
        let Some((one, _)) = pairs.take(room).find(|(one, other)| collide(one, other)) else { return };
        let said = match &self.about {
            About::Recorded(_) | About::Alone(_) => sentence::recorded(one),
            About::Person | About::Member => sentence::sentence(one),
        };
        let message = if either {
            format!("this or what stands before it always holds: {said}")
        } else {
            format!("this never holds together with what stands before it: {said}")
        };
        self.doubts(Fault::new(at, message));
    }

    /// A single part: whether anybody can fulfil it, and whether the value can be what it says.
    pub(crate) fn review_part(&mut self, at: usize, node: &Node) {
        if self.notes.is_none() {
            return;
        }
        if let Some((always, bounds)) = certain(node) {
            let word = if always { "always" } else { "never" };
            self.doubts(Fault::new(at, format!("this {word} holds: {}", bounds.in_words())));
        }
        let Some((Operand::Value(Node::Path(path)), Says::Only(asked) | Says::Except(asked))) = part(node)
        else {
            return;
        };
        let (name, allowed) = match (&path.root, path.fields.as_ref()) {
            (Root::Trait(name), []) => (name, self.schema.values_of_trait(name)),
            (Root::Properties, [name]) => {
                let event = match &self.about {
                    About::Recorded(event) | About::Alone(event) => Some(event.as_ref()),
                    About::Person | About::Member => None,
                };
                (name, self.schema.values_of_property(event, name))
            }
            _ => return,
        };
        let Some(allowed) = allowed else { return };
        for text in asked.into_iter().filter_map(|literal| match literal {
            Literal::Text(text) => Some(text),
            _ => None,
        }) {
            if allowed.iter().any(|value| value.as_str() == text.as_ref()) {
                continue;
            }
            let known = allowed.iter().map(String::as_str);
            let message = format!(
                "`{name}` is never {} by its contract: it is one of {}",
                words::printable_text(text),
                known.clone().collect::<Vec<_>>().join(", ")
            );
            self.doubts(Fault::new(at, message).hinting(nearest(text, known)));
        }
    }
}
