//! "Why did she get this, and he not": a person's ways through a program, from what was recorded up to a moment.

mod who;

pub use who::WhoChanged;

use crate::{
    Engine, FlowError, Live,
    inward::Cause,
    people::{Agreed, Lookout},
    watching::{Watching, watching},
};
use crowsnest_model::{
    DeliveryId, Event, EventId, Profile, ProfileId, RunId, Time,
    definition::{MembershipChange, ProgramState},
    delivery::DeliveryState,
};
use crowsnest_programs::{LiveProgram, SKIPPED, on_the_clock};
use crowsnest_rules::{Clause, Subject};
use crowsnest_store::{
    DeliveryEntry, DeliveryFilter, EventRow, Page, Read, RunRecord, RunState, RunStep, SegmentChange,
    StoredDocument,
};
use serde::Serialize;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use who::Who;

/// All records of one person, as good as.
const ALL: Page = Page { limit: 100_000, offset: 0 };

/// A person and a program, from what was recorded up to a moment.
#[derive(Debug, Clone, Serialize)]
pub struct ProgramExplained {
    /// The program.
    pub program: String,
    /// The person; after a merge the survivor.
    pub profile: ProfileId,
    /// Up to when records are looked at.
    pub at: Time,
    /// The version in force then; `None` when there was none yet.
    pub version: Option<u32>,
    /// Its state then.
    pub state: Option<ProgramState>,
    /// What begins it, in words.
    pub trigger: String,
    /// The person's ways through it, the latest first.
    pub runs: Vec<RunExplained>,
    /// How many earlier ones there are.
    pub more_runs: usize,
    /// Events of the trigger's name that began no run, the latest first.
    pub events: Vec<EventExplained>,
    /// How many earlier ones there are.
    pub more_events: usize,
    /// The segment whose change begins it.
    pub segment: Option<SegmentExplained>,
    /// Of a program by date or by schedule: when it comes due for the person.
    pub date: Option<DateExplained>,
    /// The catalogue of which an item's change begins it.
    pub catalogue: Option<String>,
    /// Of such a program: what the person watches, the latest first.
    pub watches: Vec<Watching>,
    /// What the audience asks, clause by clause: windows as of that moment, traits and consents as they are known now.
    pub audience: Vec<Clause>,
    /// Why the lot holds the person out, if it does.
    pub held_out: Option<String>,
    /// Who turned out to be the person, and from whom they were told apart, the earliest first: whatever was found after the moment, and what
    /// was found before it of those from whom a run or an event came.
    pub identity: Vec<WhoChanged>,
}

/// One way through a program.
#[derive(Debug, Clone, Serialize)]
pub struct RunExplained {
    /// Its id.
    pub run: RunId,
    /// The version that it followed.
    pub version: u32,
    /// What makes it one of a kind.
    pub occasion: String,
    /// The event that triggered it.
    pub event: EventId,
    /// What that was called; `None` when it was no recorded event, such as a request or the change of a segment.
    pub event_name: Option<String>,
    /// Whose that was when it came, where they were somebody else then.
    pub came_from: Option<ProfileId>,
    /// When that happened.
    pub triggered: Time,
    /// When the run began here.
    pub started: Time,
    /// When it ended, if it had.
    pub ended: Option<Time>,
    /// How it stood.
    pub state: RunState,
    /// Why, in words.
    pub reason: Option<String>,
    /// When what it is for happened.
    pub goal: Option<Time>,
    /// Its steps, the first one first.
    pub steps: Vec<RunStep>,
    /// Its messages, the first one first.
    pub messages: Vec<MessageExplained>,
}

/// A message of a run, and its life.
#[derive(Debug, Clone, Serialize)]
pub struct MessageExplained {
    /// Its id.
    pub delivery: DeliveryId,
    /// The template.
    pub template: String,
    /// The channel.
    pub channel: String,
    /// The consent topic.
    pub topic: String,
    /// Where it was in its life.
    pub state: DeliveryState,
    /// Its life, the first entry first.
    pub log: Vec<DeliveryEntry>,
}

/// An event that might have begun a run, and did not.
#[derive(Debug, Clone, Serialize)]
pub struct EventExplained {
    /// The event.
    pub event: EventId,
    /// What it is called.
    pub name: String,
    /// Its source.
    pub source: String,
    /// When it happened.
    pub time: Time,
    /// When it came in.
    pub received: Time,
    /// Whose it was when it came, where they were somebody else then.
    pub came_from: Option<ProfileId>,
    /// Why it began nothing, in words.
    pub reason: String,
    /// What the trigger asked of it, clause by clause, as of the moment at which it came in.
    pub trigger: Vec<Clause>,
}

/// The segment whose change begins a program.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentExplained {
    /// The segment.
    pub segment: String,
    /// Which change it is.
    pub on: MembershipChange,
    /// When the person entered and left it, the latest first.
    pub changes: Vec<SegmentChange>,
    /// How many earlier ones there are.
    pub more_changes: usize,
    /// What the segment asks, clause by clause: windows as of that moment, traits and consents as they are known now.
    pub clauses: Vec<Clause>,
}

/// When a program by date or by schedule comes due for a person.
#[derive(Debug, Clone, Serialize)]
pub struct DateExplained {
    /// The next moment after the one up to which records are looked at; `None` when none is to come.
    pub next: Option<Time>,
    /// The same by the person's own clock: `2027-03-01 at 09:00 America/New_York`.
    pub clock: Option<String>,
    /// What is known of the date. Empty for a schedule.
    pub clauses: Vec<Clause>,
}

impl Engine {
    /// Why a person is or was in a program, or is not, from what was recorded up to `at` (now, if not said): the latest
    /// `limit` runs, events and changes of a segment, and how many more there are of each. It blocks.
    pub fn explain_program(
        &self,
        program: &str,
        person: ProfileId,
        at: Option<Time>,
        limit: usize,
    ) -> Result<ProgramExplained, FlowError> {
        self.known_program(program)?;
        let live = self.live();
        let derived = live.derived();
        let now = self.now();
        let at = at.unwrap_or(now).min(now);
        self.read(|read| {
            let Some(profile) = read.profile(read.survivor(person)?)? else { return Ok(None) };
            let agreed = Agreed::default();
            let lookout =
                Lookout { read, live: &live, derived: &derived, now: at, agreed: &agreed, loaded: None };
            let inquiry = Inquiry {
                lookout,
                profile: &profile,
                versions: versions(read, program)?,
                who: Who::of(read, &live, profile.id)?,
                at,
                limit,
            };
            Ok(Some(inquiry.answer(program)))
        })?
        .unwrap_or_else(|| Err(FlowError::not_found("profile", &person.to_string(), [])))
    }
}

/// The versions of a program, each with the moment at which it came into force, the first one first.
fn versions(read: &dyn Read, program: &str) -> Result<Vec<(Time, u32)>, crowsnest_store::StoreError> {
    let ours = |document: &StoredDocument| document.kind == "program" && document.name == program;
    let mut versions: Vec<_> = read
        .documents(true)?
        .into_iter()
        .filter(ours)
        .map(|document| (document.applied, document.version))
        .collect();
    versions.sort_unstable_by_key(|(_, version)| *version);
    Ok(versions)
}

fn read_event(EventRow { columns, body }: &EventRow) -> Result<Event, FlowError> {
    Event::from_stored(columns.clone(), body)
        .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))
}

/// All that is asked for one answer.
struct Inquiry<'a> {
    lookout: Lookout<'a>,
    profile: &'a Profile,
    versions: Vec<(Time, u32)>,
    who: Who<'a>,
    at: Time,
    /// At most this many of each are told.
    limit: usize,
}

impl Inquiry<'_> {
    fn answer(&self, program: &str) -> Result<ProgramExplained, FlowError> {
        let in_force = self.in_force(program, self.at);
        // Before its first version its conditions are explained by that one.
        let asked = in_force.or_else(|| {
            let (_, version) = self.versions.first()?;
            self.live().plan().version(program, *version)
        });
        let Some(asked) = asked else {
            return Err(FlowError::Refused(format!(
                "the version of {program} that was in force at {} cannot be read any more; apply it anew",
                self.at
            )));
        };
        let events = self.events(asked)?;
        let mut records = self.lookout.read.runs(Some(program), Some(self.profile.id), ALL)?;
        records.retain(|run| run.started <= self.at);
        let rows: HashMap<EventId, &EventRow> = events.iter().map(|row| (row.columns.id, row)).collect();
        let runs =
            records.iter().take(self.limit).map(|record| self.run(record, rows.get(&record.event).copied()));
        let runs: Vec<RunExplained> = runs.collect::<Result<_, _>>()?;
        let began: HashSet<EventId> = records.iter().map(|run| run.event).collect();
        let mut in_vain: Vec<&EventRow> = events.iter().collect();
        in_vain.retain(|event| !began.contains(&event.columns.id));
        let more_events = in_vain.len().saturating_sub(self.limit);
        in_vain.truncate(self.limit);
        let in_vain = self.in_vain(asked, &in_vain, &records)?;
        let runs_of = runs.iter().filter_map(|run| run.came_from);
        let others: BTreeSet<ProfileId> =
            runs_of.chain(in_vain.iter().filter_map(|event| event.came_from)).collect();
        Ok(ProgramExplained {
            program: program.to_owned(),
            profile: self.profile.id,
            at: self.at,
            version: in_force.map(|program| program.version),
            state: in_force.map(|program| program.definition.state),
            trigger: asked.trigger_in_words(),
            runs,
            more_runs: records.len().saturating_sub(self.limit),
            events: in_vain,
            more_events,
            segment: self.segment(asked)?,
            date: self.date(asked),
            catalogue: asked.watch().map(|watch| watch.catalogue.clone()),
            watches: match asked.watch() {
                Some(watch) => watching(&self.lookout, self.profile, watch)?,
                None => Vec::new(),
            },
            audience: self.lookout.ask(self.profile, None, |person| asked.explain_audience(person)),
            held_out: asked.held_out(self.profile.id),
            identity: self.who.changes(self.at, &others),
        })
    }

    fn live(&self) -> &Live {
        self.lookout.live
    }

    /// The version in force at a moment.
    fn in_force(&self, program: &str, at: Time) -> Option<&Arc<LiveProgram>> {
        let (_, version) = self.versions.iter().rev().find(|(applied, _)| *applied <= at)?;
        self.live().plan().version(program, *version)
    }

    /// The person's events that have the name of the trigger, the latest first.
    fn events(&self, program: &LiveProgram) -> Result<Vec<EventRow>, FlowError> {
        let Some(name) = &program.definition.trigger.event else { return Ok(Vec::new()) };
        let mut rows = self.lookout.read.events_named(self.profile.id, &[name], Time(i64::MIN))?;
        rows.retain(|row| row.columns.received <= self.at);
        rows.reverse();
        Ok(rows)
    }

    /// A run as it stood at the moment, and the event that began it, if one did: what came later is left out.
    fn run(&self, record: &RunRecord, begun_by: Option<&EventRow>) -> Result<RunExplained, FlowError> {
        let (at, read) = (self.at, self.lookout.read);
        let over = record.ended.is_some_and(|ended| ended <= at);
        let mut steps = read.run_log(record.id)?;
        steps.retain(|step| step.time <= at);
        let ours = DeliveryFilter { run: Some(record.id), ..DeliveryFilter::default() };
        let mut messages = Vec::new();
        for delivery in read.deliveries(&ours, ALL.limit)?.into_iter().rev() {
            let mut log = read.delivery_log(delivery.id)?;
            log.retain(|entry| entry.time <= at);
            let Some(state) = log.last().map(|entry| entry.state) else { continue };
            messages.push(MessageExplained {
                delivery: delivery.id,
                template: delivery.template,
                channel: delivery.channel,
                topic: delivery.topic,
                state,
                log,
            });
        }
        Ok(RunExplained {
            run: record.id,
            version: record.version,
            occasion: record.occasion.clone(),
            event: record.event,
            event_name: begun_by.and_then(|row| row.columns.name.clone()),
            came_from: match begun_by {
                Some(row) => self.who.sent(&read_event(row)?),
                None => self.who.let_in(record),
            },
            triggered: record.triggered,
            started: record.started,
            ended: record.ended.filter(|_| over),
            state: if over { record.state } else { RunState::Active },
            reason: record.reason.clone().filter(|_| over),
            goal: record.goal.filter(|goal| *goal <= at),
            steps,
            messages,
        })
    }

    /// The events that began no run, each with why.
    fn in_vain(
        &self,
        asked: &LiveProgram,
        events: &[&EventRow],
        runs: &[RunRecord],
    ) -> Result<Vec<EventExplained>, FlowError> {
        events
            .iter()
            .map(|row| {
                let event = &read_event(row)?;
                let then = self.in_force(asked.name(), event.received);
                let (reason, trigger) =
                    self.why_not(then.map_or(asked, AsRef::as_ref), then.is_some(), event, runs);
                Ok(EventExplained {
                    event: event.id,
                    name: event.name.clone().unwrap_or_default(),
                    source: event.source.to_string(),
                    time: event.time,
                    received: event.received,
                    came_from: self.who.sent(event),
                    reason,
                    trigger,
                })
            })
            .collect()
    }

    fn why_not(
        &self,
        program: &LiveProgram,
        was_there: bool,
        event: &Event,
        runs: &[RunRecord],
    ) -> (String, Vec<Clause>) {
        let cause = Cause::of(event);
        let then = Lookout { now: event.received, ..self.lookout };
        let (trigger, audience, occasion) = then.ask(self.profile, Some(cause.view()), |person| {
            (program.explain_trigger(person), program.explain_audience(person), program.occasion_of(person))
        });
        let fails = |clauses: &[Clause]| clauses.iter().any(|clause| !clause.truth.holds());
        let skips = |run: &&RunRecord| run.state == RunState::Skipped;
        let had = runs.iter().find(|run| !skips(run) && occasion.as_ref() == Some(&run.occasion));
        // Whoever is skipped again for the same reason has one record, from the first time.
        let name = occasion.as_deref().unwrap_or(SKIPPED);
        let skipped = runs.iter().filter(skips).find(|run| {
            run.occasion == name && run.version == program.version && run.started <= event.received
        });
        let reason = if !was_there {
            "the program was not there yet when it came".to_owned()
        } else if program.definition.state != ProgramState::Live {
            format!("the program was {} when it came", program.definition.state.as_str())
        } else if event.historical {
            "it was imported as history, which begins nothing".to_owned()
        } else if fails(&trigger) {
            "the trigger's condition does not hold".to_owned()
        } else if let Some(run) = had {
            format!("its occasion {} was had by the run {}", run.occasion, run.id)
        } else if let Some(run) = skipped {
            let reason = run.reason.as_deref().unwrap_or_default();
            format!("was skipped, as since {}: {reason}", run.started)
        } else if fails(&audience) {
            "the person is not in the audience".to_owned()
        } else {
            "another run stood in the way, or something that it asks for was not known then".to_owned()
        };
        (reason, trigger)
    }

    fn date(&self, asked: &LiveProgram) -> Option<DateExplained> {
        asked.begins_by_time().then(|| {
            self.lookout.ask(self.profile, None, |person| {
                let next = asked.next_due(person).map(|due| due.at);
                let clock = next.map(|next| on_the_clock(next, &person.zone()));
                DateExplained { next, clock, clauses: asked.explain_trigger(person) }
            })
        })
    }

    fn segment(&self, asked: &LiveProgram) -> Result<Option<SegmentExplained>, FlowError> {
        let trigger = &asked.definition.trigger;
        let Some(name) = trigger.segment.as_ref().filter(|_| trigger.event.is_none()) else {
            return Ok(None);
        };
        let mut changes = self.lookout.read.segment_changes(Some(name), Some(self.profile.id), ALL)?;
        changes.retain(|change| change.time <= self.at);
        let more_changes = changes.len().saturating_sub(self.limit);
        changes.truncate(self.limit);
        let clauses = self.live().segments().get(name).map(|segment| {
            self.lookout.ask(self.profile, None, |person| segment.explain(person, self.profile))
        });
        Ok(Some(SegmentExplained {
            segment: name.clone(),
            on: trigger.on.unwrap_or_default(),
            changes,
            more_changes,
            clauses: clauses.unwrap_or_default(),
        }))
    }
}
