//! Who enters, goes on and leaves.

use crate::{
    LiveProgram, Person,
    compile::LiveMatch,
    steps::{Act, LiveStep, SetLive, Until, draw, way_of},
    trigger::LiveTrigger,
};
use crowsnest_model::{
    Duration, EventId, Object, Percent, ProfileId, Time,
    definition::{Reentry, Send, TaskStep},
    profile::Run,
};
use crowsnest_rules::{EventView, Subject};
use serde_json::Value;

/// The occasion under which somebody who was skipped is recorded when the program has no rule for occasions: one record a
/// person, with the latest reason, however many events come.
pub const SKIPPED: &str = "skipped";

/// What may let somebody in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cause<'a> {
    /// What happened, in words for a sentence that goes on with "came".
    pub what: &'a str,
    /// The occasion, for a program that has no rule for it.
    pub occasion: &'a str,
    /// When it happened.
    pub time: Time,
}

/// Whether something lets a person into a program.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// It does not; nothing is recorded.
    No,
    /// It would, but for a reason that is recorded.
    Skip {
        /// The occasion.
        occasion: String,
        /// Why not, in words.
        reason: String,
        /// It came too late, rather than to the wrong person.
        expired: bool,
    },
    /// It does.
    Begin(Begin),
}

/// How a run begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// What makes it one of a kind, with program and person.
    pub occasion: String,
    /// Under which occasion it is recorded if it cannot begin after all.
    pub skipped: String,
}

/// What a run does next. Where a step is named, it is by its path in the definition.
#[derive(Debug)]
pub enum Next<'p> {
    /// Nothing until this moment.
    Wait(Time),
    /// Nothing until something happens, or until this moment. The run stays at the step until [`LiveProgram::went_on`].
    Until(&'p Until, Time),
    /// Sends a message, then goes on when that has ended.
    Send {
        /// The step.
        step: &'p str,
        /// What is sent.
        send: &'p Send,
    },
    /// Changes traits, then goes on at once.
    Set {
        /// The step.
        step: &'p str,
        /// The traits; those whose expression gives nothing are not there.
        traits: Object,
    },
    /// Makes a task, then goes on at once; a call, then goes on when that has ended.
    Task {
        /// The step.
        step: &'p str,
        /// What is to be done.
        task: &'p TaskStep,
    },
    /// Tells a system of ours, then goes on when that has ended.
    Webhook {
        /// The step.
        step: &'p str,
        /// The webhook.
        to: &'p str,
        /// What it is told; what gives nothing is not there.
        body: Object,
    },
    /// Enters another program, then goes on at once.
    Enter {
        /// The step.
        step: &'p str,
        /// The other program.
        program: &'p str,
    },
    /// All steps are done, or the one that leaves; why, in words.
    Done(String),
    /// There is no point in going on.
    Expired,
}

/// Where a run is: the part of it that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The index in the list of steps of the step that comes next.
    pub step: u32,
    /// Since when it waits there for something to happen.
    pub since: Option<Time>,
    /// When the step before it ended.
    pub anchor: Time,
}

/// A step that was taken, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its path in the definition, such as `2` or `2.a.0`.
    pub step: String,
    /// What came of it, in words.
    pub outcome: String,
}

/// What a run is for has happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reached {
    /// What that is worth.
    pub value: Option<f64>,
}

/// How an event ends a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exit {
    /// What it was for has happened.
    Goal(Reached),
    /// It is called off; perhaps by what it was for.
    Cancel(Option<Reached>),
}

/// The program's name for an occasion that is not a text.
fn occasion_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.chars().take(200).collect()),
        other => Some(other.to_string().chars().take(200).collect()),
    }
}

/// Whether an event says what the one said that began the run.
fn began(run: &Run, event: &EventView<'_>) -> bool {
    event.time == run.triggered && event.name == run.event && *event.properties == run.properties
}

/// The names of traits, for people.
fn named(traits: &Object) -> String {
    match traits.is_empty() {
        true => "nothing: no value is known".to_owned(),
        false => traits.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn happened(matched: &LiveMatch, person: &Person<'_>) -> bool {
    let Some(event) = person.event() else { return false };
    event.name == matched.event && matched.when.as_ref().is_none_or(|when| when.evaluate(person).holds())
}

impl LiveProgram {
    /// Whether the person's event lets them in. `event_id` names the occasion when the program has no rule for it.
    pub fn entry(&self, person: &Person<'_>, event_id: &str, now: Time) -> Entry {
        let LiveTrigger::Event(matched) = &self.trigger else { return Entry::No };
        let Some(event) = person.event().filter(|_| happened(matched, person)) else { return Entry::No };
        self.admits(person, Cause { what: event.name, occasion: event_id, time: event.time }, now)
    }

    /// Whether a change lets the person in who is seen with it: of an item that they watch, or of who is who.
    pub fn entry_by_change(&self, person: &Person<'_>, cause: Cause<'_>, now: Time) -> Entry {
        let Some(when) = self.trigger.on_change() else { return Entry::No };
        if when.is_some_and(|when| !when.evaluate(person).holds()) {
            return Entry::No;
        }
        self.admits(person, cause, now)
    }

    /// The occasion that the program's rule gives to the event with which `person` is seen; `None` when it has no rule, or
    /// the rule gives nothing.
    pub fn occasion_of(&self, person: &Person<'_>) -> Option<String> {
        let value = self.occasion.as_ref()?.value(person)?;
        occasion_text(&value)
    }

    /// Whether a person is let in for a cause that the trigger names, or for one that needs no trigger.
    pub fn admits(&self, person: &Person<'_>, cause: Cause<'_>, now: Time) -> Entry {
        if !self.open {
            return Entry::No;
        }
        let named = self.occasion_of(person);
        let skipped = named.clone().unwrap_or_else(|| SKIPPED.to_owned());
        let occasion = named.unwrap_or_else(|| cause.occasion.to_owned());
        if let Some(audience) = &self.audience
            && !audience.evaluate(person).holds()
        {
            return Entry::Skip { occasion: skipped, reason: self.not_meant.clone(), expired: false };
        }
        if let Some(ttl) = self.definition.trigger.ttl
            && cause.time.plus(ttl) <= now
        {
            let reason = format!(
                "{} came {} after it happened, and its time to live is {}",
                cause.what,
                now.since(cause.time).in_words(),
                ttl.in_words()
            );
            return Entry::Skip { occasion, reason, expired: true };
        }
        Entry::Begin(Begin { occasion, skipped })
    }

    /// Whether a person is let in for what came due by date or by schedule. What is later than `allowed` begins nothing;
    /// and who is not in the audience of a schedule leaves no record.
    pub fn admits_due(
        &self,
        person: &Person<'_>,
        cause: Cause<'_>,
        now: Time,
        allowed: Option<Duration>,
    ) -> Entry {
        let late = now.since(cause.time);
        match self.admits(person, cause, now) {
            Entry::Skip { expired: false, .. } if self.is_scheduled() => Entry::No,
            Entry::Begin(Begin { occasion, skipped }) => match allowed.filter(|allowed| late > *allowed) {
                Some(allowed) => {
                    let reason = format!(
                        "came due {} and could begin only {} later; the program allows {}",
                        cause.time,
                        late.in_words(),
                        allowed.in_words()
                    );
                    Entry::Skip { occasion: skipped, reason, expired: false }
                }
                None => Entry::Begin(Begin { occasion, skipped }),
            },
            entry => entry,
        }
    }

    /// The triggers of other runs beside which this program does not begin one that was triggered at `triggered`: after
    /// the first and before the second moment. `None` when it may always be entered again.
    pub fn apart(&self, triggered: Time) -> Option<(Time, Time)> {
        match self.definition.reentry {
            Reentry::Always => None,
            Reentry::Once => Some((Time(i64::MIN), Time(i64::MAX))),
            Reentry::Every(span) => Some((triggered.minus(span), triggered.plus(span))),
        }
    }

    /// Why a person who entered at `before` does not enter again, in words.
    pub fn not_again(&self, before: Time) -> String {
        match self.definition.reentry {
            Reentry::Every(span) => {
                format!(
                    "was in the program before, triggered {before}; it is entered once in {}",
                    span.in_words()
                )
            }
            _ => format!("was in the program before, triggered {before}; it is entered once"),
        }
    }

    /// What a run that was triggered at `triggered` does next. Moves its place on; what was gone through on the way is
    /// added to `taken`. `person` is seen with the event that began the run.
    pub fn advance(
        &self,
        triggered: Time,
        place: &mut Place,
        now: Time,
        person: &Person<'_>,
        taken: &mut Vec<Taken>,
    ) -> Next<'_> {
        loop {
            let Some(step) = self.steps.get(place.step as usize) else {
                return Next::Done("all steps are done".into());
            };
            if self.expires(triggered).is_some_and(|expires| expires <= now.max(place.anchor)) {
                return Next::Expired;
            }
            let mut note = |outcome: String| taken.push(Taken { step: step.path.clone(), outcome });
            if let Act::Until(until) = &step.act {
                if place.since.is_none() {
                    note(format!("waits at most {} for {}", until.limit.in_words(), until.in_words()));
                }
                let deadline = place.since.get_or_insert(place.anchor).plus(until.limit);
                return Next::Until(until, deadline);
            }
            place.step += 1;
            match &step.act {
                Act::Until(_) => {}
                Act::Wait(span) => {
                    place.anchor = place.anchor.plus(*span);
                    note(format!("waits {}, until {}", span.in_words(), place.anchor));
                    if place.anchor > now {
                        return Next::Wait(place.anchor);
                    }
                }
                Act::Send(send) => return Next::Send { step: &step.path, send },
                Act::Set(values) => {
                    let value = |value: &SetLive| match value {
                        SetLive::Value(value) => Some(value.clone()),
                        SetLive::From(expression) => expression.value(person),
                    };
                    let traits: Object =
                        values.iter().filter_map(|(name, set)| Some((name.clone(), value(set)?))).collect();
                    note(format!("sets {}", named(&traits)));
                    return Next::Set { step: &step.path, traits };
                }
                Act::Task(task) => {
                    note(match &task.call {
                        Some(call) => {
                            format!("asks {} to call about {}: {}", task.team, call.topic, task.title)
                        }
                        None => format!("makes a task of {}: {}", task.team, task.title),
                    });
                    return Next::Task { step: &step.path, task };
                }
                Act::Webhook { to, body } => {
                    let body = body
                        .iter()
                        .filter_map(|(name, value)| Some((name.clone(), value.value(person)?)))
                        .collect();
                    return Next::Webhook { step: &step.path, to, body };
                }
                Act::Enter(program) => return Next::Enter { step: &step.path, program },
                Act::Exit(reason) => {
                    note(format!("leaves: {reason}"));
                    return Next::Done(reason.clone());
                }
                Act::Branch { ways, otherwise } => {
                    let way = ways.iter().find(|(when, _)| when.evaluate(person).holds());
                    match way {
                        Some((when, _)) => note(format!("goes this way: {}", when.sentence())),
                        None => note("goes the other way: no condition holds".into()),
                    }
                    place.step = way.map_or(*otherwise, |(_, to)| *to);
                }
                Act::Split { lot, ways } => {
                    let way = way_of(self.name(), lot, ways, person.profile.id);
                    if let Some(way) = way {
                        note(format!("goes the way `{}` by lot", way.name));
                        place.step = way.to;
                    }
                }
                Act::Jump(to) => place.step = *to,
            }
        }
    }

    /// That for which a run waits at this step, if it waits for something to happen.
    pub fn waits_for(&self, run: &Run) -> Option<&Until> {
        run.since?;
        match &self.steps.get(run.step as usize)?.act {
            Act::Until(until) => Some(until),
            _ => None,
        }
    }

    /// The path in the definition of the step at which a run is, or that comes next.
    pub fn step_of(&self, run: &Run) -> &str {
        self.steps.get(run.step as usize).map_or("end", |step| step.path.as_str())
    }

    /// The index in a newer version of the step at which a run is: the one at the same place, if it does the same kind of
    /// thing. `None` when there is no such step, or when only the end is left.
    pub fn place_in(&self, run: &Run, newer: &LiveProgram) -> Option<u32> {
        let mut index = run.step as usize;
        // Behind the last step of a way comes where the ways meet.
        while let Act::Jump(to) = &self.steps.get(index)?.act {
            index = *to as usize;
        }
        let here = self.steps.get(index)?;
        let same = |step: &LiveStep| {
            step.path == here.path && std::mem::discriminant(&step.act) == std::mem::discriminant(&here.act)
        };
        u32::try_from(newer.steps.iter().position(same)?).ok()
    }

    /// Whether an event, with which `person` is seen, ends a run's wait. `id` is the event's.
    pub fn ends_wait(&self, run: &Run, until: &Until, person: &Person<'_>, id: EventId) -> bool {
        let (Some(matched), Some(event), Some(since)) = (&until.matched, person.event(), run.since) else {
            return false;
        };
        event.time.end_of_precision() >= since
            && event.time <= since.plus(until.limit)
            && run.moved_by != Some(id)
            && !began(run, &event)
            && happened(matched, person)
    }

    /// A run's wait is over: by this event, by its condition, or by its limit. It goes on with the next step.
    pub fn went_on(&self, run: &mut Run, by: Option<EventId>) {
        run.since = None;
        run.step += 1;
        run.moved_by = by.or(run.moved_by);
    }

    /// What the record says of a wait that reached its limit.
    pub fn in_vain(until: &Until) -> String {
        format!("waited {} in vain for {}", until.limit.in_words(), until.in_words())
    }

    /// Until when a run whose steps are done may still reach its goal.
    pub fn goal_until(&self, run: &Run) -> Option<Time> {
        self.definition.goal.as_ref().map(|goal| run.triggered.plus(goal.within))
    }

    /// Whether the person's event ends a run of this program.
    ///
    /// Only what happened after the trigger counts: a late report of an earlier purchase calls nothing off. A purchase
    /// whose source knows only the minute counts as of that minute's end: rather no reminder than one to a buyer. While
    /// steps are left, `cancel_on` comes before the goal: what was not needed is cancelled, not achieved.
    pub fn exit(&self, run: &Run, person: &Person<'_>) -> Option<Exit> {
        let event = person.event()?;
        if event.time.end_of_precision() < run.triggered {
            return None;
        }
        // What begins a run does not end it, even where an event of the same name would.
        if began(run, &event) {
            return None;
        }
        let reached = self.reached(run, person);
        if !run.awaits_goal && self.cancels.iter().any(|cancel| happened(cancel, person)) {
            return Some(Exit::Cancel(reached));
        }
        reached.map(Exit::Goal)
    }

    fn reached(&self, run: &Run, person: &Person<'_>) -> Option<Reached> {
        let (goal, value) = self.goal.as_ref()?;
        let event = person.event()?;
        if !happened(goal, person) || self.goal_until(run).is_some_and(|until| event.time > until) {
            return None;
        }
        let value = value.as_ref().and_then(|expression| expression.value(person)).and_then(|v| v.as_f64());
        Some(Reached { value })
    }

    /// Why nothing is done for a person whom the lot has held out, in words; `None` when they are not. The lot of a
    /// person is the same for ever, and after a merge that of the survivor counts.
    pub fn held_out(&self, person: ProfileId) -> Option<String> {
        let held = |names: &[&str], part: Option<Percent>| {
            part.filter(|part| part.holds(draw(names, person, Percent::WHOLE)))
        };
        if let Some(part) = held(&["holdout of all programs"], self.global_holdout) {
            return Some(format!("is one of the {part} who are held out of all programs"));
        }
        held(&["holdout", self.name()], self.definition.holdout)
            .map(|part| format!("is one of the {part} who are held out of this program"))
    }

    /// Whether some are held out, so that what becomes of the others is compared with them.
    pub fn is_measured(&self) -> bool {
        self.goal.is_some() && (self.global_holdout.is_some() || self.definition.holdout.is_some())
    }

    /// How late a run may go on after the moment at which it was due.
    pub fn lateness(&self) -> Duration {
        self.definition.lateness.unwrap_or(Duration::hours(24))
    }

    /// The words for what was due at `due` and is more than that late.
    pub fn is_late(&self, due: Time, late: Duration) -> String {
        let (late, allowed) = (late.in_words(), self.lateness().in_words());
        format!("was due {due} and could go on only {late} later; the program allows {allowed}")
    }
}
