//! Everything about an event that needs no state, done on the thread that brought it.

use super::Cause;
use crate::Live;
use crowsnest_identity::Normal;
use crowsnest_model::{Event, Identifier, ProfileId, quarantine::Rejection};
use crowsnest_rules::EventView;
use std::cell::OnceCell;

/// An event on its way in.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) event: Event,
    /// The document that is kept.
    pub(crate) body: Vec<u8>,
    /// What names a person, in one spelling.
    pub(crate) people: Vec<Identifier>,
    /// What names a household.
    pub(crate) households: Vec<Identifier>,
    /// What is nobody's, and why.
    pub(crate) ignored: Vec<(Identifier, String)>,
    /// For an alias: the other spelling that its previous id may have.
    pub(crate) previous_user: Option<Identifier>,
    /// The person, when we know it from elsewhere (a signed link) rather than from identifiers.
    pub(crate) person: Option<ProfileId>,
    pub(crate) third_party: bool,
    cause: OnceCell<Cause>,
}

impl Prepared {
    /// The event of a person whom we know already.
    pub fn of(person: ProfileId, event: Event) -> Result<Self, serde_json::Error> {
        let body = event.body()?;
        Ok(Self {
            event,
            body,
            people: Vec::new(),
            households: Vec::new(),
            ignored: Vec::new(),
            previous_user: None,
            person: Some(person),
            third_party: false,
            cause: OnceCell::new(),
        })
    }

    /// The event as conditions see it; its properties are read once.
    pub(crate) fn cause(&self) -> &Cause {
        self.cause.get_or_init(|| Cause::of(&self.event))
    }

    /// The same, of whatever kind it is.
    pub(crate) fn view(&self) -> EventView<'_> {
        EventView { kind: self.event.kind.as_str(), ..self.cause().view() }
    }
}

/// What one request, or one piece of a file, brings.
#[derive(Debug, Default)]
pub struct Incoming {
    /// Events.
    pub events: Vec<Prepared>,
    /// What could not be read.
    pub rejected: Vec<Rejection>,
}

impl Incoming {
    /// How many things it brings.
    pub fn len(&self) -> usize {
        self.events.len() + self.rejected.len()
    }

    /// Whether it brings nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Gives every identifier its one spelling and writes the document that is kept.
pub fn prepare(live: &Live, events: Vec<Event>, rejected: Vec<Rejection>) -> Incoming {
    let mut incoming = Incoming { events: Vec::with_capacity(events.len()), rejected };
    for event in events {
        let (mut people, mut households, mut ignored) = (Vec::new(), Vec::new(), Vec::new());
        let named = event.identifiers.iter().chain(&event.previous);
        for raw in named {
            match live.normaliser().normalise(raw) {
                Normal::Person(identifier) => people.push(identifier),
                Normal::Household(identifier) => households.push(identifier),
                Normal::Nobody(reason) => ignored.push((raw.clone(), reason)),
            }
        }
        let previous_user = event
            .previous
            .as_ref()
            .filter(|previous| previous.namespace.as_str() == "anonymous_id")
            .map(|previous| Identifier::new("user_id", previous.value.trim()));
        match event.body() {
            Ok(body) => {
                let prepared = Prepared {
                    third_party: live.is_third_party(&event.source),
                    cause: OnceCell::new(),
                    event,
                    body,
                    people,
                    households,
                    ignored,
                    previous_user,
                    person: None,
                };
                if prepared.event.name.as_deref().is_some_and(|name| live.asks_about(name)) {
                    prepared.cause();
                }
                incoming.events.push(prepared);
            }
            Err(error) => incoming.rejected.push(Rejection {
                source: event.source.to_string(),
                feed: None,
                place: "event".into(),
                code: "document".into(),
                reason: format!("the event cannot be written as JSON: {error}"),
                raw: event.message_id.into_bytes(),
                header: None,
            }),
        }
    }
    incoming
}
