//! Tasks as those see them who do them: whom it is about, their number, why, and what time it is where they are.

use super::circumstances::Circumstances;
use crate::{Engine, FlowError, Live};
use crowsnest_model::{Profile, Time, delivery::PHONE};
use crowsnest_programs::{on_the_clock, policy::Facts};
use crowsnest_store::{Page, Read, StoreError, Task, TaskFilter, TaskState};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;

/// A task with what whoever does it has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The task.
    pub task: Task,
    /// What the person is called, if that is known.
    pub name: Option<String>,
    /// The number to call; `None` for what is no call.
    pub number: Option<String>,
    /// Why they are called: the program, and what began it.
    pub why: String,
    /// What time it is where they are.
    pub their_time: String,
    /// Why they must not be called just now: a kill switch, or quiet hours.
    pub not_now: Option<String>,
    /// Nobody is to be called for its program until people of the house say otherwise.
    pub stopped: bool,
}

/// How a team stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamStanding {
    /// The name of the team.
    pub team: String,
    /// What people call it; `None` for one that is not declared.
    pub title: Option<String>,
    /// At most this many tasks are on its list of a day; `None` for one that is not declared.
    pub capacity: Option<u32>,
    /// The day that it is where the team is.
    pub day: String,
    /// How many tasks are on its list.
    pub open: u64,
    /// How many were done today.
    pub done: u64,
    /// How many wait for their moment, or for room on a list.
    pub queued: u64,
}

impl Engine {
    /// Tasks, with what whoever does them has to know. It blocks.
    pub fn worklist(&self, filter: &TaskFilter, page: Page) -> Result<Vec<Listed>, FlowError> {
        let (live, now) = (self.live(), self.now());
        self.readers().read(|read| {
            let circumstances = Circumstances::read(read)?;
            let tasks = read.tasks(filter, page)?;
            tasks.into_iter().map(|task| listed(read, &live, &circumstances, task, now)).collect()
        })
    }

    /// How the teams stand, by name: those that are declared, and those of which there are tasks. It blocks.
    pub fn teams(&self) -> Result<Vec<TeamStanding>, FlowError> {
        let (live, now) = (self.live(), self.now());
        self.read(|read| {
            let names = teams(read, &live, &[TaskState::Open, TaskState::Queued])?;
            names.into_iter().map(|team| standing(read, &live, team, now)).collect()
        })
    }

    /// Whether there is a team of this name: one that is declared, or of which there is or was a task. It blocks.
    pub fn known_team(&self, name: &str) -> Result<(), FlowError> {
        let live = self.live();
        let names = self.read(|read| teams(read, &live, &TaskState::ALL))?;
        match names.contains(name) {
            true => Ok(()),
            false => Err(FlowError::not_found("team", name, names.iter().map(String::as_str))),
        }
    }

    /// The day that it is where a team is.
    pub fn day_of(&self, team: Option<&str>) -> Date {
        day_of(&self.live(), team, self.now())
    }
}

/// The teams that are declared, and those that have tasks in one of these states, by name.
fn teams(read: &dyn Read, live: &Live, states: &[TaskState]) -> Result<BTreeSet<String>, StoreError> {
    let mut names: BTreeSet<String> = live.workspace().organisation.teams.keys().cloned().collect();
    for state in states {
        names.extend(read.teams_with(*state)?);
    }
    Ok(names)
}

fn day_of(live: &Live, team: Option<&str>, now: Time) -> Date {
    match team.and_then(|team| live.shifts(team)) {
        Some((_, shifts)) => shifts.day(now),
        None => now.timestamp().to_zoned(live.zone().clone()).date(),
    }
}

fn standing(read: &dyn Read, live: &Live, team: String, now: Time) -> Result<TeamStanding, StoreError> {
    let day = day_of(live, Some(&team), now);
    let described = live.shifts(&team);
    let midnight = match &described {
        Some((_, shifts)) => shifts.midnight(day),
        None => live.zone().to_timestamp(day.at(0, 0, 0, 0)).ok().map(Time::from_timestamp),
    };
    let open = read.task_count(&team, TaskState::Open)?;
    Ok(TeamStanding {
        title: described.as_ref().map(|(team, _)| team.title.clone()),
        capacity: described.as_ref().map(|(team, _)| team.capacity),
        day: day.to_string(),
        open,
        done: read.tasks_since(&team, midnight.unwrap_or(now))?.saturating_sub(open),
        queued: read.task_count(&team, TaskState::Queued)?,
        team,
    })
}

fn listed(
    read: &dyn Read,
    live: &Live,
    circumstances: &Circumstances,
    task: Task,
    now: Time,
) -> Result<Listed, FlowError> {
    let profile = read.profile(read.survivor(task.profile)?)?;
    let call = task.call.map(|call| read.delivery(call)).transpose()?.flatten();
    let zone = profile.as_ref().map_or_else(|| live.zone().clone(), |profile| profile.time_zone(live.zone()));
    let quiet = |call: &crowsnest_model::delivery::Delivery| {
        let facts = Facts {
            now,
            zone: &zone,
            program: &call.program,
            channel: PHONE,
            topic: &call.topic,
            expires: None,
            person: &[],
            household: &[],
        };
        live.policy().quiet(&facts)
    };
    let open = call.as_ref().filter(|_| task.state == TaskState::Open);
    let stopped =
        open.and_then(|call| circumstances.stopped(live, &call.program, &call.channel, &call.topic));
    let is_stopped = stopped.is_some();
    let not_now = stopped.or_else(|| open.and_then(quiet));
    let program = live.workspace().programs.get(&task.program);
    let title = program.and_then(|program| program.title.as_deref()).unwrap_or(&task.program);
    let began = read.run(task.run)?.map_or(task.created, |run| run.triggered);
    let event = call.as_ref().and_then(|call| call.event.get("name")).and_then(serde_json::Value::as_str);
    let on = began.timestamp().to_zoned(live.zone().clone()).date();
    let why = match event.filter(|event| !event.is_empty()) {
        Some(event) => format!("{title}: {event} on {on}"),
        None => format!("{title}, since {on}"),
    };
    Ok(Listed {
        name: profile.as_ref().and_then(name),
        number: call.map(|call| call.contact),
        why,
        their_time: on_the_clock(now, &zone),
        not_now,
        stopped: is_stopped,
        task,
    })
}

/// What somebody is called, as far as it is known.
fn name(profile: &Profile) -> Option<String> {
    let whole = profile.text("name").map(str::to_owned);
    let parts = || {
        let parts: Vec<&str> =
            ["first_name", "last_name"].into_iter().filter_map(|name| profile.text(name)).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    whole.or_else(parts)
}
