//! Whether two are one person, and why: told from the ledger, for somebody who has to say it to somebody else.

use crate::{
    Engine, FlowError, Live, Resemblance,
    inward::{event_of, identifier_of},
};
use crowsnest_identity::Normal;
use crowsnest_model::{DecisionId, Event, EventId, Identifier, Profile, ProfileId, Time};
use crowsnest_programs::on_the_clock;
use crowsnest_store::{DecidedBy, Decision, EventRow, LedgerEntry, LedgerKind, Read, StoreError};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Of whom it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Whoever goes by this.
    Identifier(Identifier),
    /// Whoever has this id, or had it once.
    Profile(ProfileId),
}

/// Whether two are one person, and why.
#[derive(Debug, Clone, Serialize)]
pub struct SamePerson {
    /// The first.
    pub one: Found,
    /// The second.
    pub other: Found,
    /// Whether they are one.
    pub one_person: bool,
    /// All of it in short, as a sentence or two.
    pub summary: String,
    /// Of one person: what leads from the first to the second, step by step, by the shortest way.
    pub chain: Vec<Told>,
    /// Of two people: what the ledger has on both of them, the earliest first: identifiers that gave way or are shared, devices that went
    /// from one to the other, that they were told apart.
    pub between: Vec<Told>,
    /// Of two people: the decisions that keep them apart.
    pub decisions: Vec<Decision>,
    /// Of two people: what is known of both alike.
    pub shared: Vec<Shared>,
    /// Of two people: how alike they are, field by field, by the model that was learned of everybody; `None` where people are
    /// not matched by likeness, or too little is known of one of them.
    pub alike: Option<Resemblance>,
}

/// One of the two.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// How they were asked for, in the one spelling.
    pub asked: String,
    /// Who that is now.
    pub profile: ProfileId,
}

/// An entry of the ledger, told.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// What it leads from: an identifier or an id.
    pub from: String,
    /// What it leads to.
    pub to: String,
    /// What was decided.
    pub kind: LedgerKind,
    /// When; `None` where the ledger knows only that it is so.
    pub time: Option<Time>,
    /// The event that led to it, if one did.
    pub event: Option<EventId>,
    /// Where that came from.
    pub source: Option<String>,
    /// The decision that led to it, if one did.
    pub decision: Option<DecisionId>,
    /// The version of the model by which the two are alike, if that led to it.
    pub model: Option<String>,
    /// How much spoke for it then: log2 of the odds.
    pub bits: Option<f64>,
    /// Why, as it was written down.
    pub reason: String,
    /// All of it as a sentence.
    pub sentence: String,
}

/// What is known of two people alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shared {
    /// The trait, or the namespace of an account.
    pub field: String,
    /// What both have.
    pub value: Value,
}

/// What the ledger speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Identifier(Identifier),
    Person(ProfileId),
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Identifier(Identifier { namespace, value }) => write!(f, "{namespace}={value}"),
            Self::Person(id) => write!(f, "{id}"),
        }
    }
}

impl Engine {
    /// Whether two are one person, and why, or why not. It blocks.
    pub fn same_person(&self, one: Asked, other: Asked) -> Result<SamePerson, FlowError> {
        let live = self.live();
        let nodes = [node(&live, one)?, node(&live, other)?];
        let mut told = self.read(|read| {
            let mut telling = Telling { read, live: &live, decisions: Vec::new() };
            let [one, other] = &nodes;
            let Some(first) = telling.person(one)? else { return Ok(Err(unknown(one))) };
            let Some(second) = telling.person(other)? else { return Ok(Err(unknown(other))) };
            let mut ids = telling.ids(first.id)?;
            ids.extend(telling.ids(second.id)?);
            telling.decisions = read.decisions_of(&ids)?;
            telling.tell(&nodes, [first, second]).map(Ok)
        })??;
        if !told.one_person {
            told.alike = self.resemblance(told.one.profile, told.other.profile)?;
        }
        Ok(told)
    }
}

fn unknown(node: &Node) -> FlowError {
    let kind = match node {
        Node::Identifier(_) => "person with",
        Node::Person(_) => "person",
    };
    FlowError::NotFound { kind, name: node.to_string(), hint: None }
}

/// What is asked about, in its one spelling.
fn node(live: &Live, asked: Asked) -> Result<Node, FlowError> {
    let identifier = match asked {
        Asked::Profile(id) => return Ok(Node::Person(id)),
        Asked::Identifier(raw) => raw,
    };
    match live.normaliser().normalise(&identifier) {
        Normal::Person(identifier) => Ok(Node::Identifier(identifier)),
        Normal::Household(_) => Err(FlowError::Refused(format!(
            "{} names a household; ask about its members by identifiers of their own",
            Node::Identifier(identifier)
        ))),
        Normal::Nobody(reason) => Err(FlowError::Refused(format!("it is nobody's: {reason}"))),
    }
}

/// All that is asked for one answer.
struct Telling<'a> {
    read: &'a dyn Read,
    live: &'a Live,
    decisions: Vec<Decision>,
}

impl Telling<'_> {
    fn person(&self, node: &Node) -> Result<Option<Profile>, StoreError> {
        let id = match node {
            Node::Person(id) => Some(self.read.survivor(*id)?),
            Node::Identifier(identifier) => self.read.holders(&[identifier])?.into_iter().flatten().next(),
        };
        id.map_or(Ok(None), |id| self.read.profile(id))
    }

    fn tell(&self, nodes: &[Node; 2], people: [Profile; 2]) -> Result<SamePerson, StoreError> {
        let [one, other] = &people;
        let found = |place: usize| Found { asked: nodes[place].to_string(), profile: people[place].id };
        let one_person = one.id == other.id;
        let mut answer = SamePerson {
            one: found(0),
            other: found(1),
            one_person,
            summary: String::new(),
            chain: Vec::new(),
            between: Vec::new(),
            decisions: Vec::new(),
            shared: Vec::new(),
            alike: None,
        };
        if one_person {
            answer.chain = self.chain(one.id, &nodes[0], &nodes[1])?;
        } else {
            answer.between = self.between(one.id, other.id)?;
            answer.decisions = self.kept_apart(one, other);
            answer.shared = shared(one, other);
        }
        answer.summary = summary(&answer);
        Ok(answer)
    }

    /// A person's ids: theirs, and those that lead to them.
    fn ids(&self, person: ProfileId) -> Result<Vec<ProfileId>, StoreError> {
        let mut ids = self.read.absorbed(person)?;
        ids.push(person);
        Ok(ids)
    }

    /// The shortest way from one to the other through the person's ledger.
    fn chain(&self, person: ProfileId, from: &Node, to: &Node) -> Result<Vec<Told>, StoreError> {
        let ids = self.ids(person)?;
        let ledger = self.read.ledger_of(&ids)?;
        let mut ways: BTreeMap<Node, Vec<(Node, Option<&LedgerEntry>)>> = BTreeMap::new();
        let mut join = |a: Node, b: Node, entry| {
            ways.entry(a.clone()).or_default().push((b.clone(), entry));
            ways.entry(b).or_default().push((a, entry));
        };
        // Of what changed hands the last word counts.
        let mut last: BTreeMap<Identifier, &LedgerEntry> = BTreeMap::new();
        let mut merged = BTreeSet::new();
        for entry in &ledger {
            match (entry.kind, identifier_of(entry), entry.other) {
                (LedgerKind::Link | LedgerKind::Move, Some(identifier), _)
                    if !self.live.normaliser().rule(&identifier.namespace).household =>
                {
                    last.insert(identifier, entry);
                }
                (LedgerKind::Merge, _, Some(other)) => {
                    merged.insert(other);
                    join(Node::Person(entry.profile), Node::Person(other), Some(entry));
                }
                _ => {}
            }
        }
        for (identifier, entry) in last {
            join(Node::Identifier(identifier), Node::Person(entry.profile), Some(entry));
        }
        // An id that nobody has any more since people were told apart leads to whoever goes on.
        for id in ids.into_iter().filter(|id| *id != person && !merged.contains(id)) {
            join(Node::Person(id), Node::Person(person), None);
        }
        let mut before: BTreeMap<&Node, Option<(&Node, Option<&LedgerEntry>)>> =
            BTreeMap::from([(from, None)]);
        let mut next = VecDeque::from([from]);
        while let Some(here) = next.pop_front().filter(|here| *here != to) {
            for (there, entry) in ways.get(here).map_or(&[][..], Vec::as_slice) {
                if !before.contains_key(there) {
                    before.insert(there, Some((here, *entry)));
                    next.push_back(there);
                }
            }
        }
        let (mut chain, mut here) = (Vec::new(), to);
        while let Some(Some((came, entry))) = before.get(here) {
            chain.push(match entry {
                Some(entry) => self.told(came, here, entry)?,
                None => redirected(came, here),
            });
            here = came;
        }
        chain.reverse();
        Ok(chain)
    }

    /// What the ledger has on both of two people.
    fn between(&self, one: ProfileId, other: ProfileId) -> Result<Vec<Told>, StoreError> {
        let (ones, others) = (self.ids(one)?, self.ids(other)?);
        let all: Vec<ProfileId> = ones.iter().chain(&others).copied().collect();
        let mut told = Vec::new();
        for entry in self.read.ledger_of(&all)? {
            let Some(with) = entry.other else { continue };
            let both = ones.contains(&entry.profile) && others.contains(&with)
                || others.contains(&entry.profile) && ones.contains(&with);
            // Both ledgers say that they were told apart; once is enough.
            let again = entry.kind == LedgerKind::Split && !ones.contains(&entry.profile);
            if both && !again && entry.kind != LedgerKind::Merge {
                told.push(self.told(&Node::Person(with), &Node::Person(entry.profile), &entry)?);
            }
        }
        Ok(told)
    }

    /// The decisions that keep two people apart.
    fn kept_apart(&self, one: &Profile, other: &Profile) -> Vec<Decision> {
        let opposed = |decision: &&Decision| {
            one.apart.iter().any(|a| {
                a.decision == decision.id
                    && other.apart.iter().any(|b| b.decision == a.decision && b.side != a.side)
            })
        };
        self.decisions.iter().filter(opposed).cloned().collect()
    }

    /// An entry that leads from one to the other, whichever way it was written down.
    fn told(&self, from: &Node, to: &Node, entry: &LedgerEntry) -> Result<Told, StoreError> {
        let decision = self.decisions.iter().find(|decision| event_of(decision.id) == entry.event);
        let event = if decision.is_some() { None } else { self.read.event(entry.event)? };
        let source = event.as_ref().map(|event| event.columns.source.to_string());
        let likeness = decision.and_then(|decision| match &decision.by {
            DecidedBy::Likeness { model, bits } => Some((model, bits)),
            DecidedBy::People => None,
        });
        Ok(Told {
            from: from.to_string(),
            to: to.to_string(),
            kind: entry.kind,
            time: Some(entry.time),
            event: decision.is_none().then_some(entry.event),
            source,
            decision: decision.map(|decision| decision.id),
            model: likeness.map(|(model, _)| model.clone()),
            bits: likeness.map(|(_, bits)| *bits),
            reason: entry.reason.clone(),
            sentence: self.sentence(entry, event, decision),
        })
    }

    fn sentence(&self, entry: &LedgerEntry, event: Option<EventRow>, decision: Option<&Decision>) -> String {
        let when = on_the_clock(entry.time, self.live.zone());
        let profile = entry.profile;
        let identifier = identifier_of(entry).map(|it| Node::Identifier(it).to_string()).unwrap_or_default();
        let other = entry.other.map(|other| other.to_string()).unwrap_or_default();
        let said = event.map(said_by).unwrap_or_default();
        let reason = decision.map_or(&entry.reason, |decision| &decision.reason);
        match (entry.kind, decision) {
            (LedgerKind::Link, _) => {
                format!("{identifier} has been known as {profile}’s since {when}{said}.")
            }
            (LedgerKind::Merge, None) => {
                format!("{other} turned out to be {profile} on {when}{said}.")
            }
            (LedgerKind::Merge, Some(Decision { by: DecidedBy::Likeness { .. }, .. })) => {
                format!("{other} was found to be {profile} on {when}, since they are {reason}.")
            }
            (LedgerKind::Merge, Some(_)) => {
                format!("People of the house decided on {when} that {other} and {profile} are one: {reason}.")
            }
            (LedgerKind::Move, _) => {
                format!("{identifier} went from {other} to {profile} on {when}{said}: {reason}.")
            }
            (LedgerKind::GaveWay, _) => format!(
                "Both were named together on {when}{said}, but {identifier} did not make them one: {reason}."
            ),
            (LedgerKind::Shared, _) => {
                format!("Both have gone by {identifier} since {when}{said}, and are not one: {reason}.")
            }
            (LedgerKind::Split, _) => format!("{profile} and {other} were told apart on {when}: {reason}."),
            (LedgerKind::Ignored, _) => format!("{identifier} is nobody’s: {reason}."),
        }
    }
}

/// An id that nobody has any more.
fn redirected(from: &Node, to: &Node) -> Told {
    let reason = "nobody goes by the one id any more since people were told apart";
    Told {
        from: from.to_string(),
        to: to.to_string(),
        kind: LedgerKind::Split,
        time: None,
        event: None,
        source: None,
        decision: None,
        model: None,
        bits: None,
        reason: reason.to_owned(),
        sentence: format!("{from} and {to} are ids of one person: {reason}."),
    }
}

/// Where an event came from and whom it named, behind a comma.
fn said_by(EventRow { columns, body }: EventRow) -> String {
    let (source, kind) = (columns.source.clone(), columns.kind);
    let called = columns.name.as_ref().map(|name| format!(" “{name}”")).unwrap_or_default();
    let named = Event::from_stored(columns, &body).map(|event| {
        let named = event.identifiers.into_iter().chain(event.previous);
        named.map(|it| Node::Identifier(it).to_string()).collect::<Vec<_>>()
    });
    let named = named.unwrap_or_default();
    let verb = if named.is_empty() { "sent" } else { "named" };
    let whom = if named.is_empty() { String::new() } else { format!(" {} in", in_a_row(&named)) };
    let article = if kind.as_str().starts_with(['a', 'i']) { "an" } else { "a" };
    format!(", when {source} {verb}{whom} {article} {kind} event{called}")
}

/// Things in a row: `a`, `a and b`, `a, b and c`.
fn in_a_row(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What is known of both alike: traits, and the accounts that make a household.
fn shared(one: &Profile, other: &Profile) -> Vec<Shared> {
    let same = |a: &Value, b: &Value| match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.trim().to_lowercase() == b.trim().to_lowercase(),
        _ => a == b,
    };
    let mut shared: Vec<Shared> = one
        .traits
        .iter()
        .filter(|(name, known)| other.value(name).is_some_and(|theirs| same(&known.value, theirs)))
        .map(|(name, known)| Shared { field: name.clone(), value: known.value.clone() })
        .collect();
    let accounts = one.accounts.iter().filter(|account| {
        other
            .accounts
            .iter()
            .any(|theirs| (&theirs.namespace, &theirs.value) == (&account.namespace, &account.value))
    });
    shared.extend(accounts.map(|account| Shared {
        field: account.namespace.to_string(),
        value: account.value.as_str().into(),
    }));
    shared
}

fn summary(answer: &SamePerson) -> String {
    let SamePerson { one, other, chain, between, decisions, .. } = answer;
    if answer.one_person {
        let both = format!("{} and {}", one.asked, other.asked);
        return match chain.len() {
            0 => format!("{} is one and the same, and {}’s.", one.asked, one.profile),
            1 => {
                format!("{both} are one person, {}: one thing leads from the one to the other.", one.profile)
            }
            steps => {
                format!(
                    "{both} are one person, {}: {steps} things lead from the one to the other.",
                    one.profile
                )
            }
        };
    }
    let named = |who: &Found| match who.asked == who.profile.to_string() {
        true => who.asked.clone(),
        false => format!("{} ({})", who.asked, who.profile),
    };
    let mut words = format!("{} and {} are two people.", named(one), named(other));
    let gave_way = |told: &&Told| matches!(told.kind, LedgerKind::GaveWay | LedgerKind::Shared);
    let gave_way = between.iter().rev().find(gave_way);
    words.push_str(&match (decisions.last(), gave_way) {
        (Some(decision), _) => {
            format!(" It was decided that they are not one person: {}.", decision.reason)
        }
        (None, Some(told)) => {
            format!(" They were named together, and yet are not one person: {}.", told.reason)
        }
        (None, None) => {
            " Nothing that came in ever named both of them together as one, and nobody decided that they \
                          are one."
                .to_owned()
        }
    });
    words
}
