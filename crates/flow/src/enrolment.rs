//! What people of the house do with programs: let somebody in, move those inside to the newest version, and let in those
//! who were missed.

use crate::{
    Engine, FlowError,
    inward::{Admission, Cause, Enrolment, REQUEST, Serving},
};
use crowsnest_identity::Normal;
use crowsnest_model::{Duration, Event, Identifier, Object, ProfileId, RunId, Time};
use crowsnest_store::{EventRow, EventSeq};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// How many runs or events are looked at in one commit, so that nobody else waits long.
const AT_ONCE: usize = 500;

/// How far back somebody may be let in for what came due by date or by schedule.
const LONGEST_AGO: Duration = Duration::days(366);

/// What moving people to the newest version came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Moved {
    /// The version that they are on now.
    pub to: u32,
    /// People who were moved.
    pub moved: u64,
    /// People who finish on their version, since the newest does not have the step at which they are.
    pub stayed: u64,
}

/// What letting in those who were missed came to, or would come to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CaughtUp {
    /// The events that were looked at; of a program by date or by schedule, what came due.
    pub events: u64,
    /// How many entered.
    pub entered: u64,
    /// How many are held out.
    pub held_out: u64,
    /// How many did not enter, by the reason.
    pub not: BTreeMap<String, u64>,
}

impl CaughtUp {
    fn add(&mut self, admission: Admission) {
        self.events += 1;
        match admission {
            Admission::Entered => self.entered += 1,
            Admission::HeldOut(_) => self.held_out += 1,
            Admission::Not(reason) | Admission::Waits(reason) => *self.not.entry(reason).or_default() += 1,
        }
    }
}

impl Engine {
    /// Lets a person into a program by request. The same `occasion` lets them in once; without one, each request is its own.
    /// `properties` are what conditions and templates see of an event.
    pub async fn enter_program(
        &self,
        program: &str,
        identifier: &Identifier,
        occasion: Option<String>,
        properties: Object,
    ) -> Result<Admission, FlowError> {
        self.known_program(program)?;
        let identifier = match self.live().normaliser().normalise(identifier) {
            Normal::Person(identifier) => identifier,
            Normal::Household(_) => {
                let reason = "that names a household, and a program is entered by one person";
                return Err(FlowError::Refused(reason.into()));
            }
            Normal::Nobody(reason) => return Err(FlowError::Refused(reason)),
        };
        let program = program.to_owned();
        self.commit(move |work| {
            let live = work.live;
            let open = live.plan().entrances().open(&program).ok_or_else(|| {
                FlowError::Refused(format!(
                    "the program {program} takes nobody in: it is a draft or paused; set `state: live` and apply"
                ))
            })?;
            let Some(person) = work.unit.holders(&[&identifier])?.into_iter().flatten().next() else {
                let name = format!("{}={}", identifier.namespace, identifier.value);
                return Err(FlowError::NotFound { kind: "person with", name, hint: None });
            };
            work.load(person)?;
            let occasion = occasion.unwrap_or_else(|| work.ids.next(work.now).to_string());
            let cause =
                Cause::ours(person, format!("{REQUEST}{occasion}"), "the request".into(), work.now, properties);
            Enrolment::of(work).enter_as_asked(person, open, &cause)
        })
        .await
    }

    /// Moves the people inside of a program from a version to the newest one: to the step at the same place, if it does
    /// the same kind of thing; who is elsewhere finishes on theirs. Doing it again moves nobody twice.
    pub async fn move_runs(&self, program: &str, from: u32) -> Result<Moved, FlowError> {
        self.known_program(program)?;
        let to = self.live().version("program", program).unwrap_or(from);
        if to <= from {
            return Err(FlowError::Refused(format!(
                "version {to} of {program} is the newest; there is none after {from}"
            )));
        }
        let mut done = Moved { to, ..Moved::default() };
        let mut after = RunId(0);
        loop {
            let name = program.to_owned();
            let (last, moved, stayed) = self
                .commit(move |work| {
                    let (mut moved, mut stayed) = (0, 0);
                    let runs = work.unit.active_runs(&name, after, AT_ONCE)?;
                    for (run, person, version) in &runs {
                        if *version != from {
                            continue;
                        }
                        work.load(*person)?;
                        let done = Enrolment::of(work).move_to(*person, *run, to)?;
                        *(if done { &mut moved } else { &mut stayed }) += 1;
                    }
                    Ok((runs.last().map(|(run, _, _)| *run), moved, stayed))
                })
                .await?;
            done.moved += moved;
            done.stayed += stayed;
            match last {
                Some(last) => after = last,
                None => return Ok(done),
            }
        }
    }

    /// Lets in those who were missed: for events that came in at or after `since` and that the program's trigger names, or for
    /// what came due by its date or schedule after `since`, who was not let in at the time, because the program was a draft or
    /// paused, say. The program's rules count, with `whenever` all but its time to live. `dry_run` only says what would be.
    pub async fn catch_up(
        &self,
        program: &str,
        since: Time,
        whenever: bool,
        dry_run: bool,
    ) -> Result<CaughtUp, FlowError> {
        self.known_program(program)?;
        let live = self.live();
        let open = live.plan().entrances().open(program).cloned().ok_or_else(|| {
            let cure = "set `state: live` and apply";
            FlowError::Refused(format!(
                "the program {program} takes nobody in: it is a draft or paused; {cure}"
            ))
        })?;
        if live.derived().waits(program, open.version) {
            return Err(FlowError::Refused(format!(
                "the program {program} waits for what it asks about, which is still being built; who comes meanwhile is let in \
                 by itself, and whoever came before can be when that is built"
            )));
        }
        if open.begins_by_time() {
            return self.catch_up_dates(program, since, whenever, dry_run).await;
        }
        let Some(name) = open.definition.trigger.event.clone() else {
            return Err(FlowError::Refused(format!(
                "the program {program} is begun by a segment, by a change of identity or by request, and nobody is missed \
                 by it: let people in with `crowsnest program enter {program}`"
            )));
        };
        let mut total = CaughtUp::default();
        let mut would: HashSet<ProfileId> = HashSet::new();
        let mut after = EventSeq(0);
        loop {
            let asked = name.clone();
            // Read beside the writer: it goes through all events.
            let engine = self.clone();
            let rows = tokio::task::spawn_blocking(move || {
                engine.read(|read| read.events_called(&asked, since, after, AT_ONCE))
            })
            .await
            .map_err(|error| FlowError::Broken(error.to_string()))??;
            let Some((last, _, _)) = rows.last() else { return Ok(total) };
            after = *last;
            let program = program.to_owned();
            let inside = std::mem::take(&mut would);
            let (found, inside) = self
                .commit(move |work| {
                    let (mut found, mut inside) = (Vec::new(), inside);
                    let live = work.live;
                    // The definitions may have changed meanwhile.
                    let Some(open) = live.plan().entrances().open(&program) else {
                        return Ok((found, inside));
                    };
                    for (_, person, EventRow { columns, body }) in rows {
                        let event = Event::from_stored(columns, &body).map_err(|error| {
                            FlowError::Broken(format!("a stored event cannot be read: {error}"))
                        })?;
                        // They may have been merged since.
                        let person = work.unit.survivor(person)?;
                        work.load(person)?;
                        let cause = Cause::of(&event);
                        let mut enrolment = Enrolment::of(work);
                        found.push(if !dry_run {
                            enrolment.enter_by_event(person, open, &cause, whenever)?
                        } else if inside.contains(&person) {
                            Admission::Not("would be in the program already".into())
                        } else {
                            enrolment.would_enter(person, open, &cause, whenever)?
                        });
                        if dry_run && found.last() == Some(&Admission::Entered) {
                            inside.insert(person);
                        }
                    }
                    Ok((found, inside))
                })
                .await?;
            would = inside;
            found.into_iter().for_each(|admission| total.add(admission));
        }
    }

    /// As [`Engine::catch_up`], of a program by date or by schedule: for what came due after `since` for anybody.
    async fn catch_up_dates(
        &self,
        program: &str,
        since: Time,
        whenever: bool,
        dry_run: bool,
    ) -> Result<CaughtUp, FlowError> {
        let now = self.now();
        if now.since(since) > LONGEST_AGO {
            return Err(FlowError::Refused(format!(
                "nobody waits for what came due more than {} ago: give a later moment than {since}",
                LONGEST_AGO.in_words()
            )));
        }
        let serving = Serving::CatchingUp { whenever };
        let mut total = CaughtUp::default();
        let mut after = None;
        loop {
            let name = program.to_owned();
            let (found, last) = self
                .commit(move |work| {
                    let mut found = Vec::new();
                    let live = work.live;
                    let people = work.unit.people_after(after, AT_ONCE)?;
                    let people: Vec<ProfileId> = people.into_iter().map(|person| person.id).collect();
                    // The definitions may have changed meanwhile.
                    let Some(open) = live.plan().entrances().open(&name) else { return Ok((found, None)) };
                    for person in &people {
                        work.load(*person)?;
                        if !dry_run {
                            work.catch_up(*person)?;
                        }
                        let mut would = false;
                        for due in work.came_due(*person, open, since, now) {
                            found.push(match (dry_run, would) {
                                (false, _) => Enrolment::of(work).enter_due(*person, open, &due, serving)?,
                                (true, true) => Admission::Not("would be in the program already".into()),
                                (true, false) => {
                                    Enrolment::of(work).would_enter_due(*person, open, &due, serving)?
                                }
                            });
                            would |= found.last() == Some(&Admission::Entered);
                        }
                    }
                    Ok((found, people.last().copied()))
                })
                .await?;
            found.into_iter().for_each(|admission| total.add(admission));
            match last {
                Some(_) => after = last,
                None => return Ok(total),
            }
        }
    }

    pub(crate) fn known_program(&self, program: &str) -> Result<(), FlowError> {
        let live = self.live();
        let known = &live.workspace().programs;
        if known.contains_key(program) {
            return Ok(());
        }
        Err(FlowError::not_found("program", program, known.keys().map(String::as_str)))
    }
}
