//! What the store keeps beside events, people and deliveries.

use crowsnest_model::{
    DeliveryId, EventId, Object, ProfileId, RunId, Time, delivery::DeliveryState, event::EventColumns,
    line::Line,
};
use serde::{Deserialize, Serialize};

/// Why two things belong together, or why they do not. Written for every link and merge, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// When it was decided.
    pub time: Time,
    /// The event that led to it.
    pub event: EventId,
    /// What was decided.
    pub kind: LedgerKind,
    /// The person.
    pub profile: ProfileId,
    /// The other person: absorbed, or from or to whom an identifier went.
    pub other: Option<ProfileId>,
    /// The identifier's namespace.
    pub namespace: Option<String>,
    /// The identifier's value, normalised.
    pub value: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// What a ledger entry decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LedgerKind {
    /// An identifier became a person's.
    Link,
    /// `other` became part of the person.
    Merge,
    /// An identifier went from `other` to the person.
    Move,
    /// An identifier was not believed.
    GaveWay,
    /// An identifier was nobody's: blocked, or not one.
    Ignored,
    /// The person was told apart from `other` again.
    Split,
    /// An identifier was not believed, since the person is clearly not `other`, whose it is; both go by it from now on.
    Shared,
}

impl LedgerKind {
    /// All kinds; the place in this list is how they are stored.
    pub const ALL: [Self; 7] =
        [Self::Link, Self::Merge, Self::Move, Self::GaveWay, Self::Ignored, Self::Split, Self::Shared];
}

/// The place of an event in the order in which events came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventSeq(pub u64);

/// An event as the timeline shows it.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// Its columns.
    pub columns: EventColumns,
    /// Its document, see [`crowsnest_model::Event::body`].
    pub body: Vec<u8>,
}

/// One person's way through a program, as it is reported: kept after it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// The program.
    pub program: String,
    /// Its version.
    pub version: u32,
    /// The person.
    pub profile: ProfileId,
    /// What makes it one of a kind, with program and person.
    pub occasion: String,
    /// The event that triggered it.
    pub event: EventId,
    /// When that happened.
    pub triggered: Time,
    /// When it began here.
    pub started: Time,
    /// When it ended.
    pub ended: Option<Time>,
    /// How it stands.
    pub state: RunState,
    /// Why, in words.
    pub reason: Option<String>,
    /// What the goal was worth.
    pub value: Option<f64>,
    /// When what it is for happened, whatever became of the run.
    pub goal: Option<Time>,
}

/// What began a run and is no event of the person's: a request, or the change of a thing. The run's occasion may be named by the
/// program otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The run.
    pub run: RunId,
    /// As what they were let in.
    pub occasion: String,
    /// The properties that it came with.
    pub properties: Object,
}

/// A step that a run has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStep {
    /// The run.
    pub run: RunId,
    /// When it was taken here.
    pub time: Time,
    /// Its path in the definition, such as `2` or `2.a.0`; `entry` and `end` beside the steps.
    pub step: String,
    /// What came of it, in words.
    pub outcome: String,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// On its way.
    Active,
    /// All steps are done.
    Finished,
    /// What it was for has happened.
    Goal,
    /// Called off in mid-wait.
    Cancelled,
    /// Its time to live ran out.
    Expired,
    /// It never began.
    Skipped,
    /// The person is one of those to whom nothing is sent, so that the effect can be seen.
    #[serde(rename = "held_out")]
    HeldOut,
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::Finished,
        Self::Goal,
        Self::Cancelled,
        Self::Expired,
        Self::Skipped,
        Self::HeldOut,
    ];

    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Finished => "finished",
            Self::Goal => "goal",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Skipped => "skipped",
            Self::HeldOut => "held_out",
        }
    }
}

/// Up to when a source is known to be complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// The source.
    pub source: String,
    /// Everything up to this moment is here.
    pub complete_until: Time,
    /// When we learned it.
    pub updated: Time,
}

/// A contact point to which nothing is sent, whatever was agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The channel.
    pub channel: String,
    /// The contact point.
    pub contact: String,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub time: Time,
}

/// A kill switch that is thrown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// A program or broadcast, `channel:` and a channel for its marketing messages, or `*` for all.
    pub scope: String,
    /// Since when.
    pub since: Time,
    /// Why Crowsnest itself threw it; `None` where people of the house did.
    pub reason: Option<String>,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// When it began.
    pub time: Time,
    /// The source.
    pub source: String,
    /// The feed.
    pub feed: String,
    /// The file's name, as a label only.
    pub file: String,
    /// Rows read.
    pub rows: u64,
    /// Rows that became new events.
    pub accepted: u64,
    /// Rows that were here already.
    pub duplicates: u64,
    /// Rows that went to the quarantine.
    pub quarantined: u64,
    /// Up to when the file is complete, if it says so.
    pub complete_until: Option<Time>,
}

/// A broadcast's launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaunchRecord {
    /// The broadcast.
    pub broadcast: String,
    /// The version of its definition.
    pub version: u32,
    /// When it was launched.
    pub launched: Time,
    /// When all its deliveries were queued; `None` while that goes on.
    pub queued: Option<Time>,
    /// Whoever has a greater id came after the launch, and is not looked at.
    pub until: ProfileId,
    /// Everybody up to this one was looked at, in the order of their ids; `None` before the first.
    pub after: Option<ProfileId>,
    /// The cursor of the last change of who is who that was known when people began to be looked at; once everybody was, of
    /// the last one after which people were looked at once more.
    pub identity: u64,
    /// Who gets it, and who was left out and why, by reason: of those who were looked at.
    pub counts: Object,
}

/// A definition as it is in force or was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredDocument {
    /// Its kind, such as `program`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Counts up from 1 with each change.
    pub version: u32,
    /// The file that it was read from.
    pub path: String,
    /// The line of that file at which it begins.
    pub line: u32,
    /// The document.
    pub text: String,
    /// The document as JSON, as it was understood when it was applied.
    pub compiled: String,
    /// In force.
    pub live: bool,
    /// When it was applied.
    pub applied: Time,
    /// When it was taken out of force; `None` while it is in force.
    pub retired: Option<Time>,
}

/// How much a source has sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCount {
    /// The source.
    pub source: String,
    /// Its events.
    pub events: u64,
    /// Copies of events that came again.
    pub duplicates: u64,
    /// What went to the quarantine, open or not.
    pub quarantined: u64,
}

/// One entry of a delivery's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryEntry {
    /// Since when.
    pub time: Time,
    /// Where it was from then on.
    pub state: DeliveryState,
    /// Why, in words.
    pub reason: Option<String>,
}

/// How much there is on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCount {
    /// The line.
    pub line: Line,
    /// How much is queued, due or not.
    pub queued: u64,
    /// How much of that is due.
    pub due: u64,
    /// How much is being sent.
    pub sending: u64,
    /// When the first of what is queued is due.
    pub next: Option<Time>,
}

/// When the next turns at a domain are to which mail is paced, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turns {
    /// Of broadcasts.
    pub broadcasts: i64,
    /// Of everything else.
    pub others: i64,
}

/// Which deliveries are wanted.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Of this program or broadcast.
    pub program: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// To this person.
    pub profile: Option<ProfileId>,
    /// Of this run.
    pub run: Option<RunId>,
    /// What this webhook is told.
    pub webhook: Option<String>,
    /// Changed at this moment or later.
    pub since: Option<Time>,
    /// Copies for the house's own addresses, too; without, only what goes to customers and webhooks.
    pub seeds: bool,
    /// Older than this one.
    pub before: Option<DeliveryId>,
}

/// How a webhook fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HookCount {
    /// How many posts have failed since a moment.
    pub failed: u64,
    /// When the oldest of those that wait, or are held, was queued.
    pub oldest: Option<Time>,
}
