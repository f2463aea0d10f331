//! What the house asks of a store.

use crate::words::{
    EventRow, EventSeq, ImportRecord, LaunchRecord, LedgerEntry, Request, RunRecord, RunState, RunStep,
    SourceCount, StoredDocument, Suppression, Switch, Watermark,
};
use crate::{
    ReadCosts, ReadDecisions, ReadDeliveries, ReadFeedback, ReadHomes, ReadIdentity, ReadItems, ReadLetters,
    ReadMatching, ReadPending, ReadSegments, ReadSending, ReadTasks, Result, WriteCosts, WriteDecisions,
    WriteDeliveries, WriteFeedback, WriteHomes, WriteIdentity, WriteItems, WriteLetters, WriteMatching,
    WritePending, WriteSegments, WriteSending, WriteTasks,
};
use crowsnest_model::{
    Consent, Event, EventId, HouseholdId, Identifier, Profile, ProfileId, QuarantineId, RunId, Time,
    quarantine::{QuarantineState, Quarantined},
};
use std::collections::BTreeMap;

/// A part of a list: at most this many, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// At most this many.
    pub limit: usize,
    /// After this many.
    pub offset: usize,
}

/// What can be asked. Every answer of one reader is of one moment.
pub trait Read:
    ReadDeliveries
    + ReadCosts
    + ReadFeedback
    + ReadSegments
    + ReadTasks
    + ReadItems
    + ReadPending
    + ReadDecisions
    + ReadIdentity
    + ReadMatching
    + ReadHomes
    + ReadSending
    + ReadLetters
{
    /// Who holds each of these identifiers, in their order; `None` when nobody does.
    fn holders(&self, identifiers: &[&Identifier]) -> Result<Vec<Option<ProfileId>>>;
    /// Whether an event is here already.
    fn seen(&self, event: EventId) -> Result<bool>;
    /// A person.
    fn profile(&self, id: ProfileId) -> Result<Option<Profile>>;
    /// Who a person is now: the survivor of all merges.
    fn survivor(&self, id: ProfileId) -> Result<ProfileId>;
    /// Who was absorbed into a person.
    fn absorbed(&self, id: ProfileId) -> Result<Vec<ProfileId>>;
    /// People in the order of their ids, after `after`.
    fn people_after(&self, after: Option<ProfileId>, limit: usize) -> Result<Vec<Profile>>;
    /// The same, with those of whom what is known cannot be read: they do not stand in the way of the others.
    fn each_after(&self, after: Option<ProfileId>, limit: usize)
    -> Result<Vec<(ProfileId, Result<Profile>)>>;
    /// The members of a household.
    fn household(&self, id: HouseholdId) -> Result<Vec<ProfileId>>;
    /// A person and everybody who is of a household with them, or with one who is, and so on, in the order of their
    /// ids; `None` when they are more than `at_most`.
    fn sharing(&self, id: ProfileId, at_most: usize) -> Result<Option<Vec<ProfileId>>>;
    /// What a contact point agreed to.
    fn consents(&self, channel: &str, contact: &str) -> Result<Vec<Consent>>;
    /// Whether nothing may be sent to a contact point, and why.
    fn suppression(&self, channel: &str, contact: &str) -> Result<Option<Suppression>>;
    /// The contact points to which nothing is sent, in order.
    fn suppressions(&self, channel: Option<&str>, page: Page) -> Result<Vec<Suppression>>;
    /// A person's events, the latest first.
    fn events(&self, profile: ProfileId, page: Page) -> Result<Vec<EventRow>>;
    /// People of whom there are events with one of these names, in the order of their ids after `after`.
    fn people_with_events(
        &self,
        names: &[&str],
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Vec<ProfileId>>;
    /// A person's events with one of these names, not before `since`, the earliest first.
    fn events_named(&self, profile: ProfileId, names: &[&str], since: Time) -> Result<Vec<EventRow>>;
    /// Why a person's identifiers are theirs.
    fn ledger(&self, profile: ProfileId, page: Page) -> Result<Vec<LedgerEntry>>;
    /// Whether a program has had this occasion of a person. One that was only skipped may still be had.
    fn had_occasion(&self, program: &str, profile: ProfileId, occasion: &str) -> Result<bool>;
    /// When a person was last let into a program by something that happened between two moments, both left out. Who was
    /// only skipped, or came too late, was not.
    fn entered_between(
        &self,
        program: &str,
        profile: ProfileId,
        after: Time,
        before: Time,
    ) -> Result<Option<Time>>;
    /// The steps that a run has taken, in their order.
    fn run_log(&self, run: RunId) -> Result<Vec<RunStep>>;
    /// What began a person's runs and is no event of theirs, the earliest first.
    fn requests_of(&self, profile: ProfileId) -> Result<Vec<Request>>;
    /// Runs of a program that are on their way, with person and version, in the order of their ids after `after`.
    fn active_runs(&self, program: &str, after: RunId, limit: usize) -> Result<Vec<(RunId, ProfileId, u32)>>;
    /// The programs of which timers are parked.
    fn parked(&self) -> Result<Vec<String>>;
    /// Events of a name that came in at or after `received` and are not history, with their persons, in the order in
    /// which they came, after `after`. It reads through all events: for what is rarely asked.
    fn events_called(
        &self,
        name: &str,
        received: Time,
        after: EventSeq,
        limit: usize,
    ) -> Result<Vec<(EventSeq, ProfileId, EventRow)>>;
    /// A run; `None` when there is none, or nobody came further than being skipped.
    fn run(&self, id: RunId) -> Result<Option<RunRecord>>;
    /// Runs, the newest first.
    fn runs(&self, program: Option<&str>, profile: Option<ProfileId>, page: Page) -> Result<Vec<RunRecord>>;
    /// How many runs of a program are in which state.
    fn run_counts(&self, program: &str) -> Result<BTreeMap<String, u64>>;
    /// Runs whose time has come: person and run.
    fn due_timers(&self, now: Time, limit: usize) -> Result<Vec<(Time, ProfileId, RunId)>>;
    /// The next moment at which a call or a task, a timer, a look or a change is due, somebody has left a list, or a delivery runs out. When something
    /// is to be sent, [`ReadDeliveries::lines_due`] says; letters wait for a print run.
    fn next_due(&self) -> Result<Option<Time>>;
    /// What waits in the quarantine, or was in it, the newest first.
    fn quarantine(
        &self,
        source: Option<&str>,
        state: Option<QuarantineState>,
        page: Page,
    ) -> Result<Vec<Quarantined>>;
    /// How many things of the quarantine are in this state.
    fn quarantine_count(&self, state: QuarantineState) -> Result<u64>;
    /// One thing of the quarantine.
    fn quarantined(&self, id: QuarantineId) -> Result<Option<Quarantined>>;
    /// Up to when the sources are complete.
    fn watermarks(&self) -> Result<Vec<Watermark>>;
    /// The kill switches that are thrown.
    fn switches(&self) -> Result<Vec<Switch>>;
    /// The files that were read, the newest first.
    fn imports(&self, page: Page) -> Result<Vec<ImportRecord>>;
    /// A broadcast's launch.
    fn launch(&self, broadcast: &str) -> Result<Option<LaunchRecord>>;
    /// Launches whose deliveries are not all queued.
    fn unfinished_launches(&self) -> Result<Vec<LaunchRecord>>;
    /// Definitions: those in force, or all versions.
    fn documents(&self, all_versions: bool) -> Result<Vec<StoredDocument>>;
    /// A counter, such as `events`, `people`, `duplicates`.
    fn counter(&self, name: &str) -> Result<u64>;
    /// Households: people who share an account or live together count once, everybody else counts for themselves. How many people there
    /// are is the counter `people`, since counting them would read them all.
    fn household_count(&self) -> Result<u64>;
    /// How much each source has sent.
    fn source_counts(&self) -> Result<Vec<SourceCount>>;
    /// A small text kept under a name, such as a secret made at first start.
    fn setting(&self, name: &str) -> Result<Option<String>>;
}

/// One commit. What is written can be read in it at once.
pub trait Unit:
    Read
    + WriteDeliveries
    + WriteCosts
    + WriteFeedback
    + WriteSegments
    + WriteTasks
    + WriteItems
    + WritePending
    + WriteDecisions
    + WriteIdentity
    + WriteMatching
    + WriteHomes
    + WriteSending
    + WriteLetters
{
    /// Claims a place for an event; `None` when it is here already. What was claimed must be put in the same commit.
    fn claim(&mut self, event: EventId) -> Result<Option<EventSeq>>;
    /// Keeps an event, at its place, as a person's, with its document ([`Event::body`]).
    fn put_event(&mut self, place: EventSeq, profile: ProfileId, event: &Event, body: &[u8]) -> Result<()>;
    /// Keeps a person.
    fn put_profile(&mut self, profile: &Profile) -> Result<()>;
    /// An identifier is a person's from now on, whoever's it was.
    fn put_holder(&mut self, identifier: &Identifier, profile: ProfileId) -> Result<()>;
    /// A person is of a household.
    fn put_household_member(&mut self, household: HouseholdId, profile: ProfileId) -> Result<()>;
    /// `other` becomes part of `survivor`: events, households, runs, timers, deliveries; the id redirects.
    ///
    /// Identifiers go by [`Unit::put_holder`] and memberships by [`WriteSegments::put_membership`], since only the caller
    /// knows those that this commit has added. Of two
    /// messages of one occasion the survivor's stays, unless it was left out and the other was not; both stay on record.
    ///
    /// Answers the survivor's runs whose message is cancelled, since the other one was sent that of the same occasion.
    fn merge(&mut self, survivor: ProfileId, other: ProfileId, time: Time) -> Result<Vec<RunId>>;
    /// Writes into the ledger.
    fn put_ledger(&mut self, entry: &LedgerEntry) -> Result<()>;
    /// Keeps a consent, if it is the later word. True when it is.
    fn put_consent(&mut self, consent: &Consent) -> Result<bool>;
    /// Nothing is sent to a contact point any more.
    fn put_suppression(&mut self, suppression: &Suppression) -> Result<()>;
    /// A contact point may be sent to again. False when it was not suppressed.
    fn lift_suppression(&mut self, channel: &str, contact: &str) -> Result<bool>;
    /// Keeps a new run, in the place of one of the same occasion that was only skipped. False when the occasion was
    /// already had, or was skipped in the same version for the same reason; then nothing is written, and the record goes on
    /// saying since when.
    fn put_run(&mut self, run: &RunRecord) -> Result<bool>;
    /// Ends a run's record and its timer.
    fn end_run(&mut self, id: RunId, state: RunState, ended: Time, reason: &str) -> Result<()>;
    /// What a run is for has happened, at `time`. A run that was on its way or done has then reached its goal; one that
    /// was held out or called off stays that, and has it on record.
    fn reach_goal(
        &mut self,
        id: RunId,
        time: Time,
        now: Time,
        reason: &str,
        value: Option<f64>,
    ) -> Result<()>;
    /// Keeps a step that a run has taken.
    fn put_run_step(&mut self, step: &RunStep) -> Result<()>;
    /// Keeps what began a run.
    fn put_request(&mut self, request: &Request) -> Result<()>;
    /// A run is of another version of its program from now on.
    fn move_run(&mut self, id: RunId, version: u32) -> Result<()>;
    /// Sets when a run goes on, to count only once [`Unit::unpark_timers`] of its program was called.
    fn park_timer(&mut self, run: RunId, profile: ProfileId, due: Time, program: &str) -> Result<()>;
    /// The parked timers of a program count again. Answers how many.
    fn unpark_timers(&mut self, program: &str) -> Result<u64>;
    /// Sets or clears when a run goes on by itself.
    fn put_timer(&mut self, run: RunId, profile: ProfileId, due: Option<Time>) -> Result<()>;
    /// Keeps what could not be taken in, new or changed. False when the same bytes are here for the same reason, or the
    /// item itself is.
    fn put_quarantined(&mut self, item: &Quarantined) -> Result<bool>;
    /// Moves a source's watermark forward. True when it moved. A mark later than `now` is the mistake of a clock that was
    /// wrong, and gives way to an earlier one.
    fn advance_watermark(&mut self, source: &str, complete_until: Time, now: Time) -> Result<bool>;
    /// Throws a kill switch, unless it is thrown. False when it was.
    fn throw_switch(&mut self, switch: &Switch) -> Result<bool>;
    /// Resets a kill switch. False when it was not thrown.
    fn reset_switch(&mut self, scope: &str) -> Result<bool>;
    /// Keeps what came of a file.
    fn put_import(&mut self, import: &ImportRecord) -> Result<()>;
    /// Keeps a launch, new or changed.
    fn put_launch(&mut self, launch: &LaunchRecord) -> Result<()>;
    /// Puts a definition in force, as its next version, or in the place of the one in force when it means the same (only a
    /// comment or its file changed). Returns the version; `live`, `retired` and `version` are not looked at.
    fn put_document(&mut self, document: &StoredDocument) -> Result<u32>;
    /// Takes a definition out of force.
    fn retire_document(&mut self, kind: &str, name: &str, time: Time) -> Result<()>;
    /// Adds to a source's counts.
    fn count_source(&mut self, counts: &SourceCount) -> Result<()>;
    /// Adds to a counter.
    fn count(&mut self, name: &str, more: i64) -> Result<()>;
    /// Keeps a small text under a name.
    fn put_setting(&mut self, name: &str, value: &str) -> Result<()>;
}
