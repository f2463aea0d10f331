//! One person: identifiers, traits with provenance, and where they stand in programs.

use crate::{
    DecisionId, EventId, HouseholdId, Identifier, Namespace, Object, ProfileId, RunId, Series, SeriesId, Time,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that is known of one person and kept with them. Loaded once per batch, written once.
///
/// Stores keep it, and the structs within it, as MessagePack with fields by position, not by name: half the bytes, of
/// which there are many. So fields are only ever added at the end, with `#[serde(default)]`, and never removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The person.
    pub id: ProfileId,
    /// The earliest event time.
    pub first_seen: Time,
    /// The latest event time.
    pub last_seen: Time,
    /// How many events are theirs.
    pub events: u64,
    /// By what they are known, normalised.
    pub identifiers: Vec<Link>,
    /// The accounts that they share with their household.
    pub accounts: Vec<Link>,
    /// What is known of them, by name.
    pub traits: BTreeMap<String, Trait>,
    /// The programs that they are in just now.
    pub runs: Vec<Run>,
    /// What is remembered of their events, for conditions about stretches of time.
    #[serde(default)]
    pub series: BTreeMap<SeriesId, Series>,
    /// The segments that they are in, by name.
    #[serde(default)]
    pub segments: BTreeMap<String, Membership>,
    /// When time alone may next change something about them; it may be earlier than that.
    #[serde(default)]
    pub next_look: Option<Time>,
    /// With whom they must not be taken for one person.
    #[serde(default)]
    pub apart: Vec<Apart>,
    /// The sources that have told of them, in the order of their names.
    #[serde(default)]
    pub sources: Vec<Heard>,
    /// The household in which they were found to live with others; `None` for whoever lives alone, as far as is known.
    #[serde(default)]
    pub home: Option<HouseholdId>,
    /// What they go by though it is somebody else's: a family's mailbox, an office's number.
    #[serde(default)]
    pub shared: Vec<Link>,
}

/// What a source has told of a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Heard {
    /// The source.
    pub source: String,
    /// The time of its earliest event.
    pub first_seen: Time,
    /// The time of its latest event.
    pub last_seen: Time,
    /// How many events it has sent of them.
    pub events: u64,
}

/// That somebody is on one side of a decision which says that two people are not one. Whoever is on another side of the
/// same decision is never merged with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Apart {
    /// The decision.
    pub decision: DecisionId,
    /// The side; 0 or 1.
    pub side: u8,
}

impl Apart {
    /// The decision that keeps two apart who are on these sides, if one does.
    pub fn between(one: &[Self], other: &[Self]) -> Option<DecisionId> {
        let against = |mine: &&Self| {
            other.iter().any(|theirs| theirs.decision == mine.decision && theirs.side != mine.side)
        };
        one.iter().find(against).map(|mine| mine.decision)
    }
}

/// That a person is in a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Since when.
    pub since: Time,
    /// The segment's version by which they are in it.
    pub version: u32,
}

/// That an identifier is a person's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// Its kind.
    pub namespace: Namespace,
    /// Its value, normalised.
    pub value: String,
    /// The earliest event time at which it was the person's.
    pub first_seen: Time,
    /// The latest.
    pub last_seen: Time,
}

impl Link {
    /// The identifier.
    pub fn identifier(&self) -> Identifier {
        Identifier { namespace: self.namespace.clone(), value: self.value.clone() }
    }

    /// Whether it is this identifier.
    pub fn names(&self, identifier: &Identifier) -> bool {
        self.namespace == identifier.namespace && self.value == identifier.value
    }

    /// The household that this names, where it is an account.
    pub fn household(&self) -> HouseholdId {
        HouseholdId::of(self.namespace.as_str(), &self.value)
    }
}

/// A value with its time and provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// The value; never null.
    pub value: Value,
    /// When it was so, by the event's time.
    pub time: Time,
    /// The source that said so.
    pub source: String,
    /// The event that said so.
    pub event: EventId,
    /// Bought or appended, not said by the customer.
    pub third_party: bool,
}

impl Trait {
    /// Whether this value replaces `other`: what the customer said before what was bought, then the later one; the
    /// event id decides a tie, so that any order of arrival leaves the same value.
    pub fn replaces(&self, other: &Self) -> bool {
        (!self.third_party, self.time, self.event) > (!other.third_party, other.time, other.event)
    }
}

/// A person's way through a program, while they are in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The program.
    pub program: String,
    /// The version that they began, and finish on.
    pub version: u32,
    /// What makes this the same occasion when its trigger comes again.
    pub occasion: String,
    /// When the event that triggered it happened.
    pub triggered: Time,
    /// The index of the step that comes next.
    pub step: u32,
    /// When the run goes on by itself; `None` while a delivery has to end first.
    pub wake: Option<Time>,
    /// All steps are done; only the goal may still come.
    pub awaits_goal: bool,
    /// The name of the event that triggered it.
    pub event: String,
    /// The properties of the event that triggered it, for conditions and templates.
    pub properties: Object,
    /// The source of the event that triggered it.
    #[serde(default)]
    pub source: String,
    /// Since when it waits for something to happen, at the step `step`.
    #[serde(default)]
    pub since: Option<Time>,
    /// The event that began it, or that ended its last wait: one event does not end two.
    #[serde(default)]
    pub moved_by: Option<EventId>,
}

/// The traits that may say in which time zone somebody lives; see [`Profile::time_zone`].
pub const ZONES: [&str; 2] = ["time_zone", "timezone"];

/// The traits and namespaces from which contact points come; see [`Profile::contact`].
pub const CONTACTS: [&str; 2] = ["email", "phone"];

impl Profile {
    /// A person about whom nothing is known yet.
    pub fn new(id: ProfileId, time: Time) -> Self {
        Self {
            id,
            first_seen: time,
            last_seen: time,
            events: 0,
            identifiers: Vec::new(),
            accounts: Vec::new(),
            traits: BTreeMap::new(),
            runs: Vec::new(),
            series: BTreeMap::new(),
            segments: BTreeMap::new(),
            next_look: None,
            apart: Vec::new(),
            sources: Vec::new(),
            home: None,
            shared: Vec::new(),
        }
    }

    /// The value of a trait.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.traits.get(name).map(|known| &known.value)
    }

    /// The value of a trait, if it is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }

    /// The person's identifiers of a kind, the most recently seen first.
    pub fn identifiers_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Link> {
        latest_in(&self.identifiers, namespace)
    }

    /// Everything that they go by: what is theirs, and what they share with whose it is.
    pub fn goes_by(&self) -> impl Iterator<Item = &Link> {
        self.identifiers.iter().chain(&self.shared)
    }

    /// Whether they share an identifier that is somebody else's.
    pub fn shares(&self, identifier: &Identifier) -> bool {
        self.shared.iter().any(|link| link.names(identifier))
    }

    /// Their time zone: the first of the traits of [`ZONES`] that names one, else `usual`.
    pub fn time_zone(&self, usual: &jiff::tz::TimeZone) -> jiff::tz::TimeZone {
        ZONES
            .into_iter()
            .filter_map(|name| self.text(name))
            .find_map(|name| jiff::tz::TimeZone::get(name).ok())
            .unwrap_or_else(|| usual.clone())
    }

    /// All households that they are of: those of their accounts, and the one in which they were found to live. Whoever is
    /// of one of these belongs to them.
    pub fn households(&self) -> impl Iterator<Item = HouseholdId> {
        let declared = self.accounts.iter().map(Link::household);
        declared.chain(self.home)
    }

    /// The household by which their deliveries are known: of theirs the one whose id is smallest, so that all of a family
    /// agree.
    pub fn household(&self) -> Option<HouseholdId> {
        self.households().min()
    }

    /// The contact point for a channel, normalised: the trait of that name if it is a contact point, else the
    /// identifier last seen, else the one last seen of those that they share.
    pub fn contact(&self, channel: &str) -> Option<String> {
        let (name, normal): (&str, fn(&str) -> Option<String>) = match channel {
            "email" => ("email", |text| crate::contact::email(text).ok()),
            "sms" | "phone" => ("phone", |text| crate::contact::phone(text, None).ok()),
            _ => return None,
        };
        // Identifiers have their one spelling already, and finding that of a number again takes long.
        let is_identifier =
            |text: &&str| self.goes_by().any(|link| link.namespace.as_str() == name && link.value == *text);
        self.text(name)
            .and_then(|text| Some(text).filter(is_identifier).map(str::to_owned).or_else(|| normal(text)))
            .or_else(|| {
                let own = self.identifiers_in(name).next();
                own.or_else(|| latest_in(&self.shared, name).next()).map(|link| link.value.clone())
            })
    }
}

/// Those of a kind, the most recently seen first.
fn latest_in<'a>(links: &'a [Link], namespace: &'a str) -> impl Iterator<Item = &'a Link> {
    let mut links: Vec<&Link> = links.iter().filter(|link| link.namespace.as_str() == namespace).collect();
    links.sort_by(|a, b| b.last_seen.cmp(&a.last_seen).then_with(|| a.value.cmp(&b.value)));
    links.into_iter()
}
